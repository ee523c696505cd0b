"""Calls that are wrong no more often than stated."""

import numpy as np
import pytest
from scipy.special import expit

from lightmill.training.conformal import BY_EYE, NEGATIVE, POSITIVE, allowed_errors, calls, conformal_limits


def draw(positives, negatives, random, apart=2.0):
    labels = np.repeat([1.0, 0.0], [positives, negatives])
    return labels, expit(random.normal(apart * (labels - 0.5), 1.0))


@pytest.mark.parametrize("error_rate", [0.05, 0.2])
@pytest.mark.parametrize("apart", [0.5, 2.0, 5.0])
def test_new_signals_of_each_class_are_wrong_no_more_often_than_stated(error_rate, apart):
    random = np.random.default_rng(1)
    missed, mistaken = [], []
    for _ in range(300):
        limits = conformal_limits(*draw(60, 140, random, apart), error_rate)
        labels, probabilities = draw(300, 300, random, apart)
        called = calls(probabilities, limits)
        missed.append(np.mean(called[labels == 1] == NEGATIVE))
        mistaken.append(np.mean(called[labels == 0] == POSITIVE))
    for wrong in (missed, mistaken):
        # The promise is for the mean over validation sets.
        assert np.mean(wrong) <= error_rate + 3 * np.std(wrong) / np.sqrt(300)
    if apart < 3:
        # What overlaps is called as often as is allowed: the limits are no looser than they must be.
        assert np.mean(missed) > 0.6 * error_rate


def test_limits_by_hand():
    labels = np.repeat([1.0, 0.0], [19, 39])
    probabilities = np.concatenate([np.arange(1, 20) / 20, np.arange(1, 40) / 80])
    # One of 20 positives may be wrong: the lowest. Two of 40 negatives: the two highest.
    limits = conformal_limits(labels, probabilities, 0.05)
    assert limits == {"error_rate": 0.05, "negative_below": 0.05, "positive_above": 38 / 80}
    called = calls(np.array([0.01, 0.05, 0.3, 38 / 80, 0.5]), limits)
    assert called.tolist() == [NEGATIVE, BY_EYE, BY_EYE, BY_EYE, POSITIVE]


def test_of_too_few_nothing_is_called():
    limits = conformal_limits(np.array([1.0, 0.0] * 18), np.linspace(0, 1, 36))
    assert (calls(np.linspace(0, 1, 50), limits) == BY_EYE).all()


def test_between_limits_that_cross_is_left_to_the_eye():
    limits = {"error_rate": 0.05, "negative_below": 0.8, "positive_above": 0.3}
    assert calls(np.array([0.2, 0.5, 0.9]), limits).tolist() == [NEGATIVE, BY_EYE, POSITIVE]


def test_as_many_new_signals_are_wrong_as_limits_from_so_few_rows_allow():
    random = np.random.default_rng(3)
    missed, mistaken = [], []
    for _ in range(400):
        limits = conformal_limits(*draw(100, 300, random, apart=1.0))
        labels, probabilities = draw(200, 150, random, apart=1.0)
        called = calls(probabilities, limits)
        missed.append(np.sum(called[labels == 1] == NEGATIVE))
        mistaken.append(np.sum(called[labels == 0] == POSITIVE))
    for wrong, rows in ((missed, (100, 200)), (mistaken, (300, 150))):
        fewest, most = allowed_errors(*rows)
        inside = np.mean((np.array(wrong) >= fewest) & (np.array(wrong) <= most))
        # Whole numbers: somewhat more than 95 %, and no such interval holds all.
        assert 0.93 < inside < 0.995
        assert allowed_errors(*rows, confidence=0.5)[1] < most
    # One of 20 may be wrong; of 18 none can be promised, so none is called.
    assert allowed_errors(19, 100)[1] > 5
    assert allowed_errors(18, 100) == (0, 0)
