"""How much single cadences scatter, and how much more their means do than chance would have it."""

import numpy as np

from lightmill.compiled import compiled
from lightmill.search.box import Redness
from lightmill.views.medians import MAD_TO_SIGMA
from lightmill.views.normalise import FLAT, robust_scatter

# Quarters, sectors and the days after a pause differ in noise; a week holds enough cadences to tell it.
BLOCK_D = 7.0
BREAK_D = 0.5
FEWEST_CADENCES = 30
# Durations whose means are looked at: from an hour to a day.
DURATIONS_D = np.geomspace(1 / 24, 1.0, 9)
# Boxes along a duration: their scatter is known better than from those side by side alone.
PLACES = 3
FEWEST_BOXES = 30
# A dip seen once may have this S/N and no more: three such are a signal of 8.7, one among three is noise of 2.9.
MOST_OF_ONE = 5.0
LONGEST_EVENT_D = 1.0
EVENT_STEP = 1.5


def local_scatter(time_bjd: np.ndarray, flux: np.ndarray) -> np.ndarray:
    """Robust scatter of single cadences about their median within days, of each cadence's own days; (n,) float64.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted
    flux : (n,) float64, relative flux minus one, finite, trends divided out

    Stretches between gaps above half a day are parted evenly in blocks of a week or less. One of fewer than thirty
    cadences, or without any scatter but rounding, has the scatter of all; that of constant flux is zero.
    """
    whole = robust_scatter(flux)
    scatter = np.full(flux.shape, whole)
    ends = np.append(np.flatnonzero(np.diff(time_bjd) > BREAK_D) + 1, time_bjd.size)
    for begin, end in zip(np.append(0, ends[:-1]), ends, strict=True):
        if begin == end:
            continue
        blocks = int(np.ceil((time_bjd[end - 1] - time_bjd[begin]) / BLOCK_D)) or 1
        edges = np.searchsorted(time_bjd[begin:end], np.linspace(time_bjd[begin], time_bjd[end - 1], blocks + 1)[1:-1])
        for rows in np.split(np.arange(begin, end), edges):
            if rows.size >= FEWEST_CADENCES:
                own = robust_scatter(flux[rows])
                scatter[rows] = own if own > FLAT else whole
    return scatter


def redness(time_bjd: np.ndarray, flux: np.ndarray, scatter: np.ndarray) -> Redness:
    """By how much means over a duration scatter more than if cadences were independent; nowhere less than 1.

    Parameters
    ----------
    time_bjd, flux, scatter : (n,) float64 each, as `local_scatter` takes and gives them; scatter above zero

    The scatter of means is a robust one: transits and glitches, being rare, do not count as noise.
    """
    pull = np.concatenate([[0.0], np.cumsum(flux / scatter**2)])
    weight = np.concatenate([[0.0], np.cumsum(scatter**-2.0)])
    factor = np.ones(DURATIONS_D.size)
    for k, duration_d in enumerate(DURATIONS_D):
        starts = np.arange(time_bjd[0], time_bjd[-1], duration_d / PLACES)
        first, last = np.searchsorted(time_bjd, starts), np.searchsorted(time_bjd, starts + duration_d)
        weights = weight[last] - weight[first]
        full = weights > 0.5 * np.median(weights[weights > 0])
        if np.count_nonzero(full) >= FEWEST_BOXES:
            significance = (pull[last] - pull[first])[full] / np.sqrt(weights[full])
            factor[k] = max(1.0, MAD_TO_SIGMA * float(np.median(np.abs(significance - np.median(significance)))))
    return Redness(DURATIONS_D, factor)


def without_single_events(time_bjd: np.ndarray, flux: np.ndarray, scatter: np.ndarray, red: Redness) -> np.ndarray:
    """Flux in which no single dip or rise stands out, as by `limit_events` of it and of its mirror image.

    What rises once is no sign of rising as often as dipping either.
    """
    return -limit_events(time_bjd, -limit_events(time_bjd, flux, scatter, red), scatter, red)


def limit_events(
    time_bjd: np.ndarray, flux: np.ndarray, scatter: np.ndarray, red: Redness, most: float = MOST_OF_ONE
) -> np.ndarray:
    """Flux in which no single dip of a day or less has an S/N above `most`: deeper ones are made as shallow.

    What repeats is as easily found as before; what happens once, or twice, does not look like something that repeats.

    Parameters
    ----------
    time_bjd, flux, scatter : (n,) float64 each, as `local_scatter` takes and gives them; scatter above zero
    red : what means over each duration are worth

    Returns
    -------
    (n,) float64
    """
    cadence_d = float(np.median(np.diff(time_bjd))) if time_bjd.size > 1 else LONGEST_EVENT_D
    steps = max(int(np.ceil(np.log(LONGEST_EVENT_D / cadence_d) / np.log(EVENT_STEP))), 1)
    share = np.ones(flux.shape)
    weight = scatter**-2.0
    for duration_d in np.geomspace(cadence_d, LONGEST_EVENT_D, steps + 1):
        # A tenth of a cadence less: rounding does not decide how many a box holds.
        _limit(time_bjd, flux * weight, weight, duration_d - 0.1 * cadence_d, most * float(red.of(duration_d)), share)
    return flux * share


@compiled("void(float64[::1], float64[::1], float64[::1], float64, float64, float64[::1])")
def _limit(
    time_bjd: np.ndarray, pull: np.ndarray, weight: np.ndarray, duration_d: float, most: float, share: np.ndarray
) -> None:
    """Lower `share` (n,) where a box of one duration, begun at any cadence, has a larger S/N than `most`."""
    stop, dip, there = 0, 0.0, 0.0
    for start in range(time_bjd.size):
        while stop < time_bjd.size and time_bjd[stop] < time_bjd[start] + duration_d:
            dip -= pull[stop]
            there += weight[stop]
            stop += 1
        if dip > most * np.sqrt(there):
            allowed = most * np.sqrt(there) / dip
            for i in range(start, stop):
                share[i] = min(share[i], allowed)
        dip += pull[start]
        there -= weight[start]
