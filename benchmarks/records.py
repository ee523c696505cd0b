"""Timing two ways of doing the same side by side, and what is written down of it."""

import gc
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import process_time
from typing import Any

from lightmill.files import write_text


@dataclass(frozen=True)
class Record:
    """One comparison: a line of the results."""

    name: str
    unit: str
    """What one time is the time of."""
    n: int
    """Units in one repeat."""
    repeats: int
    ours_s: float
    """Seconds for one unit, median of the repeats."""
    peer: str
    peer_s: float
    ratio: float
    """peer_s / ours_s: above one where we are faster."""
    ratio_low: float
    """Smallest ratio of two neighbouring repeats."""
    ratio_high: float
    """Largest ratio of two neighbouring repeats."""
    difference: float
    """How far the two results are apart."""
    difference_in: str
    """What that difference is of, with its unit."""
    clock: str = "cpu"
    """What seconds are of: `cpu`, of the process, or `wall`, where what is compared waits for others."""
    beside: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    """Other figures of both sides, ours first; None where there is none."""


@dataclass(frozen=True)
class Peer:
    """What we are compared with: its name, and a function of no arguments that does all units once."""

    name: str
    run: Callable[[], Any]


def side_by_side(
    name: str,
    ours: Callable[[], Any],
    peer: Peer,
    *,
    unit: str,
    n: int,
    repeats: int,
    difference: Callable[[Any, Any], float],
    difference_in: str,
    again: int = 1,
) -> Record:
    """Time `ours` and `peer`, in turns; both do all `n` units of work, the peer once, ours `again` times in a turn.

    A first round, not timed, warms caches and tells how far the results are apart.
    """
    apart = difference(ours(), peer.run())
    ours_s, peer_s = [], []
    for repeat in range(repeats):
        # Who goes first changes, so that a machine that slows down favours nobody.
        turns = [(ours, again, ours_s), (peer.run, 1, peer_s)]
        for run, times, seconds in turns if repeat % 2 == 0 else reversed(turns):
            seconds.append(_cpu_seconds(run, times) / n / times)
    ratios = [theirs / mine for mine, theirs in zip(ours_s, peer_s, strict=True)]
    return Record(
        name=name,
        unit=unit,
        n=n,
        repeats=repeats,
        ours_s=median(ours_s),
        peer=peer.name,
        peer_s=median(peer_s),
        ratio=median(peer_s) / median(ours_s),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        difference=float(apart),
        difference_in=difference_in,
    )


def records_of(name: str) -> list[Record]:
    """Run one benchmark, in a temporary folder of its own."""
    with tempfile.TemporaryDirectory(prefix="lightmill-benchmarks-") as folder:
        return list(import_module(f"benchmarks.{name}").compare(Path(folder)))


def _cpu_seconds(run: Callable[[], object], times: int) -> float:
    """CPU time of this process, all its threads and the system's work for it included."""
    gc.collect()
    # What was there before is no garbage of what is timed, and not to be looked through for it.
    gc.freeze()
    start = process_time()
    for _ in range(times):
        run()
    seconds = process_time() - start
    gc.unfreeze()
    return seconds


def release(package: str) -> str:
    """A package with its version, to name a peer by."""
    return f"{package} {version(package)}"


def write_records(path: str | Path, records: Iterable[Record]) -> None:
    """Write records as JSON, one object per line."""
    write_text(path, "".join(json.dumps(asdict(record), allow_nan=False) + "\n" for record in records))


_FORM = "{:<22} {:>10} {:>12} {:>7}  {:<13} {:>6}  {:<60} {}"
HEADER = _FORM.format("name", "ours", "peer", "ratio", "(low-high)", "n", "unit, against", "apart by")


_BESIDE = "    {:<52} {:>9} {:>9}"


def table_lines(record: Record) -> str:
    """A record as a line of the printed table, and one for each of its other figures; times are per unit."""
    beside = [_BESIDE.format(what, *map(_figure, both)) for what, both in record.beside.items()]
    return "\n".join([table_line(record), *beside])


def table_line(record: Record) -> str:
    """A record as a line of the printed table; times are per unit."""
    unit = f"{record.unit} (wall time)" if record.clock == "wall" else record.unit
    return _FORM.format(
        record.name,
        _time(record.ours_s),
        _time(record.peer_s),
        f"{record.ratio:.3g}",
        f"({record.ratio_low:.3g}-{record.ratio_high:.3g})",
        record.n,
        f"{unit}, {record.peer}",
        f"{record.difference:.2g} {record.difference_in}",
    )


def _figure(value: float | None) -> str:
    if value is None:
        return "never"
    return str(value) if isinstance(value, int) else f"{value:.3g}"


def _time(seconds: float) -> str:
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} us"
