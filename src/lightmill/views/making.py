"""One star's flattened light curve made into the views of its signals."""

from dataclasses import dataclass

import numpy as np

from lightmill.config.views import ViewSettings
from lightmill.views.binning import BinnedView, global_view
from lightmill.views.flatten import FlatCurve
from lightmill.views.fold import fold, is_harmonic
from lightmill.views.folded import fold_star
from lightmill.views.further import further_views
from lightmill.views.layout import MOST_COUNTED, NUMBERS, array_layout
from lightmill.views.measure import measure_transit, missing_transit
from lightmill.views.medians import median
from lightmill.views.normalise import FLAT
from lightmill.views.scalars import network_scalars
from lightmill.views.scaling import apply_scale, scale_view
from lightmill.views.shape import fit_trapezoid
from lightmill.views.signal import Signal


@dataclass(frozen=True, slots=True, eq=False)
class SignalViews:
    """The views of one signal, and what was measured on the way."""

    arrays: dict[str, np.ndarray]
    """All that `array_layout` names: of every view its flux, scatter and counts; `scalars`; finite everywhere."""
    present: dict[str, bool]
    """Whether the signal has each of the further views; the arrays of one that it has not are all zeros."""
    numbers: dict[str, float | int]
    """The columns of `meta.parquet` that are measured here."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a signal: `ok`, or the reason why it has no views, with a detail for people."""

    outcome: str
    detail: str = ""


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
    alone, phase_d, missing = _seen(star, signal, others, settings)
    left_in: list[Signal] = []
    if missing:
        inside = star.time_bjd[signal.transits(star.time_bjd, 1.0)]
        left_in = [
            other
            for other in others
            if other.depth_ppm < signal.depth_ppm and other.transits(inside, settings.detrend.mask_durations).any()
        ]
        removed = [other for other in others if other not in left_in]
        alone, phase_d, missing = _seen(star, signal, removed, settings)
    if missing:
        return Outcome("no_data_in_transit", missing), None
    names = ", ".join(other.signal_id for other in left_in)
    detail = f"too little of the transit would remain without those of {names}" if left_in else ""
    made = _make(alone, phase_d, signal, settings)
    for name in ("global", "local"):
        if np.ptp(made.arrays[name]) * made.numbers[f"scale_{name}"] < FLAT:
            return Outcome("flat_view", f"the {name} view does not vary: no measured flux"), None
    return Outcome("ok", detail), made


def _without(star: FlatCurve, signal: Signal, others: list[Signal], settings: ViewSettings) -> FlatCurve:
    """The cadences for which the signal's ephemeris holds, without the transits of some other signals of the star."""
    if not others and not signal.bounded:
        return star
    kept = signal.holds(star.time_bjd) if signal.bounded else np.ones(star.time_bjd.shape, dtype=bool)
    for other in others:
        kept &= ~other.transits(star.time_bjd, settings.detrend.mask_durations)
    return FlatCurve(
        star.time_bjd[kept],
        star.flux[kept],
        star.cadence_d[kept] if isinstance(star.cadence_d, np.ndarray) else star.cadence_d,
        None if star.centroid_arcsec is None else star.centroid_arcsec[kept],
    )


def _seen(
    star: FlatCurve, signal: Signal, removed: list[Signal], settings: ViewSettings
) -> tuple[FlatCurve, np.ndarray, str]:
    """A star without what is removed, folded on a signal, and why its transit cannot be seen; empty where it can."""
    alone = _without(star, signal, removed, settings)
    phase_d = fold(alone.time_bjd, signal.period_d, signal.epoch_bjd)
    return alone, phase_d, missing_transit(phase_d, signal.duration_d, alone.cadence_d)


def fold_views(star: FlatCurve, signal: Signal, settings: ViewSettings) -> SignalViews:
    """Fold a star on one signal, measure the transit and bin the views.

    Parameters
    ----------
    star : detrended, transits of other signals removed; at least one cadence in transit
    signal : one without `defect`
    settings : which views, their lengths, widths and scale
    """
    return _make(star, fold(star.time_bjd, signal.period_d, signal.epoch_bjd), signal, settings)


def _make(star: FlatCurve, phase_d: np.ndarray, signal: Signal, settings: ViewSettings) -> SignalViews:
    """The views of a star that is folded already."""
    folded = fold_star(star, phase_d, signal, settings.local)
    period_d, duration_d, extent = folded.period_d, folded.duration_d, folded.extent
    transit = measure_transit(phase_d, star.flux, duration_d)
    whole = global_view(phase_d, star.flux, period_d, settings.global_.length)
    near = extent.view(folded.around.phase_d, folded.around.flux)
    level = median(near.values)
    scaled_whole, scale_whole = scale_view(whole.values, settings.scale, transit.depth)
    scaled_near, scale_near = scale_view(near.values, settings.scale, transit.depth)
    smear_d = float(np.hypot(extent.bin_width_d, folded.around.cadence_d.mean()))
    dip = fit_trapezoid(extent.centre_d, near.values, near.counts, duration_d, smear_d)
    further, further_numbers = further_views(folded, transit, dip, settings)

    arrays = {name: np.zeros(*form) for name, form in array_layout(settings).items()}
    _fill(arrays, "global", scaled_whole, whole, scale_whole)
    _fill(arrays, "local", scaled_near, near, scale_near)
    for name, view in further.items():
        if view is not None:
            # A centroid is no flux: it comes in units of its own scatter.
            on_level, scale = (0.0, 1.0) if name == "centroid" else (level, scale_near)
            _fill(arrays, name, apply_scale(view.values, on_level, scale), view, scale)
    numbers: dict[str, float | int] = {
        "transits_observed": int(folded.observed.size),
        "cadences": int(star.flux.size),
        "in_transit_cadences": int(np.count_nonzero(np.abs(folded.around.phase_d) < 0.5 * duration_d)),
        "empty_bins_global": whole.empty,
        "empty_bins_local": near.empty,
        "depth_ppm": transit.depth * 1e6,
        "snr": transit.snr,
        "scatter_ppm": transit.scatter * 1e6,
        "duration_over_period": duration_d / period_d,
        "shape": dip.shape,
        **further_numbers,
        "scale_global": scale_whole,
        "scale_local": scale_near,
    }
    arrays[NUMBERS][:] = network_scalars(numbers)
    return SignalViews(arrays, {name: view is not None for name, view in further.items()}, numbers)


def _fill(arrays: dict[str, np.ndarray], name: str, scaled: np.ndarray, view: BinnedView, scale: float) -> None:
    """Put a view's flux, scatter and counts in their places; where nothing is known of them they stay 0."""
    np.copyto(arrays[name], scaled, where=np.isfinite(scaled))
    np.copyto(arrays[f"{name}_scatter"], view.scatter / scale, where=np.isfinite(view.scatter), casting="same_kind")
    np.minimum(view.counts, MOST_COUNTED, out=arrays[f"{name}_count"], casting="unsafe")
