"""Metrics of a binary classifier, each with an interval from a bootstrap over groups.

Signals of one star share noise and history, so they are drawn together: a bootstrap sample draws groups with
replacement, and a row counts as often as its group was drawn. All metrics are computed from those counts at once,
on rows sorted by probability.
"""

import numpy as np
import pandas as pd

from lightmill.config.training import EvaluationSettings

# Elements of the largest weight matrix held at a time (rows × samples): 32 MB of float64.
_BLOCK = 4_000_000

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
    labels, probabilities = _checked(labels, probabilities)
    group_of_row = np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)
    if len(group_of_row) != len(labels):
        raise ValueError(f"{len(group_of_row)} groups for {len(labels)} labels")
    ones = np.ones((1, len(labels)))
    value = _metrics(labels, probabilities, ones, threshold, settings.precisions)[0]
    samples = _bootstrap(labels, probabilities, group_of_row, settings, seed, threshold)
    return _table(value, samples, labels, settings)


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


def _bootstrap(
    labels: np.ndarray,
    probabilities: np.ndarray,
    group_of_row: np.ndarray,
    settings: EvaluationSettings,
    seed: int,
    threshold: float,
) -> np.ndarray:
    """Metrics (samples, metrics) of `settings.bootstrap` samples of groups."""
    generator = np.random.default_rng(seed)
    groups = int(group_of_row.max()) + 1
    block = max(1, _BLOCK // max(groups, len(labels)))
    samples = []
    for start in range(0, settings.bootstrap, block):
        rows = min(block, settings.bootstrap - start)
        drawn = generator.integers(0, groups, size=(rows, groups)) + groups * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups)
        weights = times[:, group_of_row].astype(np.float64)
        samples.append(_metrics(labels, probabilities, weights, threshold, settings.precisions))
    return np.concatenate(samples)


def _metrics(
    labels: np.ndarray, probabilities: np.ndarray, weights: np.ndarray, threshold: float, precisions: list[float]
) -> np.ndarray:
    """All metrics, in the order of `metric_names`, for each row of `weights` (samples, n): (samples, metrics)."""
    order = np.argsort(-probabilities, kind="stable")
    labels, probabilities, weights = labels[order], probabilities[order], weights[:, order]
    # Rows of equal probability stand or fall together: only the last of each tie is a place to cut.
    cuts = np.append(np.flatnonzero(np.diff(probabilities)), len(labels) - 1)
    true = np.cumsum(weights * labels, axis=1)[:, cuts]
    called = np.cumsum(weights, axis=1)[:, cuts]
    positives, total = true[:, -1], called[:, -1]
    with np.errstate(invalid="ignore", divide="ignore"):
        recalls = true / positives[:, None]
        precision_at = np.where(called > 0, true / called, np.nan)
        gains = np.diff(recalls, axis=1, prepend=0)
        average_precision = np.sum(gains * np.nan_to_num(precision_at), axis=1)
        false_rates = (called - true) / (total - positives)[:, None]
        roc_auc = np.sum(np.diff(false_rates, axis=1, prepend=0) * (recalls - gains / 2), axis=1)
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


def _table(value: np.ndarray, samples: np.ndarray, labels: np.ndarray, settings: EvaluationSettings) -> pd.DataFrame:
    positives = int(labels.sum())
    tail = (1 - settings.confidence) / 2
    rows = []
    for column, metric in enumerate(metric_names(settings)):
        low = high = np.nan
        note = ""
        measured = value[column]
        if metric.startswith("recall_at_precision") and positives < settings.minimum_positives:
            measured, note = (
                np.nan,
                f"not measurable below {settings.minimum_positives} positives; there are {positives}",
            )
        elif np.isnan(measured):
            note = "undefined: " + _why_undefined(positives, len(labels))
        else:
            defined = samples[np.isfinite(samples[:, column]), column]
            if len(defined):
                low, high = np.quantile(defined, [tail, 1 - tail])
            if len(defined) < len(samples):
                note = f"interval from {len(defined)} of {len(samples)} samples; the others lack what it needs"
        rows.append((metric, measured, low, high, note))
    return pd.DataFrame(rows, columns=["metric", "value", "low", "high", "note"])


def _why_undefined(positives: int, rows: int) -> str:
    if positives == 0:
        return "no positives"
    return "no negatives" if positives == rows else "nothing reaches the threshold"
