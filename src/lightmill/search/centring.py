"""Where exactly the middle of a dip is that has been found, and how long it lasts."""

import numpy as np

from lightmill.search.drift import Errors
from lightmill.search.events import BOX, GRAZING, ROUND, Events, box_events
from lightmill.search.shifts import Fit, best_shift, polish, slope_grid, snr_of, transit_range
from lightmill.views.fold import fold
from lightmill.views.measure import LIMB_DARKENING

SHAPES = (BOX, ROUND, GRAZING)
# Periods within so many errors are as good as the listed one; one further away must be worth as much more as makes up
# for a chance of one in a thousand, natural logarithm of the odds.
SIGMAS = 3.0
BEYOND_STATED = 6.9
# A listed period is not changed by more than this part of it.
GREATEST_CHANGE = 2e-2
# Rounds of duration and middle: each is sharper for the other.
ROUNDS = 2
# Durations tried, over that of the box; how far from its middle the dip is fitted, in boxes, and in how many bins.
FINE_DURATIONS = np.geomspace(0.7, 1.8, 39)
FITTED_DURATIONS = 2.0
FITTED_BINS = 160


def shaped_events(time_bjd: np.ndarray, flux: np.ndarray, duration_d: float) -> list[Events]:
    """The dips of all shapes, as long as `duration_d`, along a light curve: the box's first."""
    return [box_events(time_bjd, flux, duration_d, shape) for shape in SHAPES]


def best_shape(shaped: list[Events], *fits: Fit) -> tuple[int, list[tuple[Fit, float]]]:
    """The shape that fits best at any of several ephemerides, and each of them drawn to the middle of its dips.

    Returns
    -------
    number : of the shape
    fits : of that shape, each with the S/N that it had before it was drawn to the middle
    """
    tried = [[_drawn(events, fit) for fit in fits] for events in shaped]
    number = max(range(len(shaped)), key=lambda one: max(max(fit.snr, before) for fit, before in tried[one]))
    return number, tried[number]


def _drawn(events: Events, fit: Fit) -> tuple[Fit, float]:
    """An ephemeris drawn to the middle of its dips, and the S/N that it had before."""
    return polish(events, fit.period_d, fit.epoch_bjd), snr_of(events, fit.period_d, fit.epoch_bjd)


def centred(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    cadence_d: float,
    period_d: float,
    errors: Errors,
    fit: Fit,
    box_d: float,
    duration_d: float,
) -> tuple[Fit, float]:
    """The ephemeris of a dip that has been found, drawn to its middle, and the dip's duration in days.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted
    flux : (n,) float64, relative flux minus one, finite
    cadence_d : length of a cadence, days
    period_d, errors : the period as listed, and its error
    fit : what was found
    box_d : of the box that found it, days
    duration_d : its duration if that is known, else NaN

    A box that is longer than the dip takes as much of it wherever it lies about it, and noise decides where it takes
    most. So the dip's own shape and duration decide, and between what was found and what agrees with the listed period.
    """
    known = not np.isnan(duration_d)
    for _ in range(ROUNDS):
        if not known:
            duration_d = fit_duration(fold(time_bjd, fit.period_d, fit.epoch_bjd), flux, box_d, cadence_d)
            box_d = max(duration_d, 1.5 * cadence_d)
        shaped = shaped_events(time_bjd, flux, box_d)
        near, far = transit_range(shaped[0], period_d, fit.epoch_bjd)
        stated_d = min(SIGMAS * errors.period_d, GREATEST_CHANGE * period_d)
        slopes = slope_grid(stated_d, box_d, max(abs(near), abs(far), 1.0))
        agreeing = best_shift(shaped[0], period_d, fit.epoch_bjd, slopes, box_d)
        _, fits = best_shape(shaped, fit, *([] if agreeing is None else [agreeing]))
        found = fits[0][0]
        fit = found
        if len(fits) > 1:
            penalty = BEYOND_STATED if abs(found.period_d - period_d) > stated_d else 0.0
            listed = fits[1][0]
            fit = listed if 0.5 * listed.snr**2 >= 0.5 * found.snr**2 - penalty else found
        if known:
            break
    return fit, duration_d


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
    if count.sum() == 0:
        return box_d
    dip = -np.bincount(bins, flux[near], FITTED_BINS)[:FITTED_BINS] / np.maximum(count, 1)
    middle_d = half_d * ((2 * np.arange(FITTED_BINS) + 1) / FITTED_BINS - 1.0)
    durations = box_d * FINE_DURATIONS
    within = cadence_d * np.linspace(-0.4, 0.4, 5)
    shapes = np.mean([_shape(middle_d + part, durations[:, None]) for part in within], axis=0)
    # Depth and level together, by least squares: chi squared falls by the covariance's square over the variance.
    weight = count / count.sum()
    centred_shapes = shapes - (shapes @ weight)[:, None]
    covariance = np.maximum(centred_shapes @ (weight * dip), 0.0)
    variance = centred_shapes**2 @ weight
    return float(durations[np.argmax(covariance**2 / np.maximum(variance, 1e-300))])


def _shape(phase_d: np.ndarray, duration_d: np.ndarray) -> np.ndarray:
    distance = np.minimum(np.abs(2.0 * phase_d / duration_d), 1.0)
    return np.where(distance < 1.0, 1.0 - LIMB_DARKENING * (1.0 - np.sqrt(1.0 - distance**2)), 0.0)
