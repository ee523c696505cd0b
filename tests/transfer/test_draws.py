from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from lightmill.errors import LabelError
from lightmill.training.examples import Examples
from lightmill.transfer.draws import drawn, drawn_rows, draws_of

FRACTIONS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def some_labels(n=4000, positives=0.1, per_group=1.5, seed=0):
    generator = np.random.default_rng(seed)
    groups = np.array([f"star {number}" for number in generator.integers(0, int(n / per_group), n)])
    return groups, (generator.random(n) < positives).astype(float)


@pytest.mark.parametrize("draw", [0, 3])
def test_smaller_fractions_lie_within_larger_ones(draw):
    groups, labels = some_labels()
    rows = [drawn_rows(groups, labels, fraction, draw) for fraction in FRACTIONS]
    for smaller, larger in pairwise(rows):
        assert not np.any(smaller & ~larger)
    assert rows[-1].all()


@pytest.mark.parametrize("fraction", FRACTIONS)
def test_a_fraction_has_that_share_of_both_classes(fraction):
    groups, labels = some_labels()
    rows = drawn_rows(groups, labels, fraction, 0)
    for side in (1, 0):
        wanted = max(fraction * np.sum(labels == side), 10 if side else 1)
        # Groups are taken whole; those with a positive bring their negatives.
        assert 0.9 * wanted <= np.sum(labels[rows] == side) <= 1.1 * wanted + 6


def test_no_group_is_cut():
    groups, labels = some_labels(per_group=4)
    rows = drawn_rows(groups, labels, 0.05, 0)
    assert set(groups[rows]).isdisjoint(groups[~rows])


def test_draws_differ_and_follow_from_names_alone():
    groups, labels = some_labels()
    first, second = (drawn_rows(groups, labels, 0.02, draw) for draw in (0, 1))
    assert np.mean(second[first]) < 0.2
    order = np.random.default_rng(1).permutation(len(groups))
    assert np.array_equal(drawn_rows(groups[order], labels[order], 0.02, 0), first[order])


def test_there_are_never_fewer_than_ten_positives():
    groups, labels = np.arange(500).astype(str), (np.arange(500) % 20 == 0).astype(float)
    rows = drawn_rows(groups, labels, 0.01, 0)
    assert labels[rows].sum() == 10
    assert np.sum(labels[rows] == 0) == np.ceil(0.01 * np.sum(labels == 0))


def test_where_there_are_fewer_all_positives_are_taken():
    labels = np.array([1] * 7 + [0] * 100, float)
    rows = drawn_rows(np.arange(len(labels)).astype(str), labels, 0.1, 0)
    assert (labels[rows].sum(), np.sum(labels[rows] == 0)) == (7, 10)


def test_small_fractions_are_drawn_several_times():
    assert [draws_of(fraction, 5) for fraction in FRACTIONS] == [5, 5, 5, 1, 1, 1, 1]


def test_labels_without_a_negative_are_refused():
    meta = pd.DataFrame({"group_id": [f"star {row // 2}" for row in range(40)] + ["star 0"] * 20})
    labels = np.concatenate([np.ones(40), np.zeros(20)])
    examples = Examples({"global": np.zeros((60, 4), np.float32)}, labels.astype(np.float32), meta)
    assert len(drawn(examples, 1.0, 0)) == 60
    # In these draws the one star that has negatives comes late.
    without = [
        draw for draw in range(10) if labels[drawn_rows(meta["group_id"].to_numpy(str), labels, 0.5, draw)].all()
    ]
    assert without
    with pytest.raises(LabelError, match=rf"fraction 0\.5, draw {without[0]}: 20 positive labels and no negative"):
        drawn(examples, 0.5, without[0])
