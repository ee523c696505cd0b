"""What cadences scatter, what their means do beyond chance, and single events made harmless."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search.dips import LONG_CADENCE_D, START, Dip, flat_curve

from lightmill.search.box import WHITE, Redness
from lightmill.search.noise import MOST_OF_ONE, limit_events, local_scatter, redness

DIP = Dip(period_d=9.0, epoch_bjd=START + 4.2, duration_d=0.2, depth=3e-3)


def test_scatter_is_that_of_each_weeks_own_days():
    time_bjd, flux = flat_curve(84, noise=1e-4)
    late = time_bjd > START + 60
    flux[late] *= 5
    scatter = local_scatter(time_bjd, flux)
    assert np.median(scatter[time_bjd < START + 55]) == pytest.approx(1e-4, rel=0.05)
    assert np.median(scatter[time_bjd > START + 67]) == pytest.approx(5e-4, rel=0.05)


def test_a_dip_is_no_scatter():
    time_bjd, flux = flat_curve(84, [DIP], noise=1e-4)
    assert np.all(np.abs(local_scatter(time_bjd, flux) / 1e-4 - 1) < 0.25)


def test_few_or_constant_cadences_have_the_scatter_of_all():
    time_bjd, flux = flat_curve(21, noise=1e-4)
    time_bjd = np.concatenate([time_bjd, time_bjd[-1] + 5 + np.arange(60) * LONG_CADENCE_D, time_bjd[-1] + [20, 20.02]])
    flux = np.concatenate([flux, np.zeros(60), [1.0, -1.0]])
    scatter = local_scatter(time_bjd, flux)
    assert np.unique(scatter[-62:]).size == 1
    assert scatter[-1] == pytest.approx(1e-4, rel=0.15)
    assert np.all(local_scatter(time_bjd, np.zeros(time_bjd.size)) == 0)
    assert local_scatter(np.empty(0), np.empty(0)).size == 0


def test_white_noise_is_white():
    time_bjd, flux = flat_curve(200)
    red = redness(time_bjd, flux, local_scatter(time_bjd, flux))
    assert np.all(red.factor >= 1.0)
    assert np.all(red.factor < 1.15)


def test_noise_that_lasts_is_red():
    # Sixteen cadences, eight hours, of the same deviation each: means over them scatter as much as single ones do.
    time_bjd = START + np.arange(16 * 600) * LONG_CADENCE_D
    flux = np.repeat(np.random.default_rng(3).normal(0, 1e-4, 600), 16)
    red = redness(time_bjd, flux, np.full(time_bjd.size, 1e-4))
    assert red.of(16 * LONG_CADENCE_D) == pytest.approx(np.sqrt(16) * np.sqrt(2 / 3), rel=0.1)
    assert red.of(1e-3) == red.factor[0]
    assert red.of(10.0) == red.factor[-1]


def test_transits_do_not_make_noise_red():
    time_bjd, flux = flat_curve(200, [DIP])
    assert np.all(redness(time_bjd, flux, np.full(time_bjd.size, 1e-4)).factor < 1.3)


def snr(time_bjd, flux, begin, duration_d):
    inside = (time_bjd >= begin - 1e-6) & (time_bjd < begin + duration_d)
    return -flux[inside].sum() / 1e-4 / np.sqrt(np.count_nonzero(inside))


def test_a_deep_event_is_made_as_shallow_as_allowed():
    time_bjd, flux = flat_curve(60, noise=0, gaps=0)
    event = (time_bjd > START + 20) & (time_bjd < START + 20.3)
    flux[event] = -5e-3
    limited = limit_events(time_bjd, flux, np.full(flux.size, 1e-4), WHITE)
    assert np.all(limited[~event] == 0)
    assert np.ptp(limited[event]) == pytest.approx(0, abs=1e-12)
    assert -limited[event].sum() / 1e-4 / np.sqrt(np.count_nonzero(event)) == pytest.approx(MOST_OF_ONE, rel=0.12)


def test_a_single_cadence_counts_like_any_event():
    time_bjd, flux = flat_curve(60, noise=0, gaps=0)
    flux[700] = -0.1
    limited = limit_events(time_bjd, flux, np.full(flux.size, 1e-4), WHITE)
    assert limited[700] == pytest.approx(-MOST_OF_ONE * 1e-4)
    assert np.count_nonzero(limited) == 1


def test_red_noise_allows_deeper_events():
    time_bjd, flux = flat_curve(60, noise=0, gaps=0)
    flux[700] = -0.1
    twice = Redness(np.ones(1), np.full(1, 2.0))
    limited = limit_events(time_bjd, flux, np.full(flux.size, 1e-4), twice)
    assert limited[700] == pytest.approx(-2 * MOST_OF_ONE * 1e-4)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(1e-4, 1e-2), st.floats(0.02, 0.9))
def test_no_event_stands_out_and_nothing_else_changes(seed, depth, duration_d):
    time_bjd, flux = flat_curve(40, noise=1e-4, seed=seed)
    event = np.abs(time_bjd - START - 12) < duration_d / 2
    flux = flux - depth * event
    limited = limit_events(time_bjd, flux, np.full(flux.size, 1e-4), WHITE)
    far = np.abs(time_bjd - START - 12) > 1.5
    # Noise alone comes to 5 sigma about once in a thousand such light curves and durations, by a little.
    assert np.allclose(limited[far], flux[far], rtol=0.2)
    assert np.all(np.abs(limited) <= np.abs(flux))
    for begin in time_bjd[event][::3]:
        assert snr(time_bjd, limited, begin, duration_d) < 1.35 * MOST_OF_ONE


def test_limits_bear_nothing_and_one_cadence():
    empty = np.empty(0)
    assert limit_events(empty, empty, empty, WHITE).size == 0
    one = np.array([-1.0])
    assert limit_events(np.array([START]), one, np.array([1e-4]), WHITE)[0] == pytest.approx(-MOST_OF_ONE * 1e-4)
