"""Dividing out a star's own variability by a Savitzky-Golay filter, transits left alone.

The filter (1964) in its weighted form: at each cadence a polynomial fitted by least squares to the cadences within a
window, those in transit, missing or outlying having no weight. Where all have weight it is the classical filter; under
a masked transit it is the polynomial through what lies on both sides.
"""

import numpy as np

from lightmill.compiled import compiled
from lightmill.views.medians import median, median_near, scatter_near
from lightmill.views.polynomials import HIGHEST_ORDER, fit_trend
from lightmill.views.stretches import stretches

PASSES = 3  # rounds of fitting and leaving out outliers, at most; more change nothing on real stars
# Relative flux that is rounding of 64-bit numbers, and no outlier however little else there is.
ROUNDING = 1e-12
# So many steps of a stretch are looked at to learn its cadence: it only has to tell one step from one and a half.
STEPS = 101
# A grid has at most so many places for each cadence; times that need more are on no grid.
LONGEST_GRID = 100
# What is half way between two whole numbers of cadences but for the rounding of times goes up, so that a mirrored light
# curve gives the mirrored result.
TIE = 1e-6
# How near median and scatter mostly are to those of the last stretch, and of the last pass, in units of the scatter.
NEAR = 0.15
NEARER = 0.05
FEW = 64  # places among which a change is looked for at once


@compiled("Tuple((int64[::1], int64))(float64[::1])")
def cadence_grid(time_d: np.ndarray) -> tuple[np.ndarray, int]:
    """Places of cadences on an even grid, gaps left open.

    Each step is rounded by itself, so that neither barycentric drift nor a slow clock adds up over a segment.

    Parameters
    ----------
    time_d : (n,) float64, sorted

    Returns
    -------
    place : (n,) int64, strictly increasing, from 0; one after the other if the times are on no grid (most of them
        equal, or needing more than LONGEST_GRID places each)
    size : number of places
    """
    size = time_d.size
    place = np.empty(size, dtype=np.int64)
    for number in range(size):
        place[number] = number
    if size < 2:
        return place, size
    sampled = min(size - 1, STEPS)
    step = np.empty(sampled)
    for number in range(sampled):
        at = (2 * number + 1) * (size - 1) // (2 * sampled)
        step[number] = time_d[at + 1] - time_d[at]
    cadence_d = median(step)
    if not time_d[-1] - time_d[0] < LONGEST_GRID * size * cadence_d:
        return place, size
    at, per_day = 0, 1.0 / cadence_d
    for number in range(1, size):
        at += max(int((time_d[number] - time_d[number - 1]) * per_day + 0.5 + TIE), 1)
        place[number] = at
    return place, at + 1


@compiled("int64(float64, float64, int64)")
def window_cadences(window_d: float, cadence_d: float, size: int) -> int:
    """The odd number of cadences nearest to `window_d`: at least 3, at most what a stretch of `size` can hold."""
    longest = size if size % 2 else size - 1
    if cadence_d <= 0 or window_d > longest * cadence_d:
        return max(longest, 1)
    half = int((window_d / cadence_d - 1) / 2 + 0.5 + TIE)
    return max(min(2 * half + 1, longest), min(3, longest))


@compiled("void(float64[::1], float64[::1], int64, float64[::1])")
def _drop_extrapolated(free: np.ndarray, gap: np.ndarray, window: int, residual: np.ndarray) -> None:
    """NaN at masked places on one side of which their window holds nothing that the trend could rest on."""
    half, size = window // 2, free.size
    nearest = -size
    for place in range(size):
        if gap[place] == 0.0:
            nearest = place
        elif free[place] == 0.0 and nearest < min(max(place - half, 0), size - window):
            residual[place] = np.nan
    nearest = 2 * size
    for place in range(size - 1, -1, -1):
        if gap[place] == 0.0:
            nearest = place
        elif free[place] == 0.0 and nearest >= min(max(place - half, 0), size - window) + window:
            residual[place] = np.nan


@compiled("void(float64[::1], float64[::1], float64[::1], float64[::1], float64[::1])", reorder=True)
def _divide(series: np.ndarray, trend: np.ndarray, gap: np.ndarray, residual: np.ndarray, sample: np.ndarray) -> None:
    """Series over trend, both relative and minus one, into `residual`; without the gaps into `sample`; all (places,).

    NaN without a trend, and with one that is no brightness.
    """
    for place in range(series.size):
        level = trend[place]
        above = (series[place] - level) / (1.0 + level) if level > -1.0 else np.nan
        residual[place] = above
        sample[place] = above if gap[place] == 0.0 else np.nan


@compiled("int64(float64[::1], float64[::1], float64[::1], float64, float64)")
def _changes(residual: np.ndarray, free: np.ndarray, gap: np.ndarray, centre: float, limit: float) -> int:
    """How many places are gaps that should be none, or the other way: where a free one is not within the limit."""
    changes = 0
    for place in range(residual.size):
        fits = (free[place] > 0.0) & (abs(residual[place] - centre) <= limit)
        changes += fits != (gap[place] == 0.0)
    return changes


