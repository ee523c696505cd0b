"""Stars that nothing can be told of: a stated result from the search and the views, by every method, and no crash."""

import numpy as np
import pytest
from views.stars import START, light_curve, signal

from lightmill.config.search import FindSettings
from lightmill.config.views import Biweight, Savgol, Spline, ViewSettings
from lightmill.search.ephemerides import star_ephemerides
from lightmill.search.shards import found_rows
from lightmill.views.flatten import flatten_for_views
from lightmill.views.making import make_views

METHODS = [Savgol(method="savgol"), Biweight(method="biweight"), Spline(method="spline")]
NAN = float("nan")


def changed(**columns):
    plain = light_curve(signals=[signal()], noise=1e-4)
    return light_curve(**{name: change(getattr(plain, name)) for name, change in columns.items()})


CURVES = {
    "no flux": changed(pdcsap_flux=lambda flux: np.full_like(flux, NAN)),
    "no brightness": changed(pdcsap_flux=lambda flux: -flux),
    "all flagged": changed(quality=lambda quality: np.full_like(quality, 1 << 15)),
    "constant": changed(pdcsap_flux=np.ones_like),
    "one cadence": light_curve(days=0.01),
    "two cadences": light_curve(days=0.03),
}
SIGNALS = [
    signal(name="01"),
    signal(period_d=NAN, epoch_bjd=START + 20, duration_h=70.0, depth_ppm=NAN, name="02"),
    signal(epoch_bjd=NAN, duration_h=NAN, name="03"),
    signal(period_d=3.1, depth_ppm=NAN, name="04"),
]


@pytest.mark.parametrize("detrend", METHODS, ids=lambda settings: settings.method)
@pytest.mark.parametrize("name", CURVES)
def test_nothing_is_found_and_nothing_crashes(name, detrend):
    star = CURVES[name]
    found = star_ephemerides(star, SIGNALS, detrend)
    assert [row.signal_id for row in found] == [each.signal_id for each in SIGNALS]
    assert {row.status for row in found} <= {"catalog", "ephemeris_stale", "not_found", "single_transit"}
    assert found_rows(star, FindSettings(detrend=detrend, catalog_targets=True)) == []
    settings = ViewSettings(detrend=detrend)
    flat = flatten_for_views(star, SIGNALS, settings)
    for each in (SIGNALS[0], SIGNALS[3]):
        outcome, views = make_views(flat, each, SIGNALS, settings)
        assert outcome.outcome in ("no_data_in_transit", "flat_view")
        assert views is None


def test_a_single_transit_beside_a_planet_is_no_obstacle():
    planet = signal(period_d=3.1, name="01")
    once = signal(period_d=NAN, epoch_bjd=START + 20, duration_h=6.0, depth_ppm=NAN, name="02")
    found = star_ephemerides(light_curve(signals=[planet], noise=1e-4), [planet, once], METHODS[0])
    assert [row.status for row in found] == ["catalog", "single_transit"]


def test_what_was_found_stays_found_when_little_is_left_to_search():
    short = signal(period_d=0.6, epoch_bjd=START + 0.3, duration_h=2.0, depth_ppm=10000.0)
    star = light_curve(days=2.7, signals=[short], noise=1e-4)
    found = found_rows(star, FindSettings(catalog_targets=True, detrend=METHODS[0]))
    assert len(found) == 1
    assert found[0]["period_d"] == pytest.approx(0.6, rel=0.01)
