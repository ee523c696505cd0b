"""Periods that are a whole multiple or part of the true one: told by the transits, and by nothing else."""

import numpy as np
import pytest
from search.series import START, depth_of, dips, times

from lightmill.search.aliases import (
    LEAST_MISSED,
    SEEN_BEFORE,
    UNSEEN,
    is_part,
    multiple,
    parts_to_try,
)
from lightmill.search.events import box_events

PERIOD, EPOCH, DURATION = 2.4, START + 1.2, 0.1
TIME = times((0, 27), (730, 27))
NOBODY, ALL = (np.inf, -np.inf), (-np.inf, np.inf)


def events_of(snr, seed=0, second=None):
    """Transits of this S/N together; every second with its own share of the depth, where that is given."""
    depth = depth_of(snr, TIME, PERIOD, EPOCH, DURATION)
    flux = dips(TIME, PERIOD, EPOCH, DURATION, depth, seed)
    if second is not None:
        odd = np.abs((TIME - EPOCH - PERIOD + PERIOD) % (2 * PERIOD) - PERIOD) < DURATION / 2
        flux[odd] += (1 - second) * depth
    return box_events(TIME, flux, DURATION)


def number_of(events, listed_period):
    return multiple(events, listed_period, EPOCH)


@pytest.mark.parametrize("factor", [2, 3])
def test_a_period_listed_too_short_is_multiplied(factor):
    for seed in range(5):
        assert number_of(events_of(25.0, seed), PERIOD / factor) == (factor, EPOCH)


@pytest.mark.parametrize("place", [1, 2])
def test_the_epoch_moves_to_a_transit_that_is_there(place):
    factor, epoch = multiple(events_of(25.0), PERIOD / 3, EPOCH - place * PERIOD / 3)
    assert factor == 3
    assert (epoch - EPOCH) / PERIOD == pytest.approx(round((epoch - EPOCH) / PERIOD), abs=1e-6)


@pytest.mark.parametrize("snr", [5.0, 15.0, 60.0])
def test_the_right_period_is_no_alias(snr):
    for seed in range(8):
        events = events_of(snr, seed)
        assert multiple(events, PERIOD, EPOCH) == (1, EPOCH)
        assert parts_to_try(events, PERIOD, EPOCH, DURATION) == []


def test_what_is_too_faint_to_be_missed_proves_nothing():
    # Every second transit missing, but none of the others at more than S/N 5.
    assert number_of(events_of(LEAST_MISSED - 3.5), PERIOD / 2) == (1, EPOCH)


def test_a_weak_second_eclipse_is_not_a_missing_one():
    assert multiple(events_of(60.0, second=0.4), PERIOD, EPOCH) == (1, EPOCH)
    assert multiple(events_of(60.0, second=0.0), PERIOD, EPOCH)[0] == 2


@pytest.mark.parametrize("factor", [2, 3])
def test_a_period_listed_too_long_is_divided_where_nobody_could_see(factor):
    for seed in range(5):
        events = events_of(20.0, seed)
        assert factor in parts_to_try(events, factor * PERIOD, EPOCH, DURATION)
        assert is_part(events, factor * PERIOD, EPOCH, factor, NOBODY)


def test_where_others_were_seen_only_likeness_beyond_doubt_counts():
    faint, bright = events_of(20.0), events_of(90.0)
    assert is_part(faint, 2 * PERIOD, EPOCH, 2, NOBODY)
    assert not is_part(faint, 2 * PERIOD, EPOCH, 2, ALL)
    assert is_part(bright, 2 * PERIOD, EPOCH, 2, ALL)
    # Seen, too, if only the first year was.
    assert not is_part(faint, 2 * PERIOD, EPOCH, 2, (START, START + 30))


@pytest.mark.parametrize(("share", "alike"), [(1.0, True), (0.85, False), (0.5, False)])
def test_unequal_eclipses_are_no_transits_of_one_planet(share, alike):
    events = events_of(120.0, second=share)
    assert is_part(events, 2 * PERIOD, EPOCH, 2, NOBODY) is alike
    assert is_part(events, 2 * PERIOD, EPOCH, 2, ALL) is alike


def test_a_part_must_have_room_for_its_transits():
    time = times((0, 27))
    depth = depth_of(60.0, time, 0.3, EPOCH, 0.08)
    events = box_events(time, dips(time, 0.3, EPOCH, 0.08, depth), 0.08)
    assert parts_to_try(events, 0.6, EPOCH, 0.08) == []
    assert parts_to_try(events, 0.6, EPOCH, 0.07) == [2]


def test_no_data_no_alias():
    events = box_events(np.empty(0), np.empty(0), DURATION)
    assert multiple(events, PERIOD, EPOCH) == (1, EPOCH)
    assert parts_to_try(events, PERIOD, EPOCH, DURATION) == []


def test_what_was_seen_must_be_more_alike():
    assert SEEN_BEFORE.sigmas < UNSEEN.sigmas
    assert SEEN_BEFORE.share > UNSEEN.share
    assert SEEN_BEFORE.precision < UNSEEN.precision
