"""Medians and scatters: against numpy and scipy, bit for bit where they are selected and not computed."""

import warnings

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import median_abs_deviation

from lightmill.views.medians import FEW, mad_scatter, median, median_near, scatter_near

ANY = st.floats(allow_nan=False, width=32)
SIZES = [0, 1, 2, 3, FEW - 1, FEW, FEW + 1, 1500, 20001]


def numpys_median(values):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # numpy warns of what is empty, and of the middle of two infinities
        return np.median(values)


def shapes(size, seed):
    """Values in the orders and with the ties that quick selection finds hard."""
    random = np.random.default_rng(seed)
    normal = random.normal(size=size)
    half = np.arange(size) // 2
    yield normal
    yield np.sort(normal)
    yield np.sort(normal)[::-1].copy()
    yield np.concatenate([np.sort(normal[half.size // 2 :]), np.sort(normal[: half.size // 2])[::-1]])
    yield np.round(normal, 1)
    yield np.zeros(size)
    yield half % 2 * 1.0
    yield np.exp(20 * normal)
    yield np.where(random.uniform(size=size) < 0.3, np.inf, normal)
    yield np.sin(np.arange(size) * 0.01) + 1e-4 * normal


@pytest.mark.parametrize("size", SIZES)
def test_the_median_is_numpys_whatever_the_order(size):
    for values in shapes(size, size):
        before = values.copy()
        assert median(values) == numpys_median(values) or (size == 0 and np.isnan(median(values)))
        assert np.array_equal(values, before)


@settings(max_examples=200, deadline=None)
@given(st.lists(ANY, max_size=30), st.integers(1, 60))
@example([0.0, 0.0, 1.0, -np.inf, -np.inf], 41)
@example([0.0, 0.0, 1.0, np.inf, np.inf], 41)
@example([1.7e308, 1.7e308, 1.6e308, -1.7e308, 0.0], 60)
def test_the_median_is_numpys_for_any_numbers(few, times):
    values = np.repeat(np.array(few, dtype=np.float64), times)
    assert np.array_equal(median(values), numpys_median(values), equal_nan=True)


@pytest.mark.parametrize("size", [1, 2, 10, 1500])
def test_one_nan_among_them_and_there_is_no_median(size):
    values = np.random.default_rng(size).normal(size=size)
    values[size // 2] = np.nan
    assert np.isnan(median(values))
    assert np.isnan(mad_scatter(values))


@pytest.mark.parametrize("size", [1, 2, 7, FEW + 1, 1500, 20001])
def test_the_scatter_is_scipys(size):
    for values in shapes(size, size):
        if np.isfinite(values).all():
            expected = median_abs_deviation(values, scale="normal")
            assert mad_scatter(values) == pytest.approx(expected, rel=1e-14, abs=0)


def test_by_hand():
    assert median(np.array([3.0, 1.0, 2.0])) == 2.0
    assert median(np.array([4.0, 1.0, 2.0, 3.0])) == 2.5
    assert mad_scatter(np.array([1.0, 1.0, 2.0, 5.0, 9.0])) == pytest.approx(1.482602218505602)
    assert np.isnan(median(np.empty(0)))
    assert np.isnan(mad_scatter(np.empty(0)))


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 1200), st.floats(-3, 3), st.floats(0, 1), st.floats(0, 1), st.integers(0, 2**32 - 1))
@example(size=1000, guess=np.nan, within=0.1, missing=0.0, seed=1)
@example(size=1000, guess=0.0, within=np.nan, missing=0.0, seed=1)
@example(size=1000, guess=0.0, within=0.1, missing=1.0, seed=1)
def test_a_guess_changes_nothing_and_what_is_missing_does_not_count(size, guess, within, missing, seed):
    random = np.random.default_rng(seed)
    values = random.normal(size=size)
    values[random.uniform(size=size) < missing] = np.nan
    there = values[np.isfinite(values)]
    centre = numpys_median(there)
    assert np.array_equal(median_near(values, guess, within), centre, equal_nan=True)
    scatter = scatter_near(values, 0.5, guess, within)
    expected = 1.482602218505602 * numpys_median(np.abs(there - 0.5))
    assert np.array_equal(scatter, expected, equal_nan=True)
