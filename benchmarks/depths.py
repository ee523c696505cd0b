"""How deep, how true in shape and how noisy injected transits come out of each way of detrending: a table.

    python -m benchmarks.depths [--stars N] [--store FOLDER TARGET ...]

Limb-darkened transits of 0.1 to 3 % and 1 to 15 h are injected into light curves of the simulated survey, or into
those of a light-curve store that is named; what is known of the simulated stars is masked, and removed before folding.
What comes out is compared with the same transits in a light curve without anything else, measured and binned likewise.
Every way is tried with the injected transits masked, and without: as for a planet that nobody has listed.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from benchmarks.survey import simulated_light_curve
from lightmill.config.simulation import QUARTERS, SimulationSettings
from lightmill.config.views import Biweight, DetrendSettings, Savgol, Spline, ViewSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import read_stored
from lightmill.simulate.eclipses import Orbit, inclination_deg, pair_flux, shapes
from lightmill.simulate.survey import draw_targets
from lightmill.targets import MISSIONS, Mission
from lightmill.views.binning import local_extent, local_view
from lightmill.views.flatten import flatten_star, transit_mask
from lightmill.views.fold import fold
from lightmill.views.measure import measure_transit, missing_transit
from lightmill.views.normalise import robust_scatter
from lightmill.views.signal import Signal

WAYS: dict[str, DetrendSettings] = {
    "savgol 1 d, order 2": Savgol(method="savgol", window_d=1.0, order=2),
    "savgol 2 d, order 4": Savgol(method="savgol"),
    "biweight 1 d": Biweight(method="biweight", window_d=1.0),
    "biweight 1.5 d": Biweight(method="biweight"),
    "spline 0.5 to 20 d": Spline(method="spline"),
    "spline 1 to 20 d": Spline(method="spline", shortest_knots_d=1.0),
}
FORM = ViewSettings().local


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=20, help="simulated stars of each mission (default: %(default)s)")
    parser.add_argument("--injections", type=int, default=4, help="transits injected into each (default: %(default)s)")
    parser.add_argument("--store", nargs="+", metavar=("FOLDER", "TARGET"), help="a light-curve store, and stars of it")
    chosen = parser.parse_args()
    if chosen.store:
        folder, *targets = chosen.store
        curves = [(read_stored(folder, target), []) for target in targets]
    else:
        curves = [curve for mission in MISSIONS for curve in simulated_curves(mission, chosen.stars)]
    found = pd.DataFrame(recovered(curves, chosen.injections))
    found["mission"] = pd.Categorical(found["mission"], MISSIONS)
    print(table(found).to_string())
    found["duration"] = pd.cut(found["duration_h"], [1, 3, 7, 15])
    print(found[found["masked"]].pivot_table("error", ["mission", "way"], "duration", "median", observed=True).round(2))


def simulated_curves(mission: Mission, stars: int) -> Iterator[tuple[LightCurve, list[Signal]]]:
    """Light curves of a mission's first simulated stars that have one, and what is known of them."""
    settings = SimulationSettings(
        seed=5, n_kepler=3 * stars, n_k2=3 * stars, n_tess=3 * stars, overlap=0, quarters=list(QUARTERS[:6])
    )
    made = 0
    for target in draw_targets(settings, mission):
        light_curve = simulated_light_curve(settings, target)
        # Pulsating stars and the like have nothing between their dips that a trend could rest on.
        if light_curve is None or target.kind in ("variable", "eclipsing_binary", "contaminated") or made == stars:
            continue
        made += 1
        known = [
            Signal(str(number), one.found.period_d, one.found.epoch_bjd, one.found.duration_h, 1e6 * one.found.depth)
            for number, one in enumerate(target.signals)
        ]
        yield light_curve, known


