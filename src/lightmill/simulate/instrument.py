"""What the telescope makes of a target's light in one segment: the columns of a light-curve file."""

from dataclasses import dataclass

import numpy as np

from lightmill.config.simulation import Instrument
from lightmill.simulate.eclipses import Orbit, Shape
from lightmill.simulate.flux import instrument_events, simulate_flux
from lightmill.simulate.photometry import (
    aperture_pixels,
    background_rate,
    electron_rate,
    flux_error,
)
from lightmill.simulate.seeds import generator
from lightmill.simulate.segments import Segment
from lightmill.simulate.spacecraft import KEPLER_BITS, TESS_BITS, Spacecraft, on_board, settling, wander
from lightmill.simulate.survey import Target
from lightmill.targets import Mission

LIGHT_CROSSING_D = 499.004784 / 86400
"""Light time over one astronomical unit, days."""
_OBLIQUITY = np.radians(23.4393)
_KEPLER_LAUNCH_BJD = 2454897.7
_TDB_LESS_CLOCK_D = {"Kepler": 67.2 / 86400, "K2": 68.2 / 86400, "TESS": 0.0}

# Sensitivity of the flux in the aperture to image motion (per pixel) and to heat, medians; and how the scatter of a
# centroid follows from that of the flux.
_PER_PIXEL = {"Kepler": 0.02, "K2": 0.008, "TESS": 0.015}
_PER_HEAT = {"Kepler": 0.002, "K2": 0.001, "TESS": 0.0008}
_SCATTERED = {"Kepler": 0.0, "K2": 0.0, "TESS": 0.006}
_CENTROID_PX_PER_ERROR = 1.1


@dataclass(frozen=True, eq=False)
class Observed:
    """One segment of a target: columns as in the missions' files, by their names there, and a few header values."""

    segment: Segment
    columns: dict[str, np.ndarray]
    crowdsap: float
    flfrcsap: float
    column_px: int
    row_px: int
    npixsap: int


def barycentric_correction_d(mission: Mission, times_bjd: np.ndarray, ra_deg: float, dec_deg: float) -> np.ndarray:
    """Light time from the spacecraft to the barycentre towards a star, days: a round orbit of one AU; (n,) float64.

    TESS is with the Earth. Kepler trails it ever further, on an orbit of 372.5 days, and its clock shows UTC.
    """
    ra, dec = np.radians(ra_deg), np.radians(dec_deg)
    sine = np.sin(dec) * np.cos(_OBLIQUITY) - np.cos(dec) * np.sin(_OBLIQUITY) * np.sin(ra)
    latitude = np.arcsin(sine)
    longitude = np.arctan2(np.sin(ra) * np.cos(_OBLIQUITY) + np.tan(dec) * np.sin(_OBLIQUITY), np.cos(ra))
    place = np.radians(100.46 + 0.9856474 * (times_bjd - 2451545.0))
    if mission != "TESS":
        place -= np.radians((0.9856474 - 360 / 372.5) * (times_bjd - _KEPLER_LAUNCH_BJD))
    return LIGHT_CROSSING_D * np.cos(latitude) * np.cos(longitude - place) + _TDB_LESS_CLOCK_D[mission]


