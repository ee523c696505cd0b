"""Dividing out what the roll of K2's spacecraft left in a light curve.

On two reaction wheels Kepler could not hold its roll: sunlight turned it, and every six or twelve hours thrusters
turned it back. Stars moved to and fro over pixels of unequal sensitivity, and their fluxes with them; the mission's own
pipeline takes out a part of that. What is left is found as Vanderburg and Johnson (2014, PASP 126, 948) do it: the flux
is the product of the star's own trend in time and a function of its place along its path, which changes slowly. Both
are fitted at once, by least squares to the logarithm of the flux: the trend is a cubic spline, the function is linear
between places and between times. Cadences in known transits take no part, nor do outliers.
"""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.views.banded import solve_banded
from lightmill.views.medians import mad_scatter, median

# Authors of fluxes that still follow the roll: the mission's own. K2SFF and EVEREST have taken it out.
ROLLING = frozenset({"K2"})

# All measured on real stars and on injected transits: docs/views.md.
KNOT_D = 1.0  # from one knot of the star's trend to the next
NODE_D = 10.0  # from one time to the next at which the flux is a function of the place of its own
STEP_PX = 0.06  # from one place to the next, along the path
FEWEST_PLACES, MOST_PLACES = 4, 32
ENDS = 0.003  # share of the cadences at either end of the path that lies beyond the outermost places
# Further than this beyond the ends the star is not on its path: the telescope was not where it should be.
BEYOND_PX = 0.1
CLIP_SIGMA = 3.0
FITS = 3  # rounds of fitting and leaving out outliers, at most
# Weight, in cadences, of what is assumed: that the function's slope is the same left and right of a place, that it is
# the same at one time and the next, that it is nought; and that the trend is straight, and nought. The last of each is
# there for places and times without any cadence.
SMOOTH, STEADY, NOUGHT = 0.2, 0.2, 0.002
STRAIGHT, LEVEL = 1e-3, 1e-6
# A path shorter than this is no roll; a position so many robust sigmas from the others is no position.
SHORTEST_PX = 0.02
FAR_SIGMA = 8.0
CADENCES_PER_COEFFICIENT = 2
# Three hours, in which the roll shows most, and six and a half, a transit's length: in cadences of 29.4 minutes.
SPANS = (6, 13)
# The correction is made if, predicted, it leaves less than this of the scatter of their means: of the two, multiplied.
MOST_LEFT = 0.95
# What such a span may stretch to where cadences are missing.
STRETCHED = 1.5

ENTRIES = 8  # coefficients that a cadence depends on: two places at two times, and four of the trend


def unroll(light_curve: LightCurve, flux: np.ndarray, masked: np.ndarray) -> np.ndarray:
    """The flux of a star without the roll, in those segments whose authors left it in.

    Parameters
    ----------
    light_curve : its positions are POS_CORR, or the centroid in segments that have no POS_CORR
    flux : (n,) float64, relative flux minus one, each segment on its own level, NaN where unusable
    masked : (n,) bool, cadences in known transits

    Returns
    -------
    (n,) float64, as `correct_roll`; `flux` itself if no segment is concerned
    """
    concerned = np.array([segment.author in ROLLING for segment in light_curve.segments])
    if not concerned.any():
        return flux
    rolling = concerned[light_curve.segment]
    column_px, row_px = (
        _positions(one, other, light_curve.segment)
        for one, other in (
            (light_curve.pos_corr1, light_curve.mom_centr1),
            (light_curve.pos_corr2, light_curve.mom_centr2),
        )
    )
    return correct_roll(light_curve.time_bjd, flux, column_px, row_px, light_curve.segment, rolling, masked)


