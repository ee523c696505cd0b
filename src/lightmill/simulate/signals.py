"""Signals: what dims a star now and then, and what a transit search finds of it.

Every kind is drawn so that its period, depth and signal-to-noise ratio are like those of planets as far as its nature
allows: what tells them apart must be the shape.
"""

from dataclasses import dataclass, replace

import numpy as np

from lightmill.config.simulation import Marginals
from lightmill.simulate.eclipses import Orbit, central_loss, duration_h, inclination_deg, semi_major_axis_rsun
from lightmill.simulate.glitches import Glitches
from lightmill.simulate.photometry import transit_noise
from lightmill.simulate.segments import K2_FIRING_CADENCES, Segment
from lightmill.simulate.starlight import Pulsation
from lightmill.simulate.stars import R_SUN_PER_R_EARTH, R_SUN_PER_R_JUPITER, Star, limb_darkening, main_sequence
from lightmill.targets import Mission

PLANET_KINDS = ("planet", "hot_jupiter")
MAX_TRIES = 400
FEWEST_TRANSITS = {"Kepler": 3, "K2": 2, "TESS": 2}
LARGEST_PLANET_REARTH = 20.0
DEPTH_OF_OBVIOUS_BINARIES = 0.015


@dataclass(frozen=True)
class Found:
    """What a faultless search would list: period, a mid-transit time, duration, depth (relative), S/N, transits."""

    period_d: float
    epoch_bjd: float
    duration_h: float
    depth: float
    snr: float
    transits: int


@dataclass(frozen=True)
class Signal:
    """A signal: its kind, what makes it, what is found of it."""

    kind: str
    source: Orbit | Pulsation | Glitches
    found: Found

    @property
    def planet(self) -> bool:
        """Whether it is a planet in truth."""
        return self.kind in PLANET_KINDS


@dataclass(frozen=True)
class Field:
    """All that drawing a signal on a star needs: the star, when and by what it is observed, what signals are like."""

    mission: Mission
    marginals: Marginals
    star: Star
    segments: tuple[Segment, ...]
    noise_factor: float

    @property
    def start_bjd(self) -> float:
        """The first cadence."""
        return self.segments[0].start_bjd

    def noise(self, hours: float) -> float:
        """Noise of the mean over one event, relative."""
        return transit_noise(self.mission, self.star.magnitude, self.star.logg, hours, self.noise_factor)

    def events(self, period_d: float, epoch_bjd: float) -> np.ndarray:
        """Middles of the events that fall into stretches with data, BJD; (n,)."""
        return np.concatenate([events(segment, period_d, epoch_bjd) for segment in self.segments])

    def wanted_snr(self, rng: np.random.Generator) -> float:
        """A signal-to-noise ratio from the mission's distribution, above the threshold."""
        marginals = self.marginals
        drawn = rng.lognormal(np.log(marginals.snr_median), marginals.snr_spread, 50)
        above = drawn[drawn >= marginals.snr_min]
        return float(above[0]) if len(above) else marginals.snr_min

    def period(self, rng: np.random.Generator) -> float:
        """An orbital period from the mission's distribution, days."""
        marginals = self.marginals
        drawn = marginals.period_median_d * 10 ** rng.normal(0, marginals.period_spread_dex, 50)
        inside = drawn[(drawn >= marginals.period_min_d) & (drawn <= marginals.period_max_d)]
        return float(inside[0]) if len(inside) else marginals.period_median_d

    def found(self, period_d: float, epoch_bjd: float, hours: float, depth: float) -> Found:
        """What is found of events of this depth and duration."""
        transits = len(self.events(period_d, epoch_bjd))
        snr = depth / self.noise(hours) * np.sqrt(max(transits, 1))
        return Found(period_d, epoch_bjd, hours, depth, float(snr), transits)


