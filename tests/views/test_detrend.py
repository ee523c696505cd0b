"""Detrending: against scipy, on known shapes, and with everything that can be missing."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter

from lightmill.config.views import DetrendMethod
from lightmill.views.detrend import (
    DETREND_METHODS,
    cadence_grid,
    detrend_savgol,
    stretches,
    weighted_savgol,
    window_cadences,
)

SETTINGS = {"window_d": 2.0, "order": 2, "break_d": 0.5, "clip_sigma": 5.0}
LONG_CADENCE_D = 29.4244 / 1440


def flatten(time, flux, masked=None, segment=None, **changes):
    masked = np.zeros(time.size, dtype=bool) if masked is None else masked
    segment = np.zeros(time.size, dtype=int) if segment is None else segment
    return detrend_savgol(time, flux, segment, masked, **{**SETTINGS, **changes})


def test_every_method_that_can_be_configured_is_there():
    assert list(DETREND_METHODS) == list(get_args(DetrendMethod))


@given(st.integers(0, 3), st.integers(8, 40), st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_with_full_weight_it_is_scipys_filter(order, half, more, seed):
    window = 2 * half + 1
    values = np.random.default_rng(seed).normal(size=window + more)
    expected = savgol_filter(values, window, order, mode="interp")
    assert weighted_savgol(values, np.ones(values.size), window, order) == pytest.approx(expected, abs=1e-9)


@given(st.integers(0, 2**32 - 1))
def test_a_polynomial_is_its_own_trend_whatever_is_missing(seed):
    random = np.random.default_rng(seed)
    x = np.linspace(-1, 1, 300)
    values = np.polynomial.polynomial.polyval(x, random.normal(size=3))
    weight = (random.uniform(size=300) < 0.6).astype(float)
    weight[120:160] = 0
    assert weighted_savgol(values, weight, 101, 2) == pytest.approx(values, abs=1e-8)


def test_weights_are_those_of_least_squares():
    random = np.random.default_rng(5)
    values, weight = random.normal(size=41), (random.uniform(size=41) < 0.7).astype(float)
    x = np.arange(41.0)
    expected = np.polyval(np.polyfit(x, values, 2, w=weight), 20.0)
    assert weighted_savgol(values, weight, 41, 2)[20] == pytest.approx(expected)


def test_windows_with_too_little_weight_have_no_trend():
    weight = np.zeros(100)
    weight[[0, 1, 2, 97, 98, 99]] = 1
    values = np.where(np.arange(100) < 50, 1.0, 3.0)
    trend = weighted_savgol(values, weight, 11, 2)
    assert trend[[0, 1, 2, 97, 98, 99]] == pytest.approx([1.0] * 3 + [3.0] * 3)
    assert np.isnan(trend[8:92]).all()


@pytest.mark.parametrize("gap", [20, 60, 90])
def test_the_trend_ends_where_it_is_less_certain_than_a_point(gap):
    weight = np.ones(301)
    weight[150 - gap // 2 : 150 + gap // 2] = 0
    trend = weighted_savgol(np.zeros(301), weight, 101, 4)
    x = np.arange(-50, 51) / 50
    for index in range(50, 251):
        here = weight[index - 50 : index + 51]
        design = np.vander(x, 5)[here > 0]
        degree = min(4, len(design) // 4 - 1)
        variance = np.linalg.inv(design[:, 4 - degree :].T @ design[:, 4 - degree :])[-1, -1]
        if abs(variance - 1) > 1e-6:
            assert np.isnan(trend[index]) == (variance > 1), index


def test_no_trend_is_extrapolated_under_a_mask_wider_than_the_window():
    time = np.arange(0, 30, LONG_CADENCE_D)
    flux = 1e-3 * np.sin(time) + np.random.default_rng(2).normal(0, 1e-4, time.size)
    masked = np.abs(time - 15) < 4
    flat = flatten(time, flux, masked)
    assert np.isnan(flat[masked]).all()
    assert np.isfinite(flat[~masked]).mean() > 0.99


@pytest.mark.parametrize("window", [4, 13])
def test_a_window_must_fit(window):
    with pytest.raises(ValueError, match="must be odd and at most 11"):
        weighted_savgol(np.zeros(11), np.ones(11), window, 2)


def test_the_window_is_in_days_at_any_cadence():
    assert window_cadences(2.0, LONG_CADENCE_D, 5000) == 97
    assert window_cadences(2.0, 120 / 86400, 20000) == 1441
    assert window_cadences(2.0, LONG_CADENCE_D, 50) == 49
    assert window_cadences(2.0, LONG_CADENCE_D, 1) == 1


def test_the_grid_keeps_gaps_open_and_does_not_drift():
    clock = np.arange(20000) * (1 + 2e-5)  # gains 0.4 of a cadence in all, as barycentric times do
    kept = np.delete(clock, [5, 6, 700])
    place, size = cadence_grid(kept)
    assert size == 20000
    assert place.tolist() == np.delete(np.arange(20000), [5, 6, 700]).tolist()


def test_stretches_split_at_segments_and_gaps():
    time = np.array([0.0, 0.1, 0.2, 1.0, 1.1, 1.2, 1.3])
    segment = np.array([0, 0, 0, 0, 0, 1, 1])
    usable = np.array([True, True, False, True, True, True, True])
    assert [piece.tolist() for piece in stretches(time, segment, usable, 0.5)] == [[0, 1], [3, 4], [5, 6]]


def test_a_masked_transit_keeps_its_depth_and_an_unmasked_one_does_not():
    time = np.arange(0, 60, LONG_CADENCE_D)
    phase = time % 10.0 - 5.0
    transit = np.abs(phase) < 0.25
    variation = 1 + 0.002 * np.sin(2 * np.pi * time / 8.0)
    flux = variation * np.where(transit, 1 - 1e-3, 1.0) - 1 + np.random.default_rng(2).normal(0, 1e-5, time.size)
    masked = flatten(time, flux, masked=np.abs(phase) < 0.375)
    assert np.median(masked[transit]) == pytest.approx(-1e-3, rel=0.01)
    assert np.nanmax(np.abs(masked[~transit])) < 1e-4
    assert np.median(flatten(time, flux, clip_sigma=1e9)[transit]) > -0.8e-3


def test_sixty_parts_per_million_survive():
    random = np.random.default_rng(3)
    time = np.arange(0, 400, LONG_CADENCE_D)
    transit = np.abs(time % 10.0 - 5.0) < 0.2
    flux = -60e-6 * transit + random.normal(0, 30e-6, time.size)
    flat = flatten(time, flux, masked=transit)
    assert np.mean(flat[transit]) == pytest.approx(-60e-6, rel=0.1)


def test_flares_go_and_dips_stay():
    random = np.random.default_rng(4)
    time = np.arange(0, 30, LONG_CADENCE_D)
    flux = random.normal(0, 1e-4, time.size)
    flux[400:403] += 5e-3
    flux[800:810] -= 5e-3
    masked = np.zeros(time.size, dtype=bool)
    masked[1000:1010] = True
    flux[1000:1010] -= 0.3
    flux[1005] += 0.5  # a flare in transit that rises above the star's own level
    flat = flatten(time, flux, masked=masked)
    assert np.isnan(flat[400:403]).all()
    assert flat[800:810] == pytest.approx(flux[800:810], abs=1e-4)
    assert np.isnan(flat).sum() == 4
    assert np.isnan(flat[1005])
    assert np.delete(flat[1000:1010], 5) == pytest.approx(-0.3, abs=1e-3)


def test_no_trend_is_extrapolated_under_a_transit():
    time = np.arange(0, 10, LONG_CADENCE_D)
    masked = (time < 0.4) | ((time > 5) & (time < 5.4)) | (time > 9.8)
    flat = flatten(time, np.full(time.size, 0.01), masked=masked)
    assert np.isnan(flat).tolist() == ((time < 0.4) | (time > 9.8)).tolist()
    assert flat[np.isfinite(flat)] == pytest.approx(0, abs=1e-12)


@given(
    st.integers(0, 60),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(["noise", "constant", "nan"]),
    st.integers(0, 2**32 - 1),
)
def test_whatever_is_missing_there_is_a_stated_result(size, lost, in_transit, kind, seed):
    random = np.random.default_rng(seed)
    time = np.sort(random.choice(np.arange(200), size, replace=False)) * LONG_CADENCE_D
    flux = {"noise": random.normal(size=size) * 0.01, "constant": np.zeros(size), "nan": np.full(size, np.nan)}[kind]
    flux[random.uniform(size=size) < lost] = np.nan
    masked = random.uniform(size=size) < in_transit
    flat = flatten(time, flux, masked=masked)
    assert flat.shape == time.shape
    assert np.isnan(flat[np.isnan(flux)]).all()
    unmasked = np.isfinite(flux) & ~masked
    if not unmasked.any():
        assert np.isnan(flat).all()
    elif kind == "constant":
        assert flat[unmasked] == pytest.approx(0, abs=1e-12)


def test_detrending_a_mirrored_light_curve_mirrors_the_result():
    random = np.random.default_rng(6)
    time = np.arange(0, 20, LONG_CADENCE_D)
    flux, masked = random.normal(0, 1e-3, time.size), random.uniform(size=time.size) < 0.1
    forward = flatten(time, flux, masked=masked)
    backward = flatten(20.0 - time[::-1], flux[::-1], masked=masked[::-1])
    assert backward[::-1] == pytest.approx(forward, abs=1e-9, nan_ok=True)


@given(st.lists(st.sampled_from([0.0, 0.1, -0.2]), min_size=1, max_size=80), st.integers(0, 2**32 - 1))
def test_at_least_half_of_the_unmasked_cadences_stay(levels, seed):
    # Flux of a few levels only has a scatter of zero: everything else would be an outlier.
    flux = np.array(levels)
    masked = np.random.default_rng(seed).uniform(size=flux.size) < 0.3
    flat = flatten(np.arange(flux.size) * LONG_CADENCE_D, flux, masked=masked)
    assert np.count_nonzero(np.isfinite(flat[~masked])) >= 0.5 * np.count_nonzero(~masked)
