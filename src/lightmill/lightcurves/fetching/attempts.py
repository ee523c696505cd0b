"""The attempts to get one file from one URL, and the part of it that is on disk meanwhile.

A file is written under the name `<file>.part`, verified as a whole (length, FITS structure, checksums, identity),
flushed to disk, and renamed. Nothing else counts as fetched. A large part that a killed process left behind is gone on
with, if the server still has the same file.
"""

import hashlib
import json
import os
import re
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path

import requests

from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError
from lightmill.lightcurves.fetching.staging import PART, on_disk
from lightmill.lightcurves.reader import MOST_BYTES, SegmentRows
from lightmill.logs import logger
from lightmill.network.bodies import check_status, finish_refusal, length_of, read_body
from lightmill.network.errors import TransientError
from lightmill.network.session import Connections, connection_error
from lightmill.network.waiting import Deadline

Verify = Callable[[BufferedReader], SegmentRows]
"""Reads a file and raises LightCurveError unless it is whole, undamaged and the one that was asked for."""

# Below this it is quicker to fetch a file again than to ask for the rest of it.
_RESUMED_BYTES = 2**20
_FITS = b"SIMPLE  ="


class CorruptProductError(LightCurveError):
    """What an archive has under a product's name is damaged, or another file: it sends the same again."""


class Attempts:
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
        part = part_of(self._staged)
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
        commit(self._staged)
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


def part_of(staged: Path) -> Path:
    """What a file is called until it is verified."""
    return staged.with_name(staged.name + PART)


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def commit(staged: Path) -> None:
    """Flush a verified part to disk and give it its name.

    The folder is not flushed: a name that is lost with the power costs a request, never a wrong byte.
    """
    part = part_of(staged)
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
