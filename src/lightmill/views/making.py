"""One star's light curve made into the views of its signals."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lightmill.config.views import Detrend, ViewSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.views.binning import global_view, local_extent, local_view
from lightmill.views.detrend import DETREND_METHODS
from lightmill.views.fold import fold, in_transit, is_harmonic, transit_number
from lightmill.views.measure import count_transits, measure_transit, missing_transit
from lightmill.views.normalise import normalise_segments
from lightmill.views.quality import good_cadences
from lightmill.views.scaling import scale_view

# A window holds at least three masks, so that under the longest transit the trend rests on as much on either side;
# it grows no further than to three times what is configured, whatever duration a catalog claims.
WINDOW_MASKS = 3.0
WINDOW_GROWTH = 3.0

# Ephemerides outside of this are mistakes of a table. Shorter than two long cadences (0.041 d) nothing can be folded,
# and no planet, and no binary of stars that are not both compact, goes round in less than 0.05 d.
SHORTEST_PERIOD_D = 0.05
# The years 1858 to 2132. An epoch in BKJD, BTJD or MJD is far outside, and so is one whose phase float64 cannot tell.
EPOCHS_BJD = (2.4e6, 2.5e6)
# Cadences of segments that differ by less than this factor are one cadence.
SAME_CADENCE = 1.05
DAY_S = 86400.0
# Relative flux that the float32 of a light curve cannot resolve (6e-8): what varies by less does not vary.
FLAT = 1e-8


@dataclass(frozen=True, slots=True)
class Signal:
    """A periodic dip claimed on a star; what a catalog does not say is NaN."""

    signal_id: str
    period_d: float
    epoch_bjd: float
    duration_h: float
    depth_ppm: float = float("nan")
    linked: frozenset[str] = frozenset()
    """Ids of the star's other signals that may be this one, listed with another period."""

    @property
    def defect(self) -> str:
        """Why it cannot be folded, as an outcome, or empty where it can.

        `single_transit` (no period), `unfoldable` (numbers that cannot be), `waiting_for_search` (no epoch or no
        duration).
        """
        if np.isnan(self.period_d):
            return "single_transit"
        if self.impossible:
            return "unfoldable"
        return "" if self.located else "waiting_for_search"

    @property
    def impossible(self) -> str:
        """What in its numbers cannot be, in words; empty where they can. NaN is unknown, not impossible."""
        if self.period_d < SHORTEST_PERIOD_D or np.isinf(self.period_d):
            return f"period of {self.period_d:g} d, expected at least {SHORTEST_PERIOD_D} d"
        if self.duration_h <= 0 or np.isinf(self.duration_h):
            return f"duration of {self.duration_h:g} h, expected more than 0"
        if self.duration_h >= 24.0 * self.period_d:
            return f"duration of {self.duration_h:g} h, not shorter than the period of {self.period_d:g} d"
        first, last = EPOCHS_BJD
        if self.epoch_bjd < first or self.epoch_bjd > last:
            return f"epoch at BJD {self.epoch_bjd:g}, expected {first:.0f} to {last:.0f}"
        return ""

    @property
    def located(self) -> bool:
        """Whether it is known where its transits are: one of them at least."""
        return bool(np.isfinite(self.epoch_bjd) and np.isfinite(self.duration_h)) and not self.impossible

    @property
    def duration_d(self) -> float:
        """Duration in days, at most half a period: what a catalog claims beyond leaves nothing to compare with."""
        duration_d = self.duration_h / 24.0
        return duration_d if np.isnan(self.period_d) else min(duration_d, 0.5 * self.period_d)

    def transits(self, time_bjd: np.ndarray, durations: float) -> np.ndarray:
        """Where a time lies within a transit `durations` times as wide as its own: (n,) bool."""
        return in_transit(time_bjd, self.period_d, self.epoch_bjd, durations * self.duration_d)


class FlatCurve(NamedTuple):
    """Usable cadences of a star with its own variability divided out."""

    time_bjd: np.ndarray
    flux: np.ndarray
    """(n,) float64, relative flux minus one, finite."""
    cadence_d: np.ndarray | float
    """(n,) float64 or one for all, days from one cadence to the next: segments may differ."""


@dataclass(frozen=True, slots=True, eq=False)
class SignalViews:
    """The views of one signal, and what was measured on the way."""

    views: dict[str, np.ndarray]
    """`global` and `local`, float32."""
    numbers: dict[str, float | int]
    """The numeric columns of `meta.parquet`."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a signal: `ok`, or the reason why it has no views, with a detail for people."""

    outcome: str
    detail: str = ""


def flatten_star(light_curve: LightCurve, signals: list[Signal], settings: Detrend) -> FlatCurve:
    """A star's light curve, normalised and detrended with the transits of all its located `signals` masked."""
    time_bjd = light_curve.time_bjd
    good = good_cadences(light_curve)
    flux = normalise_segments(light_curve.pdcsap_flux, light_curve.segment, good)
    masked = np.zeros(time_bjd.shape, dtype=bool)
    widest_d = 0.0
    for signal in signals:
        if signal.located:
            masked |= signal.transits(time_bjd, settings.mask_durations)
            widest_d = max(widest_d, settings.mask_durations * signal.duration_d)
    window_d = float(np.clip(WINDOW_MASKS * widest_d, settings.window_d, WINDOW_GROWTH * settings.window_d))
    flat = DETREND_METHODS[settings.method](
        time_bjd,
        flux,
        light_curve.segment,
        masked,
        window_d,
        settings.order,
        settings.break_d,
        settings.clip_sigma,
    )
    usable = np.isfinite(flat)
    nominal_s = np.array([segment.cadence_s for segment in light_curve.segments])
    cadence_d = cadence_lengths(time_bjd[usable], nominal_s[light_curve.segment[usable]])
    return FlatCurve(time_bjd[usable], flat[usable], cadence_d)


