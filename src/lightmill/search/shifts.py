"""The S/N of an ephemeris in a light curve's boxes, its transits one by one, and the best ephemeris near one."""

from typing import NamedTuple

import numpy as np

from lightmill.search.events import Events
from lightmill.search.shift_kernels import climb, list_dips, robust_snr, scan_shifts, sum_transits

# Independent shifts are so many durations apart: with this, noise alone moves one ephemeris in a thousand.
CELL_DURATIONS = 0.25
# Slopes are this far apart, in durations at the far end of the data; more than so many are not tried.
SLOPE_STEP_DURATIONS = 0.25
MOST_SLOPES = 8000
# A stretch misses the transits where they take less than this share of what they take elsewhere, as sure as that; and
# there may be a better ephemeris where they take less than this: a trend follows a dip that is not masked, and takes up
# to two fifths of a long one away.
MISSING = 0.3
DOUBTFUL = 0.6
MISSING_SIGMAS = 3.0
# Rounds of polishing, each twice as fine: from a sixteenth of a duration on.
POLISHING = 4
# What a change of the period must be worth beyond one of the epoch, in chi squared: two sigmas.
WORTH_OF_SLOPE = 4.0


class Fit(NamedTuple):
    """An ephemeris and how it fits."""

    period_d: float
    epoch_bjd: float
    snr: float
    """Of the box; where one transit makes the case, of the others alone."""
    score: float = float("nan")
    """Half the fall of chi squared, less the logarithm of the number of ephemerides as near or nearer."""


def snr_of(events: Events, period_d: float, epoch_bjd: float) -> float:
    """S/N of an ephemeris in a light curve's boxes; where one transit makes the case, of the others; at least zero."""
    sums = np.zeros(6)
    sum_transits(
        events.dip,
        events.weight,
        events.start_bjd,
        events.first,
        events.step_d,
        float(epoch_bjd),
        float(period_d),
        sums,
    )
    return float(robust_snr(sums))


def best_shift(
    events: Events,
    period_d: float,
    epoch_bjd: float,
    slopes_d: np.ndarray,
    reach_d: float,
    epoch_sigma_d: float = np.inf,
    period_sigma_d: float = np.inf,
    sigmas: float = 1.0,
    cells: tuple[float, float] = (0.0, 0.0),
) -> Fit | None:
    """The best ephemeris near a given one, on the grid of the boxes; None if nothing dims.

    Parameters
    ----------
    events : boxes as wide as the transit
    period_d, epoch_bjd : the ephemeris
    slopes_d : (k,) differences to the period, days
    reach_d : largest shift of the epoch, days
    epoch_sigma_d, period_sigma_d : errors of epoch and period; without, all ephemerides are as good as one another
    sigmas : how many errors away an ephemeris may be
    cells : independent ephemerides on the longer and on the shorter axis of the ellipse of one error
    """
    best = np.zeros(4)
    half = int(np.ceil(reach_d / events.step_d))
    scan_shifts(
        events.dip,
        events.weight,
        events.start_bjd,
        events.first,
        events.step_d,
        float(epoch_bjd),
        float(period_d),
        np.ascontiguousarray(slopes_d, np.float64),
        half,
        float(epoch_sigma_d),
        float(period_sigma_d),
        float(sigmas),
        float(cells[0]),
        float(cells[1]),
        best,
    )
    score, snr, shift_d, slope_d = best.tolist()
    return Fit(period_d + slope_d, epoch_bjd + shift_d, snr, score) if score >= 0 else None


def transit_range(events: Events, period_d: float, epoch_bjd: float) -> tuple[float, float]:
    """Numbers of the first and the last transit that the data can hold."""
    last = events.start_bjd[-1] + (events.first[-1] - events.first[-2]) * events.step_d
    near, far = np.round((np.array([events.start_bjd[0], last]) - epoch_bjd) / period_d)
    return float(near), float(far)


def slope_grid(reach_d: float, duration_d: float, furthest: float) -> np.ndarray:
    """Differences to the period, days, a quarter of a duration apart at the furthest transit; the smallest first."""
    step = SLOPE_STEP_DURATIONS * duration_d / furthest
    count = min(int(np.ceil(reach_d / step)), MOST_SLOPES // 2)
    number = np.arange(2 * count + 1)
    return step * (np.where(number % 2 == 1, 1, -1) * ((number + 1) // 2))


class Dips(NamedTuple):
    """What each observed transit of an ephemeris takes: (n,) each."""

    number: np.ndarray
    """Counted from the epoch, int64."""
    stretch: np.ndarray
    """In which unbroken stretch of the data it lies, int64."""
    dip: np.ndarray
    weight: np.ndarray


def transit_dips(events: Events, period_d: float, epoch_bjd: float) -> Dips:
    """The dips of all transits of an ephemeris that data cover, in the order of time."""
    spans = np.diff(events.first) * events.step_d
    rows = np.empty((int(np.sum(np.floor(spans / period_d) + 2)), 4))
    found = list_dips(
        events.dip,
        events.weight,
        events.start_bjd,
        events.first,
        events.step_d,
        float(epoch_bjd),
        float(period_d),
        rows,
    )
    number, stretch, dip, weight = rows[:found].T
    return Dips(number.astype(np.int64), stretch.astype(np.int64), dip, weight)


def observed_transits(events: Events, fit: Fit) -> int:
    """How many transits of an ephemeris are observed: that weigh at least a quarter of the one that weighs most."""
    weight = transit_dips(events, fit.period_d, fit.epoch_bjd).weight
    return int(np.count_nonzero(weight >= 0.25 * weight.max())) if weight.size else 0


def misses_stretches(events: Events, fit: Fit, share: float = MISSING) -> bool:
    """Whether the transits of an ephemeris are missing in a stretch of the data where they would show.

    That is, whether what they take there is less than a `share` of what they take elsewhere, by three sigmas.
    """
    dips = transit_dips(events, fit.period_d, fit.epoch_bjd)
    count = events.start_bjd.size
    dip = np.bincount(dips.stretch, dips.dip, count)
    weight = np.bincount(dips.stretch, dips.weight, count)
    others = weight.sum() - weight
    compared = (weight > 0) & (others > 0)
    here, elsewhere = weight[compared], others[compared]
    expected = share * (dip.sum() - dip[compared]) / elsewhere
    sigma = np.sqrt(1.0 / here + share**2 / elsewhere)
    return bool(np.any(expected - dip[compared] / here > MISSING_SIGMAS * sigma))


def polish(events: Events, period_d: float, epoch_bjd: float) -> Fit:
    """The ephemeris of the highest S/N near one that is right within an eighth of a duration over the data."""
    best = np.zeros(3)
    climb(
        events.dip,
        events.weight,
        events.start_bjd,
        events.first,
        events.step_d,
        float(epoch_bjd),
        float(period_d),
        2 * events.step_d,
        POLISHING,
        WORTH_OF_SLOPE,
        best,
    )
    return Fit(float(best[2]), float(best[1]), float(best[0]))
