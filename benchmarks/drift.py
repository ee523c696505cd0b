"""How many ephemerides that drifted as the TOIs' did are pulled back to their transits, and how many are made worse.

    python -m benchmarks.drift --tables OLD.csv NEW.csv [--number N] [--ways]

Limb-darkened transits of planets with an S/N of 5 to 60 are injected into simulated TESS light curves: sectors of
several stars, laid years apart, so that the later ones are where the drift has grown. What is listed of each planet is
wrong by what one TOI, drawn at random, was wrong by: the two tables are two snapshots of the TOI list, the older one is
taken for what was listed and the newer one for the truth. The differences of periods and epochs, and the errors that
the older table states, are carried over as shares of the duration. TOIs whose newer ephemeris has another period, or
does not meet the dips of the older one at its epoch, are not drawn: there the two are not about one signal.

The S/N is that of a box on the true transits, masked in the detrending, in the noise as it is on their duration. An
ephemeris is right where all its transits in the data are within 0.2 durations of the true ones.
"""

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from benchmarks.depths import WAYS
from benchmarks.injections import draw_planet, without_known
from benchmarks.survey import simulated_light_curve
from lightmill.catalogs import read_catalog
from lightmill.config.search import REFINING_DETREND
from lightmill.config.simulation import SimulationSettings
from lightmill.config.views import DetrendSettings
from lightmill.lightcurves.assemble import join_segments
from lightmill.lightcurves.lightcurve import COLUMNS, LightCurve
from lightmill.lightcurves.reader import SegmentRows
from lightmill.search.box import YEAR_D
from lightmill.search.drift import Errors
from lightmill.search.ephemerides import star_ephemerides
from lightmill.search.events import box_events
from lightmill.search.shifts import snr_of
from lightmill.simulate.survey import draw_targets
from lightmill.views.flatten import flatten_star
from lightmill.views.fold import fold
from lightmill.views.normalise import robust_scatter
from lightmill.views.signal import Signal

RIGHT = WORSE = 0.2
SNRS = (5.0, 60.0)
SNR_EDGES = (5, 7, 10, 15, 100)
LONGEST_D = 9.0
STRONG = 10.0
DETREND = REFINING_DETREND["TESS"]
# Years after the epoch at which the sectors of a light curve begin.
SPANS: dict[str, tuple[float, ...]] = {
    "one, five years on": (5.0,),
    "two, two years apart": (0.0, 2.0),
    "three, to five years on": (0.0, 2.0, 5.0),
    "six, to five years on": (0.0, 0.1, 2.0, 2.1, 4.0, 5.0),
}
# Where periods differ by more, one is a multiple of the other, or another signal.
SAME_PERIOD = 0.01
# A newer epoch is later where the star was observed again; otherwise the newer table knows no more.
OBSERVED_AGAIN_D = 300.0
# A newer ephemeris that misses the dips that the older one was made from by more durations is no correction of it.
SAME_DIPS = 1.0
STARS = 60


class Drift(NamedTuple):
    """How wrong one TOI was, and how wrong it said to be, in durations."""

    per_year: float
    at_epoch: float
    period_error: float
    """Of the drift in a year."""
    epoch_error: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tables", nargs=2, required=True, metavar=("OLD", "NEW"), help="two snapshots of the TOIs")
    parser.add_argument("--number", type=int, default=1000, help="planets of each span (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--ways", action="store_true", help="compare ways of detrending, at S/N above 10")
    chosen = parser.parse_args()
    drifts = drifts_of(*(read_catalog(path).signals for path in chosen.tables))
    yearly = np.median([abs(drift.per_year) for drift in drifts])
    print(f"{len(drifts)} TOIs; median drift {yearly:.2f} durations a year")
    stars = sectors(STARS)
    ways = WAYS if chosen.ways else {"as it is": DETREND}
    rows = pd.DataFrame(trials(stars, drifts, chosen.number, ways, np.random.default_rng(chosen.seed)))
    if chosen.ways:
        strong = rows[rows["snr"] > STRONG].assign(right=100 * (rows["after"] <= RIGHT))
        print(strong.pivot_table("right", "way", "sectors", "mean", sort=False).round(1).to_string())
    else:
        print(table(rows).to_string())


def drifts_of(old: pd.DataFrame, new: pd.DataFrame) -> list[Drift]:
    """How wrong each TOI of the older list is, by the newer: those observed again, with the same period in both."""
    both = old.merge(new, on="signal_id", suffixes=("", "_new"))
    both = both.dropna(subset=["period_d", "epoch_bjd", "duration_h", "period_d_new", "epoch_bjd_new"])
    again = both["epoch_bjd_new"] > both["epoch_bjd"] + OBSERVED_AGAIN_D
    both = both[again & ((both["period_d_new"] / both["period_d"] - 1).abs() < SAME_PERIOD)]
    duration_d = both["duration_h"] / 24
    in_a_year = YEAR_D / both["period_d_new"] / duration_d
    # From the newer epoch, by the newer period, back to the older one.
    ahead_d = both["epoch_bjd"] - both["epoch_bjd_new"]
    off_d = ahead_d - both["period_d_new"] * (ahead_d / both["period_d_new"]).round()
    columns = {
        "per_year": (both["period_d"] - both["period_d_new"]) * in_a_year,
        "at_epoch": off_d / duration_d,
        "period_error": both["period_err_d"] * in_a_year,
        "epoch_error": both["epoch_err_d"] / duration_d,
    }
    found = pd.DataFrame(columns).dropna()
    found = found[found["at_epoch"].abs() < SAME_DIPS]
    return [Drift(*row) for row in found.itertuples(index=False)]


