"""The table of TESS Objects of Interest."""

from lightmill.simulate.archive_csv import Value, measured, sexagesimal
from lightmill.simulate.listing import Listed

FIRST_TOI = 90_000


def toi_name(listed: Listed) -> str:
    """90001.01, 90001.02, ...: numbers that no real TOI has."""
    return f"{FIRST_TOI + listed.serial}.{listed.number:02d}"


def toi_row(listed: Listed, single_transit: bool) -> dict[str, Value]:
    """One row of the table; epochs are BJD, depths ppm. A single transit has no period."""
    star = listed.target.star
    rastr, decstr = sexagesimal(star.ra_deg, star.dec_deg)
    period: dict[str, Value] = {"pl_orbperlim": 0}
    if not single_transit:
        period |= measured("pl_orbper", listed.period_d, listed.period_err_d)
    return {
        "toi": toi_name(listed),
        "tid": listed.star_number,
        "tfopwg_disp": listed.disposition,
        "rastr": rastr,
        "ra": star.ra_deg,
        "decstr": decstr,
        "dec": star.dec_deg,
        "toi_created": "2025-01-15 12:00:00",
        "rowupdate": "2025-12-01 12:00:00",
        "pl_insol": listed.insolation,
        "pl_eqt": listed.equilibrium_k,
        **period,
        **measured("st_pmra", star.pm_ra_mas_yr, 0.05),
        **measured("st_pmdec", star.pm_dec_mas_yr, 0.05),
        **measured("pl_tranmid", listed.epoch_bjd, listed.epoch_err_d),
        **measured("pl_trandurh", listed.duration_h, listed.duration_err_h),
        **measured("pl_trandep", listed.depth_ppm, listed.depth_err_ppm),
        **measured("pl_rade", listed.radius_rearth, listed.radius_err_rearth),
        **measured("st_tmag", star.magnitude, 0.006),
        **measured("st_dist", star.distance_pc, 0.02 * star.distance_pc),
        **measured("st_teff", listed.teff_k, 120.0),
        **measured("st_logg", listed.logg, 0.08),
        **measured("st_rad", listed.radius_rsun, 0.06 * listed.radius_rsun),
    }
