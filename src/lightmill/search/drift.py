"""How far an ephemeris may have drifted: errors of period and epoch, and what they come to after years."""

from typing import NamedTuple

import numpy as np

from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.search.box import YEAR_D, solar_duration
from lightmill.targets import Mission
from lightmill.views.signal import Signal

# One error of the period where a catalog gives none, as the drift in durations that a year adds: the medians of the
# TOI list of October 2020 (0.29), of the cumulative KOI table (0.013) and of the K2 table (0.17).
DRIFT_PER_YEAR: dict[Mission, float] = {"TESS": 0.29, "Kepler": 0.013, "K2": 0.17}
# One error of an epoch where a catalog gives none, in durations: medians of the TOI and KOI tables.
EPOCH_DURATIONS = 0.03
# The TOIs of 2020 drifted by 1.5 times what their errors say: half of them by more than 0.98 errors, for 0.67.
UNDERSTATED = 1.5
# A period written with fewer digits than tell it to this is a whole number by chance.
MOST_ROUNDED = 1e-3
# An ephemeris can be trusted as long as one error of it is less than this many durations.
TRUSTED_DURATIONS = 0.5


class Errors(NamedTuple):
    """Errors of an ephemeris as a catalog states them, in days; NaN where it does not."""

    period_d: float = float("nan")
    epoch_d: float = float("nan")


def likely_errors(signal: Signal, mission: Mission, stated: Errors) -> Errors:
    """Errors of a signal's period and epoch, one sigma in days, as they turn out to be; never NaN or zero.

    Those stated, half as large again; without them the missions' usual ones, a period's no less than half a unit of
    the last digit that it is written with.
    """
    duration_d = signal.duration_d if signal.duration_h > 0 else float(solar_duration(signal.period_d))
    if stated.period_d > 0:
        period_d = UNDERSTATED * stated.period_d
    else:
        usual_d = DRIFT_PER_YEAR[mission] * duration_d * signal.period_d / YEAR_D
        period_d = max(UNDERSTATED * usual_d, rounding_d(signal.period_d))
    epoch_d = stated.epoch_d if stated.epoch_d > 0 else EPOCH_DURATIONS * duration_d
    return Errors(period_d, UNDERSTATED * epoch_d)


def rounding_d(period_d: float) -> float:
    """Half a unit of the last digit that a period is written with, at most a thousandth of it.

    That is 0.005 for 10.05, and for 10.050 too: what a table has at the end of a number is lost when it is read.
    """
    digits = np.format_float_positional(period_d, trim="-").partition(".")[2]
    return min(0.5 * 10.0 ** -len(digits), MOST_ROUNDED * period_d)


def drift_d(errors: Errors, transits: np.ndarray | float) -> np.ndarray:
    """One error of the time of a transit, so many transits from the epoch: days."""
    return np.hypot(errors.epoch_d, np.asarray(transits) * errors.period_d)


def segment_ends(light_curve: LightCurve) -> np.ndarray:
    """First and last time of each segment that has any cadences: (s, 2) float64, BJD_TDB, by time."""
    number, time_bjd = light_curve.segment, light_curve.time_bjd
    count = len(light_curve.segments)
    ends = np.stack([np.full(count, np.inf), np.full(count, -np.inf)], axis=1)
    np.minimum.at(ends[:, 0], number, time_bjd)
    np.maximum.at(ends[:, 1], number, time_bjd)
    ends = ends[np.isfinite(ends[:, 0])]
    return ends[np.argsort(ends[:, 0])]


def near_segments(ends_bjd: np.ndarray, signal: Signal, likely: Errors) -> np.ndarray:
    """Those segments, (k, 2) first and last times, in which a signal's ephemeris can be trusted.

    One error of it, in the middle of such a segment, is no more than half a duration.
    """
    away = np.abs(ends_bjd.mean(axis=1) - signal.epoch_bjd)
    return ends_bjd[drift_d(likely, away / signal.period_d) <= TRUSTED_DURATIONS * signal.duration_d]


def fold_range(ends_bjd: np.ndarray, near: np.ndarray, epoch_bjd: float) -> tuple[float, float]:
    """Times between which to fold an ephemeris that is not where it should be: its near segments, one at least."""
    if not len(near):
        near = ends_bjd[[np.argmin(np.abs(ends_bjd.mean(axis=1) - epoch_bjd))]]
    return float(near[:, 0].min()), float(near[:, 1].max())
