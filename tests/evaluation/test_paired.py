"""Paired differences: against a plain loop, and on models whose difference is known."""

import numpy as np
import pytest
from sklearn import metrics as judge

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.bootstrap import group_numbers, group_weights, percentile_interval
from lightmill.evaluation.metrics import metric_names, sampled_metrics
from lightmill.evaluation.paired import DIFFERENCE_COLUMNS, compared_metrics, paired_differences

SETTINGS = EvaluationSettings(bootstrap=200, minimum_positives=1)


def two_models(n=300, seed=1, better=0.8):
    """Labels, groups, and scores of two models that err on the same signals, the first of them less."""
    generator = np.random.default_rng(seed)
    groups = generator.integers(0, n // 2, n)
    labels = (generator.random(n) < 0.4).astype(int)
    hard = generator.normal(0, 1.2, n)

    def score(strength):
        return 1 / (1 + np.exp(-(strength * (2 * labels - 1) + hard + generator.normal(0, 0.2, n))))

    return labels, groups, {"good": score(1 + better), "plain": score(1)}


def compare(labels, groups, scores, settings=SETTINGS):
    table = paired_differences(labels, scores, groups, [("good", "plain")], settings)
    assert tuple(table.columns) == DIFFERENCE_COLUMNS
    assert table["metric"].tolist() == compared_metrics(settings)
    return table.set_index("metric")


def test_samples_are_whole_groups_as_many_as_there_are():
    group_of_row = group_numbers(np.array(["b", "a", "b", "c"]))
    (weights,) = group_weights(group_of_row, 500, seed=1)
    assert weights.shape == (500, 4)
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()
    # A group is in a sample of three with 1 - (2/3)^3.
    assert (weights > 0).mean() == pytest.approx(1 - (2 / 3) ** 3, abs=0.03)


def test_an_interval_leaves_out_what_is_not_defined():
    assert percentile_interval(np.array([np.nan, *np.arange(101.0)]), 0.9) == pytest.approx((5, 95))
    assert np.isnan(percentile_interval(np.array([np.nan]), 0.9)).all()


def test_differences_agree_with_a_loop_over_the_same_samples():
    labels, groups, scores = two_models(n=120)
    table = compare(labels, groups, scores, EvaluationSettings(bootstrap=100, minimum_positives=1))
    names = np.unique(groups)
    drawn = np.random.default_rng(0).integers(0, len(names), size=(100, len(names)))
    judges = {
        "average_precision": judge.average_precision_score,
        "roc_auc": judge.roc_auc_score,
        "brier": judge.brier_score_loss,
        "log_loss": judge.log_loss,
    }
    samples = [np.concatenate([np.flatnonzero(groups == names[place]) for place in places]) for places in drawn]
    for metric, score in judges.items():
        apart = [
            score(labels[rows], scores["good"][rows]) - score(labels[rows], scores["plain"][rows]) for rows in samples
        ]
        low, high = np.quantile(apart, [0.025, 0.975])
        whole = score(labels, scores["good"]) - score(labels, scores["plain"])
        assert table.loc[metric, ["difference", "low", "high"]].tolist() == pytest.approx([whole, low, high], abs=1e-12)


def test_a_better_model_is_found_and_named_whatever_way_the_metric_counts():
    table = compare(*two_models())
    assert table["excludes_zero"].all()
    assert (table["better"] == "good").all()
    assert table.loc["brier", "difference"] < 0 < table.loc["average_precision", "difference"]
    labels, groups, scores = two_models()
    turned = paired_differences(labels, scores, groups, [("plain", "good")], SETTINGS).set_index("metric")
    assert (turned["better"] == "good").all()
    np.testing.assert_allclose(turned["difference"], -table["difference"])


def test_pairing_makes_intervals_short_and_the_same_model_is_no_different():
    labels, groups, scores = two_models()
    table = compare(labels, groups, scores)
    samples = [
        sampled_metrics(labels, scores[model], groups, SETTINGS, seed)[1]
        for seed, model in enumerate(("good", "plain"))
    ]
    place = metric_names(SETTINGS).index("roc_auc")
    low, high = percentile_interval((samples[0] - samples[1])[:, place], 0.95)
    assert table.loc["roc_auc", "high"] - table.loc["roc_auc", "low"] < 0.8 * (high - low)
    same = compare(labels, groups, {"good": scores["good"], "plain": scores["good"]})
    assert (same[["difference", "low", "high"]] == 0).all(axis=None)
    assert not same["excludes_zero"].any()
    assert (same["better"] == "").all()


def test_intervals_hold_the_true_difference_as_often_as_they_say():
    # Brier scores of constants p and q where labels are positive with r: (p² - q²) - 2 r (p - q), exactly.
    truth = (0.5**2 - 0.3**2) - 2 * 0.4 * (0.5 - 0.3)
    held = []
    for seed in range(60):
        labels = (np.random.default_rng(seed).random(200) < 0.4).astype(int)
        scores = {"good": np.full(200, 0.5), "plain": np.full(200, 0.3)}
        row = compare(labels, np.arange(200), scores).loc["brier"]
        held.append(row["low"] <= truth <= row["high"])
    assert 0.85 <= np.mean(held) <= 1


def test_too_few_positives_compare_no_recall_at_fixed_precision():
    labels, groups, scores = two_models()
    table = compare(labels, groups, scores, EvaluationSettings(bootstrap=100, minimum_positives=1000))
    row = table.loc["recall_at_precision_0.9"]
    assert np.isnan(row[["value", "difference", "low", "high"]].to_numpy(float)).all()
    assert row["note"].startswith("not measurable below 1000")
    assert not row["excludes_zero"]
