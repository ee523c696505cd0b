"""The log of every request and the high-water marks of what went on at once."""

import threading
import time
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class LoggedRequest:
    """One request: what was asked, what was answered, how much of it was sent.

    `query` is the decoded query, or for a POST its decoded form (for the portal: `request={...}`); `status` is None
    where no status line was sent; `sent` counts bytes of the body; `whole` is False where the body was cut, garbled in
    its length or the client went away (what the kernel took counts as sent); `fault` is the kind of the injected fault.
    """

    number: int
    method: str
    path: str
    query: str
    range: str | None
    user_agent: str | None
    host: str | None
    fault: str | None = None
    status: int | None = None
    sent: int = 0
    whole: bool = False
    done: bool = False
    began_s: float = field(default_factory=time.time)
    took_s: float | None = None

    @property
    def line(self) -> str:
        """What the patterns of faults are matched with."""
        return request_line(self.method, self.path, self.query)


def request_line(method: str, path: str, query: str) -> str:
    return f"{method} {path}?{query}" if query else f"{method} {path}"


class Record:
    """Requests in the order of their arrival, safe to write from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Condition()
        self._requests: list[LoggedRequest] = []
        self._number = 0
        self._now = {"requests": 0, "connections": 0}
        self.most = {"requests": 0, "connections": 0}

    def next_number(self) -> int:
        with self._lock:
            self._number += 1
            return self._number

    def begin(self, entry: LoggedRequest) -> None:
        """Keep an entry before its answer is sent, so that who has the answer finds the entry."""
        with self._lock:
            self._requests.append(entry)

    def end(self, entry: LoggedRequest) -> None:
        with self._lock:
            entry.took_s = time.time() - entry.began_s
            entry.done = True
            self._lock.notify_all()

    def count(self, what: str, change: int) -> None:
        with self._lock:
            self._now[what] += change
            self.most[what] = max(self.most[what], self._now[what])

    def requests(self, settle_s: float = 0.5) -> list[dict[str, Any]]:
        """All entries; waits up to `settle_s` for those being sent (a client is done a moment before its server)."""
        with self._lock:
            still = (entry for entry in self._requests if entry.fault not in ("hang", "hang_body", "drip"))
            watched = [entry for entry in still if not entry.done]
            self._lock.wait_for(lambda: all(entry.done for entry in watched), settle_s)
            return [asdict(entry) for entry in self._requests]

    def clear(self) -> None:
        """Forget the requests and the high-water marks; the numbering of requests starts again."""
        with self._lock:
            self._requests.clear()
            self._number = 0
            self.most = dict(self._now)
