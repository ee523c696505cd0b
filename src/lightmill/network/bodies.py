"""Reading an answer's body within limits of time, speed and size."""

import time
from collections.abc import Callable
from contextlib import suppress

import requests
from urllib3.exceptions import HTTPError

from lightmill.config.network import NetworkSettings
from lightmill.network.errors import NotThereError, RefusedError, TransientError
from lightmill.network.waiting import Deadline, retry_after_s
from lightmill.network.watched import cut_after

_CHUNK = 1 << 20
_MOST_REFUSAL_BYTES = 1 << 16
_NOT_THERE = (404, 410)
# Request time-out, conflict, too early, too many requests; and every error that a server calls its own.
_AGAIN = (408, 409, 425, 429)


def check_status(response: requests.Response) -> None:
    """Raise TransientError, NotThereError or RefusedError unless the status is 200 or 206."""
    status, url = response.status_code, response.url
    said = f"{url}: HTTP {status} {response.reason or ''}".rstrip()
    if status in (200, 206):
        return
    if status in _NOT_THERE:
        raise NotThereError(said)
    # An answer without a body, or one of a cache, to a question that asked for one is a server's mistake.
    if status in _AGAIN or status < 400 or status >= 500:
        raise TransientError(said, retry_after_s(response.headers.get("Retry-After"), response.headers.get("Date")))
    raise RefusedError(f"{said}: the server refuses this; check the URL, or ask the archive's help desk")


def read_body(
    response: requests.Response,
    sink: Callable[[bytes], object],
    settings: NetworkSettings,
    deadline: Deadline,
    most_bytes: int,
) -> int:
    """Read the body of a streamed answer into `sink`, piece by piece, and return the number of bytes.

    Raises TransientError if it stays silent, is slower than `slowest_bytes_s`, ends before its Content-Length, is
    compressed though that was not asked for, exceeds `most_bytes`, or is not finished by the deadline. What `sink`
    raises goes through.
    """
    url = response.url
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise TransientError(f"{url}: an answer compressed with {encoding[:40]!r}, which was not asked for")
    promised = length_of(response)
    if promised > most_bytes:
        raise TransientError(f"{url}: {promised} bytes, expected at most {most_bytes}", again=False)
    try:
        # What is not even a piece, such as the length of one, ends when the connection is cut.
        with cut_after(response.raw.connection, deadline.left_s()):
            total = _read_pieces(response, sink, settings, deadline, most_bytes)
    except TimeoutError:
        raise TransientError(f"{url}: not finished after {settings.deadline_s:g} s") from None
    if promised >= 0 and total != promised:
        raise TransientError(f"{url}: {total} of {promised} bytes")
    return total


def _read_pieces(
    response: requests.Response,
    sink: Callable[[bytes], object],
    settings: NetworkSettings,
    deadline: Deadline,
    most_bytes: int,
) -> int:
    """Read a body piece by piece, and return the number of bytes; raises as `read_body` does."""
    url = response.url
    window_start, window_bytes, total = time.monotonic(), 0, 0
    while True:
        try:
            # One piece as it comes: waiting for a full buffer would let a slow drip pass every deadline.
            piece = response.raw.read1(_CHUNK)
        except (HTTPError, OSError) as error:
            raise TransientError(f"{url}: broken off after {total} bytes ({_reason(error)})") from None
        if not piece:
            return total
        total += len(piece)
        window_bytes += len(piece)
        if total > most_bytes:
            raise TransientError(f"{url}: more than {most_bytes} bytes", again=False)
        sink(piece)
        if deadline.left_s() <= 0:
            raise TransientError(f"{url}: not finished after {settings.deadline_s:g} s ({total} bytes)")
        elapsed = time.monotonic() - window_start
        if elapsed >= settings.slow_window_s:
            if window_bytes < settings.slowest_bytes_s * elapsed:
                raise TransientError(
                    f"{url}: {window_bytes / elapsed:.0f} bytes/s over {elapsed:.0f} s, expected at least "
                    f"{settings.slowest_bytes_s:g}"
                )
            window_start, window_bytes = time.monotonic(), 0


def finish_refusal(response: requests.Response, settings: NetworkSettings, deadline: Deadline) -> None:
    """Read what little an answer other than 200 says, so that its connection can be used again."""
    if length_of(response) <= _MOST_REFUSAL_BYTES:
        with suppress(TransientError):
            read_body(response, lambda piece: None, settings, deadline, _MOST_REFUSAL_BYTES)


def length_of(response: requests.Response) -> int:
    """Bytes that an answer says its body has; -1 if it does not say."""
    text = response.headers.get("Content-Length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
