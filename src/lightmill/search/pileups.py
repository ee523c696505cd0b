"""Signals that an instrument makes: dips at its own times, and periods that more stars have than chance gives them.

On one star: a period that is the spacecraft's, transits at the edges of the data, or where the spacecraft was upset.
Over many: the histogram of their periods, and where it piles up.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.targets import Mission
from lightmill.views.fold import transit_number
from lightmill.views.quality import KeplerQuality, TessQuality


class Own(NamedTuple):
    """A period that belongs to a spacecraft."""

    flag: str
    shortest_d: float
    longest_d: float


# TESS goes round the Earth in 13.7 d and pauses once in each round. Kepler goes round the Sun in 372.5 d: every star
# comes back to the same pixels after four quarters, with what is wrong with them (Coughlin et al. 2016, ApJS 224, 12).
OWN_PERIODS: dict[Mission, tuple[Own, ...]] = {
    "Kepler": (Own("spacecraft_year", 360.0, 385.0),),
    "K2": (),
    "TESS": (Own("spacecraft_orbit", 13.4, 14.0), Own("spacecraft_orbit", 26.8, 28.0)),
}
EDGES, DUMPS, FIRINGS = "edges", "momentum_dumps", "thruster_firings"
# How far, in days, what light curves do reaches from a pause, and from an upset.
EDGE_D = 0.5
UPSET_D = 1.0 / 24.0
BREAK_D = 0.5
# Transits that coincide with upsets: so large a share of them, and by chance as rarely as that.
COINCIDING = 0.5
BY_CHANCE = 1e-3

# Half-widths of piles and of what they are compared with, in the logarithm of the period.
PILES = (1e-3, 5e-3, 2e-2)
AROUND = 0.3
FEWEST_PILED = 4
LEAST_EXPECTED = 1e-3
# Chance of a single pile among all signals.
PILED_BY_CHANCE = 1e-2

BINS_PER_DECADE = 12
BAR = 50


def star_flags(
    light_curve: LightCurve, time_bjd: np.ndarray, period_d: float, epoch_bjd: float, duration_h: float
) -> tuple[str, ...]:
    """What makes a signal of one star look like its spacecraft's doing; empty where nothing does.

    Parameters
    ----------
    light_curve : with the quality bits of all cadences
    time_bjd : (n,) float64, sorted, of the cadences that the signal was found in

    Returns
    -------
    Of `spacecraft_year` (372.5 d, Kepler) and `spacecraft_orbit` (13.7 d and twice that, TESS): the period;
    of `edges` (pauses and ends of the data), `momentum_dumps` and `thruster_firings` (K2): more of its transits happen
    just then than chance makes likely.
    """
    own = [o.flag for o in OWN_PERIODS[light_curve.mission] if o.shortest_d <= period_d <= o.longest_d]
    duration_d = duration_h / 24.0
    number = transit_number(time_bjd, period_d, epoch_bjd)
    middles = epoch_bjd + period_d * np.unique(number)
    breaks = np.flatnonzero(np.diff(time_bjd) > BREAK_D)
    edges = np.concatenate([time_bjd[:1], time_bjd[breaks], time_bjd[breaks + 1], time_bjd[-1:]])
    upsets = {EDGES: (np.sort(edges), duration_d + 2.0 * EDGE_D)}
    for flag, bits in _upset_bits(light_curve.mission).items():
        times = light_curve.time_bjd[(light_curve.quality & int(bits)) != 0]
        upsets[flag] = (times, duration_d + 2.0 * UPSET_D)
    coinciding = [flag for flag, (times, width_d) in upsets.items() if coincide(time_bjd, middles, times, width_d)]
    return (*dict.fromkeys(own), *coinciding)


def _upset_bits(mission: Mission) -> dict[str, int]:
    if mission == "TESS":
        return {DUMPS: TessQuality.DESATURATION}
    if mission == "Kepler":
        return {DUMPS: KeplerQuality.DESATURATION}
    return {FIRINGS: KeplerQuality.THRUSTER_FIRE | KeplerQuality.POSSIBLE_THRUSTER_FIRE}


def coincide(time_bjd: np.ndarray, middles: np.ndarray, upsets: np.ndarray, width_d: float) -> bool:
    """Whether transits happen at upsets more often than chance makes likely, and most of them do.

    Parameters
    ----------
    time_bjd : (n,) float64, of the data; their share near upsets is the chance of one transit
    middles : (k,) float64, of the transits; those that have no data nearer than half a width do not count
    upsets : (m,) float64, sorted
    width_d : a transit as wide as this includes an upset, or does not
    """
    if upsets.size == 0 or time_bjd.size == 0:
        return False
    middles = middles[_distance(middles, time_bjd) < 0.5 * width_d]
    if middles.size == 0:
        return False
    hits = int(np.count_nonzero(_distance(middles, upsets) < 0.5 * width_d))
    chance = float(np.mean(_distance(time_bjd, upsets) < 0.5 * width_d))
    return hits >= COINCIDING * middles.size and _at_least(hits, middles.size, chance) < BY_CHANCE


def _distance(times: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How far the nearest of `others` (sorted, one at least) is from each time: (n,) float64."""
    after = np.clip(np.searchsorted(others, times), 1, others.size - 1) if others.size > 1 else np.zeros(1, np.int64)
    return np.minimum(np.abs(others[after] - times), np.abs(others[after - 1] - times))


