"""Folding times on an ephemeris, and finding transits."""

from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic

from lightmill.compiled import READ_ONLY, compiled

# Period ratios at which two signals of a star may be two faces of one thing: a binary found at half or twice its
# period, or its secondary eclipse listed beside the primary.
HARMONICS = (1 / 3, 1 / 2, 1.0, 2.0, 3.0)
HARMONIC_TOLERANCE = 1e-3


def fold(time_bjd: np.ndarray, period_d: float, epoch_bjd: float) -> np.ndarray:
    """Days from the nearest mid-transit, in [-period/2, period/2).

    Whole periods are taken off without any rounding, however many they are. Two steps round, of 5e-13 d each within
    5,000 days of the epoch: adding half a period and taking it off again. (Times themselves come in steps of
    4.7e-10 d, float64's at today's Julian dates.)

    Parameters
    ----------
    time_bjd : (n,) float64, BJD_TDB
    period_d, epoch_bjd : the ephemeris; the epoch may be any number of periods away from the data

    Returns
    -------
    (n,) float64, days; NaN where the time is not finite

    Raises
    ------
    ValueError
        if the period is not above zero and finite (NaN included)
    """
    _refuse(period_d)
    return _fold(_times(time_bjd), period_d, epoch_bjd)


def transit_number(time_bjd: np.ndarray, period_d: float, epoch_bjd: float) -> np.ndarray:
    """Number of the nearest mid-transit, counted from the epoch: (n,) int64; the times finite.

    At half a period from two mid-transits rounding decides between them, here and in `fold`, each for itself.
    """
    _refuse(period_d)
    return _transit_number(_times(time_bjd), period_d, epoch_bjd)


def in_transit(time_bjd: np.ndarray, period_d: float, epoch_bjd: float, width_d: float) -> np.ndarray:
    """Where a time is less than half of `width_d` from a mid-transit.

    Parameters
    ----------
    time_bjd : (n,) float64, BJD_TDB
    period_d : days; NaN means one transit only, at the epoch
    epoch_bjd : BJD_TDB
    width_d : full width in days; of a period no more than half is ever taken, so that a baseline remains

    Returns
    -------
    (n,) bool; False where the time is not finite

    Raises
    ------
    ValueError
        if the period is not above zero and finite, nor NaN
    """
    if np.isnan(period_d):
        return np.abs(np.asarray(time_bjd) - epoch_bjd) < 0.5 * width_d
    _refuse(period_d)
    return _in_transit(_times(time_bjd), period_d, epoch_bjd, 0.5 * min(width_d, 0.5 * period_d))


def is_harmonic(period_d: float, other_d: float) -> bool:
    """Whether the ratio of two periods is within 0.1 % of 1/3, 1/2, 1, 2 or 3; False if either is NaN."""
    ratio = other_d / period_d
    return any(abs(ratio / harmonic - 1.0) <= HARMONIC_TOLERANCE for harmonic in HARMONICS)


def _times(time_bjd: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(time_bjd, dtype=np.float64)


def _refuse(period_d: float) -> None:
    if not 0 < period_d < np.inf:
        raise ValueError(f"period_d must be above zero and finite (got: {period_d})")


def _fused(_: Any, x: Any, y: Any, z: Any) -> Any:
    """Multiply x by y and add z with one rounding, also on processors without an instruction for it."""
    signature = types.float64(types.float64, types.float64, types.float64)
    return signature, lambda context, builder, kind, arguments: builder.fma(*arguments)


_multiply_add: Any = intrinsic(_fused)


@compiled("float64(float64, float64, float64)")
def _phase(time_bjd: float, period_d: float, epoch_bjd: float) -> float:
    """The phase of one time.

    What a division leaves is a float64 itself: a multiplication and addition with one rounding gives it to the last
    bit, or its sum with the period, as `numpy.mod` does, which takes forty times as long.
    """
    half_d = 0.5 * period_d
    since_d = time_bjd - epoch_bjd + half_d
    periods = np.floor(since_d / period_d)
    remainder = _multiply_add(-periods, period_d, since_d)
    if remainder < 0.0:  # just below a whole number of periods the quotient is rounded up to it
        remainder = _multiply_add(1.0 - periods, period_d, since_d)
    phase_d = remainder - half_d
    return -half_d if phase_d >= half_d else phase_d  # rounding can reach the period itself


@compiled(f"float64[::1]({READ_ONLY}, float64, float64)")
def _fold(time_bjd: np.ndarray, period_d: float, epoch_bjd: float) -> np.ndarray:
    phase_d = np.empty(time_bjd.size)
    for i in range(time_bjd.size):
        phase_d[i] = _phase(time_bjd[i], period_d, epoch_bjd)
    return phase_d


@compiled(f"boolean[::1]({READ_ONLY}, float64, float64, float64)")
def _in_transit(time_bjd: np.ndarray, period_d: float, epoch_bjd: float, half_width_d: float) -> np.ndarray:
    inside = np.empty(time_bjd.size, np.bool_)
    for i in range(time_bjd.size):
        inside[i] = abs(_phase(time_bjd[i], period_d, epoch_bjd)) < half_width_d
    return inside


@compiled(f"int64[::1]({READ_ONLY}, float64, float64)")
def _transit_number(time_bjd: np.ndarray, period_d: float, epoch_bjd: float) -> np.ndarray:
    number = np.empty(time_bjd.size, np.int64)
    for i in range(time_bjd.size):
        number[i] = np.int64(np.floor((time_bjd[i] - epoch_bjd) / period_d + 0.5))
    return number
