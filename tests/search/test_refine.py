"""Ephemerides that drifted are pulled back, and others left alone."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search.series import START, depth_of, dips, largest_offset, times

from lightmill.search.drift import (
    UNDERSTATED,
    Errors,
    drift_d,
    fold_range,
    likely_errors,
    near_segments,
    rounding_d,
    segment_ends,
)
from lightmill.search.events import BOX, GRAZING, PLACES, ROUND, box_events
from lightmill.search.refine import refine
from lightmill.search.shifts import (
    Fit,
    best_shift,
    misses_stretches,
    observed_transits,
    polish,
    slope_grid,
    snr_of,
    transit_dips,
)
from lightmill.views.signal import Signal

PERIOD, EPOCH, DURATION = 3.3, START + 1.2, 0.12
NAN = float("nan")
# Two sectors now, one two years on, one after five.
YEARS = times((0, 27), (27.5, 27), (730, 27), (1826, 27))


def noisy(snr, time_bjd=YEARS, seed=0):
    depth = depth_of(snr, time_bjd, PERIOD, EPOCH, DURATION)
    return dips(time_bjd, PERIOD, EPOCH, DURATION, depth, seed)


# Boxes


def test_a_box_sums_what_it_covers():
    time = np.arange(0.0, 4.0, 0.25)
    flux = np.zeros(time.size)
    flux[8] = -1.0  # day 2.0
    events = box_events(time, flux, 1.0)
    assert events.step_d == 1.0 / PLACES
    middles = events.start_bjd[0] + np.arange(events.first[1]) * events.step_d
    # Weights are cadences in the box over the variance: nothing scatters here, so all noise is unknown.
    assert np.all(events.weight == 0)
    assert np.all(events.dip == 0)
    assert middles[0] == -0.5
    assert middles[-1] >= 4.25 - 0.5


def test_dip_over_weight_is_the_depth_and_over_its_root_the_snr():
    rng = np.random.default_rng(1)
    time = np.arange(0.0, 60.0, 1 / 96)
    flux = rng.normal(0, 1e-3, time.size)
    flux[(time >= 30.0) & (time < 30.5)] -= 5e-3
    events = box_events(time, flux, 0.5)
    middles = events.start_bjd[0] + np.arange(events.first[1]) * events.step_d
    place = int(np.argmin(np.abs(middles - 30.25)))
    inside = flux[(time >= 30.0) & (time < 30.5)]
    assert events.dip[place] / events.weight[place] == pytest.approx(-inside.mean(), rel=1e-9)
    white = -inside.sum() / 1e-3 / np.sqrt(inside.size)
    assert events.dip[place] / np.sqrt(events.weight[place]) == pytest.approx(white, rel=0.25)
    quiet = np.abs(middles - 30.25) > 1.0
    quiet &= events.weight > 0
    scatter = (events.dip[quiet] / np.sqrt(events.weight[quiet]))[::PLACES]
    assert np.std(scatter) == pytest.approx(1.0, abs=0.25)


def test_gaps_part_a_light_curve_and_each_stretch_has_its_own_noise():
    rng = np.random.default_rng(2)
    time = np.concatenate([np.arange(0.0, 20.0, 1 / 48), np.arange(25.0, 45.0, 1 / 48)])
    flux = rng.normal(0, np.where(time < 22, 1e-4, 1e-3))
    events = box_events(time, flux, 0.25)
    assert events.start_bjd.size == 2
    full = [events.weight[events.first[k] : events.first[k + 1]].max() for k in range(2)]
    assert full[0] / full[1] == pytest.approx(100.0, rel=0.6)


@pytest.mark.parametrize("shape", [BOX, ROUND, GRAZING])
def test_shapes_are_symmetric_and_weigh_as_matched_filters_do(shape):
    assert np.array_equal(shape, shape[::-1])
    assert shape.size == PLACES
    time = np.arange(0.0, 30.0, 1 / 64)
    flux = np.random.default_rng(3).normal(0, 1e-3, time.size)
    boxes, shaped = box_events(time, flux, 1.0), box_events(time, flux, 1.0, shape)
    middle = slice(2 * PLACES, -2 * PLACES)
    noise = [e.dip[middle] / np.sqrt(e.weight[middle]) for e in (boxes, shaped)]
    assert np.std(noise[1]) == pytest.approx(np.std(noise[0]), rel=0.3)


# The S/N of an ephemeris


def test_snr_is_that_of_a_box_in_white_noise():
    snrs = [snr_of(box_events(YEARS, noisy(20.0, seed=seed), DURATION), PERIOD, EPOCH) for seed in range(12)]
    # The transits themselves are among the boxes that tell the noise: a few per cent too much.
    assert 17.5 < np.mean(snrs) < 20.5


def test_one_deep_dip_is_no_ephemeris():
    flux = noisy(0.0)
    flux[np.abs(YEARS - (EPOCH + 2 * PERIOD)) < DURATION / 2] -= 0.05
    events = box_events(YEARS, flux, DURATION)
    lone = transit_dips(events, PERIOD, EPOCH)
    assert np.max(lone.dip / np.sqrt(lone.weight)) > 100
    assert snr_of(events, PERIOD, EPOCH) < 4


def test_transits_are_numbered_from_the_epoch_and_only_those_with_data_count():
    events = box_events(YEARS, noisy(20.0), DURATION)
    dips_there = transit_dips(events, PERIOD, EPOCH)
    expected = np.unique(np.round((YEARS - EPOCH) / PERIOD))
    when = EPOCH + expected * PERIOD
    expected = expected[[np.any(np.abs(YEARS - one) < DURATION / 2) for one in when]]
    assert set(expected) <= set(dips_there.number)
    assert observed_transits(events, Fit(PERIOD, EPOCH, 0.0)) == pytest.approx(expected.size, abs=3)
    assert np.all(np.diff(dips_there.number) > 0)


def test_missing_from_a_stretch():
    flux = noisy(40.0)
    events = box_events(YEARS, flux, DURATION)
    assert not misses_stretches(events, Fit(PERIOD, EPOCH, 40.0))
    last = YEARS > START + 1000
    flux[last] = np.random.default_rng(5).normal(0, 1e-3, int(last.sum()))
    assert misses_stretches(box_events(YEARS, flux, DURATION), Fit(PERIOD, EPOCH, 30.0))


def test_slopes_begin_at_none_and_reach_as_far_as_asked():
    slopes = slope_grid(0.1, 0.2, 10.0)
    assert slopes[0] == 0.0
    assert np.array_equal(np.abs(slopes[1::2]), np.abs(slopes[2::2]))
    assert np.all(np.diff(np.abs(slopes[::2])) > 0)
    assert np.abs(slopes).max() >= 0.1
    assert np.abs(slopes).max() < 0.1 + 0.25 * 0.2 / 10 + 1e-12
    assert np.diff(np.sort(slopes)) == pytest.approx(0.25 * 0.2 / 10)


def test_the_best_shift_is_that_of_all_on_the_grid():
    """An independent judge: every epoch and period tried one by one, cadences counted in each box."""
    time = times((0, 27), (400, 20))
    depth = depth_of(30.0, time, PERIOD, EPOCH, DURATION)
    flux = dips(time, PERIOD, EPOCH, DURATION, depth, seed=6)
    events = box_events(time, flux, DURATION)
    slopes = slope_grid(4e-4, DURATION, 125.0)
    found = best_shift(events, PERIOD + 2e-4, EPOCH - 0.05, slopes, 0.09)
    best = -np.inf
    for slope in slopes:
        for shift in np.arange(-6, 7) * events.step_d:
            period, epoch = PERIOD + 2e-4 + slope, EPOCH - 0.05 + shift
            away = np.abs((time - epoch + period / 2) % period - period / 2)
            inside = away < DURATION / 2
            best = max(best, -flux[inside].sum() / 1e-3 / np.sqrt(inside.sum()))
    assert found.snr == pytest.approx(best, rel=0.1)
    assert largest_offset(time, found.period_d, found.epoch_bjd, PERIOD, EPOCH) < 0.2 * DURATION


def test_nothing_dims_nothing_is_found():
    time = times((0, 20))
    events = box_events(time, np.full(time.size, 1e-3), DURATION)
    assert best_shift(events, PERIOD, EPOCH, np.zeros(1), 0.1) is None


def test_polishing_comes_nearer_and_never_loses():
    events = box_events(YEARS, noisy(30.0), DURATION)
    rough = (PERIOD + 0.1 * DURATION / 500, EPOCH + 0.03 * DURATION)
    fit = polish(events, *rough)
    assert fit.snr >= snr_of(events, *rough)
    assert largest_offset(YEARS, fit.period_d, fit.epoch_bjd, PERIOD, EPOCH) < 0.1 * DURATION


# Refining


@pytest.mark.parametrize("drift_durations", [0.5, -2.0, 8.0, -25.0])
def test_what_drifted_is_pulled_back(drift_durations):
    cycles = np.round((YEARS[-1] - EPOCH) / PERIOD)
    listed = PERIOD + drift_durations * DURATION / cycles
    errors = Errors(abs(listed - PERIOD), 0.03 * DURATION)
    for seed in range(4):
        refined = refine(YEARS, noisy(14.0, seed=seed), listed, EPOCH, DURATION, errors)
        assert refined.moved
        assert refined.gain > 3.7
        assert largest_offset(YEARS, refined.fit.period_d, refined.fit.epoch_bjd, PERIOD, EPOCH) < 0.2 * DURATION
        assert refined.shift_d == pytest.approx(-drift_durations * DURATION, abs=0.25 * DURATION)


def test_errors_that_are_far_too_small_are_overcome():
    cycles = np.round((YEARS[-1] - EPOCH) / PERIOD)
    listed = PERIOD + 10 * DURATION / cycles
    refined = refine(YEARS, noisy(20.0), listed, EPOCH, DURATION, Errors((listed - PERIOD) / 60, 0.03 * DURATION))
    assert largest_offset(YEARS, refined.fit.period_d, refined.fit.epoch_bjd, PERIOD, EPOCH) < 0.2 * DURATION


def test_data_in_one_sector_years_away_move_the_transits_there():
    time = times((1826, 27))
    depth = depth_of(15.0, time, PERIOD, EPOCH, DURATION)
    flux = dips(time, PERIOD, EPOCH, DURATION, depth, seed=2)
    listed = PERIOD + 6 * DURATION / 550
    refined = refine(time, flux, listed, EPOCH, DURATION, Errors(abs(listed - PERIOD), 0.03 * DURATION))
    assert refined.moved
    assert largest_offset(time, refined.fit.period_d, refined.fit.epoch_bjd, PERIOD, EPOCH) < 0.2 * DURATION


@pytest.mark.parametrize("snr", [0.0, 6.0, 12.0, 60.0])
def test_what_is_right_stays(snr):
    for seed in range(6):
        refined = refine(YEARS, noisy(snr, seed=seed), PERIOD, EPOCH, DURATION, Errors(1e-4, 0.03 * DURATION))
        away = largest_offset(YEARS, refined.fit.period_d, refined.fit.epoch_bjd, PERIOD, EPOCH)
        assert away < 0.1 * DURATION
        if not refined.moved:
            assert (refined.fit.period_d, refined.fit.epoch_bjd) == (PERIOD, EPOCH)
            assert refined.gain == 0
            assert refined.shift_d == 0


def test_noise_moves_one_ephemeris_in_hundreds_at_most():
    moved = 0
    rng = np.random.default_rng(9)
    for seed in range(10):
        flux = dips(YEARS, PERIOD, EPOCH, DURATION, 0.0, seed)
        for _ in range(20):
            period, epoch = rng.uniform(1, 12), START + rng.uniform(0, 12)
            moved += refine(YEARS, flux, period, epoch, DURATION, Errors(3e-4 * period, 0.005)).moved
    assert moved <= 2


def test_one_glitch_does_not_move_an_ephemeris():
    flux = noisy(8.0, seed=3)
    flux[np.abs(YEARS - (EPOCH + 3 * PERIOD + 2 * DURATION)) < DURATION / 2] -= 0.02
    refined = refine(YEARS, flux, PERIOD, EPOCH, DURATION, Errors(1e-4, 0.1))
    assert largest_offset(YEARS, refined.fit.period_d, refined.fit.epoch_bjd, PERIOD, EPOCH) < 0.2 * DURATION


def test_a_single_transit_must_be_beyond_doubt_to_be_moved():
    time = times((0, 20))
    flux = np.random.default_rng(4).normal(0, 1e-3, time.size)
    inside = np.abs(time - (START + 9.0)) < DURATION / 2
    for snr, moved in ((4.5, False), (15.0, True)):
        dipped = flux - np.where(inside, snr * 1e-3 / np.sqrt(inside.sum()), 0.0)
        refined = refine(time, dipped, 300.0, START + 9.0 + 2 * DURATION, DURATION, Errors(0.01, 0.1))
        assert refined.moved is moved


@settings(max_examples=25, deadline=None)
@given(
    count=st.integers(0, 40),
    period=st.floats(0.05, 900.0),
    duration=st.floats(0.01, 0.5),
    constant=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_light_curve_has_a_stated_result(count, period, duration, constant, seed):
    rng = np.random.default_rng(seed)
    time = START + np.sort(rng.uniform(0, 30, count))
    flux = np.full(count, 1e-3) if constant else rng.normal(0, 1e-3, count)
    refined = refine(time, flux, period, START + 3.0, min(duration, period / 2), Errors(1e-3, 0.01))
    assert np.isfinite([refined.fit.period_d, refined.fit.epoch_bjd, refined.fit.snr, refined.gain]).all()


def test_the_result_is_the_same_again():
    one, two = (refine(YEARS, noisy(12.0), PERIOD + 1e-3, EPOCH, DURATION, Errors(1e-3, 0.01)) for _ in range(2))
    assert one.fit == two.fit
    assert one.gain == two.gain


@settings(max_examples=10, deadline=None)
@given(cycles=st.integers(-300, 300))
def test_an_epoch_may_be_whole_periods_away(cycles):
    flux = noisy(25.0)
    events = box_events(YEARS, flux, DURATION)
    moved = EPOCH + cycles * PERIOD
    assert snr_of(events, PERIOD, moved) == pytest.approx(snr_of(events, PERIOD, EPOCH), rel=1e-6)


# Errors


def test_errors_as_they_turn_out_to_be():
    signal = Signal("a", 5.0, START, 2.4)
    stated = likely_errors(signal, "TESS", Errors(1e-3, 2e-3))
    assert stated == pytest.approx((UNDERSTATED * 1e-3, UNDERSTATED * 2e-3))
    usual = likely_errors(Signal("a", 5.123456789, START, 2.4), "TESS", Errors())
    # 0.29 durations a year, half as much again.
    assert usual.period_d * 365.25 / 5.123456789 == pytest.approx(1.5 * 0.29 * 0.1)
    assert usual.epoch_d == pytest.approx(1.5 * 0.03 * 0.1)
    assert likely_errors(Signal("a", 5.123456789, START, 2.4), "Kepler", Errors()).period_d < usual.period_d
    assert likely_errors(Signal("a", 10.05, NAN, NAN), "K2", Errors()).period_d == pytest.approx(0.005)


@pytest.mark.parametrize(("period", "rounding"), [(10.05, 0.005), (3.123456, 5e-7), (7.0, 7e-3), (1e-7, 1e-10)])
def test_rounding(period, rounding):
    assert rounding_d(period) == pytest.approx(rounding)


def test_drift_grows_with_transits():
    assert drift_d(Errors(0.003, 0.004), 0) == pytest.approx(0.004)
    assert drift_d(Errors(0.003, 0.004), np.array([1.0, -1.0])) == pytest.approx([0.005, 0.005])


def test_segments_near_the_epoch():
    ends = START + np.array([[0.0, 27.0], [700.0, 727.0], [1800.0, 1827.0]])
    signal = Signal("a", 3.0, START + 5.0, 2.4)
    # An error of half a duration after 900 days.
    near = near_segments(ends, signal, Errors(0.05 / 300, 0.0))
    assert near.tolist() == ends[:2].tolist()
    assert fold_range(ends, near, signal.epoch_bjd) == (START, START + 727.0)
    # The nearest one is folded whatever the error.
    none = near_segments(ends, signal, Errors(1.0, 0.0))
    assert none.shape == (0, 2)
    assert fold_range(ends, none, START + 900.0) == (START + 700.0, START + 727.0)


def test_ends_of_segments():
    from views.stars import light_curve

    curve = light_curve(days=10.0)
    ends = segment_ends(curve)
    assert ends.shape == (2, 2)
    assert ends[0, 0] == curve.time_bjd[0]
    assert ends[1, 1] == curve.time_bjd[-1]
    assert ends[0, 1] < ends[1, 0]
