"""Levels and scatters that a few bad points cannot move."""

import numpy as np

MAD_TO_SIGMA = 1.482602218505602  # 1 / Phi^-1(3/4): the MAD of a normal distribution times this is its sigma


def robust_scatter(values: np.ndarray) -> float:
    """1.4826 times the median absolute deviation of the finite `values` ((n,) float); NaN if there are none."""
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        return float("nan")
    return float(MAD_TO_SIGMA * np.median(np.abs(finite - np.median(finite))))


def normalise_segments(flux: np.ndarray, segment: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Each segment's flux over its own median, minus one; NaN where the flux is not to be used.

    Parameters
    ----------
    flux : (n,) float, any unit, NaN where missing
    segment : (n,) int, segment of each cadence; quarters and sectors differ in sensitivity and aperture
    good : (n,) bool, cadences whose quality is good; only they make the median

    Returns
    -------
    (n,) float64: flux / median - 1; NaN for bad cadences, non-finite flux, and whole segments whose median is not
    above zero (their flux is no brightness).
    """
    relative = np.full(flux.shape, np.nan)
    usable = good & np.isfinite(flux)
    for number in np.unique(segment):
        chosen = usable & (segment == number)
        if not chosen.any():
            continue
        values = flux[chosen].astype(np.float64)
        median = np.median(values)
        if median > 0:
            relative[chosen] = values / median - 1.0
    return relative