def events(segment: Segment, period_d: float, epoch_bjd: float) -> np.ndarray:
    """Middles of the events that fall into the segment's stretches with data, BJD; (n,)."""
    inside = []
    for first, stop in segment.observed:
        begin, end = (segment.start_bjd + row * segment.cadence_d for row in (first, stop))
        orbits = np.arange(np.ceil((begin - epoch_bjd) / period_d), np.floor((end - epoch_bjd) / period_d) + 1)
        inside.append(epoch_bjd + orbits * period_d)
    return np.concatenate(inside)


def enough(found: Found, field: Field) -> bool:
    """Whether a search would have found it: transits and signal-to-noise ratio."""
    return found.transits >= FEWEST_TRANSITS[field.mission] and found.snr >= field.marginals.snr_min


def draw_planets(count: int, field: Field, rng: np.random.Generator) -> tuple[Signal, ...]:
    """Up to `count` planets of one star, nearly in one plane, periods apart by at least a quarter."""
    signals: list[Signal] = []
    period = field.period(rng)
    tilt = rng.uniform(0.0, 0.75)
    for place in range(count):
        if place:
            period *= 1.25 + rng.lognormal(-0.4, 0.6)
        for _ in range(MAX_TRIES):
            signal = _planet(field, period, float(np.clip(tilt + rng.normal(0, 0.1), 0.0, 0.93)), rng)
            if signal is not None:
                signals.append(signal)
                break
            if place:
                continue
            period = field.period(rng)
        else:
            break
    return tuple(signals)


def _planet(field: Field, period_d: float, impact: float, rng: np.random.Generator) -> Signal | None:
    """A planet whose size gives it a signal-to-noise ratio as wanted; None if that is not a planet's size."""
    star = field.star
    if period_d > field.marginals.period_max_d:
        return None
    axis_ratio = semi_major_axis_rsun(period_d, star.mass_msun) / star.radius_rsun
    if axis_ratio < 2.2:
        return None
    eccentricity = float(min(rng.beta(0.867, 3.03), 0.35)) if period_d > 6 else 0.0
    omega = rng.uniform(0, 360)
    orbit = Orbit(
        period_d=period_d,
        epoch_bjd=field.start_bjd + rng.uniform(0, period_d),
        radius_ratio=0.01,
        axis_ratio=axis_ratio,
        inclination_deg=inclination_deg(impact, axis_ratio, eccentricity, omega),
        eccentricity=eccentricity,
        omega_deg=omega,
        limb=star.limb,
    )
    transits = len(field.events(period_d, orbit.epoch_bjd))
    if transits < FEWEST_TRANSITS[field.mission]:
        return None
    depth = field.wanted_snr(rng) * field.noise(duration_h(orbit)) / np.sqrt(transits)
    ratio = 0.01 * np.sqrt(depth / central_loss(orbit))
    if ratio * star.radius_rsun * R_SUN_PER_R_EARTH > LARGEST_PLANET_REARTH or ratio > 0.2:
        return None
    orbit = replace(orbit, radius_ratio=float(ratio))
    found = field.found(period_d, orbit.epoch_bjd, duration_h(orbit), central_loss(orbit))
    return Signal("planet", orbit, found) if enough(found, field) else None


def draw_hot_jupiter(field: Field, rng: np.random.Generator) -> tuple[Signal, ...]:
    """A giant on a short orbit: its day side is seen to set behind the star (albedos of Angerhausen et al. 2015)."""
    star = field.star
    for _ in range(MAX_TRIES):
        period = float(np.clip(rng.lognormal(np.log(3.3), 0.45), 0.8, 9.0))
        axis_ratio = semi_major_axis_rsun(period, star.mass_msun) / star.radius_rsun
        ratio = rng.normal(1.15, 0.22) / R_SUN_PER_R_JUPITER / star.radius_rsun
        if axis_ratio < 2.5 or not 0.03 < ratio < 0.2:
            continue
        # Reflected light, and heat, which matters more in the redder band of TESS.
        heat = 0.02 if field.mission == "TESS" else 0.004
        day_side = ratio**2 * (rng.uniform(0.05, 0.5) / axis_ratio**2 + heat * rng.uniform(0.3, 1.5) * 9 / axis_ratio)
        orbit = Orbit(
            period_d=period,
            epoch_bjd=field.start_bjd + rng.uniform(0, period),
            radius_ratio=float(ratio),
            axis_ratio=axis_ratio,
            inclination_deg=inclination_deg(rng.uniform(0, 0.85), axis_ratio),
            limb=star.limb,
            flux_ratio=float(day_side),
            reflection=float(day_side / 2),
        )
        found = field.found(period, orbit.epoch_bjd, duration_h(orbit), central_loss(orbit))
        if enough(found, field):
            return (Signal("hot_jupiter", orbit, found),)
    return ()


