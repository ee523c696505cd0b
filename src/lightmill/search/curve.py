"""A star's light curve made ready for the search: flat, without what was found, no single event standing out."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lightmill.config.views import DetrendSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.search.box import Peak, Periodogram, Redness, search_box
from lightmill.search.noise import local_scatter, redness, without_single_events
from lightmill.search.sharpen import Cadences, weigh
from lightmill.views.flatten import flatten_star, transit_mask
from lightmill.views.fold import fold
from lightmill.views.normalise import FLAT
from lightmill.views.signal import Signal

# Found transits are removed this many durations wide: boxes are shorter than the transits they fit.
REMOVED_DURATIONS = 2.0
# Parts of a period in which the mean brightness is taken out of a star that varies with it.
PHASE_BINS = 100
# Fewer cadences than this are not searched.
FEWEST_CADENCES = 100


class Curve(NamedTuple):
    """What is searched."""

    cadences: Cadences
    flux: np.ndarray
    """(n,) float64, relative flux minus one, single events limited."""
    scatter: np.ndarray
    """(n,) float64, sigma of single cadences."""
    red: Redness

    @property
    def span_d(self) -> float:
        """Days from the first to the last cadence."""
        return float(self.cadences.time_bjd[-1] - self.cadences.time_bjd[0])

    def periodogram(self, shortest_d: float, longest_d: float) -> Periodogram:
        """The best box at every period of a range."""
        return search_box(self.cadences.time_bjd, self.flux, self.scatter, shortest_d, longest_d, redness=self.red)


def searchable(time_bjd: np.ndarray, flux: np.ndarray) -> Curve | None:
    """Flat arrays made ready: (n,) float64 each, as `search_box` takes them.

    None where there are too few cadences, or they do not scatter.
    """
    if time_bjd.size < FEWEST_CADENCES:
        return None
    scatter = local_scatter(time_bjd, flux)
    if not np.all(scatter > FLAT):
        return None
    red = redness(time_bjd, flux, scatter)
    flux = without_single_events(time_bjd, flux, scatter, red)
    return Curve(weigh(time_bjd, flux, scatter), flux, scatter, red)


def flat_without(
    light_curve: LightCurve, detrend: DetrendSettings, found: Sequence[Peak], waves: Sequence[Peak]
) -> Curve | None:
    """What is left of a star's light curve when the transits of what was `found` are masked and removed.

    So is what the star does in the mean with the periods of `waves`. None as in `searchable`.
    """
    masked = [signal_of(peak) for peak in found]
    flat = flatten_star(light_curve, masked, detrend)
    left = ~transit_mask(flat.time_bjd, masked, REMOVED_DURATIONS)
    time_bjd, flux = flat.time_bjd[left], flat.flux[left]
    for peak in waves:
        flux = flux - phase_curve(time_bjd, flux, peak.period_d, peak.epoch_bjd)
    return searchable(time_bjd, flux)


def signal_of(peak: Peak) -> Signal:
    """A peak as what is masked and folded."""
    return Signal("", peak.period_d, peak.epoch_bjd, peak.duration_h, peak.depth_ppm)


def phase_curve(time_bjd: np.ndarray, flux: np.ndarray, period_d: float, epoch_bjd: float) -> np.ndarray:
    """The mean brightness at each phase of a period, on straight lines between the middles of a hundred parts.

    Parameters
    ----------
    time_bjd, flux : (n,) float64 each

    Returns
    -------
    (n,) float64
    """
    phase = fold(time_bjd, period_d, epoch_bjd) / period_d + 0.5
    place = np.minimum((phase * PHASE_BINS).astype(np.int64), PHASE_BINS - 1)
    count = np.bincount(place, minlength=PHASE_BINS)
    mean = np.bincount(place, flux, minlength=PHASE_BINS) / np.maximum(count, 1)
    there = np.flatnonzero(count)
    return np.interp(phase, (there + 0.5) / PHASE_BINS, mean[there], period=1.0)
