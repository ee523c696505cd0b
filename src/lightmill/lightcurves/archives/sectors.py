"""Which two-minute light curves TESS has of which star: the archive's download scripts, each asked for once."""

import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import requests

from lightmill.config.archives import Base
from lightmill.config.network import NetworkSettings
from lightmill.errors import StoreError
from lightmill.files import atomic_path
from lightmill.lightcurves.archives.bases import NotListableError, WebBase
from lightmill.lightcurves.archives.names import SECTOR_SCRIPTS
from lightmill.lightcurves.archives.sector_scripts import SCHEMA, read_script, script_name, script_sector
from lightmill.logs import logger
from lightmill.network.errors import NotThereError, RefusedError, TransientError
from lightmill.network.session import patient_session
from lightmill.network.urls import host_of

_FOLDER = "sectors"
_MOST_SECTORS = 1000
# Sectors are numbered without gaps: so many in a row that are not there are the end.
_GAP = 2


def list_sectors(
    bases: Sequence[Base],
    network: NetworkSettings,
    store: str | Path,
    output: str | Path,
    chosen: Collection[int] | None = None,
) -> bool:
    """Write the table of TESS's two-minute light curves, and return whether there are lists to make it from.

    Parameters
    ----------
    bases : where the archive's files are; of the web servers among them, the first that has scripts is asked
    network : how to ask; offline, what is in the store is all there is
    store : folder of the light-curve store; `sectors/s0001.parquet` and so on are kept there, and never asked again
    output : parquet file to write, sorted by its columns (sector, tic, url): TIC number int64, sector int16, and the
        address that the archive's script fetches the file from. Its schema's metadata say `lists: scripts`; `lists:
        partial` if lists of chosen sectors are not at hand offline; or `lists: none` if there are none, in the store
        or on any base: then it has no rows, and they mean nothing.
    chosen : sectors to use, None for all

    Raises
    ------
    TransientError
        If a base that may have scripts cannot be asked now or gives none that can be read, and no other base helps
        out; or if a list in the store is damaged, and no base has it.
    RefusedError
        If a server refuses to give a script that it lists.
    StoreError
        If the store or the output cannot be written.
    """
    folder = Path(store) / _FOLDER
    kept = {sector for sector in _named(folder) if _is_chosen(sector, chosen) and _read(folder, sector) is not None}
    if network.offline:
        logger.warning(
            "%s: offline: %d sectors are at hand%s; once online, `--forcerun list_sectors` brings the lists up to date",
            folder,
            len(kept),
            f", {len(set(chosen) - kept)} of those chosen are not" if chosen is not None else "",
        )
    elif chosen is None or not kept.issuperset(chosen):
        _fetch_missing(bases, network, folder, kept, chosen)
    named = _named(folder)
    lost = [sector for sector in sorted(named - kept) if _is_chosen(sector, chosen)]
    if lost:
        raise TransientError(
            f"{_path(folder, lost[0])}: damaged, and no base gives it again now; go online, or name a base that has it"
        )
    # Lists of sectors that were not chosen are lists all the same, where the archive was asked for the chosen ones.
    there = bool(kept or (named and not network.offline))
    partial = network.offline and chosen is not None and not kept.issuperset(chosen)
    schema = SCHEMA.with_metadata({"lists": ("partial" if partial else "scripts") if there else "none"})
    _write(output, schema, (table for sector in sorted(kept) if (table := _read(folder, sector)) is not None))
    return there


def _fetch_missing(
    bases: Sequence[Base], network: NetworkSettings, folder: Path, kept: set[int], chosen: Collection[int] | None
) -> None:
    """Fetch the chosen sectors that are not in `kept`, and add them, from the first base that has scripts."""
    # The bucket has none, and folders are looked through, not listed by sectors.
    web = [base for base in bases if base.remote and base.layout == "archive"]
    failure: TransientError | None = None
    for base in web:
        try:
            with patient_session(network, [host_of(one.url) for one in web], check=_check) as session:
                if _Scripts(WebBase(base.url, session), session, folder, kept, chosen).fetch():
                    return
        except TransientError as error:
            logger.warning("%s", error)
            failure = failure or error
    if failure is not None:
        raise failure


