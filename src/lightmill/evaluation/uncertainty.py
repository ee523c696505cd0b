"""Whether what an ensemble says of its own doubt is worth anything: does it find errors that |p - 1/2| does not?

A probability near one half is a doubt by itself. A measure of disagreement is worth having only where it tells wrong
calls from right ones better together with |p - 1/2| than that alone does; and what is called epistemic must grow where
signals become unlike those learned from, here by noise.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.bootstrap import bootstrap, group_numbers, percentile_interval
from lightmill.training.augmentation import view_noise
from lightmill.training.dataset import Dataset
from lightmill.training.dropout import dropout_spread
from lightmill.training.ensemble import Ensemble, ensemble_probability, members_by_seed, predict_members
from lightmill.training.judged import views_of_rows
from lightmill.training.uncertainty import uncertainty

DISTANCE = "distance"
MEASURES = ("spread", "epistemic", "aleatoric", "dropout_spread")
UNCERTAINTY_COLUMNS = (
    *("measure", "auc", "low", "high", "together", "gain", "gain_low", "gain_high"),
    *("mean", "mean_noisy", "rise", "rise_low", "rise_high", "n", "n_wrong", "note"),
)
# Scatters of each view that are added to it as noise.
NOISE = 1.0
# Below so many wrong calls nothing can be said of what finds them.
FEWEST_WRONG = 10
# What no measure is below while logarithms are taken.
_LEAST = 1e-9


class Doubt(NamedTuple):
    """What an ensemble says of n signals.

    Attributes
    ----------
    probability
        Calibrated, (n,).
    measures
        By name, those of MEASURES that there are, (n,).
    """

    probability: np.ndarray
    measures: dict[str, np.ndarray]

    def wrong(self, truth: np.ndarray) -> np.ndarray:
        """Whether what is more probable is not so, (n,), by labels (n,) 1 or 0."""
        return (self.probability >= 0.5) != (truth == 1)


def uncertainty_table(
    models: Ensemble, data: Dataset, truth: np.ndarray, rows: Mapping[str, np.ndarray], settings: EvaluationSettings
) -> pd.DataFrame:
    """UNCERTAINTY_COLUMNS for |p - 1/2| (`distance`) and each of MEASURES that the ensemble has.

    Parameters
    ----------
    models, data
        The ensemble, and the dataset that it was trained on.
    truth
        The task's label of every row of the dataset.
    rows
        Indices of the rows in the task of the splits `validation` and `test`. On the former the rules are learned that
        join a measure with |p - 1/2|, on the latter everything is measured. Members that are folds have learned from
        both of the others' rows, and nothing is joined.
    settings
        Of the bootstrap.
    """
    views = {split: views_of_rows(data, models, of) for split, of in rows.items()}
    validation, test = (doubt_of(models, views[split]) for split in ("validation", "test"))
    noisy = doubt_of(models, with_noise(views["test"], seed=0))
    wrong = {"validation": validation.wrong(truth[rows["validation"]]), "test": test.wrong(truth[rows["test"]])}
    groups = group_numbers(data.meta["group_id"].to_numpy(str)[rows["test"]])
    if any("fold" in member for member in models.description["members"]):
        # All but one of the members have learned from each row of validation.
        wrong["validation"] = np.zeros(0, bool)
    table = finding_errors(validation, wrong["validation"], test, wrong["test"], groups, settings)
    rises = [_rise(test.measures[name], noisy.measures[name], groups, settings) for name in test.measures]
    return table.merge(pd.DataFrame(rises, index=list(test.measures)), left_on="measure", right_index=True, how="left")[
        list(UNCERTAINTY_COLUMNS)
    ]


def doubt_of(models: Ensemble, views: Mapping[str, np.ndarray]) -> Doubt:
    """Probability and measures of doubt of views (n, bins) by name, scaled as the ensemble's."""
    members = predict_members(models, views, models.description["scale"])
    found = uncertainty(members)
    measures = {"spread": found.spread, "epistemic": found.epistemic, "aleatoric": found.aleatoric}
    dropped = dropout_spread(members_by_seed(models), views)
    if not np.isnan(dropped).any():
        measures["dropout_spread"] = dropped
    return Doubt(ensemble_probability(models, members), measures)


def with_noise(views: Mapping[str, np.ndarray], seed: int) -> dict[str, np.ndarray]:
    """The views with normal noise added, NOISE robust scatters of each; float32, what is no flux as it is."""
    generator = np.random.default_rng(seed)
    scatter = view_noise({name: torch.tensor(view) for name, view in views.items()})
    noisy = dict(views)
    for name, of_row in scatter.items():
        noise = NOISE * of_row.numpy() * generator.standard_normal(views[name].shape)
        noisy[name] = (views[name] + noise).astype(np.float32)
    return noisy


