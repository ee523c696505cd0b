"""A catalog file as rows of text: what comes before any cell is understood.

Every line below the column names becomes one row, or part of one, or is rejected with its number and a reason. A
damaged line costs itself and no other.
"""

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from lightmill.catalogs.identify import MAX_LINE_BYTES, TableInfo, decode, open_catalog, split_lines
from lightmill.catalogs.kinds import OWN
from lightmill.errors import CatalogError

MAX_FILE_BYTES = 1 << 30
MAX_LINES_PER_ROW = 64

MALFORMED = "row cannot be split into fields"


@dataclass
class Rows:
    """The rows of one catalog: cells as text, and what becomes of each row.

    `line`: (rows,) int64, the line on which each row starts. `cells`: per column a list of stripped strings, one per
    row; columns that the file lacks are empty. `kind` and `reason`: (rows,) object, why a row is rejected, '' while it
    is not. `merged`: (rows,) object, why a row adds nothing of its own to another row of the file, '' where it stands
    for itself. `flags`: what is odd about rows that are kept, by name, (rows,) bool each.
    """

    info: TableInfo
    line: NDArray[np.int64]
    cells: dict[str, list[str]]
    text: list[str]
    kind: NDArray[np.object_]
    reason: NDArray[np.object_]
    merged: NDArray[np.object_]
    flags: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.line)

    def __getitem__(self, column: str) -> list[str]:
        return self.cells[column]

    def reject(self, where: NDArray[np.bool_], kind: str, reason: Callable[[int], str]) -> None:
        """Reject the rows `where` is true; `reason(row)` says why in full. The first reason of a row stands."""
        new = np.asarray(where, dtype=bool) & self.kept
        self.kind[new] = kind
        for row in np.flatnonzero(new):
            self.reason[row] = reason(int(row))

    def merge(self, where: NDArray[np.bool_], kind: str) -> None:
        """Take the rows `where` is true as part of another row of the file; rejected rows stay rejected."""
        self.merged[where & self.kept] = kind

    def flag(self, name: str, where: NDArray[np.bool_]) -> None:
        """Note that the rows `where` is true are odd in the way `name` says."""
        self.flags[name] = self.flags.get(name, np.zeros(len(self), dtype=bool)) | where

    @property
    def kept(self) -> NDArray[np.bool_]:
        """(rows,) bool: neither rejected nor merged so far."""
        return (self.kind == "") & (self.merged == "")


def read_rows(info: TableInfo, columns: Sequence[str]) -> Rows:
    """Read the rows of the catalog that `info` describes, keeping the cells of `columns`.

    Rows with too many or too few fields, NUL bytes, or lines beyond a megabyte are there too, already rejected, with
    empty cells. Raises CatalogError if the file is damaged as a whole, beyond 1 GiB, or has no rows.
    """
    lines = _lines(info)
    width = len(info.columns)
    wanted = [name for name in columns if name in info.columns]
    pick: Callable[[list[str]], tuple[str, ...]] = itemgetter(*(info.columns.index(name) for name in wanted))
    starts: list[int] = []
    picked: list[tuple[str, ...]] = []
    text: list[str] = []
    faults: dict[int, str] = {}
    for number, record, fields, fault in _records(lines, info.header_lines + 1, width):
        if fault:
            faults[len(starts)] = fault
            picked.append(("",) * len(wanted))
        else:
            picked.append(pick(fields))
        starts.append(number)
        text.append(record)
    if not starts:
        advice = "add a row for each signal" if info.table == OWN else "download it again"
        raise CatalogError(f"{info.path}: column names but no rows below them; {advice}")
    cells = {name: [""] * len(starts) for name in columns if name not in wanted}
    for name, column in zip(wanted, zip(*picked, strict=True), strict=True):
        cells[name] = [cell.strip() for cell in column]
    rows = Rows(
        info=info,
        line=np.array(starts, dtype=np.int64),
        cells=cells,
        text=text,
        kind=np.full(len(starts), "", dtype=object),
        reason=np.full(len(starts), "", dtype=object),
        merged=np.full(len(starts), "", dtype=object),
    )
    malformed = np.zeros(len(rows), dtype=bool)
    malformed[list(faults)] = True
    rows.reject(malformed, MALFORMED, faults.__getitem__)
    return rows


def _lines(info: TableInfo) -> list[str]:
    with open_catalog(info.path) as file:
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise CatalogError(f"{info.path}: more than 1 GiB of text; no catalog is that large")
    return split_lines(decode(content))


def _records(lines: list[str], first: int, width: int) -> Iterator[tuple[int, str, list[str], str]]:
    """Yield line number, text, fields and fault ('' if none) of every record from `lines[first]` on."""
    index = first
    while index < len(lines):
        line = lines[index]
        number = index + 1
        index += 1
        if len(line) > MAX_LINE_BYTES:
            yield number, line[:200] + " ...", [], f"a line of {len(line):,} characters, at most {MAX_LINE_BYTES:,}"
        elif not line.strip():
            continue
        elif "\0" in line:
            yield number, line, [], "NUL bytes in the line; the file is damaged there"
        elif '"' not in line:
            fields = line.split(",")
            fault = "" if len(fields) == width else _miscounted(len(fields), width)
            yield number, line, fields, fault
        else:
            record, fields, used = _quoted(lines, index - 1, width)
            index += used - 1
            yield number, record, fields, "" if len(fields) == width else _miscounted(len(fields), width)


def _quoted(lines: list[str], index: int, width: int) -> tuple[str, list[str], int]:
    """The record that starts at `lines[index]`, its fields, and how many lines it takes.

    Quotes may hold line ends. If no closing quote, with a comma or the end behind it, makes a row of the right width,
    the line stands alone, so that a stray quote takes no other row with it.
    """
    record = lines[index]
    quotes = record.count('"')
    used = 1
    while quotes % 2 and used < MAX_LINES_PER_ROW and index + used < len(lines):
        record += "\n" + lines[index + used]
        quotes += lines[index + used].count('"')
        used += 1
    if used > 1 and quotes % 2 == 0 and len(record) <= MAX_LINE_BYTES:
        fields = _fields(record, strict=True)
        if len(fields) == width:
            return record, fields, used
    return lines[index], _fields(lines[index]), 1


def _fields(record: str, strict: bool = False) -> list[str]:
    try:
        return next(csv.reader(record.splitlines(keepends=True), strict=strict))
    except csv.Error:
        return []


def _miscounted(found: int, width: int) -> str:
    if found == 0:
        return "a field beyond 131,072 characters"
    return f"{found} fields, expected {width}: cut short, or a stray comma or quote"
