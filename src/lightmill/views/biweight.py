"""Dividing out a star's own variability by a sliding robust mean, transits left alone.

The trend at a cadence is Tukey's biweight location (Mosteller and Tukey 1977) of the flux within half a window of it in
time, as in wotan (Hippke et al. 2019, AJ 158, 143): the mean with weights (1 - u^2)^2, u being the distance from it in
units of five median absolute deviations, nothing beyond. Known transits take no part.

The flux of the window is kept sorted: median and median absolute deviation are looked up. Within its reach a weight is
a polynomial, so all sums come from those of the powers of the flux, carried from window to window, and from the few
values at the ends of the sorted ones that are out of reach.
"""

import numpy as np

from lightmill.compiled import compiled
from lightmill.views.medians import mad_scatter, median
from lightmill.views.stretches import stretches

REACH_MADS = 5.0  # wotan's: 3.4 sigmas of normal noise
# A step of Newton's smaller than this, in median absolute deviations, is the last: what is left is its square. A step
# as of the reweighted mean must be much smaller: others like it follow.
LAST_STEP_MADS = 1e-5
LAST_PLAIN_STEP_MADS = 1e-10
LONGEST_STEP_MADS = 0.5  # of Newton's
MOST_STEPS = 1000
# Powers are summed of values so near to a reference, in units of the scale that belongs to it, and of no others.
SUMMED = 10.0
# Smallest median absolute deviation in units of the scale: below, rounding of the sums would be seen.
FINE = 0.25
# How far from the median the location mostly is at most, in median absolute deviations. Where it is farther (windows of
# two levels) sums are made anew: these reach five.
WANDER_MADS = 2.0
# Relative flux that is rounding of 64-bit numbers, and no outlier however little else there is.
ROUNDING = 1e-12
# Of times in days: cadences that are half a window away but for this are in it, on either side.
EDGE_D = 2e-9


@compiled("int64(float64[::1], float64)")
def _below(ordered: np.ndarray, value: float) -> int:
    """How many of the sorted values are below one."""
    first, size = 0, ordered.size
    while size > 1:
        half = size // 2
        first += half if ordered[first + half - 1] < value else 0
        size -= half
    return first + 1 if size == 1 and ordered[first] < value else first


@compiled("void(float64[::1], float64, float64)")
def _exchange(ordered: np.ndarray, old: float, new: float) -> None:
    """One of the sorted values replaced by another; only those between them move."""
    leaves, comes = _below(ordered, old), _below(ordered, new)
    if comes > leaves:
        between = ordered[leaves:comes]
        for number in range(between.size - 1):
            between[number] = between[number + 1]
        between[between.size - 1] = new
    else:
        between = ordered[comes : leaves + 1]
        for number in range(between.size - 1, 0, -1):
            between[number] = between[number - 1]
        between[0] = new


@compiled("void(float64[::1], float64, float64, float64, float64)")
def _count(sums: np.ndarray, value: float, reference: float, per_scale: float, times: float) -> None:
    """One value more (`times` 1) or less (-1) in the sums of powers 0 to 5, or among those too low or high for them."""
    x = (value - reference) * per_scale
    if abs(x) <= SUMMED:
        square = x * x
        sums[0] += times
        sums[1] += times * x
        sums[2] += times * square
        sums[3] += times * square * x
        sums[4] += times * square * square
        sums[5] += times * square * square * x
    elif x < 0.0:
        sums[6] += times
    else:
        sums[7] += times


@compiled("Tuple((float64, float64, int64))(float64[::1], int64)")
def _spread(ordered: np.ndarray, nearer: int) -> tuple[float, float, int]:
    """Median and median absolute deviation of sorted values; how many below the median are among the nearer half.

    `nearer` is where that number is looked for first; it seldom changes by more than one from window to window.
    """
    size = ordered.size
    middle = size // 2
    centre = ordered[middle] if size % 2 else 0.5 * (ordered[middle - 1] + ordered[middle])
    wanted = (size + 1) // 2  # of the distances the smallest ones, that of the median itself among them for odd sizes
    above = size - middle
    fewest, most = max(wanted - above, 0), min(wanted, middle)
    nearer = min(max(nearer, fewest), most)
    while nearer > fewest and centre - ordered[middle - nearer] > ordered[middle + wanted - nearer] - centre:
        nearer -= 1
    while nearer < most and ordered[middle + wanted - nearer - 1] - centre > centre - ordered[middle - nearer - 1]:
        nearer += 1
    farthest = -np.inf
    if nearer > 0:
        farthest = centre - ordered[middle - nearer]
    if nearer < wanted:
        farthest = max(farthest, ordered[middle + wanted - nearer - 1] - centre)
    if size % 2:
        return centre, farthest, nearer
    following = np.inf
    if nearer < middle:
        following = centre - ordered[middle - nearer - 1]
    if wanted - nearer < above:
        following = min(following, ordered[middle + wanted - nearer] - centre)
    return centre, 0.5 * (farthest + following), nearer


