"""How much light one transit takes, wherever it may lie: a box drawn along a star's light curve.

What is summed here once is all that a search near a known period needs: the S/N of an ephemeris is the sum of what its
transits take over the root of the sum of their weights (the single- and multiple-event statistics of Kepler's
pipeline, Jenkins 2002, ApJ 575, 493, with a box for the transit and white noise of measured strength for the noise).
"""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled
from lightmill.search.noise import BREAK_D
from lightmill.views.medians import mad_scatter

# Places that a box takes along its own width: a transit found at the nearest of them lies within a sixteenth.
PLACES = 8
# Shapes of a dip over the places, from its first contact to its last: of a box, of a planet that takes half its time
# for ingress and egress, and of a grazing one.
BOX = np.ones(PLACES)
ROUND = np.array([0.25, 0.75, 1.0, 1.0, 1.0, 1.0, 0.75, 0.25])
GRAZING = np.array([0.125, 0.375, 0.625, 0.875, 0.875, 0.625, 0.375, 0.125])
# Fewer boxes than this, side by side, do not tell a stretch's noise: the median of all stretches stands in.
FEWEST_BOXES = 16


class Events(NamedTuple):
    """Boxes along a light curve, at even places within each unbroken stretch.

    `dip / sqrt(weight)` is the S/N of the dip in one box, normal with variance one where there is none.
    """

    step_d: float
    """Days from one place to the next, an eighth of the box."""
    start_bjd: np.ndarray
    """(s,) float64, middle of each stretch's first box."""
    first: np.ndarray
    """(s + 1,) int64, where a stretch's boxes begin in `dip` and `weight`, and the last one's end."""
    dip: np.ndarray
    """(m,) float64, light missing in the box over the variance of the noise."""
    weight: np.ndarray
    """(m,) float64, light there is over the same variance, so that `dip / weight` is the depth."""


def box_events(time_bjd: np.ndarray, flux: np.ndarray, duration_d: float, shape: np.ndarray = BOX) -> Events:
    """The dips in boxes of one duration, all along a light curve.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted
    flux : (n,) float64, relative flux minus one, finite, trends divided out
    duration_d : width of the box in days
    shape : (PLACES,) float64, symmetric: of a dip other than a box, how deep it is at each place

    The noise of a stretch is the robust scatter of its own boxes, side by side: correlated noise counts as it acts on
    this duration. A light curve without any scatter has weights of zero.
    """
    step_d = duration_d / PLACES
    if time_bjd.size == 0:
        return Events(step_d, np.zeros(0), np.zeros(1, dtype=np.int64), np.zeros(0), np.zeros(0))
    breaks = np.flatnonzero(np.diff(time_bjd) > max(BREAK_D, 2 * duration_d)) + 1
    begins = np.append(0, breaks)[: time_bjd.size]
    ends = np.append(breaks, time_bjd.size)[: time_bjd.size]
    lengths = np.floor((time_bjd[ends - 1] - time_bjd[begins]) / step_d).astype(np.int64) + 1 + PLACES
    first = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    dip, weight = np.zeros(first[-1]), np.zeros(first[-1])
    # The first box ends where the data begin; places are the boxes' middles.
    start_bjd = time_bjd[begins] - 0.5 * duration_d
    _draw_boxes(
        np.require(time_bjd, np.float64, ("C", "W")),
        np.require(flux, np.float64, ("C", "W")),
        np.append(begins, time_bjd.size).astype(np.int64),
        first,
        step_d,
        np.require(shape, np.float64, ("C", "W")),
        dip,
        weight,
    )
    scatter = _scatters(dip, weight, first)
    for stretch, sigma in enumerate(scatter):
        here = slice(first[stretch], first[stretch + 1])
        dip[here] /= sigma**2
        weight[here] /= sigma**2
    return Events(step_d, start_bjd, first, dip, weight)


def _scatters(dip: np.ndarray, weight: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Robust scatter (s,) of each stretch's boxes per root of cadence; infinite where there is none."""
    scatter = np.full(first.size - 1, np.nan)
    for stretch in range(first.size - 1):
        # Side by side, not overlapping; half empty ones at the ends and gaps are left out.
        apart = slice(first[stretch], first[stretch + 1], PLACES)
        counts = weight[apart]
        full = counts > 0.5 * counts.max()
        if np.count_nonzero(full) >= FEWEST_BOXES:
            ratio = dip[apart][full] / np.sqrt(counts[full])
            scatter[stretch] = mad_scatter(ratio)
    known = scatter[scatter > 0]
    if known.size:
        typical = float(np.median(known))
    else:
        full = weight[::PLACES] > 0
        ratio = dip[::PLACES][full] / np.sqrt(weight[::PLACES][full])
        typical = mad_scatter(ratio) if ratio.size else 0.0
    return np.where(scatter > 0, scatter, typical if typical > 0 else np.inf)


@compiled("void(float64[::1], float64[::1], int64[::1], int64[::1], float64, float64[::1], float64[::1], float64[::1])")
def _draw_boxes(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    begins: np.ndarray,
    first: np.ndarray,
    step_d: float,
    shape: np.ndarray,
    dip: np.ndarray,
    weight: np.ndarray,
) -> None:
    """Sums of the light missing, weighted by the shape, and of its squares, of all boxes; to `dip` and `weight`."""
    for stretch in range(begins.size - 1):
        offset, size = first[stretch], first[stretch + 1] - first[stretch]
        start = time_bjd[begins[stretch]]
        for i in range(begins[stretch], begins[stretch + 1]):
            # A cadence in bin k is in the boxes at places k + 1 to k + PLACES, whose first bin is place - PLACES.
            k = int((time_bjd[i] - start) / step_d)
            dip[offset + k] -= flux[i]
            weight[offset + k] += 1.0
        # Running sums from the end, so that bins not yet summed are still what they were.
        for place in range(size - 1, -1, -1):
            missing, count = 0.0, 0.0
            for k in range(max(PLACES - place, 0), PLACES):
                missing += shape[k] * dip[offset + place - PLACES + k]
                count += shape[k] * shape[k] * weight[offset + place - PLACES + k]
            dip[offset + place] = missing
            weight[offset + place] = count
