"""Which archive table a file is, told from its columns, and when it was taken.

Only the head of the file is read, and nothing heavy imported: this runs whenever a Snakefile is parsed.
"""

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import IO

from lightmill.catalogs.column_names import MAX_LINE_BYTES, column_names
from lightmill.catalogs.kinds import OWN, kind_of
from lightmill.errors import CatalogError
from lightmill.targets import Mission

MAX_HEADER_LINES = 5_000


@dataclass(frozen=True)
class TableInfo:
    """What one catalog file is.

    `header_lines` counts the lines above the row of column names, which is therefore line `header_lines + 1`.
    `snapshot_date` is ISO (`2025-10-04T07:34:55`, or only the day), from the header's date line or else the file name.
    `units` holds what the header's `# COLUMN name: label [unit]` lines declare. `mission` is None where every row says
    its own.
    """

    path: str
    table: str
    title: str
    mission: Mission | None
    snapshot_date: str | None
    header_lines: int
    columns: tuple[str, ...]
    units: Mapping[str, str]


_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_DATE_LINE = re.compile(r"#\s*(?:[A-Z][a-z]{2} )?([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}:\d{2}:\d{2}) (\d{4})\s*")
_DATE_IN_NAME = re.compile(
    r"(?<!\d)((?:19|20)\d\d)([.-]?)(0[1-9]|1[0-2])\2(0[1-9]|[12]\d|3[01])"
    r"(?:[_T]([01]\d|2[0-3])[.:-]([0-5]\d)[.:-]([0-5]\d))?(?!\d)"
)
_COLUMN_LINE = re.compile(r"#\s*COLUMN\s+([^:]+):.*\[([^\[\]]*)\]\s*")

# Things that are downloaded instead of a CSV table, by their first bytes.
_NOT_CSV = {
    b"PK\x03\x04": "a zip archive or spreadsheet",
    b"<": "a web page or XML (a VOTable, or the archive's error page)",
    b"\\": "an IPAC table",
    b"SIMPLE  =": "a FITS file",
    b"PAR1": "a parquet file",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"{": "JSON",
}


def identify_table(path: str | Path) -> TableInfo:
    """Tell which of the known tables (`kinds.KINDS`) the file at `path` is, from its column names.

    Where two deliveries of one table have the same columns, the first row says which it is.
    Plain or gzip-compressed CSV with LF, CRLF or CR line ends. Raises CatalogError, naming the file and what to do,
    if it is empty, not a CSV, has an over-long header line or a column name twice, or is not a table that is known.
    """
    lines, first_row = _head(Path(path))
    above, header = _split_head(lines, path)
    columns = column_names(header, first_row, path, len(above) + 1)
    kind = kind_of(columns, path, first_row)
    return TableInfo(
        path=str(path),
        table=kind.name,
        title=kind.title,
        mission=kind.mission,
        snapshot_date=_date_in_header(above) or _date_in_name(Path(path).name),
        header_lines=len(above),
        columns=columns,
        units=MappingProxyType(
            {match[1].strip(): match[2].strip() for match in map(_COLUMN_LINE.fullmatch, above) if match}
        ),
    )


def newest(paths: Iterable[str | Path]) -> str:
    """The path of the newest of several snapshots of one table, by their snapshot dates.

    Files without a date count as older than any with one; among equals the last by path wins. A single path is the
    newest of its kind unread, so that it may still have to be made. Raises CatalogError if there is no path, if the
    files are different tables, or if they are lists of a user's own that are not all dated: nobody wants the rows of
    one of them alone.
    """
    candidates = [str(path) for path in paths]
    if len(candidates) == 1:
        return candidates[0]
    infos = [identify_table(path) for path in candidates]
    tables = sorted({info.table for info in infos})
    if len(tables) != 1:
        found = f"different tables ({', '.join(tables)})" if tables else "no catalog file"
        raise CatalogError(f"newest snapshot: expected files of one table, got {found}")
    undated = [info.path for info in infos if info.snapshot_date is None]
    if tables == [OWN] and undated:
        raise CatalogError(
            f"{undated[0]}: one of {len(infos)} lists of your own, of which one alone can count; put all rows into one "
            "file, or a date into the name of every version of the list (my_targets_2026.01.31.csv)"
        )
    return max(infos, key=lambda info: (info.snapshot_date or "", info.path)).path


