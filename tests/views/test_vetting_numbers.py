"""Simulated planets and impostors, told apart by the numbers a vetter reads."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from lightmill.config.simulation import Mix, SimulationSettings
from lightmill.config.views import ViewSettings
from lightmill.lightcurves.assemble import join_segments
from lightmill.lightcurves.lightcurve import STAR, Segment
from lightmill.lightcurves.reader import SegmentRows
from lightmill.simulate.direct import light_curve_parts
from lightmill.simulate.eclipses import Orbit, shapes
from lightmill.simulate.signals import Signal as Truth
from lightmill.simulate.survey import draw_targets
from lightmill.views.centroid import PIXEL_ARCSEC
from lightmill.views.flatten import flatten_for_views
from lightmill.views.making import make_views
from lightmill.views.signal import Signal

MIX = Mix(
    planet=0.4, hot_jupiter=0, eclipsing_binary=0.25, blended_binary=0.2, variable=0, systematic=0.15, contaminated=0
)
SURVEY = SimulationSettings(n_kepler=44, n_k2=0, n_tess=0, quarters=[5, 6], overlap=0.0, mix=MIX)
VIEWS = ViewSettings()


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    """A row for each signal of a small survey, with what it is in truth."""
    rows = []
    for target in draw_targets(SURVEY, "Kepler"):
        parts = [
            SegmentRows(Segment(**part.segment, star=tuple(part.star[key] for key in STAR)), part.columns)
            for part in light_curve_parts(SURVEY, target)
        ]
        truths = [signal.found for signal in target.signals]
        signals = [
            Signal(str(place), truth.period_d, truth.epoch_bjd, truth.duration_h, truth.depth * 1e6)
            for place, truth in enumerate(truths)
        ]
        if not parts or not signals:
            continue
        star = flatten_for_views(join_segments(target.target_id, parts), signals, VIEWS)
        for signal, truth in zip(signals, target.signals, strict=True):
            views = make_views(star, signal, signals, VIEWS)[1]
            if views is not None:
                assert all(np.isfinite(array).all() for array in views.arrays.values())
                away = np.hypot(*getattr(truth.source, "offset_px", (0.0, 0.0))) * PIXEL_ARCSEC["Kepler"]
                truly = {"kind": truth.kind, "planet": truth.planet, "away_arcsec": away}
                rows.append({**truly, **secondary_of(truth), **views.numbers})
    return pd.DataFrame(rows)


def secondary_of(truth: Truth) -> dict[str, float]:
    """Depth and phase of the secondary eclipse of a signal listed with its own period; NaN where it has none."""
    orbit = truth.source
    if not isinstance(orbit, Orbit) or truth.kind == "secondary_eclipse" or len(events := shapes(orbit, 0.02)) < 2:
        return {"other_ppm": np.nan, "other_phase": np.nan}
    if not np.isclose(truth.found.period_d, orbit.period_d, rtol=1e-3):
        return {"other_ppm": np.nan, "other_phase": np.nan}
    phase = (events[1].middle_bjd - events[0].middle_bjd) / orbit.period_d % 1.0
    return {"other_ppm": events[1].loss.max() * orbit.share * 1e6, "other_phase": phase}


def auc(found: pd.DataFrame, kinds: list[str], number: str) -> float:
    """How well a number ranks impostors of these kinds above planets."""
    some = found[found["planet"] | found["kind"].isin(kinds)].dropna(subset=[number])
    return float(roc_auc_score(~some["planet"], some[number]))


def test_planets_look_like_planets(found: pd.DataFrame) -> None:
    planets = found[found["planet"]]
    assert len(planets) > 20
    assert planets["odd_even_sigma"].quantile(0.9) < 2.5
    assert planets["centroid_offset_sigma"].quantile(0.9) < 3
    assert planets["transit_depth_scatter_sigma"].quantile(0.8) < 4
    assert planets["shape"].median() > 0.5


def test_blends_are_off_target(found: pd.DataFrame) -> None:
    assert auc(found, ["blended_binary"], "centroid_offset_sigma") > 0.9
    sure = found[(found["kind"] == "blended_binary") & (found["centroid_offset_sigma"] > 6)]
    assert len(sure) >= 3
    # The depth is that after the neighbours' known light is taken off, the shift is not: up to a third less.
    assert (sure["centroid_offset_arcsec"] / sure["away_arcsec"]).median() == pytest.approx(1.0, abs=0.2)


def test_binaries_are_v_shaped(found: pd.DataFrame) -> None:
    assert auc(found, ["eclipsing_binary", "blended_binary"], "shape") < 0.3


def test_secondary_eclipses_are_found_where_they_are(found: pd.DataFrame) -> None:
    expected = found["other_ppm"] / found["scatter_ppm"] * np.sqrt(found["in_transit_cadences"])
    sure = found[expected > 10]
    assert len(sure) >= 5
    assert (sure["secondary_snr"] > 5).mean() >= 0.8
    seen = sure[sure["secondary_snr"] > 5]
    assert (seen["secondary_phase"] - seen["other_phase"]).abs().max() < 0.01
    assert (seen["secondary_depth_ppm"] / seen["other_ppm"]).median() == pytest.approx(1.0, abs=0.15)
    # Planets of this survey have none.
    assert found.loc[found["planet"], "secondary_snr"].max() < 5


def test_accidents_scatter(found: pd.DataFrame) -> None:
    assert auc(found, ["systematic"], "transit_depth_scatter_sigma") > 0.85
