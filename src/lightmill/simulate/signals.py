"""Signals: what dims a star now and then, and what a transit search finds of it."""

from dataclasses import dataclass

import numpy as np

from lightmill.config.simulation import Marginals
from lightmill.simulate.eclipses import Orbit
from lightmill.simulate.glitches import Glitches
from lightmill.simulate.photometry import transit_noise
from lightmill.simulate.segments import Segment
from lightmill.simulate.starlight import Pulsation
from lightmill.simulate.stars import Star
from lightmill.targets import Mission

PLANET_KINDS = ("planet", "hot_jupiter")
MAX_TRIES = 400
FEWEST_TRANSITS = {"Kepler": 3, "K2": 2, "TESS": 2}


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