def finding_errors(
    validation: Doubt,
    wrong_validation: np.ndarray,
    test: Doubt,
    wrong_test: np.ndarray,
    group_of_row: np.ndarray,
    settings: EvaluationSettings,
) -> pd.DataFrame:
    """How well wrong calls are told from right ones by |p - 1/2|, by each measure, and by both.

    `measure`; `auc` of the measure alone on the test rows, `low` and `high`; `together`, the area of a logistic
    regression on |p - 1/2| and the logarithm of the measure, fitted to the validation rows; and `gain`, by how much
    that is above |p - 1/2| alone, with ends from the same bootstrap samples of test groups. `n`, `n_wrong` of the test
    rows; `note` where something cannot be measured. Wrong are (n,) of both splits, groups of the test rows by number;
    without validation rows nothing is joined.
    """
    found: dict[str, dict[str, float]] = {name: {} for name in (DISTANCE, *test.measures)}
    note = _why_not(wrong_validation, wrong_test)
    if not note:
        near = -np.abs(test.probability - 0.5)
        scores = {DISTANCE: near, **test.measures}
        joinable = test.measures if len(wrong_validation) else {}
        scores |= {_together(name): _joined(name, validation, wrong_validation, test) for name in joinable}
        names, ranked = list(scores), np.stack(list(scores.values()))
        areas = areas_under_roc(wrong_test, ranked, np.ones((1, len(wrong_test))))[0]
        samples = bootstrap(
            lambda weights: areas_under_roc(wrong_test, ranked, weights), group_of_row, settings.bootstrap, seed=0
        )
        for name, row in found.items():
            row["auc"] = areas[names.index(name)]
            row["low"], row["high"] = percentile_interval(samples[:, names.index(name)], settings.confidence)
            if name not in joinable:
                continue
            both, alone = names.index(_together(name)), names.index(DISTANCE)
            row |= {"together": areas[both], "gain": areas[both] - areas[alone]}
            gains = samples[:, both] - samples[:, alone]
            row["gain_low"], row["gain_high"] = percentile_interval(gains, settings.confidence)
        note = "" if len(wrong_validation) else "folds have learned from validation: nothing to learn a joint rule from"
    counts = {"n": len(wrong_test), "n_wrong": int(wrong_test.sum()), "note": note}
    columns = [column for column in UNCERTAINTY_COLUMNS if not column.startswith(("mean", "rise"))]
    return pd.DataFrame([{"measure": name, **row, **counts} for name, row in found.items()]).reindex(columns=columns)


def _why_not(wrong_validation: np.ndarray, wrong_test: np.ndarray) -> str:
    """Why nothing can be said of what finds wrong calls; empty if it can."""
    for split, wrong in (("validation", wrong_validation), ("test", wrong_test)):
        if len(wrong) and (wrong.sum() < FEWEST_WRONG or wrong.all()):
            return (
                f"not measurable: {wrong.sum()} of {len(wrong)} {split} calls are wrong, "
                f"{FEWEST_WRONG} and some right ones are needed"
            )
    return ""


def _together(name: str) -> str:
    return f"{DISTANCE} and {name}"


def _joined(name: str, validation: Doubt, wrong_validation: np.ndarray, test: Doubt) -> np.ndarray:
    """How wrong the test calls are, (n,), by a rule learned on validation from |p - 1/2| and one measure."""

    def shown(doubt: Doubt) -> np.ndarray:
        return np.column_stack([np.abs(doubt.probability - 0.5), np.log(doubt.measures[name] + _LEAST)])

    rule = make_pipeline(StandardScaler(), LogisticRegression())
    with threadpool_limits(limits=1):
        rule.fit(shown(validation), wrong_validation)
        return np.asarray(rule.decision_function(shown(test)))


def areas_under_roc(positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Area under the ROC curve of each of `scores` (m, n) for each row of `weights` (k, n): (k, m), ties worth half.

    NaN where a sample has one class alone.
    """
    areas = []
    for score in scores:
        order = np.argsort(score, kind="stable")
        # Rows of equal score are one step.
        steps = np.flatnonzero(np.diff(score[order], prepend=np.nan) != 0)
        of_class = [
            np.add.reduceat(np.where(side, weights, 0.0)[:, order], steps, axis=1) for side in (positive, ~positive)
        ]
        below = np.cumsum(of_class[1], axis=1) - of_class[1] / 2
        with np.errstate(invalid="ignore"):
            areas.append(np.sum(of_class[0] * below, axis=1) / of_class[0].sum(axis=1) / of_class[1].sum(axis=1))
    return np.stack(areas, axis=1)


def _rise(
    usual: np.ndarray, noisy: np.ndarray, group_of_row: np.ndarray, settings: EvaluationSettings
) -> dict[str, float]:
    """Mean of a measure (n,) on the test rows, on the same with noise, and the difference with its interval."""
    more = noisy - usual
    samples = bootstrap(lambda weights: weights @ more / weights.sum(axis=1), group_of_row, settings.bootstrap, 0)
    low, high = percentile_interval(samples, settings.confidence)
    means = {"mean": float(usual.mean()), "mean_noisy": float(noisy.mean())}
    return {**means, "rise": float(more.mean()), "rise_low": low, "rise_high": high}