def _at_least(hits: int, trials: int, chance: float) -> float:
    """Chance of at least so many hits (binomial)."""
    if chance <= 0.0 or chance >= 1.0:
        return float(hits == 0 or chance >= 1.0)
    logarithms = [
        math.lgamma(trials + 1)
        - math.lgamma(k + 1)
        - math.lgamma(trials - k + 1)
        + k * math.log(chance)
        + (trials - k) * math.log1p(-chance)
        for k in range(hits, trials + 1)
    ]
    return min(math.fsum(map(math.exp, logarithms)), 1.0)


def piled(period_d: np.ndarray) -> np.ndarray:
    """Which periods of many stars' signals lie together more closely than those about them: (n,) bool.

    Piles of 0.1 to 2 % to either side are looked for among what lies within 35 %; together they make a false one in
    one of a hundred such lists.

    Parameters
    ----------
    period_d : (n,) float64, above zero; one of each star and signal
    """
    if period_d.size == 0:
        return np.zeros(0, dtype=bool)
    order = np.argsort(period_d)
    logarithm = np.log(period_d[order])
    around = _within(logarithm, AROUND)
    found = np.zeros(period_d.shape, dtype=bool)
    trials = period_d.size * len(PILES)
    for width in PILES:
        near = _within(logarithm, width)
        inner, outer = _covered(logarithm, width), _covered(logarithm, AROUND)
        expected = np.maximum(np.maximum(around - near, 1) * inner / np.maximum(outer - inner, width), LEAST_EXPECTED)
        # The signal itself is there for sure: what counts are the others. What is less than three sigmas is no pile.
        others = near - 1
        many = (near >= FEWEST_PILED) & (others > expected + 3.0 * np.sqrt(expected))
        for place in np.flatnonzero(many):
            if _poisson(int(others[place]), float(expected[place])) * trials < PILED_BY_CHANCE:
                found[order[np.abs(logarithm - logarithm[place]) <= width]] = True
    return found


def _within(values: np.ndarray, width: float) -> np.ndarray:
    """How many of sorted values are within `width` of each, itself included: (n,) int64."""
    return np.searchsorted(values, values + width, side="right") - np.searchsorted(values, values - width)


def _covered(values: np.ndarray, width: float) -> np.ndarray:
    """How much of what lies within `width` of each is between the first and the last of sorted values: (n,) float64."""
    return np.minimum(values + width, values[-1]) - np.maximum(values - width, values[0])


def _poisson(count: int, expected: float) -> float:
    """Chance of at least so many where so many are expected."""
    terms = [k * math.log(expected) - expected - math.lgamma(k + 1) for k in range(count, count + 200)]
    return min(math.fsum(map(math.exp, terms)), 1.0)


class PeriodHistogram(NamedTuple):
    """Signals by the logarithm of their period: (k,) int64 each, and (k + 1,) float64 edges."""

    edges_d: np.ndarray
    signals: np.ndarray
    flagged: np.ndarray
    """Of these, how many are doubtful by themselves."""
    piled: np.ndarray
    """Of these, how many are part of a pile."""


def period_histogram(period_d: np.ndarray, flagged: Sequence[bool] | np.ndarray) -> PeriodHistogram:
    """The histogram of signals' periods, twelve bins to the decade.

    Parameters
    ----------
    period_d : (n,) float64, above zero
    flagged : (n,) bool, whether a signal has a flag of its own
    """
    if period_d.size == 0:
        return PeriodHistogram(np.ones(1), *(np.zeros(0, np.int64) for _ in range(3)))
    first = math.floor(BINS_PER_DECADE * math.log10(float(period_d.min())))
    last = math.floor(BINS_PER_DECADE * math.log10(float(period_d.max()))) + 1
    edges_d = 10.0 ** (np.arange(first, last + 1) / BINS_PER_DECADE)
    edges_d[-1] = max(edges_d[-1], period_d.max())
    edges_d[0] = min(edges_d[0], period_d.min())
    kinds = (np.ones(period_d.shape, dtype=bool), np.asarray(flagged, dtype=bool), piled(period_d))
    return PeriodHistogram(edges_d, *(np.histogram(period_d[kind], edges_d)[0].astype(np.int64) for kind in kinds))


def histogram_text(histogram: PeriodHistogram) -> str:
    """The histogram to be printed: a line for each bin, `#` for signals, `!` for those in a pile."""
    lines = [f"{'period (d)':>19}  signals  flagged  in piles"]
    scale = max(int(histogram.signals.max(initial=0)), BAR) / BAR
    for k, (count, flagged, pile) in enumerate(
        zip(histogram.signals.tolist(), histogram.flagged.tolist(), histogram.piled.tolist(), strict=True)
    ):
        bar = "!" * round(pile / scale) + "#" * (round(count / scale) - round(pile / scale))
        span = f"{histogram.edges_d[k]:.4g} - {histogram.edges_d[k + 1]:.4g}"
        lines.append(f"{span:>19}  {count:7d}  {flagged:7d}  {pile:8d}  {bar}".rstrip())
    total = [int(values.sum()) for values in histogram[1:]]
    lines.append(f"{'all':>19}  {total[0]:7d}  {total[1]:7d}  {total[2]:8d}")
    return "\n".join(lines) + "\n"
