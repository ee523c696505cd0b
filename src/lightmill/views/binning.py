"""From folded cadences to views of fixed length: medians, scatters and counts in bins.

The bins are AstroNet's (Shallue and Vanderburg 2018, section 3.3): adjoining ones over the whole period, wide
overlapping ones around the transit.
"""

from typing import NamedTuple

import numpy as np

from lightmill.views.bin_kernel import bin_statistics


class Bins(NamedTuple):
    """Left and right edges of bins, (m,) float64 each, both ascending; a bin holds left <= x < right."""

    left: np.ndarray
    right: np.ndarray

    @property
    def centre(self) -> np.ndarray:
        """(m,) float64."""
        return 0.5 * (self.left + self.right)


class Binned(NamedTuple):
    """What lies in each of m bins.

    The scatter is half the distance between the quartiles over Phi^-1(3/4), which for normal noise is its sigma; like
    the median it does not feel what up to a quarter of a bin's cadences do on either side. The quartiles are those of
    Hyndman and Fan (1996), definition 9, which are right in the mean for normal noise: the scatter of few cadences is
    not too small, but for two (by 16 %; from three on it is within 5 % of sigma in the mean).
    """

    values: np.ndarray
    """(m,) float64, medians; NaN in empty bins."""
    scatter: np.ndarray
    """(m,) float64, robust scatter of single cadences; NaN in bins of fewer than two."""
    counts: np.ndarray
    """(m,) int32, cadences."""


class BinnedView(NamedTuple):
    """A view of n bins: medians with empty bins filled, the scatters and counts of what is in them."""

    values: np.ndarray
    """(n,) float64, medians; finite, for `fill_empty` has filled the empty bins."""
    scatter: np.ndarray
    """(n,) float64, as of `Binned`: NaN in bins of fewer than two cadences, which stay unfilled."""
    counts: np.ndarray
    """(n,) int32."""

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


def bin_even(x: np.ndarray, values: np.ndarray, first_left: float, spacing: float, width: float, length: int) -> Binned:
    """Median, scatter and count in each of `length` evenly spaced bins, which may overlap, adjoin or stand apart.

    Bin k holds first_left + k * spacing <= x < first_left + k * spacing + width. Where `width` is `spacing`, every
    right edge is the next bin's left one to the last bit.

    Parameters
    ----------
    x : (n,) float, in any order
    values : (n,) float; cadences whose x or value is not finite are left out
    first_left, spacing, width : in units of x; spacing and width above zero

    Raises
    ------
    ValueError
        if spacing or width is not above zero, or there is no bin
    """
    if not (spacing > 0 and width > 0 and length > 0):
        raise ValueError(f"spacing, width and length must be above 0 (got: {spacing}, {width}, {length})")
    left = first_left + spacing * np.arange(length + 1)
    return bin_between(x, values, Bins(left[:-1], left[1:] if width == spacing else left[:-1] + width))


def bin_between(x: np.ndarray, values: np.ndarray, bins: Bins) -> Binned:
    """Median, scatter and count in each bin, by the bins' very edges.

    Parameters
    ----------
    x : (n,) float, in any order
    values : (n,) float; cadences whose x or value is not finite are left out
    bins : in ascending order, overlapping or not; quickest where they are spaced evenly

    Raises
    ------
    ValueError
        if there are not as many values as x
    """
    if np.shape(x) != np.shape(values):
        raise ValueError(f"x and values must have one shape (got: {np.shape(x)} and {np.shape(values)})")
    return Binned(*bin_statistics(_floats(x), _floats(values), _floats(bins.left), _floats(bins.right)))


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
    if empty.any():
        filled[empty] = np.interp(centre[empty], centre[~empty], medians[~empty], period=period)
    return filled


def global_view(phase_d: np.ndarray, flux: np.ndarray, period_d: float, length: int) -> BinnedView:
    """The whole period in `length` adjoining bins; mid-transit in the middle (to half a bin where length is even).

    Parameters
    ----------
    phase_d : (n,) float64, days from mid-transit, in [-period/2, period/2), in any order
    flux : (n,) float, relative flux minus one; cadences that are not finite are left out
    period_d : days
    length : number of bins

    Raises
    ------
    ValueError
        if there is no cadence at all
    """
    bins = global_bins(length, period_d)
    medians, scatter, counts = bin_between(phase_d, flux, bins)
    return BinnedView(fill_empty(medians, bins.centre, period_d), scatter, counts)


def local_view(
    phase_d: np.ndarray, flux: np.ndarray, half_width_d: float, bin_width_d: float, length: int
) -> BinnedView:
    """What lies within `half_width_d` of mid-transit, in `length` bins of `bin_width_d` days that overlap.

    Parameters and errors are those of `global_view` and `local_bins`.
    """
    bins = local_bins(length, half_width_d, bin_width_d)
    medians, scatter, counts = bin_between(phase_d, flux, bins)
    return BinnedView(fill_empty(medians, bins.centre), scatter, counts)


def _floats(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float64)
