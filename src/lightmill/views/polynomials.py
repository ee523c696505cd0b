"""Local polynomials: fitted by least squares to every window of an evenly spaced series, some of it missing.

A Savitzky-Golay filter (1964) in its weighted form, weights being one or zero. Of each window only its moments are
needed (`moments`), carried from one window to the next; the normal equations of the windows of a chunk are solved side
by side. A window in which they are badly conditioned, or that is too empty for the order, is fitted by itself, with
polynomials that are orthogonal on its own points (Forsythe 1957, J. SIAM 5, 74).
"""

import numpy as np

from lightmill.compiled import compiled
from lightmill.views.moments import CHUNK, MOMENTS, carry_gaps, carry_values, full_moments, sum_moments

HIGHEST_ORDER = 5
QUICK_ORDER = 4  # the highest for which windows are solved side by side
# Points for each coefficient of a polynomial; a window with fewer gets a lower order.
POINTS_EACH = 4
# Smallest share that a pivot must have of a full window's moment: below, rounding would be seen in the tenth digit.
SOUND = 1e-3


@compiled("int64(float64[::1], float64[::1], int64, float64[:, ::1])", reorder=True)
def _fit_one(value: np.ndarray, gap: np.ndarray, order: int, fit: np.ndarray) -> int:
    """One window fitted by itself; the degree of its polynomial, -1 if it has no points.

    Parameters
    ----------
    value : (window,) float64, zero where there is no point
    gap : (window,) float64, 1 where there is no point, 0 where there is one
    order : of the polynomial; lowered where there are fewer points than `POINTS_EACH` for each coefficient
    fit : (4, HIGHEST_ORDER + 1) float64, where the result goes: for each of the orthogonal polynomials its coefficient,
        what its square sums to, and the two coefficients of the recurrence that makes the next one
    """
    half = value.size // 2
    place = np.empty(value.size)
    left = np.empty(value.size)
    points = 0
    for number in range(value.size):
        place[points] = (number - half) / max(half, 1)
        left[points] = value[number]
        points += gap[number] == 0.0
    place, left = place[:points], left[:points]
    degree = min(max(points // POINTS_EACH - 1, 0), order) if points > 0 else -1
    before, now = np.empty(points), np.empty(points)
    for number in range(points):
        before[number], now[number] = 0.0, 1.0
    norm_before = 1.0
    for power in range(degree + 1):
        projection, norm, tilt = 0.0, 0.0, 0.0
        for number in range(points):
            square = now[number] * now[number]
            projection += left[number] * now[number]
            norm += square
            tilt += place[number] * square
        coefficient, centre = projection / norm, tilt / norm
        back = norm / norm_before if power > 0 else 0.0
        fit[0, power], fit[1, power], fit[2, power], fit[3, power] = coefficient, norm, centre, back
        for number in range(points):
            left[number] -= coefficient * now[number]
            following = (place[number] - centre) * now[number] - back * before[number]
            before[number] = now[number]
            now[number] = following
        norm_before = norm
    return degree


@compiled("UniTuple(float64, 2)(float64[:, ::1], int64, float64)")
def _value_at(fit: np.ndarray, degree: int, offset: float) -> tuple[float, float]:
    """Value and variance of a polynomial of `_fit_one`, half windows away from the middle; NaN if it has no points."""
    if degree < 0:
        return np.nan, np.nan
    value, variance = 0.0, 0.0
    before, now = 0.0, 1.0
    for power in range(degree + 1):
        value += fit[0, power] * now
        variance += now * now / fit[1, power]
        before, now = now, (offset - fit[2, power]) * now - fit[3, power] * before
    return value, variance


@compiled("void(float64[::1], int64, float64, float64, float64[::1], float64[::1])", reorder=True)
def _solve_chunk(chunk: np.ndarray, count: int, first: float, step: float, full: np.ndarray, kept: np.ndarray) -> None:
    """The value at its own middle of each window's polynomial, from its moments.

    Parameters
    ----------
    chunk : (MOMENTS * CHUNK,) float64, moments of each window; the first of them become its value, its variance in
        units of a point's, the smallest share that a pivot has of a full window's moment, and its number of points
    count : windows
    first, step : places of the first window's middle, and from one to the next
    full : (5,) float64, moments 0, 2, 4, 6, 8 of a full window
    kept : (5,) float64, 1 for the powers that the polynomial has, else 0
    """
    f0, f2, f4, f6, f8 = full[0], full[1], full[2], full[3], full[4]
    k0, k1, k2, k3, k4 = kept[0], kept[1], kept[2], kept[3], kept[4]
    # Shares of pivots; powers that the polynomial does not have count as sound.
    s0, s1, s2, s3, s4 = k0 / f0, k1 / f2, k2 / f4, k3 / f6, k4 / f8
    u1, u2, u3, u4 = 1.0 - k1, 1.0 - k2, 1.0 - k3, 1.0 - k4
    for number in range(count):
        t = -(first + number * step)
        g0 = chunk[number]
        g1 = chunk[CHUNK + number]
        g2 = chunk[2 * CHUNK + number]
        g3 = chunk[3 * CHUNK + number]
        g4 = chunk[4 * CHUNK + number]
        g5 = chunk[5 * CHUNK + number]
        g6 = chunk[6 * CHUNK + number]
        g7 = chunk[7 * CHUNK + number]
        g8 = chunk[8 * CHUNK + number]
        v0 = chunk[9 * CHUNK + number]
        v1 = chunk[10 * CHUNK + number]
        v2 = chunk[11 * CHUNK + number]
        v3 = chunk[12 * CHUNK + number]
        v4 = chunk[13 * CHUNK + number]
        # About the middle of the window: sums of (x + t)^k from those of x^k, one power of t at a time.
        g8 += t * g7
        g7 += t * g6
        g6 += t * g5
        g5 += t * g4
        g4 += t * g3
        g3 += t * g2
        g2 += t * g1
        g1 += t * g0
        g8 += t * g7
        g7 += t * g6
        g6 += t * g5
        g5 += t * g4
        g4 += t * g3
        g3 += t * g2
        g2 += t * g1
        g8 += t * g7
        g7 += t * g6
        g6 += t * g5
        g5 += t * g4
        g4 += t * g3
        g3 += t * g2
        g8 += t * g7
        g7 += t * g6
        g6 += t * g5
        g5 += t * g4
        g4 += t * g3
        g8 += t * g7
        g7 += t * g6
        g6 += t * g5
        g5 += t * g4
        g8 += t * g7
        g7 += t * g6
        g6 += t * g5
        g8 += t * g7
        g7 += t * g6
        g8 += t * g7
        v4 += t * v3
        v3 += t * v2
        v2 += t * v1
        v1 += t * v0
        v4 += t * v3
        v3 += t * v2
        v2 += t * v1
        v4 += t * v3
        v3 += t * v2
        v4 += t * v3
        # Moments of the points that are there.
        m0, m1, m2, m3, m4 = f0 - g0, -g1, f2 - g2, -g3, f4 - g4
        m5, m6, m7, m8 = -g5, f6 - g6, -g7, f8 - g8
        # Elimination from the highest power down to the constant, which is all that is wanted.
        r = k4 / m8
        l3, l2, l1, l0 = m7 * r, m6 * r, m5 * r, m4 * r
        a33, a32, a31, a30, b3 = m6 - l3 * m7, m5 - l3 * m6, m4 - l3 * m5, m3 - l3 * m4, v3 - l3 * v4
        a22, a21, a20, b2 = m4 - l2 * m6, m3 - l2 * m5, m2 - l2 * m4, v2 - l2 * v4
        a11, a10, b1 = m2 - l1 * m5, m1 - l1 * m4, v1 - l1 * v4
        a00, b0 = m0 - l0 * m4, v0 - l0 * v4
        sound = m8 * s4 + u4
        r = k3 / a33
        l2, l1, l0 = a32 * r, a31 * r, a30 * r
        a22, a21, a20, b2 = a22 - l2 * a32, a21 - l2 * a31, a20 - l2 * a30, b2 - l2 * b3
        a11, a10, b1 = a11 - l1 * a31, a10 - l1 * a30, b1 - l1 * b3
        a00, b0 = a00 - l0 * a30, b0 - l0 * b3
        share = a33 * s3 + u3
        sound = share if share < sound else sound
        r = k2 / a22
        l1, l0 = a21 * r, a20 * r
        a11, a10, b1 = a11 - l1 * a21, a10 - l1 * a20, b1 - l1 * b2
        a00, b0 = a00 - l0 * a20, b0 - l0 * b2
        share = a22 * s2 + u2
        sound = share if share < sound else sound
        r = k1 / a11
        l0 = a10 * r
        a00, b0 = a00 - l0 * a10, b0 - l0 * b1
        share = a11 * s1 + u1
        sound = share if share < sound else sound
        share = a00 * s0
        sound = share if share < sound else sound
        variance = 1.0 / a00
        chunk[number] = b0 * variance
        chunk[CHUNK + number] = variance
        chunk[2 * CHUNK + number] = sound
        chunk[3 * CHUNK + number] = m0


@compiled("int64(float64[::1], float64[::1], float64, float64[::1])")
def _take_chunk(chunk: np.ndarray, gap: np.ndarray, enough: float, trend: np.ndarray) -> int:
    """Values of `_solve_chunk` into `trend`, (windows,); how many windows it cannot be trusted with.

    Their share of a pivot is -1 from here on. NaN at gaps where the variance is above 1.
    """
    poor = 0
    for number in range(trend.size):
        level, variance = chunk[number], chunk[CHUNK + number]
        share, points = chunk[2 * CHUNK + number], chunk[3 * CHUNK + number]
        unsound = (not share >= SOUND) | (not points >= enough) | (level != level)
        chunk[2 * CHUNK + number] = -1.0 if unsound else share
        trend[number] = np.nan if (gap[number] > 0.0) & (variance > 1.0) else level
        poor += unsound
    return poor


@compiled("void(float64[::1], float64[::1], int64, int64, int64, int64, float64[::1])")
def _fit_windows(
    value: np.ndarray, gap: np.ndarray, window: int, order: int, first: int, last: int, trend: np.ndarray
) -> None:
    """The trend at the middles `first` to `last` (excluded) of full windows; the rest as in `fit_trend`."""
    half = window // 2
    step = 1.0 / max(half, 1)
    full, kept = full_moments(half), np.empty(QUICK_ORDER + 1)
    for power in range(QUICK_ORDER + 1):
        kept[power] = 1.0 if power <= order else 0.0
    # Points that a window must have to be solved beside others.
    enough = POINTS_EACH * (order + 1) - 0.5 if order <= QUICK_ORDER else np.inf
    moments, chunk, fit = np.empty(MOMENTS), np.empty(MOMENTS * CHUNK), np.empty((4, HIGHEST_ORDER + 1))
    block = (half // 16 + 1) * 16  # windows about one origin, about half as many as a window has places
    for begin in range(first, last, block):
        end = min(begin + block, last)
        origin = 0.5 * (begin + end)
        # The first window without its last place, which enters below.
        left, right = begin - half, begin + half
        sum_moments(value[left:right], gap[left:right], (left - origin) * step, step, moments)
        for start in range(begin, end, CHUNK):
            stop = min(start + CHUNK, end)
            left, right = start - half, start + half
            enters, leaves, count = (right - origin) * step, (left - origin) * step, stop - start
            carry_values(value[right : right + count], value[left : left + count], enters, leaves, step, moments, chunk)
            carry_gaps(gap[right : right + count], gap[left : left + count], enters, leaves, step, moments, chunk)
            _solve_chunk(chunk, (count + 7) // 8 * 8, (start - origin) * step, step, full, kept)
            if _take_chunk(chunk, gap[start:stop], enough, trend[start:stop]) == 0:
                continue
            for centre in range(start, stop):
                if chunk[2 * CHUNK + centre - start] < 0.0:
                    left, right = centre - half, centre + half + 1
                    level, variance = _value_at(fit, _fit_one(value[left:right], gap[left:right], order, fit), 0.0)
                    trend[centre] = np.nan if gap[centre] > 0.0 and variance > 1.0 else level


@compiled("void(float64[::1], float64[::1], int64, int64, int64, int64, float64[::1])")
def fit_trend(
    value: np.ndarray, gap: np.ndarray, window: int, order: int, first: int, last: int, trend: np.ndarray
) -> None:
    """The trend wherever it depends on one of the places `first` to `last` (included), into `trend`.

    At each place the value of the polynomial fitted to the window around it; within half a window of an end, of the
    last full window's. NaN where a window holds no point, and at gaps where the polynomial's variance is larger than
    that of a point: where it has so little, or so one-sided, to rest on. Points never come to that.

    Parameters
    ----------
    value : (n,) float64, zero at gaps
    gap : (n,) float64, 1 where there is no point to fit, else 0
    window : odd number of places, at most n
    order : of the polynomials, 0 to HIGHEST_ORDER; lowered where a window has fewer than POINTS_EACH points for each
        coefficient
    trend : (n,) float64, written in part
    """
    half, size = window // 2, value.size
    _fit_windows(value, gap, window, order, max(first - half, half), min(last + half + 1, size - half), trend)
    fit = np.empty((4, HIGHEST_ORDER + 1))
    for end in range(2):
        # Places before the middle of the first window, and after that of the last.
        start, begin, stop = (0, 0, half) if end == 0 else (size - window, size - half, size)
        if last < start or first >= start + window:
            continue
        degree = _fit_one(value[start : start + window], gap[start : start + window], order, fit)
        for place in range(begin, stop):
            level, variance = _value_at(fit, degree, (place - start - half) / max(half, 1))
            trend[place] = np.nan if gap[place] > 0.0 and variance > 1.0 else level