@compiled("float64(float64[::1], float64[::1], float64, float64, float64, float64)")
def _location(
    ordered: np.ndarray, sums: np.ndarray, reference: float, per_scale: float, centre: float, deviation: float
) -> float:
    """Tukey's biweight location of sorted values, NaN if `sums` do not reach so far.

    Parameters
    ----------
    ordered : (n,) float64, sorted
    sums : (8,) float64, by `_count`, for `reference` and `per_scale`
    centre, deviation : median and median absolute deviation
    """
    # Sums of powers about the median.
    t = -(centre - reference) * per_scale
    m0, m1, m2, m3, m4, m5 = sums[0], sums[1], sums[2], sums[3], sums[4], sums[5]
    m5 += t * (5.0 * m4 + t * (10.0 * m3 + t * (10.0 * m2 + t * (5.0 * m1 + t * m0))))
    m4 += t * (4.0 * m3 + t * (6.0 * m2 + t * (4.0 * m1 + t * m0)))
    m3 += t * (3.0 * m2 + t * (3.0 * m1 + t * m0))
    m2 += t * (2.0 * m1 + t * m0)
    m1 += t * m0
    offset, mad = -t, deviation * per_scale
    reach = REACH_MADS * mad
    q = 1.0 / (reach * reach)
    low, high = int(sums[6]), ordered.size - 1 - int(sums[7])
    away = 0.0  # of the location from the median, in units of the scale
    for _ in range(MOST_STEPS):
        # About the location: sums of (x - away) ^ k.
        t = -away
        p1 = m1 + t * m0
        p2 = m2 + t * (2.0 * m1 + t * m0)
        p3 = m3 + t * (3.0 * m2 + t * (3.0 * m1 + t * m0))
        p4 = m4 + t * (4.0 * m3 + t * (6.0 * m2 + t * (4.0 * m1 + t * m0)))
        p5 = m5 + t * (5.0 * m4 + t * (10.0 * m3 + t * (10.0 * m2 + t * (5.0 * m1 + t * m0))))
        weight = m0 - q * (2.0 * p2 - q * p4)
        pull = p1 - q * (2.0 * p3 - q * p5)
        slope = m0 - q * (6.0 * p2 - 5.0 * q * p4)
        # Less what is out of reach.
        number = low
        while number <= high:
            x = (ordered[number] - centre) * per_scale - away
            u = q * x * x
            if x >= 0.0 or u < 1.0:
                break
            weight -= (1.0 - u) ** 2
            pull -= x * (1.0 - u) ** 2
            slope -= (1.0 - u) * (1.0 - 5.0 * u)
            number += 1
        number = high
        while number >= low:
            x = (ordered[number] - centre) * per_scale - away
            u = q * x * x
            if x <= 0.0 or u < 1.0:
                break
            weight -= (1.0 - u) ** 2
            pull -= x * (1.0 - u) ** 2
            slope -= (1.0 - u) * (1.0 - 5.0 * u)
            number -= 1
        # A step as of the reweighted mean, or Newton's where that is short and leads to the same place.
        step, last_step = pull / weight, LAST_PLAIN_STEP_MADS * mad
        if slope > 0.01 * weight and abs(pull) <= LONGEST_STEP_MADS * mad * slope:
            step, last_step = pull / slope, LAST_STEP_MADS * mad
        away += step
        if not abs(offset + away) + reach <= SUMMED:
            return np.nan
        if abs(step) <= last_step:
            break
    return centre + away / per_scale