def recovered(curves: Sequence[tuple[LightCurve, list[Signal]]], injections: int) -> Iterator[dict[str, object]]:
    """One row for each injected transit, way of detrending, and whether the transit was masked."""
    random = np.random.default_rng(11)
    for light_curve, known in curves:
        for _ in range(injections):
            signal, flux = draw_transit(light_curve, random)
            injected = replace(light_curve, pdcsap_flux=(light_curve.pdcsap_flux * flux).astype(np.float32))
            for way, settings in WAYS.items():
                for masked in (True, False):
                    measured = _measured(injected, flux - 1.0, signal, known, settings, masked)
                    if measured is not None:
                        yield {
                            "mission": light_curve.mission,
                            "way": way,
                            "masked": masked,
                            "duration_h": signal.duration_h,
                            **measured,
                        }


def draw_transit(light_curve: LightCurve, random: np.random.Generator) -> tuple[Signal, np.ndarray]:
    """A transit, and what it does to the light at every cadence: (n,) float64, 1 outside."""
    time_bjd = light_curve.time_bjd
    duration_d = 10 ** random.uniform(np.log10(1.0), np.log10(15.0)) / 24
    depth = 10 ** random.uniform(-3, np.log10(0.03))
    # At least four transits, and no duration above a tenth of the period.
    longest = max((time_bjd[-1] - time_bjd[0]) / 4, 12 * duration_d)
    period_d = 10 ** random.uniform(np.log10(max(10 * duration_d, 1.0)), np.log10(longest))
    epoch_bjd = time_bjd[0] + random.uniform(0, period_d)
    ratio, impact = np.sqrt(depth), random.uniform(0, 0.6)
    axis_ratio = np.sqrt((1 + ratio) ** 2 - impact**2) / np.sin(np.pi * duration_d / period_d)
    orbit = Orbit(period_d, epoch_bjd, ratio, axis_ratio, inclination_deg(impact, axis_ratio))
    flux = pair_flux(orbit, shapes(orbit, light_curve.segments[0].exposure_s / 86400), time_bjd)
    return Signal("injected", period_d, epoch_bjd, 24 * duration_d, 1e6 * depth), flux


def _measured(
    light_curve: LightCurve,
    truth: np.ndarray,
    signal: Signal,
    known: list[Signal],
    settings: DetrendSettings,
    masked: bool,
) -> dict[str, float] | None:
    """Error of the depth (%), likeness of the local view, scatter; None where the transit was not observed."""
    star = flatten_star(light_curve, [*known, *([signal] if masked else [])], settings)
    kept = ~transit_mask(star.time_bjd, known, settings.mask_durations)
    time_bjd, flux = star.time_bjd[kept], star.flux[kept]
    phase = fold(time_bjd, signal.period_d, signal.epoch_bjd)
    if missing_transit(phase, signal.duration_d, np.broadcast_to(star.cadence_d, kept.shape)[kept]):
        return None
    pure = truth[np.searchsorted(light_curve.time_bjd, time_bjd)]
    found, true = (measure_transit(phase, values, signal.duration_d) for values in (flux, pure))
    extent = local_extent(signal.period_d, signal.duration_d, FORM.length, FORM.durations, FORM.bin_width_durations)
    views = [local_view(phase, values, *extent, FORM.length).values for values in (flux, pure)]
    return {
        "error": 100 * (found.depth / true.depth - 1),
        "likeness": float(np.corrcoef(*views)[0, 1]),
        "scatter_ppm": 1e6 * robust_scatter(flux - pure),
    }


def table(found: pd.DataFrame) -> pd.DataFrame:
    """By mission and way: medians, and how large nine errors in ten are."""
    grouped = found.groupby(["mission", "way", "masked"], observed=True)
    return pd.DataFrame(
        {
            "n": grouped.size(),
            "median error, %": grouped["error"].median().round(2),
            "median |error|, %": grouped["error"].agg(lambda error: error.abs().median()).round(2),
            "90 % of |error|": grouped["error"].agg(lambda error: error.abs().quantile(0.9)).round(1),
            "median likeness": grouped["likeness"].median().round(4),
            "scatter, ppm": grouped["scatter_ppm"].median().round(1),
        }
    ).unstack("masked")


if __name__ == "__main__":
    main()
