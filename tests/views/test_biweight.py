"""Detrending by Tukey's biweight: against wotan, against plain iteration, and with everything that can be missing."""

import warnings

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from lightmill.lightcurves.files import read_light_curve_files
from lightmill.views.biweight import _count, _location, detrend_biweight
from lightmill.views.normalise import normalise_segments
from lightmill.views.quality import good_cadences

SETTINGS = {"window_d": 1.5, "break_d": 0.5, "clip_sigma": 5.0}
LONG_CADENCE_D = 29.4244 / 1440


def flatten(time, flux, masked=None, segment=None, **changes):
    masked = np.zeros(time.size, dtype=bool) if masked is None else masked
    segment = np.zeros(time.size, dtype=int) if segment is None else segment
    return detrend_biweight(time, flux, segment, masked, **{**SETTINGS, **changes})


def wotan_flatten(time, flux, masked, window_d, break_d):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import numba
        import wotan

        threads = numba.get_num_threads()
        numba.set_num_threads(1)
        try:
            return (
                wotan.flatten(
                    time,
                    1.0 + flux,
                    method="biweight",
                    window_length=window_d,
                    break_tolerance=break_d,
                    edge_cutoff=0,
                    cval=5,
                    mask=masked,
                )
                - 1.0
            )
        finally:
            numba.set_num_threads(threads)


def plain_location(values):
    """The mean reweighted until nothing changes."""
    location = np.median(values)
    deviation = np.median(np.abs(values - location))
    if deviation > 0:
        for _ in range(5000):
            u = (values - location) / (5.0 * deviation)
            weight = np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0.0)
            step = np.sum(weight * (values - location)) / np.sum(weight)
            location += step
            if abs(step) < 1e-14 * deviation:
                break
    return location


@settings(max_examples=100, deadline=None)
@given(st.floats(0.1, 5), st.floats(0, 0.8), st.sampled_from(["noise", "outliers", "two levels", "steps"]), st.data())
def test_at_each_cadence_it_is_the_mean_reweighted_until_nothing_changes(window_d, lost, kind, data):
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    time = np.flatnonzero(random.uniform(size=150) >= lost) * LONG_CADENCE_D
    flux = random.normal(0, 1e-3, time.size)
    if kind == "outliers":
        flux += np.where(random.uniform(size=time.size) < 0.1, random.normal(0, 0.1, time.size), 0.0)
    elif kind == "two levels":
        flux += np.where(random.uniform(size=time.size) < 0.45, 4e-3, 0.0)
    elif kind == "steps":
        flux = np.round(flux, 3)
    masked = random.uniform(size=time.size) < 0.2
    flat = flatten(time, flux, masked, window_d=window_d, break_d=10.0, clip_sigma=1e9)
    for number in random.permutation(time.size)[:20]:
        near = ~masked & (np.abs(time - time[number]) <= 0.5 * window_d + 1e-9)
        sides = (time[near] <= time[number]).any() and (time[near] >= time[number]).any()
        if not near.any() or (masked[number] and not sides):
            assert np.isnan(flat[number])
        else:
            expected = (1 + flux[number]) / (1 + plain_location(flux[near])) - 1
            if kind == "steps" and np.isnan(flat[number]):
                # Where most residuals are alike there is no scatter, and whatever is above them is an outlier.
                assert expected > 0
                continue
            assert flat[number] == pytest.approx(expected, abs=1e-10)


def test_a_window_whose_location_is_far_from_its_median():
    # Two levels, 4.3 deviations apart: the location lies between them.
    flux = 1e-3 * np.concatenate([[-1.0], np.linspace(-1e-3, 0, 500), np.full(500, 4.3)])
    time = np.arange(flux.size) * LONG_CADENCE_D
    flat = flatten(time, flux, window_d=100.0, clip_sigma=1e9)
    location, deviation = plain_location(flux), np.median(np.abs(flux - np.median(flux)))
    assert location > np.median(flux) + 2 * deviation
    assert flat == pytest.approx((1 + flux) / (1 + location) - 1, abs=1e-10)


def test_sums_that_do_not_reach_far_enough_are_not_used():
    values = np.sort(np.random.default_rng(3).normal(size=101))
    centre, deviation = np.median(values), np.median(np.abs(values - np.median(values)))
    for reference, reaches in ((centre, True), (centre + 3.0 * deviation, True), (centre + 6.0 * deviation, False)):
        sums = np.zeros(8)
        for value in values:
            _count(sums, value, reference, 1.0 / deviation, 1.0)
        location = _location(values, sums, reference, 1.0 / deviation, centre, deviation)
        assert location == pytest.approx(plain_location(values) if reaches else np.nan, abs=1e-10, nan_ok=True)


