"""Folding: by hand, by property, and against exact arithmetic, numpy and lightkurve."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lightmill.views.fold import fold, in_transit, is_harmonic, transit_number

PERIODS = st.floats(0.2, 500.0)
EPOCHS = st.floats(2454833.0, 2461000.0)
TIMES = st.lists(st.floats(2454900.0, 2461000.0), min_size=1, max_size=20)


def test_by_hand():
    time = np.array([10.0, 11.0, 11.5, 12.0, 8.5, 9.4])
    assert fold(time, 3.0, 10.0) == pytest.approx([0.0, 1.0, -1.5, -1.0, -1.5, -0.6])
    assert transit_number(time, 3.0, 10.0).tolist() == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("period", [0.0, -1.0, float("nan"), float("inf")])
def test_a_period_must_be_positive(period):
    for folded in (fold, transit_number):
        with pytest.raises(ValueError, match=r"period_d must be above zero and finite \(got: "):
            folded(np.array([1.0]), period, 0.0)
    if not np.isnan(period):
        with pytest.raises(ValueError, match="above zero"):
            in_transit(np.array([1.0]), period, 0.0, 0.1)


@given(PERIODS, EPOCHS, st.integers(-3000, 3000), st.floats(-0.49, 0.49))
@settings(deadline=None)
def test_folding_does_not_feel_whole_periods(period, epoch, periods, phase):
    # Shifted times and epochs are rounded to the next float64: two steps of 4.7e-10 d, half of each.
    time = np.array([epoch + phase * period])
    expected = fold(time, period, epoch)
    assert fold(time + periods * period, period, epoch) == pytest.approx(expected, abs=1e-9)
    assert fold(time, period, epoch + periods * period) == pytest.approx(expected, abs=1e-9)


@given(st.integers(1, 2**20), st.integers(-(2**24), 2**24), st.integers(0, 2**20), st.integers(-(2**21), 2**21))
@settings(deadline=None)
def test_whole_periods_change_no_bit_where_the_shift_itself_is_exact(steps, since, epoch, periods):
    period = steps / 1024
    time, epoch = np.array([2.4e6 + (since + epoch) / 1024]), 2.4e6 + epoch / 1024
    assume(abs(periods * period) < 2e6)
    expected = fold(time, period, epoch)
    assert fold(time + periods * period, period, epoch) == expected
    assert fold(time, period, epoch - periods * period) == expected


@given(PERIODS, st.one_of(EPOCHS, st.just(0.0)), TIMES)
@settings(deadline=None)
def test_to_the_last_bit_numpys_and_the_exact_remainder(period, epoch, times):
    time = np.array(times)
    phase = fold(time, period, epoch)
    assert phase.tolist() == _by_numpy(time, period, epoch).tolist()
    for since, got in zip(time - epoch + 0.5 * period, phase, strict=True):
        remainder = float(Fraction(since) % Fraction(period))
        assert got == remainder - 0.5 * period or (got == -0.5 * period and remainder == period)


@pytest.mark.parametrize("period", [0.3, 1.1, 3.7, 365.25])
def test_around_whole_periods_as_well(period):
    # One float64 to either side of an edge, and the edge itself, at up to 1e5 periods.
    edges = period * (np.array([0, 1, -1, 2, 3, 10, 97, 12345, 99999, -99999]) - 0.5)
    time = np.concatenate([np.nextafter(edges, -np.inf), edges, np.nextafter(edges, np.inf), [-1e-300, 1e-300]])
    phase = fold(time, period, 0.0)
    assert phase.tolist() == _by_numpy(time, period, 0.0).tolist()
    assert np.all((phase >= -period / 2) & (phase < period / 2))


def _by_numpy(time, period, epoch):
    phase = np.mod(time - epoch + 0.5 * period, period) - 0.5 * period
    phase[phase >= 0.5 * period] = -0.5 * period
    return phase


@given(PERIODS, EPOCHS, TIMES)
@settings(deadline=None)
def test_phases_lie_within_half_a_period_of_their_transit(period, epoch, times):
    time = np.array(times)
    phase = fold(time, period, epoch)
    assert np.all((phase >= -period / 2) & (phase < period / 2))
    number = transit_number(time, period, epoch)
    apart = np.abs(time - (epoch + number * period))
    assert np.all(apart <= period / 2 + 2e-9)
    assert np.abs(phase) == pytest.approx(apart, abs=2e-9)


def test_agrees_with_lightkurve():
    time = 2454964.5 + np.arange(5000) * 0.0204336
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lightkurve

        folded = lightkurve.LightCurve(time=time, flux=np.ones(time.size)).fold(period=7.1234, epoch_time=2455000.123)
    assert np.sort(fold(time, 7.1234, 2455000.123)) == pytest.approx(folded.phase.value, abs=1e-8)


def test_times_that_are_none_have_no_phase():
    time = np.array([np.nan, np.inf, -np.inf, 10.0])
    assert fold(time, 3.0, 10.0).tolist() == pytest.approx([np.nan, np.nan, np.nan, 0.0], nan_ok=True)
    assert in_transit(time, 3.0, 10.0, 1.0).tolist() == [False, False, False, True]
    assert fold(np.empty(0), 3.0, 10.0).size == transit_number(np.empty(0), 3.0, 10.0).size == 0


def test_times_of_the_store_cannot_be_written_to():
    time = np.arange(20.0)
    expected = fold(time[::2], 3.0, 0.0), in_transit(time[::2], 3.0, 0.0, 1.0)
    time.flags.writeable = False
    assert np.array_equal(fold(time[::2], 3.0, 0.0), expected[0])
    assert np.array_equal(fold(time, 3.0, 0.0)[::2], expected[0])
    assert np.array_equal(in_transit(time, 3.0, 0.0, 1.0)[::2], expected[1])
    assert transit_number(time, 3.0, 0.0).tolist()[:6] == [0, 0, 1, 1, 1, 2]


def test_in_transit_is_half_the_width_on_either_side():
    time = np.array([99.4, 99.6, 100.0, 100.4, 100.6, 109.7])
    assert in_transit(time, 10.0, 100.0, 1.0).tolist() == [False, True, True, True, False, True]


@given(PERIODS, EPOCHS, TIMES, st.floats(0.01, 3.0))
@settings(max_examples=50, deadline=None)
def test_in_transit_is_what_is_folded_there(period, epoch, times, width):
    time = np.array(times)
    expected = np.abs(fold(time, period, epoch)) < 0.5 * min(width, 0.5 * period)
    assert in_transit(time, period, epoch, width).tolist() == expected.tolist()


def test_a_signal_without_period_has_one_transit():
    assert in_transit(np.array([99.6, 109.7]), float("nan"), 100.0, 1.0).tolist() == [True, False]


def test_in_transit_never_takes_more_than_half_of_a_period():
    assert in_transit(np.linspace(0, 1, 1000, endpoint=False), 1.0, 0.0, 50.0).mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("other", [10.0, 5.0, 20.0, 30.0, 10 / 3, 20.019])
def test_harmonics(other):
    assert is_harmonic(10.0, other)
    assert is_harmonic(other, 10.0)


@pytest.mark.parametrize("other", [20.021, 15.0, 40.0, 2.5, float("nan")])
def test_other_ratios_are_no_harmonics(other):
    assert not is_harmonic(10.0, other)
