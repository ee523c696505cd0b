"""Planets: small ones sized by how well they are to be seen, and hot Jupiters."""

from dataclasses import replace

import numpy as np

from lightmill.simulate.eclipses import Orbit, central_loss, duration_h, inclination_deg, semi_major_axis_rsun
from lightmill.simulate.signals import FEWEST_TRANSITS, MAX_TRIES, Field, Signal, enough
from lightmill.simulate.stars import R_SUN_PER_R_EARTH, R_SUN_PER_R_JUPITER

LARGEST_PLANET_REARTH = 20.0


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
