"""How a star varies by itself: spots, granulation, flares, pulsation. Arrays in, relative flux out."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from lightmill.simulate.spacecraft import wander

_SUN_LOGG = 4.438


@dataclass(frozen=True)
class Pulsation:
    """A periodic star: harmonics of one frequency. `amplitudes` and `phases` (radians) of the first, second, ..."""

    period_d: float
    epoch_bjd: float
    amplitudes: tuple[float, ...]
    phases: tuple[float, ...]


def spots(
    times_bjd: np.ndarray,
    start_bjd: float,
    stop_bjd: float,
    period_d: float,
    amplitude: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Quasi-periodic variability of a spotted star at `times_bjd` (n,): relative flux about zero; (n,) float64.

    The rotation period and its first two overtones, each with an amplitude and phase that wander over a few
    rotations, as spots come and go. Drawn over start_bjd to stop_bjd, so that the random numbers used, and thus the
    star, do not depend on which times are asked for.
    """
    knots = np.arange(start_bjd - period_d, stop_bjd + 2 * period_d, period_d / 3)
    flux = np.zeros(len(times_bjd))
    for overtone, share in ((1, 1.0), (2, 0.45), (3, 0.15)):
        cosine, sine = (amplitude * share * wander(len(knots), 9.0, rng) for _ in range(2))
        angle = 2 * np.pi * overtone * (times_bjd - start_bjd) / period_d
        flux += CubicSpline(knots, cosine)(times_bjd) * np.cos(angle)
        flux += CubicSpline(knots, sine)(times_bjd) * np.sin(angle)
    return flux


def granulation_scatter(logg: float) -> tuple[float, float]:
    """Scatter (relative flux) and time scale (days) of granulation for a surface gravity.

    Both scale with gravity, from 30 ppm and half an hour for the Sun (Kallinger et al. 2014: exponents -0.61 and
    -0.97).
    """
    weaker = 10 ** (_SUN_LOGG - logg)
    return 30e-6 * weaker**0.61, 0.5 / 24 * weaker**0.97


def granulation(n: int, cadence_d: float, logg: float, rng: np.random.Generator) -> np.ndarray:
    """Granulation on `n` evenly spaced cadences: correlated noise of two time scales; (n,) float64."""
    scatter, scale_d = granulation_scatter(logg)
    fast = wander(n, scale_d / cadence_d, rng)
    slow = wander(n, 4 * scale_d / cadence_d, rng)
    return scatter * (0.8 * fast + 0.6 * slow)


def flare_profile(times_d: np.ndarray, width_d: float) -> np.ndarray:
    """A flare of unit height peaking at time 0, `width_d` its full width at half maximum; (n,) float64.

    A polynomial rise and a decay of two exponentials (Davenport et al. 2014, table 1).
    """
    phase = times_d / width_d
    rise = 1 + 1.941 * phase - 0.175 * phase**2 - 2.246 * phase**3 - 1.125 * phase**4
    decay = 0.6890 * np.exp(-1.600 * phase.clip(0)) + 0.3030 * np.exp(-0.2783 * phase.clip(0))
    return np.where(phase < -1, 0.0, np.where(phase < 0, rise, decay))


def flares(times_bjd: np.ndarray, exposure_d: float, per_day: float, rng: np.random.Generator) -> np.ndarray:
    """Flares at ascending `times_bjd` (n,), averaged over the exposure; relative flux, (n,) float64.

    Energies follow a power law of index -2, so heights do: most are lost in the noise.
    """
    flux = np.zeros(len(times_bjd))
    if per_day <= 0:
        return flux
    start, stop = times_bjd[0], times_bjd[-1]
    count = rng.poisson(per_day * (stop - start))
    peaks = rng.uniform(start, stop, count)
    heights = np.minimum(4e-4 / (1 - rng.random(count)), 0.1)
    widths = rng.lognormal(np.log(8 / 1440), 0.5, count)
    fine = (np.arange(9) - 4) / 9 * exposure_d
    for peak, height, width in zip(peaks, heights, widths, strict=True):
        first, last = np.searchsorted(times_bjd, [peak - width - exposure_d, peak + 25 * width + exposure_d])
        within = times_bjd[first:last, None] + fine
        flux[first:last] += height * flare_profile(within - peak, width).mean(axis=1)
    return flux


def pulsation_flux(pulsation: Pulsation, times_bjd: np.ndarray) -> np.ndarray:
    """Relative flux about zero of a pulsation at `times_bjd` (n,); (n,) float64."""
    angle = 2 * np.pi * (times_bjd - pulsation.epoch_bjd) / pulsation.period_d
    flux = np.zeros(len(times_bjd))
    for order, (amplitude, phase) in enumerate(zip(pulsation.amplitudes, pulsation.phases, strict=True), start=1):
        flux += amplitude * np.cos(order * angle + phase)
    return flux