def _positions(motion: np.ndarray, centroid: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Positions in pixels, (n,) float64: `motion`, or the `centroid` in segments without any of it."""
    known = np.bincount(segment, weights=np.isfinite(motion)) > 0
    return np.where(known[segment], motion, centroid).astype(np.float64)


def correct_roll(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    column_px: np.ndarray,
    row_px: np.ndarray,
    segment: np.ndarray,
    rolling: np.ndarray,
    masked: np.ndarray,
) -> np.ndarray:
    """Flux with its dependence on the star's place along the roll divided out, segment by segment.

    A segment stays as it is if the correction, found from one half of its cadences, does not lower the scatter of the
    other half, both in means over 3 hours and in means over 6.5; or if there is no path to speak of, or too few
    cadences for it.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted, BJD_TDB
    flux : (n,) float64, relative flux minus one, NaN where unusable
    column_px, row_px : (n,) float, position of the star or of the image in pixels, from any origin; NaN where unknown
    segment : (n,) int, segment of each cadence
    rolling : (n,) bool, cadences of the segments to be corrected
    masked : (n,) bool, cadences in known transits: corrected like all others, but what they are corrected by rests on
        the others alone

    Returns
    -------
    (n,) float64, relative flux minus one, NaN where `flux` is. Cadences without position are as they were. Those a
    little beyond the ends of the path are corrected as those at its end; those that strayed further are NaN: how much
    light they lost nothing tells.
    """
    corrected, column_px, row_px = (np.array(values, dtype=np.float64) for values in (flux, column_px, row_px))
    usable = rolling & np.isfinite(flux) & (flux > -1) & np.isfinite(column_px) & np.isfinite(row_px)
    for number in np.unique(segment[usable]):
        chosen = np.flatnonzero(usable & (segment == number))
        fitted = ~masked[chosen]
        position = path_position(column_px[chosen], row_px[chosen], fitted)
        placed = np.isfinite(position)
        strayed, chosen = chosen[~placed], chosen[placed]
        change = roll_change(time_bjd[chosen], np.log1p(corrected[chosen]), position[placed], fitted[placed])
        if change is not None:
            corrected[chosen] = (1 + corrected[chosen]) * np.exp(-change) - 1
            corrected[strayed] = np.nan
    return corrected


def path_position(column_px: np.ndarray, row_px: np.ndarray, fitted: np.ndarray) -> np.ndarray:
    """Place along the principal axis of the positions of the `fitted` cadences ((n,) bool), pixels: (n,) float64.

    NaN for positions far from all others. The path is an arc, but so flat a one that its length differs from that of
    its chord by 0.005 pixels at most on the real stars.
    """
    offsets = np.stack([positions - median(positions[fitted]) for positions in (column_px, row_px)])
    limits = [FAR_SIGMA * mad_scatter(offset[fitted]) for offset in offsets]
    near = np.all(np.abs(offsets) <= np.array(limits)[:, None], axis=0)
    used = offsets[:, near & fitted]
    used = used - used.sum(axis=1, keepdims=True) / max(used.shape[1], 1)
    spread = used @ used.T
    angle = 0.5 * np.arctan2(2 * spread[0, 1], spread[0, 0] - spread[1, 1])
    return np.where(near, np.cos(angle) * offsets[0] + np.sin(angle) * offsets[1], np.nan)


def roll_change(time_d: np.ndarray, value: np.ndarray, position: np.ndarray, fitted: np.ndarray) -> np.ndarray | None:
    """What the roll adds to a segment's `value`, the logarithm of its flux: (n,) float64, its median nought.

    NaN where the star strayed beyond the ends of its path. None if it cannot be told, or does not predict what it was
    not fitted to. Parameters are (n,) arrays: sorted times in days, places along the path in pixels, and which cadences
    are no transit.
    """
    if not fitted.any():
        return None
    low, high = np.quantile(position[fitted], [ENDS, 1 - ENDS])
    if not (high - low >= SHORTEST_PX and time_d[-1] > time_d[0]):
        return None
    model = _layout(time_d, position, low, high)
    if np.count_nonzero(fitted) < CADENCES_PER_COEFFICIENT * model.size:
        return None
    used = fitted
    for _ in range(FITS):
        trend, change = _fit(model, value, used)
        residual = value - trend - change
        previous, used = used, fitted & (np.abs(residual) <= CLIP_SIGMA * mad_scatter(residual[used]))
        if np.array_equal(used, previous):
            break
    predicted = _prediction(model, time_d, value, used)
    times, before, after = time_d[used], value[used], (value - predicted)[used]
    left, there = (np.prod([roughness(times, flux, span) for span in SPANS]) for flux in (after, before))
    if not left < MOST_LEFT * there:
        return None
    change = change - median(change[used])
    change[(position < low - BEYOND_PX) | (position > high + BEYOND_PX)] = np.nan
    return change


def _prediction(model: "_Model", time_d: np.ndarray, value: np.ndarray, used: np.ndarray) -> np.ndarray:
    """The change at each cadence as found without its neighbours: (n,) float64.

    Odd spans of 6.5 hours from the even ones, and the other way round.
    """
    cadence_d = median(np.diff(time_d))
    odd = ((time_d - time_d[0]) / (SPANS[-1] * cadence_d)).astype(np.int64) % 2 == 1
    _, from_even = _fit(model, value, used & ~odd)
    _, from_odd = _fit(model, value, used & odd)
    return np.where(odd, from_even, from_odd)


def roughness(time_d: np.ndarray, value: np.ndarray, span: int) -> float:
    """Mean distance of the mean of `span` cadences from that of the means of as many before and after; NaN if none.

    Parameters are (n,) arrays of sorted times and of values; sets of cadences that gaps stretch to more than 1.5 times
    their length are left out.
    """
    if time_d.size < 3 * span:
        return float("nan")
    total = np.concatenate([[0.0], np.cumsum(value)])
    mean = (total[span:] - total[:-span]) / span
    apart = mean[span:-span] - 0.5 * (mean[: -2 * span] + mean[2 * span :])
    length = time_d[3 * span - 1 :] - time_d[: time_d.size - 3 * span + 1]
    whole = length <= STRETCHED * (3 * span - 1) * median(np.diff(time_d))
    return float(np.mean(np.abs(apart[whole]))) if whole.any() else float("nan")


class _Model(NamedTuple):
    """Rows of a least-squares problem, first the cadences, then what is assumed."""

    place: np.ndarray
    """(rows, 8) int64, coefficients that a row depends on."""
    share: np.ndarray
    """(rows, 8) float64, by how much; zero where it depends on fewer."""
    weight: np.ndarray
    """(assumptions,) float64."""
    size: int
    """Number of coefficients. Those of the function at one time and of the trend from then on take turns."""
    band: int
    """No row depends on two coefficients further apart than this."""


def _layout(time_d: np.ndarray, position: np.ndarray, low: float, high: float) -> _Model:
    places = int(np.clip(np.ceil((high - low) / STEP_PX) + 1, FEWEST_PLACES, MOST_PLACES))
    since = (time_d - time_d[0]) / (time_d[-1] - time_d[0])
    intervals = max(round(float(time_d[-1] - time_d[0]) / NODE_D), 1)
    knots = max(round(float(time_d[-1] - time_d[0]) / (intervals * KNOT_D)), 3)
    width = places + knots
    functions = np.arange(intervals + 1)[:, None] * width + np.arange(places)
    number = np.arange(intervals * knots + 3)
    trend = number // knots * width + places + number % knots

    interval, later = _within(since * intervals, intervals)
    lower, above = _within(np.clip((position - low) / (high - low), 0, 1) * (places - 1), places - 1)
    knot, u = _within(since * (intervals * knots), intervals * knots)
    # A uniform cubic B-spline (de Boor 1978).
    spline = [(1 - u) ** 3, (3 * u - 6) * u**2 + 4, ((3 - 3 * u) * u + 3) * u + 1, u**3]
    first = interval * width + lower
    cadences = (
        np.column_stack([first, first + 1, first + width, first + width + 1, *(trend[knot + i] for i in range(4))]),
        np.column_stack(
            [
                (1 - later) * (1 - above),
                (1 - later) * above,
                later * (1 - above),
                later * above,
                *(part / 6 for part in spline),
            ]
        ),
    )
    assumed = [
        (SMOOTH, np.stack([functions[:, :-2], functions[:, 1:-1], functions[:, 2:]], axis=-1), [1.0, -2.0, 1.0]),
        (STEADY, np.stack([functions[:-1], functions[1:]], axis=-1), [1.0, -1.0]),
        (NOUGHT, functions[..., None], [1.0]),
        (STRAIGHT, np.stack([trend[:-2], trend[1:-1], trend[2:]], axis=-1), [1.0, -2.0, 1.0]),
        (LEVEL, trend[:, None], [1.0]),
    ]
    place, share, weight = [cadences[0]], [cadences[1]], []
    for amount, where, parts in assumed:
        where = where.reshape(-1, len(parts))
        rows = np.zeros((len(where), ENTRIES))
        rows[:, : len(parts)] = parts
        place.append(np.column_stack([where, np.repeat(where[:, :1], ENTRIES - len(parts), axis=1)]))
        share.append(rows)
        weight.append(np.full(len(where), amount))
    return _Model(
        np.concatenate(place),
        np.concatenate(share),
        np.concatenate(weight),
        int(functions[-1, -1]) + 4,
        2 * places + knots + 2,
    )


def _within(x: np.ndarray, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of so many cells of unit length `x` lies in, and how far from its start."""
    cell = np.minimum(x.astype(np.int64), cells - 1)
    return cell, x - cell


def _fit(model: _Model, value: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Trend and change at all cadences, (n,) float64 each, fitted to the `used` ones."""
    weight = np.concatenate([used, model.weight])
    values = np.concatenate([value, np.zeros(model.weight.size)])
    solution = solve_banded(model.place, model.share, values, weight, model.size, model.band)
    trend, change = np.empty(value.size), np.empty(value.size)
    _sum_parts(model.place, model.share, solution, change, trend)
    return trend, change


@compiled("void(int64[:, ::1], float64[:, ::1], float64[::1], float64[::1], float64[::1])")
def _sum_parts(
    place: np.ndarray, share: np.ndarray, solution: np.ndarray, change: np.ndarray, trend: np.ndarray
) -> None:
    """What the first four and the last four coefficients of each row add up to, into `change` and `trend`."""
    for row in range(change.size):
        where, parts = place[row], share[row]
        change[row] = trend[row] = 0.0
        for entry in range(4):
            change[row] += parts[entry] * solution[where[entry]]
            trend[row] += parts[4 + entry] * solution[where[4 + entry]]
