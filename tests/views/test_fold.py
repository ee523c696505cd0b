"""Folding: by hand, by property, and against lightkurve."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightmill.views.fold import fold, in_transit, is_harmonic, transit_number

PERIODS = st.floats(0.2, 500.0)
EPOCHS = st.floats(2454833.0, 2461000.0)


def test_by_hand():
    time = np.array([10.0, 11.0, 11.5, 12.0, 8.5, 9.4])
    assert fold(time, 3.0, 10.0) == pytest.approx([0.0, 1.0, -1.5, -1.0, -1.5, -0.6])
    assert transit_number(time, 3.0, 10.0).tolist() == [0, 0, 1, 1, 0, 0]


@pytest.mark.parametrize("period", [0.0, -1.0, float("nan")])
def test_a_period_must_be_positive(period):
    with pytest.raises(ValueError, match=r"period_d must be above zero \(got: "):
        fold(np.array([1.0]), period, 0.0)


@given(PERIODS, EPOCHS, st.integers(-3000, 3000), st.floats(-0.49, 0.49))
def test_folding_does_not_feel_whole_periods(period, epoch, periods, phase):
    time = np.array([epoch + phase * period])
    expected = fold(time, period, epoch)
    assert fold(time + periods * period, period, epoch) == pytest.approx(expected, abs=1e-7)
    assert fold(time, period, epoch + periods * period) == pytest.approx(expected, abs=1e-7)


@given(PERIODS, EPOCHS, st.lists(st.floats(2454900.0, 2461000.0), max_size=20))
def test_phases_lie_within_half_a_period_of_their_transit(period, epoch, times):
    time = np.array(times)
    phase = fold(time, period, epoch)
    assert np.all((phase >= -period / 2) & (phase < period / 2))
    number = transit_number(time, period, epoch)
    apart = np.abs(time - (epoch + number * period))
    assert np.all(apart <= period / 2 + 1e-7)
    assert np.abs(phase) == pytest.approx(apart, abs=1e-7)


def test_agrees_with_lightkurve():
    time = 2454964.5 + np.arange(5000) * 0.0204336
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lightkurve

        folded = lightkurve.LightCurve(time=time, flux=np.ones(time.size)).fold(period=7.1234, epoch_time=2455000.123)
    assert np.sort(fold(time, 7.1234, 2455000.123)) == pytest.approx(folded.phase.value, abs=1e-8)


def test_in_transit_is_half_the_width_on_either_side():
    time = np.array([99.4, 99.6, 100.0, 100.4, 100.6, 109.7])
    assert in_transit(time, 10.0, 100.0, 1.0).tolist() == [False, True, True, True, False, True]


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
