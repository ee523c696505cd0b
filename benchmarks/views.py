"""From a star's arrays to its global and local view, against lightkurve's flatten, fold and bin.

Both normalise each segment, filter with a polynomial of the same order in the same window with the transits masked,
break it at the same gaps, fold, and take as many bins. lightkurve cannot make bins overlap: its local bins adjoin. It
bins whatever columns there are, so it is given only time, flux and its error; binning by means is its default, and
much faster than by medians, which is what ours are.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from benchmarks.peers import LIGHTKURVE, join, read_good
from benchmarks.records import Peer, Record, side_by_side
from benchmarks.survey import ObservedStar, observed_stars
from lightmill.config.views import ViewSettings
from lightmill.lightcurves import LightCurve, read_stored
from lightmill.targets import BKJD_ZERO_BJD, BTJD_ZERO_BJD, Mission
from lightmill.views import Signal, SignalViews, flatten_star, make_views
from lightmill.views.measure import measure_transit


class Star(NamedTuple):
    """One star in memory in both forms."""

    signal: Signal
    light_curve: LightCurve
    segments: list[Any]
    """Its quarters or sectors as lightkurve's light curves, without cadences of bad quality."""


class Folded(NamedTuple):
    """What lightkurve makes of a star."""

    cadences: Any
    whole: Any
    near: Any


def compare(folder: Path, stars: int = 3, repeats: int = 3) -> Iterator[Record]:
    settings = ViewSettings()
    # Means as the default: lightkurve takes a slower way when they are asked for by name.
    binnings: tuple[tuple[str, Callable | None], ...] = (("medians", np.nanmedian), ("means", None))
    for mission in ("Kepler", "TESS"):
        loaded = [_load(star) for star in observed_stars(folder, mission, stars)]
        for binning, aggregate in binnings:
            yield side_by_side(
                f"views_{mission.lower()}_{binning}",
                partial(_ours, loaded, settings),
                Peer(
                    f"{LIGHTKURVE} flatten, fold, bin by {binning}",
                    partial(_theirs, loaded, mission, settings, aggregate),
                ),
                unit="signal",
                n=len(loaded),
                repeats=repeats,
                difference=partial(_depths_apart, loaded),
                difference_in="% of the measured depth",
            )


def _load(star: ObservedStar) -> Star:
    segments = [read_good(star.archive / name)["time", "flux", "flux_err"] for name in star.files]
    return Star(star.signal, read_stored(star.store, star.target_id), segments)


def _ours(stars: list[Star], settings: ViewSettings) -> list[SignalViews]:
    made = []
    for star in stars:
        flat = flatten_star(star.light_curve, [star.signal], settings.detrend)
        outcome, views = make_views(flat, star.signal, [star.signal], settings)
        if views is None:
            raise RuntimeError(f"{star.signal.signal_id}: {outcome}")
        made.append(views)
    return made


def _theirs(stars: list[Star], mission: Mission, settings: ViewSettings, aggregate: Callable | None) -> list[Folded]:
    return [_flatten_fold_bin(star, mission, settings, aggregate) for star in stars]


def _flatten_fold_bin(star: Star, mission: Mission, settings: ViewSettings, aggregate: Callable | None) -> Folded:
    signal, detrend = star.signal, settings.detrend
    epoch = signal.epoch_bjd - (BTJD_ZERO_BJD if mission == "TESS" else BKJD_ZERO_BJD)
    joined = join(star.segments, normalised=True).remove_nans()
    cadence_d = float(np.nanmedian(np.diff(joined.time.value)))
    masked = joined.create_transit_mask(signal.period_d, epoch, detrend.mask_durations * signal.duration_d)
    flat = joined.flatten(
        window_length=2 * round((detrend.window_d / cadence_d - 1) / 2) + 1,
        polyorder=detrend.order,
        break_tolerance=round(detrend.break_d / cadence_d),
        sigma=detrend.clip_sigma,
        mask=masked,
    )
    folded = flat.fold(period=signal.period_d, epoch_time=epoch)
    near_d = min(signal.period_d, 2 * settings.local.durations * signal.duration_d)
    near = folded[np.abs(folded.time.value) < near_d / 2]
    return Folded(
        cadences=folded,
        whole=folded.bin(bins=settings.global_.length, aggregate_func=aggregate),
        near=near.bin(near_d / settings.local.length, time_bin_start=-near_d / 2, aggregate_func=aggregate),
    )


def _depths_apart(stars: list[Star], ours: list[SignalViews], theirs: list[Folded]) -> float:
    """The largest difference of the depths of the same signal, both measured in the same way on flattened cadences."""
    differences = []
    for star, mine, folded in zip(stars, ours, theirs, strict=True):
        phase_d, flux = np.asarray(folded.cadences.time.value), np.asarray(folded.cadences.flux.value, np.float64) - 1
        kept = np.isfinite(flux)
        depth = 1e6 * measure_transit(phase_d[kept], flux[kept], star.signal.duration_d).depth
        differences.append(abs(depth / mine.numbers["depth_ppm"] - 1))
    return 100 * max(differences)
