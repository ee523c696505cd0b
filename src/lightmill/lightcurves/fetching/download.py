"""One file: from the first place that has it to a verified file on disk, by whatever way is left."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError, StoreError
from lightmill.lightcurves.archives.bases import Base, FolderBase
from lightmill.lightcurves.archives.products import ArchiveUnavailableError, Product
from lightmill.lightcurves.fetching.attempts import Attempts, CorruptProductError, Verify, commit, part_of
from lightmill.lightcurves.fetching.events import EventLog
from lightmill.lightcurves.fetching.staging import on_disk
from lightmill.lightcurves.reader import SegmentRows
from lightmill.logs import logger
from lightmill.network.breaker import Breakers
from lightmill.network.errors import NotThereError, OfflineError, RefusedError, TransientError
from lightmill.network.session import Connections, plain_session
from lightmill.network.urls import host_of
from lightmill.network.waiting import with_retries


@dataclass(frozen=True, slots=True)
class Fetched:
    """A verified file."""

    rows: SegmentRows
    received_bytes: int
    """What came over the network for it; 0 if it was at hand."""


class Downloader:
    """Gets files from places, the first that has them. Safe between threads; each file by one thread at a time."""

    def __init__(
        self,
        bases: Sequence[Base],
        network: NetworkSettings,
        breakers: Breakers,
        events: EventLog | None = None,
        connections: Connections | None = None,
        offline: bool = False,
    ) -> None:
        """`offline` says that there are servers, but that they are not asked: then nobody can say of a file that it is
        nowhere.
        """
        self._bases = bases
        self._offline = offline
        self._network = network
        self._breakers = breakers
        self._events = events or EventLog(None)
        hosts = {host_of(base.url) for base in bases if base.remote}
        self._connections = connections or Connections(network)
        self._session = plain_session(network, hosts, self._connections) if hosts else None

    def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            self._session.close()

    def fetch(self, product: Product, staged: Path, verify: Verify, kept: Path | None = None) -> Fetched:
        """Get a product; `staged` is where it is to lie, and where it may lie already, as it may at `kept`.

        Raises
        ------
        NotThereError
            If no place has it, and all of them could say so.
        TransientError, ArchiveUnavailableError
            If a place that may have it failed, or is not asked any more.
        RefusedError
            If a place refuses to give it, and no other has it.
        CorruptProductError
            If a place has only a damaged or wrong file under its name, and no other has a better one.
        StoreError
            If it cannot be written.
        """
        at_hand = self._at_hand(product, staged, verify, kept)
        if at_hand is not None:
            return at_hand
        failures: list[Exception] = []
        for base in self._bases:
            url = base.locate(product.name)
            if url is None:
                continue
            try:
                if isinstance(base, FolderBase):
                    return Fetched(_verified_on_disk(base.path(product.name), product, verify), 0)
                return self._from(base.url, url, product, staged, verify)
            except NotThereError:
                continue
            except (TransientError, ArchiveUnavailableError, CorruptProductError, RefusedError) as error:
                failures.append(error)
        for kind in (ArchiveUnavailableError, TransientError, RefusedError, CorruptProductError):
            for failure in failures:
                if isinstance(failure, kind):
                    raise failure
        if self._offline:
            raise OfflineError(product.name)
        raise NotThereError(f"{product.name}: no archive has it")

    def _at_hand(self, product: Product, staged: Path, verify: Verify, kept: Path | None) -> Fetched | None:
        """A file that an earlier run fetched, whole, whether or not it came to rename it."""
        part = part_of(staged)
        for path in (kept, staged, part):
            if path is None or not path.exists():
                continue
            try:
                with open(path, "rb") as file:
                    rows = verify(file)
            except LightCurveError as error:
                if path != part:
                    logger.warning("%s: damaged since it was fetched (%s); fetched again", path, error)
                    with on_disk(path):
                        path.unlink(missing_ok=True)
                continue
            except OSError as error:
                raise StoreError(
                    f"{path}: cannot be read: {error.strerror or error}; look after the disk, then run again"
                ) from None
            if path == part:
                commit(staged)
            self._events.write("at_hand", product=product.name, bytes=rows.segment.size_bytes)
            return Fetched(rows, 0)
        return None

    def _from(self, place: str, url: str, product: Product, staged: Path, verify: Verify) -> Fetched:
        assert self._session is not None, "a place on the network has a session"
        attempts = Attempts(self._session, self._connections, self._network, url, staged, verify)
        started = time.monotonic()
        outcome = "ok"
        try:
            with self._breakers.asking(place, product.name):
                rows = with_retries(attempts.once, self._network, attempts.deadline)
            return Fetched(rows, attempts.received_bytes)
        except (TransientError, NotThereError, CorruptProductError, RefusedError) as error:
            outcome = f"{_outcome(error)}: {error}"
            raise
        finally:
            self._events.write(
                "asked",
                product=product.name,
                base=place,
                outcome=outcome,
                attempts=attempts.number,
                bytes=attempts.received_bytes,
                seconds=round(time.monotonic() - started, 3),
            )


def _verified_on_disk(path: Path, product: Product, verify: Verify) -> SegmentRows:
    try:
        with open(path, "rb") as file:
            return verify(file)
    except FileNotFoundError:
        raise NotThereError(f"{product.name}: no such file") from None
    except LightCurveError as error:
        raise CorruptProductError(str(error)) from None
    except OSError as error:
        raise ArchiveUnavailableError(f"{product.name}: {error.strerror or error}") from None


def _outcome(error: Exception) -> str:
    """What the log calls an outcome."""
    if isinstance(error, NotThereError):
        return "absent"
    if isinstance(error, CorruptProductError):
        return "corrupt"
    return "refused" if isinstance(error, RefusedError) else "transient"
