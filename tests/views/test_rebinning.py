"""Views brought to another length: what they hold stays, and where they hold it."""

import numpy as np
import pytest

from lightmill.errors import ViewError
from lightmill.views.rebinning import rebinned

VIEWS = np.random.default_rng(4).normal(size=(5, 81)).astype(np.float32)


def test_bins_are_means_weighted_by_overlap():
    np.testing.assert_allclose(rebinned(np.array([[0.0, 3.0, 6.0]]), 2), [[1.0, 5.0]])
    np.testing.assert_allclose(rebinned(np.array([[0.0, 6.0]]), 3), [[0.0, 3.0, 6.0]])
    np.testing.assert_allclose(rebinned(np.array([[1.0, 2.0, 3.0, 5.0]]), 2), [[1.5, 4.0]])


@pytest.mark.parametrize("bins", [16, 27, 61, 81, 161, 201])
def test_flux_is_kept_up_and_down(bins):
    again = rebinned(VIEWS, bins)
    assert again.shape == (5, bins)
    assert again.dtype == np.float32
    np.testing.assert_allclose(again.mean(axis=1), VIEWS.mean(axis=1), atol=1e-6)
    # As an integral: up to every edge of the new bins.
    summed = np.concatenate([np.zeros((5, 1)), np.cumsum(VIEWS.astype(float), axis=1)], axis=1) / 81
    edges = np.linspace(0, 81, bins + 1)
    expected = np.stack([np.diff(np.interp(edges, np.arange(82), row)) for row in summed])
    np.testing.assert_allclose(again / bins, expected, atol=1e-6)


@pytest.mark.parametrize(("old", "new"), [(81, 61), (61, 81), (201, 61)])
def test_the_centre_bin_stays_the_centre_and_time_has_no_direction(old, new):
    view = np.zeros((1, old))
    view[0, old // 2] = -1
    again = rebinned(view, new)[0]
    assert np.argmin(again) == new // 2
    np.testing.assert_allclose(again, again[::-1], atol=1e-12)


def test_the_same_length_is_the_same_view():
    assert rebinned(VIEWS, 81) is VIEWS


def test_a_share_is_what_lies_around_the_middle():
    view = np.arange(10.0)[None]
    np.testing.assert_allclose(rebinned(view, 4, share=0.4), [[3, 4, 5, 6]])
    np.testing.assert_allclose(rebinned(view, 5, share=0.5), [[2.5, 3.5, 4.5, 5.5, 6.5]])
    # A box of the width of half a view takes up all of the inner half.
    box = np.where(np.abs(np.arange(80) - 39.5) < 20, -1.0, 0.0)[None]
    np.testing.assert_allclose(rebinned(box, 21, share=0.5), -1)


@pytest.mark.parametrize(("bins", "share"), [(1, 1.0), (325, 1.0), (163, 0.5), (61, 0.0), (61, 1.5)])
def test_nonsense_is_refused(bins, share):
    with pytest.raises(ViewError, match="expected"):
        rebinned(VIEWS, bins, share)
