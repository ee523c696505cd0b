"""Stars: what they are, where they stand, how bright and how restless they are."""

from dataclasses import dataclass

import numpy as np

from lightmill.config.simulation import Marginals
from lightmill.simulate.segments import Segment
from lightmill.targets import Mission

R_SUN_PER_R_EARTH = 109.1
R_SUN_PER_R_JUPITER = 9.73


@dataclass(frozen=True)
class Star:
    """A star: bulk properties, place on the sky, brightness in the mission's band, variability."""

    mass_msun: float
    radius_rsun: float
    teff_k: float
    logg: float
    feh: float
    ra_deg: float
    dec_deg: float
    pm_ra_mas_yr: float
    pm_dec_mas_yr: float
    distance_pc: float
    magnitude: float
    rotation_d: float
    spot_amplitude: float
    flares_per_day: float

    @property
    def limb(self) -> tuple[float, float]:
        """Its quadratic limb-darkening coefficients."""
        return limb_darkening(self.teff_k)


def limb_darkening(teff_k: float) -> tuple[float, float]:
    """Quadratic limb-darkening coefficients of a dwarf: lines through the tables of Claret & Bloemen (2011)."""
    cooler = (5800.0 - teff_k) / 1000.0
    return float(np.clip(0.40 + 0.10 * cooler, 0.2, 0.7)), float(np.clip(0.26 - 0.06 * cooler, 0.05, 0.35))


def main_sequence(mass_msun: float) -> tuple[float, float]:
    """Radius (solar) and effective temperature (K) of a dwarf of `mass_msun`: rough power laws."""
    radius = mass_msun**0.9 if mass_msun < 1 else mass_msun**0.8
    return float(radius), float(5772.0 * mass_msun ** (0.62 if mass_msun < 1 else 0.5))


def draw_star(mission: Mission, marginals: Marginals, place: tuple[float, float], rng: np.random.Generator) -> Star:
    """A star of a mission's target list at `place` (RA, Dec in degrees).

    Masses of mostly solar-type dwarfs, some evolved, with more cool dwarfs in K2 and TESS, as their target lists have
    (Huber et al. 2016; Stassun et al. 2019).
    """
    cool = {"Kepler": 0.12, "K2": 0.3, "TESS": 0.22}[mission]
    mass = rng.uniform(0.3, 0.7) if rng.random() < cool else float(np.clip(rng.normal(1.0, 0.17), 0.65, 1.6))
    radius, teff = main_sequence(mass)
    age = rng.random()
    if mass > 0.8:
        # A dwarf grows towards the end of the main sequence; one in twelve is a subgiant.
        swelling = 1 + 0.35 * age**2 + (rng.uniform(0.4, 1.6) if rng.random() < 1 / 12 else 0.0)
        radius, teff = radius * swelling, teff * swelling**-0.12
    logg = 4.438 + np.log10(mass / radius**2)
    magnitude = float(np.clip(rng.normal(marginals.magnitude_median, marginals.magnitude_spread), 6.5, 16.5))
    luminosity = radius**2 * (teff / 5772.0) ** 4
    distance = 10 ** ((magnitude - 4.6 + 2.5 * np.log10(luminosity)) / 5 + 1)
    speed = 4.74 * 1000 / distance
    rotation = float(np.clip(rng.lognormal(np.log(19.0 if teff > 4500 else 26.0), 0.45), 1.2, 60.0))
    # Slow rotators have few spots (McQuillan et al. 2014).
    amplitude = marginals.rotation_ppm * 1e-6 * (rotation / 19.0) ** -1.2 * rng.lognormal(0.0, 0.7)
    return Star(
        mass_msun=round(mass, 4),
        radius_rsun=round(float(radius), 4),
        teff_k=round(float(teff)),
        logg=round(float(logg), 3),
        feh=round(float(rng.normal(-0.05, 0.2)), 3),
        ra_deg=round(place[0], 6),
        dec_deg=round(place[1], 6),
        pm_ra_mas_yr=round(float(rng.normal(0, speed)), 3),
        pm_dec_mas_yr=round(float(rng.normal(0, speed)), 3),
        distance_pc=round(float(distance), 3),
        magnitude=round(magnitude, 3),
        rotation_d=rotation,
        spot_amplitude=float(min(amplitude, 0.05)),
        flares_per_day=float(rng.lognormal(np.log(0.15), 1.0)) if teff < 4500 or rotation < 6 else 0.0,
    )


def draw_place(segment: Segment, rng: np.random.Generator) -> tuple[float, float]:
    """RA and Dec, degrees, of a star somewhere in the field of a segment; never at a pole of the coordinates."""
    reach = {"Kepler": 5.5, "K2": 6.0, "TESS": 12.0}[segment.mission]
    dec = float(np.clip(segment.dec_deg + rng.uniform(-reach, reach), -85.0, 85.0))
    ra = segment.ra_deg + rng.uniform(-reach, reach) / np.cos(np.radians(dec))
    return round(float(ra % 360.0), 6), round(dec, 6)


def place_nearby(star: Star, arcsec: tuple[float, float], rng: np.random.Generator) -> tuple[float, float]:
    """RA and Dec, degrees, of a place between `arcsec[0]` and `arcsec[1]` arcseconds from a star."""
    distance, angle = rng.uniform(*arcsec) / 3600.0, rng.uniform(0, 2 * np.pi)
    dec = star.dec_deg + distance * np.sin(angle)
    return round((star.ra_deg + distance * np.cos(angle) / np.cos(np.radians(dec))) % 360.0, 6), round(dec, 6)
