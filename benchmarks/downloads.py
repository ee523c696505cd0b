"""Downloads of Kepler stars from an archive that fails now and then: ours against loops over lightkurve."""

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.downloaders import SEED, Answer, Archive, fetch, loops, open_archive
from benchmarks.records import Record, release
from lightmill.config.network import NetworkSettings
from lightmill.config.simulation import QUARTERS
from lightmill.targets import target_number

LATENCY_S = 0.02
FAULTY = 0.01
# An error, a connection that breaks before or in the answer, a bit that flips on the way: all of them come to an end.
FAULTS = ("503", "reset", "truncate", "flip")
# How long an answer that never comes is waited for.
PATIENCE_S = 10.0
Download = Callable[[Callable[[], None]], Answer]
"""Downloads all stars; calls its argument when it is about to begin."""


@dataclass(frozen=True)
class Outcome:
    """One download of all stars, seen from outside."""

    seconds: float
    cpu_s: float
    requests: int
    faults: int
    at_once: int
    """The most requests that the server had in hand at the same time."""
    whole: int
    """Stars of which every file arrived as the archive has it."""
    altered: int
    """Stars that are said to be there, but of whose files one is not the archive's."""
    failed: int
    """Stars with an error."""
    spoilt: int
    """Files that will be used from now on and are not the archive's."""

    @property
    def star_s(self) -> float:
        """Seconds for one star that arrived whole."""
        return self.seconds / max(self.whole, 1)


FIGURES = {
    "seconds": "seconds",
    "cpu_s": "CPU seconds",
    "whole": "stars whole",
    "altered": "stars with altered bytes, not noticed",
    "failed": "stars with an error",
    "spoilt": "spoilt files left for later use",
    "requests": "requests",
    "faults": "requests with a fault",
    "at_once": "most requests at once",
}


def compare(folder: Path, stars: int = 20, at_once: int = 8) -> Iterator[Record]:
    """Download `stars` stars of 17 quarters, over one connection and over `at_once`."""
    with open_archive(folder, stars, QUARTERS, LATENCY_S) as archive:
        fetch(archive, "warm-up", 1, lambda: None, [archive.spare])
        # Ours before and after: how much the two differ tells what else the machine had to do meanwhile.
        one = [twice(archive, lambda begin: fetch(archive, "one-before", 1, begin))]
        many = [twice(archive, lambda begin: fetch(archive, "many-before", at_once, begin))]
        loop = twice(archive, lambda begin: loops(archive, "loop", 1, begin))
        one.append(twice(archive, lambda begin: fetch(archive, "one-after", 1, begin)))
        many.append(twice(archive, lambda begin: fetch(archive, "many-between", at_once, begin)))
        several = twice(archive, lambda begin: loops(archive, "loops", at_once, begin))
        many.append(twice(archive, lambda begin: fetch(archive, "many-after", at_once, begin)))
        waits = hang(archive, PATIENCE_S)
    peer = release("lightkurve")
    yield record("downloads_1", one, f"{peer}, a loop", loop, archive, waits)
    yield record(f"downloads_{at_once}", many[:2], f"{peer}, a loop", loop, archive)
    yield record(f"downloads_{at_once}_loops", many[1:], f"{peer}, {at_once} loops", several, archive)


def twice(archive: Archive, download: Download) -> tuple[Outcome, Outcome]:
    """A download with faults, and once more without them."""

    def begin() -> None:
        archive.server.random_faults(FAULTY, SEED, list(FAULTS))

    first = _seen(archive, download, begin)
    archive.server.clear_faults()
    return first, _seen(archive, download, lambda: None)


def _seen(archive: Archive, download: Download, make_faulty: Callable[[], None]) -> Outcome:
    def begin() -> None:
        archive.server.clear()
        make_faulty()

    answer = download(begin)
    asked = archive.server.requests()
    spoilt = {name for name, found in answer.files.items() if archive.sha256.get(name) != found}
    there = answer.files.keys() - spoilt
    whole, altered, failed = 0, 0, 0
    for target in archive.targets:
        every = {name for name in archive.sha256 if f"kplr{target_number(target):09d}" in name}
        whole += not answer.errors[target] and every <= there
        altered += not answer.errors[target] and not every <= there
        failed += answer.errors[target] != ""
    return Outcome(
        seconds=answer.seconds,
        cpu_s=answer.cpu_s,
        requests=len(asked),
        faults=sum(request.fault is not None for request in asked),
        at_once=archive.server.most_at_once,
        whole=whole,
        altered=altered,
        failed=failed,
        spoilt=len(spoilt),
    )


def hang(archive: Archive, patience_s: float) -> tuple[float, float | None]:
    """Seconds for a star of whose files one is never answered for: ours, and lightkurve's, None if it is given up."""

    def begin() -> None:
        archive.server.fault(r"^GET .*_llc\.fits", "hang")

    star = archive.targets[:1]
    network = NetworkSettings(read_timeout_s=patience_s / 5)
    ours = fetch(archive, "hanging", 1, begin, star, network).seconds
    try:
        return ours, loops(archive, "hanging-loop", 1, begin, star, patience_s).seconds
    except subprocess.TimeoutExpired:
        return ours, None
    finally:
        archive.server.clear_faults()


def record(
    name: str,
    ours: list[tuple[Outcome, Outcome]],
    peer: str,
    theirs: tuple[Outcome, Outcome],
    archive: Archive,
    waits: tuple[float, float | None] | None = None,
) -> Record:
    """`ours`: before and after `theirs`; the figures beside the times are of the slower of the two."""
    faster, slower = min(ours, key=_first_star_s), max(ours, key=_first_star_s)
    beside: dict[str, tuple[float | None, float | None]] = {}
    for run, mine, other in zip(("", "second run, without faults: "), slower, theirs, strict=True):
        for name_of, label in FIGURES.items():
            beside[run + label] = getattr(mine, name_of), getattr(other, name_of)
    ours_s, peer_s = (faster[0].star_s + slower[0].star_s) / 2, theirs[0].star_s
    beside["MB/s, of whole stars"] = archive.star_bytes / ours_s / 1e6, archive.star_bytes / peer_s / 1e6
    if waits is not None:
        beside["seconds for a star, where an answer never comes"] = waits
    return Record(
        name=name,
        unit="whole star",
        n=len(archive.targets),
        repeats=len(ours),
        clock="wall",
        ours_s=ours_s,
        peer=peer,
        peer_s=peer_s,
        ratio=peer_s / ours_s,
        ratio_low=peer_s / slower[0].star_s,
        ratio_high=peer_s / faster[0].star_s,
        difference=float(slower[0].whole - theirs[0].whole),
        difference_in="whole stars",
        beside=beside,
    )


def _first_star_s(runs: tuple[Outcome, Outcome]) -> float:
    return runs[0].star_s
