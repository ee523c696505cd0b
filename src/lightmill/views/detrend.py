"""Dividing out a star's own variability, transits left alone.

Methods are found by name in `DETREND_METHODS`. For `savgol` the trend is a Savitzky-Golay filter (1964) in its
weighted form: at each cadence a polynomial fitted by least squares to the cadences within a window, those in transit,
missing or outlying having no weight. Where all weights are one it is the classical filter; under a masked transit it
is the polynomial through what lies on both sides.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np

from lightmill.views.normalise import robust_scatter

PASSES = 3  # rounds of fitting and leaving out outliers, at most; more change nothing on real stars


def detrend_savgol(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    segment: np.ndarray,
    masked: np.ndarray,
    window_d: float,
    order: int,
    break_d: float,
    clip_sigma: float,
) -> np.ndarray:
    """Flux with each unbroken stretch's trend divided out; transits and dips are kept, flares are not.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted, BJD_TDB
    flux : (n,) float64, relative flux minus one, NaN where unusable
    segment : (n,) int, segment of each cadence
    masked : (n,) bool, cadences in a known transit: they take no part in the trend, and are never clipped downwards
    window_d : length of the filter window in days, whatever the cadence
    order : order of the polynomial
    break_d : a gap longer than this many days splits a segment
    clip_sigma : points further than this many robust sigmas from the trend take no part in it; those above it (flares,
        cosmic rays) are dropped from the result, those below it stay, for they may be a transit nobody knows of

    Returns
    -------
    (n,) float64, relative flux minus one; NaN where `flux` is, where it is clipped, where the trend would have to be
    extrapolated (masked cadences without any cadence of the trend on one side of them in their window), and where it
    is less certain than a single cadence (`weighted_savgol`).
    """
    flat = np.full(flux.shape, np.nan)
    usable = np.isfinite(flux)
    for piece in stretches(time_bjd, segment, usable, break_d):
        flat[piece] = _flatten(time_bjd[piece], flux[piece], masked[piece], window_d, order, clip_sigma)
    return flat


class Detrending(Protocol):
    """What a method of detrending takes and gives; parameters, units and what becomes NaN as in `detrend_savgol`."""

    def __call__(
        self,
        time_bjd: np.ndarray,
        flux: np.ndarray,
        segment: np.ndarray,
        masked: np.ndarray,
        window_d: float,
        order: int,
        break_d: float,
        clip_sigma: float,
    ) -> np.ndarray:
        """Flux with the trend divided out."""
        ...


# By the names that `views.detrend.method` can have.
DETREND_METHODS: dict[str, Detrending] = {"savgol": detrend_savgol}


def stretches(time_bjd: np.ndarray, segment: np.ndarray, usable: np.ndarray, break_d: float) -> Iterator[np.ndarray]:
    """Indices of the usable cadences of each unbroken stretch: within one segment, without a gap above `break_d`."""
    for number in np.unique(segment[usable]):
        chosen = np.flatnonzero(usable & (segment == number))
        breaks = np.flatnonzero(np.diff(time_bjd[chosen]) > break_d) + 1
        yield from np.split(chosen, breaks)


def _flatten(
    time_bjd: np.ndarray, flux: np.ndarray, masked: np.ndarray, window_d: float, order: int, clip_sigma: float
) -> np.ndarray:
    """One stretch with its trend divided out; arguments and result as in `detrend`."""
    fitted = ~masked
    if not fitted.any():
        return np.full(flux.shape, np.nan)
    place, size = cadence_grid(time_bjd)
    cadence_d = (time_bjd[-1] - time_bjd[0]) / max(place[-1], 1)
    window = window_cadences(window_d, cadence_d, size)
    outlying = np.zeros(flux.shape, dtype=bool)
    for _ in range(PASSES):
        weight, value = np.zeros(size), np.zeros(size)
        used = fitted & ~outlying
        weight[place[used]] = 1.0
        value[place[used]] = flux[used]
        trend = weighted_savgol(value, weight, window, order)[place]
        residual = (1.0 + flux) / (1.0 + trend) - 1.0
        # About the median, so that at least half of the cadences are never outliers, however they are distributed.
        above = residual - np.median(residual[used])
        limit = clip_sigma * robust_scatter(residual[used])
        # Without a trend (a window of nothing but outliers) a cadence stays what it was, outlying.
        previous, outlying = outlying, (np.abs(above) > limit) | np.isnan(above)
        if np.array_equal(outlying, previous):
            break
    flare = above > limit
    extrapolated = masked & ~_between(weight, window)[place]
    residual[flare | extrapolated] = np.nan
    return residual


def _between(weight: np.ndarray, window: int) -> np.ndarray:
    """Where there is weight on both sides within the window of `weighted_savgol`: (n,) bool."""
    index = np.arange(weight.size)
    first = np.clip(index - window // 2, 0, weight.size - window)
    before = np.concatenate([[0.0], np.cumsum(weight)])
    return (before[index] > before[first]) & (before[first + window] > before[index + 1])


def cadence_grid(time_bjd: np.ndarray) -> tuple[np.ndarray, int]:
    """Places of cadences on an even grid, gaps left open.

    Each step is rounded by itself, so that neither barycentric drift nor a slow clock adds up over a segment.

    Returns
    -------
    place : (n,) int64, strictly increasing, from 0
    size : number of places
    """
    if time_bjd.size < 2:
        return np.zeros(time_bjd.size, dtype=np.int64), int(time_bjd.size)
    step = np.diff(time_bjd)
    steps = np.maximum(np.rint(step / np.median(step)).astype(np.int64), 1)
    place = np.concatenate([[0], np.cumsum(steps)])
    return place, int(place[-1]) + 1


def window_cadences(window_d: float, cadence_d: float, size: int) -> int:
    """The odd number of cadences nearest to `window_d`: at least 3, at most what a stretch of `size` can hold."""
    longest = size if size % 2 else size - 1
    if cadence_d <= 0:
        return max(longest, 1)
    half = round((window_d / cadence_d - 1) / 2)
    return max(min(2 * half + 1, longest), min(3, longest))


def weighted_savgol(value: np.ndarray, weight: np.ndarray, window: int, order: int) -> np.ndarray:
    """Savitzky-Golay filter with weights: local polynomials fitted by weighted least squares.

    Within half a window of an end, the polynomial of the last full window is used. With all weights one this is
    `scipy.signal.savgol_filter(value, window, order, mode="interp")`.

    Parameters
    ----------
    value : (n,) float64; what stands where the weight is zero does not matter, if finite
    weight : (n,) float64, >= 0
    window : odd number of points, at most n
    order : order of the polynomial; lowered where a window is too empty for it

    Returns
    -------
    (n,) float64, NaN where a window holds too little weight: none at all, or so little or so one-sided that the
    polynomial's variance is larger than that of a point of weight one. Points that have weight never come to that.

    Raises
    ------
    ValueError
        if the window is even or longer than the data, or no weight is above zero
    """
    if window % 2 == 0 or window > value.size:
        raise ValueError(f"window must be odd and at most {value.size} (got: {window})")
    if not np.any(weight > 0):
        raise ValueError("no point has a weight above zero")
    half = window // 2
    x = np.arange(-half, half + 1) / max(half, 1)
    # Moments of each full window about its centre.
    kernels = [x**power for power in range(2 * order + 1)]
    moments = np.stack([np.correlate(weight, kernel, mode="valid") for kernel in kernels], axis=-1)
    weighted = weight * value
    projections = np.stack([np.correlate(weighted, kernel, mode="valid") for kernel in kernels[: order + 1]], axis=-1)
    coefficients, degree = _solve(moments, projections, order)

    index = np.arange(value.size)
    centre = np.clip(index, half, value.size - 1 - half)
    offset = (index - centre) / max(half, 1)
    powers = offset[:, None] ** np.arange(order + 1)
    trend = np.sum(coefficients[centre - half] * powers, axis=-1)
    bare = np.flatnonzero(weight == 0)
    windows = centre[bare] - half
    trend[bare[_variance(moments[windows], powers[bare], degree[windows]) > 1.0]] = np.nan
    return trend


def _normal_matrices(moments: np.ndarray, degree: int) -> np.ndarray:
    rows = np.arange(degree + 1)
    return moments[:, rows[:, None] + rows]


def _variance(moments: np.ndarray, powers: np.ndarray, degree: np.ndarray) -> np.ndarray:
    """Variance (m,) of fitted polynomials at one place each, in units of that of a point of weight one."""
    variance = np.zeros(len(powers))
    for number in np.unique(degree[degree >= 0]):
        chosen = np.flatnonzero(degree == number)
        there = powers[chosen, : number + 1, None]
        solved = np.linalg.solve(_normal_matrices(moments[chosen], number), there)
        variance[chosen] = np.sum(there * solved, axis=(1, 2))
    return variance


def _solve(moments: np.ndarray, projections: np.ndarray, order: int) -> tuple[np.ndarray, np.ndarray]:
    """Polynomial coefficients (m, order + 1) of each window from its moments, NaN where it holds no weight; degrees.

    A window with fewer than four points for each coefficient gets the highest order that it can bear.
    """
    points = moments[:, 0]
    bearable = np.where(points > 0, np.clip(points // 4 - 1, 0, order), -1)
    coefficients = np.full(projections.shape, np.nan)
    for degree in range(order + 1):
        chosen = np.flatnonzero(bearable == degree)
        rows = np.arange(degree + 1)
        matrix = _normal_matrices(moments[chosen], degree)
        coefficients[chosen] = 0.0
        coefficients[chosen[:, None], rows] = np.linalg.solve(matrix, projections[chosen[:, None], rows][..., None])[
            ..., 0
        ]
    return coefficients, bearable.astype(np.int64)
