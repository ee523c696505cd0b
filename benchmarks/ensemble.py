"""An ensemble of ten small networks trained by two jobs at once, each of one thread, against one job after the other.

The pipeline trains each member in a job of its own, whatever the number of cores: so two cores should take half the
time. Wall time, for what is shared is the machine; both sides end with the same weights.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import perf_counter

from benchmarks.records import Record
from benchmarks.training import VALIDATION, examples
from lightmill.config.training import TrainingSettings
from lightmill.files import digest
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.fitting import fit
from lightmill.training.train import fresh_network

LENGTHS = {"global": 201, "local": 61}
SAMPLES, EPOCHS = 4096, 4


def compare(folder: Path, members: int = 10, repeats: int = 3) -> Iterator[Record]:
    train = partial(_member, folder, SAMPLES, EPOCHS)
    seconds: dict[int, list[float]] = {1: [], 2: []}
    weights: dict[int, list[str]] = {}
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        # Both are up, with everything loaded, before the clock runs.
        list(pool.map(partial(_member, folder, 128, 1), range(4)))
        for repeat in range(repeats):
            for workers in (1, 2) if repeat % 2 == 0 else (2, 1):
                begin = perf_counter()
                if workers == 2:
                    weights[2] = list(pool.map(train, range(members)))
                else:
                    weights[1] = [pool.submit(train, member).result() for member in range(members)]
                seconds[workers].append(perf_counter() - begin)
    ratios = [alone / both for alone, both in zip(seconds[1], seconds[2], strict=True)]
    yield Record(
        name="ensemble_two_jobs",
        unit="member",
        n=members,
        repeats=repeats,
        ours_s=median(seconds[2]) / members,
        peer="ours, one job after the other",
        peer_s=median(seconds[1]) / members,
        ratio=median(seconds[1]) / median(seconds[2]),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        difference=float(sum(one != other for one, other in zip(weights[1], weights[2], strict=True))),
        difference_in="members with other weights",
        clock="wall",
    )


def _member(folder: Path, samples: int, epochs: int, member: int) -> str:
    """Train `dual_branch` from one seed; returns a digest of its weights."""
    settings = TrainingSettings(epochs=epochs, patience=epochs, precision="bfloat16")
    network = fresh_network("dual_branch", LENGTHS, member)
    path = folder / f"checkpoint.{member}"
    path.unlink(missing_ok=True)
    train, validation = examples(LENGTHS, samples, seed=0), examples(LENGTHS, VALIDATION, seed=1)
    fit(network, train, validation, settings, member, Checkpoint(path, ""))
    return digest({name: tensor.tolist() for name, tensor in network.state_dict().items()})
