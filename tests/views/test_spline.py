"""Detrending by AstroNet's spline: against its recipe, against itself where a checkout is named, and under masks."""

import os
import warnings
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.interpolate import make_lsq_spline
from views.spline_judge import BREAK_D, SPACINGS_D, by_dense_matrices, by_the_recipe

from lightmill.lightcurves.files import read_light_curve_files
from lightmill.views.normalise import normalise_segments, robust_scatter
from lightmill.views.quality import good_cadences
from lightmill.views.spline import detrend_spline, fit_spline
from lightmill.views.spline_pieces import LARGEST_VARIANCE, STIFFNESS

LONG_CADENCE_D = 29.4244 / 1440


def fit(time, flux, masked=None, segment=None, spacings_d=SPACINGS_D, break_d=BREAK_D, level=1.0):
    masked = np.zeros(time.size, dtype=bool) if masked is None else masked
    segment = np.zeros(time.size, dtype=int) if segment is None else segment
    return fit_spline(time, flux, segment, masked, np.asarray(spacings_d), break_d, level)


def flatten(time, flux, masked=None, segment=None, spacings_d=SPACINGS_D, break_d=BREAK_D, clip_sigma=5.0):
    masked = np.zeros(time.size, dtype=bool) if masked is None else masked
    segment = np.zeros(time.size, dtype=int) if segment is None else segment
    return detrend_spline(time, flux, segment, masked, np.asarray(spacings_d), break_d, clip_sigma)


def star(seed=1, days=60.0, rotation_d=4.0, spots=5e-3, noise=2e-4, cadence_d=LONG_CADENCE_D):
    """A spotted star with gaps, flares and dips in two segments: time, flux and segment."""
    random = np.random.default_rng(seed)
    time = 2455000.0 + np.arange(0, days, cadence_d)
    for gap in random.uniform(0, days, 3):
        time = time[np.abs(time - 2455000.0 - gap) > random.choice([0.2, 0.6])]
    phase = 2 * np.pi * time / rotation_d
    flux = spots * (np.sin(phase) + 0.4 * np.sin(2.1 * phase)) + random.normal(0, noise, time.size)
    flux[random.uniform(size=time.size) < 0.01] += 20 * noise
    flux[random.uniform(size=time.size) < 0.01] -= 15 * noise
    return time, flux, (time > 2455000.0 + 0.6 * days).astype(int)


def agrees_with_the_recipe(time, flux, segment, level=1.0, spacings_d=SPACINGS_D):
    ours = fit(time, flux, segment=segment, level=level, spacings_d=spacings_d)
    trend, spacing_d, fitted, criterion = by_the_recipe(time, level * (1 + flux), segment, spacings_d)
    assert ours.spacing_d == spacing_d
    assert np.array_equal(ours.fitted, fitted)
    assert ours.trend == pytest.approx(trend / level - 1, abs=1e-11, nan_ok=True)
    assert ours.criterion == pytest.approx(criterion, rel=1e-9, nan_ok=True)
    return ours


