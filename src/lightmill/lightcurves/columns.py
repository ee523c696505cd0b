"""The table of a light-curve file as columns of `LightCurve`, each in its own type."""

from collections.abc import Mapping

import numpy as np

from lightmill.errors import LightCurveError
from lightmill.lightcurves.authors import Author
from lightmill.lightcurves.hdus import Hdu
from lightmill.lightcurves.lightcurve import COLUMNS
from lightmill.lightcurves.tables import Fields, table_columns

# Kepler's first light was in May 2009; anything outside says that TIME or BJDREFI is not what it should be.
_EARLIEST_BJD, _LATEST_BJD = 2454900.0, 2480000.0


def read_columns(
    raw: bytes, table: Hdu, fields: Fields, author: Author, layout: Mapping[str, str]
) -> dict[str, np.ndarray]:
    """Read the columns of `LightCurve` but `segment`; times stay on the file's own clock.

    Parameters
    ----------
    raw : bytes
        The whole file.
    table : Hdu
        Its first extension, a table that has all columns that `layout` and the author's `flags` name.
    fields : Fields
        The columns of that table.
    author : Author
        Whose file it is.
    layout : mapping
        Which of the author's layouts it has: columns of `LightCurve` to columns of the file.

    Returns
    -------
    dict of (n,) arrays, types as in `COLUMNS`; floats that the file does not have are NaN.

    Raises
    ------
    LightCurveError
        If the table cannot be read, has no rows, or a column holds something else than one number a row that fits.
    """
    name, rows = table.file, table.whole("NAXIS2")
    if rows == 0:
        raise LightCurveError(f"{name}: no rows")
    found = table_columns(raw, table, fields, [*layout.values(), *author.flags])
    # What is beyond the range of a float32 is infinite there.
    with np.errstate(over="ignore"):
        columns = {
            ours: _numbers(found[theirs], COLUMNS[ours], theirs, theirs in author.whole_floats, name)
            for ours, theirs in layout.items()
        }
    if author.flags:
        columns["quality"] = np.zeros(rows, COLUMNS["quality"])
        for theirs, bit in author.flags.items():
            flagged = _numbers(found[theirs], np.dtype("float64"), theirs, False, name) != 0
            columns["quality"][flagged] |= bit
    not_in_file = {
        ours: np.full(rows, np.nan, kind) for ours, kind in COLUMNS.items() if kind.kind == "f" and ours not in columns
    }
    return {**columns, **not_in_file}


def _numbers(column: np.ndarray, kind: np.dtype, theirs: str, whole_floats: bool, name: str) -> np.ndarray:
    fitting = "iu" if kind.kind == "i" and not whole_floats else "fiu"
    if column.dtype.kind not in fitting:
        raise LightCurveError(f"{name}: column {theirs} holds {column.dtype.str}, expected one number a row")
    if kind.kind == "i" and not np.can_cast(column.dtype, kind):
        limits = np.iinfo(kind)
        # NaN fails every comparison.
        if not ((column >= limits.min) & (column <= limits.max) & (np.floor(column) == column)).all():
            raise LightCurveError(
                f"{name}: column {theirs} holds numbers that are not whole or beyond {limits.bits} bits"
            )
    return column.astype(kind)


def timed_rows(columns: dict[str, np.ndarray], name: str) -> tuple[dict[str, np.ndarray], int]:
    """The rows that have a time (BJD), and how many have none.

    Raises LightCurveError unless there are any, their times are plausible, and times and cadence numbers rise.
    """
    time_bjd = columns["time_bjd"]
    timed = np.isfinite(time_bjd)
    if not timed.any():
        raise LightCurveError(f"{name}: no finite TIME in {len(time_bjd)} rows, expected some; download it again")
    without_time = len(timed) - int(np.count_nonzero(timed))
    if without_time:
        columns = {key: column[timed] for key, column in columns.items()}
    first, last = columns["time_bjd"].min(), columns["time_bjd"].max()
    if first < _EARLIEST_BJD or last > _LATEST_BJD:
        raise LightCurveError(
            f"{name}: times from BJD {first:.1f} to {last:.1f}, expected {_EARLIEST_BJD:.0f} to {_LATEST_BJD:.0f}"
        )
    for key, what in (("time_bjd", "TIME"), ("cadence_number", "CADENCENO")):
        rises = columns[key][1:] > columns[key][:-1]
        if not rises.all():
            raise LightCurveError(
                f"{name}: {what} does not rise from cadence {columns['cadence_number'][rises.argmin()]} "
                "to the next: repeated or misplaced rows"
            )
    return columns, without_time
