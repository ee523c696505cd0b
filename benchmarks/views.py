"""From a star's files or its place in the store to both views: against lightkurve, and against AstroNet's own Python.

Peers begin with FITS files, as their users do; ours begins with the store (or, in the lines that end in `-fits`, with
the same files, all of them checked). All make a global view of 2,001 and a local one of 201 bins, by medians.
lightkurve is used as its documentation has it: `read`, `stitch`, `flatten`, `fold`, `bin`, on light curves with all the
columns that its reader gives; the window has as many cadences as ours and the transits are masked. It cannot make bins
overlap: its local bins adjoin.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

import numpy as np

from benchmarks.astronet import NAME as ASTRONET
from benchmarks.astronet import AstroNet, find_astronet, views_of
from benchmarks.peers import LIGHTKURVE, join, read_good
from benchmarks.records import Peer, Record, side_by_side
from benchmarks.survey import ObservedStar, observed_stars
from lightmill.config.views import Savgol, Spline, ViewSettings
from lightmill.lightcurves.files import read_light_curve_files
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import read_stored
from lightmill.memory import keep_freed_memory
from lightmill.targets import BKJD_ZERO_BJD, BTJD_ZERO_BJD
from lightmill.views.flatten import flatten_for_views
from lightmill.views.making import SignalViews, make_views
from lightmill.views.measure import measure_transit

_FORM: dict[str, Any] = {"global": {"length": 2001}, "local": {"length": 201}, "more": (), "scale": "min"}
METHODS = {
    # AstroNet's own: 20 spacings of knots, gaps of 0.75 d; nothing but what the spline leaves out is dropped.
    "spline": ViewSettings(**_FORM, detrend=Spline(method="spline", break_d=0.75)),
    "savgol": ViewSettings(**_FORM, detrend=Savgol(method="savgol")),
}

# A turn of ours is so many rounds over the stars: one is shorter than what the peer's turn before leaves to warm up.
AGAIN = 20


class Folded(NamedTuple):
    """What lightkurve makes of a star."""

    cadences: Any
    whole: Any
    near: Any


def compare(folder: Path, stars: int = 3, repeats: int = 3) -> Iterator[Record]:
    # As every job that makes views does; so does the peer then.
    keep_freed_memory()
    astronet = find_astronet()
    for mission, unit in (("Kepler", "star of 17 quarters"), ("TESS", "sector")):
        observed = observed_stars(folder, mission, stars)
        for method, settings in METHODS.items():
            line = partial(side_by_side, unit=unit, n=len(observed), repeats=repeats, again=AGAIN)
            name = f"views-{method}-{mission.lower()}"
            loop = Peer(f"{LIGHTKURVE} read, stitch, flatten, fold, bin", partial(_by_lightkurve, observed, settings))
            for where, reader in (("", read_from_store), ("-fits", read_from_files)):
                record = line(
                    name + where,
                    partial(_by_us, observed, settings, reader),
                    loop,
                    difference=partial(_depths_apart, observed),
                    difference_in="% of the measured depth",
                )
                yield replace(record, beside=_beside(record, observed, settings, reader))
            if astronet is not None and method == "spline" and mission == "Kepler":
                yield line(
                    f"{name}-astronet",
                    partial(_by_us, observed, settings, read_from_store),
                    Peer(ASTRONET, partial(_by_astronet, observed, astronet)),
                    difference=_least_alike,
                    difference_in="1 - lowest correlation of views",
                )
    yield _two_processes(observed_stars(folder, "Kepler", stars), METHODS["spline"])


def read_from_store(star: ObservedStar) -> LightCurve:
    return read_stored(star.store, star.target_id, star.sha256)


def read_from_files(star: ObservedStar) -> LightCurve:
    return read_light_curve_files([star.archive / name for name in star.files])


Reader = Callable[[ObservedStar], LightCurve]


def _by_us(stars: list[ObservedStar], settings: ViewSettings, reader: Reader) -> list[SignalViews]:
    made = []
    for star in stars:
        flat = flatten_for_views(reader(star), [star.signal], settings)
        outcome, views = make_views(flat, star.signal, [star.signal], settings)
        if views is None:
            raise RuntimeError(f"{star.target_id}: {outcome}")
        made.append(views)
    return made


def _beside(
    record: Record, stars: list[ObservedStar], settings: ViewSettings, reader: Reader
) -> dict[str, tuple[float, float]]:
    """Targets a second, and the milliseconds of each stage."""
    ours, theirs = _our_stages(stars, settings, reader), _their_stages(stars, settings)
    stages = {f"{stage}, ms": (1e3 * ours[stage], 1e3 * theirs[stage]) for stage in ours}
    return {"targets a second": (1 / record.ours_s, 1 / record.peer_s), **stages}


def _our_stages(stars: list[ObservedStar], settings: ViewSettings, reader: Reader) -> dict[str, float]:
    """CPU seconds for a star: medians."""
    times = []
    for star in stars:
        begin = process_time()
        light_curve = reader(star)
        is_read = process_time()
        flat = flatten_for_views(light_curve, [star.signal], settings)
        is_flat = process_time()
        make_views(flat, star.signal, [star.signal], settings)
        times.append((is_read - begin, is_flat - is_read, process_time() - is_flat))
    return _by_stage(times)


def _their_stages(stars: list[ObservedStar], settings: ViewSettings) -> dict[str, float]:
    times = []
    for star in stars:
        begin = process_time()
        segments = [read_good(star.archive / name) for name in star.files]
        is_read = process_time()
        flat = _flatten(segments, star, settings)
        is_flat = process_time()
        _fold_bin(flat, star, settings)
        times.append((is_read - begin, is_flat - is_read, process_time() - is_flat))
    return _by_stage(times)


def _by_stage(times: list[tuple[float, float, float]]) -> dict[str, float]:
    return dict(zip(("reading", "detrending", "folding and binning"), np.median(times, axis=0).tolist(), strict=True))


def _by_lightkurve(stars: list[ObservedStar], settings: ViewSettings) -> list[Folded]:
    folded = []
    for star in stars:
        segments = [read_good(star.archive / name) for name in star.files]
        folded.append(_fold_bin(_flatten(segments, star, settings), star, settings))
    return folded


def _flatten(segments: list[Any], star: ObservedStar, settings: ViewSettings) -> Any:
    detrend, signal = settings.detrend, star.signal
    joined = join(segments, normalised=True).remove_nans()
    cadence_d = float(np.nanmedian(np.diff(joined.time.value)))
    window = Savgol(method="savgol")
    return joined.flatten(
        window_length=2 * round((window.window_d / cadence_d - 1) / 2) + 1,
        polyorder=window.order,
        break_tolerance=round(detrend.break_d / cadence_d),
        mask=joined.create_transit_mask(signal.period_d, _epoch(star), detrend.mask_durations * signal.duration_d),
    )


def _fold_bin(flat: Any, star: ObservedStar, settings: ViewSettings) -> Folded:
    signal = star.signal
    folded = flat.fold(period=signal.period_d, epoch_time=_epoch(star))
    near_d = min(signal.period_d, 2 * settings.local.durations * signal.duration_d)
    near = folded[np.abs(folded.time.value) < near_d / 2]
    return Folded(
        cadences=folded,
        whole=folded.bin(bins=settings.global_.length, aggregate_func=np.nanmedian),
        near=near.bin(near_d / settings.local.length, time_bin_start=-near_d / 2, aggregate_func=np.nanmedian),
    )


def _by_astronet(stars: list[ObservedStar], astronet: AstroNet) -> list[tuple[np.ndarray, np.ndarray]]:
    return [
        views_of(
            astronet,
            [str(star.archive / name) for name in star.files],
            star.signal.period_d,
            _epoch(star),
            star.signal.duration_d,
        )
        for star in stars
    ]


def _epoch(star: ObservedStar) -> float:
    """The epoch in the clock of the star's files."""
    return star.signal.epoch_bjd - (BTJD_ZERO_BJD if star.target_id.startswith("TIC") else BKJD_ZERO_BJD)


