"""Judges of the spline: AstroNet's recipe step by step with pydl's splines, and masked ones by dense matrices.

The recipe is the published one (Shallue and Vanderburg 2018, section 3.1.2; exoplanet-ml's defaults): slow, in plain
numpy, with nothing of ours in it. pydl is a port of IDL's, which AstroNet uses.
"""

import warnings
from itertools import pairwise

import numpy as np
from scipy.interpolate import BSpline

SPACINGS_D = np.logspace(np.log10(0.5), np.log10(20), 20)
BREAK_D = 0.75


def pydl_spline(time, flux, used, spacing):
    """One least-squares spline through the used cadences, evaluated at all; raises what pydl raises."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pydl.pydlutils.bspline import iterfit

        return iterfit(time[used], flux[used], bkspace=spacing)[0].value(time)[0]


def sigma_of(values, centre, cut):
    """Standard deviation of the values within `cut` of a centre, three sigmas of a normal distribution: corrected."""
    inside = values[np.abs(values - centre) <= cut]
    return np.std(inside) / (-0.15405 + 0.90723 * 3 - 0.23584 * 9 + 0.020142 * 27)


def not_outlying(residual):
    """Cadences within three robust sigmas of the median residual."""
    centre = np.median(residual)
    distance = np.abs(residual - centre)
    sigma = 1.4826 * np.median(distance)
    if sigma < 1e-24:
        sigma = 1.253 * np.mean(distance)
    return distance <= 3 * sigma_of(residual, centre, 3 * sigma)


def fit_piece(time, flux, spacing_d):
    """Spline of one piece and the cadences it was fitted to; None if there are too few of them."""
    if time.size < 4:
        return None
    span_d = time[-1] - time[0]
    place = (time - time[0]) / span_d
    used = np.ones(time.size, dtype=bool)
    spline = pydl_spline(place, flux, used, spacing_d / span_d)
    for _ in range(4):
        kept = not_outlying(flux - spline)
        if np.array_equal(kept, used):
            break
        used = kept
        if np.count_nonzero(used) < 4:
            return None
        spline = pydl_spline(place, flux, used, spacing_d / span_d)
    return spline, used


def by_the_recipe(time, flux, segment, spacings_d=SPACINGS_D):
    """Trend (flux is about one), spacing, cadences fitted and criterion of a light curve without gaps in its arrays."""
    order = np.argsort(segment, kind="stable")
    breaks = (np.diff(time[order]) > BREAK_D) | (np.diff(segment[order]) != 0)
    pieces = np.split(order, np.flatnonzero(breaks) + 1)
    steps = np.concatenate([np.diff(flux[piece]) for piece in pieces]) / np.sqrt(2)
    sigma = 1.48 * np.median(np.abs(steps))
    best, criterion = None, np.full(len(spacings_d), np.nan)
    for number, spacing_d in enumerate(spacings_d):
        trend, fitted = np.full(time.size, np.nan), np.zeros(time.size, dtype=bool)
        squares, parameters = 0.0, 0
        try:
            for piece in pieces:
                found = fit_piece(time[piece], flux[piece], spacing_d)
                if found is None:
                    continue
                trend[piece], fitted[piece] = found
                squares += np.sum((flux[piece] - trend[piece])[fitted[piece]] ** 2)
                parameters += int((time[piece[-1]] - time[piece[0]]) / spacing_d) + 3
        except (IndexError, TypeError, ValueError):
            # What pydl answers when the equations have no solution: the spacing is not used.
            continue
        count = np.count_nonzero(fitted)
        if count == 0:
            continue
        criterion[number] = count * np.log(2 * np.pi * sigma**2) + squares / sigma**2 + parameters * np.log(count)
        if best is None or criterion[number] < best[0]:
            best = criterion[number], trend, spacing_d, fitted
    if best is None:
        return np.full(time.size, np.nan), np.nan, np.zeros(time.size, dtype=bool), criterion
    return (*best[1:], criterion)


def by_dense_matrices(time, flux, used, masked, spacing_d, stiffness):
    """Trend and variance of one masked piece at all cadences, the spline being fitted to those that are `used`.

    Where a run of masked cadences lies, `stiffness` times the cadences of a knot interval weighs the integral of the
    squared second derivative, time in units of the intervals.
    """
    start, end = time[used][0], time[used][-1]
    seen = np.flatnonzero(~masked)
    intervals = max(int((end - start) / spacing_d), 1)
    step = (end - start) / intervals
    knots = start + step * np.arange(-3, intervals + 4)
    splines = BSpline(knots, np.eye(intervals + 3), 3)
    design = splines(time)
    matrix = design[used].T @ design[used]
    weight = stiffness * seen.size / intervals
    nodes, weights = np.polynomial.legendre.leggauss(4)
    for before, after in pairwise(seen):
        if after == before + 1:
            continue
        # Gauss' rule is exact between knots.
        first, last = max(time[before], start), min(time[after], end)
        edges = [first, *(knot for knot in knots if first < knot < last), last] if first < last else []
        for low, high in pairwise(edges):
            at = (low + high) / 2 + nodes * (high - low) / 2
            bend = splines(at, nu=2) * step**2
            matrix += weight * (high - low) / 2 / step * (bend.T * weights) @ bend
    trend = design @ np.linalg.solve(matrix, design[used].T @ flux[used])
    return trend, np.sum(design * np.linalg.solve(matrix, design.T).T, axis=1)
