"""Levels by segment, worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


def test_no_cadence_is_no_error():
    assert normalise_segments(np.empty(0, np.float32), np.empty(0, np.int16), np.empty(0, bool)).shape == (0,)


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 600), st.integers(1, 5), st.floats(0, 1), st.booleans(), st.integers(0, 2**32 - 1))
def test_segments_may_stand_together_or_not(size, segments, lost, together, seed):
    random = np.random.default_rng(seed)
    segment = random.integers(0, segments, size).astype(np.int16)
    segment = np.sort(segment) if together else segment
    flux = (1000.0 * (1 + segment) + random.normal(0, 10, size)).astype(np.float32)
    flux[random.uniform(size=size) < 0.1] = np.nan
    good = random.uniform(size=size) >= lost
    for array in (flux, segment, good):
        array.flags.writeable = False  # as the store's are
    expected = np.full(size, np.nan)
    for number in range(segments):
        chosen = (segment == number) & good & np.isfinite(flux)
        if chosen.any():
            expected[chosen] = flux[chosen].astype(np.float64) / np.median(flux[chosen].astype(np.float64)) - 1.0
    assert np.array_equal(normalise_segments(flux, segment, good), expected, equal_nan=True)


def test_robust_scatter_is_the_scaled_mad_of_the_finite():
    values = np.random.default_rng(1).normal(size=1001)
    assert robust_scatter(values) == pytest.approx(median_abs_deviation(values, scale="normal"))
    assert robust_scatter(np.append(values, [np.nan, np.inf])) == robust_scatter(values)
    assert robust_scatter(np.append(values, [np.nan, np.inf]).astype(np.float32)) == pytest.approx(
        robust_scatter(values), rel=1e-6
    )
    assert np.isnan(robust_scatter(np.array([np.nan])))
