"""Detrended stars made by hand, for the tests of what is made of them."""

import numpy as np
from views.stars import CADENCE_D, START

from lightmill.config.views import ViewSettings
from lightmill.views.flatten import FlatCurve
from lightmill.views.fold import fold
from lightmill.views.folded import fold_star

BASIC = ViewSettings(more=())


def flat_star(days=400.0, noise=1e-4, seed=9, centroid=None):
    """A quiet star; with `centroid`, the noise of its centroid in arcseconds, it has one."""
    time = START + np.arange(0, days, CADENCE_D)
    random = np.random.default_rng(seed)
    flux = random.normal(0, noise, time.size)
    return FlatCurve(time, flux, CADENCE_D, None if centroid is None else random.normal(0, centroid, (time.size, 2)))


def with_box(star, of, depths=None, shift_arcsec=(0.0, 0.0)):
    """Box transits of `of` in a star; `depths` in ppm in turn, by the number of the transit from the epoch.

    The centroid moves by `shift_arcsec` in transit.
    """
    inside = of.transits(star.time_bjd, 1.0)
    flux = star.flux.copy()
    turn = np.rint((star.time_bjd[inside] - of.epoch_bjd) / of.period_d).astype(int)
    flux[inside] -= np.resize(depths or [of.depth_ppm], turn.max() + 1)[turn] * 1e-6 if inside.any() else 0.0
    star = star._replace(flux=flux)
    if star.centroid_arcsec is not None:
        centroid = star.centroid_arcsec.copy()
        centroid[inside] += shift_arcsec
        star = star._replace(centroid_arcsec=centroid)
    return star


def mirrored(star):
    """The star with time running backwards, about its middle."""
    centroid = star.centroid_arcsec
    return star._replace(
        time_bjd=(star.time_bjd[0] + star.time_bjd[-1] - star.time_bjd)[::-1].copy(),
        flux=star.flux[::-1].copy(),
        centroid_arcsec=None if centroid is None else centroid[::-1].copy(),
    )


def without(star, gone):
    """The star without the cadences where the mask `gone` is set."""
    keep = ~gone
    centroid = star.centroid_arcsec
    return star._replace(
        time_bjd=star.time_bjd[keep],
        flux=star.flux[keep],
        centroid_arcsec=None if centroid is None else centroid[keep],
    )


def folded(star, of, settings=BASIC):
    """The star on a signal's ephemeris."""
    return fold_star(star, fold(star.time_bjd, of.period_d, of.epoch_bjd), of, settings.local)
