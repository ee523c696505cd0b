"""A star's light curve searched for periodic dips, all periods of a range: against astropy's box least squares.

Both are given the same flat arrays, at their native cadence, and both tell the period, epoch, duration and S/N of the
best dip. Ours includes the noise's measure, the limit on single events, and the peaks made sharp on single cadences.
astropy tries the periods of Ofir's grid with an oversampling of three, for four durations. Beside it, on the same
arrays: gerbls, and transitleastsquares, whose time for Kepler is scaled from a part of the periods.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from time import process_time
from typing import NamedTuple

import numpy as np

from benchmarks.bls import ASTROPY, GERBLS, TLS, Highest, astropy_peaks, gerbls_peak, periods_for, tls_peak
from benchmarks.records import Peer, Record, side_by_side
from benchmarks.survey import observed_stars
from lightmill.config.views import Spline
from lightmill.lightcurves.store import read_stored
from lightmill.search.box import Peak
from lightmill.search.candidates import Range, strongest
from lightmill.search.curve import searchable
from lightmill.search.find import find_signals
from lightmill.targets import Mission
from lightmill.views.flatten import flatten_star
from lightmill.views.signal import Signal

SPLINE = Spline(method="spline")
# Shortest and longest period; for transitleastsquares a part of them that has a few hundred.
PERIODS_D: dict[Mission, tuple[float, float]] = {"Kepler": (0.6, 50.0), "TESS": (0.6, 13.0)}
PART_D: dict[Mission, tuple[float, float]] = {"Kepler": (10.0, 10.05), "TESS": (0.6, 13.0)}
UNITS: dict[Mission, str] = {"Kepler": "star of 17 quarters", "TESS": "sector at 2 min"}
LEAST_SNR, LEAST_TRANSITS = 6.0, 3


class Flat(NamedTuple):
    """A flat light curve, and the planet in it."""

    time_bjd: np.ndarray
    flux: np.ndarray
    signal: Signal


def compare(folder: Path, stars: int = 1, repeats: int = 1) -> Iterator[Record]:
    for mission, periods_d in PERIODS_D.items():
        observed = observed_stars(folder, mission, stars)
        curves = [read_stored(star.store, star.target_id, star.sha256) for star in observed]
        flat = [
            Flat(one.time_bjd, one.flux, star.signal)
            for star, one in zip(observed, [flatten_star(curve, [], SPLINE) for curve in curves], strict=True)
        ]
        record = side_by_side(
            f"search-{mission.lower()}",
            partial(_ours, flat, periods_d),
            Peer(f"{ASTROPY} BoxLeastSquares", partial(_theirs, flat, periods_d)),
            unit=UNITS[mission],
            n=len(flat),
            repeats=repeats,
            difference=partial(_farthest, flat),
            difference_in="durations, farthest transit of the two from the true one",
        )
        begin = process_time()
        for curve in curves:
            find_signals(curve, SPLINE)
        whole_s = (process_time() - begin) / len(curves)
        yield replace(
            record, beside=_beside(record, mission, flat) | {"the whole search of a star, s": (whole_s, None)}
        )


def _ours(flat: list[Flat], periods_d: tuple[float, float]) -> list[Peak]:
    limits = Range(*periods_d, LEAST_SNR, LEAST_TRANSITS)
    found = []
    for star in flat:
        curve = searchable(star.time_bjd, star.flux)
        if curve is None:
            raise RuntimeError(f"{star.signal.signal_id}: nothing to search")
        found.append(strongest(curve, curve.periodogram(*periods_d), limits).signals[0].peak)
    return found


def _theirs(flat: list[Flat], periods_d: tuple[float, float]) -> list[Highest]:
    return [astropy_peaks(star.time_bjd, star.flux, *periods_d)[0]["S/N by likelihood"] for star in flat]


def _farthest(flat: list[Flat], ours: list[Peak], theirs: list[Highest]) -> float:
    """The largest distance of a transit found from the true one in the data, of both sides."""
    return max(
        transits_apart(star.time_bjd, star.signal, found.period_d, found.epoch_bjd)
        for side in (ours, theirs)
        for star, found in zip(flat, side, strict=True)
    )


def transits_apart(time_bjd: np.ndarray, signal: Signal, period_d: float, epoch_bjd: float) -> float:
    """The largest distance of the signal's transits in the data from those of an ephemeris, in durations."""
    first, last = ((time - signal.epoch_bjd) / signal.period_d for time in (time_bjd[0], time_bjd[-1]))
    middles = signal.epoch_bjd + signal.period_d * np.arange(np.ceil(first), last)
    off = np.mod(middles - epoch_bjd + 0.5 * period_d, period_d) - 0.5 * period_d
    return float(np.max(np.abs(off), initial=0.0)) / signal.duration_d


def _beside(record: Record, mission: Mission, flat: list[Flat]) -> dict[str, tuple[float | None, float | None]]:
    """Seconds of the other peers, and how many periods were tried."""
    time_bjd, flux, _ = flat[0]
    periods_d, part_d = PERIODS_D[mission], PART_D[mission]
    tls_peak(time_bjd[:2000], flux[:2000], 1.0, 1.2)  # compiles
    curve = searchable(time_bjd, flux)
    tried = curve.periodogram(*periods_d).period_d.size if curve is not None else 0
    theirs = periods_for(time_bjd, *periods_d).size
    begin = process_time()
    gerbls_peak(time_bjd, flux, *periods_d)
    gerbls_s = process_time() - begin
    begin = process_time()
    _, part = tls_peak(time_bjd, flux, *part_d)
    tls_s = (process_time() - begin) * theirs / part
    return {
        f"{GERBLS}, s": (record.ours_s, gerbls_s),
        f"{TLS}, s": (record.ours_s, tls_s),
        "periods tried": (float(tried), float(theirs)),
    }
