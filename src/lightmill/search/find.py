"""The periodic dips of a star of which nothing is known: found, masked, and searched again until nothing is left."""

import numpy as np

from lightmill.config.views import DetrendSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.search.box import Peak, Periodogram
from lightmill.search.candidates import Candidate, Range, Strongest, base_of, sharpened, strongest
from lightmill.search.curve import Curve, flat_without
from lightmill.search.false_alarm import noise_peaks
from lightmill.search.settle import Found, Signals, settle

# Searches of one star beyond one for each signal: for what else there is at a signal's period, and one for the noise.
FURTHER_SEARCHES = 4
# A part of a signal found at a fraction of its period is taken to be at the period itself, unless that has no more
# than this share of the S/N.
SHARE_AT_PERIOD = 0.8
# What dips with a period shorter than this share of a signal's is nothing to be masked.
SHORT = 0.3


def find_signals(
    light_curve: LightCurve,
    detrend: DetrendSettings,
    *,
    shortest_period_d: float = 0.15,
    longest_period_d: float | None = None,
    signals_per_star: int = 8,
    least_snr: float = 7.0,
    most_false_alarm: float = 0.01,
    least_transits: int = 3,
) -> list[Found]:
    """The periodic dips of a star, strongest first.

    Parameters
    ----------
    detrend : how the star's own variability is divided out, the transits of what was found so far masked
    shortest_period_d, longest_period_d : range of periods; without a longest, half of what the light curve spans
    signals_per_star : the search ends when there are so many
    least_snr, most_false_alarm : what is weaker, or more likely noise, ends the search or is left out
    least_transits : so many must have most of their data
    """
    found: list[Signals] = []
    waves: list[Peak] = []  # with whose periods the star varies
    for _ in range(signals_per_star + FURTHER_SEARCHES):
        known = [candidate.peak for signal in found for candidate in signal.all]
        curve = flat_without(light_curve, detrend, known, waves)
        if curve is None:
            break
        limits = Range(shortest_period_d, longest_period_d or 0.5 * curve.span_d, least_snr, least_transits)
        if limits.longest_d <= limits.shortest_d:
            break
        periodogram = curve.periodogram(limits.shortest_d, limits.longest_d)
        mains = [signal.main for signal in found]
        wanted = signals_per_star - len(found)
        new, wave = strongest(curve, periodogram, limits, wanted, mains) if wanted > 0 else Strongest([])
        if wave is not None:
            waves.append(wave.peak)
            continue
        if not new:
            break
        base = base_of(curve.cadences, new[0], mains, curve.red)
        if base is None:
            found += [Signals(candidate) for candidate in new]
            continue
        short = new[0].peak.period_d < SHORT * mains[base].peak.period_d
        if mains[base].peak not in waves and (short or found[base].parts):
            waves.append(mains[base].peak)
        elif short:
            # What goes round with a signal faster than a mask could leave anything, and is not its mean brightness.
            break
        else:
            part = _at_period_of(mains[base], new[0], curve)
            found[base] = found[base]._replace(parts=(*found[base].parts, part))
    if not found:
        return []
    return settle(light_curve, detrend, _sure(found, periodogram, most_false_alarm), limits)


def _at_period_of(base: Candidate, part: Candidate, curve: Curve) -> Candidate:
    """A part of a signal at the signal's own period, so that no more is masked than needs to be."""
    start = part._replace(peak=part.peak._replace(period_d=base.peak.period_d), sample_d=base.sample_d)
    there = sharpened(curve.cadences, start, curve.red)
    return there if there.peak.snr > SHARE_AT_PERIOD * part.peak.snr else part


def _sure(found: list[Signals], last: Periodogram, most_false_alarm: float) -> list[Signals]:
    """The signals that noise does not make as easily as that; with their chance of a false alarm.

    `last` is the periodogram of what is left without them. A chance that is not known excludes nothing.
    """
    noise = noise_peaks(last)
    mains = [signal.main for signal in found]
    chances = [noise.chance(main.peak.period_d, main.power, main.trials) for main in mains]
    return [
        signal._replace(main=signal.main._replace(false_alarm=chance))
        for signal, chance in zip(found, chances, strict=True)
        if np.isnan(chance) or chance <= most_false_alarm
    ]
