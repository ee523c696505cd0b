"""How deep each single transit is: what tells a planet from two alternating eclipses, or from a few accidents."""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled
from lightmill.views.folded import FARTHEST, OBSERVED, Folded
from lightmill.views.medians import mad_scatter, median
from lightmill.views.shape import Trapezoid, trapezoid

# In durations from mid-transit: from where on, at least, and how far the level is taken on either side; where boxes of
# one duration lie in which there is no transit.
CLEAR, LEVEL_WIDTH = 0.75, 1.25
CONTROLS = (2.0, FARTHEST)
FEWEST_CONTROLS = 6
FEWEST_ON_LEVEL = 3
# Spots, the phase of the sampling and what limb darkening adds to a trapezoid change single depths by so much.
DEPTH_TOLERANCE = 0.02
MEDIAN_VARIANCE = 0.5 * np.pi  # of a median, over that of a mean
MANY = 8  # degrees of freedom from which a scatter is believed that is less than expected


class SingleTransits(NamedTuple):
    """Depths of the transits that were observed, one by one, in order of time."""

    number: np.ndarray
    """(k,) int64, ascending, as of `Around`."""
    depth: np.ndarray
    """(k,) float64, in units of what was measured."""
    error: np.ndarray
    """(k,) float64, standard error of it: white noise times what boxes beside the transits scatter more than that."""


class Compared(NamedTuple):
    """Single depths, taken together in several ways; NaN where there are too few."""

    depth: float
    """Weighted mean of all."""
    alternation_sigma: float
    """Difference of the means of every other transit over its standard error, positive."""
    scatter_sigma: float
    """How surely depths differ by more than their errors, in sigmas of a normal distribution."""


class Template(NamedTuple):
    """Where the cadences around transits lie in these, and what a dip of depth one would take from each."""

    distance: np.ndarray
    """(n,) float64, durations from the nearest mid-transit."""
    dip: np.ndarray
    """(n,) float64, 0 outside of the dip, 1 at its bottom."""
    cadence_d: np.ndarray
    starts: np.ndarray
    """(k + 1,) int64, places of each transit's first cadence, and the end."""
    number: np.ndarray
    """(k,) int64, ascending."""
    clear: float
    """Durations from mid-transit where the dip has ended."""
    reach: float
    """Durations from mid-transit where half a turn away begins."""
    duration_d: float
    whole_d: float
    """The integral of the dip squared over time: what a transit observed without a gap has."""


def template(folded: Folded, dip: Trapezoid) -> Template:
    """What single transits are measured with; `dip` is the shape of all together, its depth does not matter."""
    around, duration_d = folded.around, folded.duration_d
    smear_d = float(around.cadence_d.mean())
    firsts = np.flatnonzero(np.diff(around.number, prepend=around.number[0] - 1))
    return Template(
        distance=around.phase_d / duration_d,
        dip=trapezoid(around.phase_d, dip, smear_d),
        cadence_d=around.cadence_d,
        starts=np.append(firsts, around.number.size),
        number=around.number[firsts],
        clear=max(CLEAR, 0.5 * (dip.duration_d + smear_d) / duration_d),
        reach=0.5 * folded.period_d / duration_d - 0.5,
        duration_d=duration_d,
        whole_d=dip.duration_d * (dip.flat + (1.0 - dip.flat) / 3.0),
    )


def single_transits(template: Template, values: np.ndarray, scatter: float) -> SingleTransits:
    """Each transit's depth: by how much its values follow the shape of the dip below their level beside it.

    The level is the median of the values from 0.75 durations (clear of the dip) to 1.25 beyond. Transits with less than
    half of the dip covered by cadences, or fewer than three on their level, are left out. The error is that of white
    noise, times the robust scatter of the same measure in boxes of a duration from 2 to 4 durations away, where that is
    larger (and there are six at least): noise that is not white adds to depths as it does to these.

    Parameters
    ----------
    template : of the cadences around the transits
    values : (n,) float64, relative flux or anything else, at these cadences; those that are not finite are left out
    scatter : of single values, white; where it is not above zero nothing is measured
    """
    if not scatter > 0:
        return SingleTransits(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0))
    depth, variance, covered_d, controls = _single_depths(
        template.distance,
        np.ascontiguousarray(values),
        template.cadence_d,
        template.dip,
        template.starts,
        template.clear,
        template.reach,
        template.duration_d,
    )
    measured = np.isfinite(depth) & (covered_d >= OBSERVED * template.whole_d)
    controls = controls[np.isfinite(controls)]
    red = max(mad_scatter(controls) / scatter, 1.0) if controls.size >= FEWEST_CONTROLS else 1.0
    return SingleTransits(template.number[measured], depth[measured], red * scatter * np.sqrt(variance[measured]))


