"""Instrumental events that a search may take for transits."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Glitches:
    """Dips that no star made: at each of `times_bjd` the flux falls by its share in `depths` and comes back.

    `fall_d` and `rise_d` are the time scales before and after; either may be the longer.
    """

    times_bjd: tuple[float, ...]
    depths: tuple[float, ...]
    fall_d: float
    rise_d: float


def glitch_flux(glitches: Glitches, times_bjd: np.ndarray) -> np.ndarray:
    """Relative flux about zero (never positive) of the glitches at ascending `times_bjd` (n,); (n,) float64."""
    flux = np.zeros(len(times_bjd))
    reach = 8.0
    for middle, depth in zip(glitches.times_bjd, glitches.depths, strict=True):
        first, last = np.searchsorted(times_bjd, [middle - reach * glitches.fall_d, middle + reach * glitches.rise_d])
        since = times_bjd[first:last] - middle
        flux[first:last] -= depth * np.where(
            since < 0, np.exp(since / glitches.fall_d), np.exp(-since.clip(0) / glitches.rise_d)
        )
    return flux
