"""Dated snapshots of tables in one folder: `<table>_<YYYY.MM.DD_HH.MM.SS>.csv`, each with its checksum beside it.

A snapshot is written once and never again. Only what the project's own reader can read becomes one, and only if its
content differs from the newest one's: a date alone is no news.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lightmill.catalogs.identify import identify_table
from lightmill.catalogs.reading import CatalogTable, read_catalog, require_signals
from lightmill.errors import CatalogError
from lightmill.files import atomic_path, sha256_file, write_text
from lightmill.logs import logger


@dataclass(frozen=True)
class Snapshot:
    """What became of a table that was fetched.

    `path`: the newest snapshot now. `is_new`: whether it was written just now; otherwise it holds the same already.
    `catalog`: the table as read from it. `previous`: the newest snapshot before, None if there is none.
    """

    path: Path
    is_new: bool
    catalog: CatalogTable
    previous: Path | None


def keep_snapshot(
    content: bytes, source: str, kind: str, stem: str, folder: str | Path, moment: datetime | None = None
) -> Snapshot:
    """Keep a table as a dated snapshot, if the reader accepts it and it is not what the newest snapshot holds.

    Parameters
    ----------
    content
        The table as CSV.
    source
        Where it came from, for messages.
    kind
        The kind of table that it has to be (`koi`, `toi`, ...).
    stem
        What the name of the file starts with.
    folder
        Where snapshots of all tables are; made if it does not exist.
    moment
        When it was fetched; now by default.

    Raises CatalogError if the reader refuses it, or the folder cannot be written; then nothing is kept, and older
    snapshots are as they were.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder):
            return _keep(content, source, kind, stem, folder, moment or datetime.now(UTC))
    except OSError as error:
        raise CatalogError(
            f"{error.filename or folder}: cannot be written ({error.strerror or error}); {source} is not kept, older "
            "snapshots are untouched: make room, or name another folder"
        ) from None


def newest_snapshot(kind: str, folder: str | Path) -> Path | None:
    """The newest file of one kind of table in a folder, whoever put it there; None if there is none."""
    found = []
    for path in sorted(Path(folder).glob("[!.]*.csv*")):
        try:
            info = identify_table(path)
        except CatalogError:
            continue  # another table, a checksum, or no catalog at all
        if info.table == kind:
            found.append((info.snapshot_date or "", path))
    return max(found)[1] if found else None


def _keep(content: bytes, source: str, kind: str, stem: str, folder: Path, moment: datetime) -> Snapshot:
    previous = newest_snapshot(kind, folder)
    # A name of its own, swept at the next try, so that a kill leaves no file that anybody could take for a snapshot.
    staged = folder / f".{stem}.csv"
    try:
        with atomic_path(staged) as temporary:
            temporary.write_bytes(content)
        catalog = _read(staged, source, kind)
        if previous is not None and sha256_file(previous) == sha256_file(staged):
            _write_checksum(previous)
            return Snapshot(previous, False, replace(catalog, info=identify_table(previous)), previous)
        path = _dated(folder, stem, moment)
        os.replace(staged, path)
        _sync(folder)
    finally:
        staged.unlink(missing_ok=True)
    _write_checksum(path)
    logger.info("%s: %d signals", path, len(catalog.signals))
    return Snapshot(path, True, replace(catalog, info=identify_table(path)), previous)


def _read(staged: Path, source: str, kind: str) -> CatalogTable:
    try:
        catalog = read_catalog(staged)
        require_signals(catalog)
    except CatalogError as error:
        reason = str(error).replace(f"{staged}: ", "").replace(f"{staged}, ", "")
        raise CatalogError(f"{source}: refused, and not kept: {reason}") from None
    if catalog.info.table != kind:
        raise CatalogError(f"{source}: refused, and not kept: this is {catalog.info.title} [{catalog.info.table}]")
    return catalog


def _dated(folder: Path, stem: str, moment: datetime) -> Path:
    """A name that is not taken: two snapshots of one second would be one."""
    while True:
        path = folder / f"{stem}_{moment.astimezone(UTC):%Y.%m.%d_%H.%M.%S}.csv"
        if not path.exists():
            return path
        moment += timedelta(seconds=1)


def _write_checksum(path: Path) -> None:
    """Write `<file>.sha256` as sha256sum does, unless it stands there already."""
    beside = path.with_name(f"{path.name}.sha256")
    if not beside.exists():
        write_text(beside, f"{sha256_file(path)}  {path.name}\n")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Let no other process keep a snapshot in the folder meanwhile; ends with the process, however it ends."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
