"""Levels and scatters that a few bad points cannot move."""

import numpy as np

from lightmill.compiled import compiled
from lightmill.views.medians import mad_scatter, median

# Relative flux that the float32 of a light curve cannot resolve (6e-8): what varies by less does not vary.
FLAT = 1e-8
# No star is as bright as so many times its median: such a number is damage.
BRIGHTEST = 1e6


@compiled("void(float64[::1], boolean[::1], float64[::1], float64[::1])")
def _relate(flux: np.ndarray, usable: np.ndarray, scratch: np.ndarray, relative: np.ndarray) -> None:
    """`normalise_segments` of one segment, finite where `usable`, into `relative`; all (n,), the scratch longer."""
    found = 0
    for number in range(flux.size):
        scratch[found] = flux[number]
        found += usable[number]
    level = median(scratch[:found])
    if not level > 0.0:  # nor is it for a segment without a usable cadence
        level = np.nan
    for number in range(flux.size):
        value = flux[number] / level - 1.0
        relative[number] = value if usable[number] and abs(value) < BRIGHTEST else np.nan


@compiled("float64[::1](float64[::1], int64[::1], boolean[::1])")
def _relative(flux: np.ndarray, segment: np.ndarray, usable: np.ndarray) -> np.ndarray:
    """`normalise_segments` of cadences whose segments stand together, finite where `usable`."""
    relative = np.empty(flux.size)
    scratch = np.empty(flux.size + 1)
    start = 0
    for stop in range(1, flux.size + 1):
        if stop == flux.size or segment[stop] != segment[start]:
            _relate(flux[start:stop], usable[start:stop], scratch, relative[start:stop])
            start = stop
    return relative


def normalise_segments(flux: np.ndarray, segment: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Each segment's flux over its own median, minus one; NaN where the flux is not to be used.

    Parameters
    ----------
    flux : (n,) float, any unit, NaN where missing
    segment : (n,) int, segment of each cadence; quarters and sectors differ in sensitivity and aperture
    good : (n,) bool, cadences whose quality is good; only they make the median

    Returns
    -------
    (n,) float64: flux / median - 1; NaN for bad cadences, non-finite flux, flux of a million medians, and whole
    segments whose median is not above zero (their flux is no brightness).

    Raises
    ------
    ValueError
        if the arrays are not of one length
    """
    if not flux.shape == segment.shape == good.shape:
        sizes = f"{flux.size}, {segment.size}, {good.size}"
        raise ValueError(f"expected flux, segments and quality of as many cadences (got: {sizes})")
    flux = np.require(flux, np.float64, ("C", "W"))
    segment = np.require(segment, np.int64, ("C", "W"))
    usable = good & np.isfinite(flux)
    if np.all(segment[1:] >= segment[:-1]):
        return np.asarray(_relative(flux, segment, usable))
    order = np.argsort(segment, kind="stable")
    relative = np.empty(flux.size)
    relative[order] = _relative(flux[order], segment[order], usable[order])
    return relative


def robust_scatter(values: np.ndarray) -> float:
    """1.4826 times the median absolute deviation of the finite `values` ((n,) float); NaN if there are none."""
    return float(mad_scatter(np.asarray(values[np.isfinite(values)], dtype=np.float64)))
