"""Two ways to download Kepler stars from one loopback archive: ours, and loops over lightkurve in their processes."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

import pandas as pd
from tests.loopback import LoopbackArchive

from lightmill.config.archives import KeplerArchive
from lightmill.config.network import NetworkSettings
from lightmill.config.simulation import QUARTERS, SimulationSettings
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.simulate.light_curves import light_curve_files
from lightmill.simulate.segments import quarter
from lightmill.simulate.survey import draw_targets
from lightmill.targets import target_number

SEED = 4
LOOP = Path(__file__).with_name("lightkurve_loop.py")


@dataclass(frozen=True)
class Archive:
    """Simulated stars in a folder, and the server that has them."""

    server: LoopbackArchive
    folder: Path
    targets: tuple[str, ...]
    """The stars that are timed."""
    spare: str
    """One more, to warm up with."""
    sha256: dict[str, str]
    """Of every file, by its name, which has the star's number in it."""
    star_bytes: float


@dataclass(frozen=True)
class Answer:
    """What a downloader says and leaves behind."""

    seconds: float
    cpu_s: float
    """Of all its processes; the server's is not in it."""
    errors: dict[str, str]
    """By target: nothing where it is said to be there."""
    files: dict[str, str]
    """SHA-256 of every file that will be used from now on, by name."""


@contextmanager
def open_archive(folder: Path, stars: int, quarters: Sequence[int], latency_s: float) -> Iterator[Archive]:
    """Write simulated stars below `folder` and serve them from a process of its own."""
    targets = write_stars(folder / "archive", stars + 1, quarters)
    files = list((folder / "archive").rglob("*.fits"))
    with LoopbackArchive(folder / "archive", latency_s=latency_s, process=True) as server:
        yield Archive(
            server=server,
            folder=folder,
            targets=tuple(targets[1:]),
            spare=targets[0],
            sha256=_sums(files),
            star_bytes=sum(file.stat().st_size for file in files) / len(targets),
        )


def write_stars(folder: Path, stars: int, quarters: Sequence[int]) -> list[str]:
    """Write the files of simulated stars, each seen in every quarter, as the archive has them; their target ids."""
    settings = SimulationSettings(seed=SEED, n_kepler=2 * stars, n_k2=0, n_tess=0, overlap=0, quarters=list(QUARTERS))
    there = (target for target in draw_targets(settings, "Kepler") if not target.missing)
    chosen = [target for target, _ in zip(there, range(stars), strict=False)]
    for target in chosen:
        always = replace(target, segments=tuple(map(quarter, quarters)))
        for name, content in light_curve_files(settings, always):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    return [target.target_id for target in chosen]


def fetch(
    archive: Archive,
    name: str,
    connections: int,
    begin: Callable[[], None],
    targets: Sequence[str] | None = None,
    network: NetworkSettings | None = None,
) -> Answer:
    """Our download, which knows no more of the stars than their numbers; `name` is the store's.

    `begin` is called when all is ready, a moment before the clock starts.
    """
    store, shard = archive.folder / name, archive.folder / f"{name}.parquet"
    manifest, products = archive.folder / f"{name}-manifest.parquet", archive.folder / f"{name}-products.parquet"
    pd.DataFrame({"target_id": targets or archive.targets}).to_parquet(shard)
    place = KeplerArchive(base_url=archive.server.url)
    begin()
    start, cpu_start = time.perf_counter(), time.process_time()
    fetch_shard(shard, "Kepler", place, store, manifest, products, network=network, connections=connections)
    seconds, cpu_s = time.perf_counter() - start, time.process_time() - cpu_start
    rows, files = pd.read_parquet(manifest), pd.read_parquet(products)
    errors = {row.target_id: "" if row.outcome == "ok" else row.outcome for row in rows.itertuples()}
    used = {Path(file.product).name: file.sha256 for file in files.itertuples() if file.outcome == "ok"}
    # Whatever lies in the staging folder is a leftover; whole files there are used by the next run.
    return Answer(seconds, cpu_s, errors, used | _sums((store / "staging").rglob("*.*")))


def loops(
    archive: Archive,
    name: str,
    processes: int,
    begin: Callable[[], None],
    targets: Sequence[str] | None = None,
    limit_s: float | None = None,
) -> Answer:
    """lightkurve's download in one process or several, each with its share of the stars; `name` is their cache's.

    `begin` as in `fetch`. Raises subprocess.TimeoutExpired if they take longer than `limit_s`; none is left running.
    """
    wanted = targets or archive.targets
    cache = archive.folder / name
    shares = [wanted[start::processes] for start in range(min(processes, len(wanted)))]
    results = [archive.folder / f"{name}-{number}.json" for number in range(len(shares))]
    with ExitStack() as running:
        begun = []
        for share, result in zip(shares, results, strict=True):
            begun.append(running.enter_context(_loop(archive, share, cache, result)))
            running.callback(begun[-1].kill)
        for process in begun:
            said = process.stdout.readline().strip()
            if said != "ready":
                raise RuntimeError(f"lightkurve did not get as far as the first star: {said or 'it ended'}")
        begin()
        start = time.perf_counter()
        for process in begun:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in begun:
            process.wait(limit_s)
        seconds = time.perf_counter() - start
    told = [json.loads(result.read_text(encoding="utf-8")) for result in results]
    errors = {f"KIC {number}": error for one in told for number, error in one["errors"].items()}
    cpu_s = sum(one["cpu_s"] for one in told)
    return Answer(seconds, cpu_s, errors, _sums((cache / "mastDownload").rglob("*.fits")))


def _loop(archive: Archive, targets: Sequence[str], cache: Path, result: Path) -> subprocess.Popen[str]:
    config = archive.folder / "config"
    config.mkdir(exist_ok=True)
    (config / "astroquery.cfg").write_text(f"[mast]\nserver = {archive.server.url}\n")
    # The resolver of names, which is asked where a search finds nothing, has its address in the code: hence the proxy.
    environment = os.environ | {
        "ASTROPY_CONFIG_DIR": str(config),
        "HTTP_PROXY": archive.server.url,
        "http_proxy": archive.server.url,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    numbers = [str(target_number(target)) for target in (archive.spare, *targets)]
    return subprocess.Popen(
        [sys.executable, str(LOOP), str(result), str(cache), *numbers],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def _sums(files: Iterable[Path]) -> dict[str, str]:
    """SHA-256 of files by their names."""
    return {file.name: sha256(file.read_bytes()).hexdigest() for file in files if file.is_file()}
