"""A star's light curve with its own variability divided out, the transits of all its signals left alone."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lightmill.config.views import DetrendSettings, Spline, ViewSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.views.centroid import flat_centroids
from lightmill.views.detrend import detrend
from lightmill.views.medians import median
from lightmill.views.normalise import normalise_segments
from lightmill.views.quality import good_cadences
from lightmill.views.roll import unroll
from lightmill.views.signal import Signal

# Cadences of segments that differ by less than this factor are one cadence.
SAME_CADENCE = 1.05
DAY_S = 86400.0


class FlatCurve(NamedTuple):
    """Usable cadences of a star with its own variability divided out."""

    time_bjd: np.ndarray
    flux: np.ndarray
    """(n,) float64, relative flux minus one, finite."""
    cadence_d: np.ndarray | float
    """(n,) float64 or one for all, days from one cadence to the next: segments may differ."""
    centroid_arcsec: np.ndarray | None = None
    """(n, 2) float64, the star's place on the detector (columns, rows) without the telescope's own motion, arcseconds
    from where it mostly is; NaN where unknown. None where nobody asked for it."""


def flatten_star(light_curve: LightCurve, signals: Sequence[Signal], settings: DetrendSettings) -> FlatCurve:
    """A star's light curve, normalised, K2's roll and trends divided out, transits of all located `signals` masked."""
    time_bjd = np.ascontiguousarray(light_curve.time_bjd)
    good = good_cadences(light_curve)
    flux = normalise_segments(light_curve.pdcsap_flux, light_curve.segment, good)
    masked = transit_mask(time_bjd, signals, settings.mask_durations)
    flux = unroll(light_curve, flux, masked)
    # Only the choice of knots depends on the unit of flux.
    level = _level(light_curve.pdcsap_flux[np.isfinite(flux)]) if isinstance(settings, Spline) else 1.0
    flat = detrend(time_bjd, flux, light_curve.segment, masked, settings, widest_mask_d(signals, settings), level)
    usable = np.isfinite(flat)
    times = time_bjd[usable]
    nominal_s = np.array([segment.cadence_s for segment in light_curve.segments])
    return FlatCurve(times, flat[usable], cadence_lengths(times, light_curve.segment[usable], nominal_s))


def _level(flux: np.ndarray) -> float:
    """The median of the usable flux, 1 where there is none."""
    return median(flux.astype(np.float64)) if flux.size else 1.0


def flatten_for_views(light_curve: LightCurve, signals: Sequence[Signal], settings: ViewSettings) -> FlatCurve:
    """A star's flattened light curve with all that its views are made of: centroids too, where they are wanted."""
    star = flatten_star(light_curve, signals, settings.detrend)
    if "centroid" not in settings.more:
        return star
    # The cadences that are left: times are sorted, and no two alike.
    rows = np.searchsorted(light_curve.time_bjd, star.time_bjd)
    masked = transit_mask(star.time_bjd, signals, settings.detrend.mask_durations)
    return star._replace(centroid_arcsec=flat_centroids(light_curve, rows, masked))


def transit_mask(time_bjd: np.ndarray, signals: Sequence[Signal], durations: float) -> np.ndarray:
    """Where a time lies in a transit of any of the located `signals`, each `durations` times as wide: (n,) bool."""
    masked = np.zeros(time_bjd.shape, dtype=bool)
    for signal in signals:
        if signal.located:
            masked |= signal.transits(time_bjd, durations)
    return masked


def widest_mask_d(signals: Sequence[Signal], settings: DetrendSettings) -> float:
    """The longest time in days that a transit of the `signals` keeps out of the trend."""
    return max((settings.mask_durations * signal.duration_d for signal in signals if signal.located), default=0.0)


def cadence_lengths(time_bjd: np.ndarray, segment: np.ndarray, nominal_s: np.ndarray) -> np.ndarray | float:
    """Days from one cadence to the next: the median step of all times with about the same cadence.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted, of the usable cadences
    segment : (n,) int, each one's segment
    nominal_s : (segments,) float64, cadence of each segment in seconds; within 5 % they count as one

    Returns
    -------
    float, where all segments have one cadence; else (n,) float64
    """
    distinct, place = np.unique(nominal_s, return_inverse=True)
    alike = np.concatenate([[0], np.cumsum(np.diff(np.log(distinct)) > np.log(SAME_CADENCE))])[place]
    if np.all(alike == alike[0]):
        return _step_d(time_bjd, nominal_s[0])
    lengths = np.full(time_bjd.shape, np.nan)
    kinds = alike[segment]
    for kind in np.unique(kinds):
        rows = kinds == kind
        lengths[rows] = _step_d(time_bjd[rows], nominal_s[alike == kind][0])
    return lengths


def _step_d(time_bjd: np.ndarray, nominal_s: float) -> float:
    """The median step of sorted times in days; the nominal one of a single time."""
    return median(np.diff(time_bjd)) if time_bjd.size > 1 else nominal_s / DAY_S
