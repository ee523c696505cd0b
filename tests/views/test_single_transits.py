"""Depths of single transits: unbiased, with honest errors, in white and in red noise."""

import numpy as np
import pytest
from views.flat_stars import flat_star, folded, with_box, without
from views.stars import START, signal

from lightmill.config.views import ViewSettings
from lightmill.views.making import make_views
from lightmill.views.shape import Trapezoid
from lightmill.views.single_transits import SingleTransits, compare, single_transits, template

PLANET = signal(period_d=4.0, epoch_bjd=START + 2.0, duration_h=6.0)
BOX = Trapezoid(PLANET.duration_d, 1.0, 1e-3)


def depths(star, scatter=1e-4):
    on_signal = folded(star, PLANET)
    return single_transits(template(on_signal, BOX), on_signal.around.flux, scatter)


def test_depths_are_those_put_in_and_errors_those_of_the_noise():
    found = depths(with_box(flat_star(), PLANET))
    assert found.number.tolist() == list(range(100))
    pull = (found.depth - 1e-3) / found.error
    assert abs(pull.mean()) < 0.35
    assert pull.std() == pytest.approx(1.0, abs=0.2)
    # Twelve cadences in transit and thirty beside it, of 100 ppm each.
    assert np.median(found.error) == pytest.approx(1e-4 * np.sqrt(1 / 12.2 + np.pi / 2 / 30.6), rel=0.12)


def test_red_noise_enlarges_the_errors():
    star = with_box(flat_star(), PLANET)
    slow = np.repeat(np.random.default_rng(4).normal(0, 2e-4, star.time_bjd.size // 10 + 1), 10)[: star.time_bjd.size]
    found = depths(star._replace(flux=star.flux + slow), scatter=2.2e-4)
    pull = (found.depth - 1e-3) / found.error
    assert pull.std() == pytest.approx(1.0, abs=0.3)
    assert np.median(found.error) > 1.3 * 2.2e-4 * np.sqrt(1 / 12.2 + np.pi / 2 / 30.6)


def test_a_transit_of_which_half_is_missing_has_no_depth():
    star = with_box(flat_star(days=20.0), PLANET)
    away = star.time_bjd - START
    gone = (np.abs(away - 6.0 + 0.04) < 0.08) | ((np.abs(away - 10.0) > 0.14) & (np.abs(away - 10.0) < 0.6))
    found = depths(without(star, gone))
    # The second lacks the middle, the third everything beside it.
    assert found.number.tolist() == [0, 3, 4]
    assert depths(star, scatter=0.0).depth.size == depths(star, scatter=float("nan")).depth.size == 0


def test_values_that_are_not_finite_are_left_out():
    star = with_box(flat_star(days=40.0), PLANET)
    on_signal = folded(star, PLANET)
    flux = on_signal.around.flux.copy()
    lost = np.arange(flux.size) % 5 == 0
    flux[lost] = np.nan
    found = single_transits(template(on_signal, BOX), flux, 1e-4)
    assert found.depth == pytest.approx(1e-3, abs=2.5e-4)
    assert np.isfinite(found.error).all()


def transits(depth, error=1e-5):
    depth = np.asarray(depth, dtype=np.float64)
    return SingleTransits(np.arange(depth.size), depth, np.full(depth.size, error))


def test_depths_compared_by_hand():
    # Means 2 and 1 of two each, errors of one: 1 / sqrt(1/2 + 1/2).
    found = compare(SingleTransits(np.array([0, 1, 4, 7]), np.array([2.0, 1.0, 2.0, 1.0]), np.ones(4)))
    assert found.depth == pytest.approx(1.5)
    assert found.alternation_sigma == pytest.approx(1.0 / np.sqrt(1 + 0.03**2))
    # Both odd.
    assert np.isnan(compare(SingleTransits(np.array([2, 4]), np.ones(2), np.ones(2))).alternation_sigma)
    assert np.isnan(compare(transits([1e-3])).scatter_sigma)
    assert np.isnan(compare(transits([])).depth)


def test_the_scatter_is_a_normal_variate_where_there_is_only_noise():
    random = np.random.default_rng(6)
    for size in (4, 30, 300):
        sigmas = [compare(transits(random.normal(0, 1e-5, size))).scatter_sigma for _ in range(300)]
        # Of a normal variate with its lower half put to zero, 16 % are above one.
        assert np.mean(np.array(sigmas) > 1.0) == pytest.approx(0.16, abs=0.07)
        assert max(sigmas) < 4.5
    assert compare(transits(np.where(np.arange(30) == 7, 3e-4, 0.0))).scatter_sigma > 15
    # Two per cent of a depth are nothing.
    assert compare(transits(1e-2 * (1 + 0.01 * random.normal(size=50)))).scatter_sigma < 1


def test_a_single_accident_among_many_transits_shows():
    settings = ViewSettings(more=("unfolded",))
    planet = signal(period_d=10.0, duration_h=5.0)
    clean = with_box(flat_star(), planet, depths=[200.0])
    struck = with_box(flat_star(), planet, depths=[0.0] * 17 + [8000.0] + [0.0] * 22)
    found = [make_views(star, planet, [planet], settings)[1] for star in (clean, struck)]
    sigmas = [made.numbers["transit_depth_scatter_sigma"] for made in found]
    assert sigmas[0] < 3
    assert sigmas[1] > 20