def observe(
    seed: int, instrument: Instrument, target: Target, segment: Segment, events: dict[Orbit, list[Shape]]
) -> Observed:
    """One segment of `target` in the survey of `seed`.

    `events` are its `event_shapes` for the segment's cadence. PDCSAP is made from SAP as the pipelines do: what they
    recognise of the systematics is divided out, the light of known neighbours taken off, and the flux outside the
    aperture added (SAP = target * FLFRCSAP / CROWDSAP on average).
    """
    rng = generator(seed, "light", target.target_id, segment.number)
    mission, star = target.mission, target.star
    board = on_board(seed, segment)
    n = segment.cadences
    clock = segment.start_bjd + np.arange(n) * segment.cadence_d
    correction = barycentric_correction_d(mission, clock, star.ra_deg, star.dec_deg)
    times = clock + correction
    light, shift = simulate_flux(
        target, events, times, segment.cadence_d, generator(seed, "light", target.target_id), rng
    )
    crowdsap, flfrcsap = _aperture(star.magnitude, rng)
    own = electron_rate(mission, star.magnitude) * flfrcsap
    neighbours = own * (1 / crowdsap - 1)
    motion = board.motion * rng.uniform(0.4, 1.4)
    seen, left = _systematics(instrument, target, segment, board, motion, rng)
    events_seen = instrument_events(target, times)
    background = _background(mission, star.magnitude, board, segment, rng)
    rate = (own * light + neighbours) * (1 + seen) * (1 + events_seen)
    error = flux_error(mission, star.magnitude, rate, background)
    noise = instrument.noise * error * rng.standard_normal(n) + _cosmic_rays(rate, error, rng)
    sap = rate + noise
    pdcsap = (sap / (1 + seen - left) - neighbours) / flfrcsap
    quality = board.quality | _own_flags(mission, n, rng)
    columns = _columns(times, correction, segment, board, sap, error, pdcsap, flfrcsap, background, quality)
    column_px, row_px = int(rng.integers(30, 1080)), int(rng.integers(30, 1000))
    centroid_error = _CENTROID_PX_PER_ERROR * error / rate
    pos_error = 2e-4 if mission == "TESS" else 1e-4
    for axis, (place, name) in enumerate(((column_px, "1"), (row_px, "2"))):
        moved = place + rng.uniform(-0.5, 0.5) + motion[axis] + shift[axis] * crowdsap
        moved += instrument.noise * centroid_error * rng.standard_normal(n)
        columns[f"MOM_CENTR{name}"] = np.where(board.no_sap, np.nan, moved)
        columns[f"MOM_CENTR{name}_ERR"] = np.where(board.no_sap, np.nan, centroid_error)
        columns[f"POS_CORR{name}"] = np.where(board.no_sap, np.nan, motion[axis] + pos_error * rng.standard_normal(n))
    return Observed(segment, columns, crowdsap, flfrcsap, column_px, row_px, aperture_pixels(mission, star.magnitude))


def _aperture(magnitude: float, rng: np.random.Generator) -> tuple[float, float]:
    """CROWDSAP and FLFRCSAP, to the digits of the headers: fainter stars are more crowded and lose more light."""
    faint = np.clip((magnitude - 10.0) / 6.0, 0.05, 1.0)
    crowdsap = 1.0 - min(0.45, rng.exponential(0.045) * faint)
    flfrcsap = 1.0 - min(0.5, 0.015 + rng.exponential(0.09) * faint)
    return round(float(crowdsap), 4), round(float(flfrcsap), 4)


