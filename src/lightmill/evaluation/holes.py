"""What the holes in a signal's views, and which views it has, would betray of its label: a check beside every network.

A star with several listed signals has gaps where the others' transits were taken out, and a star that somebody took an
interest in was observed more often. Neither is what a planet looks like. No network sees the counts of cadences or the
flags, so that what is said here cannot be learned; it tells whether they may ever be shown.
"""

import numpy as np

from lightmill.training.dataset import FLAG_COLUMNS, Dataset

COARSE = 16
_COUNT = "_count"


def hole_features(data: Dataset) -> np.ndarray | None:
    """Where each signal's views are thin, and which it has: (n, features) float64; None where nothing was counted.

    Of the counts of cadences in a view's bins, over their median: the means in 16 parts of it, and the share of empty
    bins; and 1 or 0 for each of the further views.
    """
    names = sorted(name for name in data.views if name.endswith(_COUNT))
    if not names:
        return None
    columns = [data.meta[list(FLAG_COLUMNS)].to_numpy(np.float64)]
    for name in names:
        counts = np.asarray(data.views[name], dtype=np.float64).reshape(len(data.meta), -1)
        typical = np.maximum(np.median(counts, axis=1, keepdims=True), 1.0)
        parts = np.array_split(counts / typical, COARSE, axis=1)
        columns += [np.column_stack([part.mean(axis=1) for part in parts]), (counts == 0).mean(axis=1)[:, None]]
    return np.concatenate(columns, axis=1)
