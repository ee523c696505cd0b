"""Where the transits of one star's signals are: listed ephemerides kept, pulled back or completed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from lightmill.config.views import DetrendSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.search.aliases import is_part, multiple, parts_to_try
from lightmill.search.centring import centred
from lightmill.search.complete import complete
from lightmill.search.drift import (
    TRUSTED_DURATIONS,
    Errors,
    drift_d,
    fold_range,
    likely_errors,
    near_segments,
    segment_ends,
)
from lightmill.search.events import Events, box_events
from lightmill.search.neighbours import Neighbours
from lightmill.search.refine import SEEN, Refined, refine
from lightmill.search.shifts import Fit, misses_stretches, polish, snr_of, transit_range
from lightmill.views.flatten import FlatCurve
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
        stars = Neighbours(light_curve, masked, detrend)
        wanted = [signal for signal in signals if signal.signal_id in likely and signal.signal_id in masked]
        # The strongest first; as they are listed in the first round, before anything is known.
        wanted.sort(key=lambda one: -places[one.signal_id].snr if one.signal_id in places else 0.0)
        for signal in wanted:
            errors_of = likely[signal.signal_id]
            if signal.located:
                place = _refined(stars, signal, errors_of, ends_bjd)
            else:
                place = _settled(stars.without_others(signal), signal, errors_of, places[signal.signal_id])
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


def _refined(stars: Neighbours, signal: Signal, likely: Errors, ends_bjd: np.ndarray) -> _Place:
    """Where the transits of a signal are that has an ephemeris."""
    star = stars.without_others(signal)
    refined = refine(star.time_bjd, star.flux, signal.period_d, signal.epoch_bjd, _box_d(star, signal), likely)
    near = near_segments(ends_bjd, signal, likely)
    found = _aliased(stars, signal, refined, near) if refined.fit.snr >= SEEN else None
    if found is not None:
        return found
    if refined.moved:
        moved = replace(signal, period_d=refined.fit.period_d, epoch_bjd=refined.fit.epoch_bjd)
        snr = snr_of(refined.boxes, refined.fit.period_d, refined.fit.epoch_bjd)
        return _Place("refined", moved, snr, refined.gain, 1.0, refined.shift_d / signal.duration_d)
    snr = refined.fit.snr
    if _uncertain(refined.events, signal, likely) and (snr < SEEN or misses_stretches(refined.events, refined.fit)):
        return _Place("ephemeris_stale", signal, snr, fold_bjd=fold_range(ends_bjd, near, signal.epoch_bjd))
    return _Place("catalog", signal, snr)


def _aliased(stars: Neighbours, signal: Signal, refined: Refined, near: np.ndarray) -> _Place | None:
    """The signal with another multiple or part of the period, where its transits prove that."""
    fit, events, boxes = refined.fit, refined.events, refined.boxes
    factor, epoch_bjd = multiple(events, fit.period_d, fit.epoch_bjd)
    alias = float(factor)
    if factor == 1:
        trusted = (float(near[0, 0]), float(near[-1, 1])) if len(near) else (np.inf, -np.inf)
        for part in parts_to_try(events, fit.period_d, fit.epoch_bjd, signal.duration_d):
            shorter = replace(signal, period_d=fit.period_d / part, epoch_bjd=fit.epoch_bjd)
            star = stars.masked_at(shorter).without_others(signal)
            masked = box_events(star.time_bjd, star.flux, _box_d(star, signal))
            if is_part(masked, fit.period_d, fit.epoch_bjd, part, trusted):
                alias, events, boxes = 1.0 / part, masked, masked
    if alias == 1.0:
        return None
    better = polish(events, alias * fit.period_d, epoch_bjd)
    kept = snr_of(events, fit.period_d, fit.epoch_bjd)
    return _Place(
        status="refined",
        signal=replace(signal, period_d=better.period_d, epoch_bjd=better.epoch_bjd),
        snr=snr_of(boxes, better.period_d, better.epoch_bjd),
        gain=float(np.sqrt(max(refined.gain**2 + better.snr**2 - kept**2, 0.0))),
        alias=alias,
        shift_durations=refined.shift_d / signal.duration_d,
    )


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
    return bool(np.any(drift > TRUSTED_DURATIONS * signal.duration_d))


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
        stars = Neighbours(light_curve, known, detrend)
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
        located = _located(signal, completed.fit, completed.duration_d)
        place = _Place("completed", located, completed.fit.snr, completed.gain)
        places[signal.signal_id] = place
        known[signal.signal_id] = place.signal
        waiting = [other for other in waiting if other is not signal]
    return places | {signal.signal_id: _Place("not_found", signal) for signal in waiting}


def _settled(star: FlatCurve, listed: Signal, likely: Errors, place: _Place) -> _Place:
    """A completed signal again, after trends were taken out with its transits masked."""
    found, cadence_d = place.signal, _cadence_d(star)
    if star.time_bjd.size == 0:
        return place
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
    return place._replace(signal=located, snr=snr_of(boxes, fit.period_d, fit.epoch_bjd))


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
    measured = found.located and np.isfinite(found.period_d)
    if stars is not None and measured and (place.status in ("refined", "completed") or np.isnan(depth_ppm)):
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