def draw_binary(
    field: Field, rng: np.random.Generator, primary: tuple[float, float, float] | None = None, short: bool = False
) -> Orbit:
    """An eclipsing pair with `field.star`, or a (mass, radius, temperature) given, as its primary.

    Mass ratios are flat, sizes and temperatures those of dwarfs. Periods follow those of planets, or with `short`
    the short ones of Kepler's binaries (Kirk et al. 2016); close pairs are round and tidally distorted.
    """
    star = field.star
    mass, radius, teff = primary or (star.mass_msun, star.radius_rsun, star.teff_k)
    while True:
        twin = rng.random() < 0.25
        mass_ratio = rng.uniform(0.93, 1.0) if twin else rng.uniform(0.15, 1.0)
        second_radius, second_teff = main_sequence(mass * mass_ratio)
        own_radius, own_teff = main_sequence(mass)
        ratio = min(second_radius / max(radius, own_radius), 0.98)
        brightness = (second_teff / own_teff) ** 4.6
        period = field.period(rng)
        if short:
            period = float(np.clip(rng.lognormal(np.log(2.6), 0.8), 0.5, field.marginals.period_max_d))
        axis_ratio = semi_major_axis_rsun(period, mass * (1 + mass_ratio)) / radius
        eccentricity = 0.0 if period < 6 else float(min(rng.rayleigh(0.15), 0.5))
        if axis_ratio * (1 - eccentricity) < 1.6 * (1 + ratio):
            continue
        # Above the line of sight at the primary eclipse, so that the secondary is not the more central and deeper one.
        omega = rng.uniform(0, 180)
        impact = rng.uniform(0.0, 0.97 * (1 + ratio))
        tide = 0.5 * mass_ratio * axis_ratio**-3
        orbit = Orbit(
            period_d=period,
            epoch_bjd=field.start_bjd + rng.uniform(0, period),
            radius_ratio=float(ratio),
            axis_ratio=float(axis_ratio),
            inclination_deg=inclination_deg(impact, axis_ratio, eccentricity, omega),
            eccentricity=eccentricity,
            omega_deg=omega,
            limb=limb_darkening(teff),
            flux_ratio=float(brightness * ratio**2),
            ellipsoidal=float(tide),
            reflection=float(0.1 * tide),
        )
        if duration_h(orbit) > 0.4 and central_loss(orbit) > 1e-3:
            return orbit


def listed_factor(orbit: Orbit, rng: np.random.Generator) -> float:
    """By what factor a search gets the period of a binary wrong: 1, 0.5 where the eclipses are alike, or 2."""
    alike = orbit.flux_ratio > 0.6 * orbit.radius_ratio**2 and orbit.eccentricity == 0
    if alike and rng.random() < 0.75:
        return 0.5
    return 2.0 if rng.random() < 0.1 else 1.0


def _binary_found(orbit: Orbit, factor: float, field: Field) -> Found:
    """What is found of a binary whose period is wrong by `factor`: at half of it both eclipses count as one."""
    depth = central_loss(orbit) * orbit.share
    if factor == 0.5:
        # What the second star covers of the first, per unit of the second star's brightness, it loses itself.
        depth *= 0.5 * (1 + min(1.0, orbit.flux_ratio / orbit.radius_ratio**2))
    return field.found(orbit.period_d * factor, orbit.epoch_bjd, duration_h(orbit), depth)


