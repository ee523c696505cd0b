"""The loopback archive as tests and benchmarks use it: in threads of this process or in a process of its own."""

import contextlib
import http.client
import json
import pickle
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .record import LoggedRequest
from .server import CONTROL, Server
from .site import Site

# The package is imported by its own name, whatever the parent called it, and ends with its standard input.
CHILD = "import sys; sys.path.insert(0, sys.argv[1]); from loopback.__main__ import serve_for_parent as f; f()"


class LoopbackArchive:
    """Serve a folder tree, laid out as the archive has it, as MAST, as the S3 bucket and as a TAP service.

    Parameters
    ----------
    folder : Path
        Holds `missions/...` and `hlsps/...`; files may be added and changed while it is served.
    latency_s : float
        Time that every request waits before it is answered, s.
    index : int
        Status of folders: 200 (an index page), or 403 or 404 where listing is off.
    scripts : bool
        Whether there are TESS download scripts.
    tables : mapping of str to DataFrame or Path, optional
        Tables of the TAP service; a path is a CSV file as the NASA Exoplanet Archive has them.
    process : bool
        Serve from a process of its own, which ends with this one.
    port : int
        0 takes a free one.

    Attributes
    ----------
    url, s3_url, tap_url : str
        Base addresses. As MAST and as archive.stsci.edu it answers at `url`.
    """

    def __init__(
        self,
        folder: Path,
        latency_s: float = 0.0,
        index: int = 200,
        scripts: bool = True,
        tables: Mapping[str, Any] | None = None,
        process: bool = False,
        port: int = 0,
    ) -> None:
        self._settings = {"latency_s": latency_s, "index": index, "scripts": scripts, "tables": dict(tables or {})}
        self._folder, self._port, self._in_process = Path(folder), port, process
        self._server: Server | None = None
        self._thread: threading.Thread | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self.url = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def s3_url(self) -> str:
        return f"{self.url}/s3"

    @property
    def tap_url(self) -> str:
        return f"{self.url}/TAP"

    def start(self) -> None:
        """Serve; the addresses are known when this returns."""
        if self._in_process:
            self._start_child()
            return
        self._server = Server(Site(self._folder, **self._settings), self._port)
        self.url = self._server.url
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def _start_child(self) -> None:
        command = [sys.executable, "-c", CHILD, str(Path(__file__).resolve().parent.parent)]
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._child.stdin
        assert self._child.stdout
        pickle.dump({"folder": self._folder.resolve(), "port": self._port, **self._settings}, self._child.stdin)
        self._child.stdin.flush()
        self.url = self._child.stdout.readline().decode().strip()
        if not self.url:
            self.stop()
            raise RuntimeError("the process of the loopback archive did not start")

    def stop(self) -> None:
        """Stop serving and close every connection."""
        if self._server:
            self._server.stop()
            self._server = None
        if self._thread:
            self._thread.join()
            self._thread = None
        if self._child:
            assert self._child.stdin
            assert self._child.stdout
            self._child.stdin.close()
            try:
                self._child.wait(5)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            self._child.stdout.close()
            self._child = None

    def _command(self, name: str, **arguments: Any) -> Any:
        if self._server:
            return self._server.site.command(name, arguments)
        with contextlib.closing(http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)) as connection:
            connection.request("POST", CONTROL + name, json.dumps(arguments))
            answer = json.loads(connection.getresponse().read())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["result"]

    def fault(self, pattern: str, kind: str | int, count: int | None = 1, skip: int = 0, **options: Any) -> None:
        """Let requests meet a fault.

        Parameters
        ----------
        pattern : str
            Regular expression, searched in `METHOD path?query` (decoded; without `?` where there is no query). A POST's
            form stands in the place of the query: `POST /api/v0/invoke?request={"service": "Mast.Caom.Filtered", ...}`,
            with JSON's spacing by `json.dumps`, whatever the client's.
        kind : str or int
            An HTTP status or a kind named in `loopback.faults`.
        count, skip : int
            How many of the matching requests meet it (None: all), after how many that pass.
        **options
            `retry_after` (s), `retry_after_date` (True), `at` (0..1 of the body), `rate` (bytes/s), `url`, `path`.
        """
        self._command("fault", pattern=pattern, kind=str(kind), count=count, skip=skip, options=options)

    def random_faults(self, share: float, seed: int, kinds: list[str | int], pattern: str = "", **options: Any) -> None:
        """Let a share of the requests that match a pattern meet one of several kinds, by seed and running number."""
        named = [str(kind) for kind in kinds]
        self._command("random_faults", share=share, seed=seed, kinds=named, pattern=pattern, options=options)

    def clear_faults(self) -> None:
        """No more faults."""
        self._command("clear_faults")

    def requests(self) -> list[LoggedRequest]:
        """Every request so far, in the order of arrival."""
        return [LoggedRequest(**entry) for entry in self._command("requests")]

    def clear(self) -> None:
        """Forget the requests so far and the high-water marks."""
        self._command("clear")

    def set(self, **changes: Any) -> None:
        """Change `latency_s`, `index` or `scripts` while serving."""
        self._command("settings", changes=changes)

    @property
    def most_at_once(self) -> int:
        """The most requests that were handled at the same time."""
        return self._command("most")["requests"]

    @property
    def most_connections(self) -> int:
        """The most connections that were open at the same time."""
        return self._command("most")["connections"]
