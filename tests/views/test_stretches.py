"""Unbroken pieces of light curves: by hand, and against what the words say."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lightmill.views.stretches import stretches


def in_words(time, segment, usable, break_d):
    """Segment by segment, cadence by cadence."""
    pieces = []
    for number in sorted(set(segment[usable].tolist())):
        last = None
        for row in np.flatnonzero(usable & (segment == number)).tolist():
            if last is None or time[row] - time[last] > break_d:
                pieces.append([])
            pieces[-1].append(row)
            last = row
    return pieces


def found(*arguments):
    return [piece.tolist() for piece in stretches(*arguments).pieces()]


def test_stretches_split_at_segments_and_gaps():
    time = np.array([0.0, 0.1, 0.2, 1.0, 1.1, 1.2, 1.3])
    segment = np.array([0, 0, 0, 0, 0, 1, 1])
    usable = np.array([True, True, False, True, True, True, True])
    assert found(time, segment, usable, 0.5) == [[0, 1], [3, 4], [5, 6]]
    rows, start = stretches(time, segment, usable, 0.5)
    assert (rows.tolist(), start.tolist()) == ([0, 1, 3, 4, 5, 6], [0, 2, 4, 6])


def test_a_gap_of_just_the_break_is_none():
    time = np.array([0.0, 0.5, 1.0, 1.75])
    assert found(time, np.zeros(4, dtype=int), np.ones(4, dtype=bool), 0.5) == [[0, 1, 2], [3]]


def test_segments_that_overlap_in_time_are_told_apart():
    time = np.arange(6) * 0.1
    assert found(time, np.array([2, 1, 2, 1, 2, 1]), np.ones(6, dtype=bool), 0.25) == [[1, 3, 5], [0, 2, 4]]


def test_nothing_usable_is_no_stretch():
    for size in (0, 3):
        rows, start = stretches(np.arange(float(size)), np.zeros(size, dtype=int), np.zeros(size, dtype=bool), 0.5)
        assert (rows.tolist(), start.tolist()) == ([], [0])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 8), st.integers(-2, 3), st.booleans()), max_size=60),
    st.booleans(),
    st.sampled_from([np.int16, np.int64]),
)
def test_they_are_what_the_words_say(cadences, ordered, kind):
    steps = np.array([step for step, _, _ in cadences], dtype=float)
    segment = np.array([number for _, number, _ in cadences], dtype=kind)
    usable = np.array([use for _, _, use in cadences], dtype=bool)
    segment = np.sort(segment) if ordered else segment
    time = np.cumsum(steps) * 0.1
    for array in (time, segment, usable):
        array.flags.writeable = False  # as the store's are
    assert found(time, segment, usable, 0.45) == in_words(time, segment, usable, 0.45)