def compare(transits: SingleTransits) -> Compared:
    """What single depths say together.

    Differences of up to 2 % of the depth from one transit to the next are put down to spots and sampling.
    """
    depth, count = transits.depth, transits.depth.size
    if count == 0:
        return Compared(float("nan"), float("nan"), float("nan"))
    weight = 1.0 / transits.error**2
    mean = float(np.dot(weight, depth) / weight.sum())
    weight = 1.0 / (transits.error**2 + (DEPTH_TOLERANCE * mean) ** 2)
    mean = float(np.dot(weight, depth) / weight.sum())
    return Compared(mean, _alternation(transits, weight), _normal_chi_square(weight * (depth - mean) ** 2))


def _alternation(transits: SingleTransits, weight: np.ndarray) -> float:
    """Difference of the odd and the even transits' means over its standard error; NaN where all are of one kind.

    The error is that of the weights, which allow for spots and sampling, or more by as much as depths scatter within
    the halves. Where many transits tell that they scatter less, it is less, down to what noise alone would give.
    """
    depth, odd = transits.depth, transits.number % 2 == 0
    if odd.all() or not odd.any():
        return float("nan")
    means = [float(np.dot(weight[group], depth[group]) / weight[group].sum()) for group in (odd, ~odd)]
    variance = sum(1.0 / float(weight[group].sum()) for group in (odd, ~odd))
    free = depth.size - 2
    if free > 0:
        scattered = float(np.sum(weight * (depth - np.where(odd, *means)) ** 2)) / free
        least = float(np.mean(weight * transits.error**2)) if free >= MANY else 1.0
        variance *= max(scattered, least)
    return abs(means[0] - means[1]) / float(np.sqrt(variance))


def _normal_chi_square(squares: np.ndarray) -> float:
    """A chi-square, given its terms, as a normal variate (Wilson and Hilferty 1931), at least 0; NaN for one term."""
    free = squares.size - 1
    if free < 1:
        return float("nan")
    spread = 2.0 / (9.0 * free)
    return max(float(((np.sum(squares) / free) ** (1 / 3) - (1.0 - spread)) / np.sqrt(spread)), 0.0)


@compiled(
    "Tuple((float64[::1], float64[::1], float64[::1], float64[::1]))"
    "(float64[::1], float64[::1], float64[::1], float64[::1], int64[::1], float64, float64, float64)"
)
def _single_depths(
    distance: np.ndarray,
    values: np.ndarray,
    cadence_d: np.ndarray,
    dip: np.ndarray,
    starts: np.ndarray,
    clear: float,
    reach: float,
    duration_d: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Depth, its variance for values of variance one, days of dip covered, and four controls of each transit.

    Controls are measures of boxes beside the transit, brought to the variance of a single value; NaN where there are
    none. `distance` is in durations; `clear` is where the dip has ended, `reach` where another may begin.
    """
    transits = starts.size - 1
    depth, variance = np.full(transits, np.nan), np.full(transits, np.nan)
    covered, controls = np.zeros(transits), np.full(4 * transits, np.nan)
    level_values = np.empty(values.size)
    count, total, time = np.empty(4), np.empty(4), np.empty(4)
    for k in range(transits):
        on_level = 0
        first = second = projected = 0.0
        count[:], total[:], time[:] = 0.0, 0.0, 0.0
        for i in range(starts[k], starts[k + 1]):
            if values[i] - values[i] != 0.0:  # not finite
                continue
            away = abs(distance[i])
            if dip[i] > 0.0:
                first += dip[i]
                second += dip[i] * dip[i]
                projected += dip[i] * values[i]
                covered[k] += dip[i] * dip[i] * cadence_d[i]
            if clear < away < clear + LEVEL_WIDTH:
                level_values[on_level] = values[i]
                on_level += 1
            if CONTROLS[0] <= away < CONTROLS[1] and away < reach:
                box = int(away - CONTROLS[0]) + (2 if distance[i] > 0 else 0)
                count[box] += 1.0
                total[box] += values[i]
                time[box] += cadence_d[i]
        if on_level < FEWEST_ON_LEVEL:
            continue
        level = median(level_values[:on_level])
        level_variance = MEDIAN_VARIANCE / on_level
        if second > 0.0:
            depth[k] = (first * level - projected) / second
            variance[k] = 1.0 / second + (first / second) ** 2 * level_variance
        for box in range(4):
            if time[box] >= OBSERVED * duration_d:
                spread = np.sqrt(1.0 / count[box] + level_variance)
                controls[4 * k + box] = (level - total[box] / count[box]) / spread
    return depth, variance, covered, controls
