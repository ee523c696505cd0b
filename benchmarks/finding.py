"""What a blind search finds with each way of detrending, on simulated stars of every kind: a table.

    python -m benchmarks.finding [--stars N]
    python -m benchmarks.finding --variables

The planets of the survey that are counted have three transits or more in the data and an S/N of 8 or more; one is found
if the search lists its period, and each of its transits in the data within a duration. What else is listed on any star,
and has no period of the star's signals (or one in a ratio of small numbers to it), is false; an eclipse of a binary is
not.

The second form counts what is found on stars that only vary, in the cadences of a TESS sector: spotted ones, a sinusoid
of 1 % with a first harmonic of 0.4 %, by the period of rotation; and ones with six pulsations of up to 0.3 % and of
0.03 to 0.4 d.
"""

import argparse
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.depths import WAYS
from benchmarks.search import transits_apart
from benchmarks.survey import simulated_light_curve
from lightmill.config.search import FINDING_DETREND
from lightmill.config.simulation import QUARTERS, SimulationSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.search.candidates import RATIOS
from lightmill.search.find import Found, find_signals
from lightmill.simulate.survey import draw_targets
from lightmill.targets import MISSIONS
from lightmill.views.flatten import flatten_star
from lightmill.views.signal import Signal

PLANETS = ("planet", "hot_jupiter")
LEAST_SNR, LEAST_TRANSITS = 8.0, 3
SAME_PERIOD, SAME_RATIO = 0.01, 0.003
QUARTERS_SEEN = 6
SPOTTED, PULSATING, PULSATIONS = 40, 100, 6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=100, help="simulated stars of each mission (default: %(default)s)")
    parser.add_argument("--variables", action="store_true", help="what is found on stars that only vary")
    chosen = parser.parse_args()
    if chosen.variables:
        print(variables().to_string(index=False))
    else:
        print(table(pd.DataFrame(trials(chosen.stars))).to_string())


def trials(stars: int) -> Iterator[dict[str, Any]]:
    """One row for each star and way of detrending."""
    settings = SimulationSettings(
        seed=9, n_kepler=stars, n_k2=stars, n_tess=stars, overlap=0, quarters=list(QUARTERS[:QUARTERS_SEEN])
    )
    for mission in MISSIONS:
        for target in draw_targets(settings, mission):
            light_curve = simulated_light_curve(settings, target)
            if light_curve is None:
                continue
            known = [
                Signal(str(number), one.found.period_d, one.found.epoch_bjd, one.found.duration_h)
                for number, one in enumerate(target.signals)
            ]
            strong = [
                signal
                for signal, one in zip(known, target.signals, strict=True)
                if target.kind in PLANETS and one.found.snr >= LEAST_SNR and transits_in(light_curve, signal)
            ]
            for way, detrend in WAYS.items():
                listed = find_signals(light_curve, detrend)
                yield {
                    **{"mission": mission, "way": way, "planets": len(strong)},
                    "found": sum(is_found(light_curve, signal, listed) for signal in strong),
                    "false": sum(not is_known(one, known) for one in listed),
                }


def variables() -> pd.DataFrame:
    """Signals found on variable stars: by kind, `stars` and `signals`."""
    settings = SimulationSettings(seed=4, n_kepler=0, n_k2=0, n_tess=30, overlap=0, two_sectors=0)
    curves = (simulated_light_curve(settings, target, 1) for target in draw_targets(settings, "TESS"))
    cadences = next(curve for curve in curves if curve is not None)
    random = np.random.default_rng(1)
    time_bjd, rows = cadences.time_bjd, []
    for shortest_d, longest_d in ((0.3, 0.6), (0.6, 0.75), (0.75, 0.9), (0.9, 1.1), (1.1, 1.5), (1.5, 4.0)):
        stars = []
        for _ in range(SPOTTED):
            turn = 2 * np.pi * time_bjd / random.uniform(shortest_d, longest_d)
            one, two = random.uniform(0, 2 * np.pi, 2)
            stars.append(0.01 * np.sin(turn + one) + 0.004 * np.sin(2 * turn + two))
        rows.append((f"spotted, {shortest_d:g} to {longest_d:g} d", stars))
    rows.append(("pulsating", [_pulsations(time_bjd, random) for _ in range(PULSATING)]))
    table = []
    for kind, stars in rows:
        signals = 0
        for variation in stars:
            flux = 1e4 * (1 + variation + random.normal(0, 2e-4, time_bjd.size))
            flux = np.where(np.isfinite(cadences.pdcsap_flux), flux, np.nan).astype(np.float32)
            signals += len(find_signals(replace(cadences, pdcsap_flux=flux), FINDING_DETREND["TESS"]))
        table.append({"kind": kind, "stars": len(stars), "signals": signals})
    return pd.DataFrame(table)


def _pulsations(time_bjd: np.ndarray, random: np.random.Generator) -> np.ndarray:
    total = np.zeros(time_bjd.size)
    for period_d, share in zip(random.uniform(0.03, 0.4, PULSATIONS), random.uniform(0, 3e-3, PULSATIONS), strict=True):
        total += share * np.sin(2 * np.pi * time_bjd / period_d + random.uniform(0, 2 * np.pi))
    return total


def transits_in(light_curve: LightCurve, signal: Signal) -> bool:
    """Whether three transits have cadences."""
    time_bjd = flatten_star(light_curve, [signal], WAYS["savgol 2 d, order 4"]).time_bjd
    inside = time_bjd[signal.transits(time_bjd, 1.0)]
    return np.unique(np.round((inside - signal.epoch_bjd) / signal.period_d)).size >= LEAST_TRANSITS


def is_found(light_curve: LightCurve, signal: Signal, listed: list[Found]) -> bool:
    """Whether what is listed has the signal's period, and its transits in the data."""
    return any(
        abs(one.period_d / signal.period_d - 1) < SAME_PERIOD
        and transits_apart(light_curve.time_bjd, signal, one.period_d, one.epoch_bjd) < 1.0
        for one in listed
    )


def is_known(one: Found, known: list[Signal]) -> bool:
    """Whether a period is that of a signal, or in a ratio of small numbers to it."""
    ratios = (1.0, *RATIOS)
    return any(abs(one.period_d / signal.period_d / ratio - 1) < SAME_RATIO for signal in known for ratio in ratios)


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """By mission and way: shares of the planets that were found, and false signals in a hundred stars."""
    rows["mission"] = pd.Categorical(rows["mission"], MISSIONS)
    grouped = rows.groupby(["mission", "way"], observed=True, sort=False)
    sums = grouped[["planets", "found", "false"]].sum()
    sums["found, %"] = (100 * sums["found"] / sums["planets"]).round(1)
    sums["false in 100 stars"] = (100 * sums["false"] / grouped.size()).round(1)
    return sums


if __name__ == "__main__":
    main()
