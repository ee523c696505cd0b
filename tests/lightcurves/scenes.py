"""A small archive on the loopback interface, a fault in it, and what a download makes of it."""

import contextlib
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from lightcurves.downloading import QUICK, fetch, fragments, light_curves, reasons, wanted
from lightcurves.made_fits import archive_name, write_target
from loopback import LoopbackArchive

from lightmill.errors import LightmillError
from lightmill.lightcurves.store import store_path

STARS = (757076, 757099, 8644288)
TARGETS = tuple(f"KIC {number}" for number in STARS)
VICTIM = TARGETS[1]
VICTIM_FILE = archive_name("Kepler", STARS[1], 2)
"""The file that faults befall: quarter 2 of the second star."""
PATTERN = re.escape(VICTIM_FILE.rpartition("/")[2]) + "$"


@dataclass
class Scene:
    """An archive with its server, the settings of a download, and what is undone after it."""

    folder: Path
    server: LoopbackArchive
    bases: list[Any]
    targets: Any
    network: dict[str, Any] = field(default_factory=dict)
    patches: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def store(self) -> Path:
        return self.folder / "store"

    @property
    def victim(self) -> Path:
        return self.archive / VICTIM_FILE


Inject = Callable[[Scene], None]


@dataclass(frozen=True)
class Fault:
    """A row of the fault matrix."""

    name: str
    inject: Inject
    outcome: str
    """What becomes of the second star: ok, absent, transient, corrupt, or the class of the error that ends the job."""
    expected: str
    """In words."""
    requests: int | None = None
    """How often its file of quarter 2 is asked for (None: not counted here)."""
    says: str = ""
    """Regular expression that the reason in the log, the detail in the manifest, or the error's message holds."""
    others: str = "ok"
    """What becomes of the other stars."""
    least_s: float = 0.0
    """How long it takes at least."""


@dataclass(frozen=True)
class Seen:
    """What came of a fault."""

    outcome: str
    detail: str
    others: tuple[str, ...]
    requests: int
    seconds: float
    light_curves: dict[str, str]
    """SHA-256 of the light curves in the store, by path."""
    right: dict[str, str]
    """The same, of an undisturbed run from the same files on disk."""
    fragments: list[str]
    again: dict[str, str]
    """Outcomes of a second run: of the same if the first gave an answer, else after the fault is gone."""
    again_requests: int
    again_light_curves: dict[str, str]

    @property
    def words(self) -> str:
        """For a table."""
        times = f", asked {self.requests} time{'s' * (self.requests != 1)}" if self.requests else ""
        short = re.sub(r"(https?://archive[^/ ]*/|/store/)?missions/[a-z0-9/]+/kplr", ".../kplr", self.detail)
        return f"{self.outcome}{times}" + (f": {short}" if short else "")


@cache
def made() -> dict[str, bytes]:
    """The archive's files, made once."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [path for number in STARS for path in write_target(Path(folder), "Kepler", number, (1, 2))]
        return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def play(fault: Fault, folder: Path) -> Seen:
    """Set the scene in an empty folder, let the fault happen, and run twice."""
    for place in ("archive", "untouched"):
        for name, content in made().items():
            (folder / place / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / place / name).write_bytes(content)
    with LoopbackArchive(folder / "archive") as server:
        scene = Scene(folder, server, [server.url], wanted(*TARGETS, segments="1,2"))
        began = time.monotonic()
        with scene.patches:
            fault.inject(scene)
            server.clear()
            began = time.monotonic()
            outcomes, details = _run(scene, scene.bases, scene.network)
            seconds = time.monotonic() - began
        requests = sum(request.path.endswith(VICTIM_FILE.rpartition("/")[2]) for request in server.requests())
        found, wrong = light_curves(scene.store), fragments(scene.store, scene.archive)
        settled = fault.outcome in ("ok", "absent", "corrupt")
        if not settled:
            server.clear_faults()
        server.clear()
        again, _ = _run(scene, scene.bases if settled else [server.url], scene.network if settled else {})
        return Seen(
            outcome=outcomes[VICTIM],
            detail=_tidy(details[VICTIM], scene),
            others=tuple(outcomes[target] for target in TARGETS if target != VICTIM),
            requests=requests,
            seconds=seconds,
            light_curves=found,
            right=undisturbed(folder, "archive", scene.targets),
            fragments=wrong,
            again=again,
            again_requests=len(server.requests()),
            again_light_curves=light_curves(scene.store),
        )


def _run(scene: Scene, bases: list[Any], network: dict[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Outcomes and details by target; where an error ends the job it stands for all of them."""
    manifest = scene.folder / "000.parquet"
    manifest.unlink(missing_ok=True)
    try:
        rows = fetch(scene.folder, scene.targets, bases, **network)
    except LightmillError as error:
        assert not manifest.exists(), "a manifest of a job that failed"
        return dict.fromkeys(TARGETS, type(error).__name__), dict.fromkeys(TARGETS, str(error))
    why = reasons(scene.folder)
    details = {name: why.get(name) or row.detail for name, row in rows.items()}
    return {name: row.outcome for name, row in rows.items()}, details


