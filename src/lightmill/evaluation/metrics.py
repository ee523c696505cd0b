"""Metrics of a binary classifier, each with an interval from a bootstrap over groups.

Signals of one star share noise and history, so they are drawn together: a bootstrap sample draws groups with
replacement, and a row counts as often as its group was drawn. All metrics are computed from those counts at once,
on rows sorted by probability.
"""

import numpy as np
import pandas as pd

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.bootstrap import bootstrap, group_numbers, percentile_interval

CALIBRATION_BINS = 15
# A probability of exactly 0 or 1 that is wrong would cost infinitely much; clipped, it costs 34.5.
_SUREST = 1e-15


def metric_names(settings: EvaluationSettings) -> list[str]:
    """The metrics in the order in which they are given: average precision first, accuracy last."""
    at_precision = [f"recall_at_precision_{precision:g}" for precision in settings.precisions]
    as_probability = ["brier", "log_loss", "ece"]
    at_threshold = ["precision", "recall", "f1", "mcc", "accuracy"]
    return ["average_precision", *at_precision, "roc_auc", *as_probability, *at_threshold]


def calibration_bins(probabilities: np.ndarray) -> np.ndarray:
    """The bin, from 0 on, of each of `probabilities` (n,): CALIBRATION_BINS with as many rows each, low to high.

    Rows of equal probability share a bin, the upper one, so bins are as even as ties allow, and fewer where there are
    fewer distinct probabilities. None is empty.
    """
    ranked = np.sort(probabilities)
    firsts = np.arange(1, CALIBRATION_BINS) * len(ranked) // CALIBRATION_BINS
    bins = np.searchsorted(ranked[firsts], probabilities, side="right")
    return np.unique(bins, return_inverse=True)[1].reshape(-1)


def score_metrics(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray,
    settings: EvaluationSettings,
    seed: int = 0,
    threshold: float = 0.5,
) -> pd.DataFrame:
    """Metrics with percentile intervals from a bootstrap by group.

    Parameters
    ----------
    labels
        (n,) 1 or 0.
    probabilities
        (n,) scores between 0 and 1; only `brier`, `log_loss` and `ece` take them as probabilities.
    groups
        (n,) group of each row; rows of a group are drawn together.
    seed
        Of the bootstrap; the same input and seed give the same table.
    threshold
        Probability from which on a row is called positive, for `precision`, `recall`, `f1`, `mcc` and `accuracy`. To
        be chosen on validation rows, never on these.

    Returns
    -------
    One row per metric with `metric`, `value`, `low`, `high` and `note`. What cannot be measured is NaN and says so in
    its note: recall at fixed precision below `settings.minimum_positives`, anything that needs a class which is
    absent.
    """
    value, samples = sampled_metrics(labels, probabilities, groups, settings, seed, threshold)
    return metrics_with_intervals(value, samples, np.asarray(labels), settings)


def sampled_metrics(
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray,
    settings: EvaluationSettings,
    seed: int = 0,
    threshold: float = 0.5,
) -> tuple[np.ndarray, np.ndarray]:
    """Metrics (metrics,) in the order of `metric_names`, and of bootstrap samples (samples, metrics), NaN if undefined.

    As for `score_metrics`. Two models of the same rows and groups are judged on the same samples: row by row, their
    difference is paired.
    """
    labels, probabilities = _checked(labels, probabilities)
    group_of_row = group_numbers(groups)
    if len(group_of_row) != len(labels):
        raise ValueError(f"{len(group_of_row)} groups for {len(labels)} labels")

    def measure(weights: np.ndarray) -> np.ndarray:
        return _metrics(labels, probabilities, weights, threshold, settings.precisions)

    value = measure(np.ones((1, len(labels))))[0]
    return value, bootstrap(measure, group_of_row, settings.bootstrap, seed)


