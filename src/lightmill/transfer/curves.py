"""Tables made of a transfer's points: learning curves, differences, which strategy is best, what a source is worth."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from lightmill.config.sources import NO_SOURCE
from lightmill.config.transfer import ALONE, STRATEGIES, Comparison
from lightmill.evaluation.bootstrap import percentile_interval
from lightmill.transfer.samples import METRICS, Point

CURVE_COLUMNS = ("source", "strategy", "fraction", "n_labels", "n_positives", "metric", "value", "low", "high")
DIFFERENCE_COLUMNS = (
    "source",
    "fraction",
    "n_labels",
    "strategy",
    "other",
    "metric",
    "value",
    "other_value",
    "difference",
    "low",
    "high",
    "confidence",
    "excludes_zero",
    "better",
    "primary",
)
# Of fewer test groups with a positive a bootstrap says nothing.
FEWEST_TOLD = 10
BEST_COLUMNS = ("source", "fraction", "n_labels", "strategy", "share_best")
WORTH_COLUMNS = (
    "source",
    "strategy",
    "fraction",
    "n_labels",
    "value",
    "scratch_labels",
    "low",
    "high",
    "fewest",
    "most",
    "beyond",
    "worth",
)


def curves(points: Sequence[Point], confidence: float) -> pd.DataFrame:
    """CURVE_COLUMNS: each point's metrics, with intervals, which are cut where a metric cannot be."""
    rows = []
    for point in points:
        about = (point.source, point.strategy, point.fraction, point.n_labels, point.n_positives)
        for place, metric in enumerate(METRICS):
            low, high = percentile_interval(point.samples[:, place].clip(0, 1), confidence)
            rows.append((*about, metric, point.value[place], low, high))
    return pd.DataFrame(rows, columns=list(CURVE_COLUMNS))


def differences(points: Sequence[Point], primary: Sequence[Comparison], confidence: float) -> pd.DataFrame:
    """DIFFERENCE_COLUMNS of all pairs of strategies at each fraction, paired by group, seed and draw.

    Those named in `primary` come first, by average precision, each as often as there are sources, and their intervals
    allow for their number (Bonferroni): all of them together hold with the confidence.
    """
    rows = []
    named = {(one.strategy, one.other, one.fraction) for one in primary}
    strict = 1 - (1 - confidence) / max(len(named) * len(sources_of(points)), 1)
    for source in sources_of(points):
        for fraction in fractions_of(points):
            there = at_fraction(points, source, fraction)
            pairs = [*combinations(_in_pairs(there), 2)]
            for other, strategy in pairs:
                swapped = (other, strategy, fraction) in named
                pair = (other, strategy) if swapped else (strategy, other)
                is_primary = (*pair, fraction) in named
                for metric in METRICS:
                    judged = is_primary and metric == METRICS[0]
                    sure = strict if judged else confidence
                    rows.append(_difference(source, fraction, there[pair[0]], there[pair[1]], metric, sure, judged))
    table = pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))
    return table.sort_values("primary", ascending=False, kind="stable", ignore_index=True)


def _in_pairs(there: dict[str, Point]) -> list[str]:
    """Strategies in the order in which they are compared: with the one that knows no source, first of all."""
    return sorted(there, key=lambda strategy: (strategy != ALONE, STRATEGIES.index(strategy)))


def _difference(
    source: str, fraction: float, first: Point, other: Point, metric: str, confidence: float, primary: bool
) -> tuple[object, ...]:
    place = METRICS.index(metric)
    low, high = percentile_interval(first.samples[:, place] - other.samples[:, place], confidence)
    better = first.strategy if low > 0 else other.strategy if high < 0 else ""
    values = first.value[place], other.value[place]
    about = (source, fraction, max(first.n_labels, other.n_labels), first.strategy, other.strategy, metric)
    return (*about, *values, values[0] - values[1], low, high, confidence, better != "", better, primary)


