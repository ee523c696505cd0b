"""Pulling a drifted ephemeris back: the shift of epoch and period under which the star dims most."""

from typing import NamedTuple

import numpy as np

from lightmill.search.centring import SHAPES, best_shape
from lightmill.search.drift import Errors
from lightmill.search.events import PLACES, Events, box_events
from lightmill.search.shifts import (
    CELL_DURATIONS,
    DOUBTFUL,
    Fit,
    best_shift,
    misses_stretches,
    observed_transits,
    slope_grid,
    snr_of,
    transit_range,
)

# How many errors are looked at on either side; and how many of the period's where nothing was found within them, or
# only something that is missing in part of the data. Of the TOIs measured again one in a hundred had gone further
# than the first, one in three hundred than the second, which costs a shift beyond the first so much in odds.
WINDOWS_SIGMAS = (20.0, 200.0)
PENALTIES = (0.0, 4.6)
# At least half a duration is looked at on either side, whatever a catalog claims to know.
LEAST_DURATIONS = 0.5
# Natural logarithm of the odds against noise that a shift must have: one in a thousand.
LEAST_ODDS = 6.9
# The same where there is one transit only, so that nothing tells it from a glitch: six sigmas.
LEAST_ODDS_ALONE = 18.0
# What lies in the outermost part of a window may be the slope of something outside.
EDGE = 0.8
# S/N at which a transit counts as seen, and at which nothing better is looked for further out.
SEEN = 4.0
BEYOND_DOUBT = 8.0
# An epoch is not shifted by more durations than this.
MOST_DURATIONS = 500.0
# A period is not changed by more than this part of it.
GREATEST_CHANGE = 1e-2


class Refined(NamedTuple):
    """What a refinement came to."""

    fit: Fit
    """The ephemeris to fold on; S/N of the shape of dip that fits best, of a box where nothing moved."""
    events: Events
    """The dips of that shape along the light curve."""
    boxes: Events
    """The dips of a box."""
    moved: bool = False
    gain: float = 0.0
    """How sure the shift is, in sigmas, chance in the whole window taken off."""
    shift_d: float = 0.0
    """Largest shift of a transit within the data, days, with its sign."""
    at_edge: bool = False
    """Whether it lies at the edge of the window: there may be a better one outside."""


class Window(NamedTuple):
    """Which ephemerides are looked at: arguments of `best_shift`."""

    slopes_d: np.ndarray
    reach_d: float
    epoch_sigma_d: float
    period_sigma_d: float
    sigmas: float
    cells: tuple[float, float]


def refine(
    time_bjd: np.ndarray, flux: np.ndarray, period_d: float, epoch_bjd: float, duration_d: float, errors: Errors
) -> Refined:
    """The ephemeris of a star's dips near a given one: that itself, unless another is better by more than chance.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted
    flux : (n,) float64, relative flux minus one, finite, trends and the star's other transits taken out
    period_d, epoch_bjd, duration_d : the ephemeris as a catalog has it, and how long a transit lasts
    errors : one sigma of period and epoch, above zero

    A shift must be worth more than the best of all noise that is as near: the fall of chi squared, halved, less the
    logarithm of the number of independent ephemerides within it. So what is near needs less, what is far more, and
    the edge of the window decides nothing. Neither depth nor anything else of the signal plays a part.
    """
    events = box_events(time_bjd, flux, duration_d)
    listed_snr = snr_of(events, period_d, epoch_bjd)
    best = Refined(Fit(period_d, epoch_bjd, listed_snr), events, events)
    if events.start_bjd.size == 0:
        return best
    shaped = [events]
    for sigmas, penalty in zip(WINDOWS_SIGMAS, PENALTIES, strict=True):
        window = window_of(events, period_d, epoch_bjd, errors, sigmas)
        found = best_shift(events, period_d, epoch_bjd, *window)
        if found is not None and found.score - penalty - 0.5 * listed_snr**2 >= LEAST_ODDS:
            if len(shaped) == 1:
                shaped += [box_events(time_bjd, flux, duration_d, shape) for shape in SHAPES[1:]]
            tried = _judged(shaped, period_d, epoch_bjd, window, found, penalty)
            best = max(best, tried, key=lambda one: one.gain)
        doubtful = best.at_edge or misses_stretches(best.events, best.fit, DOUBTFUL)
        if best.fit.snr >= BEYOND_DOUBT and not doubtful:
            break
    return best