@contextmanager
def open_catalog(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a catalog for reading bytes, decompressed if it starts as gzip does, whatever its name says.

    Raises CatalogError, also from within, if the file cannot be read or its compression is damaged.
    """
    try:
        with open(path, "rb") as file:
            if file.peek(2)[:2] == _GZIP:
                with gzip.open(file) as unpacked:
                    yield unpacked  # type: ignore[misc]
            else:
                yield file
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise CatalogError(f"{path}: damaged gzip file ({error}); download it again") from None
    except OSError as error:
        raise CatalogError(f"{path}: cannot be read: {error.strerror or error}") from None


def decode(text: bytes) -> str:
    """Bytes of a catalog as text: UTF-8, its byte-order mark dropped, or latin-1 where it is not UTF-8."""
    text = text.removeprefix(_BOM)
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def split_lines(text: str) -> list[str]:
    """The lines of a text, without their ends: LF or CRLF, or CR alone where there is no LF at all."""
    if "\n" not in text:
        return text.split("\r")
    return text.replace("\r\n", "\n").split("\n")


def is_above_header(line: str) -> bool:
    """Whether a line at the top of a catalog is a comment or blank; a spreadsheet may have put it in quotes."""
    return not line.strip(' ,\t"') or line.lstrip(' "').startswith("#")


def _head(path: Path) -> tuple[list[str], str]:
    """The lines from the top of the file as far as the row of column names, decoded, and the first row below it.

    The row is '' where there is none, or none within sight.
    """
    if path.is_dir():
        raise CatalogError(f"{path}: is a folder; expected a catalog as CSV, plain or gzip-compressed")
    read, complete, header = b"", [""], None
    with open_catalog(path) as file:
        while len(read) < 2 * MAX_LINE_BYTES:
            chunk = file.read(1 << 18)
            read += chunk
            # The last line may be cut short, even within a character.
            whole = read[: max(read.rfind(b"\n"), read.rfind(b"\r")) + 1] if chunk else read
            lines = split_lines(decode(whole))
            complete = lines[:-1] if chunk else lines
            header = next((i for i, line in enumerate(complete) if not is_above_header(line)), None)
            below = "" if header is None else next((line for line in complete[header + 1 :] if line.strip()), "")
            if header is not None and (below or not chunk):
                _check_is_text(read, path)
                return complete[: header + 1], below
            if not chunk or len(lines) > MAX_HEADER_LINES:
                break
    if header is not None:
        _check_is_text(read, path)
        return complete[: header + 1], ""
    return _refuse_head(read, path)


def _refuse_head(read: bytes, path: Path) -> tuple[list[str], str]:
    if not read.strip():
        raise CatalogError(f"{path}: the file is empty; download it, or save your list, again")
    _check_is_text(read, path)
    lines = split_lines(decode(read))
    longest = max(range(len(lines)), key=lambda i: len(lines[i]))
    if len(lines[longest]) > MAX_LINE_BYTES:
        raise CatalogError(
            f"{path}, line {longest + 1}: longer than {MAX_LINE_BYTES:,} characters before any row of column names; "
            "no archive table has such a line: download it again"
        )
    raise CatalogError(
        f"{path}: no row of column names after {len(lines)} lines of comments; download it, or save your list, again"
    )


def _check_is_text(read: bytes, path: Path) -> None:
    start = read.removeprefix(_BOM).lstrip()
    for mark, what in _NOT_CSV.items():
        if start.startswith(mark):
            raise CatalogError(f"{path}: this is {what}; expected CSV in UTF-8: download it, or save it, as that")


def _split_head(lines: list[str], path: str | Path) -> tuple[list[str], str]:
    *above, header = lines
    if "\0" in header:
        raise CatalogError(f"{path}, line {len(lines)}: NUL bytes where column names are expected; not a CSV file")
    return above, header


def _date_in_header(above: list[str]) -> str | None:
    for line in above:
        match = _DATE_LINE.fullmatch(line.strip(' ",'))
        if match:
            try:
                return datetime.strptime(" ".join(match.groups()), "%b %d %H:%M:%S %Y").isoformat()
            except ValueError:
                continue
    return None


def _date_in_name(name: str) -> str | None:
    match = _DATE_IN_NAME.search(name)
    if not match:
        return None
    year, _, month, day, hour, minute, second = match.groups()
    return f"{year}-{month}-{day}" + (f"T{hour}:{minute}:{second}" if hour else "")
