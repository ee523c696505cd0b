"""What catalogs say of the signals: names, measured values with their errors, dispositions, some of them wrong."""

from dataclasses import dataclass

import numpy as np

from lightmill.config.simulation import SimulationSettings
from lightmill.simulate.eclipses import semi_major_axis_rsun
from lightmill.simulate.seeds import deal, generator
from lightmill.simulate.signals import Found, Signal, events
from lightmill.simulate.stars import R_SUN_PER_R_EARTH
from lightmill.simulate.survey import Target, draw_targets
from lightmill.targets import BKJD_ZERO_BJD, Mission, target_number

_R_SUN_PER_AU = 215.03
# The Kepler catalog was made from four years of data, whatever part of them this survey has.
_KEPLER_MISSION_BJD = (BKJD_ZERO_BJD + 131.5, BKJD_ZERO_BJD + 1591.0)


@dataclass(frozen=True)
class Listed:
    """One signal as a catalog lists it. Values carry errors of their size; depths are ppm, durations hours.

    `number` counts the signals of a star from 1. `is_planet` is the truth, `listed_planet` what the disposition says.
    """

    target: Target
    signal: Signal
    number: int
    serial: int
    disposition: str
    listed_planet: bool | None
    mislabelled: bool
    incomplete: bool
    period_d: float
    period_err_d: float
    epoch_bjd: float
    epoch_err_d: float
    duration_h: float
    duration_err_h: float
    depth_ppm: float
    depth_err_ppm: float
    snr: float
    radius_rearth: float
    radius_err_rearth: float
    teff_k: float
    logg: float
    radius_rsun: float
    mass_msun: float

    @property
    def star_number(self) -> int:
        """The star's number in its mission's catalog."""
        return target_number(self.target.target_id)

    @property
    def semi_major_axis_au(self) -> float:
        """Semi-major axis for the listed period and star."""
        return semi_major_axis_rsun(self.period_d, self.mass_msun) / _R_SUN_PER_AU

    @property
    def insolation(self) -> float:
        """Insolation in units of the Earth's."""
        luminosity = self.radius_rsun**2 * (self.teff_k / 5772.0) ** 4
        return luminosity / self.semi_major_axis_au**2

    @property
    def equilibrium_k(self) -> float:
        """Equilibrium temperature of a planet of albedo 0.3."""
        return 255.0 * self.insolation**0.25


def list_signals(settings: SimulationSettings, mission: Mission) -> list[Listed]:
    """All signals of a mission as its catalog lists them, in the order of its targets."""
    found = [
        (serial, target, number, signal)
        for serial, target in enumerate(draw_targets(settings, mission), start=1)
        for number, signal in enumerate(target.signals, start=1)
    ]
    wrong = _dealt(settings, mission, "mislabelled", settings.mislabelled, len(found))
    incomplete = _dealt(settings, mission, "incomplete", settings.incomplete, len(found))
    return [
        _listed(settings, mission, *entry, mislabelled=wrong[place], incomplete=incomplete[place])
        for place, entry in enumerate(found)
    ]


def _dealt(settings: SimulationSettings, mission: Mission, name: str, share: float, n: int) -> list[bool]:
    dealt = deal({"yes": share, "no": 1 - share}, n, generator(settings.seed, "listed", name, mission))
    return [flag == "yes" for flag in dealt]


