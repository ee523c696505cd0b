"""What a few numbers alone would say: baselines beside every network, by gradient boosting.

Three kinds of numbers are kept apart. Ours are measured on the folded light curve, and nothing else: a network that is
not above them has learned nothing from the views that a dozen numbers did not say. The catalog's are what its people
and programs fitted to the signals that they then judged, so that numbers and labels have one author: a warning. And how
a signal was observed is not what it looks like. Whether a number is missing is never told: it depends on who made the
catalog.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from lightmill.errors import ViewError

MEASURED = (
    "depth_ppm",
    "duration_over_period",
    "odd_even_sigma",
    "secondary_snr",
    "shape",
    "transit_depth_scatter_sigma",
    "centroid_offset_sigma",
)
LISTED = ("period_d", "duration_h", "depth_ppm", "radius_rearth", "snr")
OBSERVED = ("transits_observed", "cadences", "in_transit_cadences", "empty_bins_global", "empty_bins_local")
# What `meta` says of a signal's ephemeris where its views, and the numbers that came with them, are others'.
IMPORTED = "imported"


def scalar_features(meta: pd.DataFrame) -> np.ndarray:
    """What we measured on a signal's folded light curve, (n, 9) float64; NaN where unknown, and of imported views.

    MEASURED, the depth over the scatter of single cadences, and the secondary's depth over the transit's. Not the S/N,
    which grows with how long a star was watched.
    """
    numbers = meta.loc[:, [*MEASURED, "scatter_ppm", "secondary_depth_ppm"]].astype(np.float64)
    depth = numbers["depth_ppm"].where(numbers["depth_ppm"] > 0)
    scatter = numbers["scatter_ppm"].where(numbers["scatter_ppm"] > 0)
    features = numbers[list(MEASURED)].assign(
        depth_over_scatter=depth / scatter, secondary_over_depth=numbers["secondary_depth_ppm"] / depth
    )
    ours = (meta["ephemeris"] != IMPORTED).to_numpy()
    return np.where(ours[:, None], features.to_numpy(), np.nan)


def catalog_features(meta: pd.DataFrame, listed: pd.DataFrame | None) -> np.ndarray:
    """What the catalogs list of each signal, LISTED, (n, 5) float64; NaN where unknown.

    `listed` has a row for each signal, as `read_listed` gives it. Without, as of views made by others, the numbers are
    those that came with the views: period, duration, depth and S/N.
    """
    if listed is not None:
        return listed.set_index("signal_id").loc[meta["signal_id"], list(LISTED)].to_numpy(np.float64)
    numbers = meta.reindex(columns=list(LISTED)).astype(np.float64)
    measured_by_us = (meta["ephemeris"] != IMPORTED).to_numpy()
    numbers.loc[measured_by_us, ["depth_ppm", "snr"]] = np.nan
    return numbers.to_numpy()


def read_listed(paths: Sequence[str | Path], meta: pd.DataFrame) -> pd.DataFrame | None:
    """The shards' lists of what catalogs say, for the signals in `meta` and in its order; None without lists.

    Raises ViewError for a signal that none of them has.
    """
    if not paths:
        return None
    listed = pd.concat([pd.read_parquet(path) for path in sorted(map(str, paths))], ignore_index=True)
    unlisted = sorted(set(meta["signal_id"]) - set(listed["signal_id"]))
    if unlisted:
        raise ViewError(f"signal {unlisted[0]!r} is in the dataset, but in no list of the catalogs; make it again")
    return listed.set_index("signal_id").loc[meta["signal_id"]].reset_index()


def observed_features(meta: pd.DataFrame) -> np.ndarray:
    """The counts OBSERVED, which say how a signal was observed, (n, 5) float64; NaN where unknown."""
    return meta.loc[:, list(OBSERVED)].to_numpy(np.float64)


def boosted_baseline(
    train: np.ndarray, labels: np.ndarray, others: tuple[np.ndarray, ...]
) -> tuple[np.ndarray, ...] | None:
    """Probabilities (m,) for each array of `others`, by gradient boosting fitted to `train` and `labels`.

    Parameters
    ----------
    train
        (n, features) as the functions above give them; NaN is replaced by the median of the training rows.
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