def sectors(number: int) -> list[LightCurve]:
    """One sector of each of the first simulated TESS stars, without what is in it: sorted by their scatter."""
    scatters = []
    for light_curve in _quiet_sectors(number):
        flat = flatten_star(light_curve, [], DETREND)
        scatters.append((robust_scatter(flat.flux), light_curve))
    return [light_curve for _, light_curve in sorted(scatters, key=lambda one: one[0])]


def _quiet_sectors(number: int) -> Iterator[LightCurve]:
    settings = SimulationSettings(seed=7, n_kepler=0, n_k2=0, n_tess=3 * number, overlap=0, two_sectors=0)
    made = 0
    for target in draw_targets(settings, "TESS"):
        # Pulsating stars and the like have nothing between their dips that a trend could rest on.
        if target.kind in ("variable", "eclipsing_binary", "contaminated") or made == number:
            continue
        light_curve = simulated_light_curve(settings, target, 1)
        if light_curve is not None:
            made += 1
            known = [one.found for one in target.signals]
            yield without_known(light_curve, [Signal("", one.period_d, one.epoch_bjd, one.duration_h) for one in known])


def years_of(stars: Sequence[LightCurve], years: Sequence[float], random: np.random.Generator) -> LightCurve:
    """A light curve with sectors that begin so many years after the first, each of another star that is as noisy."""
    first_bjd = float(stars[0].time_bjd[0])
    parts = []
    for number, (year, star) in enumerate(
        zip(years, random.permutation(len(years)) + random.integers(len(stars) - len(years) + 1), strict=True)
    ):
        one = stars[int(star)]
        shift_d = first_bjd + YEAR_D * year - float(one.time_bjd[0])
        columns: dict[str, Any] = {name: getattr(one, name) for name in COLUMNS}
        columns["time_bjd"] = columns["time_bjd"] + shift_d
        parts.append(SegmentRows(replace(one.segments[0], number=number + 1), columns))
    return join_segments("TIC 1", parts)


def trials(
    stars: Sequence[LightCurve],
    drifts: Sequence[Drift],
    number: int,
    ways: Mapping[str, DetrendSettings],
    random: np.random.Generator,
) -> Iterator[dict[str, Any]]:
    """One row for each planet and way of detrending, with errors stated and without."""
    for span, years in SPANS.items():
        for _ in range(number):
            light_curve = years_of(stars, years, random)
            flat = flatten_star(light_curve, [], DETREND)
            scatter = robust_scatter(flat.flux)
            planet, _, flux = draw_planet(flat.time_bjd, scatter, light_curve, random, SNRS, LONGEST_D)
            light_curve = replace(light_curve, pdcsap_flux=(light_curve.pdcsap_flux * flux).astype(np.float32))
            drift = drifts[int(random.integers(len(drifts)))]
            listed, errors = drifted(planet, drift, float(stars[0].time_bjd[0]))
            flat = flatten_star(light_curve, [planet], DETREND)
            boxes = box_events(flat.time_bjd, flat.flux, planet.duration_d)
            seen = {
                "sectors": span,
                "snr": snr_of(boxes, planet.period_d, planet.epoch_bjd),
                "before": apart(flat.time_bjd, planet, listed),
            }
            for way, detrend in ways.items():
                for name, known in (("stated", {listed.signal_id: errors}), ("not stated", {})):
                    [found] = star_ephemerides(light_curve, [listed], detrend, known)
                    after = replace(listed, period_d=found.period_d, epoch_bjd=found.epoch_bjd)
                    apart_after = apart(flat.time_bjd, planet, after)
                    yield {**seen, "way": way, "errors": name, "after": apart_after, "status": found.status}


def drifted(planet: Signal, drift: Drift, first_bjd: float) -> tuple[Signal, Errors]:
    """What is listed of a planet, its epoch near the first day of the data's clock, and the errors that are stated."""
    a_year = planet.duration_d * planet.period_d / YEAR_D
    epoch_bjd = planet.epoch_bjd + planet.period_d * np.round((first_bjd - planet.epoch_bjd) / planet.period_d)
    listed = replace(
        planet,
        period_d=planet.period_d + drift.per_year * a_year,
        epoch_bjd=float(epoch_bjd + drift.at_epoch * planet.duration_d),
    )
    return listed, Errors(drift.period_error * a_year, drift.epoch_error * planet.duration_d)


def apart(time_bjd: np.ndarray, planet: Signal, listed: Signal) -> float:
    """The largest distance of a true transit in the data from the nearest listed one, in durations."""
    number = np.unique(np.round((time_bjd - planet.epoch_bjd) / planet.period_d))
    off_d = fold(planet.epoch_bjd + planet.period_d * number, listed.period_d, listed.epoch_bjd)
    return float(np.max(np.abs(off_d))) / planet.duration_d


def table(rows: pd.DataFrame) -> pd.DataFrame:
    """By span and what is stated: shares of signals that were right before and are after, or were made worse."""
    rows = rows.assign(
        was_right=rows["before"] <= RIGHT,
        right=rows["after"] <= RIGHT,
        worse=rows["after"] > rows["before"] + WORSE,
        stale=rows["status"] == "ephemeris_stale",
        strong="all above 10",
    )
    sectors_seen = pd.Categorical(rows["sectors"], SPANS)
    grouped = rows.groupby([sectors_seen, "errors", pd.cut(rows["snr"], SNR_EDGES)], observed=True)
    strong = rows[rows["snr"] > STRONG]
    strong = strong.groupby([pd.Categorical(strong["sectors"], SPANS), "errors", "strong"], observed=True)
    tables = []
    for one in (grouped, strong):
        shares = one[["was_right", "right", "worse", "stale"]].mean()
        tables.append((100 * shares).round(1).assign(n=one.size()))
    return pd.concat(tables)


if __name__ == "__main__":
    main()
