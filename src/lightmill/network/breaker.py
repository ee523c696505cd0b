"""When an archive is down, it is left alone."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from lightmill.network.errors import TransientError


class Breakers:
    """Counts each server's failures in a row; after too many it is not asked any more. Safe between threads."""

    def __init__(self, urls: Iterable[str], failures: int, longest_rest_s: float = float("inf")) -> None:
        """`urls` are the servers, `failures` how many in a row are too many.

        Who asks to be left alone for more than `longest_rest_s` (Retry-After) is, at once.
        """
        self._failures = failures
        self._longest_rest_s = longest_rest_s
        self._in_a_row = dict.fromkeys(urls, 0)
        self._lock = threading.Lock()

    @contextmanager
    def asking(self, url: str, what: str) -> Iterator[None]:
        """Ask the server at `url` for something in the block.

        Raises TransientError at once, naming `what`, if it is not asked any more. A TransientError of the block counts
        as a failure, anything else as an answer.
        """
        if self._open(url):
            raise TransientError(
                f"{what}: later: {url} is not asked any more in this job after {self._failures} failures in a row, or "
                "because it asked to be left alone",
                again=False,
            )
        try:
            yield
        except TransientError as error:
            too_long = (error.retry_after_s or 0.0) > self._longest_rest_s
            with self._lock:
                self._in_a_row[url] += self._failures if too_long else 1
            raise
        except Exception:
            self._answered(url)
            raise
        else:
            self._answered(url)

    def _open(self, url: str) -> bool:
        return self._in_a_row[url] >= self._failures

    def _answered(self, url: str) -> None:
        with self._lock:
            if not self._open(url):
                self._in_a_row[url] = 0
