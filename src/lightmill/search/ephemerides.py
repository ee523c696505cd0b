"""Where the transits of one star's signals are: listed ephemerides kept, pulled back or completed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lightmill.config.views import DetrendSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.search.aliases import best_alias
from lightmill.search.centring import centred
from lightmill.search.complete import complete
from lightmill.search.drift import Errors, drift_d, likely_errors
from lightmill.search.events import Events, box_events
from lightmill.search.neighbours import Neighbours
from lightmill.search.refine import LEAST_DURATIONS, SEEN, refine
from lightmill.search.shifts import Fit, coverage, misses_stretches, polish, transit_range
from lightmill.views.flatten import FlatCurve, flatten_star
from lightmill.views.fold import fold
from lightmill.views.measure import measure_transit
from lightmill.views.signal import Signal

# Rounds of flattening and looking: what was not where it was masked is masked in the next.
ROUNDS = 3
# A transit that moved by less than this many durations lies in the mask that it had.
WITHIN_MASK = 0.25
# No box is shorter than this many cadences: exposures smear a shorter transit.
LEAST_CADENCES = 1.5
WAITING = "waiting_for_search"
NAN = float("nan")


@dataclass(frozen=True, slots=True)
class Ephemeris:
    """Where the transits of a signal are, and how that is known; what is not known is NaN."""

    signal_id: str
    status: str
    """`catalog`, `refined`, `completed`, `ephemeris_stale`, `not_found`, `single_transit` or `unfoldable`."""
    period_d: float
    epoch_bjd: float
    duration_h: float
    depth_ppm: float
    snr: float
    """Of a box as long as the transit, in noise as it is on that duration."""
    gain: float
    """How sure the change is, in sigmas, chance taken off; 0 where nothing was changed."""
    alias: float
    """Period over the catalog's, where that is a multiple or a part: 1/3, 1/2, 1, 2 or 3."""
    shift_durations: float
    """Largest shift of a transit within the data, in durations."""
    fold_from_bjd: float
    """Of an `ephemeris_stale`, from when on it holds."""
    fold_to_bjd: float
    """Of an `ephemeris_stale`, until when it holds."""
    catalog_period_d: float
    catalog_epoch_bjd: float
    catalog_duration_h: float
    catalog_depth_ppm: float


class _Place(NamedTuple):
    """What was found of a signal, with the ephemeris that was found."""

    status: str
    signal: Signal
    snr: float = NAN
    gain: float = 0.0
    alias: float = 1.0
    shift_durations: float = 0.0
    fold_bjd: tuple[float, float] = (NAN, NAN)


def star_ephemerides(
    light_curve: LightCurve,
    signals: Sequence[Signal],
    detrend: DetrendSettings,
    errors: Mapping[str, Errors] | None = None,
) -> list[Ephemeris]:
    """Where the transits of a star's signals are: one row for each signal, in their order.

    Parameters
    ----------
    light_curve : of the star
    signals : all that is known on the star
    detrend : how trends are divided out for the search
    errors : errors of period and epoch as the catalog states them, by signal id

    Trends are taken out with the listed transits masked, and again with those masked that were found elsewhere. A
    signal is looked for without the transits of the star's other signals, the strongest first; but for those that are
    linked to it, or are one dip with it as listed. What a signal's label is plays no part, nor does its depth.
    """
    stated = errors or {}
    likely = {
        signal.signal_id: likely_errors(signal, light_curve.mission, stated.get(signal.signal_id, Errors()))
        for signal in signals
        if signal.defect in ("", WAITING)
    }
    known = {signal.signal_id: signal for signal in signals if signal.located}
    places: dict[str, _Place] = {}
    ends_bjd = segment_ends(light_curve)
    stars = None
    for number in range(ROUNDS if likely else 0):
        masked = known
        stars = _flattened(light_curve, masked, detrend)
        wanted = [signal for signal in signals if signal.signal_id in likely and signal.signal_id in masked]
        # The strongest first; as they are listed in the first round, before anything is known.
        wanted.sort(key=lambda one: -places[one.signal_id].snr if one.signal_id in places else 0.0)
        for signal in wanted:
            star, errors_of = stars.without_others(signal), likely[signal.signal_id]
            if signal.located:
                place = _refined(star, signal, errors_of, ends_bjd)
            else:
                place = _settled(star, signal, errors_of, places[signal.signal_id])
            places[signal.signal_id] = place
            stars.put(place.signal)
        if number == 0:
            waiting = [signal for signal in signals if signal.signal_id in likely and not signal.located]
            places |= _completed(light_curve, waiting, stars.known, detrend, likely)
        found = {name: place.signal for name, place in places.items() if place.signal.located}
        known = stars.known | found
        if not any(_moved(masked.get(name), signal, stars.star.time_bjd) for name, signal in known.items()):
            break
    return [_row(signal, places.get(signal.signal_id), stars) for signal in signals]


