"""What every model says of the test signals: the ensemble, its members, and the baselines beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lightmill.errors import ModelError
from lightmill.evaluation.baseline import (
    boosted_baseline,
    catalog_features,
    observed_features,
    read_listed,
    scalar_features,
)
from lightmill.evaluation.holes import hole_features
from lightmill.training.dataset import Dataset
from lightmill.training.ensemble import Ensemble, ensemble_probability
from lightmill.training.judged import members_of_views, views_of_rows
from lightmill.training.progress import best_threshold

ENSEMBLE = "ensemble_mean"
SCALARS, CATALOG, OBSERVED, HOLES = "scalars", "catalog_scalars", "observed", "holes"
MAJORITY = "majority"
BASELINES = (SCALARS, CATALOG, OBSERVED, HOLES, MAJORITY)
# The baselines that were fitted, where what they need is known.
FITTED = (SCALARS, CATALOG, OBSERVED, HOLES)

ABOUT = ("signal_id", "star_id", "group_id", "mission", "label", "disposition")
NUMBERS = ("period_d", "duration_h", "depth_ppm", "snr")


class Scored(NamedTuple):
    """The test split of a dataset and what all models say of it.

    `meta` has n rows, with `false_positive_flags` added; `truth` (n,) is 1 or 0; `members` are the probabilities (n,)
    of the ensemble's networks by seed; `scores` those of all models by name, the ensemble's calibrated; `thresholds`
    the probability from which on each calls a signal positive, chosen on validation.
    """

    meta: pd.DataFrame
    truth: np.ndarray
    members: dict[int, np.ndarray]
    scores: dict[str, np.ndarray]
    thresholds: dict[str, float]

    @property
    def groups(self) -> np.ndarray:
        """The group (n,) of each signal."""
        return self.meta["group_id"].to_numpy(str)

    @property
    def plain_mean(self) -> np.ndarray:
        """The mean (n,) of the members' probabilities, before it is calibrated."""
        return np.mean(list(self.members.values()), axis=0)

    @property
    def baselines(self) -> list[str]:
        """The fitted baselines that there are."""
        return [model for model in FITTED if model in self.scores]


def score_test(data: Dataset, truth: np.ndarray, models: Ensemble, listed_paths: Sequence[str | Path] = ()) -> Scored:
    """Scores of the test split of a dataset, whose labels in the task are `truth` (rows,): 1, 0, or NaN for none.

    `listed_paths` are the shards' lists of what catalogs say of the signals; none for views made by others.

    Raises ModelError if a split lacks a class; ViewError if views or lists do not fit.
    """
    rows = rows_of(data, truth, "test")
    members = _member_probabilities(models, data, rows)
    scores = {ENSEMBLE: ensemble_probability(models, np.stack(list(members.values())))}
    scores |= {f"seed {seed}": probability for seed, probability in members.items()}
    thresholds = {ENSEMBLE: float(models.description["threshold"])}
    thresholds |= {f"seed {member['seed']}": float(member["threshold"]) for member in models.description["members"]}
    train, validation = rows_of(data, truth, "train"), rows_of(data, truth, "validation")
    listed = read_listed(listed_paths, data.meta)
    shown = {
        SCALARS: scalar_features(data.meta),
        CATALOG: catalog_features(data.meta, listed),
        OBSERVED: observed_features(data.meta),
        HOLES: hole_features(data),
    }
    for model, features in shown.items():
        if features is None:
            continue
        baseline = boosted_baseline(features[train], truth[train], (features[validation], features[rows]))
        if baseline is not None:
            scores[model] = baseline[1]
            thresholds[model] = best_threshold(truth[validation], baseline[0])
    scores[MAJORITY] = np.full(len(rows), truth[train].mean(dtype=np.float64))
    # On one side of it lies every signal: that of the commoner class.
    thresholds[MAJORITY] = 0.5
    verdicts = "" if listed is None else listed["false_positive_flags"].to_numpy(object)[rows]
    meta = data.meta.iloc[rows].reset_index(drop=True).assign(false_positive_flags=verdicts)
    return Scored(meta, truth[rows], members, scores, thresholds)


def rows_of(data: Dataset, truth: np.ndarray, split: str) -> np.ndarray:
    """The rows of one split that are in the task; both classes must be there."""
    rows = np.flatnonzero((data.meta["split"] == split).to_numpy() & ~np.isnan(truth))
    if set(np.unique(truth[rows])) != {0.0, 1.0}:
        raise ModelError(
            f"dataset {data.name}: the {split} split has {int(np.sum(truth[rows] == 1))} positives and "
            f"{int(np.sum(truth[rows] == 0))} negatives of this task; nothing can be measured without both"
        )
    return rows


def _member_probabilities(models: Ensemble, data: Dataset, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Probabilities (rows,) by seed."""
    probabilities = members_of_views(data, models, views_of_rows(data, models, rows))
    seeds = [member["seed"] for member in models.description["members"]]
    return dict(zip(seeds, probabilities, strict=True))


def prediction_table(meta: pd.DataFrame, truth: np.ndarray, members: Mapping[int, np.ndarray]) -> pd.DataFrame:
    """One row per signal and seed, sorted by both: who it is, its label, the task's label (1 or 0), probability."""
    tables = [
        meta[list(ABOUT)].assign(task_label=truth.astype(int), seed=seed, probability=probability)
        for seed, probability in sorted(members.items())
    ]
    return pd.concat(tables).sort_values(["signal_id", "seed"], kind="stable", ignore_index=True)


def score_table(test: Scored) -> pd.DataFrame:
    """One row per signal, sorted by `signal_id`: who it is (ABOUT), NUMBERS, and what the models say.

    `task_label` 1 or 0, the ensemble's calibrated probability, and that of each fitted baseline there is.
    """
    said = {model: test.scores[model] for model in (ENSEMBLE, *test.baselines)}
    table = test.meta[[*ABOUT, *NUMBERS]].assign(task_label=test.truth.astype(int), **said)
    return table.sort_values("signal_id", kind="stable", ignore_index=True)
