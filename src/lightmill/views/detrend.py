"""Dividing out a star's own variability, transits left alone, by one of several methods.

All of them take times (BJD_TDB, sorted), relative flux minus one (NaN where unusable), the segment of each cadence and
which cadences are in a known transit, all (n,), and give relative flux minus one: NaN where there was none, for upward
outliers, and where no trend can be told. Transits take no part in the trend.
"""

import numpy as np

from lightmill.config.views import Biweight, DetrendSettings, Spline
from lightmill.views.biweight import detrend_biweight
from lightmill.views.savgol import detrend_savgol
from lightmill.views.spline import detrend_spline

# A window holds at least three masks, so that under the longest transit the trend rests on as much on either side;
# it grows no further than to three times what is configured, whatever duration a catalog claims.
WINDOW_MASKS = 3.0
WINDOW_GROWTH = 3.0
KNOT_MASKS = 1.5  # spacings of knots in a mask, at most


def detrend(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    segment: np.ndarray,
    masked: np.ndarray,
    settings: DetrendSettings,
    widest_mask_d: float = 0.0,
    level: float = 1.0,
) -> np.ndarray:
    """Flux with each unbroken stretch's trend divided out by the method that `settings` name: (n,) float64.

    Parameters
    ----------
    time_bjd, flux, segment, masked : (n,) arrays, as the methods take them
    settings : which method, and its own
    widest_mask_d : the longest time in days that a transit keeps out of the trend. Filters with a window get one of at
        least three times that, and at most of three times what is configured; a spline gets no knots closer than two
        thirds of it, or than three times what is configured.
    level : median of the flux in the unit that its makers give it in: AstroNet's choice of knots depends on it
    """
    common = time_bjd, flux, segment, masked
    if isinstance(settings, Spline):
        spacings_d = np.geomspace(settings.shortest_knots_d, settings.longest_knots_d, settings.knot_spacings)
        closest_d = min(widest_mask_d / KNOT_MASKS, WINDOW_GROWTH * settings.shortest_knots_d, spacings_d[-1])
        spacings_d = spacings_d[spacings_d >= closest_d]
        return detrend_spline(*common, spacings_d, settings.break_d, settings.clip_sigma, level)
    window_d = float(np.clip(WINDOW_MASKS * widest_mask_d, settings.window_d, WINDOW_GROWTH * settings.window_d))
    if isinstance(settings, Biweight):
        return detrend_biweight(*common, window_d, settings.break_d, settings.clip_sigma)
    return detrend_savgol(*common, window_d, settings.order, settings.break_d, settings.clip_sigma)
