"""Training `dual_branch` and `astronet` as the product does it, against the plain networks in a plain PyTorch loop.

Ours: convolutions in two-dimensional form with the channels last, products in bfloat16, a fused optimiser, memory that
is kept; and the checkpoint after an epoch, which the plain loop does without. Each has a process of its own, as a job
and a script have. Both take as many steps on as many examples, score a validation set after each epoch, and are judged
on the same rows.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np
import pandas as pd
import torch
from sklearn.metrics import average_precision_score

from benchmarks.plain_networks import PLAIN, score_plainly, train_plainly
from benchmarks.records import Record, release
from lightmill.config.training import Architecture, TrainingSettings
from lightmill.config.views import ViewSettings
from lightmill.memory import keep_freed_memory
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.determinism import seed_torch
from lightmill.training.examples import Examples
from lightmill.training.fitting import fit, score_views
from lightmill.training.train import fresh_network

# Examples of one timed epoch; and examples and epochs of the training after which both are judged.
WORK: dict[Architecture, tuple[int, int, int]] = {"dual_branch": (8192, 4096, 6), "astronet": (1024, 1024, 5)}
JUDGED, VALIDATION = 2000, 128


def compare(folder: Path, repeats: int = 5) -> Iterator[Record]:
    views = ViewSettings()
    lengths = {"global": views.global_.length, "local": views.local.length}
    context = get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=context, initializer=keep_freed_memory) as ours,
        ProcessPoolExecutor(1, mp_context=context, initializer=torch.set_num_threads, initargs=(1,)) as peers,
    ):
        for architecture, (timed, learned, epochs) in WORK.items():
            by_us = partial(_by_us, architecture, lengths, folder, JUDGED)
            plainly = partial(_plainly, architecture, lengths, JUDGED)
            sides = [(ours, by_us), (peers, plainly)]
            reached = [executor.submit(run, learned, epochs).result()[1] for executor, run in sides]
            ours_s, peer_s = _turns(sides, timed, repeats)
            ratios = [theirs / mine for mine, theirs in zip(ours_s, peer_s, strict=True)]
            error = float(np.sqrt(reached[1] * (1 - reached[1]) / (JUDGED / 2)))
            yield Record(
                name=f"training_{architecture}",
                unit="sample",
                n=timed,
                repeats=repeats,
                ours_s=median(ours_s) / timed,
                peer=f"{release('torch')}: Conv1d, float32, Adam",
                peer_s=median(peer_s) / timed,
                ratio=median(peer_s) / median(ours_s),
                ratio_low=min(ratios),
                ratio_high=max(ratios),
                difference=abs(reached[0] - reached[1]),
                difference_in=f"of average precision, standard error {error:.2g}",
                beside={f"average precision, {epochs} epochs of {learned} samples": (reached[0], reached[1])},
            )


def _turns(
    sides: list[tuple[Executor, Callable[[int, int], tuple[float, float]]]], timed: int, repeats: int
) -> tuple[list[float], list[float]]:
    """CPU seconds of one epoch on either side, in turns; who begins changes, and a first round is not timed."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for repeat in range(repeats + 1):
        for place in (0, 1) if repeat % 2 else (1, 0):
            executor, run = sides[place]
            taken = executor.submit(run, timed, 1).result()[0]
            if repeat:
                seconds[place].append(taken)
    return seconds


def _by_us(
    architecture: Architecture, lengths: Mapping[str, int], folder: Path, judged: int, n: int, epochs: int
) -> tuple[float, float]:
    """CPU seconds of a training as the product trains, and the average precision that it reaches."""
    train, validation, test = (examples(lengths, rows, seed) for seed, rows in enumerate((n, VALIDATION, judged)))
    settings = TrainingSettings(
        architecture=architecture, epochs=epochs, patience=epochs, precision="bfloat16", class_weights=False
    )
    network = fresh_network(architecture, lengths, seed=1)
    path = folder / "checkpoint"
    path.unlink(missing_ok=True)
    start = process_time()
    fit(network, train, validation, settings, 1, Checkpoint(path, ""))
    seconds = process_time() - start
    return seconds, float(average_precision_score(test.labels, score_views(network, test.views)))


def _plainly(
    architecture: Architecture, lengths: Mapping[str, int], judged: int, n: int, epochs: int
) -> tuple[float, float]:
    """The same of the plain network in the plain loop, with batches of the same size and the same rate."""
    train, validation, test = (examples(lengths, rows, seed) for seed, rows in enumerate((n, VALIDATION, judged)))
    settings = TrainingSettings()
    seed_torch(1, 0)
    network = PLAIN[architecture](lengths)
    start = process_time()
    for _ in train_plainly(network, train.views, train.labels, epochs, settings.batch_size, settings.learning_rate):
        average_precision_score(validation.labels, score_plainly(network, validation.views))
    seconds = process_time() - start
    return seconds, float(average_precision_score(test.labels, score_plainly(network, test.views)))


def examples(lengths: Mapping[str, int], n: int, seed: int) -> Examples:
    """Noise with a dip in the middle of the positives, of depths from nothing to plain: some cannot be told."""
    generator = np.random.default_rng(seed)
    labels = (np.arange(n) % 2).astype(np.float32)
    depth = generator.uniform(0, 2, n).astype(np.float32) * labels
    views = {}
    for name, bins in lengths.items():
        view = generator.normal(size=(n, bins)).astype(np.float32)
        half = max(bins // 40, 1)
        view[:, bins // 2 - half : bins // 2 + half + 1] -= depth[:, None]
        views[name] = view
    return Examples(views, labels, pd.DataFrame(index=range(n)))