def _checked(labels: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    labels = np.asarray(labels, np.float64)
    probabilities = np.asarray(probabilities, np.float64)
    if labels.shape != probabilities.shape or labels.ndim != 1 or labels.size == 0:
        raise ValueError(f"labels {labels.shape} and probabilities {probabilities.shape}: expected one of each per row")
    if not np.isin(labels, (0, 1)).all():
        raise ValueError("labels: expected 0 and 1 only; leave rows out that are not in the task")
    if not (np.isfinite(probabilities).all() and probabilities.min() >= 0 and probabilities.max() <= 1):
        raise ValueError("probabilities: expected finite numbers between 0 and 1")
    return labels, probabilities


def ranking_metrics(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Average precision and ROC-AUC (samples,), as `score_metrics` has them, of rows that count by their weights.

    Parameters
    ----------
    labels, probabilities : (n,)
    weights : (samples, n)
    """
    order = np.argsort(-probabilities, kind="stable")
    return _ranking(*_counts_at_cuts(labels[order], probabilities[order], weights[:, order]))


def _counts_at_cuts(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Weight of positives, and of all, down to each place to cut: (samples, cuts), of rows from the surest down."""
    # Rows of equal probability stand or fall together: only the last of each tie is a place to cut.
    cuts = np.append(np.flatnonzero(np.diff(probabilities)), len(labels) - 1)
    return np.cumsum(weights * labels, axis=1)[:, cuts], np.cumsum(weights, axis=1)[:, cuts]


def _ranking(true: np.ndarray, called: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    positives, total = true[:, -1], called[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = true / positives[:, None]
        precision_at = np.where(called > 0, true / called, np.nan)
        gains = np.diff(recalls, axis=1, prepend=0)
        average_precision = np.sum(gains * np.nan_to_num(precision_at), axis=1)
        false_rates = (called - true) / (total - positives)[:, None]
        roc_auc = np.sum(np.diff(false_rates, axis=1, prepend=0) * (recalls - gains / 2), axis=1)
    return average_precision, roc_auc


def _metrics(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, threshold: float, precisions: list[float]
) -> np.ndarray:
    """All metrics, in the order of `metric_names`, for each row of `weights` (samples, n): (samples, metrics)."""
    order = np.argsort(-probabilities, kind="stable")
    labels, probabilities, weights = labels[order], probabilities[order], weights[:, order]
    true, called = _counts_at_cuts(labels, probabilities, weights)
    positives, total = true[:, -1], called[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = true / positives[:, None]
        precision_at = np.where(called > 0, true / called, np.nan)
        average_precision, roc_auc = _ranking(true, called)
        brier = np.sum(weights * (probabilities - labels) ** 2, axis=1) / total
        log_loss = np.sum(weights * _surprise(labels, probabilities), axis=1) / total
        # A bin's weight times how far its mean probability is from its share of positives: the weights cancel.
        bins = np.flatnonzero(np.diff(calibration_bins(probabilities), prepend=-1))
        excess = np.add.reduceat(weights * (probabilities - labels), bins, axis=1)
        ece = np.sum(np.abs(excess), axis=1) / total
        above = (probabilities >= threshold).astype(np.float64)
        hits, calls = weights @ (above * labels), weights @ above
        # Nothing called positive: precision is unknown, recall and F1 are zero.
        precision, recall = hits / calls, hits / positives
        f1 = 2 * hits / (calls + positives)
        # All or none called positive: the calls say nothing of the labels.
        spread = calls * (total - calls) * positives * (total - positives)
        mcc = np.where(spread > 0, (hits * total - calls * positives) / np.sqrt(spread), 0.0)
        accuracy = (total - calls - positives + 2 * hits) / total
    # Without positives every recall above is NaN, and so is what was made of it; the best of none is 0, not NaN.
    best = [np.max(np.where(precision_at >= wanted, recalls, 0.0), axis=1) for wanted in precisions]
    at_precision = [np.where(positives > 0, recall_there, np.nan) for recall_there in best]
    f1 = np.where(positives > 0, f1, np.nan)
    mcc = np.where((positives > 0) & (positives < total), mcc, np.nan)
    as_probability = [brier, log_loss, ece]
    at_threshold = [precision, recall, f1, mcc, accuracy]
    return np.stack([average_precision, *at_precision, roc_auc, *as_probability, *at_threshold], axis=1)


def _surprise(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """-ln of the probability (n,) of what each label says, no further from certainty than _SUREST."""
    of_label = np.where(labels == 1, probabilities, 1 - probabilities)
    return -np.log(np.clip(of_label, _SUREST, 1 - _SUREST))


def metrics_with_intervals(
    value: np.ndarray, samples: np.ndarray, labels: np.ndarray, settings: EvaluationSettings
) -> pd.DataFrame:
    """The table of `score_metrics` from what `sampled_metrics` gives."""
    positives = int(labels.sum())
    rows = []
    for column, metric in enumerate(metric_names(settings)):
        low = high = np.nan
        note = ""
        measured = value[column]
        if not measurable(metric, positives, settings):
            measured, note = np.nan, too_few(positives, settings)
        elif np.isnan(measured):
            note = "undefined: " + _why_undefined(positives, len(labels))
        else:
            low, high = percentile_interval(samples[:, column], settings.confidence)
            note = note_of_samples(samples[:, column])
        rows.append((metric, measured, low, high, note))
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "note"])


def measurable(metric: str, positives: int, settings: EvaluationSettings) -> bool:
    """Whether so many positives are enough for a metric."""
    return not metric.startswith("recall_at_precision") or positives >= settings.minimum_positives


def too_few(positives: int, settings: EvaluationSettings) -> str:
    """The note of what is not `measurable`."""
    return f"not measurable below {settings.minimum_positives} positives; there are {positives}"


def note_of_samples(samples: np.ndarray) -> str:
    """What is to be said of an interval made from samples (samples,) of which some are NaN; else nothing."""
    defined = int(np.isfinite(samples).sum())
    if defined == len(samples):
        return ""
    return f"interval from {defined} of {len(samples)} samples; the others lack what it needs"


def _why_undefined(positives: int, rows: int) -> str:
    if positives == 0:
        return "no positives"
    return "no negatives" if positives == rows else "nothing reaches the threshold"
