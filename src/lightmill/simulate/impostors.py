"""Impostors: binaries on target and blended, variable stars, the instrument itself.

Each is drawn so that its period, depth and signal-to-noise ratio are like those of planets as far as its nature
allows: what tells them apart must be the shape.
"""

from dataclasses import replace

import numpy as np

from lightmill.simulate.eclipses import Orbit, central_loss, duration_h, inclination_deg, semi_major_axis_rsun
from lightmill.simulate.glitches import Glitches
from lightmill.simulate.segments import K2_FIRING_CADENCES
from lightmill.simulate.signals import FEWEST_TRANSITS, MAX_TRIES, Field, Found, Signal, enough
from lightmill.simulate.starlight import Pulsation
from lightmill.simulate.stars import limb_darkening, main_sequence

DEPTH_OF_OBVIOUS_BINARIES = 0.015


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
