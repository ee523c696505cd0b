"""Where the light of a star has its middle, freed from the motion of the image: does the dip come from the star?"""

import numpy as np

from lightmill.compiled import compiled
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.targets import Mission
from lightmill.views.medians import mad_scatter, median

# Arcseconds of a pixel (Kepler Instrument Handbook, KSCI-19033; TESS Instrument Handbook, both means over the field).
PIXEL_ARCSEC: dict[Mission, float] = {"Kepler": 3.98, "K2": 3.98, "TESS": 21.0}
# A straight line follows what differential aberration and heat do to an image within two days.
WINDOW_D, WINDOW_MASKS, WINDOW_GROWTH = 2.0, 3.0, 3.0
BREAK_D = 0.5
CLIP_SIGMA = 5.0
BLOCK = 25  # cadences from whose median outliers are told
SAMPLE = 1000  # values of a segment that its scatter is taken from, about
FEWEST_IN_WINDOW = 5


def flat_centroids(light_curve: LightCurve, rows: np.ndarray, masked: np.ndarray) -> np.ndarray:
    """How far the middle of a star's light is from where it is out of transit: (k, 2) float64, arcseconds.

    Columns and rows of the detector, whose directions on the sky are the same in all quarters of a Kepler star (but for
    those on the central module), not in all sectors of a TESS star. The window is two days long, or three times the
    longest masked time, at most six days.

    Parameters
    ----------
    light_curve : with centroids (MOM_CENTR) and image motion (POS_CORR)
    rows : (k,) int64, ascending, the cadences wanted: those that can be used
    masked : (k,) bool, which of them are in a known transit

    Returns
    -------
    NaN where centroid or motion are not known, or no drift can be told (`drift_free`)
    """
    columns = (light_curve.mom_centr1, light_curve.mom_centr2, light_curve.pos_corr1, light_curve.pos_corr2)
    series = np.empty((rows.size, len(columns)), dtype=np.float32)
    for place, column in enumerate(columns):
        series[:, place] = column[rows]
    time_bjd = light_curve.time_bjd[rows]
    window_d = float(np.clip(WINDOW_MASKS * _longest_d(time_bjd, masked), WINDOW_D, WINDOW_GROWTH * WINDOW_D))
    offset = drift_free(time_bjd, series, light_curve.segment[rows], masked, window_d)
    offset *= PIXEL_ARCSEC[light_curve.mission]
    return offset


def _longest_d(time_bjd: np.ndarray, masked: np.ndarray) -> float:
    """The longest run of masked cadences in days."""
    edges = np.flatnonzero(np.diff(masked.astype(np.int8), prepend=0, append=0))
    return float(np.max(time_bjd[edges[1::2] - 1] - time_bjd[edges[::2]], initial=0.0))


def drift_free(
    time_bjd: np.ndarray, series: np.ndarray, segment: np.ndarray, masked: np.ndarray, window_d: float
) -> np.ndarray:
    """Centroids less their drift and what the motion of the image explains: (n, 2) float64, pixels.

    In each segment, drift is taken off centroids and motions alike: a straight line fitted by least squares to what
    lies within a window. What both axes of the motion then explain of the centroids, by least squares over the segment,
    is taken off as well. Masked cadences take no part in the fits, nor do outliers: those more than five robust sigmas
    from the median of the 25 about them.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted, BJD_TDB
    series : (n, 4) float32, pixels: centroid along columns and rows, motion of the image along both; NaN where unknown
    segment : (n,) int, segment of each cadence: every one has an aperture of its own
    masked : (n,) bool, cadences in a known transit
    window_d : days; it does not reach across a gap of more than half a day

    Returns
    -------
    NaN where one of the series is not finite, where a window holds fewer than five cadences with weight, and at masked
    cadences with nothing to rest on on one side
    """
    if np.any(segment[1:] < segment[:-1]):
        order = np.argsort(segment, kind="stable")
        offset = np.empty((time_bjd.size, 2))
        offset[order] = drift_free(time_bjd[order], series[order], segment[order], masked[order], window_d)
        return offset
    bounds = np.append(np.flatnonzero(np.diff(segment, prepend=-1)), segment.size)
    return np.asarray(
        _offsets(
            np.require(time_bjd, np.float64, ("C", "W")),
            np.require(series, np.float32, ("C", "W")),
            np.require(masked, np.bool_, ("C", "W")),
            bounds,
            0.5 * window_d,
            BREAK_D,
        )
    )


