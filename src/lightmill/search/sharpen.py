"""A peak of the periodogram made sharp: the best box among single cadences, near where a coarse grid found one."""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled
from lightmill.search.box import GREATEST_DENSITY, LEAST_DENSITY, LONGEST_SHARE, Peak, Redness, solar_duration
from lightmill.views.fold import fold, transit_number

# Of what is folded about the transits, to either side, and of the longest box, in durations first found.
REACH = 2.0
LONGEST = 2.0
SHORTEST = 0.3
# How far a duration may go beyond the range of densities: ingress, egress and exposure add to it.
SLACK = 0.8
# Bins in the duration first found, in a coarse and in a fine round. The S/N is then within 1 % of the best box's.
BINS = (12, 24)
# How far the far ends of the data may drift: samples of the periodogram, and then bins of the coarse round; in steps of
# half a bin.
DRIFT = 1.5
DRIFT_STEP = 0.5
# By which factor the fine round may change the duration that the coarse one found.
AGAIN = 1.5


class Cadences(NamedTuple):
    """Single cadences as least squares see them: (n,) float64 each."""

    time_bjd: np.ndarray
    pull: np.ndarray
    """Relative flux less its mean, over the variance."""
    weight: np.ndarray
    """One over the variance."""

    @property
    def total(self) -> float:
        """Sum of all weights."""
        return float(self.weight.sum())


def weigh(time_bjd: np.ndarray, flux: np.ndarray, scatter: np.ndarray) -> Cadences:
    """Cadences with their weights; arrays (n,) as `search_box` takes them."""
    weight = np.broadcast_to(np.asarray(scatter, dtype=np.float64) ** -2.0, flux.shape).copy()
    return Cadences(np.asarray(time_bjd, np.float64), (flux - np.average(flux, weights=weight)) * weight, weight)


def sharpen(
    cadences: Cadences,
    peak: Peak,
    sample_d: float,
    redness: Redness,
    densities: tuple[float, float] = (LEAST_DENSITY, GREATEST_DENSITY),
) -> Peak:
    """The best box near a peak: its period, epoch (the transit nearest to the middle of the data), duration, depth.

    Parameters
    ----------
    sample_d : how fine the periodogram was laid: the far ends of the data may drift by one and a half of it

    The S/N is the root of the fall of chi squared, over the redness at the box's duration. The peak comes back with an
    S/N of zero if there is no dip near it.
    """
    time_bjd = cadences.time_bjd
    period_d, epoch_bjd = peak.period_d, peak.epoch_bjd
    first_d = min(peak.duration_h / 24.0, 0.5 * period_d / LONGEST)
    reach_d = min(REACH * first_d, 0.5 * period_d)
    solar_d = float(solar_duration(period_d))
    shortest_d = max(SHORTEST * first_d, SLACK * solar_d * densities[1] ** (-1.0 / 3.0))
    longest_d = min(LONGEST * first_d, solar_d * densities[0] ** (-1.0 / 3.0) / SLACK, LONGEST_SHARE * period_d)
    middle = round((0.5 * (time_bjd[0] + time_bjd[-1]) - epoch_bjd) / period_d)
    epoch_bjd += middle * period_d
    near = np.flatnonzero(np.abs(fold(time_bjd, period_d, epoch_bjd)) < reach_d + 2.0 * sample_d)
    if near.size == 0:
        return peak._replace(snr=0.0)
    number = transit_number(time_bjd[near], period_d, epoch_bjd).astype(np.float64)
    farthest = max(float(np.abs(number).max()), 1.0)
    since_d, pull, weight = time_bjd[near] - peak.epoch_bjd, cadences.pull[near], cadences.weight[near]
    best = np.zeros(5)
    drift_d = DRIFT * sample_d
    for bins in BINS:
        bin_d = first_d / bins
        steps = int(np.ceil(drift_d / (DRIFT_STEP * bin_d)))
        periods = period_d + np.arange(-steps, steps + 1) * (drift_d / steps / farthest)
        shortest = max(round(shortest_d / bin_d), 1)
        widths = np.arange(shortest, max(round(longest_d / bin_d), shortest) + 1)
        trust = redness.of(widths * bin_d) ** -2.0
        half = int(np.ceil(reach_d / bin_d))
        begin_d = epoch_bjd - peak.epoch_bjd - half * bin_d
        best[0] = 0.0
        _best_near(
            since_d, number, pull, weight, cadences.total, periods, begin_d, bin_d, 2 * half, widths, trust, best
        )
        if best[0] <= 0:
            return peak._replace(snr=0.0)
        period_d = best[1]
        epoch_bjd = peak.epoch_bjd + best[2]
        drift_d = DRIFT * bin_d
        shortest_d, longest_d = max(shortest_d, best[3] / AGAIN), min(longest_d, best[3] * AGAIN)
        reach_d = min(reach_d, 0.5 * longest_d + 2.0 * bin_d)
    return Peak(float(period_d), float(epoch_bjd), float(24.0 * best[3]), float(1e6 * best[4]), float(np.sqrt(best[0])))


@compiled(
    "void(float64[::1], float64[::1], float64[::1], float64[::1], float64, float64[::1], float64, float64, int64,"
    " int64[::1], float64[::1], float64[::1])"
)
def _best_near(
    since_d: np.ndarray,
    number: np.ndarray,
    pull: np.ndarray,
    weight: np.ndarray,
    total: float,
    periods: np.ndarray,
    begin_d: float,
    bin_d: float,
    bins: int,
    widths: np.ndarray,
    trust: np.ndarray,
    best: np.ndarray,
) -> None:
    """The best box over all trial periods; times are folded from `begin_d` on, in `bins` bins of `bin_d`.

    `best` (5,) gets the fall of chi squared, period, middle, width (days) and depth, where it is more than it holds.
    """
    pulls, weights, in_bins = np.empty(bins + 1), np.empty(bins + 1), 1.0 / bin_d
    for period in periods:
        pulls[:] = 0.0
        weights[:] = 0.0
        for i in range(since_d.size):
            place = (since_d[i] - begin_d - number[i] * period) * in_bins
            if 0.0 <= place < bins:
                k = int(place)
                pulls[k + 1] += pull[i]
                weights[k + 1] += weight[i]
        for k in range(bins):
            pulls[k + 1] += pulls[k]
            weights[k + 1] += weights[k]
        for j in range(widths.size):
            width = widths[j]
            for first in range(bins - width + 1):
                dip = pulls[first] - pulls[first + width]
                there = weights[first + width] - weights[first]
                rest = there * (1.0 - there / total)
                # Few boxes are better than the best so far: only those are divided.
                if dip > 0.0 and rest > 0.0 and trust[j] * dip * dip > best[0] * rest:
                    best[0] = trust[j] * dip * dip / rest
                    best[1] = period
                    best[2] = begin_d + (first + 0.5 * width) * bin_d
                    best[3] = width * bin_d
                    best[4] = dip / there / (1.0 - there / total)