class _Scripts:
    """The scripts of one web server."""

    def __init__(
        self, base: WebBase, session: requests.Session, folder: Path, kept: set[int], chosen: Collection[int] | None
    ) -> None:
        self._base = base
        self._session = session
        self._folder = folder
        self._kept = kept
        self._chosen = chosen

    def fetch(self) -> bool:
        """Fetch what is missing; returns whether there are scripts at all."""
        try:
            names = self._base.listed(SECTOR_SCRIPTS)
        except NotListableError:
            return self._fetch_by_number()
        sectors = sorted(sector for name in names or () if (sector := script_sector(name)) is not None)
        for sector in filter(self._is_missing, sectors):
            if not self._fetch_one(sector):
                logger.warning("%s/%s: listed, but not there", self._base.url, script_name(sector))
        return bool(sectors)

    def _fetch_by_number(self) -> bool:
        """Fetch what is missing where the server does not list its folders: a script that is not there ends it."""
        last_known = max(_named(self._folder), default=0)
        there, not_there = False, 0
        for sector in filter(self._is_missing, range(1, _MOST_SECTORS)):
            try:
                is_there = self._fetch_one(sector)
            except RefusedError as error:
                # Some mirrors refuse what they do not have, instead of saying so.
                logger.warning("%s; taken for a server without lists of sectors", error)
                break
            if is_there:
                there, not_there = True, 0
            elif sector > last_known:
                not_there += 1
                if not_there == _GAP:
                    break
        return there

    def _is_missing(self, sector: int) -> bool:
        return _is_chosen(sector, self._chosen) and sector not in self._kept

    def _fetch_one(self, sector: int) -> bool:
        try:
            response = self._session.get(str(self._base.locate(f"{SECTOR_SCRIPTS}/{script_name(sector)}")))
        except NotThereError:
            return False
        table = read_script(_text(response), sector, response.url)
        _write(_path(self._folder, sector), SCHEMA, [table])
        logger.info("%s: %d light curves of sector %d", response.url, len(table), sector)
        self._kept.add(sector)
        return True


def _check(response: requests.Response) -> None:
    """Raise TransientError if a script is broken, so that the session asks for it again."""
    sector = script_sector(response.url.rpartition("/")[2])
    if sector is not None:
        read_script(_text(response), sector, response.url)


def _text(response: requests.Response) -> str:
    # Every byte is some character; lines with other than ASCII's are no good lines.
    return response.content.decode("latin-1")


def _is_chosen(sector: int, chosen: Collection[int] | None) -> bool:
    return chosen is None or sector in chosen


def _path(folder: Path, sector: int) -> Path:
    return folder / f"s{sector:04d}.parquet"


def _named(folder: Path) -> set[int]:
    """The sectors that are kept, by their files' names."""
    matches = [re.fullmatch(r"s([0-9]{4})\.parquet", path.name, re.ASCII) for path in folder.glob("s*.parquet")]
    return {int(match[1]) for match in matches if match is not None}


def _read(folder: Path, sector: int) -> pa.Table | None:
    """A sector that is kept; None, with a warning, if its file is damaged."""
    path = _path(folder, sector)
    try:
        table = pq.read_table(path, page_checksum_verification=True)
        if table.schema.equals(SCHEMA) and table["sector"].unique().to_pylist() == [sector]:
            return table
        reason = "not a list of this sector"
    except (OSError, pa.ArrowException) as error:
        reason = " ".join(str(error).split())[:200]
    logger.warning("%s: damaged (%s); as if it were not there", path, reason)
    return None


def _write(path: str | Path, schema: pa.Schema, tables: Iterable[pa.Table]) -> None:
    """Write tables one after the other, atomically."""
    try:
        with (
            atomic_path(path) as temporary,
            pq.ParquetWriter(
                temporary, schema, compression="zstd", use_dictionary=["sector"], write_page_checksum=True
            ) as writer,
        ):
            for table in tables:
                writer.write_table(table.cast(schema))
    except OSError as error:
        raise StoreError(
            f"{path}: {error.strerror or error}; make sure that it can be written, then run again"
        ) from None
