"""One file: from the first place that has it to a verified file on disk.

A file is written under the name `<file>.part`, verified as a whole (length, FITS structure, checksums, identity),
flushed to disk, and renamed. Nothing else counts as fetched. A part that a killed process left behind is verified too,
and taken if it is whole; a large one is gone on with, if the server still has the same file.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

import requests

from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError, StoreError
from lightmill.lightcurves.archives.bases import Base, FolderBase
from lightmill.lightcurves.archives.products import ArchiveUnavailableError, Product
from lightmill.lightcurves.fetching.events import EventLog
from lightmill.lightcurves.fetching.staging import PART, on_disk
from lightmill.lightcurves.reader import MOST_BYTES, SegmentRows
from lightmill.logs import logger
from lightmill.network.bodies import check_status, finish_refusal, length_of, read_body
from lightmill.network.breaker import Breakers
from lightmill.network.errors import NotThereError, OfflineError, RefusedError, TransientError
from lightmill.network.session import Connections, connection_error, plain_session
from lightmill.network.urls import host_of
from lightmill.network.waiting import Deadline, with_retries

Verify = Callable[[BufferedReader], SegmentRows]
"""Reads a file and raises LightCurveError unless it is whole, undamaged and the one that was asked for."""

# Below this it is quicker to fetch a file again than to ask for the rest of it.
_RESUMED_BYTES = 2**20
_FITS = b"SIMPLE  ="


class CorruptProductError(LightCurveError):
    """What an archive has under a product's name is damaged, or another file: it sends the same again."""


_OUTCOMES: dict[type[Exception], str] = {
    NotThereError: "absent",
    TransientError: "transient",
    CorruptProductError: "corrupt",
    RefusedError: "refused",
}


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
        part = _part(staged)
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
                _commit(staged)
            self._events.write("at_hand", product=product.name, bytes=rows.segment.size_bytes)
            return Fetched(rows, 0)
        return None

    def _from(self, place: str, url: str, product: Product, staged: Path, verify: Verify) -> Fetched:
        assert self._session is not None, "a place on the network has a session"
        attempts = _Attempts(self._session, self._connections, self._network, url, staged, verify)
        started = time.monotonic()
        outcome = "ok"
        try:
            with self._breakers.asking(place, product.name):
                rows = with_retries(attempts.once, self._network, attempts.deadline)
            return Fetched(rows, attempts.received_bytes)
        except (TransientError, NotThereError, CorruptProductError, RefusedError) as error:
            outcome = f"{_OUTCOMES[type(error)]}: {error}"
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


