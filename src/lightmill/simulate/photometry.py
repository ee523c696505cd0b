"""How many electrons a star sends, and how well a transit of it is measured."""

import numpy as np

from lightmill.simulate.starlight import granulation_scatter
from lightmill.targets import Mission

# Electrons per second of a star of magnitude 12 (Kepler, K2) and 10 (TESS), all of its light: medians of public files.
_FLUX_AT = {"Kepler": (12.0, 2.28e5), "K2": (12.0, 2.1e5), "TESS": (10.0, 1.56e4)}
_EXPOSURE_S = {"Kepler": 270 * 6.019802903270, "K2": 270 * 6.019802903270, "TESS": 60 * 1.98 * 0.8}
_READS = {"Kepler": 270, "K2": 270, "TESS": 48}
_READ_NOISE = {"Kepler": 85.0, "K2": 95.0, "TESS": 9.0}
_FIRST_PIXELS = {"Kepler": 14.0, "K2": 20.0, "TESS": 14.0}
_BACKGROUND_PER_PIXEL = {"Kepler": 180.0, "K2": 450.0, "TESS": 85.0}
# Noise that does not average down within a transit, beyond granulation: pointing and what detrending leaves.
_FLOOR_PPM = {"Kepler": 10.0, "K2": 45.0, "TESS": 45.0}


def electron_rate(mission: Mission, magnitude: float) -> float:
    """Electrons per second of a star, all of its light."""
    at, rate = _FLUX_AT[mission]
    return rate * 10 ** (-0.4 * (magnitude - at))


def aperture_pixels(mission: Mission, magnitude: float) -> int:
    """Pixels of the optimal aperture: more for brighter stars."""
    return int(np.clip(_FIRST_PIXELS[mission] * 10 ** (-0.1 * (magnitude - 11.5)), 4, 60))


def background_rate(mission: Mission, magnitude: float) -> float:
    """Electrons per second of sky in the aperture."""
    return _BACKGROUND_PER_PIXEL[mission] * aperture_pixels(mission, magnitude)


def exposure_s(mission: Mission) -> float:
    """Seconds of a cadence in which light is collected."""
    return _EXPOSURE_S[mission]


def flux_error(
    mission: Mission, magnitude: float, rate: np.ndarray | float, background: np.ndarray | float
) -> np.ndarray:
    """Photon and read noise of one cadence, electrons per second, for a rate and background in the aperture."""
    exposure = _EXPOSURE_S[mission]
    reads = aperture_pixels(mission, magnitude) * _READS[mission] * _READ_NOISE[mission] ** 2
    return np.sqrt(np.maximum((np.asarray(rate) + background) * exposure, 1.0) + reads) / exposure


def transit_noise(mission: Mission, magnitude: float, logg: float, hours: float, noise_factor: float = 1.0) -> float:
    """Noise of the mean flux over one event of `hours`, relative: the combined differential photometric precision."""
    rate = electron_rate(mission, magnitude) * 0.92
    cadence_h = 1 / 30 if mission == "TESS" else 0.4904
    white = float(flux_error(mission, magnitude, rate, background_rate(mission, magnitude))) / rate * noise_factor
    scatter, scale_d = granulation_scatter(logg)
    correlated = scatter * min(1.0, np.sqrt(4 * scale_d * 24 / hours))
    return float(np.sqrt(white**2 * cadence_h / hours + correlated**2 + (_FLOOR_PPM[mission] * 1e-6) ** 2))
