"""What one loopback archive serves and how it is told of faults: everything but the sockets."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from . import files, s3
from .answers import Answer, Request, text
from .faults import Chance, Fault, FaultBook
from .record import Record

# What may be called by `LoopbackArchive`, here or in another process.
COMMANDS = ("fault", "random_faults", "clear_faults", "requests", "clear", "most", "settings")


class Site:
    """The services of one archive over one folder."""

    def __init__(
        self,
        folder: Path,
        latency_s: float = 0.0,
        index: int = 200,
        scripts: bool = True,
        tables: Mapping[str, Any] | None = None,
    ) -> None:
        self.folder = Path(folder).resolve()
        self.latency_s, self.index, self.scripts = latency_s, index, scripts
        self.tables = dict(tables or {})
        self.book, self.record = FaultBook(), Record()
        self._services: dict[str, Any] = {}

    def answer(self, request: Request) -> Answer:
        """The right answer to a request (with the portal's faults in it)."""
        path = request.path
        if path == s3.PREFIX or path.startswith(s3.PREFIX + "/"):
            return s3.answer(request, self.folder)
        if path == "/TAP" or path.startswith("/TAP/"):
            return self._service("tap").answer(request)
        if path.startswith(("/api/", "/portal/", "/Santa-war/")):
            return self._service("portal").answer(request)
        if path.startswith(("/missions", "/hlsps", "/pub/")):
            return files.answer(request, self.folder, self.index, self.scripts)
        if path == "/":
            return text("<title>A loopback archive</title>\n")
        return files.not_found(request)

    def other_file(self, request: Request, path: str) -> Answer:
        """The answer to another path, for the fault of that name."""
        path, _, query = path.partition("?")
        return self.answer(replace(request, path=path, raw_query=query, query=unquote(query)))

    def _service(self, name: str) -> Any:
        # These two need astropy and pandas, which a server of files alone should not wait for.
        if name not in self._services:
            if name == "tap":
                from .tap import Tap

                self._services[name] = Tap(self.tables)
            else:
                from .portal import Portal

                self._services[name] = Portal(self.folder)
        return self._services[name]

    # Commands: arguments and results are JSON's.

    def command(self, name: str, arguments: dict[str, Any]) -> Any:
        """Do one of the commands."""
        if name not in COMMANDS:
            raise ValueError(f"no command {name}")
        return getattr(self, name)(**arguments)

    def fault(self, pattern: str, kind: str, count: int | None, skip: int, options: dict[str, Any]) -> None:
        self.book.add(Fault(pattern, kind, count, skip, options))

    def random_faults(self, share: float, seed: int, kinds: list[str], pattern: str, options: dict[str, Any]) -> None:
        self.book.add_chance(Chance(share, seed, tuple(map(str, kinds)), pattern, options))

    def clear_faults(self) -> None:
        self.book.clear()

    def requests(self) -> list[dict[str, Any]]:
        return self.record.requests()

    def clear(self) -> None:
        self.record.clear()

    def most(self) -> dict[str, int]:
        return dict(self.record.most)

    def settings(self, changes: dict[str, Any]) -> None:
        for name, value in changes.items():
            if name not in ("latency_s", "index", "scripts"):
                raise ValueError(f"no setting {name}")
            setattr(self, name, value)
