"""Scales by hand."""

import numpy as np
import pytest

from lightmill.views.scaling import apply_scale, scale_view

VIEW = np.array([2e-5, -1e-5, 0.0, 1e-5, -6e-5, 1e-5, -1e-5])


@pytest.mark.parametrize(("scale", "divided"), [("mad", 1.482602218505602e-5), ("min", 6e-5), ("depth", 5e-5)])
def test_scales(scale, divided):
    view, number = scale_view(VIEW, scale, 5e-5)
    assert number == pytest.approx(divided)
    assert view.dtype == np.float32
    assert view == pytest.approx(VIEW / divided, rel=1e-6)


def test_the_median_is_taken_off_and_the_number_brings_the_flux_back():
    view, number = scale_view(VIEW + 3e-4, "min", 5e-5)
    assert np.median(view) == 0
    assert view.min() == -1
    assert view * number + 3e-4 == pytest.approx(VIEW + 3e-4, rel=1e-6)


@pytest.mark.parametrize("depth", [1e-7, -1e-4, float("nan")])
def test_a_depth_within_the_noise_does_not_blow_it_up(depth):
    assert scale_view(VIEW, "depth", depth)[1] == scale_view(VIEW, "mad", depth)[1]


@pytest.mark.parametrize("scale", ["mad", "min", "depth"])
def test_a_view_without_variation_stays_flat(scale):
    view, number = scale_view(np.full(10, 0.5), scale, 0.0)
    assert (view.tolist(), number) == ([0.0] * 10, 1.0)


def test_a_view_flat_but_for_one_bin_keeps_it():
    values = np.zeros(100)
    values[50] = -1e-3
    view, number = scale_view(values, "mad", 1e-3)
    assert number > 0
    assert view.argmin() == 50


def test_other_views_and_scatters_come_to_the_first_views_scale():
    view, divided = scale_view(VIEW + 3e-4, "min", 5e-5)
    again = apply_scale(VIEW + 3e-4, float(np.median(VIEW + 3e-4)), divided)
    assert again.dtype == np.float32
    assert again == pytest.approx(view, rel=1e-6)
    # Half as deep, and on a level 3e-5 higher, is half as deep and half a depth higher.
    half = apply_scale(np.array([3.3e-4, 3e-4]), 3e-4, divided)
    assert half == pytest.approx([0.5, 0.0], abs=1e-6)
    scatter = apply_scale(np.array([6e-5, np.nan, 0.0]), 0.0, divided)
    assert scatter.tolist() == pytest.approx([1.0, np.nan, 0.0], nan_ok=True)


def test_what_is_given_is_left_as_it_is():
    values = VIEW + 3e-4
    kept = values.copy()
    values.flags.writeable = False
    scale_view(values, "mad", 0.0)
    apply_scale(values, 1e-4, 2.0)
    assert np.array_equal(values, kept)
