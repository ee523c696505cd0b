"""From folded cadences to views of fixed length: medians in bins.

The bins are AstroNet's (Shallue and Vanderburg 2018, section 3.3): adjoining ones over the whole period, wide
overlapping ones around the transit.
"""

from typing import NamedTuple

import numpy as np


class Bins(NamedTuple):
    """Left and right edges of bins, (n,) float64 each; a bin holds left <= x < right."""

    left: np.ndarray
    right: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """(n,) float64."""
        return 0.5 * (self.left + self.right)


class BinnedView(NamedTuple):
    """Medians in bins: `values` (n,) float64 with empty bins filled, `counts` (n,) int64 of cadences in each bin."""

    values: np.ndarray
    counts: np.ndarray

    @property
    def empty(self) -> int:
        """Number of bins without a cadence."""
        return int(np.count_nonzero(self.counts == 0))


def global_bins(length: int, period_d: float) -> Bins:
    """`length` adjoining bins over [-period/2, period/2). With an even length mid-transit is an edge."""
    edges = np.linspace(-0.5 * period_d, 0.5 * period_d, length + 1)
    return Bins(edges[:-1], edges[1:])


def local_bins(length: int, half_width_d: float, bin_width_d: float) -> Bins:
    """`length` bins of `bin_width_d` days, evenly spaced from the left to the right end of +- half_width_d.

    Raises
    ------
    ValueError
        if a bin is wider than the whole view, or there are fewer than two
    """
    if length < 2:
        raise ValueError(f"length must be at least 2 (got: {length})")
    if not 0 < bin_width_d <= 2 * half_width_d:
        raise ValueError(f"bin_width_d must be above 0 and at most {2 * half_width_d} (got: {bin_width_d})")
    left = np.linspace(-half_width_d, half_width_d - bin_width_d, length)
    return Bins(left, left + bin_width_d)


def local_extent(
    period_d: float, duration_d: float, length: int, durations: float, bin_width_durations: float
) -> tuple[float, float]:
    """Half-width of a transit's local view, and width of its bins, in days: what `local_bins` takes.

    The view reaches `durations` transit durations to either side, at most half a period. Bins are
    `bin_width_durations` durations wide, but at least as wide as they are apart, so that a short view leaves no
    cadence out.
    """
    half_width_d = min(0.5 * period_d, durations * duration_d)
    bin_width_d = np.clip(bin_width_durations * duration_d, 2 * half_width_d / length, half_width_d)
    return half_width_d, float(bin_width_d)


def bin_medians(x: np.ndarray, values: np.ndarray, bins: Bins) -> tuple[np.ndarray, np.ndarray]:
    """Median of `values` in each bin, and how many there are.

    Parameters
    ----------
    x : (n,) float64, sorted ascending
    values : (n,) float, finite
    bins : bins along x, in any arrangement; they may overlap

    Returns
    -------
    medians : (m,) float64, NaN in empty bins
    counts : (m,) int64
    """
    start = np.searchsorted(x, bins.left, side="left")
    stop = np.searchsorted(x, bins.right, side="left")
    counts = np.maximum(stop - start, 0)
    ends = np.cumsum(counts)
    owner = np.repeat(np.arange(counts.size), counts)
    member = np.arange(owner.size) + np.repeat(start - (ends - counts), counts)
    # Every bin's members lie side by side; sorted within each bin, the median is in the middle.
    chosen = np.asarray(values, dtype=np.float64)[member]
    chosen = chosen[np.lexsort((chosen, owner))]
    medians = np.full(counts.size, np.nan)
    filled = counts > 0
    first, size = (ends - counts)[filled], counts[filled]
    medians[filled] = 0.5 * (chosen[first + (size - 1) // 2] + chosen[first + size // 2])
    return medians, counts


def fill_empty(medians: np.ndarray, centre: np.ndarray, period: float | None = None) -> np.ndarray:
    """Empty bins (NaN) on the straight line between their nearest filled neighbours.

    With `period` the neighbours of the first bin include the last (a whole folded period is a circle); without it,
    empty bins at an end take the value of the nearest filled one.

    Raises
    ------
    ValueError
        if no bin is filled
    """
    empty = np.isnan(medians)
    if empty.all():
        raise ValueError("no bin has a cadence in it")
    filled = medians.copy()
    filled[empty] = np.interp(centre[empty], centre[~empty], medians[~empty], period=period)
    return filled


def global_view(phase_d: np.ndarray, flux: np.ndarray, period_d: float, length: int) -> BinnedView:
    """The whole period in `length` adjoining bins; mid-transit in the middle (to half a bin where length is even).

    Parameters
    ----------
    phase_d : (n,) float64, days from mid-transit, sorted ascending, in [-period/2, period/2)
    flux : (n,) float, relative flux minus one
    period_d : days
    length : number of bins

    Raises
    ------
    ValueError
        if there is no cadence at all
    """
    bins = global_bins(length, period_d)
    medians, counts = bin_medians(phase_d, flux, bins)
    return BinnedView(fill_empty(medians, bins.centre, period_d), counts)


def local_view(
    phase_d: np.ndarray, flux: np.ndarray, half_width_d: float, bin_width_d: float, length: int
) -> BinnedView:
    """What lies within `half_width_d` of mid-transit, in `length` bins of `bin_width_d` days that overlap.

    Parameters and errors are those of `global_view` and `local_bins`.
    """
    bins = local_bins(length, half_width_d, bin_width_d)
    medians, counts = bin_medians(phase_d, flux, bins)
    return BinnedView(fill_empty(medians, bins.centre), counts)
