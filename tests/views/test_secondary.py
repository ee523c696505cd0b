"""The weak secondary: found at its own phase, refused where it is noise, measured where it was observed."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from views.flat_stars import flat_star, with_box, without
from views.stars import START, signal

from lightmill.config.views import ViewSettings
from lightmill.views.fold import fold
from lightmill.views.making import make_views
from lightmill.views.secondary import find_secondary

ALONE = ViewSettings(more=("secondary",), scale="depth")


def found(star, of, scatter=1e-4):
    phase = fold(star.time_bjd, of.period_d, of.epoch_bjd)
    return find_secondary(star.time_bjd, phase, star.flux, of.period_d, of.duration_d, scatter)


def at_phase(planet, phase, depth_ppm, name="c"):
    return signal(planet.period_d, planet.epoch_bjd + phase * planet.period_d, planet.duration_h, depth_ppm, name)


@pytest.mark.parametrize("phase", [0.5, 0.3, 0.11, 0.93])
def test_a_secondary_is_found_at_its_own_phase(phase):
    planet = signal(depth_ppm=3000.0)
    star = with_box(with_box(flat_star(), planet), at_phase(planet, phase, 200.0))
    made = make_views(star, planet, [planet], ALONE)[1]
    numbers = made.numbers
    # The box moves in steps of a quarter of a duration.
    step = 0.25 * planet.duration_d / planet.period_d
    assert numbers["secondary_phase"] == pytest.approx(phase, abs=0.51 * step)
    assert numbers["secondary_depth_ppm"] == pytest.approx(200, rel=0.08)
    # Forty transits of ten cadences, and a level from 24, of 100 ppm each.
    expected = 2.0 / np.sqrt((1 / 10.2 + 1 / 25) / 40)
    assert 0.8 * expected < numbers["secondary_snr"] < 1.1 * expected
    view = made.arrays["secondary"] * made.numbers["scale_local"] * 1e6
    assert view[95:106].mean() == pytest.approx(-200, rel=0.15)
    assert abs(np.median(view)) < 10


def test_without_a_secondary_it_is_what_is_opposite():
    planet = signal()
    sigmas = []
    for seed in range(40):
        star = with_box(flat_star(seed=seed, days=200.0), planet)
        secondary = found(star, planet)
        assert secondary.phase == 0.5
        sigmas.append(secondary.snr)
    # Normal, or less: dips below one side alone count for less.
    assert abs(np.mean(sigmas)) < 0.5
    assert 0.5 < np.std(sigmas) < 1.3


def test_red_noise_makes_no_secondary():
    planet = signal()
    random = np.random.default_rng(7)
    for _ in range(10):
        star = with_box(flat_star(), planet)
        slow = np.repeat(random.normal(0, 1.5e-4, star.time_bjd.size // 12 + 1), 12)[: star.time_bjd.size]
        assert found(star._replace(flux=star.flux + slow), planet, scatter=1.8e-4).phase == 0.5


def test_a_single_outlier_makes_no_secondary_and_nothing_above_the_level_does():
    planet = signal()
    star = with_box(flat_star(), planet)
    flux = star.flux.copy()
    flux[np.argmin(np.abs(star.time_bjd - START - 108.0))] -= 0.5
    assert found(star._replace(flux=flux), planet).phase == 0.5
    bump = with_box(star, at_phase(planet, 0.3, -500.0))
    assert found(bump, planet).phase == 0.5


@pytest.mark.parametrize("days", [30.0, 60.0, 400.0])
@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5, 1.0])
def test_what_happens_once_near_the_opposite_is_not_said_to_be_sure(offset, days):
    planet = signal()
    star = with_box(flat_star(days=days), planet)
    middle = planet.epoch_bjd + 1.5 * planet.period_d + offset * planet.duration_d
    once = found(star._replace(flux=star.flux - 0.01 * (np.abs(star.time_bjd - middle) < 0.25)), planet)
    assert once.phase == 0.5
    assert abs(once.snr) < 3.5


@pytest.mark.parametrize("share", [0.01, 0.3])
def test_what_happens_once_is_no_secondary(share):
    planet = signal()
    star = with_box(flat_star(), planet)
    once = star.flux - share * (np.abs(star.time_bjd - START - 108.0) < 0.15)
    assert found(star._replace(flux=once), planet).phase == 0.5
    # At phase 0.5 it is what the other turns say.
    middle = planet.epoch_bjd + 8.5 * planet.period_d
    opposite = found(star._replace(flux=star.flux - share * (np.abs(star.time_bjd - middle) < 0.15)), planet)
    assert opposite.phase == 0.5
    assert abs(opposite.snr) < 4
    # Nor does it hide one.
    real = with_box(star._replace(flux=once), at_phase(planet, 0.3, 200.0))
    assert found(real, planet).phase == pytest.approx(0.3, abs=0.25 * planet.duration_d / planet.period_d)


def test_of_one_turn_alone_it_is_what_there_is():
    planet = signal()  # transits on the days 5 and 15
    star = with_box(with_box(flat_star(days=17.0), planet), at_phase(planet, 0.3, 2000.0))
    assert found(star, planet).phase == pytest.approx(0.3, abs=0.25 * planet.duration_d / planet.period_d)


def test_where_the_opposite_was_not_observed_it_is_another_place():
    planet = signal()
    star = with_box(flat_star(), planet)
    phase = fold(star.time_bjd, planet.period_d, planet.epoch_bjd)
    unseen = without(star, np.abs(phase) > 4.0)
    secondary = found(unseen, planet)
    assert 0.1 < secondary.phase < 0.9
    assert abs(secondary.phase - 0.5) > 0.08
    made = make_views(unseen, planet, [planet], ALONE)[1]
    assert made.present["secondary"]
    assert made.arrays["secondary_count"].any()
    # Nothing but the transit.
    bare = make_views(without(star, np.abs(phase) > 0.2), planet, [planet], ALONE)[1]
    assert not bare.present["secondary"]
    assert np.isnan([bare.numbers[f"secondary_{name}"] for name in ("depth_ppm", "snr", "phase")]).all()
    assert not bare.arrays["secondary"].any()


def test_a_short_orbit_has_its_secondary_too():
    # Seven durations: nearly every box is on the dip, or has it on its side.
    planet = signal(period_d=1.0123, epoch_bjd=START + 0.7, duration_h=3.5, depth_ppm=5000.0)
    star = with_box(with_box(flat_star(days=90.0), planet), at_phase(planet, 0.5, 1000.0))
    secondary = found(star, planet)
    assert secondary.phase == 0.5
    assert secondary.snr > 30


@settings(max_examples=40, deadline=None)
@given(st.floats(0.1, 50.0), st.floats(0.5, 60.0), st.integers(1, 400), st.floats(0.0, 1e-3))
def test_any_orbit_gives_a_phase(period_d, duration_h, points, scatter):
    random = np.random.default_rng(points)
    time = START + np.sort(random.uniform(0, 40, points))
    of = signal(period_d=period_d, duration_h=duration_h)
    phase = fold(time, period_d, of.epoch_bjd)
    secondary = find_secondary(time, phase, random.normal(0, 1e-3, points), period_d, of.duration_d, scatter)
    assert 0 <= secondary.phase < 1
    if np.isfinite(secondary.snr):
        middle = np.abs(np.mod(phase - secondary.phase * period_d + 0.5 * period_d, period_d) - 0.5 * period_d)
        assert np.count_nonzero(middle <= 0.5 * of.duration_d + 1e-9) >= 3
    if period_d / of.duration_d > 3:
        assert min(secondary.phase, 1 - secondary.phase) * period_d >= 1.49 * of.duration_d * (1 - 0.4)


def test_the_epoch_does_not_matter():
    planet = signal(period_d=9.77, depth_ppm=3000.0)
    star = with_box(with_box(flat_star(), planet), at_phase(planet, 0.3, 200.0))
    one, far = found(star, planet), found(star, replace(planet, epoch_bjd=planet.epoch_bjd - 300 * planet.period_d))
    assert far.phase == one.phase
    assert far.snr == pytest.approx(one.snr, rel=0.02)
