"""The stack of single transits: which are chosen, where they lie, what fills the holes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from views.flat_stars import flat_star, folded, with_box, without
from views.stars import START, signal

from lightmill.views.unfolded import chosen_transits, unfolded_view


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=300, unique=True), st.integers(1, 40))
def test_transits_are_chosen_evenly(numbers, most):
    observed = np.array(sorted(numbers))
    chosen = chosen_transits(observed, most)
    assert chosen.size == min(observed.size, most)
    assert np.all(np.diff(chosen) > 0)
    assert np.isin(chosen, observed).all()
    if most > 1:
        assert chosen[0] == observed[0]
        assert chosen[-1] == observed[-1] or observed.size <= most
        steps = np.diff(np.searchsorted(observed, chosen))
        assert steps.size == 0 or steps.max() - steps.min() <= 1


def test_each_transit_has_a_row_of_its_own_in_order_of_time():
    planet = signal(duration_h=10.0)
    star = with_box(flat_star(days=100.0), planet, depths=[100.0 * (1 + number) for number in range(10)])
    view = unfolded_view(folded(star, planet), 20, 31)
    assert view.values.shape == view.scatter.shape == view.counts.shape == (20, 31)
    for number in range(10):
        assert view.values[number, 14:17].mean() == pytest.approx(-100e-6 * (1 + number), abs=1e-4)
        # Eight durations of 20 cadences.
        assert view.counts[number].sum() == pytest.approx(8 * 10 / 24 / 0.0204336, abs=2)
    assert np.isnan(view.values[10:]).all()
    assert not view.counts[10:].any()


def test_of_many_transits_the_first_and_the_last_are_shown():
    planet = signal(duration_h=10.0)
    star = with_box(flat_star(), planet, depths=[4000.0] + [1000.0] * 38 + [2000.0])
    view = unfolded_view(folded(star, planet), 20, 31)
    assert (view.counts > 0).all()
    depths = -view.values[:, 15]
    assert depths[0] == pytest.approx(4e-3, rel=0.1)
    assert depths[-1] == pytest.approx(2e-3, rel=0.15)
    assert depths[1:-1] == pytest.approx(1e-3, rel=0.3)
    assert unfolded_view(folded(star, planet), 1, 31).counts.shape == (1, 31)


def test_holes_are_filled_within_the_row():
    planet = signal(duration_h=10.0)
    star = with_box(flat_star(days=40.0), planet)
    hole = np.abs(star.time_bjd - START - 16.0) < 0.3
    view = unfolded_view(folded(without(star, hole), planet), 20, 31)
    empty = view.counts[:4] == 0
    assert empty.any(axis=1).tolist() == [False, True, False, False]
    assert np.isfinite(view.values[:4]).all()
    places = np.flatnonzero(empty[1])
    before, after = view.values[1, places[0] - 1], view.values[1, places[-1] + 1]
    filled = view.values[1, empty[1]]
    assert filled.min() >= min(before, after)
    assert filled.max() <= max(before, after)


def test_a_transit_half_observed_has_no_row():
    planet = signal(duration_h=10.0)
    star = with_box(flat_star(days=40.0), planet)
    half = without(star, (star.time_bjd > START + 14.95) & (star.time_bjd < START + 18))
    assert folded(half, planet).observed.tolist() == [0, 2, 3]
    assert (unfolded_view(folded(half, planet), 20, 31).counts.sum(axis=1) > 0).sum() == 3
    # Of two transits one half each: together they make a view, by themselves they are none.
    parts = without(
        star, (star.time_bjd > START + 4.95) & (star.time_bjd < START + 15.05) | (star.time_bjd > START + 20)
    )
    assert unfolded_view(folded(parts, planet), 20, 31) is None
