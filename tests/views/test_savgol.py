"""Detrending by Savitzky-Golay: against its rules, one window at a time, and with all that can be missing."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lightmill.lightcurves.files import read_light_curve_files
from lightmill.views.normalise import normalise_segments, robust_scatter
from lightmill.views.quality import good_cadences
from lightmill.views.savgol import LONGEST_GRID, cadence_grid, detrend_savgol, window_cadences
from lightmill.views.stretches import stretches

SETTINGS = {"window_d": 2.0, "order": 2, "break_d": 0.5, "clip_sigma": 5.0}
LONG_CADENCE_D = 29.4244 / 1440


def flatten(time, flux, masked=None, segment=None, **changes):
    masked = np.zeros(time.size, dtype=bool) if masked is None else masked
    segment = np.zeros(time.size, dtype=int) if segment is None else segment
    return detrend_savgol(time, flux, segment, masked, **{**SETTINGS, **changes})


def slow_trend(place, size, flux, used, window, order):
    """Trend at each cadence of one stretch, fitted by itself; NaN where it may not be had."""
    trend, half = np.full(flux.size, np.nan), window // 2
    for number, here in enumerate(place):
        centre = min(max(here, half), size - 1 - half)
        rows = used & (np.abs(place - centre) <= half)
        if not rows.any():
            continue
        degree = min(max(np.count_nonzero(rows) // 4 - 1, 0), order)
        middle, width = place[rows].mean(), max(np.ptp(place[rows]), 1)
        design = np.polynomial.legendre.legvander((place[rows] - middle) / width, degree)
        at = np.polynomial.legendre.legvander(np.array([(here - middle) / width]), degree)[0]
        q, r = np.linalg.qr(design)
        weights = np.linalg.solve(r.T, at)
        if used[number] or weights @ weights <= 1.0:
            trend[number] = weights @ (q.T @ flux[rows])
    return trend


def slowly(time, flux, masked, window_d, order, clip_sigma):
    """The rules for one stretch, one cadence at a time."""
    place = np.concatenate([[0], np.cumsum(np.rint(np.diff(time) / np.median(np.diff(time))))]).astype(int)
    size = place[-1] + 1
    window = window_cadences(window_d, (time[-1] - time[0]) / place[-1], size)
    outlying = np.zeros(time.size, dtype=bool)
    for _ in range(3):
        used = ~masked & ~outlying
        flat = (1 + flux) / (1 + slow_trend(place, size, flux, used, window, order)) - 1
        above = flat - np.median(flat[used])
        limit = clip_sigma * robust_scatter(flat[used])
        outlying = ~(np.abs(above) <= limit)
    flat[above > limit] = np.nan
    for number in np.flatnonzero(masked):
        first = min(max(place[number] - window // 2, 0), size - window)
        near = place[used & (place >= first) & (place < first + window)]
        if not (near < place[number]).any() or not (near > place[number]).any():
            flat[number] = np.nan
    return flat


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 5), st.floats(0.3, 3), st.floats(0, 0.6), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_it_does_what_the_rules_say(order, window_d, lost, outliers, seed):
    random = np.random.default_rng(seed)
    place = np.flatnonzero(random.uniform(size=180) >= lost)
    time = place * LONG_CADENCE_D
    flux = 5e-3 * np.sin(time * random.uniform(0.5, 3)) + random.normal(0, 1e-4, time.size)
    flux[random.integers(0, time.size, outliers)] += random.choice([-5e-3, 5e-3], outliers)
    masked = np.abs((time + random.uniform(0, 1)) % 1.0 - 0.5) < random.uniform(0, 0.3)
    assume(np.count_nonzero(~masked) >= 20)
    assume(np.median(np.diff(place)) == 1)
    flat = flatten(time, flux, masked, window_d=window_d, order=order, break_d=10.0)
    assert flat == pytest.approx(slowly(time, flux, masked, window_d, order, 5.0), abs=1e-11, nan_ok=True)


def test_it_does_what_the_rules_say_on_a_real_star(real_data):
    (path,) = (real_data / "archive/missions/kepler/lightcurves").glob("*/010666592/*2009350155506_llc.fits")
    curve = read_light_curve_files([path])
    flux = normalise_segments(curve.pdcsap_flux, curve.segment, good_cadences(curve))
    rows = max(stretches(curve.time_bjd, curve.segment, np.isfinite(flux), 0.5).pieces(), key=len)
    time, flux = curve.time_bjd[rows], flux[rows]
    period_d, epoch_bjd = 2.204735, 2454954.357463  # HAT-P-7 b
    masked = np.abs((time - epoch_bjd) % period_d - period_d / 2) > period_d / 2 - 0.12
    for order, window_d in ((4, 2.0), (2, 1.0)):
        flat = flatten(time, flux, masked, order=order, window_d=window_d)
        assert flat == pytest.approx(slowly(time, flux, masked, window_d, order, 5.0), abs=1e-12, nan_ok=True)
        assert -7.2e-3 < np.nanmin(flat[masked]) < -6.5e-3  # its depth


def test_no_trend_is_extrapolated_under_a_mask_wider_than_the_window():
    time = np.arange(0, 30, LONG_CADENCE_D)
    flux = 1e-3 * np.sin(time) + np.random.default_rng(2).normal(0, 1e-4, time.size)
    masked = np.abs(time - 15) < 4
    flat = flatten(time, flux, masked)
    assert np.isnan(flat[masked]).all()
    assert np.isfinite(flat[~masked]).mean() > 0.99


def test_the_window_is_in_days_at_any_cadence():
    assert window_cadences(2.0, LONG_CADENCE_D, 5000) == 97
    assert window_cadences(2.0, 120 / 86400, 20000) == 1441
    assert window_cadences(2.0, 120 / 86400 * (1 + 1e-12), 20000) == 1441
    assert window_cadences(2.0, LONG_CADENCE_D, 50) == 49
    assert window_cadences(2.0, LONG_CADENCE_D, 1) == 1
    assert window_cadences(1e-9, LONG_CADENCE_D, 50) == 3
    assert window_cadences(2.0, 0.0, 50) == 49


def test_the_grid_keeps_gaps_open_and_does_not_drift():
    clock = np.arange(20000) * (1 + 2e-5)  # gains 0.4 of a cadence in all, as barycentric times do
    kept = np.delete(clock, [5, 6, 700])
    place, size = cadence_grid(kept)
    assert size == 20000
    assert place.tolist() == np.delete(np.arange(20000), [5, 6, 700]).tolist()


@pytest.mark.parametrize("time", [[], [1.0], [1.0, 1.0, 1.0, 2.0], [0.0, 1e-6, 2e-6, 3e-6, 1.0], [0.0, 0.0]])
def test_times_on_no_grid_follow_one_another(time):
    place, size = cadence_grid(np.array(time))
    assert place.tolist() == list(range(size)) == list(range(len(time)))


def test_the_grid_is_no_longer_than_it_may():
    time = np.append(np.arange(50.0), 100.0 * LONGEST_GRID)
    assert cadence_grid(time)[1] == 51
    assert cadence_grid(np.append(np.arange(50.0), 5000.0))[1] == 5001


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


def test_a_trend_that_is_no_brightness_divides_nothing():
    time = np.arange(0, 10, LONG_CADENCE_D)
    assert np.isnan(flatten(time, np.full(time.size, -1.0))).all()
    assert np.isnan(flatten(time, np.full(time.size, -3.0))).all()


def test_each_segment_has_a_trend_of_its_own():
    time = np.arange(0, 20, LONG_CADENCE_D)
    segment = np.repeat([1, 0], [time.size // 2, time.size - time.size // 2])
    flux = np.where(segment == 1, 0.01, -0.01) + np.random.default_rng(5).normal(0, 1e-4, time.size)
    together = flatten(time, flux, segment=segment)
    for number in (0, 1):
        rows = segment == number
        assert np.array_equal(together[rows], flatten(time[rows], flux[rows]), equal_nan=True)
    assert np.nanmax(np.abs(together)) < 1e-3


def test_arrays_as_the_store_has_them():
    time, flux = np.arange(0, 20, LONG_CADENCE_D), np.zeros(979, dtype=np.float32)
    masked, segment = np.zeros(time.size, dtype=bool), np.zeros(time.size, dtype=np.int16)
    for array in (time, flux, masked, segment):
        array.flags.writeable = False
    assert flatten(time, flux, masked, segment) == pytest.approx(0)


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 60),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(["noise", "constant", "nan"]),
    st.integers(0, 5),
    st.integers(0, 2**32 - 1),
)
@example(size=40, lost=0.0, in_transit=1.0, kind="noise", order=2, seed=0)
@example(size=1, lost=0.0, in_transit=0.0, kind="noise", order=4, seed=0)
def test_whatever_is_missing_there_is_a_stated_result(size, lost, in_transit, kind, order, seed):
    random = np.random.default_rng(seed)
    time = np.sort(random.choice(np.arange(200), size, replace=False)) * LONG_CADENCE_D
    flux = {"noise": random.normal(size=size) * 0.01, "constant": np.full(size, 0.01), "nan": np.full(size, np.nan)}
    flux = np.where(random.uniform(size=size) < lost, np.nan, flux[kind])
    masked = random.uniform(size=size) < in_transit
    flat = flatten(time, flux, masked=masked, order=order)
    assert flat.shape == time.shape
    assert np.isnan(flat[np.isnan(flux)]).all()
    unmasked = np.isfinite(flux) & ~masked
    if not unmasked.any():
        assert np.isnan(flat).all()
    elif kind == "constant":
        assert flat[unmasked] == pytest.approx(0, abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(st.integers(30, 600), st.floats(0, 0.5), st.integers(0, 5), st.floats(0.2, 3), st.integers(0, 2**32 - 1))
def test_detrending_a_mirrored_light_curve_mirrors_the_result(size, lost, order, window_d, seed):
    random = np.random.default_rng(seed)
    place = np.flatnonzero(random.uniform(size=size) >= lost)
    flux, masked = random.normal(0, 1e-3, place.size), random.uniform(size=place.size) < 0.1
    flux[random.uniform(size=place.size) < 0.02] += 0.02
    changes = {"order": order, "window_d": window_d}
    forward = flatten(place * LONG_CADENCE_D, flux, masked, **changes)
    backward = flatten((size - place[::-1]) * LONG_CADENCE_D, flux[::-1], masked[::-1], **changes)
    assert backward[::-1] == pytest.approx(forward, abs=1e-9, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(st.integers(40, 300), st.floats(0, 0.9), st.integers(0, 2**32 - 1))
def test_cadences_without_flux_are_as_if_they_were_not_there(size, lost, seed):
    random = np.random.default_rng(seed)
    time = np.arange(size) * LONG_CADENCE_D
    flux = random.normal(0, 1e-3, size)
    flux[random.uniform(size=size) < lost] = np.nan
    there = np.isfinite(flux)
    flat = flatten(time, flux)
    assert np.array_equal(flat[there], flatten(time[there], flux[there]), equal_nan=True)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.1, -0.2]), min_size=1, max_size=80), st.integers(0, 2**32 - 1))
def test_at_least_half_of_the_unmasked_cadences_stay(levels, seed):
    # Flux of a few levels only has a scatter of zero: everything else would be an outlier.
    flux = np.array(levels)
    masked = np.random.default_rng(seed).uniform(size=flux.size) < 0.3
    flat = flatten(np.arange(flux.size) * LONG_CADENCE_D, flux, masked=masked)
    assert np.count_nonzero(np.isfinite(flat[~masked])) >= 0.5 * np.count_nonzero(~masked)


def test_arrays_are_of_one_length():
    time = np.arange(5) * LONG_CADENCE_D
    for size, segments, masks in ((4, 5, 5), (5, 4, 5), (5, 5, 4)):
        with pytest.raises(ValueError, match="as many cadences"):
            flatten(time, np.zeros(size), np.zeros(masks, dtype=bool), np.zeros(segments, dtype=int))


@pytest.mark.parametrize("order", [-1, 6])
def test_an_order_must_be_one_of_those_there_are(order):
    with pytest.raises(ValueError, match="must be 0 to 5"):
        flatten(np.zeros(3), np.zeros(3), order=order)
