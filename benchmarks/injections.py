"""How many injected planets a search finds in real light curves, beside astropy's at the same rate of false alarms.

    python -m benchmarks.injections --number 834 --store FOLDER TARGET [TARGET ...] [--segments N]

Limb-darkened transits of planets of random period, depth and star are injected into light curves of a store, a few
consecutive segments of a random one of the targets at a time; a target is followed by the periods, epochs and durations
of what is known in it, if anything, as TARGET:PERIOD_D,EPOCH_BJD,DURATION_H:..., and loses the cadences of those
transits. Both searches get the same flat arrays; astropy's gets them also with single events limited as ours limits
them. Two light curves for each three injected ones have nothing in them: one is the star's own, the other it upside
down. The highest peak of nine in ten of these is lower than the threshold of a search: so one in ten has a false alarm.
A planet is found if the highest peak is above the threshold, and each of its transits in the data within a duration of
one of the peak's.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.bls import astropy_peaks
from benchmarks.search import transits_apart
from lightmill.config.views import Spline
from lightmill.lightcurves.lightcurve import COLUMNS, LightCurve
from lightmill.lightcurves.store import read_stored
from lightmill.search.box import SOLAR_AXIS_RATIO, YEAR_D
from lightmill.search.candidates import Range, strongest
from lightmill.search.curve import searchable
from lightmill.simulate.eclipses import Orbit, central_loss, inclination_deg, pair_flux, shapes
from lightmill.views.flatten import flatten_star, transit_mask
from lightmill.views.normalise import robust_scatter
from lightmill.views.signal import Signal

SPLINE = Spline(method="spline")
SHORTEST_D = 0.6
# Peaks below this S/N are not ranked: nothing as low is above a threshold.
LEAST_SNR, LEAST_TRANSITS = 3.0, 3
FALSE_ALARMS = 0.1
OURS = "lightmill"
SNR_EDGES = (5, 7, 9, 12, 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=834, help="light curves searched (default: %(default)s)")
    parser.add_argument("--segments", type=int, default=2, help="segments of a light curve (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--without-peer", action="store_true", help="ours alone")
    parser.add_argument("--store", nargs="+", required=True, metavar=("FOLDER", "TARGET"))
    chosen = parser.parse_args()
    folder, *targets = chosen.store
    curves = [without_known(*stored(folder, target)) for target in targets]
    rows = trials(curves, chosen.number, chosen.segments, not chosen.without_peer, np.random.default_rng(chosen.seed))
    print(table(pd.DataFrame(rows)).to_string())


def stored(folder: str, target: str) -> tuple[LightCurve, list[Signal]]:
    """A light curve of the store, and what is known in it."""
    target_id, *known = target.split(":")
    return read_stored(folder, target_id), [Signal("", *map(float, numbers.split(","))) for numbers in known]


def without_known(light_curve: LightCurve, known: Sequence[Signal]) -> LightCurve:
    """A light curve without the cadences in known transits, once and a half as wide."""
    flux = light_curve.pdcsap_flux.copy()
    flux[transit_mask(light_curve.time_bjd, known, 1.5)] = np.nan
    return replace(light_curve, pdcsap_flux=flux)


def trials(
    curves: Sequence[LightCurve], number: int, segments: int, peer: bool, random: np.random.Generator
) -> Iterator[dict[str, Any]]:
    """One row for each light curve searched: what is in it, and the highest peak of each search."""
    for trial in range(number):
        whole = curves[random.integers(len(curves))]
        light_curve = _part(whole, segments, random)
        kind = ("planet", "planet", "planet", "as it is", "upside down")[trial % 5]
        star = flatten_star(light_curve, [], SPLINE)
        signal, snr = None, float("nan")
        if kind == "planet":
            signal, snr, flux = draw_planet(star.time_bjd, robust_scatter(star.flux), light_curve, random)
            injected = (light_curve.pdcsap_flux * flux).astype(np.float32)
            star = flatten_star(replace(light_curve, pdcsap_flux=injected), [], SPLINE)
        values = -star.flux if kind == "upside down" else star.flux
        for search, (height, period_d, epoch_bjd) in highest(star.time_bjd, values, peer).items():
            right = signal is not None and transits_apart(star.time_bjd, signal, period_d, epoch_bjd) < 1.0
            yield {
                **{"trial": trial, "kind": kind, "snr": snr, "search": search, "height": height},
                "right": right and signal is not None and abs(period_d / signal.period_d - 1) < 0.01,
            }


def _part(light_curve: LightCurve, segments: int, random: np.random.Generator) -> LightCurve:
    """So many consecutive segments of a light curve."""
    first = int(random.integers(max(len(light_curve.segments) - segments, 0) + 1))
    rows = (light_curve.segment >= first) & (light_curve.segment < first + segments)
    return replace(light_curve, **{name: getattr(light_curve, name)[rows] for name in COLUMNS})


def draw_planet(
    time_bjd: np.ndarray,
    scatter: float,
    light_curve: LightCurve,
    random: np.random.Generator,
    snrs: tuple[float, float] = (5.0, 20.0),
    longest_d: float = np.inf,
) -> tuple[Signal, float, np.ndarray]:
    """A planet, its S/N in the usable cadences (`time_bjd`), and what it does to all cadences: (n,) float64.

    S/N and periods are even in the logarithm, periods up to two sevenths of the span; densities of stars scatter by a
    quarter about the Sun's, impact parameters are even up to 0.85.
    """
    while True:
        most_d = min(float(time_bjd[-1] - time_bjd[0]) / 3.5, longest_d)
        period_d = float(np.exp(random.uniform(np.log(0.8), np.log(most_d))))
        axis_ratio = SOLAR_AXIS_RATIO * (period_d / YEAR_D) ** (2 / 3) * 10 ** random.normal(0, 0.1)
        impact, snr = random.uniform(0, 0.85), float(np.exp(random.uniform(*np.log(snrs))))
        epoch_bjd = time_bjd[0] + random.uniform(0, period_d)
        duration_h = 24 * period_d / np.pi * np.arcsin(np.sqrt(1 - impact**2) / axis_ratio)
        signal = Signal("injected", period_d, epoch_bjd, float(duration_h))
        inside = np.count_nonzero(signal.transits(time_bjd, 1.0))
        if inside < LEAST_TRANSITS:
            continue
        depth = snr * scatter / np.sqrt(inside)
        orbit = Orbit(period_d, epoch_bjd, float(np.sqrt(depth)), axis_ratio, inclination_deg(impact, axis_ratio))
        # Darkening makes the middle deeper: the radius is chosen so that the middle is as deep as wanted.
        orbit = replace(orbit, radius_ratio=orbit.radius_ratio * float(np.sqrt(depth / central_loss(orbit))))
        events = shapes(orbit, light_curve.segments[0].exposure_s / 86400)
        return signal, snr, pair_flux(orbit, events, light_curve.time_bjd)


def highest(time_bjd: np.ndarray, flux: np.ndarray, peer: bool) -> dict[str, tuple[float, float, float]]:
    """By search: height, period and epoch of the highest peak; height 0 where there is none."""
    longest_d = 0.5 * float(np.ptp(time_bjd))
    found = {OURS: (0.0, 1.0, 0.0)}
    curve = searchable(time_bjd, flux)
    if curve is not None:
        limits = Range(SHORTEST_D, longest_d, LEAST_SNR, LEAST_TRANSITS)
        for candidate in strongest(curve, curve.periodogram(SHORTEST_D, longest_d), limits).signals:
            found[OURS] = (candidate.peak.snr, candidate.peak.period_d, candidate.peak.epoch_bjd)
    if peer:
        # As flat as ours, and besides with single events limited as ours limits them.
        for how, values in (("", flux), (" of limited flux", flux if curve is None else curve.flux)):
            peaks, _ = astropy_peaks(time_bjd, values, SHORTEST_D, longest_d)
            for name, peak in peaks.items():
                found[f"astropy, {name}{how}"] = (peak.height, peak.period_d, peak.epoch_bjd)
    return found


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """By search: the threshold, and the share of planets found, of all and by their S/N."""
    result = {}
    for search, mine in rows.groupby("search", sort=False):
        planets, empty = mine[mine["kind"] == "planet"], mine[mine["kind"] != "planet"]
        threshold = float(empty["height"].quantile(1 - FALSE_ALARMS))
        found = planets["right"] & (planets["height"] > threshold)
        by_snr = found.groupby(pd.cut(planets["snr"], SNR_EDGES), observed=False).mean()
        result[search] = {
            "threshold": round(threshold, 2),
            "highest peak right": round(float(planets["right"].mean()), 3),
            "found": round(float(found.mean()), 3),
            **{f"S/N {edges.left:.0f}-{edges.right:.0f}": round(float(share), 2) for edges, share in by_snr.items()},
            "planets": len(planets),
            "empty": len(empty),
        }
    return pd.DataFrame(result).T


if __name__ == "__main__":
    main()
