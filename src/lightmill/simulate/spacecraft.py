"""What happened on board during a segment, the same for all its targets: gaps, flags, motion, heat.

Meanings of the quality bits: Kepler Archive Manual (table 2-3) and TESS Science Data Products Description Document;
how often each is set follows public light curves.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.signal import lfilter

from lightmill.simulate.seeds import generator
from lightmill.simulate.segments import K2_FIRING_CADENCES, Segment

KEPLER_BITS = {
    "attitude_tweak": 1 << 0,
    "safe_mode": 1 << 1,
    "coarse_point": 1 << 2,
    "earth_point": 1 << 3,
    "zero_crossing": 1 << 4,
    "desaturation": 1 << 5,
    "argabrightening": 1 << 6,
    "cosmic_ray_in_aperture": 1 << 7,
    "sensitivity_dropout": 1 << 10,
    "impulsive_outlier": 1 << 11,
    "argabrightening_on_module": 1 << 12,
    "cosmic_ray": 1 << 13,
    "detector_anomaly": 1 << 14,
    "no_fine_point": 1 << 15,
    "no_data": 1 << 16,
    "rolling_band_in_aperture": 1 << 17,
    "rolling_band": 1 << 18,
    "possible_thruster_firing": 1 << 19,
    "thruster_firing": 1 << 20,
}
TESS_BITS = {
    "coarse_point": 1 << 2,
    "earth_point": 1 << 3,
    "argabrightening": 1 << 4,
    "desaturation": 1 << 5,
    "manual_exclude": 1 << 7,
    "sensitivity_dropout": 1 << 8,
    "impulsive_outlier": 1 << 9,
    "straylight": 1 << 11,
}


@dataclass(frozen=True, eq=False)
class Spacecraft:
    """One segment on board; arrays over its cadences.

    `motion` (2, n): image motion in pixels. `heat` (n,): thermal and focus trend, order unity. `scattered` (n,):
    scattered light, order unity. `no_time`, `no_sap`, `no_pdcsap` (n,): cadences without time, SAP and PDCSAP flux.
    `upsets`: rows after which the instrument had to settle: ends of gaps and momentum dumps.
    """

    quality: np.ndarray
    no_time: np.ndarray
    no_sap: np.ndarray
    no_pdcsap: np.ndarray
    motion: np.ndarray
    heat: np.ndarray
    scattered: np.ndarray
    upsets: np.ndarray


@lru_cache(maxsize=64)
def on_board(seed: int, segment: Segment) -> Spacecraft:
    """What happened on board during `segment` in the survey of `seed`."""
    rng = generator(seed, "spacecraft", segment.mission, segment.number)
    return {"Kepler": _kepler, "K2": _k2, "TESS": _tess}[segment.mission](segment, rng)


def settling(n: int, upsets: np.ndarray, sizes: np.ndarray, scale_cadences: float) -> np.ndarray:
    """Sum of exponential recoveries: after each row in `upsets` a jump of its size that decays; (n,)."""
    impulses = np.zeros(n)
    np.add.at(impulses, upsets, sizes)
    return lfilter([1.0], [1.0, -np.exp(-1.0 / scale_cadences)], impulses)


def wander(n: int, scale_cadences: float, rng: np.random.Generator) -> np.ndarray:
    """A first-order autoregressive process of unit scatter, correlated over `scale_cadences`; (n,)."""
    memory = np.exp(-1.0 / scale_cadences)
    steps = rng.standard_normal(n) * np.sqrt(1.0 - memory**2)
    steps[0] /= np.sqrt(1.0 - memory**2)
    return lfilter([1.0], [1.0, -memory], steps)


def _gaps(segment: Segment) -> np.ndarray:
    outside = np.ones(segment.cadences, dtype=bool)
    for start, stop in segment.observed:
        outside[start:stop] = False
    return outside


def _after_gaps(segment: Segment) -> np.ndarray:
    return np.array([start for start, _ in segment.observed], dtype=np.int64)


def _scattered_rows(n: int, count: float, rng: np.random.Generator) -> np.ndarray:
    return np.sort(rng.integers(0, n, rng.poisson(count)))


def _kepler(segment: Segment, rng: np.random.Generator) -> Spacecraft:
    n, bits = segment.cadences, KEPLER_BITS
    quality = np.zeros(n, dtype=np.int32)
    gap = _gaps(segment)
    quality[gap] |= bits["earth_point"] | bits["no_data"] | bits["no_fine_point"]
    no_sap = gap.copy()
    dumps = np.arange(int(rng.integers(2, 110)), n, int(segment.desaturation_cadences))
    quality[dumps] |= bits["desaturation"] | bits["no_fine_point"]
    no_sap[dumps] = True
    for row in rng.choice(dumps, size=min(len(dumps), 7), replace=False):
        quality[row : row + int(rng.integers(2, 20))] |= bits["zero_crossing"]
    for row in _scattered_rows(n, 1.5, rng):
        length = int(rng.integers(3, 40))
        quality[row : row + length] |= bits["coarse_point"] | bits["no_fine_point"]
        no_sap[row : row + length] = True
    for row in _scattered_rows(n, 8, rng):
        quality[row] |= bits["detector_anomaly"]
        no_sap[row] = True
    no_pdcsap = no_sap.copy()
    for row in _scattered_rows(n, 4, rng):
        quality[row] |= bits["argabrightening"] | bits["argabrightening_on_module"]
        no_pdcsap[row] = True
    upsets = _after_gaps(segment)
    return Spacecraft(
        quality,
        gap,
        no_sap,
        no_pdcsap,
        _drift(n, rng),
        _heat(n, upsets, 70, rng),
        np.zeros(n),
        np.append(upsets, dumps),
    )


def _drift(n: int, rng: np.random.Generator) -> np.ndarray:
    """Differential velocity aberration over a quarter, with the jitter of the fine guidance; pixels, (2, n)."""
    phase = np.linspace(-1.0, 1.0, n)
    rows = []
    for _ in range(2):
        slope, bow = rng.normal(0, 0.06), rng.normal(0, 0.04)
        rows.append(slope * phase + bow * (phase**2 - 1 / 3) + 0.0012 * wander(n, 30, rng))
    return np.array(rows)


def _heat(n: int, upsets: np.ndarray, scale_cadences: float, rng: np.random.Generator) -> np.ndarray:
    recoveries = settling(n, upsets, rng.lognormal(0.0, 0.5, len(upsets)), scale_cadences)
    slow = rng.normal(0, 0.6, 3) @ np.polynomial.legendre.legvander(np.linspace(-1, 1, n), 3)[:, 1:].T
    return recoveries + slow


def _k2(segment: Segment, rng: np.random.Generator) -> Spacecraft:
    n, bits = segment.cadences, KEPLER_BITS
    quality = np.zeros(n, dtype=np.int32)
    gap = _gaps(segment)
    quality[gap] |= bits["no_data"] | bits["no_fine_point"]
    no_sap = gap.copy()
    dumps = np.arange(93, n, int(segment.desaturation_cadences))
    quality[dumps] |= bits["desaturation"] | bits["no_fine_point"]
    no_sap[dumps] = True
    firings = np.arange(9, n, K2_FIRING_CADENCES)
    roll, sizes = _roll(n, firings, rng)
    # Small corrections were not recognised as firings by the pipeline.
    seen = firings[sizes > np.quantile(sizes, 0.3)]
    quality[seen] |= bits["thruster_firing"]
    quality[[0, n - 1]] |= bits["possible_thruster_firing"]
    for row in _scattered_rows(n, 4, rng):
        quality[row] |= bits["detector_anomaly"]
    no_pdcsap = no_sap.copy()
    no_pdcsap[seen] = True
    for row in _scattered_rows(n, 3, rng):
        quality[row] |= bits["argabrightening_on_module"]
        no_pdcsap[row] = True
    direction = rng.uniform(0, 2 * np.pi)
    slow = 0.05 * wander(n, 900, rng)
    motion = np.array([np.cos(direction) * roll + slow, np.sin(direction) * roll - slow])
    upsets = _after_gaps(segment)
    return Spacecraft(
        quality, gap, no_sap, no_pdcsap, motion, _heat(n, upsets, 60, rng), np.zeros(n), np.append(upsets, firings)
    )


def _roll(n: int, firings: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The roll of K2 as image motion in pixels: sunlight turns the spacecraft, thrusters turn it back; (n,), sizes.

    The torque changes sign when the Sun crosses the plane of symmetry, about the middle of a campaign
    (Howell et al. 2014).
    """
    rows = np.arange(n)
    middle = n * rng.uniform(0.4, 0.6)
    torque = 1.5 * (rows - middle) / n + 0.06 * wander(n, 200, rng)
    since = (rows - firings[0]) % K2_FIRING_CADENCES
    start = 0.4 * wander(n // K2_FIRING_CADENCES + 2, 3, rng)
    block = (rows - firings[0]) // K2_FIRING_CADENCES + 1
    roll = torque * (since / K2_FIRING_CADENCES - 0.5) * 1.6 + 0.25 * start[block]
    return roll, np.abs(torque[firings])


def _tess(segment: Segment, rng: np.random.Generator) -> Spacecraft:
    n, bits = segment.cadences, TESS_BITS
    quality = np.zeros(n, dtype=np.int32)
    gap = _gaps(segment)
    quality[gap] |= bits["earth_point"]
    no_sap = gap.copy()
    every = int(segment.desaturation_cadences)
    jumps = np.concatenate([np.arange(start + every, stop - 10, every) for start, stop in segment.observed])
    for row in jumps:
        quality[row : row + 7] |= bits["desaturation"]
        quality[row + 2 : row + 5] |= bits["coarse_point"]
        no_sap[row : row + 7] = True
    no_pdcsap = no_sap.copy()
    for row in _scattered_rows(n, 250, rng):
        quality[row : row + int(rng.integers(1, 5))] |= bits["manual_exclude"]
    scattered = np.zeros(n)
    for start, stop in segment.observed:
        # The Earth rises above the sunshade towards one end of the orbit: light on the detector, hours to days.
        length = rng.uniform(0.3, 1.2) / segment.cadence_d
        scattered[start:stop] += np.exp(-(stop - 1 - np.arange(start, stop)) / length)
        worst = max(start, stop - int(rng.uniform(0.0, 0.35) / segment.cadence_d))
        quality[worst:stop] |= bits["straylight"]
        no_pdcsap[worst:stop] = True
    no_pdcsap |= (quality & bits["manual_exclude"]) > 0
    motion = np.array([0.004 * wander(n, 900, rng), 0.01 * wander(n, 2500, rng)])
    kicks = rng.normal(0, 0.012, (2, len(jumps)))
    motion += np.array([settling(n, jumps, kick, 700.0) for kick in kicks])
    upsets = _after_gaps(segment)
    return Spacecraft(
        quality, gap, no_sap, no_pdcsap, motion, _heat(n, upsets, 900, rng), scattered, np.append(upsets, jumps)
    )
