"""Levels by segment, worked out by hand."""

import numpy as np
import pytest
from scipy.stats import median_abs_deviation

from lightmill.views.normalise import normalise_segments, robust_scatter


def test_each_segment_by_its_own_median():
    flux = np.array([10.0, 20.0, 30.0, 1000.0, 1100.0, 900.0], dtype=np.float32)
    segment = np.array([0, 0, 0, 3, 3, 3])
    relative = normalise_segments(flux, segment, np.ones(6, dtype=bool))
    assert relative == pytest.approx([-0.5, 0.0, 0.5, 0.0, 0.1, -0.1])
    assert relative.dtype == np.float64


def test_bad_and_missing_cadences_are_nan_and_make_no_median():
    flux = np.array([1.0, 2.0, 3.0, np.nan, np.inf, 100.0, 100.0])
    good = np.array([True] * 5 + [False] * 2)
    relative = normalise_segments(flux, np.zeros(7, dtype=int), good)
    assert relative[:3] == pytest.approx([-0.5, 0.0, 0.5])
    assert np.isnan(relative[3:]).all()


@pytest.mark.parametrize("flux", [[-1.0, -2.0, 0.5], [0.0, 0.0, 5.0], [np.nan] * 3])
def test_a_segment_whose_median_is_no_brightness_is_left_out(flux):
    assert np.isnan(normalise_segments(np.array(flux), np.zeros(3, dtype=int), np.ones(3, dtype=bool))).all()


def test_robust_scatter_is_the_scaled_mad_of_the_finite():
    values = np.random.default_rng(1).normal(size=1001)
    assert robust_scatter(values) == pytest.approx(median_abs_deviation(values, scale="normal"))
    assert robust_scatter(np.append(values, [np.nan, np.inf])) == robust_scatter(values)
    assert np.isnan(robust_scatter(np.array([np.nan])))
