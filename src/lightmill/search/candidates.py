"""From the peaks of a periodogram to signals: made sharp, their transits compared, their true period chosen."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lightmill.search.box import Peak, Periodogram, Redness, peak_at
from lightmill.search.curve import REMOVED_DURATIONS, Curve, signal_of
from lightmill.search.false_alarm import blocks, trials
from lightmill.search.judge import agree, beside_waves, in_step, only_every, rise_of, transits_of
from lightmill.search.sharpen import Cadences, sharpen
from lightmill.views.flatten import transit_mask

# Highest peaks that are looked at, one of each block; sharpening makes a peak 10 % higher, or 20.
LOOKED_AT = 20
NEARLY = 0.75
# Where only every so-manieth transit is one, the period is so many times as long. (Of two it may be a binary's.)
STEPS = (3, 4, 5, 6, 7, 8)
FEWEST_ROUNDS = 3
# A brightening at the same period may have this share of the dip's S/N; or this S/N, which noise comes to.
MOST_RISE = 0.6
RISE_OF_NOISE = 4.5
# Of what a dip tells alone it must keep so much beside sinusoids.
LEAST_BESIDE_WAVES = 0.1
# A second signal of one periodogram must be this strong, and lose no more than this without the transits of the first:
# others wait for a periodogram without the first.
STRONG_SNR = 10.0
KEPT_SNR = 0.9
# A peak may be a multiple or a fraction of the true period: where another of these fits better, it is that.
ALIASES = (1 / 3, 1 / 2, 2 / 3, 3 / 2, 2.0, 3.0)
# At a stronger signal's period or these ratios to it, a dip belongs to that signal: its star's tides, the other
# eclipse. Two planets of one star are not so near to one period, nor so near to a ratio of small numbers.
RATIOS = tuple(sorted({one / two for one in range(1, 5) for two in range(1, 5)} - {1.0}))
SMALL_FRACTIONS = (5, 24)
SAME_PERIOD = 1e-2
SAME_RATIO = 1e-3


class Candidate(NamedTuple):
    """A peak that may be a signal."""

    peak: Peak
    sample_d: float
    """How finely its period is known: days of drift over the span of the data."""
    power: float
    """Its height in the periodogram."""
    trials: float
    """Boxes that were laid in its block of the periodogram."""
    false_alarm: float = float("nan")


class Strongest(NamedTuple):
    """What is strongest in a periodogram: signals, or something that is none."""

    signals: list[Candidate]
    wave: Candidate | None = None
    """What goes up as much as down, and is stronger than any signal: there are no signals then."""


class Range(NamedTuple):
    """What is looked for."""

    shortest_d: float
    longest_d: float
    least_snr: float
    least_transits: int


def strongest(
    curve: Curve, periodogram: Periodogram, limits: Range, most: int = 1, earlier: Sequence[Candidate] = ()
) -> Strongest:
    """The strongest signals of a periodogram, `most` at most: the first, and others that do not depend on it.

    `earlier` are those found before; the first may belong to one of them (`base_of`), the others do not.
    """
    cadences, red = curve.cadences, curve.red
    sharp = [sharpened(cadences, candidate, red) for candidate in peaks(periodogram, limits)]
    new: list[Candidate] = []
    for candidate in sorted(sharp, key=lambda candidate: -candidate.peak.snr):
        if candidate.peak.snr < (STRONG_SNR if new else limits.least_snr) or len(new) >= most:
            break
        if not repeats(cadences, candidate, red, limits):
            continue
        if is_wave(cadences, candidate, red):
            if not new:
                return Strongest([], candidate)
            continue
        if not new:
            new.append(_true_period(cadences, candidate, red, limits, earlier))
            continue
        left = ~transit_mask(cadences.time_bjd, [signal_of(other.peak) for other in new], REMOVED_DURATIONS)
        rest = Cadences(*(values[left] for values in cadences))
        again = sharpened(rest, candidate, red)
        if again.peak.snr < KEPT_SNR * candidate.peak.snr or not holds(rest, again, red, limits):
            continue
        known = [*earlier, *new]
        again = _true_period(rest, again, red, limits, known)
        if base_of(rest, again, known, red) is None:
            new.append(again)
    return Strongest(new)


def peaks(periodogram: Periodogram, limits: Range) -> list[Candidate]:
    """The highest peaks of a periodogram, one of each block, as far as they may come to the least S/N."""
    highest = []
    for block in blocks(periodogram):
        place = block.start + int(np.argmax(periodogram.power[block]))
        power = float(periodogram.power[place])
        if power > (NEARLY * limits.least_snr) ** 2:
            sample_d = float(periodogram.sample_d[place])
            highest.append(Candidate(peak_at(periodogram, place), sample_d, power, trials(periodogram, block)))
    return sorted(highest, key=lambda candidate: -candidate.power)[:LOOKED_AT]


def sharpened(cadences: Cadences, candidate: Candidate, red: Redness) -> Candidate:
    """The candidate with its peak made sharp."""
    return candidate._replace(peak=sharpen(cadences, candidate.peak, candidate.sample_d, red))


def holds(cadences: Cadences, candidate: Candidate, red: Redness, limits: Range) -> bool:
    """Whether a peak is a signal: strong enough, of transits enough that agree, and no wave."""
    return repeats(cadences, candidate, red, limits) and not is_wave(cadences, candidate, red)


def repeats(cadences: Cadences, candidate: Candidate, red: Redness, limits: Range) -> bool:
    """Whether a peak is strong enough, of transits enough that agree: not of every third or eighth alone."""
    peak = candidate.peak
    if peak.snr < limits.least_snr:
        return False
    factor = float(red.of(peak.duration_h / 24.0))
    transits = transits_of(cadences, peak)
    if transits.observed < limits.least_transits or not agree(transits, factor):
        return False
    return not any(only_every(transits, count, factor) for count in STEPS if transits.snr.size >= FEWEST_ROUNDS * count)


def is_wave(cadences: Cadences, candidate: Candidate, red: Redness) -> bool:
    """Whether a peak is part of what goes up as much as down, or round."""
    peak = candidate.peak
    factor = float(red.of(peak.duration_h / 24.0))
    rise = rise_of(cadences, peak) / factor
    return rise >= max(MOST_RISE * peak.snr, RISE_OF_NOISE) or beside_waves(cadences, peak) < LEAST_BESIDE_WAVES


def _true_period(
    cadences: Cadences, candidate: Candidate, red: Redness, limits: Range, stronger: Sequence[Candidate]
) -> Candidate:
    """The candidate, or the multiple or fraction of its period that fits better, one of the stronger ones' perhaps."""
    best, peak = candidate, candidate.peak
    multiples = (round(peak.period_d / base.peak.period_d) for base in stronger)
    for factor in [*ALIASES, *(1.0 / multiple for multiple in multiples if multiple > 3)]:
        period_d = factor * peak.period_d
        if not limits.shortest_d <= period_d <= limits.longest_d:
            continue
        # Of a multiple, each of the transits may be the first.
        for shift in range(round(factor) if factor >= 2 else 1):
            start = peak._replace(period_d=period_d, epoch_bjd=peak.epoch_bjd + shift * peak.period_d)
            other = sharpened(cadences, candidate._replace(peak=start), red)
            if other.peak.snr > best.peak.snr and holds(cadences, other, red, limits):
                best = other
    return best


def base_of(cadences: Cadences, candidate: Candidate, stronger: Sequence[Candidate], red: Redness) -> int | None:
    """Which of the stronger signals a peak may be part of: its period is theirs, or in a ratio of small numbers.

    Ratios are alike within 0.1 % (periods within 1 %), or if over the span of the data the periods drift apart by less
    than the longer duration. A small fraction of a stronger signal's period only if the dips go round with that.
    """
    peak, span_d = candidate.peak, float(np.ptp(cadences.time_bjd))
    for place, base in enumerate(stronger):
        alike = max(peak.duration_h, base.peak.duration_h) / 24.0 / span_d
        ratio = peak.period_d / base.peak.period_d
        if abs(ratio - 1.0) < max(SAME_PERIOD, alike):
            return place
        if any(abs(ratio / other - 1.0) < max(SAME_RATIO, alike) for other in RATIOS):
            return place
        count = round(1.0 / ratio)
        if SMALL_FRACTIONS[0] <= count <= SMALL_FRACTIONS[1] and abs(ratio * count - 1.0) < max(SAME_RATIO, alike):
            transits = transits_of(cadences, peak)
            if in_step(transits, count, float(red.of(peak.duration_h / 24.0))):
                return place
    return None
