"""Finding a signal of which the period is known, and not where or how long its transits are."""

from typing import NamedTuple

import numpy as np

from lightmill.search.drift import Errors, drift_d, sun_duration_d
from lightmill.search.events import PLACES, Events, box_events
from lightmill.search.refine import LEAST_ODDS, best_shape, slope_grid, transit_range
from lightmill.search.shifts import CELL_DURATIONS, Fit, best_shift, observed_transits
from lightmill.views.fold import fold
from lightmill.views.measure import LIMB_DARKENING

# Durations looked at, over that of a planet across the middle of a star like the Sun: from grazing transits and the
# smallest dwarfs to subgiants, each 1.4 times the last; a box that is too long or too short by half of that loses 4 %
# of the S/N.
SHORTEST, LONGEST, RATIO = 0.2, 2.0, 1.4
# No box is shorter than two cadences, or longer than this part of the period.
CADENCES = 2.0
LONGEST_SHARE = 0.15
# The period is looked for within so many of its errors on either side.
SIGMAS = 3.0
# Durations of the model fitted at the end, over that of the best box.
FINE_DURATIONS = np.geomspace(0.7, 1.8, 39)
# What a period further away than its errors must be worth, as a logarithm of odds: one in a hundred is.
BEYOND_STATED = 4.6
# As `LEAST_ODDS`, where there is one transit only, so that nothing tells it from a glitch: twelve sigmas, for the
# whole light curve was looked through.
LEAST_ODDS_ALONE = 72.0
# A period is looked for within this part of it at most.
GREATEST_CHANGE = 2e-2
# How far from mid-transit the model is fitted, in durations of the best box.
FITTED_DURATIONS = 2.0
FITTED_BINS = 160


class Completed(NamedTuple):
    """Where a signal's transits are."""

    fit: Fit
    duration_d: float
    gain: float
    """How sure the dip is, in sigmas, chance in all that was looked at taken off."""


def complete(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    cadence_d: float,
    period_d: float,
    errors: Errors,
    epoch_bjd: float,
    duration_d: float,
) -> Completed | None:
    """The strongest dip that comes back with a period; None where chance would bring as strong a one.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted
    flux : (n,) float64, relative flux minus one, finite, trends and the star's other transits taken out
    cadence_d : length of a cadence, days
    period_d : the period
    errors : one sigma of period and epoch
    epoch_bjd, duration_d : epoch and duration if they are known, else NaN

    All phases are tried, or those within three errors of the epoch and half a duration; durations as planets can have
    them; and periods within three errors, or as far as
    the transits drift by one duration over the data, whichever is more. The noise that a dip must beat is that of the
    best of so many independent trials.
    """
    if time_bjd.size == 0:
        return None
    durations = box_durations(period_d, cadence_d) if np.isnan(duration_d) else np.array([duration_d])
    middle_bjd = 0.5 * (time_bjd[0] + time_bjd[-1])
    around_d = 0.5 * period_d
    if np.isfinite(epoch_bjd):
        away = np.round((middle_bjd - epoch_bjd) / period_d)
        middle_bjd = epoch_bjd + away * period_d
        around_d = SIGMAS * float(drift_d(errors, away))
    best: tuple[Fit, Events] | None = None
    cells = 0.0
    for width_d in durations:
        events = box_events(time_bjd, flux, width_d)
        near, far = transit_range(events, period_d, middle_bjd)
        furthest = max(abs(near), abs(far), 1.0)
        stated_d = min(SIGMAS * errors.period_d, GREATEST_CHANGE * period_d)
        slopes_d = min(max(stated_d, width_d / max(far - near, 1.0)), GREATEST_CHANGE * period_d)
        phase_d = min(around_d + 0.5 * width_d, 0.5 * period_d)
        cell = CELL_DURATIONS * width_d
        cells += max(1.0, 2 * phase_d / cell) * max(1.0, 2 * slopes_d * furthest / cell)
        for reach_d, penalty in ((stated_d, 0.0), (slopes_d, BEYOND_STATED)):
            slopes = slope_grid(reach_d, width_d, furthest)
            found = best_shift(events, period_d, middle_bjd, slopes, phase_d, np.inf, np.inf, 1.0, (0.0, 0.0))
            if found is not None and (best is None or found.score - penalty > best[0].score):
                best = (found._replace(score=found.score - penalty), events)
    if best is None:
        return None
    found, events = best
    fit = best_shape(time_bjd, flux, found.period_d, found.epoch_bjd, PLACES * events.step_d)
    gain = found.score - np.log(cells)
    alone = observed_transits(events, fit) < 2
    if gain < (LEAST_ODDS_ALONE if alone else LEAST_ODDS):
        return None
    if np.isnan(duration_d):
        phase_d = fold(time_bjd, fit.period_d, fit.epoch_bjd)
        duration_d = fit_duration(phase_d, flux, PLACES * events.step_d, cadence_d)
    return Completed(fit, duration_d, float(np.sqrt(2 * gain)))


def box_durations(period_d: float, cadence_d: float) -> np.ndarray:
    """Durations to try at a period, days: (k,) float64, ascending."""
    sun_d = sun_duration_d(period_d)
    longest = min(LONGEST * sun_d, LONGEST_SHARE * period_d)
    shortest = min(max(SHORTEST * sun_d, CADENCES * cadence_d), longest)
    count = int(np.ceil(np.log(longest / shortest) / np.log(RATIO))) + 1
    return np.geomspace(shortest, longest, count)


def fit_duration(phase_d: np.ndarray, flux: np.ndarray, box_d: float, cadence_d: float) -> float:
    """Duration of a folded transit in days, from its first to its last contact: that of the model that fits best.

    The model is a small planet's transit across the middle of a star with linear limb darkening of 0.5, averaged over
    the cadence's length.

    Parameters
    ----------
    phase_d : (n,) float64, days from mid-transit
    flux : (n,) float64, relative flux minus one
    box_d : width of the box that fits best, days
    cadence_d : length of a cadence
    """
    half_d = FITTED_DURATIONS * box_d
    near = np.abs(phase_d) < half_d
    bins = ((phase_d[near] + half_d) * (0.5 * FITTED_BINS / half_d)).astype(np.int64)
    count = np.bincount(bins, minlength=FITTED_BINS)[:FITTED_BINS]
    dip = -np.bincount(bins, flux[near], FITTED_BINS)[:FITTED_BINS] / np.maximum(count, 1)
    middle_d = half_d * ((2 * np.arange(FITTED_BINS) + 1) / FITTED_BINS - 1.0)
    durations = box_d * FINE_DURATIONS
    within = cadence_d * np.linspace(-0.4, 0.4, 5)
    shapes = np.mean([_shape(middle_d + part, durations[:, None]) for part in within], axis=0)
    # Depth and level together, by least squares: chi squared falls by the covariance's square over the variance.
    weight = count / count.sum()
    centred = shapes - (shapes @ weight)[:, None]
    covariance = np.maximum(centred @ (weight * dip), 0.0)
    variance = centred**2 @ weight
    return float(durations[np.argmax(covariance**2 / np.maximum(variance, 1e-300))])


def _shape(phase_d: np.ndarray, duration_d: float) -> np.ndarray:
    distance = np.minimum(np.abs(2.0 * phase_d / duration_d), 1.0)
    return np.where(distance < 1.0, 1.0 - LIMB_DARKENING * (1.0 - np.sqrt(1.0 - distance**2)), 0.0)
