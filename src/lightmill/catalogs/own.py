"""A list of somebody's own: signals on stars of any mission, and what their finder takes them for.

Columns are called as in the signal table, so that units are in their names. Epochs may stand in the clock of a mission
instead, each row's in one column. The list is written by hand or by a program that nobody knows, so that a number in
another unit is looked for wherever it can be told, and a word without a label is a mistake, not a disposition.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from difflib import get_close_matches
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
    reject_repeated,
)
from lightmill.catalogs.rows import Rows
from lightmill.errors import LightmillError
from lightmill.targets import MISSION_OF_PREFIX, target_name

COLUMNS = (
    "signal_id",
    "target_id",
    "period_d",
    "period_err_d",
    "epoch_bjd",
    "epoch_btjd",
    "epoch_bkjd",
    "epoch_err_d",
    "duration_h",
    "depth_ppm",
    "disposition",
    "ra_deg",
    "dec_deg",
    "magnitude",
    "radius_rearth",
    "snr",
)

UNKNOWN_WORD = "disposition without a label"
WRONG_DEPTH_UNIT = "depth in another unit"

_EPOCHS: dict[str, Clock] = {"epoch_bjd": BJD, "epoch_btjd": BTJD, "epoch_bkjd": BKJD}
_OF_MISSION = {"Kepler": ("epoch_bkjd", BKJD), "K2": ("epoch_bkjd", BKJD), "TESS": ("epoch_btjd", BTJD)}
_SHORT_DATES = (40_000.0, 100_000.0)  # MJD, or JD without its first digits: 1968 to 2132
_TARGET = re.compile(r"(KIC|EPIC|TIC) *([0-9]+)", re.ASCII | re.IGNORECASE)
_SHALLOWEST_PPM = 1.0  # less has never been measured: what is below is a fraction or per cent
_ID = r"([A-Za-z0-9][A-Za-z0-9 ._+-]{0,59})?"
_PREFIX = "OWN "


def read_own(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from a list of one's own; the mission is that of each row's star.

    Epochs are BJD_TDB, BTJD or BKJD by their column, durations hours, depths ppm.
    """
    stars = _stars(rows)
    missions = [MISSION_OF_PREFIX[star.split(" ")[0]] if star else "" for star in stars]
    _reject_other_clocks(rows, missions)
    period_d, epoch_bjd = periods(rows, "period_d"), _epochs(rows)
    duration_h, depth_ppm = durations(rows, "duration_h"), _depths(rows)
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


def known_words(rows: Rows, words: Sequence[str], known: Collection[str]) -> list[str]:
    """The dispositions in the label map's spelling, whatever their case; rows with a word that it lacks are rejected.

    `words` are those of the rows, '' where there is none; `known` those that have a label or are scored only.
    """
    spelling = {_folded(word): word for word in sorted(known)}
    spelt = [word if word in known else spelling.get(_folded(word), "") for word in words]

    def reason(row: int) -> str:
        near = get_close_matches(_folded(words[row]), spelling, n=1)
        meant = f"did you mean {spelling[near[0]]!r}? " if near else ""
        return (
            f"disposition {words[row][:60]!r}: {meant}expected planet, not_planet or unknown, or an archive's word "
            "such as CONFIRMED, PC, FP or EB; other words go into labels.own.planet or labels.own.not_planet"
        )

    without_label = np.array([bool(word) and not one for word, one in zip(words, spelt, strict=True)], dtype=bool)
    rows.reject(without_label, UNKNOWN_WORD, reason)
    return [one or word for word, one in zip(words, spelt, strict=True)]


def _folded(word: str) -> str:
    """A word as it is compared: in lower case, without what is added in brackets, with spaces for `_` and `-`."""
    return re.sub(r"[\s_-]+", " ", word.split(" [", 1)[0].casefold())


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
    if re.fullmatch(r"[0-9]{1,11}", cell, re.ASCII):
        return f"{cell!r}: a number of which catalog? Write TIC {cell} (TESS), KIC {cell} (Kepler) or EPIC {cell} (K2)"
    return f"{cell[:60]!r}: expected `TIC n` (TESS), `KIC n` (Kepler) or `EPIC n` (K2), with n a number"


def _reject_other_clocks(rows: Rows, missions: Sequence[str]) -> None:
    """Reject rows whose `epoch_bjd` is in the clock of a mission or MJD, saying what to do."""
    values, _ = numbers(rows, "epoch_bjd")
    earliest, latest = _SHORT_DATES

    def reason(row: int) -> str:
        said = f"epoch_bjd {rows['epoch_bjd'][row]}: not in BJD (a full BJD_TDB is like 2458325.504)"
        if values[row] > earliest:
            return f"{said}; if it is MJD, add 2400000.5; if it is JD - 2400000, add 2400000"
        column, clock = _OF_MISSION.get(missions[row], ("epoch_btjd", BTJD))
        return f"{said}; if it is {clock.name}, put it into a column {column}, or add {clock.zero_bjd:.0f}"

    short = (np.abs(values) < BTJD.highest) | ((values > earliest) & (values < latest))
    rows.reject(short, WRONG_ZERO_POINT, reason)


def _epochs(rows: Rows) -> Floats:
    """Epochs in BJD_TDB from whichever column has them; rows with two are rejected."""
    columns = np.array([epochs(rows, column, clock) for column, clock in _EPOCHS.items()])
    given = ~np.isnan(columns)
    rows.reject(
        given.sum(axis=0) > 1,
        WRONG_ZERO_POINT,
        lambda row: f"an epoch in {' and in '.join(np.array(list(_EPOCHS))[given[:, row]])}; leave one of them empty",
    )
    return np.fmax.reduce(columns, axis=0)


def _depths(rows: Rows) -> Floats:
    """Depths in ppm; rows whose depth must be a fraction or per cent are rejected."""
    values = depths(rows, "depth_ppm")
    with np.errstate(invalid="ignore"):
        wrong = (values > 0) & (values < _SHALLOWEST_PPM)
    rows.reject(
        wrong,
        WRONG_DEPTH_UNIT,
        lambda row: (
            f"depth_ppm {rows['depth_ppm'][row]}: below 1 ppm; multiply a fraction of the star's light by 1000000, "
            "per cent by 10000"
        ),
    )
    return values


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
    reject_repeated(rows, ids, "; where two rows are two signals, name each in a column signal_id")
    return ids
