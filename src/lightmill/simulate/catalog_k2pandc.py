"""The table of K2 planets and candidates: one row per planet and reference, of which one is the default."""

import numpy as np

from lightmill.simulate.archive_csv import ROW_DATE, Value, measured, sexagesimal
from lightmill.simulate.listing import Listed
from lightmill.simulate.seeds import generator

FIRST_K2 = 9_000
_LETTERS = "bcdefghij"
_R_EARTH_PER_R_JUPITER = 11.209
_AUTHORS = ("Alder", "Birch", "Cedar", "Durmast", "Elder")


def planet_name(seed: int, listed: Listed) -> str:
    """Confirmed planets are mostly called after the mission (`K2-9001 b`), all others after the EPIC number."""
    if not listed.listed_planet:
        return f"EPIC {listed.star_number}.{listed.number:02d}"
    return f"{host_name(seed, listed)} {_LETTERS[listed.number - 1]}"


def host_name(seed: int, listed: Listed) -> str:
    """The star: `K2-9001` for 93 % of the confirmed and a few of the candidates, as in the Archive."""
    named = generator(seed, "k2 host", listed.target.target_id).random()
    if named < 0.93 if listed.listed_planet else named < 0.03:
        return f"K2-{FIRST_K2 + listed.serial}"
    return f"EPIC {listed.star_number}"


def k2_rows(seed: int, listed: Listed) -> list[dict[str, Value]]:
    """The rows of one planet: the default reference, and up to three others that saw less or differ a little."""
    rng = generator(seed, "k2pandc", listed.target.target_id, listed.number)
    others = min(3, int(rng.poisson(0.8)))
    default = int(rng.integers(others + 1))
    return [_row(seed, listed, reference, reference == default, rng) for reference in range(others + 1)]


def _row(seed: int, listed: Listed, reference: int, default: bool, rng: np.random.Generator) -> dict[str, Value]:
    star, planet = listed.target.star, listed.listed_planet
    rastr, decstr = sexagesimal(star.ra_deg, star.dec_deg)
    source = _reference(listed.serial + reference)
    name = planet_name(seed, listed)
    differs = 0.0 if default else 0.7 * listed.period_err_d * rng.standard_normal()
    row: dict[str, Value] = {
        "pl_name": name,
        "hostname": host_name(seed, listed),
        "pl_letter": _LETTERS[listed.number - 1] if planet else None,
        "k2_name": name if name.startswith("K2-") else None,
        "epic_hostname": f"EPIC {listed.star_number}",
        "epic_candname": f"EPIC {listed.star_number}.{listed.number:02d}",
        "default_flag": int(default),
        "disposition": listed.disposition,
        "disp_refname": f"{_AUTHORS[listed.serial % len(_AUTHORS)]} et al. 2019",
        "sy_snum": 1,
        "sy_pnum": len(listed.target.signals) if planet else 0,
        "discoverymethod": "Transit",
        "disc_year": 2019,
        "disc_facility": "K2",
        "soltype": "Published Confirmed" if planet else "Published Candidate",
        "pl_controv_flag": 0,
        "pl_refname": source,
        "ttv_flag": 0,
        "st_refname": source,
        "sy_refname": source,
        "rastr": rastr,
        "decstr": decstr,
        "ra": star.ra_deg,
        "dec": star.dec_deg,
        "rowupdate": ROW_DATE,
        "pl_pubdate": "2019-06",
        "releasedate": ROW_DATE,
        **measured("pl_orbper", listed.period_d + differs, None if listed.incomplete else listed.period_err_d),
        **measured("st_rad", listed.radius_rsun, 0.12 * listed.radius_rsun),
        **measured("sy_dist", star.distance_pc, 0.02 * star.distance_pc, limit=False),
        **measured("sy_vmag", star.magnitude + 0.3, 0.03, limit=False),
        **measured("sy_kmag", star.magnitude - 1.6, 0.02, limit=False),
        **measured("sy_gaiamag", star.magnitude - 0.05, 0.0004, limit=False),
    }
    # Every other reference gives no more than a period, as many in the Archive do.
    if listed.incomplete or (not default and rng.random() < 0.5):
        return row
    return row | {
        "pl_tsystemref": "BJD",
        **measured("pl_rade", listed.radius_rearth, listed.radius_err_rearth),
        **measured(
            "pl_radj",
            listed.radius_rearth / _R_EARTH_PER_R_JUPITER,
            listed.radius_err_rearth / _R_EARTH_PER_R_JUPITER,
        ),
        **measured("pl_orbsmax", listed.semi_major_axis_au, 0.03 * listed.semi_major_axis_au),
        **measured("pl_insol", listed.insolation, 0.2 * listed.insolation),
        **measured("pl_eqt", listed.equilibrium_k, 0.05 * listed.equilibrium_k),
        **measured("pl_tranmid", listed.epoch_bjd, listed.epoch_err_d),
        **measured("pl_trandep", listed.depth_ppm * 1e-4, listed.depth_err_ppm * 1e-4),
        **measured("pl_trandur", listed.duration_h, listed.duration_err_h),
        **measured("st_teff", listed.teff_k, 100.0),
        **measured("st_mass", listed.mass_msun, 0.06 * listed.mass_msun),
        **measured("st_logg", listed.logg, 0.1),
        **measured("st_met", star.feh, 0.1),
        "st_metratio": "[Fe/H]",
    }


def _reference(which: int) -> str:
    """A reference in the Archive's HTML, to a paper that does not exist."""
    author, year = _AUTHORS[which % len(_AUTHORS)], 2016 + which % 7
    tag = f"{author.upper()}_ET_AL__{year}"
    link = f"https://ui.adsabs.harvard.edu/abs/{year}simulated/abstract"
    return f"<a refstr={tag} href={link} target=ref>{author} et al. {year}</a>"
