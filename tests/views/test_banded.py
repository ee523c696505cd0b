"""Least squares on a banded matrix: the same as on a full one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightmill.views.banded import solve_banded


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(3, 40), st.integers(2, 6))
def test_the_solution_is_that_of_least_squares(seed, size, entries):
    random = np.random.default_rng(seed)
    band, rows = min(6, size - 1), 5 * size
    entries = min(entries, band + 1)
    first = random.integers(0, size - band, rows)
    place = first[:, None] + np.array([random.permutation(band + 1)[:entries] for _ in range(rows)])
    # Each coefficient in one row at least, and none in a row that counts for nothing.
    place = np.concatenate([place, np.repeat(np.arange(size)[:, None], entries, axis=1)])
    share = np.concatenate([random.normal(size=(rows, entries)), np.eye(1, entries).repeat(size, axis=0)])
    weight = np.concatenate([random.choice([0.0, 1.0, 0.3], rows), np.full(size, 0.1)])
    value = random.normal(size=rows + size)
    dense = np.zeros((rows + size, size))
    np.add.at(dense, (np.arange(rows + size)[:, None], place), share)
    root = np.sqrt(weight)
    expected = np.linalg.lstsq(dense * root[:, None], value * root, rcond=None)[0]
    assert solve_banded(place, share, value, weight, size, band) == pytest.approx(expected, rel=1e-7, abs=1e-9)
