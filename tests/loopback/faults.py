"""Faults to inject: which request gets which, by pattern and count or by chance."""

import hashlib
import re
import threading
from dataclasses import dataclass, field
from typing import Any

TRANSPORT_KINDS = {
    "hang": "no answer at all",
    "hang_body": "headers and part of the body, then nothing",
    "reset": "the connection is reset (RST) before any answer, or with `at` in mid body",
    "truncate": "full Content-Length, the connection closed in mid body",
    "truncate_nolength": "no Content-Length, Connection: close, closed in mid body",
    "longer": "more bytes than Content-Length says, then closed",
    "zero": "200 and no bytes",
    "html": "200 and an HTML page",
    "null": "200 and the JSON word null",
    "bad_gzip": "Content-Encoding: gzip, and no gzip",
    "flip": "one bit of the body flipped",
    "drip": "`rate` bytes a second (100)",
    "redirect": "302 to `url`; {target} in it becomes the path and query",
    "redirect_loop": "302 to the same address",
    "other_file": "the answer to another path, `path`",
}
PORTAL_KINDS = {
    "error": "status ERROR",
    "executing": "status EXECUTING",
    "empty": "COMPLETE without rows",
    "neighbour": "the rows of the first target replaced by another star's",
    "page_missing": "a page after the first comes without its rows",
}


@dataclass
class Fault:
    """One kind of fault for the requests that a pattern matches (`kind`: one of the tables above, or an HTTP status).

    `skip` requests pass first, then `count` get the fault (None: all that follow). `options`: `retry_after` (seconds)
    and `retry_after_date` (True: as an HTTP-date) for a status; `at` (0..1), where in the body; `rate`, `url`, `path`.
    """

    pattern: str
    kind: str
    count: int | None = 1
    skip: int = 0
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.kind = str(self.kind)
        if not re.fullmatch(r"[1-5]\d\d", self.kind) and self.kind not in {**TRANSPORT_KINDS, **PORTAL_KINDS}:
            raise ValueError(f"no fault of kind {self.kind!r}")
        self._expression = re.compile(self.pattern)

    def fits(self, line: str) -> bool:
        if self.kind == "page_missing" and not re.search(r'"page": (?!1\b)\d', line):
            return False
        return self._expression.search(line) is not None


@dataclass(frozen=True)
class Chance:
    """A share of the requests gets one of several kinds, decided by the seed and the request's number alone."""

    share: float
    seed: int
    kinds: tuple[str, ...]
    pattern: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def draw(self, number: int) -> Fault | None:
        digest = hashlib.sha256(f"{self.seed} {number}".encode()).digest()
        if int.from_bytes(digest[:8], "big") / 2**64 >= self.share:
            return None
        kind = self.kinds[int.from_bytes(digest[8:16], "big") % len(self.kinds)]
        return Fault(self.pattern, kind, options=self.options)


class FaultBook:
    """The faults still to come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._chances: list[list[Any]] = []

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def add_chance(self, chance: Chance) -> None:
        for kind in chance.kinds:
            Fault(chance.pattern, kind)  # a wrong kind or pattern is told here, not at a request
        with self._lock:
            self._chances.append([chance, 0])

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()
            self._chances.clear()

    def choose(self, line: str) -> Fault | None:
        """The fault of a request, the first whose pattern fits; counts are used up by it."""
        with self._lock:
            for fault in self._faults:
                if not fault.fits(line) or fault.count == 0:
                    continue
                if fault.skip:
                    fault.skip -= 1
                    continue
                if fault.count is not None:
                    fault.count -= 1
                return fault
            for entry in self._chances:
                chance = entry[0]
                if re.search(chance.pattern, line):
                    entry[1] += 1
                    drawn = chance.draw(entry[1])
                    if drawn:
                        return drawn
        return None
