from dataclasses import replace

import batman
import numpy as np
import pytest

from lightmill.simulate.eclipses import (
    Orbit,
    central_loss,
    duration_h,
    inclination_deg,
    pair_flux,
    semi_major_axis_rsun,
    shapes,
)

PLANET = Orbit(
    period_d=3.5, epoch_bjd=2455001.25, radius_ratio=0.1, axis_ratio=9.0, inclination_deg=88.0, limb=(0.4, 0.25)
)


def test_the_earth_is_at_one_astronomical_unit():
    assert semi_major_axis_rsun(365.25, 1.0) == pytest.approx(215.03, rel=1e-4)


def test_the_transit_of_the_earth_takes_thirteen_hours():
    earth = Orbit(365.25, 0.0, 0.00917, 215.03, 90.0)
    assert duration_h(earth) == pytest.approx(13.1, abs=0.05)


def test_no_eclipse_no_duration_no_shapes():
    missed = replace(PLANET, inclination_deg=inclination_deg(1.2, PLANET.axis_ratio))
    assert duration_h(missed) == 0
    assert shapes(missed, 0.02) == []


def test_an_impact_parameter_gives_back_itself():
    angle = np.radians(inclination_deg(0.6, 9.0, 0.3, 40.0))
    squeeze = (1 - 0.3**2) / (1 + 0.3 * np.sin(np.radians(40.0)))
    assert 9.0 * np.cos(angle) * squeeze == pytest.approx(0.6)


def test_a_dark_body_before_an_even_disc_hides_the_square_of_its_radius():
    even = replace(PLANET, limb=(0.0, 0.0))
    assert central_loss(even) == pytest.approx(0.01, rel=1e-6)
    (event,) = shapes(even, 1e-4)
    assert event.loss.max() == pytest.approx(0.01, rel=1e-4)


def test_dilution_and_the_second_body_share_the_loss():
    bright = replace(PLANET, flux_ratio=0.25)
    assert central_loss(bright) == pytest.approx(central_loss(PLANET) / 1.25)


@pytest.mark.parametrize("exposure_d", [0.0204, 1 / 720])
@pytest.mark.parametrize("eccentricity", [0.0, 0.3])
def test_the_laid_out_shape_is_the_model_itself(exposure_d, eccentricity):
    orbit = replace(PLANET, eccentricity=eccentricity, omega_deg=60.0)
    times = orbit.epoch_bjd + np.linspace(-8.0, 8.0, 6001)
    parameters = batman.TransitParams()
    parameters.t0, parameters.per, parameters.rp = orbit.epoch_bjd, orbit.period_d, orbit.radius_ratio
    parameters.a, parameters.inc, parameters.ecc = orbit.axis_ratio, orbit.inclination_deg, eccentricity
    parameters.w, parameters.u, parameters.limb_dark = orbit.omega_deg, list(orbit.limb), "quadratic"
    within = (np.arange(101) - 50) / 101 * exposure_d
    model = batman.TransitModel(parameters, (times[:, None] + within).ravel())
    expected = model.light_curve(parameters).reshape(len(times), -1).mean(axis=1)
    ours = pair_flux(orbit, shapes(orbit, exposure_d), times)
    np.testing.assert_allclose(ours, expected, atol=1e-3 * orbit.radius_ratio**2)


def secondary_time(orbit: Orbit) -> float:
    """Time from the primary to the secondary eclipse, from Kepler's equation."""
    omega, e = np.radians(orbit.omega_deg), orbit.eccentricity

    def mean_anomaly(true: float) -> float:
        eccentric = 2 * np.arctan(np.sqrt((1 - e) / (1 + e)) * np.tan(true / 2))
        return eccentric - e * np.sin(eccentric)

    between = mean_anomaly(1.5 * np.pi - omega) - mean_anomaly(0.5 * np.pi - omega)
    return float(between / (2 * np.pi) % 1.0 * orbit.period_d)


def test_the_secondary_of_an_eccentric_binary_is_where_kepler_says_and_as_deep_as_it_shines():
    binary = replace(PLANET, radius_ratio=0.5, flux_ratio=0.2, eccentricity=0.25, omega_deg=50.0, inclination_deg=90.0)
    times = binary.epoch_bjd + np.linspace(0.1, 0.9, 20_001) * binary.period_d
    flux = pair_flux(binary, shapes(binary, 1e-4), times)
    dark = times[flux < flux.min() + 1e-6]
    assert dark.mean() - binary.epoch_bjd == pytest.approx(secondary_time(binary), abs=1e-3)
    assert 1 - flux.min() == pytest.approx(0.2 / 1.2, rel=1e-3)


def test_long_exposures_smear_but_keep_the_light():
    short, (long,) = shapes(PLANET, 1e-4)[0], shapes(PLANET, 0.06)
    assert long.loss.max() < short.loss.max()
    assert np.trapezoid(long.loss, long.times_d) == pytest.approx(np.trapezoid(short.loss, short.times_d), rel=2e-3)


def test_tides_make_two_maxima_a_turn_and_no_eclipse():
    close = replace(PLANET, ellipsoidal=0.01)
    quarters = close.epoch_bjd + np.array([0.25, 0.75]) * close.period_d
    np.testing.assert_allclose(pair_flux(close, [], quarters), 1.01)
    np.testing.assert_allclose(pair_flux(close, [], quarters + close.period_d / 4), 0.99)
