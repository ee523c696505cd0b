"""Lists of stars to search: what somebody who has no catalog of signals begins with."""

import csv
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from lightmill.errors import CatalogError, LightmillError
from lightmill.files import write_csv, write_parquet
from lightmill.logs import logger
from lightmill.targets import mission_of

COLUMN = "target_id"
REJECTED_COLUMNS = ("file", "line", "text", "reason")
TWICE = "named before"


def read_target_lists(
    files: Sequence[str | Path], targets: str | Path, rejected: str | Path, missions: Collection[str]
) -> None:
    """Read the stars of CSV files with a column `target_id` (`KIC n`, `EPIC n`, `TIC n`) and write them as one list.

    Parameters
    ----------
    files : CSV files; other columns may be there
    targets : parquet file to write: `target_id`, sorted, each once
    rejected : CSV file to write: every row that names no star, and those that name one again, with REJECTED_COLUMNS
    missions : those whose archives are configured; stars of others are rejected

    Raises CatalogError, naming the file, if one cannot be read as a table, or lacks the column.
    """
    found: dict[str, None] = {}
    refused = []
    for file in files:
        for line, text in _cells(Path(file)):
            reason = TWICE if text in found else _fault(text, missions)
            if reason:
                refused.append((Path(file).name, line, text, reason))
            else:
                found[text] = None
    write_csv(rejected, pd.DataFrame(refused, columns=list(REJECTED_COLUMNS)))
    write_parquet(targets, pd.DataFrame({COLUMN: sorted(found)}, dtype="string"))
    logger.info("%d stars to search, %d rows rejected", len(found), len(refused))
    if refused:
        logger.warning("rows rejected, listed in %s; the first: %s, line %d: %r: %s", rejected, *refused[0])


def _cells(path: Path) -> list[tuple[int, str]]:
    """Line number and text of the column in every row that is not empty."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            header = [name.strip() for name in next(rows, [])]
            if header.count(COLUMN) != 1:
                raise CatalogError(
                    f"{path}: {header.count(COLUMN)} columns {COLUMN!r} in its first line, which has "
                    f"{', '.join(header)[:200] or 'nothing'}; expected a CSV file with a column {COLUMN!r} of texts "
                    "'KIC n', 'EPIC n' or 'TIC n'"
                )
            place = header.index(COLUMN)
            return [(rows.line_num, row[place].strip() if place < len(row) else "") for row in rows if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogError(f"{path}: cannot be read as CSV ({error}); expected a column {COLUMN!r}") from None


def _fault(text: str, missions: Collection[str]) -> str:
    """Why a text names no star that can be searched; empty where it does."""
    try:
        mission = mission_of(text)
    except LightmillError as error:
        return str(error)
    return "" if mission in missions else f"{mission} is not configured under archives"