@pytest.mark.parametrize("window_d", [0.8, 1.5])
def test_it_is_wotans_on_a_simulated_star(window_d):
    random = np.random.default_rng(2)
    time = np.delete(2455000.0 + np.arange(0, 60, LONG_CADENCE_D), np.r_[500:560, 1200:1203])
    flux = 0.01 * np.sin(time * 0.7) + random.normal(0, 2e-4, time.size)
    flux[random.integers(0, time.size, 20)] += 0.01
    flux[(time % 7.0) < 0.3] -= 0.02
    masked = (time % 3.0) < 0.25
    flat = flatten(time, flux, masked, window_d=window_d, clip_sigma=1e9)
    there = np.isfinite(flat)
    assert there.mean() > 0.95
    expected = wotan_flatten(time, flux, masked, window_d, 0.5)
    # wotan stops at a millionth of a window's median absolute deviation, here up to 2e-3.
    assert flat[there] == pytest.approx(expected[there], abs=4e-9)
    assert np.quantile(np.abs(flat - expected)[there], 0.99) < 1e-9


REAL = {
    "HAT-P-7": "kepler/lightcurves/0106/010666592/*2009350155506_llc.fits",
    "Kepler-11": "kepler/lightcurves/0065/006541920/*2009350155506_llc.fits",
    "WASP-47": "k2/lightcurves/c3/206100000/03000/ktwo206103150-c03_llc.fits",
    "pi Men": "tess/tid/s0001/0000/0002/6113/6679/*_lc.fits",
}


@pytest.mark.parametrize("star", REAL)
def test_it_is_wotans_on_real_stars(real_data, star):
    (path,) = (real_data / "archive/missions").glob(REAL[star])
    curve = read_light_curve_files([path])
    flux = normalise_segments(curve.pdcsap_flux, curve.segment, good_cadences(curve))
    time, there = np.array(curve.time_bjd), np.isfinite(flux)
    for masked in (np.zeros(time.size, dtype=bool), time % 2.2 < 0.3):
        flat = detrend_biweight(time, flux, curve.segment, masked, 1.5, 0.5, 1e9)
        expected = wotan_flatten(time, flux, masked, 1.5, 0.5)
        assert np.array_equal(np.isfinite(flat)[~masked], there[~masked])
        assert flat == pytest.approx(np.where(np.isfinite(flat), expected, np.nan), abs=2e-9, nan_ok=True)


def test_a_masked_transit_keeps_its_depth_and_an_unmasked_one_does_not():
    time = np.arange(0, 60, LONG_CADENCE_D)
    phase = time % 10.0 - 5.0
    transit = np.abs(phase) < 0.25
    flux = -1e-3 * transit + 1e-3 * np.sin(2 * np.pi * time / 20.0)
    flux += np.random.default_rng(2).normal(0, 1e-5, time.size)
    masked = flatten(time, flux, masked=np.abs(phase) < 0.375)
    assert np.median(masked[transit]) == pytest.approx(-1e-3, rel=0.02)
    assert np.median(flatten(time, flux, window_d=0.6)[transit]) > -0.7e-3


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
    assert np.isnan(flat).nonzero()[0].tolist() == [400, 401, 402, 1005]
    assert flat[800:810] == pytest.approx(flux[800:810], abs=1e-4)
    assert np.delete(flat[1000:1010], 5) == pytest.approx(-0.3, abs=1e-3)


def test_no_trend_is_extrapolated_under_a_transit():
    time = np.arange(0, 10, LONG_CADENCE_D)
    masked = (time < 0.4) | ((time > 5) & (time < 5.4)) | (time > 9.8)
    flat = flatten(time, np.full(time.size, 0.01), masked=masked)
    assert np.isnan(flat).tolist() == ((time < 0.4) | (time > 9.8)).tolist()
    assert flat[np.isfinite(flat)] == pytest.approx(0, abs=1e-12)
    wide = np.abs(time - 5) < 1.5
    assert np.array_equal(np.isnan(flatten(time, np.zeros(time.size), masked=wide)), wide)


