"""What the errors of old labels allow at best: metrics by old labels and by today's, and of who knows today's truth."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma

from lightmill.config.training import EvaluationSettings, LaterLabels
from lightmill.evaluation.bootstrap import bootstrap, group_numbers, percentile_interval
from lightmill.evaluation.metrics import metric_names, score_metrics
from lightmill.evaluation.scores import ENSEMBLE

KNOWER = "todays_truth"
LISTED, OR_ABSENT, ALL, UNDECIDED = "listed", "listed_or_absent", "all", "undecided"
METRICS_COLUMNS = (
    "rows",
    "model",
    "labels",
    "metric",
    "value",
    "low",
    "high",
    "n",
    "n_positives",
    "n_groups",
    "n_left_out",
    "n_now_positive",
    "n_now_negative",
    "note",
)


def todays_metrics(
    truth: pd.DataFrame, settings: LaterLabels, evaluation: EvaluationSettings, threshold: float
) -> pd.DataFrame:
    """METRICS_COLUMNS: the ensemble by old labels and by today's, and by the old ones who knows today's and no more.

    `truth` has `old_label` (NaN where nobody had labelled the signal), `todays_label`, `todays_label_or_absent`,
    `probability` and `group_id`. `threshold`: probability from which on the ensemble calls a signal positive.
    """
    test = truth[truth["old_label"].notna()]
    tables = [_by_both_labels(LISTED, test, test["todays_label"], evaluation, threshold)]
    if settings.absent == "negative":
        tables.append(_by_both_labels(OR_ABSENT, test, test["todays_label_or_absent"], evaluation, threshold))
    # What no later table decides keeps its old label: as if that were right.
    decided = test["todays_label"].fillna(test["old_label"])
    tables.append(_by_both_labels(ALL, test, decided, evaluation, threshold))
    unlabelled = truth[truth["old_label"].isna()]
    if len(unlabelled):
        chosen = unlabelled[unlabelled["todays_label"].notna()]
        counts = _counts(chosen, None, len(unlabelled))
        tables.append(
            _scored(chosen, chosen["todays_label"], chosen["probability"], evaluation, threshold).assign(
                rows=UNDECIDED, model=ENSEMBLE, labels="today", **counts
            )
        )
    return pd.concat(tables, ignore_index=True)[list(METRICS_COLUMNS)]


def _by_both_labels(
    rows: str, test: pd.DataFrame, today: pd.Series, evaluation: EvaluationSettings, threshold: float
) -> pd.DataFrame:
    """Metrics on the test rows that have a label today."""
    chosen, label = test[today.notna()], today[today.notna()]
    old = chosen["old_label"]
    counts = _counts(chosen, label, len(test))
    asked = {
        (ENSEMBLE, "old"): _scored(chosen, old, chosen["probability"], evaluation, threshold),
        (ENSEMBLE, "today"): _scored(chosen, label, chosen["probability"], evaluation, threshold),
        (KNOWER, "old"): _of_who_knows(chosen, label, evaluation),
    }
    return pd.concat(
        [table.assign(rows=rows, model=model, labels=labels, **counts) for (model, labels), table in asked.items()]
    )


def _of_who_knows(chosen: pd.DataFrame, label: pd.Series, evaluation: EvaluationSettings) -> pd.DataFrame:
    """What a ranking by today's labels alone reaches by the old ones: the metrics that ask for ranks and no more."""
    old, groups = chosen["old_label"], chosen["group_id"].to_numpy(str)
    table = _scored(chosen, old, label, evaluation, 0.5)
    table = table[table["metric"].str.startswith(("average_precision", "recall_at", "roc_auc"))].copy()
    if len(chosen):
        value, low, high = ceiling(old.to_numpy(), label.to_numpy(), groups, evaluation)
        table.loc[table["metric"] == "average_precision", ["value", "low", "high"]] = value, low, high
    return table


