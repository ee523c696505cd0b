"""Bootstrap samples of a transfer: of the test split's groups, of the seeds and of the draws, the same for all arms.

What is measured of two strategies on one sample is measured on the same stars, the same seeds and the same draws of
labels: their difference is paired in all three.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lightmill.evaluation.bootstrap import group_numbers, group_weights
from lightmill.evaluation.metrics import ranking_metrics
from lightmill.transfer.grid import Arm, Grid

METRICS = ("average_precision", "roc_auc")


class Point(NamedTuple):
    """An arm at one fraction.

    Attributes
    ----------
    source, strategy, fraction
        Which.
    n_labels, n_positives
        Means over draws.
    value
        (metrics,) METRICS of the mean probability of all seeds, mean over draws.
    samples
        (samples, metrics) the same of every bootstrap sample.
    """

    source: str
    strategy: str
    fraction: float
    n_labels: float
    n_positives: float
    value: np.ndarray
    samples: np.ndarray


def sampled_points(grid: Grid, samples: int, seed: int = 0) -> list[Point]:
    """Every arm at every fraction, from so many bootstrap samples; the same seed gives the same points."""
    test = grid.signals["test"]
    truth = test["truth"].to_numpy(np.float64)
    numbers = group_numbers(test["group_id"].to_numpy(str))
    weights = np.concatenate(list(group_weights(numbers, samples, seed)))
    places = [(arm, fraction) for arm in grid.arms for fraction in arm.cells[0]["fraction"].unique()]
    return [_point(arm, fraction, truth, weights, seed) for arm, fraction in places]


def _point(arm: Arm, fraction: float, truth: np.ndarray, weights: np.ndarray, seed: int) -> Point:
    of_fraction = (arm.cells[0]["fraction"] == fraction).to_numpy()
    scores = arm.scores["test"][:, of_fraction]
    drawn = _drawn(scores.shape[0], scores.shape[1], len(weights), seed)
    sampled = [
        _mean_over_draws(truth, scores, seeds, draws, weights[[place]]) for place, (seeds, draws) in enumerate(drawn)
    ]
    every = np.arange(scores.shape[0]), np.arange(scores.shape[1])
    counts = arm.cells[0].loc[of_fraction, ["n_labels", "n_positives"]].mean()
    return Point(
        arm.source,
        arm.strategy,
        float(fraction),
        float(counts["n_labels"]),
        float(counts["n_positives"]),
        _mean_over_draws(truth, scores, *every, np.ones((1, len(truth)))),
        np.array(sampled),
    )


def _drawn(seeds: int, draws: int, samples: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Seeds and draws of each sample, with replacement; the same for every arm that has as many."""
    of_seeds = np.random.default_rng([seed, 1]).integers(0, seeds, (samples, seeds))
    of_draws = np.random.default_rng([seed, 2]).integers(0, draws, (samples, draws))
    return zip(of_seeds, of_draws, strict=True)


def _mean_over_draws(
    truth: np.ndarray, scores: np.ndarray, seeds: np.ndarray, draws: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """METRICS (metrics,) of the mean of some seeds of `scores` (seeds, draws, n), mean over some draws."""
    several, times = np.unique(draws, return_counts=True)
    measured = [np.ravel(ranking_metrics(truth, scores[seeds, draw].mean(axis=0), weights)) for draw in several]
    return np.average(measured, axis=0, weights=times)
