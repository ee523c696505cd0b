"""Every other transit: odd and even told apart from the first one observed, and their depths compared."""

from dataclasses import replace

import numpy as np
import pytest
from views.flat_stars import flat_star, folded, with_box, without
from views.stars import START, signal

from lightmill.config.views import ViewSettings
from lightmill.views.making import make_views
from lightmill.views.odd_even import half_depth, half_of

HALVES = ViewSettings(more=("odd", "even"), scale="depth")


def numbers(star, of):
    return make_views(star, of, [of], HALVES)[1].numbers


def test_two_depths_in_turn_are_told_apart():
    planet = signal()
    star = with_box(flat_star(), planet, depths=[1000.0, 600.0])
    found = numbers(star, planet)
    assert found["odd_depth_ppm"] == pytest.approx(1000, rel=0.04)
    assert found["even_depth_ppm"] == pytest.approx(600, rel=0.04)
    # 400 ppm between means of twenty transits, each of ten cadences of 100 ppm and a level from 24.
    expected = 400 / (100 * np.sqrt((1 / 10.2 + np.pi / 2 / 24) / 10))
    assert 0.7 * expected < found["odd_even_sigma"] < 1.1 * expected
    for half, depth in (("odd", 1000e-6), ("even", 600e-6)):
        on_planet = folded(star, planet)
        view = on_planet.extent.view(*half_of(on_planet, half))
        assert view.values[98:103].mean() == pytest.approx(-depth, rel=0.05)


def test_equal_depths_are_not():
    planet = signal()
    sigmas = [numbers(with_box(flat_star(seed=seed), planet), planet)["odd_even_sigma"] for seed in range(40)]
    # Half of the normal distribution: its median is 0.67 sigmas, and 5 % lie beyond 2.
    assert np.median(sigmas) == pytest.approx(0.67, abs=0.3)
    assert max(sigmas) < 3.5


@pytest.mark.parametrize("periods", [-41, -2, 1, 7, 10000])
def test_odd_is_the_first_transit_observed_whatever_the_epoch(periods):
    planet = signal()
    star = with_box(flat_star(days=100.0), planet, depths=[1000.0, 600.0])
    found = numbers(star, replace(planet, epoch_bjd=planet.epoch_bjd + periods * planet.period_d))
    assert found["odd_depth_ppm"] == pytest.approx(1000, rel=0.06)
    assert found["even_depth_ppm"] == pytest.approx(600, rel=0.06)


def test_one_transit_is_odd_and_half_a_transit_is_none():
    planet = signal()
    star = with_box(flat_star(days=12.0), planet)
    one = folded(star, planet)
    assert half_of(one, "even") is None
    assert np.isnan(half_depth(half_of(one, "even"), planet.duration_d))
    np.testing.assert_array_equal(half_of(one, "odd").flux, one.around.flux)
    # The second transit is not observed by half.
    star = with_box(flat_star(days=20.0), planet)
    cut = folded(without(star, np.abs(star.time_bjd - START - 15.06) < 0.1), planet)
    assert cut.observed.tolist() == [0]
    assert half_of(cut, "even") is None


def test_accidents_do_not_look_like_alternation():
    # One transit of thirty is ten times as deep: it is in one of the halves, but that says nothing about them.
    planet = signal()
    star = with_box(flat_star(), planet, depths=[500.0] * 12 + [5000.0] + [500.0] * 27)
    found = numbers(star, planet)
    assert abs(found["odd_depth_ppm"] - found["even_depth_ppm"]) > 100
    assert found["odd_even_sigma"] < 3
