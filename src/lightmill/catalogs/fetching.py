"""Fresh catalogs: whole tables fetched from where they are published, kept as dated snapshots, compared with the last.

All but one are tables of the NASA Exoplanet Archive. The ExoMiner vetting catalog is not: its authors publish it as a
file in the repository of ExoMiner (NASA Ames), and the Archive has no table of it.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import requests

from lightmill.catalogs.differences import Difference, compare_catalogs
from lightmill.catalogs.reading import read_catalog
from lightmill.catalogs.snapshots import Snapshot, keep_snapshot
from lightmill.config.network import NetworkSettings
from lightmill.errors import CatalogError
from lightmill.logs import logger
from lightmill.network.errors import NetworkError, OfflineError, TransientError
from lightmill.network.session import patient_session

FOLDER = "data/catalogs"


@dataclass(frozen=True)
class Source:
    """Where a table is: its kind here, its name in the Archive ('' if it is not there), its keys, its file's stem."""

    kind: str
    table: str
    keys: tuple[str, ...]
    stem: str


SOURCES = {
    "koi": Source("koi", "cumulative", ("kepoi_name",), "cumulative"),
    "k2": Source("k2pandc", "k2pandc", ("pl_name",), "k2pandc"),
    "toi": Source("toi", "toi", ("toi",), "TOI"),
    "exominer": Source("exominer", "", (), "exominer_vetting"),
    "dr25-tce": Source("dr25_tce", "q1_q17_dr25_tce", ("kepid", "tce_plnt_num"), "q1_q17_dr25_tce"),
}


@dataclass(frozen=True)
class Fetched:
    """A table that was fetched: the snapshot that holds it, and how it differs from the one before.

    `difference` is None if nothing differs, or if there is no snapshot before; `unread` then says why one that is
    there could not be compared, '' otherwise.
    """

    snapshot: Snapshot
    difference: Difference | None
    unread: str


def fetch_catalog(
    name: str, settings: NetworkSettings, folder: str | Path = FOLDER, moment: datetime | None = None
) -> Fetched:
    """Fetch one of `SOURCES` whole and keep it as a dated snapshot, unless the newest snapshot holds the same.

    Raises CatalogError or NetworkError, with what was expected and what to do, if it cannot be had whole, if the
    reader refuses it or if it cannot be written; then nothing is kept and older snapshots are untouched.
    """
    source = SOURCES.get(name)
    if source is None:
        raise CatalogError(f"no catalog {name[:60]!r} to fetch; there are {', '.join(SOURCES)}")
    url = settings.tap_url if source.table else settings.exominer_url
    if settings.offline:
        raise OfflineError(f"{url}: {name} is not fetched")
    content = _from_archive(source, settings) if source.table else _from_file(url, settings)
    what = f"{url}: table {source.table}" if source.table else url
    snapshot = keep_snapshot(content, what, source.kind, source.stem, folder, moment)
    difference, unread = _compared(snapshot)
    return Fetched(snapshot, difference, unread)


def _from_archive(source: Source, settings: NetworkSettings) -> bytes:
    # pyvo takes a second to import, and only this needs it.
    from lightmill.catalogs.archive_tables import fetch_table

    return fetch_table(source.table, source.keys, settings).encode()


def _from_file(url: str, settings: NetworkSettings) -> bytes:
    """A published CSV as it is, byte for byte."""
    with patient_session(settings, check=_check_csv) as session:
        try:
            return session.get(url).content
        except NetworkError as error:
            raise type(error)(
                f"{str(error).rstrip('.;')}; expected the ExoMiner vetting catalog as CSV: check network.exominer_url, "
                "or try again later"
            ) from None


def _check_csv(response: requests.Response) -> None:
    body = response.content
    if body.lstrip().startswith(b"<"):
        raise TransientError(f"{response.url}: a web page, expected a CSV file")
    if not body.endswith((b"\n", b"\r")):
        raise TransientError(f"{response.url}: no line end after {len(body):,} bytes: empty or cut short")


def _compared(snapshot: Snapshot) -> tuple[Difference | None, str]:
    if snapshot.previous is None or not snapshot.is_new:
        return None, ""
    try:
        return compare_catalogs(read_catalog(snapshot.previous), snapshot.catalog), ""
    except CatalogError as error:
        logger.warning("%s", error)
        return None, str(error)
