"""Recall and precision of parts of the test split: by period, S/N, depth, duration, mission, disposition and verdict.

An average hides whom a network fails: a survey's planets of long period and low S/N are few, and the ones wanted.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import norm

from lightmill.files import SEPARATOR

# Edges of the slices: half decades, and for the S/N, of which the low end decides, octaves.
EDGES: Mapping[str, tuple[float, ...]] = {
    "period_d": (1, 3, 10, 30, 100, 300),
    "snr": (5, 10, 20, 40, 80, 160),
    "depth_ppm": (100, 300, 1000, 3000, 10_000, 30_000),
    "duration_h": (1, 2, 4, 8, 16),
}
NAMED = ("mission", "disposition")
VERDICT = "false_positive_flag"
ALL, UNKNOWN, NO_VERDICT = "all", "unknown", "none"
SLICE_COLUMNS = (
    "by",
    "slice",
    "low_edge",
    "high_edge",
    "n",
    "n_positives",
    "n_groups",
    "called_positive",
    "recall",
    "recall_low",
    "recall_high",
    "precision",
    "precision_low",
    "precision_high",
    "false_positive_rate",
    "false_positive_rate_low",
    "false_positive_rate_high",
)


def recall_by(meta: pd.DataFrame, labels: np.ndarray, called: np.ndarray, confidence: float) -> pd.DataFrame:
    """SLICE_COLUMNS for the whole test split and for each slice of it that holds signals.

    Parameters
    ----------
    meta
        n rows with `group_id`, the numbers of EDGES, `mission`, `disposition` and `false_positive_flags` (those of the
        catalog, joined by `; `; a signal with several is in the slice of each).
    labels
        (n,) 1 or 0.
    called
        (n,) bool, whether each is called positive.
    confidence
        Of the Wilson intervals (Wilson 1927, J. Am. Stat. Assoc. 22, 209). Signals of one group are not independent: an
        interval is that of as many signals as would tell as much if all of a group were alike, (sum m)^2 / sum m^2 of
        the groups' numbers m of signals (Kish 1965, Survey Sampling), and so rather too long than too short.

    Numbers that are known of no signal have no slices; signals of which one is unknown are in the slice `unknown`.
    A share of nothing is NaN, and so is the precision in a slice of one class.
    """
    groups = meta["group_id"].to_numpy(str)
    rows = [
        {**about, **_slice(labels[inside] == 1, called[inside], groups[inside], confidence)}
        for about, inside in _slices(meta)
        if inside.any()
    ]
    return pd.DataFrame(rows, columns=list(SLICE_COLUMNS))


def _slices(meta: pd.DataFrame) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    """What each slice is, and which rows (n,) bool are in it."""
    yield {"by": ALL, "slice": ALL}, np.ones(len(meta), bool)
    for by, edges in EDGES.items():
        values = meta[by].to_numpy(np.float64)
        known = np.isfinite(values)
        if not known.any():
            continue
        for low, high in zip((np.nan, *edges), (*edges, np.nan), strict=True):
            inside = known & ~(values < low) & ~(values >= high)
            yield {"by": by, "slice": _named(low, high), "low_edge": low, "high_edge": high}, inside
        yield {"by": by, "slice": UNKNOWN}, ~known
    for by in NAMED:
        for name in sorted(meta[by].unique()):
            yield {"by": by, "slice": name}, (meta[by] == name).to_numpy()
    verdicts = meta["false_positive_flags"].str.split(SEPARATOR)
    for name in sorted({verdict for cell in verdicts for verdict in cell} - {""}):
        yield {"by": VERDICT, "slice": name}, np.array([name in cell for cell in verdicts])
    if meta["false_positive_flags"].any():
        yield {"by": VERDICT, "slice": NO_VERDICT}, (meta["false_positive_flags"] == "").to_numpy()


def _named(low: float, high: float) -> str:
    if np.isnan(low):
        return f"below {high:g}"
    return f"from {low:g}" if np.isnan(high) else f"{low:g} to {high:g}"


def _slice(positive: np.ndarray, called: np.ndarray, groups: np.ndarray, confidence: float) -> dict[str, float]:
    """The numbers of one slice, of whose n signals `positive` are and `called` are called so."""
    counts: dict[str, float] = {
        "n": len(groups),
        "n_positives": int(positive.sum()),
        "n_groups": len(np.unique(groups)),
        "called_positive": int(called.sum()),
    }
    both = positive.any() and not positive.all()
    for share, hit, among in (
        ("recall", called, positive),
        ("precision", positive, called & both),
        ("false_positive_rate", called, ~positive),
    ):
        value, low, high = share_of(hit[among], groups[among], confidence)
        counts |= {share: value, f"{share}_low": low, f"{share}_high": high}
    return counts


def share_of(hit: np.ndarray, groups: np.ndarray, confidence: float) -> tuple[float, float, float]:
    """The share of `hit` (n,) bool with its Wilson interval, signals of a group counted as in `recall_by`."""
    if not len(hit):
        return np.nan, np.nan, np.nan
    sizes = np.unique(groups, return_counts=True)[1]
    share, alone = float(hit.mean()), float(sizes.sum() ** 2 / np.sum(sizes**2))
    return share, *_wilson(share, alone, confidence)


def _wilson(share: float, n: float, confidence: float) -> tuple[float, float]:
    """Wilson's interval of a share of `n` signals, which need not be a whole number."""
    z2 = float(norm.ppf((1 + confidence) / 2)) ** 2
    middle, half = share + z2 / (2 * n), np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2)))
    # Rounding may put a limit that is the share itself on its wrong side.
    low, high = (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)
    return float(np.clip(low, 0, share)), float(np.clip(high, share, 1))
