"""Peaks made sharp on single cadences: the true ephemeris, found from one that is off."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search.dips import LONG_CADENCE_D, START, Dip, apart, flat_curve

from lightmill.search.box import WHITE, Peak, Redness, best_peak, search_box
from lightmill.search.sharpen import sharpen, weigh

DIP = Dip(period_d=11.3, epoch_bjd=START + 4.2, duration_d=0.2, depth=3e-4)
SAMPLE_D = 0.06


def rough(dip, drift_d=0.0, shift_d=0.0, longer=1.0, days=400):
    """A peak that is off by a shift at the epoch and a drift at the end of the data."""
    cycles = days / dip.period_d
    return Peak(dip.period_d + drift_d / cycles, dip.epoch_bjd + shift_d, 24 * longer * dip.duration_d, 1.0, 1.0)


@pytest.mark.parametrize("drift_d", [-0.08, 0.0, 0.05])
@pytest.mark.parametrize("longer", [0.6, 1.0, 1.5])
def test_ephemeris_duration_and_depth_come_out(drift_d, longer):
    time_bjd, flux = flat_curve(400, [DIP], noise=3e-5)
    peak = sharpen(weigh(time_bjd, flux, 3e-5), rough(DIP, drift_d, 0.03, longer), SAMPLE_D, WHITE)
    assert apart(DIP, peak.period_d, peak.epoch_bjd, time_bjd) < 0.1
    assert peak.duration_h / 24 == pytest.approx(DIP.duration_d, abs=1.2 * LONG_CADENCE_D)
    assert peak.depth_ppm == pytest.approx(300, rel=0.05)
    white = DIP.depth / 3e-5 * np.sqrt(np.count_nonzero(DIP.where(time_bjd)))
    assert peak.snr == pytest.approx(white, rel=0.04)
    # The epoch is that of the transit nearest to the middle of the data.
    assert abs(peak.epoch_bjd - 0.5 * (time_bjd[0] + time_bjd[-1])) <= 0.51 * DIP.period_d


@settings(max_examples=20, deadline=None)
@given(st.floats(0.5, 60.0), st.floats(0.0, 1.0), st.integers(0, 100))
def test_sharp_peaks_are_no_lower(period_d, phase, seed):
    dip = Dip(period_d, START + phase * period_d, 0.04 + 0.06 * period_d ** (1 / 3), 4e-4)
    time_bjd, flux = flat_curve(180, [dip], seed=seed)
    periodogram = search_box(time_bjd, flux, 1e-4, 0.4, 80.0)
    peak = best_peak(periodogram)
    place = int(np.argmax(periodogram.power))
    sharp = sharpen(weigh(time_bjd, flux, 1e-4), peak, periodogram.sample_d[place], WHITE)
    assert sharp.snr > 0.97 * peak.snr
    if apart(dip, peak.period_d, peak.epoch_bjd, time_bjd) < 0.5:
        assert apart(dip, sharp.period_d, sharp.epoch_bjd, time_bjd) < 0.35


def test_redness_divides_the_snr():
    time_bjd, flux = flat_curve(400, [DIP], noise=3e-5)
    cadences = weigh(time_bjd, flux, 3e-5)
    one = sharpen(cadences, rough(DIP), SAMPLE_D, WHITE)
    two = sharpen(cadences, rough(DIP), SAMPLE_D, Redness(np.ones(1), np.full(1, 2.0)))
    assert two == one._replace(snr=two.snr)
    assert two.snr == pytest.approx(one.snr / 2)


def test_far_epochs_cost_no_precision():
    time_bjd, flux = flat_curve(400, [DIP], noise=3e-5)
    cadences = weigh(time_bjd, flux, 3e-5)
    near = sharpen(cadences, rough(DIP), SAMPLE_D, WHITE)
    far = sharpen(cadences, rough(DIP)._replace(epoch_bjd=DIP.epoch_bjd - 1000 * DIP.period_d), SAMPLE_D, WHITE)
    assert far.snr == pytest.approx(near.snr, rel=1e-3)
    assert far.period_d == pytest.approx(near.period_d, rel=1e-6)


def test_where_nothing_dips_the_snr_is_zero():
    time_bjd, flux = flat_curve(400, noise=0)
    assert sharpen(weigh(time_bjd, flux, 1e-4), rough(DIP), SAMPLE_D, WHITE).snr == 0.0
    # No data at the phase of the transits.
    beside = np.abs(np.mod(time_bjd - DIP.epoch_bjd + 1, DIP.period_d) - 1) > 0.9
    assert sharpen(weigh(time_bjd[beside], flux[beside], 1e-4), rough(DIP), SAMPLE_D, WHITE).snr == 0.0


def test_a_long_dip_of_a_short_period_stays_a_dip():
    time_bjd, flux = flat_curve(60, [Dip(0.3, START, 0.14, 3e-4)])
    peak = sharpen(weigh(time_bjd, flux, 1e-4), Peak(0.3, START, 24 * 0.14, 1.0, 1.0), 0.02, WHITE)
    assert 0 < peak.duration_h / 24 <= 0.15 * 0.3 * 1.1
