"""Dividing out a star's own variability by a spline whose stiffness the light curve itself chooses.

AstroNet's way (Shallue and Vanderburg 2018, AJ 155, 94; Vanderburg and Johnson 2014, PASP 126, 948): to each unbroken
piece a cubic spline with evenly spaced knots is fitted, outliers left out, at several spacings; the one spacing for the
whole light curve is that of the lowest Bayesian information criterion. Here transits may be masked as well: they take
no part in the fit, and the spline under them is the smooth continuation of both sides.
"""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled
from lightmill.views.medians import mad_scatter, median
from lightmill.views.spline_pieces import fit_pieces
from lightmill.views.stretches import stretches

MAD_SIGMAS = 1.48  # AstroNet's
# Relative flux that is rounding of 64-bit numbers, and no outlier however little else there is.
ROUNDING = 1e-12


class SplineFit(NamedTuple):
    """A trend fitted to a light curve."""

    trend: np.ndarray
    """(n,) float64, relative flux minus one; NaN where there is none."""
    spacing_d: float
    """The chosen spacing of knots in days; NaN if no spline could be fitted."""
    fitted: np.ndarray
    """(n,) bool, the cadences that the chosen spline was fitted to."""
    criterion: np.ndarray
    """(k,) float64, Bayesian information criterion of each spacing; NaN where it cannot be used."""


def detrend_spline(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    segment: np.ndarray,
    masked: np.ndarray,
    spacings_d: np.ndarray,
    break_d: float,
    clip_sigma: float,
    level: float = 1.0,
) -> np.ndarray:
    """Flux with the spline divided out; transits and dips are kept, flares are not.

    Parameters
    ----------
    time_bjd, flux, segment, masked, spacings_d, break_d, level : as in `fit_spline`
    clip_sigma : cadences this many robust sigmas or more above a piece's trend (flares, cosmic rays) are dropped

    Returns
    -------
    (n,) float64, relative flux minus one; NaN where `flux` is, where it is clipped, and where there is no trend or one
    that is no brightness (not above zero)

    Raises
    ------
    ValueError
        as `fit_spline`
    """
    trend = fit_spline(time_bjd, flux, segment, masked, spacings_d, break_d, level).trend
    flat = np.full(flux.shape, np.nan)
    bright = trend > -1.0
    flat[bright] = (flux[bright] - trend[bright]) / (1.0 + trend[bright])
    index, start = stretches(time_bjd, segment, np.isfinite(flux), break_d)
    _drop_flares(flat, np.require(masked, np.bool_, ("C", "W")), index, start, clip_sigma)
    return flat


def fit_spline(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    segment: np.ndarray,
    masked: np.ndarray,
    spacings_d: np.ndarray,
    break_d: float,
    level: float = 1.0,
) -> SplineFit:
    """The spline of a light curve.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted, BJD_TDB
    flux : (n,) float64, relative flux minus one, NaN where unusable
    segment : (n,) int, segment of each cadence
    masked : (n,) bool, cadences in a known transit: they take no part in the fit
    spacings_d : (k,) float64, spacings of knots in days to choose from; of equally good ones the first is taken
    break_d : a gap longer than this many days splits a segment; each piece has a spline of its own
    level : the star's brightness in the unit in which the spacings are judged. AstroNet's criterion counts an outlier
        more, the smaller the flux is as a number; what it makes of flux in electrons per second, as it reads it, comes
        out with the star's median in those

    Returns
    -------
    SplineFit. Its trend is NaN where `flux` is, in pieces of fewer than four cadences to fit, at masked cadences with
    none to fit on one side of them, and at masked ones where the trend is less certain than a single cadence.

    Raises
    ------
    ValueError
        if there is no spacing, or one that is not above zero, or the level is not
    """
    spacings_d = np.require(spacings_d, np.float64, ("C", "W"))
    if spacings_d.size == 0 or not np.all(spacings_d > 0):
        raise ValueError(f"spacings of knots must be above zero, at least one (got: {spacings_d.tolist()})")
    if not level > 0:
        raise ValueError(f"level must be above zero (got: {level})")
    index, start = stretches(time_bjd, segment, np.isfinite(flux), break_d)
    time_d, value, hidden = time_bjd[index], flux[index].astype(np.float64), masked[index].astype(np.bool_)
    scores, _, _ = fit_pieces(time_d, value, hidden, start, spacings_d)
    criterion = _criterion(scores, _noise(value, hidden, start), level)
    trend, fitted = np.full(flux.shape, np.nan), np.zeros(flux.shape, dtype=bool)
    if np.isnan(criterion).all():
        return SplineFit(trend, float("nan"), fitted, criterion)
    best = int(np.nanargmin(criterion))
    _, trend[index], fitted[index] = fit_pieces(time_d, value, hidden, start, spacings_d[best : best + 1])
    return SplineFit(trend, float(spacings_d[best]), fitted, criterion)


def _noise(value: np.ndarray, masked: np.ndarray, start: np.ndarray) -> float:
    """Scatter of single cadences, from the median step between neighbours in a piece; NaN where there are none."""
    piece = np.repeat(np.arange(start.size - 1), np.diff(start))[~masked]
    steps = np.abs(np.diff(value[~masked]) / np.sqrt(2))[np.diff(piece) == 0]
    return MAD_SIGMAS * median(steps)


def _criterion(scores: np.ndarray, noise: float, level: float) -> np.ndarray:
    """Bayesian information criterion of each of the `scores` of `fit_pieces`: (k,), NaN where nothing was fitted.

    Without noise nothing can be told, and all are alike (as in AstroNet, where the first that can be fitted is taken).
    """
    cadences, squares, parameters = scores.T
    criterion = np.full(cadences.shape, np.nan)
    some = cadences > 0
    variance = noise**2
    if not variance > 0:
        criterion[some] = 0.0
        return criterion
    likelihood = cadences[some] * np.log(2 * np.pi * level**2 * variance) + squares[some] / variance
    criterion[some] = likelihood + parameters[some] * np.log(cadences[some])
    return criterion


@compiled("void(float64[::1], boolean[::1], int64[::1], int64[::1], float64)")
def _drop_flares(flat: np.ndarray, masked: np.ndarray, index: np.ndarray, start: np.ndarray, clip_sigma: float) -> None:
    """NaN where `flat` is more than so many robust sigmas above the median of its piece's unmasked cadences."""
    for number in range(start.size - 1):
        piece = index[start[number] : start[number + 1]]
        sample = np.empty(piece.size + 1)
        found = 0
        for place in piece:
            sample[found] = flat[place]
            found += not masked[place] and flat[place] == flat[place]
        limit = median(sample[:found]) + max(clip_sigma * mad_scatter(sample[:found]), ROUNDING)
        for place in piece:
            if flat[place] > limit:
                flat[place] = np.nan
