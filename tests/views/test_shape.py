"""The trapezoid: boxes, trapezoids and V's told apart, whatever smears them; planets and grazing binaries."""

import batman
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightmill.views.shape import Trapezoid, fit_trapezoid, trapezoid

DURATION_D = 0.2
X_D = np.linspace(-0.8, 0.8, 201)
COUNTS = np.full(201, 20)


def test_a_trapezoid_by_hand():
    dip = Trapezoid(duration_d=4.0, flat=0.5, depth=1.0)
    x = np.array([-2.5, -2.0, -1.5, -1.0, 0.0, 0.9, 1.25, 2.0])
    np.testing.assert_allclose(trapezoid(x, dip, 1e-9), [0, 0, 0.5, 1, 1, 1, 0.75, 0], atol=1e-6)
    np.testing.assert_allclose(trapezoid(np.array([-1.0, 1.0]), Trapezoid(2.0, 1.0, 1.0), 0.5), [0.5, 0.5])
    np.testing.assert_allclose(trapezoid(np.array([0.0, 0.5]), Trapezoid(2.0, 0.0, 1.0), 1e-9), [1.0, 0.5], atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 3.0), st.floats(0.0, 1.0), st.floats(0.01, 4.0), st.floats(-3.0, 3.0))
def test_smearing_is_a_mean(duration_d, flat, smear_d, x_d):
    dip = Trapezoid(duration_d, flat, 1.0)
    steps = (np.arange(20001) + 0.5) / 20001 - 0.5
    exact = trapezoid(x_d + smear_d * steps, dip, 1e-9).mean()
    assert trapezoid(np.array([x_d]), dip, smear_d)[0] == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize("duration", [0.6, 0.95, 1.4])
@pytest.mark.parametrize("flat", [0.0, 0.3, 0.72, 1.0])
@pytest.mark.parametrize("smear", [0.16, 0.5])
def test_the_trapezoid_that_made_a_view_is_found(duration, flat, smear):
    dip = Trapezoid(duration * DURATION_D, flat, 2e-3)
    noise = np.random.default_rng(1).normal(0, 2e-5, X_D.size)
    view = 3e-4 - dip.depth * trapezoid(X_D, dip, smear * DURATION_D) + noise
    found = fit_trapezoid(X_D, view, COUNTS, DURATION_D, smear * DURATION_D)
    # A short V in wide bins is as deep and as long as a flatter one.
    loose = smear > 0.4 and duration < 0.7
    assert found.duration_d == pytest.approx(dip.duration_d, abs=(0.08 if loose else 0.06) * DURATION_D)
    assert found.shape == pytest.approx(flat, abs=0.35 if loose else 0.13)
    assert found.depth == pytest.approx(dip.depth, rel=0.2 if loose else 0.06)


def test_where_there_is_no_dip_there_is_no_shape():
    bump = 1e-3 * trapezoid(X_D, Trapezoid(DURATION_D, 0.5, 1.0), 0.01)
    for view in (bump, np.zeros(X_D.size)):
        found = fit_trapezoid(X_D, view, COUNTS, DURATION_D, 0.03)
        assert (found.duration_d, found.depth) == (DURATION_D, 0.0)
        assert np.isnan(found.shape)
    few = np.where(np.arange(201) % 40 == 20, 5, 0)
    assert np.isnan(fit_trapezoid(X_D, -bump, few, DURATION_D, 0.03).shape)


def test_empty_bins_do_not_matter_and_sparse_ones_little():
    dip = Trapezoid(DURATION_D, 0.7, 1e-3)
    view = -1e-3 * trapezoid(X_D, dip, 0.03)
    counts = COUNTS.copy()
    view[::7], counts[::7] = 5.0, 0
    view[96] -= 3e-3
    counts[96] = 1
    assert fit_trapezoid(X_D, view, counts, DURATION_D, 0.03).shape == pytest.approx(0.7, abs=0.05)


def eclipse(radius_ratio, impact, axis_ratio=12.0):
    """A limb-darkened eclipse within its full duration, in the bins of a local view."""
    parameters = batman.TransitParams()
    parameters.t0, parameters.per, parameters.rp, parameters.a = 0.0, 5.0, radius_ratio, axis_ratio
    parameters.inc, parameters.ecc, parameters.w = float(np.degrees(np.arccos(impact / axis_ratio))), 0.0, 90.0
    parameters.limb_dark, parameters.u = "quadratic", [0.4, 0.25]
    chord = np.sqrt((1 + radius_ratio) ** 2 - impact**2)
    duration_d = 5.0 / np.pi * np.arcsin(chord / axis_ratio)
    x_d = np.linspace(-4, 4, 201) * duration_d
    return x_d, batman.TransitModel(parameters, x_d).light_curve(parameters) - 1.0, duration_d


def shape_of(x_d, view, duration_d):
    return fit_trapezoid(x_d, view, np.full(x_d.size, 9), duration_d, 0.04 * duration_d).shape


def test_planets_are_u_and_grazing_binaries_v():
    planets = [shape_of(*eclipse(ratio, impact)) for ratio in (0.01, 0.05, 0.1) for impact in (0.0, 0.4, 0.7)]
    grazing = [shape_of(*eclipse(ratio, impact)) for ratio, impact in ((0.3, 1.1), (0.6, 0.9), (0.9, 1.2))]
    assert min(planets) > 0.5
    assert max(grazing) < 0.25
