"""Splines fitted to the pieces of a light curve, outliers left out, and how well each spacing of knots does.

What AstroNet (Shallue and Vanderburg 2018, AJ 155, 94) does through pydl's `iterfit`, to the rounding of sums: knots as
far apart as asked or a little further, so that they divide the time from the first to the last cadence that is fitted;
up to five fits, each leaving out what lay more than three robust sigmas from the median residual of the one before.

Times `x` are in units of a piece: 0 at its first cadence that is not masked, 1 at the last.
"""

import math

import numpy as np

from lightmill.compiled import compiled
from lightmill.views.medians import median_near
from lightmill.views.spline_equations import (
    BLOCK,
    add_all,
    add_one,
    basis,
    locate,
    polynomial,
    residuals,
    solve,
    stiffen,
)

ROUNDS = 5
CUT_SIGMA = 3.0
# What of a normal distribution's standard deviation is left if it is cut at three of them (IDL's resistant_mean).
TRIMMED = -0.15405 + 0.90723 * CUT_SIGMA - 0.23584 * CUT_SIGMA**2 + 0.020142 * CUT_SIGMA**3
MEDIAN_SIGMAS, MEAN_SIGMAS = 1.4826, 1.253  # a normal distribution's sigma in median and mean absolute deviations
NO_DEVIATION = 1e-24  # a median deviation below this is none, and the mean one is taken
# Medians are looked for first as near to those of the last spacing, in median absolute deviations.
NEAR = 0.1
# Relative flux that is rounding of 64-bit numbers, and no outlier of a piece that its spline goes through.
ROUNDING = 1e-12
FEWEST = 4  # cadences that a spline needs
# A coefficient that rests on no more than this share of an average one's weight cannot be fitted.
LEAST_WEIGHT = 1e-10
# Where cadences are masked, what the squared second derivative weighs against the cadences that would be there: enough
# to join both sides smoothly where none says how, too little to be felt where some do.
STIFFNESS = 1e-3
# Of a cadence's variance: a masked cadence whose trend has more is left without.
LARGEST_VARIANCE = 1.0
# Further terms of a variance that are less than this of it no longer count.
NEGLIGIBLE = 1e-9

# What becomes of a piece at one spacing: fitted, left out, or the spacing is of no use for this light curve.
FITTED, TOO_FEW, UNDETERMINED = 0, 1, 2


@compiled("void(float64[::1], float64, float64[::1])", reorder=True)
def _distances(values: np.ndarray, centre: float, distance: np.ndarray) -> None:
    for i in range(values.size):
        distance[i] = abs(values[i] - centre)


@compiled("Tuple((int64, float64, float64))(float64[::1], float64[::1], float64)", reorder=True)
def _moments(values: np.ndarray, distance: np.ndarray, limit: float) -> tuple[int, float, float]:
    """Number, sum and sum of squares of the values less distant than `limit`."""
    count, total, squares = 0, 0.0, 0.0
    for i in range(values.size):
        near = distance[i] < limit
        value = values[i] if near else 0.0
        count += near
        total += value
        squares += value * value
    return count, total, squares


@compiled("float64(float64[::1])", reorder=True)
def _squares(values: np.ndarray) -> float:
    total = 0.0
    for value in values:
        total += value * value
    return total