def test_a_trend_that_is_no_brightness_divides_nothing():
    time = np.arange(0, 10, LONG_CADENCE_D)
    assert np.isnan(flatten(time, np.full(time.size, -1.0))).all()


def test_each_segment_has_a_trend_of_its_own():
    time = np.arange(0, 20, LONG_CADENCE_D)
    segment = np.arange(time.size) % 2
    flux = np.where(segment == 1, 0.01, -0.01) + np.random.default_rng(5).normal(0, 1e-4, time.size)
    together = flatten(time, flux, segment=segment)
    for number in (0, 1):
        rows = segment == number
        assert np.array_equal(together[rows], flatten(time[rows], flux[rows]), equal_nan=True)
    assert np.nanmax(np.abs(together)) < 1e-3


@settings(max_examples=200, deadline=None)
@given(
    st.integers(0, 60),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from(["noise", "constant", "nan", "levels"]),
    st.integers(0, 2**32 - 1),
)
@example(size=40, lost=0.0, in_transit=1.0, kind="noise", seed=0)
@example(size=1, lost=0.0, in_transit=0.0, kind="noise", seed=0)
def test_whatever_is_missing_there_is_a_stated_result(size, lost, in_transit, kind, seed):
    random = np.random.default_rng(seed)
    time = np.sort(random.choice(np.arange(200), size, replace=False)) * LONG_CADENCE_D
    made = {"noise": random.normal(size=size) * 0.01, "constant": np.full(size, 0.01), "nan": np.full(size, np.nan)}
    made["levels"] = random.choice([0.0, 1e-17, 0.1, -0.2], size)
    flux = np.where(random.uniform(size=size) < lost, np.nan, made[kind])
    masked = random.uniform(size=size) < in_transit
    flat = flatten(time, flux, masked=masked)
    assert flat.shape == time.shape
    assert np.isnan(flat[np.isnan(flux)]).all()
    unmasked = np.isfinite(flux) & ~masked
    if not unmasked.any():
        assert np.isnan(flat).all()
    elif kind == "constant":
        assert flat[unmasked] == pytest.approx(0, abs=1e-12)
    assert np.count_nonzero(np.isfinite(flat[unmasked])) >= 0.5 * np.count_nonzero(unmasked)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 600), st.floats(0, 0.5), st.sampled_from([0.3, 1.0, 40 * LONG_CADENCE_D]), st.data())
def test_detrending_a_mirrored_light_curve_mirrors_the_result(size, lost, window_d, data):
    random = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    place = np.flatnonzero(random.uniform(size=size) >= lost)
    assume(place.size > 0)
    flux, masked = random.normal(0, 1e-3, place.size), random.uniform(size=place.size) < 0.1
    flux[random.uniform(size=place.size) < 0.02] += 0.02
    forward = flatten(place * LONG_CADENCE_D, flux, masked, window_d=window_d)
    backward = flatten((size - place[::-1]) * LONG_CADENCE_D, flux[::-1], masked[::-1], window_d=window_d)
    assert backward[::-1] == pytest.approx(forward, abs=1e-9, nan_ok=True)


@settings(max_examples=50, deadline=None)
@given(st.integers(2, 300), st.floats(0, 0.9), st.integers(0, 2**32 - 1))
def test_cadences_without_flux_are_as_if_they_were_not_there(size, lost, seed):
    random = np.random.default_rng(seed)
    time = np.arange(size) * LONG_CADENCE_D
    flux = random.normal(0, 1e-3, size)
    flux[random.uniform(size=size) < lost] = np.nan
    there = np.isfinite(flux)
    assert np.array_equal(flatten(time, flux)[there], flatten(time[there], flux[there]), equal_nan=True)


def test_arrays_as_the_store_has_them():
    time, flux = np.arange(0, 20, LONG_CADENCE_D), np.zeros(979, dtype=np.float32)
    masked, segment = np.zeros(time.size, dtype=bool), np.zeros(time.size, dtype=np.int16)
    for array in (time, flux, masked, segment):
        array.flags.writeable = False
    assert flatten(time, flux, masked, segment) == pytest.approx(0)


def test_arrays_are_of_one_length():
    time = np.arange(5) * LONG_CADENCE_D
    for size, segments, masks in ((4, 5, 5), (5, 4, 5), (5, 5, 4)):
        with pytest.raises(ValueError, match="as many cadences"):
            flatten(time, np.zeros(size), np.zeros(masks, dtype=bool), np.zeros(segments, dtype=int))
