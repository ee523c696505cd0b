"""What a spreadsheet makes of numbers in a list that somebody kept in it."""

import re

import numpy as np

from lightmill.catalogs.convert import BAD_NUMBER, numbers
from lightmill.catalogs.rows import Rows
from lightmill.catalogs.signals import UNREADABLE

ROUNDED = "number rounded by a spreadsheet"

_ERROR = re.compile(r"#(?:N/A|NA|DIV/0!|VALUE!|REF!|NAME\?|NUM!|NULL!)", re.ASCII | re.IGNORECASE)
_MANTISSA = re.compile(r"[+-]?0*([0-9]*)\.?([0-9]*)[eE]", re.ASCII)


def reject_rounded(rows: Rows, column: str, decimals: int = 0) -> None:
    """Reject rows in which a number with an exponent says less than the digits before its decimal point.

    With `decimals`, that many digits behind the point must be there, too: `2.46E+06` is no epoch.
    """
    values, _ = numbers(rows, column)
    rounded = np.zeros(len(rows), dtype=bool)
    for row, cell in enumerate(rows[column]):
        mantissa = _MANTISSA.match(cell)
        if mantissa and abs(values[row]) >= 1:
            digits = len((mantissa[1] + mantissa[2]).lstrip("0"))
            rounded[row] = digits < len(str(int(abs(values[row])))) + decimals
    rows.reject(
        rounded,
        ROUNDED,
        lambda row: (
            f"{column} {rows[column][row]}: the spreadsheet has rounded it to so few digits; format the column as a "
            "number, with all its decimals, and save again"
        ),
    )


def reject_errors(rows: Rows, column: str) -> None:
    """Reject rows with a spreadsheet's error (`#DIV/0!`), or its mark for a narrow column (`####`), in `column`."""
    wrong = np.array([bool(_ERROR.fullmatch(cell)) or set(cell) == {"#"} for cell in rows[column]], dtype=bool)
    rows.reject(
        wrong,
        BAD_NUMBER,
        lambda row: (
            f"{column} {rows[column][row][:60]!r}: the spreadsheet has no number there, or no room to show it; correct "
            "the formula, widen the column, or leave the cell empty"
        ),
    )


def errors_as_unknown(rows: Rows, column: str) -> None:
    """Empty the cells of `column` in which a spreadsheet has an error (`#N/A`), and flag their rows as unreadable."""
    wrong = [bool(_ERROR.fullmatch(cell)) for cell in rows[column]]
    rows.flag(UNREADABLE + column, np.array(wrong, dtype=bool))
    rows.cells[column] = ["" if error else cell for cell, error in zip(rows[column], wrong, strict=True)]