@compiled("int64(float64[::1], float64[::1], float64[::1], int64[::1])")
def _outliers(residual: np.ndarray, distance: np.ndarray, level: np.ndarray, outlier: np.ndarray) -> int:
    """Places of the cadences further than three robust sigmas from the median residual, into `outlier`; their number.

    Sigma is the median absolute deviation's, then the standard deviation's of those within three of that. `level` (3,)
    are median, median deviation and limit (in such deviations) of residuals like these; they become those of these, and
    only tell where to look first. `distance` is overwritten.
    """
    count = residual.size
    middle = median_near(residual, level[0], NEAR * level[1])
    _distances(residual, middle, distance)
    deviation = median_near(distance, level[1], NEAR * level[1])
    sigma = MEDIAN_SIGMAS * deviation
    if sigma < NO_DEVIATION:
        sigma = MEAN_SIGMAS * np.mean(distance)
    # Whatever is nearer than this is no outlier in either round; only what is further is looked at one by one.
    sure = min(0.9 * level[2] * deviation, CUT_SIGMA * sigma)
    while True:
        found = 0
        for i in range(count):
            outlier[found] = i
            found += distance[i] >= sure
        kept, total, squares = _moments(residual, distance, sure)
        for i in outlier[:found]:
            if distance[i] <= CUT_SIGMA * sigma:
                kept += 1
                total += residual[i]
                squares += residual[i] * residual[i]
        mean = total / kept
        limit = CUT_SIGMA * (math.sqrt(max(squares / kept - mean * mean, 0.0)) / TRIMMED)
        if limit >= sure:
            break
        sure = 0.999 * limit
    outliers = 0
    for i in outlier[:found]:
        outlier[outliers] = i
        outliers += distance[i] > max(limit, ROUNDING)
    level[0], level[1], level[2] = middle, deviation, limit / deviation if deviation > 0 else 0.0
    return outliers


@compiled("Tuple((float64[:, ::1], float64[:, ::1], int64, int64))(float64[::1], float64[::1], boolean[::1])")
def _prepare(time_d: np.ndarray, flux: np.ndarray, masked: np.ndarray) -> tuple[np.ndarray, np.ndarray, int, int]:
    """What a piece's splines are fitted to.

    Returns
    -------
    points : (5, count + BLOCK): x and y of the cadences that are not masked, then zeros: room for `_fit`
    holes : (m, 2) x before and after each run of masked cadences that has others on both sides
    first, last : places of the first and the last cadence that is not masked; -1 without any
    """
    first, last, count, runs = -1, -1, 0, 0
    for i in range(masked.size):
        if not masked[i]:
            first = i if first < 0 else first
            runs += i > first and masked[i - 1]
            last = i
            count += 1
    points, holes = np.zeros((5, count + BLOCK)), np.empty((runs, 2))
    x, y = points[0], points[1]
    found, run = 0, 0
    for i in range(first, last + 1):
        if masked[i]:
            continue
        x[found], y[found] = (time_d[i] - time_d[first]) / (time_d[last] - time_d[first]), flux[i]
        if i > first and masked[i - 1]:
            holes[run, 0], holes[run, 1] = x[found - 1], x[found]
            run += 1
        found += 1
    return points, holes, first, last