@compiled("void(float64[::1], float64[:, ::1], boolean[::1], float64, float64, float64[:, ::1])")
def _take_off_lines(
    time_d: np.ndarray, series: np.ndarray, fitted: np.ndarray, half_d: float, break_d: float, rest: np.ndarray
) -> None:
    """Series (m, 4) less the straight lines through the fitted ones within `half_d`; NaN as in `drift_free`."""
    size = time_d.size
    start = 0
    while start < size:
        stop = start + 1
        while stop < size and time_d[stop] - time_d[stop - 1] <= break_d:
            stop += 1
        # Sums over the window, of times and values from the stretch's own first: they stay small.
        zero_t, (za, zb, zc, zd) = time_d[start], series[start]
        n = t1 = t2 = a0 = a1 = b0 = b1 = c0 = c1 = d0 = d1 = 0.0
        low = high = start
        before = 0.0  # of the fitted cadences within the window, those not after this one
        for i in range(start, stop):
            while high < stop and time_d[high] <= time_d[i] + half_d:
                if fitted[high]:
                    t = time_d[high] - zero_t
                    a, b = series[high, 0] - za, series[high, 1] - zb
                    c, d = series[high, 2] - zc, series[high, 3] - zd
                    n, t1, t2 = n + 1.0, t1 + t, t2 + t * t
                    a0, b0, c0, d0 = a0 + a, b0 + b, c0 + c, d0 + d
                    a1, b1, c1, d1 = a1 + t * a, b1 + t * b, c1 + t * c, d1 + t * d
                high += 1
            while time_d[low] < time_d[i] - half_d:
                if fitted[low]:
                    t = time_d[low] - zero_t
                    a, b = series[low, 0] - za, series[low, 1] - zb
                    c, d = series[low, 2] - zc, series[low, 3] - zd
                    n, t1, t2 = n - 1.0, t1 - t, t2 - t * t
                    a0, b0, c0, d0 = a0 - a, b0 - b, c0 - c, d0 - d
                    a1, b1, c1, d1 = a1 - t * a, b1 - t * b, c1 - t * c, d1 - t * d
                    before -= 1.0
                low += 1
            if fitted[i]:
                before += 1.0
            if n < FEWEST_IN_WINDOW or (not fitted[i] and (before == 0.0 or before == n)):
                rest[i] = np.nan
                continue
            per = 1.0 / n
            middle = t1 * per
            spread = t2 * per - middle * middle
            # By how much a line's value here weighs the product of time and value.
            lever = per * (time_d[i] - zero_t - middle) / spread if spread > 1e-6 * half_d * half_d else 0.0
            level = per - lever * middle
            rest[i, 0] = series[i, 0] - za - level * a0 - lever * a1
            rest[i, 1] = series[i, 1] - zb - level * b0 - lever * b1
            rest[i, 2] = series[i, 2] - zc - level * c0 - lever * c1
            rest[i, 3] = series[i, 3] - zd - level * d0 - lever * d1
        start = stop