def undisturbed(folder: Path, archive: str, targets: Any) -> dict[str, str]:
    """The light curves that the same files give when they lie on disk."""
    fetch(folder, targets, f"file://{folder / archive}", store=f"right-{archive}", name=f"right-{archive}")
    return light_curves(folder / f"right-{archive}")


def _tidy(detail: str, scene: Scene) -> str:
    """A detail without what differs between runs."""
    text = detail.replace(scene.server.url, "http://archive").replace(str(scene.folder), "")
    text = re.sub(r"127\.0\.0\.1(:\d+)?|\(?[Hh]ost='127\.0\.0\.1', port=\d+\)?", "archive", text)
    return re.sub(r"SHA-256 [0-9a-f]{64}", "SHA-256 ...", text)


# Ways to inject.


def served(kind: str | int, count: int | None = None, pattern: str = PATTERN, **options: Any) -> Inject:
    """The server answers so, `count` times or always."""
    return lambda scene: scene.server.fault(pattern, kind, count, **options)


def both(*faults: Inject) -> Inject:
    """Several things at once."""

    def inject(scene: Scene) -> None:
        for fault in faults:
            fault(scene)

    return inject


def settings(**network: Any) -> Inject:
    """Other settings of the network."""
    return lambda scene: scene.network.update(network)


def replaced(change: Callable[[Path], object]) -> Inject:
    """The archive itself has another file there."""

    def inject(scene: Scene) -> None:
        change(scene.victim)

    return inject


def based(make: Callable[[Scene], list[Any]]) -> Inject:
    """Other bases than the server's."""

    def inject(scene: Scene) -> None:
        scene.bases = make(scene)

    return inject


def patched(make: Callable[[Scene], contextlib.AbstractContextManager[Any]]) -> Inject:
    """Something of the machine fails."""

    def inject(scene: Scene) -> None:
        scene.patches.enter_context(make(scene))

    return inject


def failing(target: str, code: int, where: str = "") -> Inject:
    """A function of the system fails with an error number, on paths below the test's folder that contain a text.

    `target` is its dotted name; the path is its first argument, or what its first argument, a descriptor, has open.
    """

    @contextlib.contextmanager
    def fail(scene: Scene) -> Iterator[None]:
        module, _, name = target.rpartition(".")
        real = getattr(__import__(module, fromlist=[name]) if module != "Path" else Path, name)

        def function(first: Any, *arguments: Any, **named: Any) -> Any:
            path = os.readlink(f"/proc/self/fd/{first}") if isinstance(first, int) else str(first)
            if str(scene.folder) in path and where in path:
                raise OSError(code, os.strerror(code), path)
            return real(first, *arguments, **named)

        with mock.patch.object(Path, name, function) if module == "Path" else mock.patch(target, function):
            yield

    return patched(fail)


@contextlib.contextmanager
def files_at_most(size: int) -> Iterator[None]:
    """No file may grow beyond `size` bytes: what a full disk looks like from within."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def poisoned(damage: Callable[[bytes], bytes]) -> Inject:
    """The store has the star already, and its file is damaged afterwards."""

    def inject(scene: Scene) -> None:
        fetch(scene.folder, scene.targets, [scene.server.url])
        path = store_path(scene.store, VICTIM)
        path.write_bytes(damage(path.read_bytes()))

    return inject


PATIENCE_S = QUICK["deadline_s"] + QUICK["read_timeout_s"]
"""The longest that one file may take."""
