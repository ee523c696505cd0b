"""What the single transits of a found dip say: how many there are, and whether they agree."""

from typing import NamedTuple

import numpy as np

from lightmill.search.box import Peak
from lightmill.search.sharpen import Cadences
from lightmill.views.fold import fold, in_transit, transit_number

# A transit counts as observed if it has this share of the data that most of them have.
OBSERVED = 0.5
# What is no dip has no S/N above this.
NO_DIP = 3.0
# Where a box may begin, in parts of its duration.
PLACES = 3
# What is beside a dip reaches so far from its middle, in durations.
BESIDE = 3.0
FARTHEST_BESIDE = 0.25  # of a period
# Single transits may differ by chance, and by what is left of the star's own variability: their chi squared, per
# transit, may be this much, and more for few transits, in sigmas of what chance would make of it.
MOST_CHI_SQUARED = 3.0
MOST_SIGMAS = 3.5
# A transit is no longer one where it is so many times as deep as most, and that is as sure.
ODD = 2.0
ODD_SIGMAS = 5.0
FEWEST_TO_COMPARE = 3
# Sinusoids with multiples of half of a peak's frequency, in a curve folded on twice its period in so many bins.
WAVES = 4
WAVE_BINS = 400


class Transits(NamedTuple):
    """Single transits of an ephemeris that have data: (k,) each."""

    number: np.ndarray
    """int64, counted from the epoch."""
    snr: np.ndarray
    """float64, of each one's dip by itself, white noise."""
    weight: np.ndarray
    """float64, how much it counts: the sum of its cadences' 1 / variance."""

    @property
    def observed(self) -> int:
        """How many there are with most of their data."""
        return int(np.count_nonzero(self.weight >= OBSERVED * np.median(self.weight))) if self.weight.size else 0


def transits_of(cadences: Cadences, peak: Peak) -> Transits:
    """The transits of a peak one by one, as far as they have data."""
    inside = in_transit(cadences.time_bjd, peak.period_d, peak.epoch_bjd, peak.duration_h / 24.0)
    number = transit_number(cadences.time_bjd[inside], peak.period_d, peak.epoch_bjd)
    if number.size == 0:
        return Transits(np.empty(0, np.int64), np.empty(0), np.empty(0))
    place = number - number[0]
    pull = np.bincount(place, cadences.pull[inside])
    weight = np.bincount(place, cadences.weight[inside])
    there = np.flatnonzero(weight > 0)
    return Transits(there + number[0], -pull[there] / np.sqrt(weight[there]), weight[there])


class Depth(NamedTuple):
    """A depth with its error, relative flux."""

    value: float
    error: float


def depth_of(transits: Transits) -> Depth:
    """The common depth of transits, its error from their differences, or from white noise where that is larger."""
    root = np.sqrt(transits.weight)
    total = float(transits.weight.sum())
    value = float(np.sum(transits.snr * root)) / total
    return Depth(value, float(np.sqrt(max(disagreement(transits, 1.0), 1.0) / total)))