@compiled("void(float64[::1], boolean[::1], float64[::1], float64[::1], float64, float64[::1])")
def _slide(
    time_d: np.ndarray,
    masked: np.ndarray,
    used_time_d: np.ndarray,
    used_flux: np.ndarray,
    window_d: float,
    trend: np.ndarray,
) -> None:
    """Biweight location of the used flux within half a window of each time, into `trend`, (n,).

    NaN where there is none, and at masked times also where there is none on one side.
    """
    half = 0.5 * window_d + EDGE_D
    ordered, sums = np.empty(used_flux.size), np.zeros(8)
    reference, per_scale = 0.0, 0.0
    first, last, nearer = 0, 0, 0
    for number in range(time_d.size):
        here = time_d[number]
        while True:
            leaves = first < last and used_time_d[first] < here - half
            comes = last < used_flux.size and used_time_d[last] <= here + half
            size = last - first
            if leaves and comes:
                _exchange(ordered[:size], used_flux[first], used_flux[last])
            elif leaves:
                # To the end, and off.
                _exchange(ordered[:size], used_flux[first], np.inf)
            elif comes:
                ordered[size] = np.inf
                _exchange(ordered[: size + 1], np.inf, used_flux[last])
            else:
                break
            if leaves:
                _count(sums, used_flux[first], reference, per_scale, -1.0)
                first += 1
            if comes:
                _count(sums, used_flux[last], reference, per_scale, 1.0)
                last += 1
        size = last - first
        if size == 0 or (masked[number] and (used_time_d[first] > here or used_time_d[last - 1] < here)):
            trend[number] = np.nan
            continue
        window = ordered[:size]
        centre, deviation, nearer = _spread(window, nearer)
        if deviation <= ROUNDING:
            trend[number] = centre
            continue
        reach = abs(centre - reference) + (REACH_MADS + WANDER_MADS) * deviation
        location = np.nan
        if reach * per_scale <= SUMMED and deviation * per_scale >= FINE:
            location = _location(window, sums, reference, per_scale, centre, deviation)
        if np.isnan(location):
            reference, per_scale = centre, 1.0 / deviation
            for power in range(sums.size):
                sums[power] = 0.0
            for member in range(size):
                _count(sums, window[member], reference, per_scale, 1.0)
            location = _location(window, sums, reference, per_scale, centre, deviation)
        trend[number] = centre if np.isnan(location) else location


@compiled("void(float64[::1], float64[::1], boolean[::1], int64[::1], int64[::1], float64, float64, float64[::1])")
def _flatten(
    time_d: np.ndarray,
    flux: np.ndarray,
    masked: np.ndarray,
    rows: np.ndarray,
    start: np.ndarray,
    window_d: float,
    clip_sigma: float,
    flat: np.ndarray,
) -> None:
    """`detrend_biweight` of the stretches whose cadences are at `rows`, as in `Stretches`; into `flat`."""
    for stretch in range(start.size - 1):
        here = rows[start[stretch] : start[stretch + 1]]
        times_d, mask, trend = np.empty(here.size), np.empty(here.size, dtype=np.bool_), np.empty(here.size)
        used_time_d, used_flux = np.empty(here.size), np.empty(here.size)
        points = 0
        for number in range(here.size):
            row = here[number]
            times_d[number], mask[number] = time_d[row], masked[row]
            if not masked[row]:
                used_time_d[points], used_flux[points] = time_d[row], flux[row]
                points += 1
        _slide(times_d, mask, used_time_d[:points], used_flux[:points], window_d, trend)
        residual, sample = np.empty(here.size), np.empty(here.size)
        found = 0
        for number in range(here.size):
            level = trend[number]
            residual[number] = (flux[here[number]] - level) / (1.0 + level) if level > -1.0 else np.nan
            if not mask[number] and residual[number] == residual[number]:
                sample[found] = residual[number]
                found += 1
        centre = median(sample[:found])
        limit = max(clip_sigma * mad_scatter(sample[:found]), ROUNDING)
        for number in range(here.size):
            flat[here[number]] = np.nan if residual[number] - centre > limit else residual[number]


def detrend_biweight(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    segment: np.ndarray,
    masked: np.ndarray,
    window_d: float,
    break_d: float,
    clip_sigma: float,
) -> np.ndarray:
    """Flux with each unbroken stretch's sliding biweight divided out; transits and dips are kept, flares are not.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted, BJD_TDB
    flux : (n,) float64, relative flux minus one, NaN where unusable
    segment : (n,) int, segment of each cadence
    masked : (n,) bool, cadences in a known transit: they take no part in the trend, and are never clipped downwards
    window_d : length of the window in days
    break_d : a gap longer than this many days splits a segment
    clip_sigma : cadences further above the trend than this many robust sigmas (flares, cosmic rays) are dropped

    Returns
    -------
    (n,) float64, relative flux minus one; NaN where `flux` is, where it is clipped, where the trend would have to be
    extrapolated (masked cadences without any cadence of the trend on one side of them in their window), and where it
    is not above zero (no brightness).

    Raises
    ------
    ValueError
        if the arrays are not of one length
    """
    if not flux.shape == masked.shape:
        raise ValueError(f"expected as many cadences in masked as in flux (got: {masked.size}, {flux.size})")
    time_bjd = np.require(time_bjd, np.float64, ("C", "W"))
    flux = np.require(flux, np.float64, ("C", "W"))
    masked = np.require(masked, np.bool_, ("C", "W"))
    flat = np.full(flux.shape, np.nan)
    rows, start = stretches(time_bjd, segment, np.isfinite(flux), break_d)
    _flatten(time_bjd, flux, masked, rows, start, window_d, clip_sigma, flat)
    return flat
