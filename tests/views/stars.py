"""Small stars with box transits, for the tests of views."""

import numpy as np

from lightmill.lightcurves import LightCurve, Segment
from lightmill.lightcurves.authors import OWN
from lightmill.lightcurves.lightcurve import COLUMNS, STAR
from lightmill.targets import mission_of
from lightmill.views import Signal

CADENCE_D = 29.4244 / 1440
START = 2455000.0


def signal(period_d=10.0, epoch_bjd=START + 5.0, duration_h=5.0, depth_ppm=1000.0, name="b"):
    return Signal(f"KOI K00001.{name}", period_d, epoch_bjd, duration_h, depth_ppm)


def segment(number=1, author="Kepler", cadence_s=CADENCE_D * 86400):
    return Segment(
        number=number,
        author=author,
        cadence_s=cadence_s,
        exposure_s=0.92 * cadence_s,
        crowdsap=np.nan,
        flfrcsap=np.nan,
        channel=-1,
        camera=-1,
        ccd=-1,
        data_release=-1,
        rows_without_time=0,
        file=f"{number}.fits",
        sha256="",
        size_bytes=0,
        date="",
        star=(np.nan,) * len(STAR),
    )


def light_curve(days=90.0, signals=(), noise=0.0, target_id="KIC 1", authors=None, **columns):
    """A light curve of two segments with box transits in it."""
    time = START + np.arange(0, days, CADENCE_D)
    flux = 1 + np.random.default_rng(8).normal(0, noise, time.size) if noise else np.ones(time.size)
    for each in signals:
        flux[each.transits(time, 1.0)] -= each.depth_ppm * 1e-6
    second = (time > START + days / 2).astype(np.int16)
    arrays = {name: np.zeros(time.size, kind) for name, kind in COLUMNS.items()}
    arrays.update(time_bjd=time, pdcsap_flux=(flux * np.where(second, 5e3, 1e4)).astype("f4"), segment=second)
    arrays.update(columns)
    authors = authors or (OWN[mission_of(target_id)],) * 2
    return LightCurve(
        target_id=target_id,
        segments=tuple(segment(number, author) for number, author in enumerate(authors, 1)),
        **arrays,
        **dict.fromkeys(STAR, np.nan),
    )
