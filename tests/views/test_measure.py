"""Depth, scatter, S/N and what counts as an observed transit."""

import batman
import numpy as np
import pytest

from lightmill.views.measure import count_transits, measure_transit, missing_transit


def box(noise=0.0, points=20000, depth=1e-3, duration=0.2):
    random = np.random.default_rng(7)
    phase = np.sort(random.uniform(-2, 2, points))
    flux = random.normal(0, noise, points) if noise else np.zeros(points)
    return phase, flux - depth * (np.abs(phase) < duration / 2)


def test_a_box_is_measured_two_per_cent_too_deep():
    transit = measure_transit(*box(), 0.2)
    assert transit.depth == pytest.approx(1.022e-3, rel=0.002)
    assert transit.scatter == 0
    assert np.isnan(transit.snr)


def test_depth_scatter_and_ratio_of_a_noisy_box():
    phase, flux = box(noise=5e-4)
    transit = measure_transit(phase, flux, 0.2)
    inside = np.count_nonzero(np.abs(phase) < 0.1)
    assert transit.depth == pytest.approx(1e-3, rel=0.1)
    assert transit.scatter == pytest.approx(5e-4, rel=0.03)
    assert transit.snr == pytest.approx(transit.depth / transit.scatter * np.sqrt(inside))


def batman_flux(phase, **changes):
    planet = batman.TransitParams()
    planet.t0, planet.per, planet.ecc, planet.w = 0.0, 10.0, 0.0, 90.0
    planet.rp, planet.a, planet.inc = 0.03, 16.0, 90.0
    planet.limb_dark, planet.u = "quadratic", [0.4, 0.25]
    for name, value in changes.items():
        setattr(planet, name, value)
    impact = planet.a * np.cos(np.radians(planet.inc))
    duration = planet.per / np.pi * np.arcsin(np.sqrt((1 + planet.rp) ** 2 - impact**2) / planet.a)
    return batman.TransitModel(planet, phase).light_curve(planet) - 1.0, duration


@pytest.mark.parametrize(
    "changes", [{}, {"rp": 0.1}, {"inc": 88.0}, {"inc": 87.5, "rp": 0.1}, {"u": [0.3, 0.2]}, {"a": 6.0, "rp": 0.08}]
)
def test_the_depth_is_the_models_at_mid_transit(changes):
    phase = np.linspace(-2, 2, 8001)
    flux, duration = batman_flux(phase, **changes)
    measured = measure_transit(phase, flux + 0.01, duration).depth
    assert measured == pytest.approx(-flux.min(), rel=0.015)


def test_nothing_to_measure():
    transit = measure_transit(np.array([1.0, 1.5]), np.zeros(2), 0.2)
    assert np.isnan(transit.depth)
    assert np.isnan(transit.snr)


@pytest.mark.parametrize(
    ("phase", "reason"),
    [
        ([], "no cadence in transit"),
        ([-1.0, 1.0], "no cadence in transit"),
        ([-0.01, 0.01], "2 in transit, fewer than 3"),
        ([-0.06, -0.05, -0.04, -0.03, -0.02, -0.01], "0 in the second half"),
        ([0.01, 0.02, 0.03], "0 in the first half"),
        ([-0.09, -0.08, -0.07, -0.06, -0.051, 0.051, 0.06, 0.07, 0.08, 0.09], "no cadence at mid-transit"),
        ([-0.09, -0.08, -0.07, -0.01, 0.02, 0.03, 0.06, 0.09], "4 in the first half"),
        ([-0.09, -0.08, -0.07, -0.06, -0.01, 0.0, 0.02, 0.03, 0.06, 0.09], ""),
    ],
)
def test_what_counts_as_observed(phase, reason):
    # A duration of 0.2 d in cadences of 0.01 d: twenty, ten in each half, of which five are needed.
    needed = missing_transit(np.array(phase), 0.2, 0.01)
    assert needed.startswith(reason) if reason else needed == ""


def test_transits_are_counted_when_half_observed():
    phase = np.array([-0.04, -0.02, 0.0, 0.02, 0.04, -0.04, -0.02, 0.3, 0.0])
    number = np.array([0, 0, 0, 0, 0, 1, 1, 1, 2])
    assert count_transits(phase, number, 0.1, 0.02) == 1
    assert count_transits(phase, number, 0.1, 0.05) == 3


def test_a_long_cadence_counts_for_as_much_as_it_covers():
    # Six half-hours cover three hours, as 54 of 200 s do.
    half_hours = np.arange(-2.5, 3) / 48
    lengths = np.full(6, 1 / 48)
    assert missing_transit(half_hours, 3 / 24, lengths) == ""
    assert count_transits(half_hours, np.zeros(6, int), 3 / 24, lengths) == 1
    both = np.concatenate([half_hours, np.arange(-26.5, 27) / 432])
    number = np.repeat([0, 1], [6, 54])
    mixed = np.repeat([1 / 48, 1 / 432], [6, 54])
    assert count_transits(both, number, 3 / 24, mixed) == 2
    assert count_transits(both, number, 3 / 24, 1 / 432) == 1
    # Half of the half-hours on one side only.
    assert "0 in the second half" in missing_transit(half_hours[:3], 3 / 24, lengths[:3])
    few = np.concatenate([half_hours[[2, 3]], [-0.001]])
    assert "fewer than half" in missing_transit(few, 3 / 24, np.array([1 / 48, 1 / 48, 1 / 432]))