@compiled(
    "int64[:, ::1](float64[::1], float64[::1], float64[::1], float64, float64, int64, float64[::1], float64[::1])"
)
def _leave_out(
    series: np.ndarray,
    residual: np.ndarray,
    free: np.ndarray,
    centre: float,
    limit: float,
    window: int,
    gap: np.ndarray,
    value: np.ndarray,
) -> np.ndarray:
    """Gaps and values made anew where outliers are, or are no more.

    Returns
    -------
    (groups, 2) int64, first and last of the places that changed, those together whose windows overlap
    """
    groups = np.empty((series.size // window + 1, 2), dtype=np.int64)
    found, last = 0, -window
    for begin in range(0, series.size, FEW):
        end = min(begin + FEW, series.size)
        if _changes(residual[begin:end], free[begin:end], gap[begin:end], centre, limit) == 0:
            continue
        for here in range(begin, end):
            # Without a trend (a window of nothing but outliers) a cadence stays what it was, outlying.
            fits = free[here] > 0.0 and abs(residual[here] - centre) <= limit
            if fits == (gap[here] == 0.0):
                continue
            gap[here] = 0.0 if fits else 1.0
            value[here] = series[here] if fits else 0.0
            if found == 0 or here - last >= window:
                groups[found, 0] = here
                found += 1
            groups[found - 1, 1] = last = here
    return groups[:found]


@compiled(
    "void(float64[::1], float64[::1], boolean[::1], int64[::1], int64[::1], float64, int64, float64, float64[::1])"
)
def _flatten(
    time_d: np.ndarray,
    flux: np.ndarray,
    masked: np.ndarray,
    rows: np.ndarray,
    start: np.ndarray,
    window_d: float,
    order: int,
    clip_sigma: float,
    flat: np.ndarray,
) -> None:
    """`detrend_savgol` of the stretches whose cadences are at `rows`, as in `Stretches`; into `flat`."""
    centre, scatter = 0.0, 0.0
    for stretch in range(start.size - 1):
        here = rows[start[stretch] : start[stretch + 1]]
        times_d = np.empty(here.size)
        for number in range(here.size):
            times_d[number] = time_d[here[number]]
        place, size = cadence_grid(times_d)
        window = window_cadences(window_d, (times_d[-1] - times_d[0]) / max(size - 1, 1), size)
        series, free, gap, value = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
        for number in range(size):
            series[number], free[number], gap[number], value[number] = np.nan, 0.0, 1.0, 0.0
        points = 0
        for number in range(here.size):
            row, at = np.uint64(here[number]), np.uint64(place[number])  # unsigned, as in `stretches`
            series[at] = flux[row]
            if not masked[row]:
                free[at], gap[at], value[at] = 1.0, 0.0, flux[row]
                points += 1
        if points == 0:
            continue
        trend, residual, sample = np.empty(size), np.empty(size), np.empty(size)
        limit = 0.0
        groups = np.empty((1, 2), dtype=np.int64)
        groups[0, 0], groups[0, 1] = 0, size - 1
        for fits in range(PASSES):
            for group in range(groups.shape[0]):
                fit_trend(value, gap, window, order, groups[group, 0], groups[group, 1], trend)
            _divide(series, trend, gap, residual, sample)
            # About the median, so that at least half of the cadences are never outliers, however they are distributed.
            within = scatter * (NEAR if fits == 0 else NEARER)
            centre = median_near(sample, centre, within)
            scatter = scatter_near(sample, centre, scatter, within)
            limit = max(clip_sigma * scatter, ROUNDING)
            if fits + 1 < PASSES:
                groups = _leave_out(series, residual, free, centre, limit, window, gap, value)
                if groups.shape[0] == 0:
                    break
        if points < here.size:
            _drop_extrapolated(free, gap, window, residual)
        for number in range(here.size):
            above = residual[np.uint64(place[number])]
            flat[np.uint64(here[number])] = np.nan if above - centre > limit else above


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
    order : order of the polynomial, 0 to 5; 4 and less are the quick ones
    break_d : a gap longer than this many days splits a segment
    clip_sigma : points further than this many robust sigmas from the trend take no part in it; those above it (flares,
        cosmic rays) are dropped from the result, those below it stay, for they may be a transit nobody knows of

    Returns
    -------
    (n,) float64, relative flux minus one; NaN where `flux` is, where it is clipped, where the trend would have to be
    extrapolated (masked cadences without any cadence of the trend on one side of them in their window), where it is
    less certain than a single cadence (`fit_trend`), and where it is not above zero (no brightness).

    Raises
    ------
    ValueError
        if the order is below 0 or above 5, or the arrays are not of one length
    """
    if not flux.shape == masked.shape:
        raise ValueError(f"expected as many cadences in masked as in flux (got: {masked.size}, {flux.size})")
    if not 0 <= order <= HIGHEST_ORDER:
        raise ValueError(f"order must be 0 to {HIGHEST_ORDER} (got: {order})")
    time_bjd = np.require(time_bjd, np.float64, ("C", "W"))
    flux = np.require(flux, np.float64, ("C", "W"))
    masked = np.require(masked, np.bool_, ("C", "W"))
    flat = np.full(flux.shape, np.nan)
    rows, start = stretches(time_bjd, segment, np.isfinite(flux), break_d)
    _flatten(time_bjd, flux, masked, rows, start, window_d, order, clip_sigma, flat)
    return flat