def _judged(
    shaped: list[Events], period_d: float, epoch_bjd: float, window: Window, found: Fit, penalty: float
) -> Refined:
    """A shift found with boxes, drawn to the middle of the dips by their own shape, and what it is worth.

    A box that is longer than the dip takes as much of it wherever it lies about it, and noise alone decides where it
    takes most: only the right shape tells.
    """
    trials = 0.5 * found.snr**2 - found.score + penalty
    number, ((fit, _), (_, kept)) = best_shape(shaped, found, Fit(period_d, epoch_bjd, 0.0))
    events = shaped[number]
    gain = 0.5 * (fit.snr**2 - kept**2) - trials
    alone = observed_transits(events, fit) < 2
    # Where transits are missing from a part of the data, noise decides how deep it is there: no reason to leave what is
    # seen elsewhere.
    astray = kept >= SEEN and misses_stretches(events, fit)
    if astray or gain < (LEAST_ODDS_ALONE if alone else LEAST_ODDS):
        return Refined(Fit(period_d, epoch_bjd, kept), events, shaped[0])
    numbers = np.array(transit_range(events, period_d, epoch_bjd))
    shifts = fit.epoch_bjd - epoch_bjd + numbers * (fit.period_d - period_d)
    away = np.hypot(
        (fit.epoch_bjd - epoch_bjd) / window.epoch_sigma_d, (fit.period_d - period_d) / window.period_sigma_d
    )
    return Refined(
        fit=fit,
        events=events,
        boxes=shaped[0],
        moved=True,
        gain=float(np.sqrt(2 * gain)),
        shift_d=float(shifts[np.argmax(np.abs(shifts))]),
        at_edge=bool(away > EDGE * window.sigmas),
    )


def window_of(events: Events, period_d: float, epoch_bjd: float, errors: Errors, sigmas: float) -> Window:
    """The ephemerides within so many errors, and within half a duration at least over the data.

    The epoch's window is the first one's, always: what years make of an error is the period's.
    """
    duration_d = PLACES * events.step_d
    near, far = transit_range(events, period_d, epoch_bjd)
    furthest = max(abs(near), abs(far), 1.0)
    epoch_sigma = max(errors.epoch_d, LEAST_DURATIONS * duration_d / WINDOWS_SIGMAS[0])
    period_sigma = max(errors.period_d, LEAST_DURATIONS * duration_d / furthest / sigmas)
    slopes = slope_grid(min(sigmas * period_sigma, GREATEST_CHANGE * period_d), duration_d, furthest)
    reach_d = min(WINDOWS_SIGMAS[0] * epoch_sigma, 0.5 * period_d, MOST_DURATIONS * duration_d)
    cells = ellipse_cells(epoch_sigma, period_sigma, 0.5 * (near + far), 0.5 * (far - near), duration_d)
    return Window(slopes, reach_d, epoch_sigma, period_sigma, sigmas, cells)


def ellipse_cells(
    epoch_sigma: float, period_sigma: float, middle: float, half: float, duration_d: float
) -> tuple[float, float]:
    """Independent ephemerides along the two axes of the ellipse of one error, as seen over the data."""
    covariance = np.array(
        [
            [epoch_sigma**2 + (middle * period_sigma) ** 2, middle * half * period_sigma**2],
            [middle * half * period_sigma**2, (half * period_sigma) ** 2],
        ]
    )
    short, long = np.sqrt(np.maximum(np.linalg.eigvalsh(covariance), 0.0))
    cell = CELL_DURATIONS * duration_d
    return 2 * float(long) / cell, 2 * float(short) / cell
