"""Folding times on an ephemeris, and finding transits."""

import numpy as np

# Period ratios at which two signals of a star may be two faces of one thing: a binary found at half or twice its
# period, or its secondary eclipse listed beside the primary.
HARMONICS = (1 / 3, 1 / 2, 1.0, 2.0, 3.0)
HARMONIC_TOLERANCE = 1e-3


def fold(time_bjd: np.ndarray, period_d: float, epoch_bjd: float) -> np.ndarray:
    """Days from the nearest mid-transit, in [-period/2, period/2).

    Parameters
    ----------
    time_bjd : (n,) float64, BJD_TDB
    period_d, epoch_bjd : the ephemeris; the epoch may be any number of periods away from the data

    Returns
    -------
    (n,) float64, days

    Raises
    ------
    ValueError
        if the period is not above zero (NaN included)
    """
    if not period_d > 0:
        raise ValueError(f"period_d must be above zero (got: {period_d})")
    half = 0.5 * period_d
    phase = np.mod(np.asarray(time_bjd, dtype=np.float64) - epoch_bjd + half, period_d) - half
    phase[phase >= half] = -half  # the rounding of mod can reach the period itself
    return phase


def transit_number(time_bjd: np.ndarray, period_d: float, epoch_bjd: float) -> np.ndarray:
    """Number of the nearest mid-transit, counted from the epoch: (n,) int64."""
    return np.floor((np.asarray(time_bjd, dtype=np.float64) - epoch_bjd) / period_d + 0.5).astype(np.int64)


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
    (n,) bool
    """
    if np.isnan(period_d):
        return np.abs(np.asarray(time_bjd) - epoch_bjd) < 0.5 * width_d
    return np.abs(fold(time_bjd, period_d, epoch_bjd)) < 0.5 * min(width_d, 0.5 * period_d)


def is_harmonic(period_d: float, other_d: float) -> bool:
    """Whether the ratio of two periods is within 0.1 % of 1/3, 1/2, 1, 2 or 3; False if either is NaN."""
    ratio = other_d / period_d
    return any(abs(ratio / harmonic - 1.0) <= HARMONIC_TOLERANCE for harmonic in HARMONICS)
