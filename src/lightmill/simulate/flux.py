"""The light of one target, before any telescope: the star and all that dims it."""

import numpy as np

from lightmill.simulate.eclipses import Orbit, Shape, pair_flux, shapes
from lightmill.simulate.glitches import Glitches, glitch_flux
from lightmill.simulate.signals import Signal
from lightmill.simulate.starlight import Pulsation, flares, granulation, pulsation_flux, spots
from lightmill.simulate.survey import Target


def sources(signals: tuple[Signal, ...]) -> list[Orbit | Pulsation | Glitches]:
    """What makes the signals, each once: a binary may stand for two of them, its primary and its secondary eclipse."""
    distinct: list[Orbit | Pulsation | Glitches] = []
    for signal in signals:
        if signal.source not in distinct:
            distinct.append(signal.source)
    return distinct


def event_shapes(target: Target, exposure_d: float) -> dict[Orbit, list[Shape]]:
    """The shapes of all eclipses on a target, averaged over the exposure."""
    return {source: shapes(source, exposure_d) for source in sources(target.signals) if isinstance(source, Orbit)}


def star_spots(target: Target, times_bjd: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Spot variability of the target at `times_bjd` (n,), about zero: the same star in all segments; (n,) float64."""
    start, stop = target.segments[0].start_bjd, target.segments[-1].stop_bjd
    return spots(times_bjd, start, stop, target.star.rotation_d, target.star.spot_amplitude, rng)


def simulate_flux(
    target: Target,
    events: dict[Orbit, list[Shape]],
    times_bjd: np.ndarray,
    exposure_d: float,
    spot_rng: np.random.Generator,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Relative flux of the target's light at evenly spaced `times_bjd` (n,), and the image motion that goes with it.

    The flux (n,) float64 is 1 for the quiet star; `events` are from `event_shapes` for `exposure_d`. The motion
    (2, n), in pixels, is that of the centroid as blended pairs fade: away from the one that does. `spot_rng` must be
    the same for all segments of a target, `rng` is this segment's own.
    """
    star = target.star
    flux = 1.0 + star_spots(target, times_bjd, spot_rng)
    flux += granulation(len(times_bjd), exposure_d, star.logg, rng)
    flux += flares(times_bjd, exposure_d, star.flares_per_day, rng)
    motion = np.zeros((2, len(times_bjd)))
    for source in sources(target.signals):
        if isinstance(source, Orbit):
            change = source.share * (pair_flux(source, events[source], times_bjd) - 1.0)
            flux *= 1.0 + change
            motion += np.outer(source.offset_px, change)
        elif isinstance(source, Pulsation):
            flux *= 1.0 + pulsation_flux(source, times_bjd)
    return flux, motion


def instrument_events(target: Target, times_bjd: np.ndarray) -> np.ndarray:
    """Relative flux about zero of the target's glitches at ascending `times_bjd` (n,): seen by the detector alone."""
    flux = np.zeros(len(times_bjd))
    for source in sources(target.signals):
        if isinstance(source, Glitches):
            flux += glitch_flux(source, times_bjd)
    return flux
