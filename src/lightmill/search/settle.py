"""The final numbers of what was found: single events no longer limited, the trend drawn past all transits."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lightmill.config.views import DetrendSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.search.box import WHITE, Peak, Redness
from lightmill.search.candidates import LEAST_BESIDE_WAVES, Candidate, Range, sharpened
from lightmill.search.curve import REMOVED_DURATIONS, signal_of
from lightmill.search.judge import beside_waves, depth_of, odd_transits, transits_of
from lightmill.search.noise import local_scatter, redness, without_single_events
from lightmill.search.pileups import star_flags
from lightmill.search.sharpen import Cadences, weigh
from lightmill.views.flatten import flatten_star, transit_mask
from lightmill.views.fold import in_transit, transit_number

# From a signal's final numbers the transits of others are left out this wide: many planets leave little else.
SETTLED_DURATIONS = 1.5
# Every second transit is another eclipse if the depths differ by so many sigmas, and by this share of the deeper.
UNEQUAL_SIGMAS = 5.0
UNEQUAL_SHARE = 0.15
SECOND_DIP = "second_dip"
ONE_DEEPER = "one_deeper"


class Found(NamedTuple):
    """A periodic dip found on a star."""

    period_d: float
    epoch_bjd: float
    """Of the transit nearest to the middle of the data."""
    duration_h: float
    depth_ppm: float
    snr: float
    false_alarm: float
    """Chance that noise like this star's makes a peak as high at any period; NaN where that is not known."""
    transits: int
    """How many have most of their data."""
    flags: tuple[str, ...]
    """What makes it doubtful: `second_dip`, `one_deeper`, and those of `lightmill.search.pileups`."""


class Signals(NamedTuple):
    """A signal with what else there is at its period."""

    main: Candidate
    parts: tuple[Candidate, ...] = ()
    """Further dips, at its period or a simple ratio to it."""

    @property
    def all(self) -> list[Candidate]:
        """The main one, then the parts."""
        return [self.main, *self.parts]


def settle(light_curve: LightCurve, detrend: DetrendSettings, found: Sequence[Signals], limits: Range) -> list[Found]:
    """Final numbers of signals, strongest first.

    What is then too weak, or of too few transits, was only there because of transits of another: the others are settled
    without it. So is what is now seen to be part of what goes up and down. What happens once and is no transit counts
    for no more than in the search, and transits in which something else happened are left out.
    """
    if not found:
        return []
    masked = [(place, signal_of(candidate.peak)) for place, signal in enumerate(found) for candidate in signal.all]
    everything = [mask for _, mask in masked]
    flat = flatten_star(light_curve, everything, detrend)
    scatter = local_scatter(flat.time_bjd, flat.flux)
    quiet = ~transit_mask(flat.time_bjd, everything, REMOVED_DURATIONS)
    red, flux = WHITE, flat.flux.copy()
    if np.any(quiet):
        red = redness(flat.time_bjd[quiet], flux[quiet], scatter[quiet])
        flux[quiet] = without_single_events(flat.time_bjd[quiet], flux[quiet], scatter[quiet], red)
    settled: list[Found | None] = []
    for place, signal in enumerate(found):
        others = [mask for base, mask in masked if base != place]
        left = ~transit_mask(flat.time_bjd, others, SETTLED_DURATIONS)
        if not np.any(left):
            settled.append(None)
            continue
        cadences, deepest, odd = _deepest(flat.time_bjd[left], flux[left], scatter[left], signal, red, limits)
        peak, unequal = _every_second(cadences, deepest, limits)
        numbers = Found(
            **peak._replace(snr=peak.snr / float(red.of(peak.duration_h / 24.0)))._asdict(),
            false_alarm=signal.main.false_alarm,
            transits=transits_of(cadences, peak).observed,
            flags=(
                *((SECOND_DIP,) if signal.parts or unequal else ()),
                *((ONE_DEEPER,) if odd else ()),
                *star_flags(light_curve, cadences.time_bjd, *peak[:3]),
            ),
        )
        strong = numbers.snr >= limits.least_snr and numbers.transits >= limits.least_transits
        stands = strong and beside_waves(cadences, peak) >= LEAST_BESIDE_WAVES
        settled.append(numbers if stands else None)
    if None in settled:
        left_over = [signal for signal, numbers in zip(found, settled, strict=True) if numbers is not None]
        return settle(light_curve, detrend, left_over, limits)
    return sorted(filter(None, settled), key=lambda numbers: -numbers.snr)


def _deepest(
    time_bjd: np.ndarray, flux: np.ndarray, scatter: np.ndarray, signal: Signals, red: Redness, limits: Range
) -> tuple[Cadences, Candidate, bool]:
    """The deepest of a signal's dips made sharp, and the cadences, without transits in which something else happened.

    Where too few transits would be left, all are kept, and it is said that a few are far deeper. The best box is that
    of least squares alone; what the noise is worth at its duration is said afterwards.
    """
    while True:
        cadences = weigh(time_bjd, flux, scatter)
        dips = [sharpened(cadences, candidate, WHITE) for candidate in signal.all]
        deepest = max(dips, key=lambda candidate: candidate.peak.snr)
        peak = deepest.peak
        transits = transits_of(cadences, peak)
        odd = odd_transits(transits, float(red.of(peak.duration_h / 24.0)))
        if not odd.size or transits.observed - odd.size < limits.least_transits:
            return cadences, deepest, bool(odd.size)
        near = in_transit(time_bjd, peak.period_d, peak.epoch_bjd, REMOVED_DURATIONS * peak.duration_h / 24.0)
        left = ~(near & np.isin(transit_number(time_bjd, peak.period_d, peak.epoch_bjd), odd))
        time_bjd, flux, scatter = time_bjd[left], flux[left], scatter[left]


def _every_second(cadences: Cadences, candidate: Candidate, limits: Range) -> tuple[Peak, bool]:
    """The peak, or every second of its transits if those are of another depth; and whether they are.

    Single events being limited, the two eclipses of a binary look alike in the search.
    """
    peak = candidate.peak
    if 2.0 * peak.period_d > limits.longest_d:
        return peak, False
    halves = [
        peak._replace(period_d=2.0 * peak.period_d, epoch_bjd=peak.epoch_bjd + shift * peak.period_d)
        for shift in range(2)
    ]
    transits = [transits_of(cadences, half) for half in halves]
    if min(each.observed for each in transits) < limits.least_transits:
        return peak, False
    depth = [depth_of(each) for each in transits]
    difference = abs(depth[0].value - depth[1].value)
    if difference < UNEQUAL_SIGMAS * np.hypot(depth[0].error, depth[1].error):
        return peak, False
    if difference < UNEQUAL_SHARE * max(depth[0].value, depth[1].value):
        return peak, False
    deeper = int(depth[1].value > depth[0].value)
    return sharpened(cadences, candidate._replace(peak=halves[deeper]), WHITE).peak, True