@pytest.mark.parametrize(
    ("made", "shortest", "longest"),
    [
        ({"seed": 1}, 0.5, 0.6),
        ({"seed": 2, "rotation_d": 25.0, "days": 90.0}, 2.0, 5.0),
        ({"seed": 3, "rotation_d": 0.7, "days": 30.0}, 0.5, 0.5),  # faster than any of the spacings
        ({"seed": 4, "spots": 0.0}, 10.0, 20.0),
        ({"seed": 5, "rotation_d": 8.0, "days": 14.0, "cadence_d": 2 / 1440, "noise": 1e-3}, 1.0, 2.0),
    ],
)
def test_it_is_the_published_recipe(made, shortest, longest):
    ours = agrees_with_the_recipe(*star(**made))
    assert shortest <= ours.spacing_d <= longest * (1 + 1e-9)
    assert ours.fitted.mean() > 0.8


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_it_is_the_published_recipe_whatever_the_pieces(seed):
    random = np.random.default_rng(seed)
    begin, times, segments = 100.0, [], []
    for number in range(random.integers(1, 5)):
        time = begin + LONG_CADENCE_D * np.arange(random.integers(1, 200))
        time = time[random.uniform(size=time.size) < random.choice([0.7, 1.0])]
        times.append(time)
        segments.append(np.full(time.size, number // 2))
        begin += 200 * LONG_CADENCE_D + random.choice([0.1, 0.9])
    time, segment = np.concatenate(times), np.concatenate(segments)
    # A spline through four or five cadences leaves nothing but rounding, of which there is no recipe.
    assume(all(part.size < 4 or part.size > 8 for part in times))
    flux = 0.01 * np.sin(time / random.uniform(0.1, 3)) + random.normal(0, 1e-3, time.size)
    flux[random.uniform(size=time.size) < 0.05] += random.choice([-0.05, 0.05])
    # Outliers at either end: the knots begin where the cadences do that are left.
    flux[: random.integers(0, 5)] += 0.5
    agrees_with_the_recipe(time, flux, segment)


def test_spacings_are_judged_in_the_unit_that_the_flux_has_in_astronet():
    time, flux, segment = star(rotation_d=6.0)
    relative = agrees_with_the_recipe(time, flux, segment)
    electrons = agrees_with_the_recipe(time, flux, segment, level=31000.0)
    counted = relative.fitted.sum()
    assert np.nanmin(electrons.criterion) - np.nanmin(relative.criterion) == pytest.approx(
        2 * counted * np.log(31000.0), rel=0.02
    )


def test_a_spacing_that_leaves_a_coefficient_without_cadences_is_not_used():
    time = np.arange(0, 20, LONG_CADENCE_D)
    time = time[np.abs(time - 7.0) > 0.33]  # a gap, but none that splits
    flux = 5e-3 * np.sin(4 * time) + np.random.default_rng(6).normal(0, 2e-4, time.size)
    spacings_d = np.array([0.1, 0.12, 0.3, 1.0, 5.0])
    ours = agrees_with_the_recipe(time, flux, np.zeros(time.size, dtype=int), spacings_d=spacings_d)
    assert np.array_equal(np.isnan(ours.criterion), spacings_d < 0.2)
    assert ours.spacing_d == 0.3


def test_astronet_itself_agrees(real_data):
    if not os.environ.get("LIGHTMILL_ASTRONET"):
        pytest.skip("LIGHTMILL_ASTRONET names no checkout of google-research/exoplanet-ml to compare with")
    from benchmarks.astronet import find_astronet

    files = sorted((real_data / "archive/missions/kepler/lightcurves/0114/011442793").glob("*_llc.fits"))
    curve = read_light_curve_files(files)
    flux = normalise_segments(curve.pdcsap_flux, curve.segment, good_cadences(curve))
    usable = np.isfinite(flux)
    for unit in (1.0, float(np.median(curve.pdcsap_flux[usable]))):
        parts = [usable & (curve.segment == number) for number in np.unique(curve.segment[usable])]
        # It was written for a numpy that had these names.
        with warnings.catch_warnings(), patch.multiple(np, create=True, int=int, float=float):
            warnings.simplefilter("ignore")
            _, theirs = find_astronet().preprocess.process_light_curve(
                [curve.time_bjd[part] for part in parts], [unit * (1 + flux[part]) for part in parts]
            )
        ours = fit(curve.time_bjd, flux, segment=curve.segment, level=unit)
        flat = (1 + flux) / (1 + ours.trend)
        assert np.concatenate([flat[part] for part in parts]) == pytest.approx(theirs, abs=1e-9)


def test_one_fit_is_scipys_least_squares():
    random = np.random.default_rng(8)
    time = np.sort(random.uniform(0, 10, 500))
    flux = 1e-3 * random.uniform(-1, 1, 500)  # nothing of this is an outlier
    ours = fit(time, flux, spacings_d=[1.3])
    assert ours.fitted.all()
    # Seven intervals, the first knot at the first cadence, the last at the last.
    step = (time[-1] - time[0]) / 7
    knots = time[0] + step * np.arange(-3, 11)
    inside = np.concatenate([np.full(4, time[0]), knots[4:10], np.full(4, time[-1])])
    assert ours.trend == pytest.approx(make_lsq_spline(time, flux, inside)(time), abs=1e-12)


@given(st.floats(0.5, 20.0), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_a_cubic_is_its_own_trend_under_masks_too(spacing_d, seed):
    random = np.random.default_rng(seed)
    time = np.arange(0, 30, LONG_CADENCE_D)
    flux = np.polynomial.polynomial.polyval(time / 30, 1e-3 * random.normal(size=2))
    masked = random.uniform(size=time.size) < 0.3
    masked[700:720] = True
    found = fit(time, flux, masked, spacings_d=[spacing_d])
    inside = ~masked
    inside[np.flatnonzero(~masked)[0] : np.flatnonzero(~masked)[-1] + 1] = True
    assert found.trend[inside] == pytest.approx(flux[inside], abs=1e-9)
    assert np.isnan(found.trend[~inside]).all()


@given(st.integers(0, 2**32 - 1), st.sampled_from(SPACINGS_D[:12]))
@settings(max_examples=20, deadline=None)
def test_under_masks_it_is_what_dense_matrices_give(seed, spacing_d):
    random = np.random.default_rng(seed)
    time = np.arange(0, 15, LONG_CADENCE_D)
    flux = 0.01 * np.sin(time / random.uniform(0.3, 3)) + random.normal(0, 1e-4, time.size)
    flux[random.uniform(size=time.size) < 0.02] += 0.01
    masked = np.zeros(time.size, dtype=bool)
    for begin in random.integers(0, time.size, 4):
        masked[begin : begin + random.integers(1, 90)] = True
    ours = fit(time, flux, masked, spacings_d=[spacing_d])
    trend, variance = by_dense_matrices(time, flux, ours.fitted, masked, spacing_d, STIFFNESS)
    fitted = time[ours.fitted]
    outside = masked & ((time < fitted[0]) | (time > fitted[-1]))
    assume(np.all(np.abs(variance[masked] / LARGEST_VARIANCE - 1) > 1e-6))
    lost = outside | (masked & (variance > LARGEST_VARIANCE))
    assert np.array_equal(np.isnan(ours.trend), lost)
    assert ours.trend[~lost] == pytest.approx(trend[~lost], abs=1e-11)


@given(st.integers(0, 2**32 - 1), st.floats(1.0, 200.0))
@settings(max_examples=20, deadline=None)
def test_no_mask_however_wide_makes_a_trend_run_wild(seed, width):
    random = np.random.default_rng(seed)
    time = np.arange(0, 40, LONG_CADENCE_D)
    flux = random.normal(0, 1e-3, time.size)
    masked = np.abs((time - random.uniform(0, 10)) % 10 - 5) < width * LONG_CADENCE_D / 2
    flux[masked] -= 0.5
    trend = fit(time, flux, masked, spacings_d=[0.5]).trend
    # Five standard deviations of what may be as uncertain as a cadence.
    assert np.nanmax(np.abs(trend)) < 5e-3


def with_transits(time, flux, depth, duration_d, period_d, epoch):
    """The flux with flat-bottomed transits in it, and how far each cadence is from the middle of one, in days."""
    phase_d = (time - epoch + period_d / 2) % period_d - period_d / 2
    return (1 + flux) * (1 - depth * (np.abs(phase_d) < duration_d / 2)) - 1, np.abs(phase_d)


def depth_left(flat, phase_d, duration_d):
    near = (phase_d > 0.75 * duration_d) & (phase_d < 2 * duration_d)
    return np.nanmedian(flat[near]) - np.nanmedian(flat[phase_d < duration_d / 4])


@pytest.mark.parametrize(("duration_h", "lost"), [(1, 0.0), (5, 0.0), (15, 0.9)])
def test_masked_transits_keep_their_depth_and_long_ones_without_a_mask_lose_it(duration_h, lost):
    masked_depths, bare_depths = [], []
    for number, depth in enumerate(np.geomspace(1e-3, 0.03, 6)):
        duration_d = duration_h / 24
        time, flux, segment = star(seed=number, days=90.0, rotation_d=3.0, noise=1e-4)
        flux, phase_d = with_transits(time, flux, depth, duration_d, 7.3, time[0] + 1 + number)
        masked = phase_d < 0.75 * duration_d
        masked_depths.append(depth_left(flatten(time, flux, masked, segment), phase_d, duration_d) / depth)
        bare_depths.append(depth_left(flatten(time, flux, None, segment), phase_d, duration_d) / depth)
    assert np.median(masked_depths) == pytest.approx(1.0, abs=0.02)
    assert np.median(bare_depths) == pytest.approx(1.0 - lost, abs=0.1)


def test_flares_go_and_dips_stay():
    time, flux, segment = star(seed=14, spots=0.0)
    flux[500], flux[900] = 0.01, -0.01
    flat = flatten(time, flux, segment=segment)
    assert np.isnan(flat[500])
    assert flat[900] == pytest.approx(-0.01, abs=5e-4)
    above = np.flatnonzero(np.isnan(flat))
    assert np.all(flux[above] > 5 * 2e-4 * 0.8)
    # None is left that is further above than five sigmas, segment by segment.
    assert np.nanmax(flat) < 5.2 * robust_scatter(flat)
    assert np.isfinite(flatten(time, flux, segment=segment, clip_sigma=1e9)).all()


def test_flux_is_divided_by_the_trend():
    time, flux, segment = star(seed=15, spots=0.2)
    trend = fit(time, flux, segment=segment).trend
    flat = flatten(time, flux, segment=segment, clip_sigma=1e9)
    assert flat == pytest.approx((1 + flux) / (1 + trend) - 1, abs=1e-12)


def test_a_trend_that_is_no_brightness_is_none():
    time = np.arange(0, 10, LONG_CADENCE_D)
    flux = np.linspace(0, -2.9, time.size)
    flat = flatten(time, flux, spacings_d=[5.0], clip_sigma=1e9)
    assert np.array_equal(np.isnan(flat), flux <= -1)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15, deadline=None)
def test_mirrored_in_time_it_is_mirrored(seed):
    random = np.random.default_rng(seed)
    time, flux, segment = star(seed=seed, days=25.0, rotation_d=random.uniform(0.5, 10))
    time -= 2455000.0
    masked = np.abs((time % 4) - 2) < random.uniform(0, 0.3)
    there = fit(time, flux, masked, segment)
    back = fit(25.0 - time[::-1], flux[::-1].copy(), masked[::-1].copy(), 1 - segment[::-1])
    assert back.spacing_d == there.spacing_d
    assert np.array_equal(back.fitted[::-1], there.fitted)
    assert back.trend[::-1] == pytest.approx(there.trend, abs=1e-9, nan_ok=True)


@given(
    st.integers(0, 60),
    st.floats(0.0, 1.0),
    st.floats(0.0, 1.0),
    st.sampled_from([0.0, 1e-3, 1e3]),
    st.integers(0, 2**32 - 1),
)
@settings(max_examples=100, deadline=None)
def test_whatever_is_missing_something_is_stated(size, missing, hidden, noise, seed):
    random = np.random.default_rng(seed)
    time = np.sort(random.choice(np.arange(0, 40, 0.3), size, replace=False))
    flux = random.normal(0, noise, size)
    flux[random.uniform(size=size) < missing] = np.nan
    masked = random.uniform(size=size) < hidden
    segment = random.integers(0, 3, size)
    found = fit(time, flux, masked, segment)
    assert np.isnan(found.trend[np.isnan(flux)]).all()
    assert not found.fitted[masked | np.isnan(flux)].any()
    assert np.isfinite(found.trend[found.fitted]).all()
    assert np.isnan(found.spacing_d) == np.isnan(found.trend).all() == (not found.fitted.any())
    flat = flatten(time, flux, masked, segment)
    assert not np.isinf(flat).any()
    assert np.isnan(flat[np.isnan(found.trend)]).all()


@pytest.mark.parametrize("cadences", [0, 1, 3])
def test_fewer_than_four_cadences_have_no_trend(cadences):
    time = 0.02 * np.arange(cadences)
    found = fit(time, np.zeros(cadences))
    assert np.isnan(found.trend).all()
    assert np.isnan(found.spacing_d)
    assert np.isnan(flatten(time, np.zeros(cadences))).all()


def test_a_short_piece_is_left_out_and_the_others_are_not():
    time, flux, segment = star(seed=16)
    segment[:3] = 7
    found = fit(time, flux, segment=segment)
    assert np.isnan(found.trend[:3]).all()
    assert np.isfinite(found.trend[3:]).all()


def test_all_masked_has_no_trend():
    time, flux, segment = star(days=10.0)
    found = fit(time, flux, np.ones(time.size, dtype=bool), segment)
    assert np.isnan(found.trend).all()
    assert np.isnan(found.criterion).all()


def test_a_constant_is_flat():
    time = np.arange(0, 20, LONG_CADENCE_D)
    found = fit(time, np.full(time.size, 0.25))
    assert found.spacing_d == SPACINGS_D[0]  # nothing tells one from the other
    assert found.fitted.all()
    assert flatten(time, np.full(time.size, 0.25)) == pytest.approx(0.0, abs=1e-12)


def test_segments_and_gaps_have_their_own_splines():
    time = np.arange(0, 20, LONG_CADENCE_D)
    flux = np.random.default_rng(17).normal(0, 1e-5, time.size)
    step = (time > 10).astype(int)
    flux += 0.1 * step
    assert np.max(np.abs(flatten(time, flux, segment=step, clip_sigma=1e9))) < 1e-4
    assert np.max(np.abs(flatten(time, flux, clip_sigma=1e9))) > 1e-2
    apart = time + np.where(step, 1.0, 0.0)
    assert np.max(np.abs(flatten(apart, flux, clip_sigma=1e9))) < 1e-4
    assert np.max(np.abs(flatten(apart, flux, break_d=2.0, clip_sigma=1e9))) > 1e-3


def test_the_order_of_segments_does_not_matter():
    time, flux, segment = star(seed=18)
    there, back = fit(time, flux, segment=segment), fit(time, flux, segment=5 - segment)
    assert back.trend == pytest.approx(there.trend, abs=1e-12)
    assert back.spacing_d == there.spacing_d


def test_arguments_are_left_alone_and_results_are_the_same_again():
    arrays = star(seed=19)
    masked = np.zeros(arrays[0].size, dtype=bool)
    masked[100:140] = True
    for array in (*arrays, masked):
        array.flags.writeable = False
    time, flux, segment = arrays
    first, second = (flatten(time, flux, masked, segment) for _ in range(2))
    assert first.tobytes() == second.tobytes()


@pytest.mark.parametrize("spacings_d", [[], [0.0, 1.0], [-1.0], [np.nan]])
def test_spacings_must_be_above_zero(spacings_d):
    with pytest.raises(ValueError, match="spacings of knots must be above zero"):
        fit(np.arange(10.0), np.zeros(10), spacings_d=np.array(spacings_d))


@pytest.mark.parametrize("level", [0.0, -1.0, np.nan])
def test_the_level_must_be_above_zero(level):
    with pytest.raises(ValueError, match="level must be above zero"):
        fit(np.arange(10.0), np.zeros(10), level=level)
