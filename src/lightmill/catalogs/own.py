"""A list of somebody's own: signals on stars of any mission, and what their finder takes them for.

Columns are called as in the signal table, so that units are in their names. Epochs may stand in the clock of a mission
instead, each row's in one column. The list is written by hand or by a program that nobody knows, so that a number in
another unit is looked for wherever it can be told, and a word without a label is a mistake, not a disposition.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightmill.catalogs.convert import (
    BAD_TARGET,
    BJD,
    BKJD,
    BTJD,
    MISSING,
    WRONG_ZERO_POINT,
    Clock,
    Floats,
    depths,
    dispositions,
    durations,
    epochs,
    errors,
    identifiers,
    numbers,
    optional,
    periods,
)
from lightmill.catalogs.kinds import OWN_COLUMNS
from lightmill.catalogs.own_units import EPOCH_COLUMNS, check_units, reject_far_epochs
from lightmill.catalogs.rows import Rows
from lightmill.catalogs.spreadsheets import errors_as_unknown, reject_errors, reject_rounded
from lightmill.errors import LightmillError
from lightmill.targets import MISSION_OF_PREFIX, target_name

COLUMNS = OWN_COLUMNS

WRONG_DEPTH_UNIT = "depth in another unit"

_OF_MISSION = {"Kepler": ("epoch_bkjd", BKJD), "K2": ("epoch_bkjd", BKJD), "TESS": ("epoch_btjd", BTJD)}
_SHORT_DATES = (40_000.0, 100_000.0)  # MJD, or JD without its first digits: 1968 to 2132
_TARGET = re.compile(r"(KIC|EPIC|TIC) *([0-9]+)", re.ASCII | re.IGNORECASE)
_NEARLY_TARGET = re.compile(r"['=\s]*(KIC|EPIC|TIC)[\s:#._-]*([0-9]{1,11})(?:\.0*)?\s*", re.IGNORECASE)
_SHALLOWEST_PPM = 1.0  # less has never been measured: what is below is a fraction or per cent
_ID = r"([A-Za-z0-9][A-Za-z0-9 ._+-]{0,59})?"
_PREFIX = "OWN "


def read_own(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from a list of one's own; the mission is that of each row's star.

    Epochs are BJD_TDB, BTJD or BKJD by their column, durations hours, depths ppm. Rows that repeat another are still
    there: whether they contradict it, their words say (`own_words.settled_words`). Raises CatalogError if durations,
    depths or epochs as a whole are in another unit.
    """
    stars = _stars(rows)
    missions = [MISSION_OF_PREFIX[star.split(" ")[0]] if star else "" for star in stars]
    _reject_spreadsheets(rows)
    for column, clock in EPOCH_COLUMNS.items():
        _reject_other_clocks(rows, missions, column, clock)
    period_d, epoch_bjd = periods(rows, "period_d"), _epochs(rows)
    duration_h, depth_ppm = durations(rows, "duration_h"), _depths(rows)
    check_units(rows, missions, period_d, duration_h, depth_ppm, epoch_bjd)
    _reject_shallow(rows, depth_ppm)
    reject_far_epochs(rows, missions, epoch_bjd)
    return {
        "signal_id": _signal_ids(rows, stars, period_d, epoch_bjd),
        "mission": missions,
        "target_id": stars,
        "period_d": period_d,
        "epoch_bjd": epoch_bjd,
        "duration_h": duration_h,
        "depth_ppm": depth_ppm,
        "disposition": dispositions(rows, "disposition"),
        "period_err_d": errors(rows, "period_err_d"),
        "epoch_err_d": errors(rows, "epoch_err_d"),
        "ra_deg": optional(rows, "ra_deg", 0, 360),
        "dec_deg": optional(rows, "dec_deg", -90, 90),
        "magnitude": optional(rows, "magnitude"),
        "radius_rearth": optional(rows, "radius_rearth"),
        "snr": optional(rows, "snr"),
    }


def _stars(rows: Rows) -> NDArray[np.object_]:
    """The target id of every row, '' and the row rejected where it cannot be read."""
    stars: list[str] = []
    faults: dict[int, str] = {}
    for row, cell in enumerate(rows["target_id"]):
        match = _TARGET.fullmatch(cell)
        try:
            stars.append(target_name(MISSION_OF_PREFIX[match[1].upper()], match[2]) if match else "")
        except LightmillError as error:
            stars.append("")
            faults[row] = str(error)
    result = np.array(stars, dtype=object)
    rows.reject(result == "", BAD_TARGET, lambda row: f"target_id {faults.get(row) or _other_star(rows, row)}")
    return result


