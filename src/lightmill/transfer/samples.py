"""Bootstrap samples of a transfer: of the test split's groups, of the seeds and of the draws, the same for all arms.

What is measured of two strategies on one sample is measured on the same stars, the same seeds and the same draws of
labels: their difference is paired in all three.

Of n seeds or draws a sample has n - 1, drawn with replacement: then the spread of a mean is that of means of n (Rao and
Wu 1988, JASA 83, 231); with n it would be too narrow, by a tenth for five. A sample's mean probability so is that of
fewer different seeds than there are, and worse for it, the more so the more they differ. That says nothing of how sure
the value is, and is taken off: what all samples of seeds and draws lose in the mean, on the test split as it is.
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
        (samples, metrics) the same of every bootstrap sample, less what samples of seeds and draws lose in the mean.
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
    seeds, draws = scores.shape[:2]
    plain = np.ones((1, len(truth)))
    drawn = list(_drawn(seeds, draws, len(weights), seed))
    sampled = [_mean_over_draws(truth, scores, *one, weights[[place]]) for place, one in enumerate(drawn)]
    several, times = np.unique([np.concatenate(one) for one in drawn], axis=0, return_counts=True)
    of_drawn = [_mean_over_draws(truth, scores, one[: fewer(seeds)], one[fewer(seeds) :], plain) for one in several]
    value = _mean_over_draws(truth, scores, np.arange(seeds), np.arange(draws), plain)
    lost = np.average(of_drawn, axis=0, weights=times) - value
    counts = arm.cells[0].loc[of_fraction, ["n_labels", "n_positives"]].mean()
    return Point(
        arm.source,
        arm.strategy,
        float(fraction),
        float(counts["n_labels"]),
        float(counts["n_positives"]),
        value,
        np.array(sampled) - lost,
    )


def fewer(number: int) -> int:
    """How many seeds or draws a sample has, of so many."""
    return max(number - 1, 1)


def _drawn(seeds: int, draws: int, samples: int, seed: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Seeds and draws of each sample, in order, with replacement; the same for every arm that has as many."""
    of_seeds = np.random.default_rng([seed, 1]).integers(0, seeds, (samples, fewer(seeds)))
    of_draws = np.random.default_rng([seed, 2]).integers(0, draws, (samples, fewer(draws)))
    return zip(np.sort(of_seeds, axis=1), np.sort(of_draws, axis=1), strict=True)


def _mean_over_draws(
    truth: np.ndarray, scores: np.ndarray, seeds: np.ndarray, draws: np.ndarray, weights: np.ndarray
) -> np.ndarray:
    """METRICS (metrics,) of the mean of some seeds of `scores` (seeds, draws, n), mean over some draws."""
    several, times = np.unique(draws, return_counts=True)
    measured = [np.ravel(ranking_metrics(truth, scores[seeds, draw].mean(axis=0), weights)) for draw in several]
    return np.average(measured, axis=0, weights=times)
