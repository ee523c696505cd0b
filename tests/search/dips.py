"""Flat light curves with box-shaped dips in white noise, as arrays, for the tests of the search."""

from typing import NamedTuple

import numpy as np

from lightmill.views.fold import in_transit

START = 2455000.0
LONG_CADENCE_D = 29.4244 / 1440


class Dip(NamedTuple):
    """A periodic box."""

    period_d: float
    epoch_bjd: float
    duration_d: float
    depth: float

    def where(self, time_bjd):
        return in_transit(time_bjd, self.period_d, self.epoch_bjd, self.duration_d)


def flat_curve(days, dips=(), noise=1e-4, seed=1, cadence_d=LONG_CADENCE_D, gaps=0.1):
    """Times and flux of `days`, a tenth of the cadences missing and a week in the middle."""
    rng = np.random.default_rng(seed)
    time_bjd = START + np.arange(0, days, cadence_d)
    kept = (rng.random(time_bjd.size) >= gaps) & (np.abs(time_bjd - START - 0.45 * days) > 3.5 * (days > 60))
    time_bjd = time_bjd[kept]
    flux = rng.normal(0.0, noise, time_bjd.size) if noise else np.zeros(time_bjd.size)
    for dip in dips:
        flux = flux - dip.depth * dip.where(time_bjd)
    return time_bjd, flux


def apart(dip, period_d, epoch_bjd, time_bjd):
    """How far transits found lie from the true ones, at most, in durations; over the span of the data."""
    numbers = np.arange(
        np.ceil((time_bjd[0] - dip.epoch_bjd) / dip.period_d), (time_bjd[-1] - dip.epoch_bjd) / dip.period_d
    )
    middles = dip.epoch_bjd + dip.period_d * numbers
    off = np.mod(middles - epoch_bjd + 0.5 * period_d, period_d) - 0.5 * period_d
    return float(np.max(np.abs(off))) / dip.duration_d