def _other_star(rows: Rows, row: int) -> str:
    cell = rows["target_id"][row]
    bare = re.fullmatch(r"([0-9]{1,11})(?:\.0*)?", cell, re.ASCII)
    if bare:
        which = "{0!r}: a number of which catalog? Write TIC {1} (TESS), KIC {1} (Kepler) or EPIC {1} (K2)"
        return which.format(cell, bare[1])
    near = _NEARLY_TARGET.fullmatch(cell)
    if near:
        return f"{cell[:60]!r}: write {near[1].upper()} {near[2]}, with one plain space and nothing else"
    return f"{cell[:60]!r}: expected `TIC n` (TESS), `KIC n` (Kepler) or `EPIC n` (K2), with n a number"


def _reject_spreadsheets(rows: Rows) -> None:
    """Reject rows in which a spreadsheet has no number, or has rounded it beyond use."""
    for column in ("period_d", *EPOCH_COLUMNS, "duration_h"):
        reject_errors(rows, column)
    reject_rounded(rows, "period_d")
    for column in EPOCH_COLUMNS:
        reject_rounded(rows, column, decimals=1)


def _reject_other_clocks(rows: Rows, missions: Sequence[str], column: str, clock: Clock) -> None:
    """Reject rows whose epoch in `column` cannot be in its clock, as far as one number shows, saying what to do."""
    values, _ = numbers(rows, column)
    earliest, latest = _SHORT_DATES
    short = (values > earliest) & (values < latest)
    wrong = np.abs(values) < BTJD.highest if clock is BJD else values > BJD.lowest

    def reason(row: int) -> str:
        said = f"{column} {rows[column][row]}: not in {clock.name}"
        to_bjd = "" if clock is BJD else ", and put it into a column epoch_bjd"
        if short[row]:
            return f"{said}; if it is MJD, add 2400000.5; if it is JD - 2400000, add 2400000{to_bjd}"
        if clock is not BJD:
            return f"{said} (BJD less {clock.zero_bjd:.0f}), but a full date; put it into a column epoch_bjd"
        other, its = _OF_MISSION.get(missions[row], ("epoch_btjd", BTJD))
        example = "a full BJD_TDB is like 2458325.504"
        return f"{said} ({example}); if it is {its.name}, put it into a column {other}, or add {its.zero_bjd:.0f}"

    rows.reject(short | wrong, WRONG_ZERO_POINT, reason)


def _epochs(rows: Rows) -> Floats:
    """Epochs in BJD_TDB from whichever column has them; rows with two are rejected."""
    columns = np.array([epochs(rows, column, clock) for column, clock in EPOCH_COLUMNS.items()])
    given = ~np.isnan(columns)
    rows.reject(
        given.sum(axis=0) > 1,
        WRONG_ZERO_POINT,
        lambda row: (
            f"an epoch in {' and in '.join(np.array(list(EPOCH_COLUMNS))[given[:, row]])}; leave one of them empty"
        ),
    )
    return np.fmax.reduce(columns, axis=0)


def _depths(rows: Rows) -> Floats:
    """Depths in ppm; a spreadsheet's error is one that is not known."""
    errors_as_unknown(rows, "depth_ppm")
    return depths(rows, "depth_ppm")


def _reject_shallow(rows: Rows, depth_ppm: Floats) -> None:
    """Reject rows whose depth must be a fraction or per cent."""
    with np.errstate(invalid="ignore"):
        wrong = (depth_ppm > 0) & (depth_ppm < _SHALLOWEST_PPM)
    rows.reject(
        wrong,
        WRONG_DEPTH_UNIT,
        lambda row: (
            f"depth_ppm {rows['depth_ppm'][row]}: below 1 ppm; multiply a fraction of the star's light by 1000000, "
            "per cent by 10000"
        ),
    )


def _signal_ids(rows: Rows, stars: Iterable[str], period_d: Floats, epoch_bjd: Floats) -> list[str]:
    """The list's own ids, begun with `OWN` so that no archive has them; made of star and period where it has none.

    Made of what the row says, not of where it stands: rows that come, go or move leave other signals' ids alone.
    """
    named = identifiers(rows, "signal_id", _ID, "WASP-18 b (letters, digits, spaces and . _ + -)")
    ids = []
    for name, star, period, epoch in zip(named, stars, period_d, epoch_bjd, strict=True):
        if name.lower() not in MISSING:
            ids.append(_PREFIX + name.removeprefix(_PREFIX))
        elif period > 0:
            ids.append(f"{_PREFIX}{star} P{period:.5f}")
        else:
            ids.append(f"{_PREFIX}{star}" + ("" if np.isnan(epoch) else f" T{epoch:.2f}"))
    return ids
