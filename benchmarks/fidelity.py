"""How alike our views and AstroNet's are, by its own algorithm on the same light curves: a table.

    LIGHTMILL_ASTRONET=CHECKOUT python -m benchmarks.fidelity [--stars N] [--store FOLDER TARGET ...]

With AstroNet's settings: 2,001 and 201 bins by medians, a spline of 20 possible spacings of knots, gaps of 0.75 d,
nothing masked, views scaled to a deepest bin of -1. Its algorithm is its own Python, unmodified; it is given the
cadences that ours uses, segment by segment, divided by their medians, in the unit of the files. Its empty bins have the
median of all flux, ours what stands beside them, so bins without a cadence are not compared. A target of a store may
be followed by what is known in it, as for `benchmarks.injections`: its first signal is folded.
"""

import argparse
import warnings

import numpy as np
import pandas as pd

from benchmarks.astronet import AstroNet, find_astronet, folded_views
from benchmarks.depths import draw_transit, simulated_curves
from benchmarks.injections import stored
from lightmill.config.views import Spline, ViewSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.views.flatten import flatten_star
from lightmill.views.making import fold_views
from lightmill.views.normalise import normalise_segments
from lightmill.views.quality import good_cadences
from lightmill.views.signal import Signal

SETTINGS = ViewSettings(
    **{"global": {"length": 2001}, "local": {"length": 201}, "more": (), "scale": "min"},
    # No flare is this high: AstroNet drops none.
    detrend=Spline(method="spline", break_d=0.75, clip_sigma=1e9),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stars", type=int, default=10, help="simulated stars of each mission (default: %(default)s)")
    parser.add_argument("--store", nargs="+", metavar=("FOLDER", "TARGET"), help="a light-curve store, and stars of it")
    chosen = parser.parse_args()
    astronet = find_astronet()
    if astronet is None:
        raise SystemExit(1)
    if chosen.store:
        folder, *targets = chosen.store
        curves = [stored(folder, target) for target in targets]
    else:
        curves = [curve for mission in ("Kepler", "TESS") for curve in simulated_curves(mission, chosen.stars)]
    random = np.random.default_rng(3)
    rows = []
    for light_curve, known in curves:
        # Where nothing is known, any ephemeris will do: what is compared is the light curve folded on it.
        signal = known[0] if known else draw_transit(light_curve, random)[0]
        rows.append(
            {"mission": light_curve.mission, "target": light_curve.target_id, **alike(light_curve, signal, astronet)}
        )
    found = pd.DataFrame(rows)
    print(found.to_string(index=False))
    columns = ["global", "local", "global_apart", "local_apart"]
    print(found.groupby("mission")[columns].agg(["median", "min", "max"]).T.to_string())


def alike(light_curve: LightCurve, signal: Signal, astronet: AstroNet) -> dict[str, float]:
    """Correlation of the two global and the two local views, and the largest difference of a bin."""
    ours = fold_views(flatten_star(light_curve, [], SETTINGS.detrend), signal, SETTINGS).arrays
    flux = normalise_segments(light_curve.pdcsap_flux, light_curve.segment, good_cadences(light_curve)) + 1.0
    # The unit of flux plays a part in AstroNet's choice of knots: that of the files.
    flux *= np.median(light_curve.pdcsap_flux[np.isfinite(flux)].astype(np.float64))
    pieces = [np.isfinite(flux) & (light_curve.segment == number) for number in range(len(light_curve.segments))]
    pieces = [piece for piece in pieces if piece.any()]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = folded_views(
            astronet,
            [light_curve.time_bjd[piece].copy() for piece in pieces],
            [flux[piece] for piece in pieces],
            signal.period_d,
            signal.epoch_bjd,
            signal.duration_d,
        )
    result = {}
    for name, their in zip(("global", "local"), theirs, strict=True):
        filled = ours[f"{name}_count"] > 0
        mine = ours[name][filled].astype(np.float64)
        result[name] = float(np.corrcoef(mine, their[filled])[0, 1])
        result[f"{name}_apart"] = float(np.abs(mine - their[filled]).max())
    return result


if __name__ == "__main__":
    main()
