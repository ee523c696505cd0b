"""Folded at half and at twice the period: where the transits fall, and when there is nothing to see."""

import numpy as np
import pytest
from views.flat_stars import flat_star, folded, with_box, without
from views.stars import START, signal

from lightmill.views.fold import fold
from lightmill.views.multiples import half_period_view, twice_period_view

LENGTH = 301
MIDDLE = LENGTH // 2


def test_at_twice_the_period_odd_transits_are_in_the_middle_and_even_ones_half_a_turn_away():
    planet = signal(duration_h=8.0)
    for periods in (0, 1, -15):
        epoch = planet.epoch_bjd + periods * planet.period_d
        moved = signal(epoch_bjd=epoch, duration_h=8.0)
        star = with_box(flat_star(), planet, depths=[1000.0, 400.0])
        view = twice_period_view(folded(star, moved), LENGTH).values
        assert view[MIDDLE] == pytest.approx(-1000e-6, abs=6e-5)
        assert view[[0, -1]] == pytest.approx(-400e-6, abs=6e-5)
        # Nowhere else: a transit is five bins wide.
        assert np.abs(np.delete(view, np.r_[:4, MIDDLE - 3 : MIDDLE + 4, -4:0])).max() < 2e-4


def test_at_half_the_period_what_is_opposite_lies_over_the_transit():
    binary, other = signal(period_d=20.0, duration_h=8.0), signal(epoch_bjd=START + 15.0, period_d=20.0, duration_h=8.0)
    star = with_box(with_box(flat_star(), binary, depths=[1000.0]), other, depths=[1000.0])
    view = half_period_view(folded(star, binary), LENGTH)
    assert view.values[MIDDLE] == pytest.approx(-1000e-6, abs=6e-5)
    planet = half_period_view(folded(with_box(flat_star(), binary), binary), LENGTH)
    # Of two cadences at one phase, one is in transit: the median is between, the scatter large.
    assert planet.scatter[MIDDLE] > 3e-4 > 1.5e-4 > np.median(planet.scatter)
    assert view.scatter[MIDDLE] < 1.5e-4
    assert view.counts.sum() == planet.counts.sum() == flat_star().time_bjd.size


def test_both_need_what_they_show():
    planet = signal()
    star = with_box(flat_star(days=90.0), planet)
    phase = fold(star.time_bjd, planet.period_d, planet.epoch_bjd)
    opposite_unseen = folded(without(star, np.abs(phase) > 4.85), planet)
    assert half_period_view(opposite_unseen, LENGTH) is None
    assert twice_period_view(opposite_unseen, LENGTH) is not None
    turn = np.rint((star.time_bjd - planet.epoch_bjd) / planet.period_d)
    odd_only = folded(without(star, (np.abs(phase) < 0.2) & (turn % 2 == 1)), planet)
    assert odd_only.observed.tolist() == [0, 2, 4, 6, 8]
    assert twice_period_view(odd_only, LENGTH) is None
    assert half_period_view(odd_only, LENGTH) is not None
