"""Centroids: freed from drift and image motion, and where a dip comes from."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from views.flat_stars import flat_star, folded, with_box, without
from views.stars import CADENCE_D, START, light_curve, signal

from lightmill.config.views import ViewSettings
from lightmill.views.centroid import PIXEL_ARCSEC, drift_free, flat_centroids
from lightmill.views.centroid_offset import centroid_offset, centroid_view
from lightmill.views.flatten import flatten_for_views
from lightmill.views.making import make_views
from lightmill.views.shape import Trapezoid
from lightmill.views.single_transits import template

PLANET = signal(depth_ppm=4000.0, duration_h=6.0)
VIEWS = ViewSettings(more=("centroid",))


class Pixels:
    """Two segments of centroids and image motion in pixels, with drift, jitter and noise."""

    def __init__(self, days=60.0, noise=1e-4, seed=1):
        random = np.random.default_rng(seed)
        self.time = START + np.arange(0, days, CADENCE_D)
        day = self.time - START
        self.segment = (day > days / 2).astype(np.int16)
        self.masked = PLANET.transits(self.time, 1.5)
        jitter = random.normal(0, 3e-4, (2, day.size))
        self.motion = np.stack([2e-3 * np.sin(day / 0.7), 1e-3 * np.cos(day / 1.9)]) + jitter
        seen = np.array([[0.8, 0.3], [-0.2, 1.3]]) @ self.motion
        drift = np.stack([400 + 0.02 * np.cos(day / 20), 900 + 1e-3 * day + 0.5 * self.segment])
        self.centroid = drift + seen + random.normal(0, noise, (2, day.size))

    def free(self, window_d=2.0):
        series = np.stack([*self.centroid, *self.motion], axis=1)
        return drift_free(self.time, series, self.segment, self.masked, window_d)


def test_drift_and_motion_are_taken_off_and_a_shift_in_transit_stays():
    pixels = Pixels()
    inside = PLANET.transits(pixels.time, 1.0)
    pixels.centroid[0, inside] += 5e-4
    free = pixels.free()
    assert free[~pixels.masked].std(axis=0) == pytest.approx(1e-4, rel=0.1)
    assert free[inside].mean(axis=0) == pytest.approx([5e-4, 0.0], abs=5e-5)


def test_without_a_mask_a_shift_is_partly_eaten():
    pixels = Pixels()
    inside = PLANET.transits(pixels.time, 1.0)
    pixels.centroid[0, inside] += 5e-4
    pixels.masked[:] = False
    assert pixels.free(window_d=0.6)[inside, 0].mean() < 4e-4


def test_what_is_not_known_is_nan_and_costs_nothing_else():
    pixels = Pixels()
    whole = pixels.free()
    pixels.centroid[1, 700] = pixels.motion[0, 1500] = np.nan
    free = pixels.free()
    assert np.flatnonzero(np.isnan(free).any(axis=1)).tolist() == [700, 1500]
    np.testing.assert_allclose(np.delete(free, [700, 1500], axis=0), np.delete(whole, [700, 1500], axis=0), atol=2e-5)
    pixels.motion[:] = np.nan
    assert np.isnan(pixels.free()).all()


def test_outliers_do_not_bend_the_line():
    pixels = Pixels()
    pixels.centroid[0, 600:603] += 0.3
    free = pixels.free()
    beside = np.r_[570:600, 603:630]
    assert free[beside, 0].mean() == pytest.approx(0.0, abs=5e-5)
    assert free[601, 0] == pytest.approx(0.3, rel=0.01)


def test_masked_cadences_at_an_end_or_in_a_hole_are_not_extrapolated():
    pixels = Pixels(days=8.0)
    pixels.masked[:] = False
    pixels.masked[:20] = pixels.masked[-20:] = True
    free = pixels.free()
    assert np.flatnonzero(np.isnan(free).any(axis=1)).tolist() == [*range(20), *range(372, 392)]
    # A mask wider than the window, and one beside a gap.
    pixels.masked[:] = False
    pixels.masked[100:240] = True
    assert np.isnan(pixels.free(window_d=1.0)[170, 0])
    pixels.masked[:] = True
    assert np.isnan(pixels.free()).all()


@pytest.mark.parametrize("still", [(0,), (1,), (0, 1)])
def test_an_axis_that_does_not_move_is_no_trouble(still):
    pixels = Pixels()
    rest = pixels.centroid - np.array([[0.8, 0.3], [-0.2, 1.3]]) @ pixels.motion
    for axis in still:
        pixels.motion[axis] = 0.0
    pixels.centroid = rest + np.array([[0.8, 0.3], [-0.2, 1.3]]) @ pixels.motion
    assert pixels.free()[~pixels.masked].std(axis=0) == pytest.approx(1e-4, rel=0.1)


def test_segments_need_not_be_in_order_of_time():
    pixels = Pixels()
    free = pixels.free()
    pixels.segment = 1 - pixels.segment
    np.testing.assert_array_equal(pixels.free(), free)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(0, 1000), st.floats(0.01, 5.0))
def test_any_few_cadences_give_finite_numbers_or_nan(points, seed, window_d):
    random = np.random.default_rng(seed)
    time = START + np.sort(random.uniform(0, 3, points))
    series = random.normal(500, 1e-2, (points, 4))
    free = drift_free(time, series, random.integers(0, 2, points), random.random(points) < 0.3, window_d)
    assert free.shape == (points, 2)
    assert not np.isinf(free).any()
    assert np.abs(free[np.isfinite(free)]).max(initial=0.0) < 1.0


@pytest.mark.parametrize(("target_id", "mission"), [("KIC 1", "Kepler"), ("EPIC 201000001", "K2"), ("TIC 1", "TESS")])
def test_a_star_has_its_centroid_in_arcseconds(target_id, mission):
    pixels = Pixels(days=90.0)
    pixels.centroid[1, PLANET.transits(pixels.time, 1.0)] += 4e-4
    columns = {
        name: values.astype("f4")
        for name, values in zip(
            ("mom_centr1", "mom_centr2", "pos_corr1", "pos_corr2"),
            (*(pixels.centroid - [[400], [900]]), *pixels.motion),
            strict=True,
        )
    }
    curve = light_curve(signals=[PLANET], noise=1e-4, target_id=target_id, **columns)
    star = flatten_for_views(curve, [PLANET], VIEWS)
    assert star.centroid_arcsec.shape == (star.time_bjd.size, 2)
    inside = PLANET.transits(star.time_bjd, 1.0)
    shift = star.centroid_arcsec[inside].mean(axis=0)
    assert shift == pytest.approx([0.0, 4e-4 * PIXEL_ARCSEC[mission]], abs=4e-5 * PIXEL_ARCSEC[mission])
    rows = np.arange(10, 60)
    some = flat_centroids(curve, rows, np.zeros(50, dtype=bool))
    assert some.shape == (50, 2)


def offset_of(star, depth=4e-3):
    on_signal = folded(star, PLANET)
    return centroid_offset(on_signal, template(on_signal, Trapezoid(PLANET.duration_d, 1.0, depth)), depth)


def test_the_distance_of_the_source_follows_from_the_shift():
    # A source 5 arcseconds away that takes 0.4 % of the light with it.
    shift = 5.0 * 4e-3 / (1 - 4e-3)
    star = with_box(flat_star(centroid=2e-3), PLANET, shift_arcsec=(0.6 * shift, -0.8 * shift))
    found = offset_of(star)
    assert found.arcsec == pytest.approx(5.0, rel=0.03)
    # Forty transits of twelve cadences, and levels from thirty.
    expected = shift / (2e-3 * np.sqrt((1 / 12.2 + np.pi / 2 / 30.6) / 40))
    assert 0.75 * expected < found.sigma < 1.2 * expected
    made = make_views(star, PLANET, [PLANET], VIEWS)[1]
    columns, rows = made.arrays["centroid"]
    assert columns[95:106].mean() > 8
    assert rows[95:106].mean() < -8
    away = np.abs(np.linspace(-4, 4, 201)) > 0.75
    for axis in (columns, rows):
        assert np.median(axis[away]) == pytest.approx(0.0, abs=1e-6)
        assert 1.4826 * np.median(np.abs(axis[away])) == pytest.approx(1.0, rel=1e-4)


def test_a_star_that_does_not_move_has_no_offset():
    sigmas = [offset_of(with_box(flat_star(seed=seed, centroid=2e-3), PLANET)).sigma for seed in range(60)]
    # Rayleigh's distribution: median 1.18, above 3 in one of ninety cases.
    assert np.median(sigmas) == pytest.approx(1.18, abs=0.3)
    assert max(sigmas) < 4.2


def test_one_wild_transit_does_not_make_an_offset():
    star = with_box(flat_star(centroid=2e-3), PLANET)
    wild = np.abs(star.time_bjd - START - 105.0) < 0.125
    centroid = star.centroid_arcsec.copy()
    centroid[wild] += 1.0
    assert offset_of(star._replace(centroid_arcsec=centroid)).sigma < 4


def test_without_a_depth_there_is_no_distance_but_a_shift_may_be_sure():
    star = with_box(flat_star(centroid=2e-3), PLANET, shift_arcsec=(0.01, 0.0))
    found = offset_of(star, depth=float("nan"))
    assert np.isnan(found.arcsec)
    assert found.sigma > 10


def test_a_view_needs_centroids_in_and_out_of_transit():
    star = with_box(flat_star(days=90.0, centroid=2e-3), PLANET)
    assert centroid_view(folded(star._replace(centroid_arcsec=None), PLANET)) is None
    for lost, present in ((PLANET.transits(star.time_bjd, 1.0), False), (np.arange(star.time_bjd.size) < 900, True)):
        centroid = star.centroid_arcsec.copy()
        centroid[lost] = np.nan
        view = centroid_view(folded(star._replace(centroid_arcsec=centroid), PLANET))
        assert (view is not None) is present
    assert view.counts.shape == (2, 201)
    np.testing.assert_array_equal(view.counts[0], view.counts[1])
    only = without(star, ~PLANET.transits(star.time_bjd, 1.2))
    assert centroid_view(folded(only, PLANET)) is None


def test_a_centroid_that_never_moves_is_zero():
    star = with_box(flat_star(days=90.0, centroid=0.0), PLANET)
    made = make_views(star, PLANET, [PLANET], VIEWS)[1]
    assert made.present["centroid"]
    assert not made.arrays["centroid"].any()
    assert np.isnan(made.numbers["centroid_offset_arcsec"])