def draw_eclipsing_binary(field: Field, rng: np.random.Generator) -> tuple[Signal, ...]:
    """An eclipsing binary on target, mostly grazing. Of some the secondary eclipse is listed as well.

    The deeper the eclipse, the less often anybody takes it for a planet's: binaries of some per cent and more go to
    the binary catalogs and not to the lists of candidates, half of them at `DEPTH_OF_OBVIOUS_BINARIES`.
    """
    for _ in range(MAX_TRIES):
        orbit = draw_binary(field, rng, short=rng.random() < 0.3)
        factor = listed_factor(orbit, rng)
        found = _binary_found(orbit, factor, field)
        obvious = 1 / (1 + (DEPTH_OF_OBVIOUS_BINARIES / found.depth) ** 2)
        if rng.random() < obvious or not enough(found, field):
            continue
        signals = [Signal("eclipsing_binary", orbit, found)]
        hidden = orbit.flux_ratio / (1 + orbit.flux_ratio)
        second = field.found(orbit.period_d, orbit.epoch_bjd + orbit.period_d / 2, found.duration_h, hidden * 0.8)
        if factor == 1.0 and orbit.eccentricity == 0 and enough(second, field) and rng.random() < 0.15:
            signals.append(Signal("secondary_eclipse", orbit, second))
        return tuple(signals)
    return ()


def draw_blended_binary(field: Field, rng: np.random.Generator) -> tuple[Signal, ...]:
    """A fainter eclipsing binary in the aperture: as shallow as a planet, seen in the centroid if it stands apart."""
    spread = {"Kepler": 0.5, "K2": 0.5, "TESS": 0.7}[field.mission]
    for _ in range(MAX_TRIES):
        mass = rng.uniform(0.45, 1.35)
        orbit = draw_binary(field, rng, (mass, *main_sequence(mass)))
        factor = listed_factor(orbit, rng)
        hours = duration_h(orbit)
        transits = len(field.events(orbit.period_d * factor, orbit.epoch_bjd))
        depth = field.wanted_snr(rng) * field.noise(hours) / np.sqrt(max(transits, 1))
        share = depth / _binary_found(orbit, factor, field).depth
        if not 1e-4 < share < 0.5:
            continue
        offset = (float(rng.normal(0, spread)), float(rng.normal(0, spread)))
        orbit = replace(orbit, share=float(share), offset_px=offset)
        found = _binary_found(orbit, factor, field)
        if enough(found, field):
            return (Signal("blended_binary", orbit, found),)
    return ()


def draw_contamination(field: Field, parent: Orbit, rng: np.random.Generator) -> tuple[Signal, ...]:
    """The signal of a binary near by, `parent`, in the light of another star: same period and phase, much diluted.

    Nothing if it would be too weak to be found.
    """
    hours = duration_h(parent)
    transits = len(field.events(parent.period_d, parent.epoch_bjd))
    depth = field.wanted_snr(rng) * field.noise(hours) / np.sqrt(max(transits, 1))
    share = min(depth / central_loss(parent), 0.3)
    offset = (float(rng.normal(0, 1.2)), float(rng.normal(0, 1.2)))
    orbit = replace(parent, share=float(share), offset_px=offset)
    found = _binary_found(orbit, 1.0, field)
    return (Signal("contaminated", orbit, found),) if enough(found, field) else ()


