"""How often noise alone makes a peak as high somewhere in a star's periodogram, told by the periodogram itself.

The highest of many independent values, each as unlikely to be large as chi squared, follows a Gumbel distribution. A
periodogram without any signal is cut into blocks by period; the highest peaks of the blocks tell location and scale
of that distribution on this star, with whatever its noise is like, and so the chance that the highest of all blocks
comes to a given height by noise.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from lightmill.search.box import Periodogram

BLOCKS = 60
# Fewer periods than this side by side are nearly one.
FEWEST_PERIODS = 50
FEWEST_BLOCKS = 8
# Chi squared falls off as exp(-x / 2): no noise falls off faster, and a scale below would be chance.
LEAST_SCALE = 2.0
# Blocks to either side that a block's location is told by.
NEIGHBOURS = 10
_QUARTILES = (0.25, 0.75)


class NoisePeaks(NamedTuple):
    """What the highest peaks of noise are like on a star, by period."""

    period_d: np.ndarray
    """(k,) float64, first period of each block."""
    location: np.ndarray
    """(k,) float64, power that 37 % of the blocks about there do not reach, less what follows from their trials."""
    scale: float
    """By how much power must rise for peaks as high to be 2.7 times as rare."""

    def chance(self, period_d: float, power: float, trials: float) -> float:
        """Chance that noise comes to a peak as rare as this one at any period; NaN where the noise is not known.

        Parameters
        ----------
        period_d, power : of the peak
        trials : of the block that it lies in, as `trials` counts them
        """
        if self.period_d.size == 0:
            return float("nan")
        location = np.interp(np.log(period_d), np.log(self.period_d), self.location)
        rarer = (power - 2.0 * np.log(trials) - location) / self.scale
        return float(-np.expm1(-self.period_d.size * np.exp(-rarer)))


def blocks(periodogram: Periodogram) -> list[slice]:
    """The periodogram cut evenly by the logarithm of the period; blocks of fewer than fifty periods are not made."""
    size = periodogram.period_d.size
    if size == 0:
        return []
    count = max(min(BLOCKS, size // FEWEST_PERIODS), 1)
    logarithm = np.log(periodogram.period_d)
    ends = np.searchsorted(logarithm, np.linspace(logarithm[0], logarithm[-1], count + 1)[1:-1])
    edges = [0, *ends.tolist(), size]
    return [slice(first, last) for first, last in pairwise(edges) if last > first]


def trials(periodogram: Periodogram, block: slice) -> float:
    """How many boxes of one width were laid in a block."""
    return float(np.sum(periodogram.period_d[block] / periodogram.sample_d[block]))


def noise_peaks(periodogram: Periodogram) -> NoisePeaks:
    """Location and scale of the highest peaks of blocks, by medians and quartiles: a signal or two do not change them.

    The location is that of the blocks about each one, for noise may rise with the period; the scale is of all. Without
    eight blocks at least there are none, and the noise is not known.
    """
    parts = blocks(periodogram)
    if len(parts) < FEWEST_BLOCKS:
        return NoisePeaks(np.empty(0), np.empty(0), float("nan"))
    height = np.array([periodogram.power[part].max() - 2.0 * np.log(trials(periodogram, part)) for part in parts])
    about = np.array([np.median(height[max(i - NEIGHBOURS, 0) : i + NEIGHBOURS + 1]) for i in range(height.size)])
    low, high = np.quantile(height - about, _QUARTILES)
    scale = max(float((high - low) / np.diff(_gumbel(_QUARTILES))[0]), LEAST_SCALE)
    first = np.array([periodogram.period_d[part.start] for part in parts])
    return NoisePeaks(first, about - scale * _gumbel(0.5), scale)


def _gumbel(share: float | tuple[float, ...]) -> np.ndarray:
    """Where a Gumbel distribution of location 0 and scale 1 has so much below it."""
    return -np.log(-np.log(np.asarray(share)))