@compiled("void(float64[::1], float64[:, ::1], boolean[::1], float64)")
def _leave_out_outliers(time_d: np.ndarray, series: np.ndarray, fitted: np.ndarray, break_d: float) -> None:
    """Unset `fitted`, in place, where a centroid is far from the median of its block of fitted cadences."""
    size = time_d.size
    if not fitted.any():
        return
    away, block, places = np.full((size, 2), np.nan), np.empty(BLOCK), np.empty(BLOCK, np.int64)
    held = 0
    for i in range(size):
        if fitted[i]:
            places[held] = i
            held += 1
        if held > 0 and (held == BLOCK or i == size - 1 or time_d[i + 1] - time_d[i] > break_d):
            for axis in range(2):
                for k in range(held):
                    block[k] = series[places[k], axis]
                middle = median(block[:held])
                for k in range(held):
                    away[places[k], axis] = block[k] - middle
            held = 0
    step = max(size // SAMPLE, 1)
    for axis in range(2):
        sample = away[::step, axis].copy()
        limit = CLIP_SIGMA * mad_scatter(sample[np.isfinite(sample)])
        for i in range(size):
            if abs(away[i, axis]) > limit:
                fitted[i] = False


@compiled("void(float64[:, ::1], boolean[::1])")
def _take_off_motion(rest: np.ndarray, fitted: np.ndarray) -> None:
    """Take off the first two series, in place, what the last two explain of them, by least squares over the fitted."""
    xx = xy = yy = xa = ya = xb = yb = 0.0
    for i in range(len(rest)):
        if fitted[i] and np.isfinite(rest[i, 0]):
            a, b, x, y = rest[i]
            xx, xy, yy = xx + x * x, xy + x * y, yy + y * y
            xa, ya, xb, yb = xa + x * a, ya + y * a, xb + x * b, yb + y * b
    determinant = xx * yy - xy * xy
    ax = ay = bx = by = 0.0
    if determinant > 1e-9 * xx * yy:
        ax, ay = (yy * xa - xy * ya) / determinant, (xx * ya - xy * xa) / determinant
        bx, by = (yy * xb - xy * yb) / determinant, (xx * yb - xy * xb) / determinant
    elif xx >= yy and xx > 0.0:
        # Both move as one, or one does not move at all.
        ax, bx = xa / xx, xb / xx
    elif yy > 0.0:
        ay, by = ya / yy, yb / yy
    for i in range(len(rest)):
        x, y = rest[i, 2], rest[i, 3]
        rest[i, 0] -= ax * x + ay * y
        rest[i, 1] -= bx * x + by * y


@compiled("float64[:, ::1](float64[::1], float32[:, ::1], boolean[::1], int64[::1], float64, float64)")
def _offsets(
    time_bjd: np.ndarray, series: np.ndarray, masked: np.ndarray, bounds: np.ndarray, half_d: float, break_d: float
) -> np.ndarray:
    """What is left of the centroids (n, 2), in pixels, segment by segment."""
    offset = np.full((time_bjd.size, 2), np.nan)
    longest = 0
    for number in range(bounds.size - 1):
        longest = max(longest, bounds[number + 1] - bounds[number])
    # One segment's known cadences at a time: what is worked on stays small.
    row, time_d, fitted = np.empty(longest, np.int64), np.empty(longest), np.empty(longest, np.bool_)
    known, rest = np.empty((longest, 4)), np.empty((longest, 4))
    for number in range(bounds.size - 1):
        size = 0
        for i in range(bounds[number], bounds[number + 1]):
            for axis in range(4):
                known[size, axis] = series[i, axis]
            row[size], time_d[size], fitted[size] = i, time_bjd[i], not masked[i]
            size += np.isfinite(known[size, 0] + known[size, 1] + known[size, 2] + known[size, 3])
        _leave_out_outliers(time_d[:size], known[:size], fitted[:size], break_d)
        _take_off_lines(time_d[:size], known[:size], fitted[:size], half_d, break_d, rest[:size])
        _take_off_motion(rest[:size], fitted[:size])
        for i in range(size):
            offset[row[i], 0], offset[row[i], 1] = rest[i, 0], rest[i, 1]
    return offset