def draw_variable(field: Field, rng: np.random.Generator) -> tuple[Signal, ...]:
    """A star that varies by itself: pulsating, a binary in contact, or spotted; its minimum is taken for a transit."""
    for _ in range(MAX_TRIES):
        type_ = ("pulsator", "contact", "spotted")[rng.integers(3)]
        shares: tuple[float, ...]
        phases: tuple[float, ...]
        if type_ == "pulsator":
            period = float(np.clip(rng.lognormal(np.log(1.6), 0.6), 0.5, 8.0))
            shares, phases = (1.0, 0.35, 0.12), (np.pi, float(rng.normal(0.0, 0.7)), float(rng.normal(0.0, 0.9)))
        elif type_ == "contact":
            # Two unequal minima a turn; half the searches take them for one.
            period = float(rng.uniform(0.8, 3.5))
            shares, phases = (rng.uniform(0.0, 0.2), 1.0, 0.02, 0.12), (np.pi, np.pi, 0.0, 0.0)
        else:
            period = float(np.clip(rng.lognormal(np.log(5.0), 0.5), 1.0, 12.0))
            shares, phases = (1.0, rng.uniform(0.2, 0.6)), (np.pi, float(rng.normal(np.pi, 0.5)))
        listed = period / 2 if type_ == "contact" and rng.random() < 0.5 else period
        hours = float(np.clip(listed * 24 * rng.uniform(0.05, 0.12), 1.0, 8.0))
        epoch = field.start_bjd + rng.uniform(0, period)
        transits = len(field.events(listed, epoch))
        # Much of a slow variation is detrended away: it takes more of it to be found.
        excess = rng.lognormal(0.6, 0.6)
        depth = field.wanted_snr(rng) * field.noise(hours) / np.sqrt(max(transits, 1))
        scale = excess * depth / sum(shares)
        source = Pulsation(period, epoch, tuple(float(scale * share) for share in shares), phases)
        found = field.found(listed, epoch, hours, float(depth))
        if listed >= field.marginals.period_min_d and enough(found, field):
            return (Signal("variable", source, found),)
    return ()


def draw_systematic(field: Field, upsets_bjd: np.ndarray, rng: np.random.Generator) -> tuple[Signal, ...]:
    """Instrumental events that fold into a dip: one or two strong ones, or weak ones at momentum dumps and firings.

    `upsets_bjd`: times at which the spacecraft of this field had to settle.
    """
    for _ in range(MAX_TRIES):
        hours = float(rng.lognormal(np.log({"Kepler": 4.0, "K2": 3.2, "TESS": 2.8}[field.mission]), 0.45))
        regular = rng.random() < 0.4
        if regular:
            segment = field.segments[0]
            step = K2_FIRING_CADENCES if field.mission == "K2" else segment.desaturation_cadences
            beat = step * segment.cadence_d
            period = beat * max(1, round(field.period(rng) / beat))
            epoch = float(upsets_bjd[rng.integers(len(upsets_bjd))])
        else:
            period = field.period(rng)
            epoch = field.start_bjd + rng.uniform(0, period)
        if not field.marginals.period_min_d <= period <= field.marginals.period_max_d:
            continue
        events = field.events(period, epoch)
        if len(events) < FEWEST_TRANSITS[field.mission]:
            continue
        depth = field.wanted_snr(rng) * field.noise(hours) / np.sqrt(len(events))
        if regular:
            strengths = rng.lognormal(0.0, 0.7, len(events))
        else:
            hit = rng.choice(len(events), size=min(len(events), int(rng.integers(1, 3))), replace=False)
            strengths = np.zeros(len(events))
            strengths[hit] = rng.uniform(0.7, 1.3, len(hit))
        depths = depth * strengths * len(events) / strengths.sum()
        if depths.max() > 0.08:
            continue
        shift = rng.normal(0, 0.12 * hours / 24, len(events))
        steep, slow = hours / 24 * rng.uniform(0.02, 0.3), hours / 24 * rng.uniform(0.3, 1.2)
        fall, rise = (steep, slow) if rng.random() < 0.7 else (slow, steep)
        chosen = strengths > 0
        source = Glitches(
            tuple((events + shift)[chosen].tolist()), tuple(depths[chosen].tolist()), float(fall), float(rise)
        )
        found = field.found(period, epoch, hours, float(depth) * 0.8)
        if enough(found, field):
            return (Signal("systematic", source, found),)
    return ()