def _depths_apart(stars: list[ObservedStar], ours: list[SignalViews], theirs: list[Folded]) -> float:
    """The largest difference of the depths of the same signal, both measured in the same way on flattened cadences."""
    differences = []
    for star, mine, folded in zip(stars, ours, theirs, strict=True):
        phase_d, flux = np.asarray(folded.cadences.time.value), np.asarray(folded.cadences.flux.value, np.float64) - 1
        kept = np.isfinite(flux)
        depth = 1e6 * measure_transit(phase_d[kept], flux[kept], star.signal.duration_d).depth
        differences.append(abs(depth / mine.numbers["depth_ppm"] - 1))
    return 100 * max(differences)


def _least_alike(ours: list[SignalViews], theirs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    pairs = [
        (mine.arrays[name], their)
        for mine, both in zip(ours, theirs, strict=True)
        for name, their in zip(("global", "local"), both, strict=True)
    ]
    return 1 - min(float(np.corrcoef(one, other)[0, 1]) for one, other in pairs)


def _two_processes(stars: list[ObservedStar], settings: ViewSettings, rounds: int = 10) -> Record:
    """The same stars over and over by one process, and by two at once, each doing all of them: time for a star."""
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        work = partial(_work, stars, settings, rounds)
        # Both are up, with everything loaded, before the clock runs.
        list(pool.map(work, range(2)))
        seconds = []
        for workers in (1, 2, 2, 1, 1, 2):
            begin = perf_counter()
            list(pool.map(work, range(workers)))
            seconds.append((perf_counter() - begin) / workers)
    alone, together = (seconds[0], seconds[3], seconds[4]), (seconds[1], seconds[2], seconds[5])
    ratios = [one / two for one, two in zip(alone, together, strict=True)]
    done = rounds * len(stars)
    return Record(
        name="views-two-processes",
        unit="star of 17 quarters",
        n=done,
        repeats=3,
        ours_s=float(np.median(together)) / done,
        peer="ours in one process",
        peer_s=float(np.median(alone)) / done,
        ratio=float(np.median(alone) / np.median(together)),
        ratio_low=min(ratios),
        ratio_high=max(ratios),
        difference=0.0,
        difference_in="nothing: the same work",
        clock="wall",
    )


def _work(stars: list[ObservedStar], settings: ViewSettings, rounds: int, _worker: int) -> None:
    for _ in range(rounds):
        _by_us(stars, settings, read_from_store)
