"""Local polynomials: against scipy, and against a fit of every window by itself."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from lightmill.views.moments import CHUNK, full_moments
from lightmill.views.polynomials import HIGHEST_ORDER, fit_trend


def filtered(value, used, window, order):
    """The whole trend of what is used of a series."""
    trend = np.empty(used.size)
    fit_trend(np.where(used, value, 0.0), 1.0 - used, window, order, 0, used.size - 1, trend)
    return trend


def one_window(value, used, window, order, place):
    """Value and variance of the polynomial at `place`, by orthogonal factors of the window's own design matrix."""
    half = window // 2
    centre = min(max(place, half), value.size - 1 - half)
    rows = centre - half + np.flatnonzero(used[centre - half : centre + half + 1])
    if rows.size == 0:
        return np.nan, np.nan
    degree = min(max(rows.size // 4 - 1, 0), order)
    middle, width = rows.mean(), max(np.ptp(rows), 1)  # any polynomial may be written about any place
    design = np.polynomial.legendre.legvander((rows - middle) / width, degree)
    here = np.polynomial.legendre.legvander(np.array([(place - middle) / width]), degree)[0]
    q, r = np.linalg.qr(design)
    weights = np.linalg.solve(r.T, here)
    return weights @ (q.T @ value[rows]), weights @ weights


def every_window(value, used, window, order):
    fits = np.array([one_window(value, used, window, order, place) for place in range(value.size)])
    certain = used | (fits[:, 1] <= 1.0)
    # Where the variance is one but for rounding, either is right.
    return np.where(certain, fits[:, 0], np.nan), ~used & (np.abs(fits[:, 1] - 1.0) < 1e-6)


def differences(value, used, window, order):
    trend = filtered(value, used, window, order)
    expected, either = every_window(value, used, window, order)
    assert np.array_equal(np.isnan(trend)[~either], np.isnan(expected)[~either])
    return np.nan_to_num(np.abs(trend - expected)[~either])


@settings(max_examples=100, deadline=None)
@given(st.integers(0, HIGHEST_ORDER), st.integers(12, 80), st.integers(0, 300), st.integers(0, 2**32 - 1))
def test_with_all_used_it_is_scipys_filter(order, half, more, seed):
    window = 2 * half + 1
    values = np.random.default_rng(seed).normal(size=window + more)
    expected = savgol_filter(values, window, order, mode="interp")
    trend = filtered(values, np.ones(values.size, dtype=bool), window, order)
    # scipy's own coefficients, fitted in powers of whole numbers, are only good to a few 1e-9 with order 4 and 5.
    assert np.abs(trend - expected).max() < (1e-10 if order < 4 else 1e-7)


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_with_all_used_it_is_scipys_filter_over_many_chunks(order):
    values = np.random.default_rng(1).normal(size=5000)
    trend = filtered(values, np.ones(5000, dtype=bool), 1441, order)
    assert trend == pytest.approx(savgol_filter(values, 1441, order, mode="interp"), abs=1e-10)


@pytest.mark.parametrize("order", range(HIGHEST_ORDER + 1))
def test_no_digits_are_lost_in_long_windows(order):
    # Here scipy's coefficients are wrong in the fifth digit with order 4, and in the first with order 5.
    values, used = np.random.default_rng(2).normal(size=5000), np.ones(5000, dtype=bool)
    trend = filtered(values, used, 1441, order)
    places = np.arange(0, 5000, 111)
    expected = [one_window(values, used, 1441, order, place)[0] for place in places]
    assert trend[places] == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, HIGHEST_ORDER),
    st.integers(0, 60),
    st.integers(0, 150),
    st.floats(0, 1),
    st.integers(0, 2**32 - 1),
)
def test_every_window_is_fitted_by_least_squares_to_what_is_used(order, half, more, lost, seed):
    random = np.random.default_rng(seed)
    size = 2 * half + 1 + more
    value, used = random.normal(size=size), random.uniform(size=size) >= lost
    assert differences(value, used, 2 * half + 1, order).max() < 1e-9