class _Attempts:
    """The attempts to get one file from one URL."""

    def __init__(
        self,
        session: requests.Session,
        connections: Connections,
        network: NetworkSettings,
        url: str,
        staged: Path,
        verify: Verify,
    ) -> None:
        self._session = session
        self._connections = connections
        self._network = network
        self._url = url
        self._staged = staged
        self._verify = verify
        self._refused_sha256 = ""
        self.deadline = Deadline(network.deadline_s)
        self.number = 0
        self.received_bytes = 0

    def once(self) -> SegmentRows:
        """Ask, read, verify, rename; what is left of a failure is a part that can be gone on with, or nothing."""
        self.number += 1
        part = _part(self._staged)
        with on_disk(part):
            part.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._connections.one(self.deadline):
                vouched = self._receive(part)
        except BaseException:
            if not _resumable(part):
                _drop(part)
            raise
        try:
            with open(part, "rb") as file:
                rows = self._verify(file)
        except LightCurveError as error:
            self._judge(part, error, vouched)
        _commit(self._staged)
        return rows

    def _receive(self, part: Path) -> bool:
        """Write the file, or the rest of it; whether the server said how long it is, and it is."""
        offset, tag = _resume_point(part, self._url)
        headers = {"Range": f"bytes={offset}-", "If-Range": tag} if offset else {}
        left_s = max(self.deadline.left_s(), 0.1)
        timeout = (min(self._network.connect_timeout_s, left_s), min(self._network.read_timeout_s, left_s))
        try:
            response = self._session.get(self._url, headers=headers, stream=True, timeout=timeout)
        except requests.TooManyRedirects:
            raise TransientError(f"{self._url}: redirected again and again", again=False) from None
        except requests.RequestException as error:
            raise connection_error(self._url, error) from None
        with response:
            if response.status_code == 416:
                _drop(part)
                raise TransientError(f"{self._url}: the file has changed since a part of it was fetched")
            if response.status_code not in (200, 206):
                finish_refusal(response, self._network, self.deadline)
            check_status(response)
            if response.status_code == 206 and not (offset and _continues(response, offset)):
                _drop(part)
                raise TransientError(f"{self._url}: another part of the file than was asked for")
            resumed = response.status_code == 206
            with on_disk(part):
                file = open(part, "ab" if resumed else "wb")  # noqa: SIM115
                # Only now: a part of another file must never stand beside this one's tag.
                _note_resume_point(part, self._url, response)
            # Closing writes what is still in the buffer: that can fail like any other write.
            with on_disk(part), file:

                def write(piece: bytes) -> None:
                    self.received_bytes += len(piece)
                    with on_disk(part):
                        file.write(piece)

                read_body(response, write, self._network, self.deadline, MOST_BYTES)
            return "Content-Length" in response.headers

    def _judge(self, part: Path, error: LightCurveError, vouched: bool) -> None:
        """Raise what a file that fails verification means, and remove it.

        What a server vouches for and sends twice in the same form is what the archive has. Everything else, such as
        the page of a proxy, may be better next time.
        """
        raw = part.read_bytes()
        sha256 = hashlib.sha256(raw).hexdigest()
        _drop(part)
        same = sha256 == self._refused_sha256 or self._network.attempts == 1
        self._refused_sha256 = sha256
        if vouched and raw.startswith(_FITS) and same:
            logger.warning("refused: %s (%d bytes, SHA-256 %s, from %s)", error, len(raw), sha256, self._url)
            raise CorruptProductError(str(error)) from None
        raise TransientError(f"{self._url}: {error} (SHA-256 {sha256})") from None


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


def _part(staged: Path) -> Path:
    return staged.with_name(staged.name + PART)


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _commit(staged: Path) -> None:
    """Flush a verified part to disk and give it its name.

    The folder is not flushed: a name that is lost with the power costs a request, never a wrong byte.
    """
    part = _part(staged)
    with on_disk(staged):
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, staged)
        _note(part).unlink(missing_ok=True)


def _drop(part: Path) -> None:
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _resumable(part: Path) -> bool:
    return _note(part).exists() and part.exists() and part.stat().st_size >= _RESUMED_BYTES


def _note_resume_point(part: Path, url: str, response: requests.Response) -> None:
    """Write down what tells whether the server still has the same file; nothing for a server that does not resume."""
    tag = response.headers.get("ETag", "")
    # A weak tag says that two files mean the same, not that their bytes are the same (RFC 9110, 8.8.1).
    tag = response.headers.get("Last-Modified", "") if not tag or tag.startswith("W/") else tag
    resumes = tag and response.headers.get("Accept-Ranges", "").lower() == "bytes"
    if response.status_code == 200:
        _note(part).unlink(missing_ok=True)
        if resumes and length_of(response) >= _RESUMED_BYTES:
            _note(part).write_text(json.dumps({"url": url, "tag": tag}), encoding="utf-8")


def _resume_point(part: Path, url: str) -> tuple[int, str]:
    """From which byte on to ask, and the tag of the file that the part is of; 0 to begin anew."""
    if _resumable(part):
        try:
            note = json.loads(_note(part).read_text(encoding="utf-8"))
            if note["url"] == url and isinstance(note["tag"], str):
                return part.stat().st_size, note["tag"]
        except (OSError, ValueError, KeyError, TypeError):
            logger.info("%s: its note is damaged; fetched from the start", part)
    _drop(part)
    return 0, ""


def _continues(response: requests.Response, offset: int) -> bool:
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""), re.ASCII)
    return match is not None and int(match[1]) == offset
