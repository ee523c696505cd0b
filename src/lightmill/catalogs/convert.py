"""At the door: cells of text become identifiers and numbers in the one set of units.

Each function reads one column of a `Rows`, rejects the rows it cannot read, and returns one value per row. What the
header declares about a column's unit is held against what is expected, never used to guess.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightmill.catalogs.rows import Rows
from lightmill.catalogs.signals import UNREADABLE
from lightmill.errors import CatalogError, LightmillError
from lightmill.targets import BKJD_ZERO_BJD, BTJD_ZERO_BJD, Mission, target_name

Floats = NDArray[np.float64]

MISSING = frozenset({"", "nan", "null", "none", "n/a", "na", "--"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MAX_DIGITS = 64
_SEXAGESIMAL = re.compile(r"([+-]?)(\d{1,3}):(\d{1,2}):(\d{1,2}(?:\.\d*)?)", re.ASCII)

BAD_NUMBER = "not a number"
BAD_ID = "identifier cannot be read"
BAD_TARGET = "target number cannot be read"
NEGATIVE_PERIOD = "negative period"
NEGATIVE_DURATION = "negative duration"
REPEATED = "signal repeated in the file"
WRONG_ZERO_POINT = "epoch in another zero point"


class Clock(NamedTuple):
    """A zero point of time: its name, its value in BJD, and the range of numbers that can be meant by it."""

    name: str
    zero_bjd: float
    lowest: float
    highest: float


BKJD = Clock("BKJD", BKJD_ZERO_BJD, -10_000.0, 10_000.0)
BTJD = Clock("BTJD", BTJD_ZERO_BJD, -10_000.0, 10_000.0)
BJD = Clock("BJD", 0.0, 2_400_000.0, 2_500_000.0)

# Spellings of units in the archives' headers, all lower case.
_SPELLINGS = {
    **dict.fromkeys(("days", "day", "d"), "days"),
    **dict.fromkeys(("hours", "hour", "hrs", "hr", "h"), "hours"),
    **dict.fromkeys(("minutes", "minute", "min"), "minutes"),
    **dict.fromkeys(("ppm", "parts per million"), "ppm"),
    **dict.fromkeys(("%", "percent"), "percent"),
    **dict.fromkeys(("bkjd", "bjd-2454833", "bjd - 2454833", "bjd-2454833.0"), "BKJD"),
    **dict.fromkeys(("btjd", "bjd-2457000", "bjd - 2457000", "bjd-2457000.0", "tbjd", "tjd"), "BTJD"),
    **dict.fromkeys(("bjd", "bjd_tdb", "bjd-tdb", "jd"), "BJD"),
    **dict.fromkeys(("mjd", "bmjd"), "MJD"),
}
_CLOCK_NAMES = ("BKJD", "BTJD", "BJD")


def expect_unit(rows: Rows, column: str, unit: str) -> None:
    """Raise CatalogError if the header declares another unit for `column`; an unknown spelling contradicts nothing."""
    declared = rows.info.units.get(column)
    meant = _SPELLINGS.get((declared or "").lower())
    if meant is None or meant == unit or (unit in _CLOCK_NAMES and meant == "days"):
        return
    raise CatalogError(
        f"{rows.info.path}: the header declares column {column} in [{declared}], expected {unit} for "
        f"{rows.info.title}; download the table with its default units"
    )


def numbers(rows: Rows, column: str) -> tuple[Floats, NDArray[np.bool_]]:
    """The numbers of a column, NaN where missing, and which cells hold something that is neither."""
    values = np.full(len(rows), np.nan)
    unreadable = np.zeros(len(rows), dtype=bool)
    for row, cell in enumerate(rows[column]):
        if cell:
            if len(cell) <= _MAX_DIGITS and _NUMBER.fullmatch(cell):
                values[row] = float(cell)
            elif cell.lower() not in MISSING:
                unreadable[row] = True
    unreadable |= np.isinf(values)
    values[unreadable] = np.nan
    return values, unreadable


def measured(rows: Rows, column: str) -> Floats:
    """A column that belongs to the ephemeris: rows with anything but a number, or nothing, are rejected."""
    values, unreadable = numbers(rows, column)

    def reason(row: int) -> str:
        comma = " with a decimal point and no commas" if "," in rows[column][row] else ""
        return f"{column} {_show(rows[column][row])}: expected a number{comma}"

    rows.reject(unreadable, BAD_NUMBER, reason)
    return values


def optional(rows: Rows, column: str, lowest: float = -np.inf, highest: float = np.inf) -> Floats:
    """A column for exploration only: what is no number, or outside its range, is NaN and flagged, the row kept."""
    values, unreadable = numbers(rows, column)
    with np.errstate(invalid="ignore"):
        unreadable |= (values < lowest) | (values > highest)
    values[unreadable] = np.nan
    rows.flag(UNREADABLE + column, unreadable)
    return values


def periods(rows: Rows, column: str) -> Floats:
    """Periods in days; 0 means none. Negative ones are rejected."""
    expect_unit(rows, column, "days")
    values = measured(rows, column)
    rows.reject(values < 0, NEGATIVE_PERIOD, lambda row: f"{column} {rows[column][row]}: a period cannot be negative")
    return np.where(values > 0, values, np.nan)


def epochs(rows: Rows, column: str, clock: Clock) -> Floats:
    """Epochs as BJD_TDB from a column in `clock`; rows in any other zero point are rejected."""
    expect_unit(rows, column, clock.name)
    values = measured(rows, column)
    with np.errstate(invalid="ignore"):
        wrong = (values <= clock.lowest) | (values >= clock.highest)
    rows.reject(
        wrong,
        WRONG_ZERO_POINT,
        lambda row: (
            f"{column} {rows[column][row]}: not in {clock.name} "
            f"(which lies between {clock.lowest:.0f} and {clock.highest:.0f})"
        ),
    )
    return np.where(wrong, np.nan, values) + clock.zero_bjd


def durations(rows: Rows, column: str) -> Floats:
    """Durations in hours; 0 means none. Negative ones are rejected."""
    expect_unit(rows, column, "hours")
    values = measured(rows, column)
    rows.reject(
        values < 0, NEGATIVE_DURATION, lambda row: f"{column} {rows[column][row]}: a duration cannot be negative"
    )
    return np.where(values > 0, values, np.nan)


def depths(rows: Rows, column: str, unit: str = "ppm") -> Floats:
    """Depths in ppm from a column in `ppm` or `percent`."""
    expect_unit(rows, column, unit)
    return measured(rows, column) * {"ppm": 1.0, "percent": 1e4}[unit]


def errors(rows: Rows, *columns: str) -> Floats:
    """The largest of the one-sided errors in `columns`, without sign; 0 stands for unknown in these tables: NaN."""
    largest = np.full(len(rows), np.nan)
    for column in columns:
        largest = np.fmax(largest, np.abs(optional(rows, column)))
    return np.where(largest > 0, largest, np.nan)


def without_sentinel(values: Floats, lowest: float = -1.0) -> Floats:
    """NaN where a signal-to-noise ratio is `lowest` or less: a mark for 'not computed'."""
    with np.errstate(invalid="ignore"):
        return np.where(values > lowest, values, np.nan)


def without_limits(rows: Rows, values: Floats, column: str) -> Floats:
    """`values` without those that the flags in `column` call an upper or lower limit (anything but 0 and nothing)."""
    limits, _ = numbers(rows, column)
    return np.where(np.nan_to_num(limits) == 0, values, np.nan)


def sexagesimal(rows: Rows, column: str, unit_deg: float, limit_deg: float) -> Floats:
    """Degrees from `d:m:s` in units of `unit_deg` (15 for hours); NaN and flagged where it is none."""
    values = np.full(len(rows), np.nan)
    unreadable = np.zeros(len(rows), dtype=bool)
    for row, cell in enumerate(rows[column]):
        match = _SEXAGESIMAL.fullmatch(cell)
        if match:
            sign, whole, minutes, seconds = match.groups()
            degrees = unit_deg * (int(whole) + int(minutes) / 60 + float(seconds) / 3600)
            values[row] = -degrees if sign == "-" else degrees
        else:
            unreadable[row] = cell.lower() not in MISSING
    with np.errstate(invalid="ignore"):
        unreadable |= np.abs(values) > limit_deg
    values[unreadable] = np.nan
    rows.flag(UNREADABLE + column, unreadable)
    return values


def targets(rows: Rows, column: str, mission: Mission) -> NDArray[np.object_]:
    """Target ids from a column of catalog numbers; rows whose number cannot be read are rejected."""
    names: dict[str, str] = {}
    faults: dict[str, str] = {}
    for cell in dict.fromkeys(rows[column]):
        try:
            names[cell] = target_name(mission, cell)
        except LightmillError as error:
            names[cell], faults[cell] = "", str(error)
    result = np.array([names[cell] for cell in rows[column]], dtype=object)
    rows.reject(result == "", BAD_TARGET, lambda row: f"{column}: {faults[rows[column][row]]}")
    return result


def identifiers(rows: Rows, column: str, pattern: str, example: str) -> list[str]:
    """The cells of an identifier column as they stand; rows that do not match `pattern` are rejected."""
    compiled = re.compile(pattern, re.ASCII)
    wrong = np.array([compiled.fullmatch(cell) is None for cell in rows[column]], dtype=bool)
    rows.reject(wrong, BAD_ID, lambda row: f"{column} {_show(rows[column][row])}: expected one like {example}")
    return rows[column]


def reject_repeated(rows: Rows, names: Sequence[str], advice: str = "") -> None:
    """Reject every kept row whose name an earlier kept row has, naming that row's line, and with what `advice` says."""
    first: dict[str, int] = {}
    again = np.zeros(len(rows), dtype=bool)
    for row in np.flatnonzero(rows.kept).tolist():
        again[row] = first.setdefault(names[row], row) != row
    rows.reject(again, REPEATED, lambda row: f"{names[row]} repeats line {rows.line[first[names[row]]]}{advice}")


def dispositions(rows: Rows, column: str) -> list[str]:
    """Dispositions as the catalog writes them, '' where there is none."""
    return ["" if cell.lower() in MISSING else cell for cell in rows[column]]


def _show(cell: str) -> str:
    return repr(cell if len(cell) <= 60 else cell[:60] + "...")