def _listed(
    settings: SimulationSettings,
    mission: Mission,
    serial: int,
    target: Target,
    number: int,
    signal: Signal,
    mislabelled: bool,
    incomplete: bool,
) -> Listed:
    rng = generator(settings.seed, "listed", target.target_id, number)
    found, star = signal.found, target.star
    orbits, snr = _orbits_listed(mission, target, found)
    period_err, epoch_err = ephemeris_errors(found.period_d, found.duration_h, snr, orbits)
    scale = settings.ephemeris_error
    period = found.period_d + scale * period_err * rng.standard_normal()
    epoch = found.epoch_bjd + np.round(orbits.mean()) * found.period_d
    epoch += scale * epoch_err * rng.standard_normal()
    if mission == "Kepler":
        # Listed near the start of the mission, measured best in its middle.
        back = np.ceil((_KEPLER_MISSION_BJD[0] - epoch) / period)
        epoch, epoch_err = epoch + back * period, float(np.hypot(epoch_err, back * period_err))
    weak = min(1.0, 5.0 / snr)
    duration_err = found.duration_h * max(0.8 / snr, 0.003)
    depth_err = found.depth * 1e6 * max(1.1 / snr, 0.002)
    # Different fits differ by more than their errors say.
    duration = found.duration_h * float(np.exp((0.03 + 0.1 * weak) * rng.standard_normal()))
    depth = found.depth * 1e6 * float(np.exp((0.02 + 0.1 * weak) * rng.standard_normal()))
    radius_rsun = star.radius_rsun * float(np.exp(0.1 * rng.standard_normal()))
    mass = star.mass_msun * float(np.exp(0.06 * rng.standard_normal()))
    radius = float(np.sqrt(min(depth, 9e5) * 1e-6)) * radius_rsun * R_SUN_PER_R_EARTH
    listed_planet = None if target.candidate else signal.planet != mislabelled
    return Listed(
        target=target,
        signal=signal,
        number=number,
        serial=serial,
        disposition=_disposition(mission, signal, listed_planet, rng),
        listed_planet=listed_planet,
        mislabelled=mislabelled and not target.candidate,
        incomplete=incomplete,
        period_d=float(period),
        period_err_d=period_err,
        epoch_bjd=float(epoch),
        epoch_err_d=epoch_err,
        duration_h=duration,
        duration_err_h=duration_err,
        depth_ppm=depth,
        depth_err_ppm=depth_err,
        snr=snr,
        radius_rearth=radius,
        radius_err_rearth=radius * 0.12,
        teff_k=float(round(star.teff_k + 90 * rng.standard_normal())),
        logg=round(4.438 + float(np.log10(mass / radius_rsun**2)), 3),
        radius_rsun=round(radius_rsun, 4),
        mass_msun=round(mass, 4),
    )


def ephemeris_errors(period_d: float, duration_h: float, snr: float, orbits: np.ndarray) -> tuple[float, float]:
    """Errors of the period and of the mean epoch, days, of a straight line through the times of transits.

    `orbits` (n,) are the numbers of the transits seen. One transit is timed to a third of its duration over its own
    signal-to-noise ratio (Carter et al. 2008, for ingresses of a few per cent of the duration). A single one tells
    its period to a twentieth at best.
    """
    each = 0.35 * duration_h / 24 * np.sqrt(len(orbits)) / snr
    if len(orbits) < 2:
        return 0.05 * period_d, float(each)
    return float(each / np.sqrt(np.sum((orbits - orbits.mean()) ** 2))), float(each / np.sqrt(len(orbits)))


def _orbits_listed(mission: Mission, target: Target, found: Found) -> tuple[np.ndarray, float]:
    """The transits that the catalog's ephemeris is made of, numbered from the epoch found, and their S/N together.

    Those in the data; but the Kepler catalog had four years of them.
    """
    seen = np.concatenate([events(segment, found.period_d, found.epoch_bjd) for segment in target.segments])
    orbits = np.round((seen - found.epoch_bjd) / found.period_d)
    if mission == "Kepler":
        begin, end = (np.round((bjd - found.epoch_bjd) / found.period_d) for bjd in _KEPLER_MISSION_BJD)
        orbits = np.arange(begin, end + 1)
    return orbits, found.snr * np.sqrt(len(orbits) / max(found.transits, 1))


def _disposition(mission: Mission, signal: Signal, planet: bool | None, rng: np.random.Generator) -> str:
    """What the mission's table writes; `planet` is None for candidates."""
    draw = rng.random()
    if mission == "TESS":
        if planet is None:
            return "APC" if draw < 0.15 else "" if draw < 0.25 else "PC"
        if planet:
            return "KP" if draw < 0.35 else "CP"
        return "FA" if signal.kind == "systematic" and draw < 0.3 else "FP"
    if planet is None:
        return "CANDIDATE"
    if planet:
        return "CONFIRMED"
    return "REFUTED" if mission == "K2" and draw < 0.04 else "FALSE POSITIVE"