def ceiling(
    old: NDArray[np.float64], today: NDArray[np.float64], groups: NDArray[np.str_], evaluation: EvaluationSettings
) -> tuple[float, float, float]:
    """The average precision, judged by old labels, of who knows today's and nothing else, with its interval.

    `old` and `today` are labels (n,) 1 or 0, `groups` (n,) what is drawn together in the bootstrap. Today's positives
    come first, then the others, each in no order: the mean over all orders is given (`expected_average_precision`).
    """
    kinds = np.stack([today == 1, (today == 1) & (old == 1), today == 0, (today == 0) & (old == 1)]).astype(float)

    def measure(weights: NDArray[np.float64]) -> NDArray[np.float64]:
        return expected_average_precision(*(kinds @ weights.T))

    samples = bootstrap(measure, group_numbers(groups), evaluation.bootstrap, seed=0)
    low, high = percentile_interval(samples, evaluation.confidence)
    return float(expected_average_precision(*kinds.sum(axis=1))), low, high


def expected_average_precision(
    called: ArrayLike, hits: ArrayLike, others: ArrayLike, missed: ArrayLike
) -> NDArray[np.float64]:
    """The mean average precision over all orders in which `called` rows come first, and `others` after them.

    Of the `called` rows `hits` are positive, of the `others` `missed`; counts that broadcast. A positive at place k of
    n rows, p of them positive, that come in no order has (k - 1) (p - 1) / (n - 1) of the others before it on average
    (McSherry & Najork 2008, "Computing information retrieval performance measures efficiently in the presence of tied
    scores"). NaN without positives.
    """
    called, hits, others, missed = (np.asarray(count, np.float64) for count in (called, hits, others, missed))
    with np.errstate(invalid="ignore", divide="ignore"):
        return (_sum_of_precisions(0.0, 0.0, called, hits) + _sum_of_precisions(called, hits, others, missed)) / (
            hits + missed
        )


def _sum_of_precisions(above: ArrayLike, hits: ArrayLike, rows: NDArray, positives: NDArray) -> NDArray[np.float64]:
    """The mean sum of the precisions at the positives of rows in no order, below others with their hits."""
    above, hits = np.asarray(above, np.float64), np.asarray(hits, np.float64)
    share = positives / np.fmax(rows, 1)
    others = np.where(rows > 1, (positives - 1) / np.fmax(rows - 1, 1), 0.0)
    harmonic = digamma(above + rows + 1) - digamma(above + 1)
    return np.asarray(share * ((hits + 1 - others) * harmonic + others * (rows - above * harmonic)))


def _scored(
    chosen: pd.DataFrame, labels: pd.Series, scores: pd.Series, evaluation: EvaluationSettings, threshold: float
) -> pd.DataFrame:
    """`score_metrics` of some rows, and how many they are; where one class is missing, each metric with a note."""
    counts = {"n": len(chosen), "n_positives": int(labels.sum()), "n_groups": chosen["group_id"].nunique()}
    if labels.nunique() < 2:
        note = "no such rows" if chosen.empty else "all of one class: nothing can be told from anything"
        nothing = pd.DataFrame({"metric": metric_names(evaluation), "note": note})
        return nothing.reindex(columns=["metric", "value", "low", "high", "note"]).assign(**counts)
    table = score_metrics(
        labels.to_numpy(float),
        scores.to_numpy(float),
        chosen["group_id"].to_numpy(str),
        evaluation,
        threshold=threshold,
    )
    return table.assign(**counts)


def _counts(chosen: pd.DataFrame, label: pd.Series | None, of: int) -> Mapping[str, int]:
    """How many rows are left out, and of how many the label has changed, by direction."""
    changed = {"n_now_positive": 0, "n_now_negative": 0}
    if label is not None:
        old = chosen["old_label"]
        changed = {
            "n_now_positive": int(((old == 0) & (label == 1)).sum()),
            "n_now_negative": int(((old == 1) & (label == 0)).sum()),
        }
    return {"n_left_out": of - len(chosen), **changed}