def cadence_lengths(time_bjd: np.ndarray, nominal_s: np.ndarray) -> np.ndarray:
    """Days from one cadence to the next, (n,) float64: the median step of all times with about the same cadence.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted, of the usable cadences
    nominal_s : (n,) float64, cadence of each one's segment in seconds; within 5 % they count as one
    """
    lengths = np.full(time_bjd.shape, np.nan)
    distinct, place = np.unique(nominal_s, return_inverse=True)
    alike = np.concatenate([[0], np.cumsum(np.diff(np.log(distinct)) > np.log(SAME_CADENCE))])[place]
    for kind in np.unique(alike):
        rows = alike == kind
        if np.count_nonzero(rows) > 1:
            lengths[rows] = np.median(np.diff(time_bjd[rows]))
        else:
            lengths[rows] = nominal_s[rows] / DAY_S
    return lengths


def make_views(
    star: FlatCurve, signal: Signal, signals: list[Signal], settings: ViewSettings
) -> tuple[Outcome, SignalViews | None]:
    """The views of one foldable signal of a star, the transits of its other signals removed.

    Signals whose period is a harmonic of this one's are not removed (`is_harmonic`): they may be the secondary eclipses
    of the same binary, and nothing tells a binary from a planet better. Nor are those that the catalogs link to it
    (`Signal.linked`): with them its own transits would go. Where too little of this transit would remain
    (two planets crossing at once, the only time), the shallower ones that overlap it are left in as well, and the
    detail says so.

    Parameters
    ----------
    star : detrended, with all `signals` masked
    signal : one of `signals`, without `defect`
    signals : all that is known on the star
    settings : lengths, widths and scale

    Returns
    -------
    outcome : `ok`, or `no_data_in_transit` or `flat_view` with the reason
    views : None unless the outcome is `ok`
    """
    others = [
        other
        for other in signals
        if other is not signal
        and other.located
        and other.signal_id not in signal.linked
        and not is_harmonic(signal.period_d, other.period_d)
    ]
    missing = _missing(alone := _without(star, others, settings), signal)
    left_in: list[Signal] = []
    if missing:
        inside = star.time_bjd[signal.transits(star.time_bjd, 1.0)]
        left_in = [
            other
            for other in others
            if other.depth_ppm < signal.depth_ppm and other.transits(inside, settings.detrend.mask_durations).any()
        ]
        alone = _without(star, [other for other in others if other not in left_in], settings)
        missing = _missing(alone, signal)
    if missing:
        return Outcome("no_data_in_transit", missing), None
    names = ", ".join(other.signal_id for other in left_in)
    detail = f"too little of the transit would remain without those of {names}" if left_in else ""
    made = fold_views(alone, signal, settings)
    for name, view in made.views.items():
        if np.ptp(view) * made.numbers[f"scale_{name}"] < FLAT:
            return Outcome("flat_view", f"the {name} view does not vary: no measured flux"), None
    return Outcome("ok", detail), made


def _without(star: FlatCurve, others: list[Signal], settings: ViewSettings) -> FlatCurve:
    """The star without the transits of some of its signals."""
    kept = np.ones(star.time_bjd.shape, dtype=bool)
    for other in others:
        kept &= ~other.transits(star.time_bjd, settings.detrend.mask_durations)
    return FlatCurve(star.time_bjd[kept], star.flux[kept], np.broadcast_to(star.cadence_d, kept.shape)[kept])


def _missing(star: FlatCurve, signal: Signal) -> str:
    """Why a signal's transit cannot be seen in a star's cadences; empty where it can."""
    phase = fold(star.time_bjd, signal.period_d, signal.epoch_bjd)
    return missing_transit(phase, signal.duration_d, star.cadence_d)


def fold_views(star: FlatCurve, signal: Signal, settings: ViewSettings) -> SignalViews:
    """Fold a star on one signal, measure the transit and bin the views.

    Parameters
    ----------
    star : detrended, transits of other signals removed; at least one cadence in transit
    signal : one without `defect`
    settings : lengths, widths and scale
    """
    period_d, duration_d = signal.period_d, signal.duration_d
    phase = fold(star.time_bjd, period_d, signal.epoch_bjd)
    number = transit_number(star.time_bjd, period_d, signal.epoch_bjd)
    transits = count_transits(phase, number, duration_d, star.cadence_d)
    order = np.argsort(phase, kind="stable")
    phase, flux = phase[order], star.flux[order]
    transit = measure_transit(phase, flux, duration_d)

    length, durations, width = settings.local.length, settings.local.durations, settings.local.bin_width_durations
    half_width_d, bin_width_d = local_extent(period_d, duration_d, length, durations, width)
    whole = global_view(phase, flux, period_d, settings.global_.length)
    near = local_view(phase, flux, half_width_d, bin_width_d, length)
    scaled_whole, scale_whole = scale_view(whole.values, settings.scale, transit.depth)
    scaled_near, scale_near = scale_view(near.values, settings.scale, transit.depth)
    numbers: dict[str, float | int] = {
        "transits_observed": transits,
        "cadences": int(flux.size),
        "in_transit_cadences": int(np.count_nonzero(np.abs(phase) < 0.5 * duration_d)),
        "empty_bins_global": whole.empty,
        "empty_bins_local": near.empty,
        "depth_ppm": transit.depth * 1e6,
        "snr": transit.snr,
        "scatter_ppm": transit.scatter * 1e6,
        "scale_global": scale_whole,
        "scale_local": scale_near,
    }
    return SignalViews({"global": scaled_whole, "local": scaled_near}, numbers)
