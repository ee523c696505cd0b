"""The doubt of an ensemble, and its two parts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lightmill.training.uncertainty import uncertainty


def test_by_hand():
    # All undecided; each sure, but of the other; all sure of the same; in between.
    found = uncertainty(np.array([[0.5, 0, 1, 0.2], [0.5, 1, 1, 0.4]]))
    coin = np.log(2)
    np.testing.assert_allclose(found.mean, [0.5, 0.5, 1, 0.3])
    np.testing.assert_allclose(found.spread, [0, 0.5, 0, 0.1])

    def entropy(p):
        return -p * np.log(p) - (1 - p) * np.log(1 - p)

    aleatoric = (entropy(0.2) + entropy(0.4)) / 2
    np.testing.assert_allclose(found.total, [coin, coin, 0, entropy(0.3)], atol=1e-15)
    np.testing.assert_allclose(found.aleatoric, [coin, 0, 0, aleatoric], atol=1e-15)
    np.testing.assert_allclose(found.epistemic, [0, coin, 0, entropy(0.3) - aleatoric], atol=1e-15)


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2),
        elements=st.one_of(st.sampled_from([0.0, 1.0, 1e-300, 1 - 1e-16]), st.floats(0, 1)),
    )
)
def test_the_parts_make_the_whole_and_none_is_negative(probabilities):
    found = uncertainty(probabilities)
    assert all(np.isfinite(part).all() for part in found)
    assert (found.epistemic >= 0).all()
    assert (found.aleatoric >= 0).all()
    np.testing.assert_allclose(found.aleatoric + found.epistemic, found.total, atol=1e-12)
    assert (found.total <= np.log(2) + 1e-12).all()


def test_small_differences_keep_their_digits():
    # To second order the mutual information is the variance over twice p (1 - p).
    apart = 1e-6
    found = uncertainty(np.array([[0.3 - apart], [0.3 + apart]]))
    assert found.epistemic[0] == pytest.approx(apart**2 / 2 / 0.3 / 0.7, rel=1e-3)