def _flattened(light_curve: LightCurve, known: Mapping[str, Signal], detrend: DetrendSettings) -> Neighbours:
    """The star with its trends taken out and the transits that are known masked."""
    return Neighbours(flatten_star(light_curve, list(known.values()), detrend), known, detrend.mask_durations)


def _refined(star: FlatCurve, signal: Signal, likely: Errors, ends_bjd: np.ndarray) -> _Place:
    """Where the transits of a signal are that has an ephemeris."""
    refined = refine(star.time_bjd, star.flux, signal.period_d, signal.epoch_bjd, _box_d(star, signal), likely)
    fit, events, alias = refined.fit, refined.events, 1.0
    gain, shift = refined.gain, refined.shift_d / signal.duration_d
    near = near_segments(ends_bjd, signal, likely)
    if fit.snr >= SEEN:
        seen = (float(near[0, 0]), float(near[-1, 1])) if len(near) else (np.inf, -np.inf)
        better = best_alias(events, fit.period_d, fit.epoch_bjd, signal.duration_d, seen)
        if better.ratio != 1.0:
            polished = polish(events, better.fit.period_d, better.fit.epoch_bjd)
            gain = float(np.sqrt(max(gain**2 + polished.snr**2 - fit.snr**2, 0.0)))
            fit, alias = polished, better.ratio
    if refined.moved or alias != 1.0:
        found = replace(signal, period_d=fit.period_d, epoch_bjd=fit.epoch_bjd)
        snr = coverage(refined.boxes, fit.period_d, fit.epoch_bjd).snr
        return _Place("refined", found, snr, gain, alias, shift)
    if _uncertain(events, signal, likely) and (fit.snr < SEEN or misses_stretches(events, fit)):
        return _Place("ephemeris_stale", signal, fit.snr, fold_bjd=fold_range(ends_bjd, near, signal.epoch_bjd))
    return _Place("catalog", signal, fit.snr)


def _box_d(star: FlatCurve, signal: Signal) -> float:
    """How long a box stands for a signal's transit, days."""
    return max(signal.duration_d, LEAST_CADENCES * _cadence_d(star))


def _cadence_d(star: FlatCurve) -> float:
    """The shortest cadence, days."""
    return float(np.min(star.cadence_d)) if star.time_bjd.size else 0.0


def _uncertain(events: Events, signal: Signal, likely: Errors) -> bool:
    """Whether a transit in the data may be more than half a duration from where the ephemeris has it."""
    if events.start_bjd.size == 0:
        return False
    drift = drift_d(likely, np.array(transit_range(events, signal.period_d, signal.epoch_bjd)))
    return bool(np.any(drift > LEAST_DURATIONS * signal.duration_d))


def segment_ends(light_curve: LightCurve) -> np.ndarray:
    """First and last time of each segment that has any cadences: (s, 2) float64."""
    number, time_bjd = light_curve.segment, light_curve.time_bjd
    count = len(light_curve.segments)
    ends = np.stack([np.full(count, np.inf), np.full(count, -np.inf)], axis=1)
    np.minimum.at(ends[:, 0], number, time_bjd)
    np.maximum.at(ends[:, 1], number, time_bjd)
    return ends[np.isfinite(ends[:, 0])][np.argsort(ends[np.isfinite(ends[:, 0]), 0])]


def near_segments(ends_bjd: np.ndarray, signal: Signal, likely: Errors) -> np.ndarray:
    """Those segments, (k, 2) first and last times, in which a signal's ephemeris can be trusted.

    One error of it, in the middle of such a segment, is no more than half a duration.
    """
    away = np.abs(ends_bjd.mean(axis=1) - signal.epoch_bjd)
    return ends_bjd[drift_d(likely, away / signal.period_d) <= LEAST_DURATIONS * signal.duration_d]


