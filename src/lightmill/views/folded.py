"""A star's cadences on the ephemeris of one signal: what all of its views are made from."""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled
from lightmill.config.views import LocalView
from lightmill.views.binning import BinnedView, Bins, bin_between, fill_empty, local_bins, local_extent
from lightmill.views.flatten import FlatCurve
from lightmill.views.fold import transit_number
from lightmill.views.signal import Signal

FARTHEST = 4.0  # durations from mid-transit that what is measured on single transits looks at
OBSERVED = 0.5  # of a transit's time must be covered by cadences
FEWEST_SEEN = 3


class Extent(NamedTuple):
    """A local view: how far it reaches to either side of its middle, and its bins."""

    half_width_d: float
    bin_width_d: float
    bins: Bins
    centre_d: np.ndarray
    """Middles of the bins, days: (length,) float64."""

    def view(self, phase_d: np.ndarray, flux: np.ndarray) -> BinnedView:
        """What lies within it, binned as by `local_view`; ValueError if nothing does."""
        medians, scatter, counts = bin_between(phase_d, flux, self.bins)
        return BinnedView(fill_empty(medians, self.centre_d), scatter, counts)


def extent_of(signal: Signal, local: LocalView) -> Extent:
    """The extent of a signal's local view."""
    half_width_d, bin_width_d = local_extent(
        signal.period_d, signal.duration_d, local.length, local.durations, local.bin_width_durations
    )
    bins = local_bins(local.length, half_width_d, bin_width_d)
    return Extent(half_width_d, bin_width_d, bins, bins.centre)


class Around(NamedTuple):
    """The cadences around transits, in order of time."""

    phase_d: np.ndarray
    """(n,) float64, days from the nearest mid-transit."""
    flux: np.ndarray
    """(n,) float64, relative flux minus one."""
    number: np.ndarray
    """(n,) int64, ascending, number of that transit, 0 for the first that was observed."""
    cadence_d: np.ndarray
    """(n,) float64, days from one cadence to the next."""
    centroid_arcsec: np.ndarray | None
    """(n, 2) float64, columns and rows, NaN where not measured; None where the star has none."""


class Folded(NamedTuple):
    """All cadences of a star folded on a signal's ephemeris, and those around its transits."""

    period_d: float
    duration_d: float
    epoch_bjd: float
    """Middle of the first transit that was observed; the listed one where none was observed by itself."""
    time_bjd: np.ndarray
    phase_d: np.ndarray
    """(n,) float64, days from the nearest mid-transit, in [-period/2, period/2)."""
    flux: np.ndarray
    around: Around
    """The cadences within the local view and within four durations."""
    observed: np.ndarray
    """(k,) int64, ascending, numbers of the transits of which at least half was observed; the first is 0."""
    extent: Extent

    def about(self, phase: float, half_width_d: float) -> tuple[np.ndarray, np.ndarray]:
        """The cadences near a place on the orbit, a part of a period after mid-transit: indices, and days from there.

        `half_width_d` is at most half a period.
        """
        return _near(self.phase_d, phase * self.period_d, self.period_d, half_width_d)

    def seen(self, phase: float) -> bool:
        """Whether a place on the orbit was observed: three cadences within half a duration of it, all turns together.

        It says nothing about what is there.
        """
        return self.about(phase, 0.5 * self.duration_d)[0].size >= FEWEST_SEEN


def fold_star(star: FlatCurve, phase_d: np.ndarray, signal: Signal, local: LocalView) -> Folded:
    """A star folded on a signal without `defect`.

    Parameters
    ----------
    star : detrended, transits of other signals removed; at least one cadence in transit
    phase_d : (n,) float64, days of its cadences from mid-transit
    """
    period_d, duration_d = signal.period_d, signal.duration_d
    extent = extent_of(signal, local)
    around_d = min(max(extent.half_width_d, FARTHEST * duration_d), 0.5 * period_d)
    rows, near_d = _near(phase_d, 0.0, period_d, around_d)
    number = transit_number(star.time_bjd[rows], period_d, signal.epoch_bjd)
    cadence_d = star.cadence_d[rows] if isinstance(star.cadence_d, np.ndarray) else np.full(rows.size, star.cadence_d)
    observed = observed_transits(near_d, number, duration_d, cadence_d)
    # Counted from the first one observed, odd and even do not depend on the epoch that a catalog chose.
    first = int(observed[0]) if observed.size else 0
    centroid = None if star.centroid_arcsec is None else star.centroid_arcsec[rows]
    return Folded(
        period_d,
        duration_d,
        signal.epoch_bjd + first * period_d,
        star.time_bjd,
        phase_d,
        star.flux,
        Around(near_d, star.flux[rows], number - first, cadence_d, centroid),
        observed - first,
        extent,
    )


def observed_transits(phase_d: np.ndarray, number: np.ndarray, duration_d: float, cadence_d: np.ndarray) -> np.ndarray:
    """Numbers of the transits of which at least half was covered by cadences: (k,) int64, ascending.

    Parameters
    ----------
    phase_d : (n,) float64, days from the nearest mid-transit
    number : (n,) int64, number of that transit
    duration_d : days
    cadence_d : (n,) float64, days from one cadence to the next
    """
    inside = np.flatnonzero(np.abs(phase_d) < 0.5 * duration_d)
    if inside.size == 0:
        return np.zeros(0, dtype=np.int64)
    first = number[inside].min()
    covered_d = np.bincount(number[inside] - first, weights=cadence_d[inside])
    return first + np.flatnonzero(covered_d >= OBSERVED * duration_d * (1.0 - 1e-9))


@compiled("Tuple((int64[::1], float64[::1]))(float64[::1], float64, float64, float64)")
def _near(phase_d: np.ndarray, place_d: float, period_d: float, half_width_d: float) -> tuple[np.ndarray, np.ndarray]:
    """Indices of the phases less than `half_width_d` from a place, round the circle, and how far each is from it."""
    rows, away_d = np.empty(phase_d.size, np.int64), np.empty(phase_d.size)
    found = 0
    for i in range(phase_d.size):
        away = phase_d[i] - place_d
        if away < -0.5 * period_d:
            away += period_d
        rows[found], away_d[found] = i, away
        found += abs(away) < half_width_d
    return rows[:found].copy(), away_d[:found].copy()
