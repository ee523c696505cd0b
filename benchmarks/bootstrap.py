"""Metrics with intervals from a bootstrap by group, against a loop over scikit-learn's functions.

Both draw the same groups from the same random numbers, and give the same thirteen metrics with the same intervals.
"""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn import metrics

from benchmarks.records import Peer, Record, release, side_by_side
from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.metrics import calibration_bins, score_metrics

THRESHOLD = 0.5


def compare(folder: Path, rows: int = 1000, samples: int = 200, repeats: int = 3) -> Iterator[Record]:
    settings = EvaluationSettings(bootstrap=samples, minimum_positives=1)
    generator = np.random.default_rng(1)
    labels = (generator.random(rows) < 0.4).astype(np.float64)
    probabilities = 1 / (1 + np.exp(-generator.normal(2 * labels - 1, 1.5)))
    groups = generator.integers(0, max(rows * 2 // 3, 1), rows)
    yield side_by_side(
        "bootstrap_by_group",
        partial(score_metrics, labels, probabilities, groups, settings),
        Peer(f"{release('scikit-learn')} loop", partial(_loop, labels, probabilities, groups, settings)),
        unit="bootstrap sample",
        n=samples,
        repeats=repeats,
        difference=lambda ours, theirs: np.abs(ours[["value", "low", "high"]].to_numpy() - theirs).max(),
        difference_in="of metrics and limits",
    )


def _loop(
    labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray, settings: EvaluationSettings
) -> np.ndarray:
    """Value, low and high of each metric (metrics, 3)."""
    group_of_row = pd.factorize(groups, sort=True)[0]
    count = group_of_row.max() + 1
    generator = np.random.default_rng(0)
    sampled = []
    for _ in range(settings.bootstrap):
        times = np.bincount(generator.integers(0, count, count), minlength=count)
        sampled.append(_scores(labels, probabilities, times[group_of_row], settings.precisions))
    tail = (1 - settings.confidence) / 2
    value = _scores(labels, probabilities, np.ones(len(labels)), settings.precisions)
    return np.column_stack([value, *np.quantile(sampled, [tail, 1 - tail], axis=0)])


def _scores(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, precisions: list[float]) -> list[float]:
    called = probabilities >= THRESHOLD
    precision_at, recall_at, _ = metrics.precision_recall_curve(labels, probabilities, sample_weight=weights)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, called, average="binary", sample_weight=weights
    )
    return [
        metrics.average_precision_score(labels, probabilities, sample_weight=weights),
        *(recall_at[precision_at >= wanted].max() for wanted in precisions),
        metrics.roc_auc_score(labels, probabilities, sample_weight=weights),
        metrics.brier_score_loss(labels, probabilities, sample_weight=weights),
        metrics.log_loss(labels, probabilities, sample_weight=weights),
        _calibration_error(labels, probabilities, weights),
        precision,
        recall,
        f1,
        metrics.matthews_corrcoef(labels, called, sample_weight=weights),
        metrics.accuracy_score(labels, called, sample_weight=weights),
    ]


def _calibration_error(labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray) -> float:
    """The expected calibration error, which scikit-learn does not have, one bin after the other."""
    bins, error = calibration_bins(probabilities), 0.0
    for inside in (bins == place for place in range(bins.max() + 1)):
        weight = weights[inside].sum()
        if weight > 0:
            mean = np.average(probabilities[inside], weights=weights[inside])
            share = np.average(labels[inside], weights=weights[inside])
            error += weight * abs(mean - share)
    return error / weights.sum()
