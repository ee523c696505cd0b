"""The table of Kepler Objects of Interest."""

import numpy as np

from lightmill.simulate.archive_csv import Value, measured
from lightmill.simulate.listing import Listed
from lightmill.simulate.seeds import generator
from lightmill.targets import BKJD_ZERO_BJD

FIRST_KOI = 90_000
_LETTERS = "bcdefghij"


def koi_name(listed: Listed) -> str:
    """K90001.01, K90001.02, ...: numbers that no real KOI has."""
    return f"K{FIRST_KOI + listed.serial:05d}.{listed.number:02d}"


def koi_row(seed: int, listed: Listed) -> dict[str, Value]:
    """One row of the cumulative table; epochs are BKJD."""
    rng = generator(seed, "koi", listed.target.target_id, listed.number)
    planet = listed.listed_planet
    row: dict[str, Value] = {
        "kepid": listed.star_number,
        "kepoi_name": koi_name(listed),
        "kepler_name": f"Kepler-{FIRST_KOI + listed.serial} {_LETTERS[listed.number - 1]}" if planet else None,
        "koi_disposition": listed.disposition,
        "koi_pdisposition": "FALSE POSITIVE" if planet is False else "CANDIDATE",
        "koi_fpflag_nt": int(planet is False and listed.signal.kind in ("systematic", "variable")),
        "koi_fpflag_ss": int(planet is False and "binary" in listed.signal.kind and rng.random() < 0.6),
        "koi_fpflag_co": int(planet is False and listed.signal.kind == "blended_binary" and rng.random() < 0.7),
        "koi_fpflag_ec": int(planet is False and listed.signal.kind == "contaminated"),
        "koi_period": listed.period_d,
        "koi_time0bk": listed.epoch_bjd - BKJD_ZERO_BJD,
        "koi_duration": listed.duration_h,
        "ra": listed.target.star.ra_deg,
        "dec": listed.target.star.dec_deg,
        "koi_kepmag": listed.target.star.magnitude,
    }
    if listed.incomplete:
        return row
    score = rng.beta(0.5, 6) if planet is False else 1 - rng.beta(0.4, 5 if planet else 2)
    impact = float(rng.uniform(0, 0.95))
    row |= {"koi_score": float(np.round(score, 3)), "koi_impact": impact, "koi_teq": listed.equilibrium_k}
    row |= {"koi_impact_err1": 0.2, "koi_impact_err2": -min(0.2, impact)}
    for name, value, error in (
        ("koi_period", listed.period_d, listed.period_err_d),
        ("koi_time0bk", listed.epoch_bjd - BKJD_ZERO_BJD, listed.epoch_err_d),
        ("koi_duration", listed.duration_h, listed.duration_err_h),
        ("koi_depth", listed.depth_ppm, listed.depth_err_ppm),
        ("koi_prad", listed.radius_rearth, listed.radius_err_rearth),
        ("koi_insol", listed.insolation, 0.3 * listed.insolation),
        ("koi_steff", listed.teff_k, 150.0),
        ("koi_slogg", listed.logg, 0.1),
        ("koi_srad", listed.radius_rsun, 0.12 * listed.radius_rsun),
    ):
        row |= measured(name, value, error, "_err", limit=False)
    row |= {"koi_model_snr": listed.snr, "koi_tce_plnt_num": listed.number, "koi_tce_delivname": "q1_q17_dr25_tce"}
    return row
