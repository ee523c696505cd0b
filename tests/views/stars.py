"""Small stars with box transits, for the tests of views."""

import numpy as np

from lightmill.lightcurves import LightCurve
from lightmill.lightcurves.lightcurve import COLUMNS
from lightmill.views import Signal

CADENCE_D = 29.4244 / 1440
START = 2455000.0


def signal(period_d=10.0, epoch_bjd=START + 5.0, duration_h=5.0, depth_ppm=1000.0, name="b"):
    return Signal(f"KOI K00001.{name}", period_d, epoch_bjd, duration_h, depth_ppm)


def light_curve(days=90.0, signals=(), noise=0.0, target_id="KIC 1", **columns):
    """A light curve of two segments with box transits in it."""
    time = START + np.arange(0, days, CADENCE_D)
    flux = 1 + np.random.default_rng(8).normal(0, noise, time.size) if noise else np.ones(time.size)
    for each in signals:
        flux[each.transits(time, 1.0)] -= each.depth_ppm * 1e-6
    segment = (time > START + days / 2).astype(np.int16)
    arrays = {name: np.zeros(time.size, kind) for name, kind in COLUMNS.items()}
    arrays.update(time_bjd=time, pdcsap_flux=(flux * np.where(segment, 5e3, 1e4)).astype("f4"), segment=segment)
    arrays.update(columns)
    star = dict.fromkeys(
        ("ra_deg", "dec_deg", "pm_ra_mas_yr", "pm_dec_mas_yr", "magnitude", "teff_k", "logg", "radius_rsun"), np.nan
    )
    return LightCurve(target_id=target_id, segments=(), **arrays, **star)
