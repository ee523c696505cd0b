"""Every method that can be configured detrends, and keeps masked transits; the methods' own tests are beside this."""

from typing import get_args

import numpy as np
import pytest

from lightmill.config.views import Biweight, DetrendSettings, Savgol, Spline
from lightmill.views.biweight import detrend_biweight
from lightmill.views.detrend import WINDOW_GROWTH, WINDOW_MASKS, detrend
from lightmill.views.fold import in_transit
from lightmill.views.savgol import detrend_savgol
from lightmill.views.spline import detrend_spline

METHODS = [Savgol(method="savgol"), Biweight(method="biweight"), Spline(method="spline")]
CADENCE_D = 0.0204


@pytest.fixture
def star():
    """A spotted star with a transit every 7 days: its columns, and where the transits are."""
    time = 2455000.0 + np.arange(0, 80, CADENCE_D)
    masked = in_transit(time, 7.0, 2455003.0, 0.3)
    flux = 5e-3 * np.sin(time / 2.3) + np.random.default_rng(1).normal(0, 1e-4, time.size)
    inside = in_transit(time, 7.0, 2455003.0, 0.2)
    flux = (1 + flux) * (1 - 2e-3 * inside) - 1
    return (time, flux, (time > 2455040).astype(np.int16), masked), inside


def test_all_methods_of_the_configuration_are_here():
    assert {type(settings) for settings in METHODS} == set(get_args(get_args(DetrendSettings)[0]))


@pytest.mark.parametrize("settings", METHODS, ids=lambda settings: settings.method)
def test_every_method_takes_the_star_out_and_leaves_the_transit(star, settings):
    (time, flux, segment, masked), inside = star
    before = (time.copy(), flux.copy(), masked.copy())
    flat = detrend(time, flux, segment, masked, settings)
    assert np.nanmedian(flat[inside]) == pytest.approx(-2e-3, rel=0.03)
    assert np.nanstd(flat[~masked]) < 1.5e-4
    assert np.isfinite(flat).mean() > 0.98
    for was, is_ in zip(before, (time, flux, masked), strict=True):
        np.testing.assert_array_equal(was, is_)


def test_windows_grow_with_the_widest_mask(star):
    columns, _ = star
    common = (0.5, 5.0)
    for widest, window in ((0.0, 2.0), (1.0, WINDOW_MASKS), (9.0, 2.0 * WINDOW_GROWTH)):
        found = detrend(*columns, Savgol(method="savgol"), widest)
        np.testing.assert_array_equal(found, detrend_savgol(*columns, window, 4, *common))
    found = detrend(*columns, Biweight(method="biweight"), 0.8)
    np.testing.assert_array_equal(found, detrend_biweight(*columns, 3 * 0.8, *common))


def test_a_spline_tries_the_spacings_that_are_configured(star):
    columns, _ = star
    settings = Spline(method="spline", shortest_knots_d=1.0, longest_knots_d=4.0, knot_spacings=3, break_d=0.75)
    for widest, level, spacings in ((0.0, 1.0, [1.0, 2.0, 4.0]), (3.0, 1.0, [2.0, 4.0]), (99.0, 1e4, [4.0])):
        np.testing.assert_array_equal(
            detrend(*columns, settings, widest, level),
            detrend_spline(*columns, np.array(spacings), 0.75, 5.0, level),
        )
