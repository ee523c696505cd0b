"""Depth, scatter, S/N and what counts as an observed transit."""

import batman
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightmill.views.folded import observed_transits
from lightmill.views.measure import measure_transit, missing_transit


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


@pytest.mark.parametrize(
    ("phase", "scatter"),
    [([], np.nan), ([0.0], np.nan), ([1.0, 1.5], 0.0), (np.linspace(-0.09, 0.09, 50), np.nan), ([np.nan], np.nan)],
)
def test_nothing_to_measure(phase, scatter):
    # None at all, one cadence, none in transit, all in transit, none with a phase.
    transit = measure_transit(np.array(phase), np.zeros(len(phase)), 0.2)
    assert np.isnan(transit.depth)
    assert transit.scatter == pytest.approx(scatter, nan_ok=True)
    assert np.isnan(transit.snr)


def test_as_many_fluxes_as_phases():
    with pytest.raises(ValueError, match="must have one shape"):
        measure_transit(np.zeros(3), np.zeros(2), 0.2)


@given(st.integers(1, 300), st.floats(0.05, 1.5), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_measures_are_those_of_numpy_in_any_order(points, duration, seed):
    random = np.random.default_rng(seed)
    phase, flux = random.uniform(-2, 2, points), random.normal(size=points)
    flux[random.uniform(size=points) < 0.1] = np.nan
    phase.flags.writeable = flux.flags.writeable = False
    transit = measure_transit(phase, flux, duration)

    distance = np.abs(phase[np.isfinite(flux)]) / duration
    finite = flux[np.isfinite(flux)]
    outside, near = finite[distance > 0.75], finite[(distance > 0.75) & (distance < 2)]
    if outside.size == 0:
        assert np.isnan(transit.scatter)
        return
    scatter = 1.482602218505602 * np.median(np.abs(outside - np.median(outside)))
    assert transit.scatter == pytest.approx(scatter, rel=1e-12)
    bottom = finite[distance < 0.25]
    if near.size == 0 or bottom.size == 0:
        assert np.isnan(transit.depth)
        assert np.isnan(transit.snr)
        return
    shape = 0.5 + 0.5 * np.sqrt(1 - (2 * distance[distance < 0.25]) ** 2)
    depth = np.sum(shape * (np.median(near) - bottom)) / np.sum(shape**2)
    assert transit.depth == pytest.approx(depth, rel=1e-9, abs=1e-12)
    if scatter > 0:
        snr = depth / scatter * np.sqrt(np.count_nonzero(distance < 0.5))
        assert transit.snr == pytest.approx(snr, rel=1e-9, abs=1e-9)


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
    assert observed_transits(phase, number, 0.1, np.full(9, 0.02)).tolist() == [0]
    assert observed_transits(phase, number, 0.1, np.full(9, 0.05)).tolist() == [0, 1, 2]


@given(st.integers(0, 200), st.floats(0.02, 2.0), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_transits_are_counted_one_by_one(points, duration, seed):
    random = np.random.default_rng(seed)
    phase, number = random.uniform(-1, 1, points), random.integers(-5, 6, points)
    cadence = random.choice([0.01, 0.04], points)
    inside = np.abs(phase) < 0.5 * duration
    expected = [n for n in np.unique(number[inside]) if cadence[inside & (number == n)].sum() > 0.5 * duration - 1e-12]
    assert observed_transits(phase, number, duration, cadence).tolist() == expected


def test_a_long_cadence_counts_for_as_much_as_it_covers():
    # Six half-hours cover three hours, as 54 of 200 s do.
    half_hours = np.arange(-2.5, 3) / 48
    lengths = np.full(6, 1 / 48)
    assert missing_transit(half_hours, 3 / 24, lengths) == ""
    assert observed_transits(half_hours, np.zeros(6, int), 3 / 24, lengths).tolist() == [0]
    both = np.concatenate([half_hours, np.arange(-26.5, 27) / 432])
    number = np.repeat([0, 1], [6, 54])
    mixed = np.repeat([1 / 48, 1 / 432], [6, 54])
    assert observed_transits(both, number, 3 / 24, mixed).tolist() == [0, 1]
    assert observed_transits(both, number, 3 / 24, np.full(60, 1 / 432)).tolist() == [1]
    # Half of the half-hours on one side only.
    assert "0 in the second half" in missing_transit(half_hours[:3], 3 / 24, lengths[:3])
    few = np.concatenate([half_hours[[2, 3]], [-0.001]])
    assert "fewer than half" in missing_transit(few, 3 / 24, np.array([1 / 48, 1 / 48, 1 / 432]))
