"""Box least squares (Kovacs, Zucker and Mazeh 2002, A&A 391, 369) at all periods of a range, by fast folding.

The grid follows the durations. Samples grow as the cube root of the period, as transits across stars of one density
do; neighbouring periods differ by one sample over the whole span, and boxes begin at every sample. Durations at each
period are those of central transits across stars from the densest to the most tenuous of a range.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lightmill.search.folding import WIDTHS, fold_and_fit, sample_evenly

SOLAR_AXIS_RATIO = 215.03  # one astronomical unit in solar radii
YEAR_D = 365.25
# Densities of stars over the Sun's, from giants to the smallest dwarfs. A transit off the star's middle is shorter, as
# if its star were denser: an impact parameter of 0.8 looks like 4.6 times the density.
LEAST_DENSITY = 0.1
GREATEST_DENSITY = 50.0
# No transit lasts longer than this share of its period, whatever the star: what does is a star that varies.
LONGEST_SHARE = 0.15
# Samples in a central transit of a star of the Sun's density.
OVERSAMPLING = 3.0
# Between neighbouring samplings: so much longer than asked a sample may be.
SAMPLING_STEP = 1.1
# Boxes with less data than this share of a sample without gaps count less: it may be a single cadence or two.
LEAST_SHARE = 0.5
# Fewer samples in a period than this leave no baseline beside the longest box.
FEWEST_SAMPLES = 12


class Periodogram(NamedTuple):
    """The best box at each period: (m,) float64 each, by ascending period. Empty where nothing could be searched."""

    period_d: np.ndarray
    power: np.ndarray
    """How much chi squared falls by the box; its root is the S/N. Zero where no box is a dip."""
    epoch_bjd: np.ndarray
    """The first middle of a transit after the data begin."""
    duration_h: np.ndarray
    depth_ppm: np.ndarray
    sample_d: np.ndarray
    """How fine the box was laid, in days; over the whole span, periods are as far apart."""


class Peak(NamedTuple):
    """A periodic dip."""

    period_d: float
    epoch_bjd: float
    duration_h: float
    depth_ppm: float
    snr: float


class Redness(NamedTuple):
    """By how much the scatter of means over a duration is more than white noise would give; (k,) float64 each."""

    duration_d: np.ndarray
    """Ascending."""
    factor: np.ndarray
    """1 for white noise."""

    def of(self, duration_d: float | np.ndarray) -> np.ndarray:
        """The factor at a duration; beyond the first and the last it stays what it is there."""
        return np.interp(duration_d, self.duration_d, self.factor)


WHITE = Redness(np.ones(1), np.ones(1))
NO_PERIODOGRAM = Periodogram(*(np.empty(0) for _ in Periodogram._fields))


class Stage(NamedTuple):
    """Part of the grid that has one sampling."""

    shortest_d: float
    longest_d: float
    sample_d: float
    asked: np.ndarray
    """(6,) bool, which of the `WIDTHS` in samples are durations to try."""


def search_box(
    time_bjd: np.ndarray,
    flux: np.ndarray,
    scatter: np.ndarray | float,
    shortest_d: float,
    longest_d: float,
    *,
    redness: Redness = WHITE,
    densities: tuple[float, float] = (LEAST_DENSITY, GREATEST_DENSITY),
    oversampling: float = OVERSAMPLING,
) -> Periodogram:
    """The best box at every period from `shortest_d` to `longest_d`.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted
    flux : (n,) float64, relative flux minus one, finite, trends divided out; outliers weigh as they stand
    scatter : (n,) float64 or one for all, sigma of a cadence, above zero
    shortest_d, longest_d : range of periods in days; longer than the span of the data there is nothing to fold
    redness : what boxes of each duration are worth
    densities : least and greatest density of the star over the Sun's, which limit the durations at each period
    oversampling : samples in a central transit of a star of the Sun's density; none is finer than the cadence

    Raises
    ------
    ValueError
        if the range of periods or of densities is not above zero and ascending
    """
    if not 0 < shortest_d < longest_d:
        raise ValueError(f"periods must be above zero and ascending (got: {shortest_d} to {longest_d} d)")
    if not 0 < densities[0] < densities[1]:
        raise ValueError(f"densities must be above zero and ascending (got: {densities[0]} to {densities[1]})")
    span_d = float(time_bjd[-1] - time_bjd[0]) if time_bjd.size > 2 else 0.0
    if span_d <= shortest_d:
        return NO_PERIODOGRAM
    cadence_d = float(np.median(np.diff(time_bjd)))
    # Weights of the order of one: squares of sums of 1 / variance are too large for single precision.
    variance = np.broadcast_to(np.asarray(scatter, dtype=np.float64) ** 2, flux.shape)
    unit = float(np.median(variance))
    weight = unit / variance
    dip = (np.average(flux, weights=weight) - flux) * weight / np.sqrt(unit)
    since_d = time_bjd - time_bjd[0] + 0.5 * cadence_d
    found = []
    for stage in stages(shortest_d, min(longest_d, span_d), cadence_d, densities, oversampling):
        size = int((span_d + cadence_d) / stage.sample_d) + 1
        dips, weights = np.empty(size, np.float32), np.empty(size, np.float32)
        sample_evenly(since_d, dip, weight, cadence_d, stage.sample_d, dips, weights)
        trust = (stage.asked * redness.of(np.array(WIDTHS) * stage.sample_d) ** -2.0).astype(np.float32)
        shortest, longest = stage.shortest_d / stage.sample_d, stage.longest_d / stage.sample_d
        columns = np.arange(int(shortest), int(np.ceil(longest)))
        boxes = np.empty((int(np.sum(-(-size // columns))), 5))
        least_weight = LEAST_SHARE * max(stage.sample_d / cadence_d, 1.0)
        count = fold_and_fit(dips, weights, shortest, longest, trust, least_weight, boxes)
        period, power, first, width, depth = boxes[:count].T
        middle_d = np.mod((first + 0.5 * width) * stage.sample_d - 0.5 * cadence_d, period * stage.sample_d)
        found.append(
            Periodogram(
                period_d=period * stage.sample_d,
                power=power,
                epoch_bjd=time_bjd[0] + middle_d,
                duration_h=24.0 * width * stage.sample_d,
                depth_ppm=1e6 * np.sqrt(unit) * depth,
                sample_d=np.full(count, stage.sample_d),
            )
        )
    return Periodogram(*(np.concatenate(values) for values in zip(*found, strict=True)))


def stages(
    shortest_d: float, longest_d: float, cadence_d: float, densities: tuple[float, float], oversampling: float
) -> Iterator[Stage]:
    """The grid from the shortest to the longest period, in parts of one sampling each."""
    begin_d, places = shortest_d, np.arange(len(WIDTHS))
    while begin_d < longest_d:
        asked_d = float(solar_duration(begin_d)) / oversampling
        sample_d = min(max(asked_d, cadence_d), begin_d / FEWEST_SAMPLES)
        # As long as no transit gets more than so much longer, which it does as the cube root of the period.
        end_d = begin_d * (SAMPLING_STEP * max(sample_d / asked_d, 1.0)) ** 3
        if end_d > longest_d / SAMPLING_STEP:
            end_d = longest_d
        shortest = float(solar_duration(begin_d)) * densities[1] ** (-1.0 / 3.0) / sample_d
        longest = min(float(solar_duration(end_d)) * densities[0] ** (-1.0 / 3.0), LONGEST_SHARE * begin_d) / sample_d
        # From the last that is not longer than the shortest to the first that is not shorter than the longest.
        first = max(np.searchsorted(WIDTHS, shortest, side="right") - 1, 0)
        last = np.searchsorted(WIDTHS, longest)
        yield Stage(begin_d, end_d, sample_d, (first <= places) & (places <= last))
        begin_d = end_d


def solar_duration(period_d: float | np.ndarray) -> np.ndarray:
    """Days that a central transit across a star of the Sun's density lasts; a circle, and a point for a planet."""
    axis_ratio = SOLAR_AXIS_RATIO * (np.asarray(period_d) / YEAR_D) ** (2.0 / 3.0)
    return np.asarray(period_d / np.pi * np.arcsin(np.minimum(1.0 / axis_ratio, 1.0)))


def best_peak(periodogram: Periodogram) -> Peak | None:
    """The dip of the highest power; None where there is no dip at any period."""
    if not np.any(periodogram.power > 0):
        return None
    return peak_at(periodogram, int(np.argmax(periodogram.power)))


def peak_at(periodogram: Periodogram, place: int) -> Peak:
    """The best box at the period at `place`."""
    return Peak(
        period_d=float(periodogram.period_d[place]),
        epoch_bjd=float(periodogram.epoch_bjd[place]),
        duration_h=float(periodogram.duration_h[place]),
        depth_ppm=float(periodogram.depth_ppm[place]),
        snr=float(np.sqrt(periodogram.power[place])),
    )
