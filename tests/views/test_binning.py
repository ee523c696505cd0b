"""Bins by hand and by property: edges, medians, counts, empty bins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binned_statistic

from lightmill.views.binning import Bins, bin_medians, fill_empty, global_bins, global_view, local_bins, local_view


def test_bins_of_zero_to_five_points():
    x = np.array([1.0, 2, 2.1, 3, 3.1, 3.2, 4, 4.1, 4.2, 4.3, 5, 5.1, 5.2, 5.3, 5.4])
    values = np.array([7.0, 1, 2, 9, 1, 5, 4, 3, 1, 2, 5, 1, 4, 2, 3])
    medians, counts = bin_medians(x, values, Bins(np.arange(0.0, 6.0), np.arange(1.0, 7.0)))
    assert counts.tolist() == [0, 1, 2, 3, 4, 5]
    assert np.isnan(medians[0])
    assert medians[1:].tolist() == [7.0, 1.5, 5.0, 2.5, 3.0]


def test_left_edges_belong_to_a_bin_and_right_edges_do_not():
    medians, counts = bin_medians(np.array([0.0, 1.0]), np.array([3.0, 4.0]), Bins(np.array([0.0]), np.array([1.0])))
    assert (medians.tolist(), counts.tolist()) == ([3.0], [1])


def test_overlapping_bins_share_points():
    x = np.array([0.1, 0.6, 1.1])
    medians, counts = bin_medians(x, np.array([1.0, 2.0, 3.0]), Bins(np.array([0.0, 0.5]), np.array([1.0, 1.5])))
    assert counts.tolist() == [2, 2]
    assert medians.tolist() == [1.5, 2.5]


@given(st.integers(0, 400), st.integers(2, 60), st.integers(0, 2**32 - 1))
def test_adjoining_bins_agree_with_scipy_and_count_every_cadence(points, length, seed):
    random = np.random.default_rng(seed)
    phase, flux = np.sort(random.uniform(-2, 2, points)), random.normal(size=points)
    medians, counts = bin_medians(phase, flux, global_bins(length, 4.0))
    assert counts.sum() == points
    if points:
        edges = np.linspace(-2.0, 2.0, length + 1)
        assert medians == pytest.approx(binned_statistic(phase, flux, "median", edges).statistic, nan_ok=True)


@given(st.integers(1, 300), st.integers(2, 51), st.floats(0.01, 1.0), st.integers(0, 2**32 - 1))
def test_overlapping_bins_agree_with_medians_one_by_one(points, length, width, seed):
    random = np.random.default_rng(seed)
    phase, flux = np.sort(random.uniform(-1, 1, points)), random.normal(size=points)
    bins = local_bins(length, 0.8, width)
    medians, counts = bin_medians(phase, flux, bins)
    for number, (left, right) in enumerate(zip(*bins, strict=True)):
        members = flux[(phase >= left) & (phase < right)]
        assert counts[number] == members.size
        if members.size:
            assert medians[number] == np.median(members)


@pytest.mark.parametrize("length", [20, 21, 2000])
def test_mid_transit_is_in_the_middle(length):
    centre = global_bins(length, 3.0).centre
    assert centre + centre[::-1] == pytest.approx(0, abs=1e-12)
    near = np.abs(centre).argmin()
    assert abs(centre[near]) == pytest.approx(0 if length % 2 else 1.5 / length, abs=1e-12)


def test_local_bins_are_astronets():
    # 201 bins of 0.16 durations over +-4 durations: 0.0392 durations apart, each overlapping about four on each side.
    bins = local_bins(201, 4.0, 0.16)
    assert bins.left[0] == -4.0
    assert bins.right[-1] == pytest.approx(4.0)
    assert np.diff(bins.left) == pytest.approx(0.0392)
    assert bins.centre[100] == pytest.approx(0.0, abs=1e-12)


def test_local_bins_refuse_what_does_not_fit():
    with pytest.raises(ValueError, match=r"at most 2\.0"):
        local_bins(11, 1.0, 2.5)
    with pytest.raises(ValueError, match="at least 2"):
        local_bins(1, 1.0, 0.5)


@given(st.integers(1, 300), st.integers(9, 80), st.integers(0, 2**32 - 1))
def test_a_mirrored_light_curve_gives_the_mirrored_view(points, length, seed):
    random = np.random.default_rng(seed)
    phase, flux = np.sort(random.uniform(-0.9, 0.9, points)), random.normal(size=points)
    for view in (lambda x, y: global_view(x, y, 2.0, length), lambda x, y: local_view(x, y, 0.9, 0.2, length)):
        forward, mirrored = view(phase, flux), view(-phase[::-1], flux[::-1])
        assert mirrored.values == pytest.approx(forward.values[::-1])
        assert mirrored.counts.tolist() == forward.counts[::-1].tolist()


def test_empty_bins_lie_on_the_line_between_their_neighbours():
    medians = np.array([np.nan, 1.0, np.nan, np.nan, 4.0, np.nan])
    centre = np.arange(6.0)
    assert fill_empty(medians, centre).tolist() == [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    # A period is a circle of six: from 4 (at place 4) down to 1 (at place 7), by way of 5 and 6.
    assert fill_empty(medians, centre, period=6.0) == pytest.approx([2.0, 1.0, 2.0, 3.0, 4.0, 3.0])


def test_nothing_to_fill_from():
    with pytest.raises(ValueError, match="no bin has a cadence"):
        global_view(np.empty(0), np.empty(0), 1.0, 10)


def test_empty_bins_are_counted():
    view = global_view(np.array([-0.5, 0.1]), np.array([1.0, 3.0]), 1.0, 10)
    assert view.empty == 8
    assert view.counts.sum() == 2
    assert np.isfinite(view.values).all()
