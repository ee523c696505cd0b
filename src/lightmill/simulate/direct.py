"""Light curves of a simulated survey in memory, for studies of thousands of signals: the same numbers, no files.

What comes out is what reading the FITS files would give, under the names of the light-curve store.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from lightmill.config.simulation import SimulationSettings
from lightmill.simulate.eclipses import Orbit, Shape
from lightmill.simulate.fits_files import file_name
from lightmill.simulate.flux import event_shapes
from lightmill.simulate.instrument import Observed, observe
from lightmill.simulate.segments import channel, module_in_season
from lightmill.simulate.survey import Target

# name in the store: name in the files, type
_COLUMNS = {
    "time_bjd": ("TIME", "f8"),
    "cadence_number": ("CADENCENO", "i4"),
    "pdcsap_flux": ("PDCSAP_FLUX", "f4"),
    "pdcsap_flux_err": ("PDCSAP_FLUX_ERR", "f4"),
    "sap_flux": ("SAP_FLUX", "f4"),
    "sap_flux_err": ("SAP_FLUX_ERR", "f4"),
    "sap_background": ("SAP_BKG", "f4"),
    "sap_background_err": ("SAP_BKG_ERR", "f4"),
    "quality": ("QUALITY", "i4"),
    "mom_centr1": ("MOM_CENTR1", "f4"),
    "mom_centr2": ("MOM_CENTR2", "f4"),
    "pos_corr1": ("POS_CORR1", "f4"),
    "pos_corr2": ("POS_CORR2", "f4"),
}
_AUTHORS = {"Kepler": "Kepler", "K2": "K2", "TESS": "SPOC"}
# As the headers write them, in days, and the live share of a cadence.
_CADENCE = {
    "Kepler": (0.02043359821692, 0.92063492),
    "K2": (0.02043359821692, 0.92063492),
    "TESS": (0.001388888888888889, 0.792),
}


@dataclass(frozen=True, eq=False)
class Part:
    """One segment of a light curve: `columns` (n,) each, and what its header would say, all by the store's names."""

    columns: dict[str, np.ndarray]
    segment: dict[str, int | float | str]
    star: dict[str, float]


def light_curve_parts(settings: SimulationSettings, target: Target) -> Iterator[Part]:
    """The segments of a target one by one; none if the archive has none of it. Cadences without time are left out."""
    if target.missing:
        return
    shapes: dict[float, dict[Orbit, list[Shape]]] = {}
    for segment in target.segments:
        if segment.cadence_d not in shapes:
            shapes[segment.cadence_d] = event_shapes(target, segment.cadence_d)
        yield _part(target, observe(settings.seed, settings.instrument, target, segment, shapes[segment.cadence_d]))


def _part(target: Target, observed: Observed) -> Part:
    segment, star, mission = observed.segment, target.star, target.mission
    timed = np.isfinite(observed.columns["TIME"])
    columns = {ours: observed.columns[theirs][timed].astype(kind) for ours, (theirs, kind) in _COLUMNS.items()}
    columns["time_bjd"] += segment.zero_bjd
    cadence_d, live = _CADENCE[mission]
    tess = mission == "TESS"
    module = module_in_season(target.module, segment.season) if mission == "Kepler" else target.module
    known = mission != "K2"
    return Part(
        columns=columns,
        segment={
            "number": segment.number,
            "author": _AUTHORS[mission],
            "cadence_s": cadence_d * 86400,
            "exposure_s": cadence_d * 86400 * live,
            "crowdsap": observed.crowdsap,
            "flfrcsap": observed.flfrcsap,
            "channel": -1 if tess else channel(module, target.output),
            "camera": target.camera if tess else -1,
            "ccd": target.ccd if tess else -1,
            "data_release": segment.data_release,
            "rows_without_time": int(np.count_nonzero(~timed)),
            "file": file_name(target, segment),
            "sha256": "",
            "size_bytes": -1,
            "date": "",
        },
        star={
            "ra_deg": star.ra_deg,
            "dec_deg": star.dec_deg,
            "pm_ra_mas_yr": star.pm_ra_mas_yr if tess else round(star.pm_ra_mas_yr / 1000, 4) * 1000,
            "pm_dec_mas_yr": star.pm_dec_mas_yr if tess else round(star.pm_dec_mas_yr / 1000, 4) * 1000,
            "magnitude": star.magnitude,
            "teff_k": star.teff_k if known else np.nan,
            "logg": star.logg if known else np.nan,
            "radius_rsun": (star.radius_rsun if tess else round(star.radius_rsun, 3)) if known else np.nan,
        },
    )