def nothing_told(table: pd.DataFrame) -> pd.DataFrame:
    """Differences as they are where there are fewer than FEWEST_TOLD test groups with a positive: without intervals."""
    return table.assign(low=np.nan, high=np.nan, excludes_zero=False, better="")


def best(points: Sequence[Point]) -> pd.DataFrame:
    """BEST_COLUMNS: in what share of the samples a strategy has the highest average precision at a fraction."""
    rows = []
    for source in sources_of(points):
        for fraction in fractions_of(points):
            there = at_fraction(points, source, fraction)
            sampled = np.array([point.samples[:, 0] for point in there.values()])
            # Samples without a positive say nothing.
            highest = np.argmax(sampled[:, np.isfinite(sampled).all(axis=0)], axis=0)
            shares = np.bincount(highest, minlength=len(there)) / len(highest)
            labels = max(point.n_labels for point in there.values())
            rows += [(source, fraction, labels, *pair) for pair in zip(there, shares, strict=True)]
    return pd.DataFrame(rows, columns=list(BEST_COLUMNS))


def worth(points: Sequence[Point], confidence: float) -> pd.DataFrame:
    """WORTH_COLUMNS: how many labels a network from scratch needs for what a strategy reaches with fewer.

    The curve of ALONE is made of straight lines in the logarithm of the number of labels, and made not to fall (its
    running maximum). Nothing is known below its first point, `fewest`, and above its last, `most`: what stands at one
    of these ends may be less, or more, intervals too. Where the curve never gets there, `beyond` is true. Intervals
    are of the bootstrap samples of both. Empty where there is no such curve.
    """
    alone = sorted((point for point in points if point.strategy == ALONE), key=lambda point: point.n_labels)
    if not alone:
        return pd.DataFrame(columns=list(WORTH_COLUMNS))
    labels = np.array([point.n_labels for point in alone])
    reached = np.maximum.accumulate(np.array([point.value[0] for point in alone]))
    of_samples = np.maximum.accumulate(np.array([point.samples[:, 0] for point in alone]), axis=0)
    rows = []
    for point in points:
        if point.strategy == ALONE:
            continue
        needed = _labels_for(point.value[0], labels, reached)
        sampled = [
            _labels_for(value, labels, curve)
            for value, curve in zip(point.samples[:, 0], of_samples.T, strict=True)
            if np.isfinite([value, *curve]).all()
        ]
        low, high = percentile_interval(np.array(sampled), confidence)
        beyond = bool(point.value[0] > reached[-1])
        about = (point.source, point.strategy, point.fraction, point.n_labels, point.value[0])
        rows.append((*about, needed, low, high, labels[0], labels[-1], beyond, needed - point.n_labels))
    return pd.DataFrame(rows, columns=list(WORTH_COLUMNS))


def _labels_for(value: float, labels: np.ndarray, reached: np.ndarray) -> float:
    """How many labels a curve (n,) that does not fall needs for a value; its ends where it is below or above them."""
    place = int(np.searchsorted(reached, value))
    if place == 0 or place == len(reached):
        return float(labels[min(place, len(labels) - 1)])
    share = (value - reached[place - 1]) / (reached[place] - reached[place - 1])
    return float(labels[place - 1] * (labels[place] / labels[place - 1]) ** share)


def sources_of(points: Sequence[Point]) -> list[str]:
    """Names of the sources, or NO_SOURCE alone where nothing was transferred."""
    return list(dict.fromkeys(point.source for point in points if point.source != NO_SOURCE)) or [NO_SOURCE]


def fractions_of(points: Sequence[Point]) -> list[float]:
    """The fractions, rising; that of no labels is none of them unless it is the only one."""
    return sorted({point.fraction for point in points if point.fraction > 0}) or [0.0]


def at_fraction(points: Sequence[Point], source: str, fraction: float) -> dict[str, Point]:
    """By strategy, what there is from a source at a fraction; what has no source or needs no labels is there, too."""
    return {
        point.strategy: point
        for point in points
        if point.source in (source, NO_SOURCE) and point.fraction in (fraction, 0.0)
    }
