"""How far an ephemeris may have drifted: errors of period and epoch, and what they come to after years."""

from typing import NamedTuple

import numpy as np

from lightmill.targets import Mission
from lightmill.views.signal import Signal

YEAR_D = 365.25
# One error of the period where a catalog gives none, as the drift in durations that a year adds: the medians of the
# TOI list of October 2020 (0.29), of the cumulative KOI table (0.013) and of the K2 table (0.17).
DRIFT_PER_YEAR: dict[Mission, float] = {"TESS": 0.29, "Kepler": 0.013, "K2": 0.17}
# One error of an epoch where a catalog gives none, in durations: medians of the TOI and KOI tables.
EPOCH_DURATIONS = 0.03
# The TOIs of 2020 drifted by 1.5 times what their errors say: half of them by more than 0.98 errors, for 0.67.
UNDERSTATED = 1.5


# A planet across the middle of a star like the Sun: 13 h (P / yr)^(1/3) (Winn 2010, "Exoplanet Transits and
# Occultations", eq. 19).
SUN_DURATION_D = 13.0 / 24.0


class Errors(NamedTuple):
    """Errors of an ephemeris as a catalog states them, in days; NaN where it does not."""

    period_d: float = float("nan")
    epoch_d: float = float("nan")


def likely_errors(signal: Signal, mission: Mission, stated: Errors) -> Errors:
    """Errors of a signal's period and epoch, one sigma in days, as they turn out to be; never NaN or zero.

    Those stated, half as large again; without them the missions' usual ones; a period's no less than half a unit of
    the last digit that it is written with.
    """
    duration_d = signal.duration_d if signal.duration_h > 0 else sun_duration_d(signal.period_d)
    period_d = stated.period_d
    if not period_d > 0:
        period_d = DRIFT_PER_YEAR[mission] * duration_d * signal.period_d / YEAR_D
    epoch_d = stated.epoch_d if stated.epoch_d > 0 else EPOCH_DURATIONS * duration_d
    return Errors(max(UNDERSTATED * period_d, rounding_d(signal.period_d)), UNDERSTATED * epoch_d)


def sun_duration_d(period_d: float) -> float:
    """How long a planet of this period takes across the middle of a star like the Sun, days."""
    return float(SUN_DURATION_D * np.cbrt(period_d / YEAR_D))


def rounding_d(period_d: float) -> float:
    """Half a unit of the last digit that a number is written with: 0.005 for 10.05, and for 10.050 too."""
    digits = np.format_float_positional(period_d, trim="-").partition(".")[2]
    return 0.5 * 10.0 ** -len(digits)


def drift_d(errors: Errors, transits: np.ndarray | float) -> np.ndarray:
    """One error of the time of a transit, so many transits from the epoch: days."""
    return np.hypot(errors.epoch_d, np.asarray(transits) * errors.period_d)
