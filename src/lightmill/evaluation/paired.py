"""Differences between models that were judged on the same signals.

Two models err on the same hard signals, so the difference of their metrics is known far better than either metric. Both
are computed on the same bootstrap samples of groups, and the interval is that of the differences.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.bootstrap import percentile_interval
from lightmill.evaluation.metrics import measurable, metric_names, note_of_samples, sampled_metrics, too_few

# Metrics of which less is better.
LESS_IS_BETTER = ("brier", "log_loss")
DIFFERENCE_COLUMNS = (
    "model",
    "other",
    "metric",
    "value",
    "other_value",
    "difference",
    "low",
    "high",
    "excludes_zero",
    "better",
    "note",
)

Sampled = tuple[np.ndarray, np.ndarray]
"""What `lightmill.evaluation.metrics.sampled_metrics` gives: metrics (metrics,), and of samples (samples, metrics)."""


def compared_metrics(settings: EvaluationSettings) -> list[str]:
    """The metrics that are compared: those that need no threshold and whose differences mean something."""
    at_precision = [name for name in metric_names(settings) if name.startswith("recall_at_precision")]
    return ["average_precision", *at_precision, "roc_auc", *LESS_IS_BETTER]


def paired_differences(
    labels: np.ndarray,
    scores: Mapping[str, np.ndarray],
    groups: np.ndarray,
    pairs: Sequence[tuple[str, str]],
    settings: EvaluationSettings,
    seed: int = 0,
) -> pd.DataFrame:
    """DIFFERENCE_COLUMNS for each pair of models and each of `compared_metrics`.

    Parameters
    ----------
    labels
        (n,) 1 or 0.
    scores
        By model, (n,) probabilities of the same rows.
    groups
        (n,) group of each row; rows of a group are drawn together.
    pairs
        Models to compare; `difference` is the first's value less the second's.
    seed
        Of the bootstrap; the same input and seed give the same table.

    Raises ValueError as `lightmill.evaluation.metrics.score_metrics` does.
    """
    sampled = {
        model: sampled_metrics(labels, scores[model], groups, settings, seed)
        for model in dict.fromkeys(model for pair in pairs for model in pair)
    }
    return differences_of(sampled, int(np.sum(labels)), pairs, settings)


def differences_of(
    sampled: Mapping[str, Sampled], positives: int, pairs: Sequence[tuple[str, str]], settings: EvaluationSettings
) -> pd.DataFrame:
    """`paired_differences` of models of which metrics and samples are known, all from the same groups and seed."""
    names = metric_names(settings)
    rows: list[dict[str, object]] = []
    for model, other in pairs:
        (values, samples), (other_values, other_samples) = sampled[model], sampled[other]
        for metric in compared_metrics(settings):
            place = names.index(metric)
            about = {"model": model, "other": other, "metric": metric}
            if not measurable(metric, positives, settings):
                rows.append({**about, "excludes_zero": False, "better": "", "note": too_few(positives, settings)})
                continue
            apart = samples[:, place] - other_samples[:, place]
            low, high = percentile_interval(apart, settings.confidence)
            larger = model if low > 0 else other if high < 0 else ""
            smaller = {model: other, other: model, "": ""}[larger]
            rows.append(
                {
                    **about,
                    "value": values[place],
                    "other_value": other_values[place],
                    "difference": values[place] - other_values[place],
                    "low": low,
                    "high": high,
                    "excludes_zero": larger != "",
                    "better": smaller if metric in LESS_IS_BETTER else larger,
                    "note": note_of_samples(apart),
                }
            )
    return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))
