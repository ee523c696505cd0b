"""The row of column names of a catalog file, and what may be wrong with it. Quick to import."""

import csv
import re
from pathlib import Path

from lightmill.catalogs.kinds import KINDS, OWN, OWN_COLUMNS
from lightmill.errors import CatalogError

MAX_LINE_BYTES = 1_000_000

# Later names of columns, by those read here.
_RENAMED = {"Transit Epoch (BJD)": "Epoch (BJD)", "Transit Epoch (BJD) err": "Epoch (BJD) err"}

# What a spreadsheet writes, and reads, above column names.
_SEPARATOR_MARK = re.compile(r'"?sep=.?"?[,;\t]*', re.IGNORECASE)
_STAR = re.compile(r"(?:KIC|EPIC|TIC)[\s_-]*[0-9]+(?:\.0*)?", re.IGNORECASE)
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
_EXAMPLE = "target_id,period_d,epoch_bjd,duration_h,depth_ppm,disposition"
_LOOKS_OWN = f"looks like {KINDS[OWN].title}"


def column_names(header: str, first_row: str, path: str | Path, line: int) -> tuple[str, ...]:
    """The names in the row `header`, line `line` of the file at `path`, as they are called here.

    `first_row` is the row below it. Raises CatalogError, saying what to do, if the row cannot be split at commas, has a
    name twice, or is not the row of names, or not spelt as such, of a list of somebody's own.
    """
    if len(header) > MAX_LINE_BYTES:
        raise CatalogError(f"{path}, line {line}: column names longer than {MAX_LINE_BYTES:,} characters")
    if _SEPARATOR_MARK.fullmatch(header.strip()):
        _refuse_separator_mark(header, first_row, path, line)
    try:
        names = [name.strip() for name in next(csv.reader([header], strict=True))]
    except csv.Error as error:
        raise CatalogError(f"{path}, line {line}: column names cannot be read as CSV: {error}") from None
    columns = tuple(_RENAMED.get(name, name) for name in names)
    if len(columns) == 1:
        _refuse_other_separator(header, path, line)
    if any(map(_STAR.fullmatch, columns)):
        raise CatalogError(
            f"{path}, line {line}: {_LOOKS_OWN} without a row of column names; put one above the first row, like "
            f"{_EXAMPLE}"
        )
    twice = sorted({name for name in columns if name and columns.count(name) > 1})
    if twice:
        raise CatalogError(f"{path}, line {line}: column {twice[0]!r} stands there twice; which one counts is unknown")
    _check_case(columns, path, line)
    return columns


def _refuse_separator_mark(header: str, first_row: str, path: str | Path, line: int) -> None:
    own = _is_own({name.strip(' "').casefold() for name in re.split("[,;\t]", first_row)})
    raise CatalogError(
        f"{path}, line {line}: {f'{_LOOKS_OWN}, below' if own else 'begins with'} a spreadsheet's mark "
        f"({header.strip()[:20]!r}); remove that line: column names, with commas between, are expected first"
        + (f", like {_EXAMPLE}" if own else "")
    )


def _refuse_other_separator(header: str, path: str | Path, line: int) -> None:
    separator = next((mark for mark in _SEPARATORS if mark in header), None)
    told = f", but {_SEPARATORS[separator]}" if separator else ""
    points = " and decimal points in numbers" if separator else ""
    raise CatalogError(
        f"{path}, line {line}: no comma in the row of column names{told} ({header[:60]!r}); download or save the table "
        f"as CSV, with commas between columns{points}"
    )


def _check_case(columns: tuple[str, ...], path: str | Path, line: int) -> None:
    """Raise CatalogError where a list of somebody's own has its columns' names in capitals: they would not be read."""
    other = {name: name.casefold() for name in columns if name not in OWN_COLUMNS and name.casefold() in OWN_COLUMNS}
    if other and _is_own({name.casefold() for name in columns}):
        raise CatalogError(
            f"{path}, line {line}: {_LOOKS_OWN}, but its columns have names in lower case; write "
            + ", ".join(f"{ours} for {theirs}" for theirs, ours in other.items())
        )


def _is_own(names: set[str]) -> bool:
    """Whether most of the columns that a list of somebody's own needs are among these names."""
    required = KINDS[OWN].required
    return 2 * sum(name in names for name in required) > len(required)
