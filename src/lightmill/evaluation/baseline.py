"""What period, depth and duration alone would say: a baseline beside every network.

Gradient boosting on their logarithms. Period and duration are the catalog's; the depth is the one measured on the
folded light curve, and the makers' own in sets of imported views. A network that is not above the baseline has learned
nothing from the views that three numbers did not say. Whether a number is missing is not told: it depends on who made
the catalog. The same is fitted to how a signal was observed, which is not what it looks like.
"""

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

SCALARS = ("period_d", "depth_ppm", "duration_h")
OBSERVED = ("transits_observed", "cadences", "in_transit_cadences", "empty_bins_global", "empty_bins_local")


def scalar_features(meta: pd.DataFrame) -> np.ndarray:
    """Log10 of period (d), depth (ppm) and duration (h), (n, 3) float64; NaN where unknown or not above zero."""
    values = meta.loc[:, list(SCALARS)].to_numpy(np.float64)
    return np.log10(np.where(values > 0, values, np.nan))


def observed_features(meta: pd.DataFrame) -> np.ndarray:
    """The counts OBSERVED, which say how a signal was observed, (n, 5) float64; NaN where unknown."""
    return meta.loc[:, list(OBSERVED)].to_numpy(np.float64)


def scalars_baseline(
    train: np.ndarray, labels: np.ndarray, others: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, ...] | None:
    """Probabilities (m,) for each array of `others`, by gradient boosting fitted to `train` and `labels`.

    Parameters
    ----------
    train
        (n, features) as `scalar_features` or `observed_features` gives them; NaN is replaced by the median of the
        training rows.
    labels
        (n,) 1 or 0.
    others
        Arrays (m, features) to score.

    None where no feature is known of any training row. The same input gives the same numbers: nothing is drawn.
    """
    known = np.isfinite(train).any(axis=0)
    if not known.any():
        return None
    typical = np.nanmedian(train[:, known], axis=0)

    def filled(features: np.ndarray) -> np.ndarray:
        return np.where(np.isfinite(features[:, known]), features[:, known], typical)

    model = HistGradientBoostingClassifier(
        learning_rate=0.05, max_iter=100, max_leaf_nodes=15, early_stopping=False, random_state=0
    )
    # One thread: on so little, several wait for each other far longer than they work once cores are shared.
    with threadpool_limits(limits=1):
        model.fit(filled(train), labels)
        return tuple(model.predict_proba(filled(features))[:, 1] for features in others)
