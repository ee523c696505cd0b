"""Checks of calibration: passed by probabilities that are right, failed by those that are not."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.calibration_checks import (
    CHECK_COLUMNS,
    brier_skill,
    calibration_checks,
    calibration_error,
    conformal_checks,
    perfect_errors,
    recalibration,
    verdict,
)
from lightmill.evaluation.metrics import calibration_bins, score_metrics
from lightmill.training.conformal import allowed_errors

SETTINGS = EvaluationSettings(bootstrap=200)


def signals(n, seed):
    """Right probabilities, and labels drawn from them."""
    generator = np.random.default_rng(seed)
    probabilities = expit(generator.normal(-1, 2, n))
    return probabilities, (generator.random(n) < probabilities).astype(float)


def checks(labels, probabilities, groups=None):
    groups = np.arange(len(labels)) if groups is None else groups
    table = calibration_checks("model", labels, probabilities, groups, SETTINGS)
    assert tuple(table.columns) == CHECK_COLUMNS
    return table.set_index("check")


def test_the_error_is_that_of_the_metrics():
    probabilities, labels = signals(500, 1)
    expected = score_metrics(labels, probabilities, np.arange(500), SETTINGS).set_index("metric").loc["ece", "value"]
    assert calibration_error(labels, probabilities) == pytest.approx(expected)


def test_perfect_errors_agree_with_a_plain_loop():
    probabilities, _ = signals(60, 2)
    bins = calibration_bins(probabilities)
    drawn = np.random.default_rng(0).random((100, 60)) < probabilities
    expected = [
        sum(abs(np.sum((probabilities - row)[bins == place])) for place in range(bins.max() + 1)) / 60 for row in drawn
    ]
    np.testing.assert_allclose(perfect_errors(probabilities, 100), expected, rtol=1e-10)


def test_right_probabilities_pass_as_often_as_they_should():
    tables = [checks(labels, probabilities) for probabilities, labels in (signals(400, seed) for seed in range(60))]
    passed = pd.concat([table["within"] for table in tables], axis=1).mean(axis=1)
    assert 0.87 <= passed["ece"] < 1
    assert 0.87 <= passed["intercept"] < 1
    assert passed["brier_skill"] == 1
    held = np.mean([table.loc["slope", "low"] <= 1 <= table.loc["slope", "high"] for table in tables])
    assert 0.87 <= held < 1


def test_probabilities_that_are_too_sure_or_too_high_fail():
    probabilities, labels = signals(3000, 3)
    sure = checks(labels, expit(2 * logit(probabilities)))
    assert sure.loc["slope", "value"] == pytest.approx(0.5, abs=0.05)
    assert not sure.loc[["ece", "slope"], "within"].any()
    high = checks(labels, expit(logit(probabilities) + 1))
    assert high.loc["intercept", "value"] == pytest.approx(-1, abs=0.15)
    assert high.loc["slope", "within"]
    assert not high.loc[["ece", "intercept"], "within"].any()
    useless = checks(labels, np.random.default_rng(1).permutation(probabilities))
    assert useless.loc["brier_skill", "high"] < 0
    assert not useless.loc["brier_skill", "within"]


def test_the_fit_is_that_of_a_logistic_regression_without_penalty():
    probabilities, labels = signals(400, 4)
    (intercept, slope), _ = recalibration(labels, probabilities, np.arange(400))
    judge = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(probabilities)[:, None], labels)
    assert [intercept, slope] == pytest.approx([judge.intercept_[0], judge.coef_[0, 0]], rel=1e-4)


def test_standard_errors_are_those_of_a_bootstrap_by_group():
    generator = np.random.default_rng(5)
    # Ten copies of each signal: by rows the fit would seem three times as sure as it is.
    probabilities, labels = (np.repeat(part, 10) for part in signals(300, 5))
    group = np.repeat(np.arange(300), 10)
    _, errors = recalibration(labels, probabilities, group)
    fits = []
    for _ in range(150):
        rows = np.concatenate([np.arange(10) + 10 * place for place in generator.integers(0, 300, 300)])
        fits.append(recalibration(labels[rows], probabilities[rows], group[rows])[0])
    np.testing.assert_allclose(errors, np.std(fits, axis=0), rtol=0.25)
    _, by_row = recalibration(labels, probabilities, np.arange(3000))
    np.testing.assert_allclose(errors / by_row, np.sqrt(10), rtol=0.01)


def test_brier_skill_by_hand_and_sample_by_sample():
    labels, probabilities = np.array([1.0, 0, 0, 0]), np.array([0.7, 0.1, 0.1, 0.3])
    value, samples = brier_skill(labels, probabilities, np.arange(4), 100)
    assert value == pytest.approx(1 - (0.09 + 0.01 + 0.01 + 0.09) / 4 / (0.25 * 0.75))
    for sample, drawn in zip(samples, np.random.default_rng(0).integers(0, 4, size=(100, 4)), strict=True):
        share = labels[drawn].mean()
        if share in (0, 1):
            assert np.isnan(sample)
        else:
            expected = 1 - np.mean((probabilities - labels)[drawn] ** 2) / (share * (1 - share))
            assert sample == pytest.approx(expected)


def test_where_the_classes_are_apart_there_is_no_line():
    table = checks(np.array([0.0, 0, 1, 1]), np.array([0.1, 0.2, 0.2, 0.9]))
    assert table.loc[["slope", "intercept"], "value"].isna().all()
    assert not table.loc[["slope", "intercept"], "within"].any()
    assert table.loc["slope", "note"].startswith("not measurable")
    assert recalibration(np.array([0.0, 1, 1]), np.full(3, 0.5), np.arange(3)) is None


def test_conformal_errors_are_judged_by_what_so_many_validation_rows_can_promise():
    labels = np.repeat([1.0, 0.0], 100)
    probabilities = np.where(labels == 1, 0.9, 0.1)
    probabilities[:6] = 0.05  # called negative: a little more than 5 % of the positives
    probabilities[100:130] = 0.95
    description = {
        "conformal": {"negative_below": 0.08, "positive_above": 0.8, "error_rate": 0.05},
        "calibration": {"positives": 200, "rows": 1000},
    }
    table = conformal_checks("model", labels, probabilities, np.arange(200), description, SETTINGS).set_index("check")
    assert table["value"].tolist() == [0.06, 0.3]
    assert table["within"].tolist() == [True, False]
    most = [allowed_errors(rows, 100, 0.05, SETTINGS.confidence)[1] / 100 for rows in (200, 800)]
    assert table["at_most"].tolist() == most
    assert 0.05 < most[1] < most[0] < 0.15


def test_a_line_says_what_failed():
    probabilities, labels = signals(3000, 3)
    line = verdict(checks(labels, expit(2 * logit(probabilities))).reset_index(), "model")
    assert line.startswith("ece 0.")
    assert "at most" in line
    assert line.count("FAILED") >= 2
    assert "brier_skill" in line