def _systematics(
    instrument: Instrument,
    target: Target,
    segment: Segment,
    board: Spacecraft,
    motion: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Relative systematics in SAP, and the part of them that PDCSAP keeps; both (n,)."""
    mission, n = target.mission, segment.cadences
    per_pixel = _PER_PIXEL[mission] * rng.normal(0, 1, 2)
    trend = per_pixel @ motion + _PER_HEAT[mission] * rng.normal(0, 1) * board.heat
    trend += _SCATTERED[mission] * rng.lognormal(-0.5, 0.8) * board.scattered
    if mission == "K2":
        # The flux follows the roll in a curve, for the image moves over pixels of unequal sensitivity.
        trend += 0.012 * rng.normal(0, 1) * motion[0] ** 2 + 0.02 * rng.normal(0, 1) * motion[0] * motion[1]
    share = instrument.roll_left if mission == "K2" else instrument.trend_left
    left = share * rng.lognormal(-0.1, 0.5) * trend
    # The photometer settles after every upset in a way that no cotrending vector knows.
    scale = {"Kepler": 8.0, "K2": 1.5, "TESS": 40.0}[mission]
    after = board.upsets[board.upsets < n]
    settled = settling(n, after, rng.normal(0, 1, len(after)), scale)
    trend += 6e-5 * settled
    left += 6e-5 * settled
    dropouts = _dropouts(n, instrument.dropouts_per_segment, segment, rng)
    # Most sudden drops are found and mended, but not the recovery in the hours after.
    trend += dropouts
    left += 0.08 * dropouts
    slow = 2e-5 * wander(n, 1.2 / segment.cadence_d, rng)
    return trend + slow, left + slow


def _dropouts(n: int, rate: float, segment: Segment, rng: np.random.Generator) -> np.ndarray:
    """Sudden pixel sensitivity dropouts: steps down that recover in part within hours (Jenkins et al. 2010); (n,)."""
    flux = np.zeros(n)
    for _ in range(rng.poisson(rate)):
        row = int(rng.integers(0, n))
        depth = min(rng.lognormal(np.log(2e-3), 0.8), 0.02)
        since = (np.arange(n - row)) * segment.cadence_d
        flux[row:] -= depth * (0.4 + 0.6 * np.exp(-since / rng.uniform(0.1, 0.6)))
    return flux


def _background(
    mission: Mission, magnitude: float, board: Spacecraft, segment: Segment, rng: np.random.Generator
) -> np.ndarray:
    """Sky in the aperture, electrons per second; (n,)."""
    sky = background_rate(mission, magnitude) * rng.lognormal(0.0, 0.25)
    slow = 1 + 0.05 * np.sin(2 * np.pi * np.arange(segment.cadences) / segment.cadences + rng.uniform(0, 6))
    return sky * (slow + 2.5 * board.scattered * rng.uniform(0.2, 1.0))


def _cosmic_rays(rate: np.ndarray, error: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Electrons per second that a few cosmic rays left uncorrected; (n,)."""
    hits = np.zeros(len(rate))
    rows = rng.integers(0, len(rate), rng.poisson(0.0008 * len(rate)))
    hits[rows] = error[rows] * rng.exponential(3.0, len(rows))
    return hits


def _own_flags(mission: str, n: int, rng: np.random.Generator) -> np.ndarray:
    """Quality bits that only this target has: cosmic rays, outliers, rolling bands; (n,) int32."""
    quality = np.zeros(n, dtype=np.int32)
    if mission == "TESS":
        quality[rng.integers(0, n, rng.poisson(12))] |= TESS_BITS["impulsive_outlier"]
        return quality
    hits, bands = (0.035, 0.01) if mission == "Kepler" else (0.002, 0.0)
    quality[rng.random(n) < hits] |= KEPLER_BITS["cosmic_ray_in_aperture"]
    quality[rng.random(n) < 0.03] |= KEPLER_BITS["cosmic_ray"]
    quality[rng.integers(0, n, rng.poisson(3))] |= KEPLER_BITS["impulsive_outlier"]
    band = rng.random(n) < bands * rng.exponential(1.5)
    quality[band] |= KEPLER_BITS["rolling_band_in_aperture"] | KEPLER_BITS["rolling_band"]
    return quality


def _columns(
    times: np.ndarray,
    correction: np.ndarray,
    segment: Segment,
    board: Spacecraft,
    sap: np.ndarray,
    error: np.ndarray,
    pdcsap: np.ndarray,
    flfrcsap: float,
    background: np.ndarray,
    quality: np.ndarray,
) -> dict[str, np.ndarray]:
    n = segment.cadences
    nothing = np.full(n, np.nan)
    bits = TESS_BITS if segment.mission == "TESS" else KEPLER_BITS
    no_pdcsap = board.no_pdcsap | ((quality & bits["impulsive_outlier"]) > 0)
    return {
        "TIME": np.where(board.no_time, np.nan, times - segment.zero_bjd),
        "TIMECORR": np.where(board.no_time, 0.0, correction),
        "CADENCENO": segment.first_cadence + np.arange(n),
        "SAP_FLUX": np.where(board.no_sap, np.nan, sap),
        "SAP_FLUX_ERR": np.where(board.no_sap, np.nan, error),
        "SAP_BKG": np.where(board.no_sap, np.nan, background),
        "SAP_BKG_ERR": np.where(board.no_sap, np.nan, 0.02 * np.sqrt(background)),
        "PDCSAP_FLUX": np.where(no_pdcsap, np.nan, pdcsap),
        "PDCSAP_FLUX_ERR": np.where(no_pdcsap, np.nan, error / flfrcsap),
        "QUALITY": quality,
        "PSF_CENTR1": nothing,
        "PSF_CENTR1_ERR": nothing,
        "PSF_CENTR2": nothing,
        "PSF_CENTR2_ERR": nothing,
    }
