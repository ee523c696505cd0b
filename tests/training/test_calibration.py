"""Probabilities that are shares: after calibration, in any order, for any prior."""

import json

import numpy as np
import pytest
from scipy.special import expit, logit

from lightmill.errors import ModelError
from lightmill.training.calibration import FEWEST_FOR_ISOTONIC, calibrated, fit_calibration


def survey(n, seed=0, temperature=2.5, shift=1.2, positives=-1.5):
    """True probabilities, what happened, and what an overconfident network that was weighted says."""
    random = np.random.default_rng(seed)
    truth = expit(random.normal(positives, 2, n))
    return truth, (random.random(n) < truth).astype(float), expit(logit(truth) * temperature + shift)


@pytest.mark.parametrize(("n", "method"), [(600, "temperature"), (6000, "beta")])
def test_what_was_bent_is_bent_back(n, method):
    _, labels, said = survey(n)
    assert (labels.sum() >= FEWEST_FOR_ISOTONIC) == (method == "beta")
    calibration = fit_calibration(labels, said)
    assert calibration["method"] == method
    assert (calibration["rows"], calibration["positives"]) == (n, labels.sum())
    truth, _, said = survey(20_000, seed=1)
    after = calibrated(said, json.loads(json.dumps(calibration)))
    assert np.mean(np.abs(said - truth)) > 0.1
    assert np.mean(np.abs(after - truth)) < 0.03
    assert after.min() > 0
    assert after.max() < 1


def test_what_no_smooth_curve_bends_back_is_left_to_steps():
    truth, labels, _ = survey(20_000)
    stairs = np.where(truth < 0.3, 0.5 * truth, np.where(truth < 0.7, 0.4 + 0.1 * truth, 0.9 + 0.1 * truth))
    calibration = fit_calibration(labels, stairs)
    assert calibration["method"] == "isotonic"
    assert np.mean(np.abs(calibrated(stairs, calibration) - truth)) < 0.02


def test_beta_calibration_finds_what_was_bent_on_one_side_alone():
    random = np.random.default_rng(5)
    said = expit(random.normal(-1, 2, 30_000))
    truth = expit(0.4 * np.log(said) - 1.6 * np.log1p(-said) - 0.7)
    found = fit_calibration((random.random(30_000) < truth).astype(float), said)
    assert found["method"] == "beta"
    assert [found[name] for name in ("of_p", "of_rest", "shift")] == pytest.approx([0.4, 1.6, -0.7], abs=0.15)


def test_the_temperature_is_found():
    _, labels, said = survey(1200, positives=-3.0)
    found = fit_calibration(labels, said)
    assert found["method"] == "temperature"
    assert found["temperature"] == pytest.approx(2.5, rel=0.2)
    assert found["shift"] == pytest.approx(-1.2 / 2.5, abs=0.3)


@pytest.mark.parametrize("n", [600, 6000])
def test_the_order_is_kept(n):
    _, labels, said = survey(n)
    distinct = np.unique(said)
    after = calibrated(distinct, fit_calibration(labels, said))
    assert np.all(np.diff(after) > 0)


@pytest.mark.parametrize("n", [600, 6000])
def test_another_prior_moves_the_odds(n):
    _, labels, said = survey(n)
    calibration = fit_calibration(labels, said)
    same = calibrated(said, calibration, prior=calibration["prior"])
    np.testing.assert_allclose(same, calibrated(said, calibration), rtol=1e-6)
    rare = calibrated(said, calibration, prior=0.01)
    moved = logit(rare) - logit(calibrated(said, calibration))
    np.testing.assert_allclose(moved, logit(0.01) - logit(labels.mean()), atol=1e-5)
    for wrong in (0.0, 1.0, -0.1, np.nan):
        with pytest.raises(ModelError, match="expected a share"):
            calibrated(said, calibration, prior=wrong)


def test_sure_scores_and_separable_ones_stay_finite():
    labels = np.repeat([0.0, 1.0], 50)
    for said in (labels, np.full(100, 0.3), np.linspace(0, 1, 100)):
        after = calibrated(said, fit_calibration(labels, said))
        assert np.isfinite(after).all()
        assert after.min() >= 0
        assert after.max() <= 1
