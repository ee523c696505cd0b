"""The shape of a dip, from V to U: a trapezoid fitted to the view around the transit."""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled

REACH = 2.0  # durations from the middle that the fit looks at
SHORTEST, LONGEST = 0.5, 1.5  # what the catalog's duration may be wrong by
COARSE, FINE = 0.125, 1 / 64  # first and last step of the grid, in durations and in the share of the flat part
FEWEST_BINS = 6


class Trapezoid(NamedTuple):
    """A dip that falls evenly, stays, and rises evenly as fast."""

    duration_d: float
    """First to last contact."""
    flat: float
    """Share of the duration that is spent at the bottom: 0 is a V, 1 a box."""
    depth: float
    """Relative flux; at or below zero where there is no dip."""

    @property
    def shape(self) -> float:
        """`flat`, or NaN where there is no dip."""
        return self.flat if self.depth > 0 else float("nan")


def fit_trapezoid(
    x_d: np.ndarray, values: np.ndarray, counts: np.ndarray, duration_d: float, smear_d: float
) -> Trapezoid:
    """The trapezoid about x = 0 that fits binned flux best, by least squares with the bins' counts as weights.

    Durations from half to one and a half times `duration_d` are tried and all shares of the flat part, on a grid that
    is refined to 1/64. The light that a cadence and a bin smear is smeared in the model as well. Nothing is fitted
    (duration as given, half of it flat, no depth) where fewer than six bins within two durations hold something, or
    only a bump.

    Parameters
    ----------
    x_d : (m,) float64, middles of the bins, days from mid-transit
    values : (m,) float64, relative flux; what stands in empty bins does not matter
    counts : (m,) int, cadences
    duration_d : the listed duration, days
    smear_d : width of what each value is a mean over, days
    """
    distance = np.abs(x_d) / duration_d
    used = (counts > 0) & (distance < REACH)
    if np.count_nonzero(used) < FEWEST_BINS:
        return Trapezoid(duration_d, 0.5, 0.0)
    duration, flat, depth = _best(
        distance[used],
        np.asarray(values, dtype=np.float64)[used],
        counts[used].astype(np.float64),
        smear_d / duration_d,
    )
    return Trapezoid(duration * duration_d, flat, depth)


def trapezoid(x_d: np.ndarray, dip: Trapezoid, smear_d: float) -> np.ndarray:
    """The dip at times from its middle, 1 at the bottom and 0 outside, averaged over `smear_d` days: (n,) float64."""
    return np.asarray(_smeared(np.ascontiguousarray(x_d, dtype=np.float64), dip.duration_d, dip.flat, smear_d))


@compiled("float64(float64, float64, float64)")
def _area(x: float, half: float, flat: float) -> float:
    """Integral of the trapezoid from 0 to x; `half` of its duration, `flat` half of what is flat."""
    u = abs(x)
    if u <= flat:
        area = u
    elif u < half:
        area = flat + 0.5 * ((half - flat) - (half - u) ** 2 / (half - flat))
    else:
        area = flat + 0.5 * (half - flat)
    return area if x >= 0 else -area


@compiled("float64[::1](float64[::1], float64, float64, float64)")
def _smeared(x: np.ndarray, duration: float, flat: float, smear: float) -> np.ndarray:
    """Means of the trapezoid over `smear` about each x."""
    half = 0.5 * duration
    mean = np.empty(x.size)
    for i in range(x.size):
        u = abs(x[i])
        if u >= half + 0.5 * smear:
            mean[i] = 0.0
        elif u <= flat * half - 0.5 * smear:
            mean[i] = 1.0
        else:
            mean[i] = (_area(u + 0.5 * smear, half, flat * half) - _area(u - 0.5 * smear, half, flat * half)) / smear
    return mean


@compiled("Tuple((float64, float64))(float64[::1], float64[::1], float64[::1], float64, float64, float64)")
def _gain(
    x: np.ndarray, y: np.ndarray, weight: np.ndarray, duration: float, flat: float, smear: float
) -> tuple[float, float]:
    """By how much a trapezoid lowers the sum of squares of y about a constant, and its depth; no gain for a bump."""
    dip = _smeared(x, duration, flat, smear)
    w = wd = wy = wdd = wdy = 0.0
    for i in range(x.size):
        w += weight[i]
        wd += weight[i] * dip[i]
        wy += weight[i] * y[i]
        wdd += weight[i] * dip[i] * dip[i]
        wdy += weight[i] * dip[i] * y[i]
    spread, common = wdd - wd * wd / w, wdy - wd * wy / w
    if spread <= 1e-9 * wdd or common >= 0:
        return 0.0, 0.0
    return common * common / spread, -common / spread


@compiled("Tuple((float64, float64, float64))(float64[::1], float64[::1], float64[::1], float64)")
def _best(x: np.ndarray, y: np.ndarray, weight: np.ndarray, smear: float) -> tuple[float, float, float]:
    """Duration, share of the flat part, and depth of the trapezoid with the largest gain.

    The search goes over the width at half the depth, which is sure, and the share of the flat part, which is less so:
    the duration follows from both.
    """
    best, width, flat, depth = 0.0, 0.75, 0.5, 0.0
    step = COARSE
    for i in range(round(2.0 * LONGEST / step) + 1):
        for j in range(round(1.0 / step) + 1):
            tried, share = 0.5 * i * step, j * step
            if SHORTEST <= 2.0 * tried / (1.0 + share) <= LONGEST:
                gain, found = _gain(x, y, weight, 2.0 * tried / (1.0 + share), share, smear)
                if gain > best:
                    best, width, flat, depth = gain, tried, share, found
    while step > FINE and best > 0.0:
        step *= 0.5
        moved = True
        while moved:
            about_width, about_flat, moved = width, flat, False
            for i in range(-1, 2):
                for j in range(-1, 2):
                    tried, share = about_width + 0.5 * i * step, about_flat + j * step
                    duration = 2.0 * tried / (1.0 + share)
                    if 0.0 <= share <= 1.0 and SHORTEST <= duration <= LONGEST:
                        gain, found = _gain(x, y, weight, duration, share, smear)
                        if gain > best:
                            best, width, flat, depth, moved = gain, tried, share, found, True
    return 2.0 * width / (1.0 + flat), flat, depth