def fold_range(ends_bjd: np.ndarray, near: np.ndarray, epoch_bjd: float) -> tuple[float, float]:
    """Times between which to fold an ephemeris that is not where it should be: its near segments, one at least."""
    if not len(near):
        near = ends_bjd[[np.argmin(np.abs(ends_bjd.mean(axis=1) - epoch_bjd))]]
    return float(near[:, 0].min()), float(near[:, 1].max())


def _completed(
    light_curve: LightCurve,
    waiting: Sequence[Signal],
    known: Mapping[str, Signal],
    detrend: DetrendSettings,
    likely: Mapping[str, Errors],
) -> dict[str, _Place]:
    """Where the transits of signals are that lack epoch or duration.

    The surest is found first; the others are looked for again after trends were taken out with its transits masked:
    what is left beside a deep transit that was not is deeper than many a planet.
    """
    places: dict[str, _Place] = {}
    known = dict(known)
    while waiting:
        stars = _flattened(light_curve, known, detrend)
        found = []
        for signal in waiting:
            star = stars.without_others(signal)
            completed = complete(
                star.time_bjd,
                star.flux,
                _cadence_d(star),
                signal.period_d,
                likely[signal.signal_id],
                signal.epoch_bjd,
                signal.duration_h / 24.0,
            )
            if completed is not None:
                found.append((completed, signal))
        if not found:
            break
        completed, signal = max(found, key=lambda one: one[0].gain)
        place = _Place("completed", _located(signal, completed.fit, completed.duration_d), gain=completed.gain)
        places[signal.signal_id] = place
        known[signal.signal_id] = place.signal
        waiting = [other for other in waiting if other is not signal]
    return places | {signal.signal_id: _Place("not_found", signal) for signal in waiting}


def _settled(star: FlatCurve, listed: Signal, likely: Errors, place: _Place) -> _Place:
    """A completed signal again, after trends were taken out with its transits masked."""
    found, cadence_d = place.signal, _cadence_d(star)
    fit, duration_d = centred(
        star.time_bjd,
        star.flux,
        cadence_d,
        listed.period_d,
        likely,
        Fit(found.period_d, found.epoch_bjd, place.snr),
        _box_d(star, found),
        listed.duration_h / 24.0,
    )
    located = _located(listed, fit, duration_d)
    boxes = box_events(star.time_bjd, star.flux, _box_d(star, located))
    return place._replace(signal=located, snr=coverage(boxes, fit.period_d, fit.epoch_bjd).snr)


def _located(signal: Signal, fit: Fit, duration_d: float) -> Signal:
    return replace(signal, period_d=fit.period_d, epoch_bjd=fit.epoch_bjd, duration_h=24.0 * duration_d)


def _moved(before: Signal | None, after: Signal, time_bjd: np.ndarray) -> bool:
    """Whether transits in the data are elsewhere than they were masked."""
    if before is None:
        return True
    if before == after or time_bjd.size == 0 or np.isnan(after.period_d):
        return False
    if abs(after.period_d / before.period_d - 1.0) > 0.1:
        return True
    ends = time_bjd[[0, -1]]
    transits = after.epoch_bjd + np.round((ends - after.epoch_bjd) / after.period_d) * after.period_d
    shift = fold(transits, before.period_d, before.epoch_bjd)
    return bool(np.any(np.abs(shift) > WITHIN_MASK * after.duration_d))


def _row(signal: Signal, place: _Place | None, stars: Neighbours | None) -> Ephemeris:
    """One row of the table."""
    if place is None or stars is None:
        place = _Place(signal.defect, signal)
    found = place.signal
    depth_ppm = signal.depth_ppm
    if stars is not None and found.located and (place.status in ("refined", "completed") or np.isnan(depth_ppm)):
        star = stars.without_others(signal if signal.located else found)
        phase = fold(star.time_bjd, found.period_d, found.epoch_bjd)
        depth_ppm = 1e6 * measure_transit(phase, star.flux, found.duration_d).depth
    return Ephemeris(
        signal_id=signal.signal_id,
        status=place.status,
        period_d=found.period_d,
        epoch_bjd=found.epoch_bjd,
        duration_h=found.duration_h,
        depth_ppm=depth_ppm,
        snr=place.snr,
        gain=place.gain,
        alias=place.alias,
        shift_durations=place.shift_durations,
        fold_from_bjd=place.fold_bjd[0],
        fold_to_bjd=place.fold_bjd[1],
        catalog_period_d=signal.period_d,
        catalog_epoch_bjd=signal.epoch_bjd,
        catalog_duration_h=signal.duration_h,
        catalog_depth_ppm=signal.depth_ppm,
    )
