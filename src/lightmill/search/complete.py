"""Finding a signal of which the period is known, and not where or how long its transits are."""

from typing import NamedTuple

import numpy as np

from lightmill.search.box import LONGEST_SHARE, solar_duration
from lightmill.search.centring import BEYOND_STATED, GREATEST_CHANGE, SIGMAS, centred
from lightmill.search.drift import Errors, drift_d
from lightmill.search.events import PLACES, Events, box_events
from lightmill.search.refine import LEAST_ODDS
from lightmill.search.shifts import CELL_DURATIONS, Fit, best_shift, observed_transits, slope_grid, transit_range

# Durations looked at, over that of a planet across the middle of a star like the Sun: from grazing transits and the
# smallest dwarfs to subgiants, each 1.4 times the last; a box that is too long or too short by half of that loses 4 %
# of the S/N.
SHORTEST, LONGEST, RATIO = 0.2, 2.0, 1.4
# No box is shorter than two cadences.
CADENCES = 2.0
# As `LEAST_ODDS`, where there is one transit only, so that nothing tells it from a glitch: twelve sigmas, for the
# whole light curve was looked through.
LEAST_ODDS_ALONE = 72.0


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
    them; and periods within three errors, or as far as the transits drift by one duration over the data, whichever is
    more. The noise that a dip must beat is that of the best of so many independent trials.
    """
    if time_bjd.size == 0:
        return None
    durations = box_durations(period_d, cadence_d) if np.isnan(duration_d) else np.array([duration_d])
    middle_bjd = 0.5 * (time_bjd[0] + time_bjd[-1])
    # Further from the middle than that there are no data.
    around_d = 0.5 * min(period_d, time_bjd[-1] - time_bjd[0] + LONGEST * float(solar_duration(period_d)))
    if np.isfinite(epoch_bjd):
        away = np.round((middle_bjd - epoch_bjd) / period_d)
        middle_bjd = epoch_bjd + away * period_d
        around_d = min(around_d, SIGMAS * float(drift_d(errors, away)))
    best: tuple[Fit, Events] | None = None
    cells = 0.0
    for width_d in durations:
        events = box_events(time_bjd, flux, width_d)
        near, far = transit_range(events, period_d, middle_bjd)
        furthest = max(abs(near), abs(far), 1.0)
        stated_d = min(SIGMAS * errors.period_d, GREATEST_CHANGE * period_d)
        drifting_d = min(width_d / max(far - near, 1.0), GREATEST_CHANGE * period_d)
        phase_d = min(around_d + 0.5 * width_d, 0.5 * period_d)
        cell = CELL_DURATIONS * width_d
        cells += max(1.0, 2 * phase_d / cell) * max(1.0, 2 * max(stated_d, drifting_d) * furthest / cell)
        reaches = [(stated_d, 0.0)] if stated_d >= drifting_d else [(stated_d, 0.0), (drifting_d, BEYOND_STATED)]
        for reach_d, penalty in reaches:
            found = best_shift(events, period_d, middle_bjd, slope_grid(reach_d, width_d, furthest), phase_d)
            if found is not None and (best is None or found.score - penalty > best[0].score):
                best = (found._replace(score=found.score - penalty), events)
    if best is None:
        return None
    found, events = best
    gain = found.score - np.log(cells)
    alone = observed_transits(events, found) < 2
    if gain < (LEAST_ODDS_ALONE if alone else LEAST_ODDS):
        return None
    box_d = PLACES * events.step_d
    fit, duration_d = centred(time_bjd, flux, cadence_d, period_d, errors, found, box_d, duration_d)
    return Completed(fit, duration_d, float(np.sqrt(2 * gain)))


def box_durations(period_d: float, cadence_d: float) -> np.ndarray:
    """Durations to try at a period, days: (k,) float64, ascending."""
    sun_d = float(solar_duration(period_d))
    longest = min(LONGEST * sun_d, LONGEST_SHARE * period_d)
    shortest = min(max(SHORTEST * sun_d, CADENCES * cadence_d), longest)
    count = int(np.ceil(np.log(longest / shortest) / np.log(RATIO))) + 1
    return np.geomspace(shortest, longest, count)