def patterns(size, window):
    """What of a series is used where windows are hard to solve."""
    place = np.arange(size)
    yield "one side only", place < size // 2
    yield "a wide mask", np.abs(place - size // 2) > window // 3
    yield "a mask as wide as the window", np.abs(place - size // 2) > window // 2 + 1
    yield "islands", place % window < max(window // 5, 3)
    yield "one island", np.abs(place - size // 2) < window // 6
    yield "an island and a lonely point", (np.abs(place - size // 2) < window // 8) | (place == size // 2 + window // 3)
    yield "two islands", np.abs(np.abs(place - size // 2) - window // 3) < window // 10
    yield "one point", place == size // 3
    yield "none", place < 0


@pytest.mark.parametrize("window", [31, 97, 301])
@pytest.mark.parametrize("order", [2, 4])
def test_windows_that_are_badly_conditioned(window, order):
    size = 2 * window + 57
    value = 1.0 + np.random.default_rng(window).normal(size=size)
    for name, used in patterns(size, window):
        assert differences(value, used, window, order).max() < 1e-8, name


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_polynomial_is_its_own_trend_whatever_is_missing(seed):
    random = np.random.default_rng(seed)
    x = np.linspace(-1, 1, 300)
    values = np.polynomial.polynomial.polyval(x, random.normal(size=3))
    used = random.uniform(size=300) < 0.6
    used[120:160] = False
    assert filtered(values, used, 101, 2) == pytest.approx(values, abs=1e-9)


def test_windows_with_too_little_have_no_trend():
    used = np.zeros(100, dtype=bool)
    used[[0, 1, 2, 97, 98, 99]] = True
    values = np.where(np.arange(100) < 50, 1.0, 3.0)
    trend = filtered(values, used, 11, 2)
    assert trend[used] == pytest.approx([1.0] * 3 + [3.0] * 3)
    assert np.isnan(trend[8:92]).all()


@pytest.mark.parametrize("gap", [20, 60, 90])
def test_the_trend_ends_where_it_is_less_certain_than_a_point(gap):
    used = np.abs(np.arange(301) - 149.5) > gap / 2
    trend = filtered(np.zeros(301), used, 101, 4)
    variance = np.array([one_window(np.zeros(301), used, 101, 4, place)[1] for place in range(301)])
    certain = np.abs(variance - 1) > 1e-6
    assert np.array_equal(np.isnan(trend[certain]), (~used & (variance > 1))[certain])
    assert np.isnan(trend).any() == (gap > 20)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 40), st.integers(0, 400), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_only_windows_that_hold_a_change_need_be_fitted_again(half, more, order, seed):
    random = np.random.default_rng(seed)
    window = 2 * half + 1
    size = window + more
    value, gap = random.normal(size=size), (random.uniform(size=size) < 0.1).astype(float)
    value[gap > 0] = 0.0
    trend, anew = np.empty(size), np.empty(size)
    fit_trend(value, gap, window, order, 0, size - 1, trend)
    first = int(random.integers(0, size))
    last = min(first + int(random.integers(0, window)), size - 1)
    gap[[first, last]] = 1.0
    value[[first, last]] = 0.0
    fit_trend(value, gap, window, order, first, last, trend)
    fit_trend(value, gap, window, order, 0, size - 1, anew)
    assert trend == pytest.approx(anew, abs=1e-10, nan_ok=True)


@pytest.mark.parametrize("half", [1, 2, 5, 48, 720, 64800])
def test_moments_of_a_full_window(half):
    x = np.arange(-half, half + 1) / half
    assert full_moments(half) == pytest.approx([np.sum(x**power) for power in (0, 2, 4, 6, 8)], rel=1e-12)


def test_chunks_are_whole_vectors():
    assert CHUNK % 8 == 0