def odd_transits(transits: Transits, redness: float) -> np.ndarray:
    """Numbers of the few transits that are far deeper than most: something else happened in them. (m,) int64.

    None where more than a quarter of them are, as with every second eclipse of a binary, but for one of three; none of
    fewer than three transits.
    """
    if transits.snr.size < FEWEST_TO_COMPARE:
        return np.empty(0, np.int64)
    depth, error = transits.snr / np.sqrt(transits.weight), redness / np.sqrt(transits.weight)
    odd = depth - ODD * max(float(np.median(depth)), 0.0) > ODD_SIGMAS * error
    few = np.count_nonzero(odd) <= max(depth.size // 4, 1)
    return transits.number[odd] if few else np.empty(0, np.int64)


def disagreement(transits: Transits, redness: float) -> float:
    """Chi squared per transit of the single depths about the common one; 0 for a single transit."""
    if transits.snr.size < 2:
        return 0.0
    root = np.sqrt(transits.weight)
    depth = float(np.sum(transits.snr * root) / transits.weight.sum())
    return float(np.sum((transits.snr - depth * root) ** 2)) / redness**2 / (transits.snr.size - 1)


def only_every(transits: Transits, count: int, redness: float) -> bool:
    """Whether only every `count`-th transit is one: all others together are no dip."""
    place = np.mod(transits.number, count)
    dip = np.bincount(place, transits.snr * np.sqrt(transits.weight), count)
    weight = np.bincount(place, transits.weight, count)
    best = int(np.argmax(dip / np.sqrt(np.maximum(weight, np.finfo(float).tiny))))
    rest_dip, rest_weight = dip.sum() - dip[best], weight.sum() - weight[best]
    return bool(rest_weight <= 0 or rest_dip / np.sqrt(rest_weight) / redness < NO_DIP)


def in_step(transits: Transits, count: int, redness: float) -> bool:
    """Whether the depths of transits go round with a period `count` times as long: some phases dip more than others."""
    place = np.mod(transits.number, count)
    root = np.sqrt(transits.weight)
    dip, weight = np.bincount(place, transits.snr * root, count), np.bincount(place, transits.weight, count)
    there = weight > 0
    depth, free = float(dip.sum() / weight.sum()), max(int(np.count_nonzero(there)) - 1, 1)
    squares = float(np.sum((dip[there] - depth * weight[there]) ** 2 / weight[there])) / redness**2
    return squares / free > 1.0 + MOST_SIGMAS * float(np.sqrt(2.0 / free))


def rise_of(cadences: Cadences, peak: Peak) -> float:
    """The highest S/N of a brightening as long as the peak, at any phase of its period.

    What is left of a star's own variations rises as often as it dips. Boxes begin at thirds of the duration, at phases
    that have at least half of the usual data. Not those next to the dip: a trend that was drawn through the transits
    leaves what is beside them too bright.
    """
    period_d = peak.period_d
    bins = max(round(PLACES * 24.0 * period_d / peak.duration_h), PLACES + 1)
    phase = fold(cadences.time_bjd, period_d, peak.epoch_bjd) / period_d + 0.5
    place = np.minimum((phase * bins).astype(np.int64), bins - 1)
    pull, weight = (_boxes(np.bincount(place, values, bins)) for values in (cadences.pull, cadences.weight))
    beside = min(BESIDE * peak.duration_h / 24.0 / period_d, FARTHEST_BESIDE)
    apart = np.abs((np.arange(bins) + 0.5 * PLACES) / bins - 0.5) > beside
    usual = apart & (weight > 0) & (weight >= OBSERVED * np.median(weight))
    return float(np.max(pull[usual] / np.sqrt(weight[usual]), initial=0.0))


def beside_waves(cadences: Cadences, peak: Peak) -> float:
    """What a box tells beside sinusoids, of what it tells alone: a share of the fall of chi squared.

    The sinusoids have the halves of the peak's frequency, up to twice it, and any amplitudes and phases. A box of a
    seventh of its period keeps two fifths, a shorter one more, a dip of a quarter of the period a fifth; one in a star
    that goes up and down keeps nothing.
    """
    turns = 2.0 * peak.period_d
    place = ((fold(cadences.time_bjd, turns, peak.epoch_bjd) / turns + 0.5) * WAVE_BINS).astype(np.int64)
    inside = in_transit(cadences.time_bjd, peak.period_d, peak.epoch_bjd, peak.duration_h / 24.0)
    cell = 2 * np.minimum(place, WAVE_BINS - 1) + inside
    pull, weight = (np.bincount(cell, values, 2 * WAVE_BINS) for values in (cadences.pull, cadences.weight))
    there = np.flatnonzero(weight > 0)
    angle = 2.0 * np.pi * np.outer(there // 2 / WAVE_BINS, np.arange(1, WAVES + 1))
    root = np.sqrt(weight[there])
    level, box = np.ones((there.size, 1)), (there[:, None] % 2).astype(np.float64)
    waves = np.hstack([level, np.cos(angle), np.sin(angle)])

    def told(columns: np.ndarray) -> float:
        columns = columns * root[:, None]
        wanted = pull[there] / root
        return float(wanted @ columns @ np.linalg.lstsq(columns, wanted, rcond=None)[0])

    alone = told(np.hstack([level, box])) - told(level)
    return (told(np.hstack([waves, box])) - told(waves)) / alone if alone > 0 else 0.0


def _boxes(values: np.ndarray) -> np.ndarray:
    """Sums of `PLACES` neighbours, around the end: (n,) float64."""
    total = np.cumsum(np.concatenate([[0.0], values, values[: PLACES - 1]]))
    return total[PLACES:] - total[:-PLACES]


def agree(transits: Transits, redness: float) -> bool:
    """Whether the single transits may be of one depth."""
    free = max(transits.snr.size - 1, 1)
    return disagreement(transits, redness) <= max(MOST_CHI_SQUARED, 1.0 + MOST_SIGMAS * float(np.sqrt(2.0 / free)))