@compiled("Tuple((float64[:, :, ::1], float64[:, ::1], int64[:, ::1]))(int64, float64)")
def _room(count: int, spacing: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """`bands`, `sides` and `places` of `_fit` for so many cadences and knots no less than `spacing` apart."""
    coefficients = int(1.0 / spacing) + 5
    return (
        np.empty((2, coefficients, 4)),
        np.empty((2, coefficients)),
        np.empty((3, max(count, coefficients) + 1), dtype=np.int64),
    )


@compiled(
    "void(int64[::1], int64[::1], float64[::1], float64[::1], int64[::1], float64, float64[:, ::1], float64[::1])"
)
def _add_some(
    chosen: np.ndarray,
    first: np.ndarray,
    u: np.ndarray,
    y: np.ndarray,
    other: np.ndarray,
    weight: float,
    band: np.ndarray,
    right: np.ndarray,
) -> None:
    """Those `chosen` cadences (ascending) that are not among the `other` into the normal equations, or out of them."""
    k, j = 0, 0
    for i in chosen:
        while j < other.size and other[j] < i:
            j += 1
        if j < other.size and other[j] == i:
            continue
        while first[k + 1] <= i:
            k += 1
        add_one(u[i], y[i], k, weight, band, right)


@compiled(
    "Tuple((int64, int64, float64, float64, int64))(float64[:, ::1], int64, float64, float64[:, ::1], float64[:, ::1],"
    " float64[:, :, ::1], float64[:, ::1], int64[:, ::1])"
)
def _fit(
    points: np.ndarray,
    count: int,
    spacing: float,
    holes: np.ndarray,
    levels: np.ndarray,
    bands: np.ndarray,
    sides: np.ndarray,
    places: np.ndarray,
) -> tuple[int, int, float, float, int]:
    """Fit the piece with knots at least `spacing` apart.

    Parameters
    ----------
    points : (5, count + BLOCK): x, y, and room for places in intervals, residuals and distances
    holes : (m, 2) where cadences are masked
    levels : (ROUNDS, 3) what `_outliers` was told and found, round by round
    bands : (2, coefficients, 4) room for the normal equations and their factors
    sides : (2, coefficients) room for their right side; the coefficients found
    places : (3, more than there are cadences and intervals) room for intervals' first cadences; outliers left out, and
        found

    Returns
    -------
    what became of it; number of intervals; first knot; distance of knots; number of outliers left out, the places of
    which are the first in places[1]
    """
    x, y, u, residual, distance = points[0], points[1], points[2], points[3], points[4]
    band, factor, right, coefficients = bands[0], bands[1], sides[0], sides[1]
    first = places[0]
    begin, end, intervals, start, step = -1, -1, 1, 0.0, 1.0
    left_out = 0
    for turn in range(ROUNDS):
        found = 0
        if turn > 0:
            found = _outliers(residual[:count], distance[:count], levels[turn], places[2])
            same = found == left_out
            for i in range(found):
                same = same and places[1, i] == places[2, i]
            if same:
                break
        if count - found < FEWEST:
            return TOO_FEW, intervals, start, step, found
        before, outlier = places[1, :left_out], places[2, :found]
        # The outliers at either end: the first and the last cadence that is fitted.
        from_, to = 0, count - 1
        while from_ < found and outlier[from_] == from_:
            from_ += 1
        while found > count - 1 - to and outlier[found - count + to] == to:
            to -= 1
        if from_ != begin or to != end:
            begin, end = from_, to
            width = x[end] - x[begin]
            if not width > 0:
                return TOO_FEW, intervals, start, step, found
            intervals = max(int(width / spacing), 1)
            start, step = x[begin], width / intervals
            locate(x, count, start, step, intervals, u, first)
            add_all(u, y, first, intervals, band, right)
            stiffen(holes, start, step, intervals, STIFFNESS * count / intervals, band)
            before = places[1, :0]
        _add_some(before, first, u, y, outlier, 1.0, band, right)
        _add_some(outlier, first, u, y, before, -1.0, band, right)
        for i in range(found):
            places[1, i] = outlier[i]
        left_out = found
        least = LEAST_WEIGHT * (count - found) / (intervals + 3)
        if not solve(band, right, intervals + 3, least, factor, coefficients):
            return (UNDETERMINED if intervals > 1 else TOO_FEW), intervals, start, step, found
        residuals(u, y, first, intervals, coefficients, residual)
    return FITTED, intervals, start, step, left_out


@compiled("float64(float64, int64, float64[:, ::1], int64)")
def _variance(u: float, interval: int, factor: np.ndarray, count: int) -> float:
    """Variance of the spline at a place in an interval, in units of a cadence's: b' (L D L')^-1 b."""
    one, two, three = 0.0, 0.0, 0.0
    parts = basis(u)
    variance = 0.0
    for i in range(interval, count):
        solved = parts[i - interval] if i < interval + 4 else 0.0
        if i >= interval + 1:
            solved -= factor[i - 1, 1] * one
        if i >= interval + 2:
            solved -= factor[i - 2, 2] * two
        if i >= interval + 3:
            solved -= factor[i - 3, 3] * three
        one, two, three = solved, one, two
        term = solved * solved / factor[i, 0]
        variance += term
        if i >= interval + 4 and term < NEGLIGIBLE * variance:
            break
    return variance


@compiled(
    "void(float64[::1], boolean[::1], int64, float64[::1], float64[:, ::1], int64[::1], float64[::1], boolean[::1])"
)
def _evaluate(
    steps: np.ndarray,
    masked: np.ndarray,
    intervals: int,
    coefficients: np.ndarray,
    factor: np.ndarray,
    outlier: np.ndarray,
    trend: np.ndarray,
    fitted: np.ndarray,
) -> None:
    """One piece's `trend` and `fitted` as in `fit_pieces`.

    `steps` are the places of the cadences in intervals from the first knot, `outlier` those of the outliers among the
    cadences that are not masked.
    """
    seen, found, k = 0, 0, -1
    p0, p1, p2, p3 = 0.0, 0.0, 0.0, 0.0
    for i in range(steps.size):
        here = min(max(int(steps[i]), 0), intervals - 1)
        if here != k:
            k = here
            p0, p1, p2, p3 = polynomial(coefficients, k)
        u = steps[i] - k
        if masked[i]:
            if not 0 <= steps[i] <= intervals or _variance(u, k, factor, intervals + 3) > LARGEST_VARIANCE:
                continue
        else:
            fitted[i] = found >= outlier.size or outlier[found] != seen
            found += not fitted[i]
            seen += 1
        trend[i] = p0 + u * (p1 + u * (p2 + u * p3))


@compiled(
    "Tuple((float64[:, ::1], float64[::1], boolean[::1]))(float64[::1], float64[::1], boolean[::1], int64[::1],"
    " float64[::1])"
)
def fit_pieces(
    time_d: np.ndarray, flux: np.ndarray, masked: np.ndarray, start: np.ndarray, spacings_d: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fit all pieces at each of the spacings.

    Parameters
    ----------
    time_d, flux, masked : (m,) cadences, those of a piece together, sorted by time
    start : (pieces + 1,) piece i is start[i]:start[i + 1]
    spacings_d : (k,) days

    Returns
    -------
    scores : (k, 3) for each spacing the number of cadences fitted, the sum of their squared residuals, and the number
        of parameters as AstroNet counts them; all zero where a piece's cadences do not determine its spline
    trend : (m,) float64, of the last spacing; NaN in pieces that cannot be fitted, at masked cadences outside the
        knots, and at masked ones where the trend is less certain than a single cadence
    fitted : (m,) bool, the cadences that it was fitted to
    """
    scores, usable = np.zeros((spacings_d.size, 3)), np.ones(spacings_d.size, dtype=np.bool_)
    trend, fitted = np.full(time_d.size, np.nan), np.zeros(time_d.size, dtype=np.bool_)
    levels = np.zeros((ROUNDS, 3))
    closest_d = np.min(spacings_d)
    for piece in range(start.size - 1):
        here = slice(start[piece], start[piece + 1])
        times = time_d[here]
        points, holes, first, last = _prepare(times, flux[here], masked[here])
        count = points.shape[1] - BLOCK
        if count < FEWEST or not times[last] > times[first]:
            continue
        span_d = times[last] - times[first]
        residual = points[3]
        bands, sides, places = _room(count, closest_d / span_d)
        state, intervals, begin, step, left_out = TOO_FEW, 1, 0.0, 1.0, 0
        for k in range(spacings_d.size):
            if not usable[k]:
                state = UNDETERMINED
                continue
            state, intervals, begin, step, left_out = _fit(
                points, count, spacings_d[k] / span_d, holes, levels, bands, sides, places
            )
            if state == UNDETERMINED:
                usable[k] = False
                scores[k] = 0.0
            elif state == FITTED:
                for i in places[1, :left_out]:
                    residual[i] = 0.0
                scores[k, 0] += count - left_out
                scores[k, 1] += _squares(residual[:count])
                scores[k, 2] += int(span_d / spacings_d[k]) + 3
        if state == FITTED:
            steps = ((times - times[first]) / span_d - begin) / step
            _evaluate(
                steps, masked[here], intervals, sides[1], bands[1], places[1, :left_out], trend[here], fitted[here]
            )
    return scores, trend, fitted
