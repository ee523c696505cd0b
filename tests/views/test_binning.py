"""Bins by hand and by property: edges, medians, scatters, counts, empty bins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binned_statistic

from lightmill.views.bin_kernel import LANES, QUARTILE_SIGMA
from lightmill.views.binning import (
    Bins,
    bin_between,
    bin_even,
    fill_empty,
    global_bins,
    global_view,
    local_bins,
    local_extent,
    local_view,
)

SEEDS = st.integers(0, 2**32 - 1)


def one_by_one(x, values, bins):
    """Each bin's members picked out and given to numpy."""
    medians, scatter, counts = np.full(bins.left.size, np.nan), np.full(bins.left.size, np.nan), []
    for number, (left, right) in enumerate(zip(*bins, strict=True)):
        members = values[(x >= left) & (x < right)]
        counts.append(members.size)
        if members.size:
            medians[number] = np.median(members)
        if members.size > 1:
            low, high = np.quantile(members, [0.25, 0.75], method="normal_unbiased")
            scatter[number] = (high - low) / (2 * QUARTILE_SIGMA)
    return medians, scatter, counts


def agree(binned, x, values, bins):
    medians, scatter, counts = one_by_one(x, values, bins)
    assert binned.counts.tolist() == counts
    assert np.array_equal(binned.values, medians, equal_nan=True)
    assert binned.scatter == pytest.approx(scatter, rel=1e-9, abs=1e-12, nan_ok=True)


def test_bins_of_zero_to_ten_points():
    x = np.array([1.0, 2, 2.1, 3, 3.1, 3.2, 4, 4.1, 4.2, 4.3, 5, 5.1, 5.2, 5.3, 5.4, *np.linspace(6, 6.9, 10)])
    values = np.array([7.0, 1, 2, 9, 1, 5, 4, 3, 1, 2, 5, 1, 4, 2, 3, *[10, 9, 1, 8, 2, 7, 3, 6, 4, 5]])
    shuffled = np.random.default_rng(1).permutation(x.size)
    binned = bin_even(x[shuffled], values[shuffled], 0.0, 1.0, 1.0, 7)
    assert binned.counts.tolist() == [0, 1, 2, 3, 4, 5, 10]
    assert np.isnan(binned.values[0])
    assert binned.values[1:].tolist() == [7.0, 1.5, 5.0, 2.5, 3.0, 5.5]
    assert np.isnan(binned.scatter[:2]).all()
    # From quartile to quartile: of 1, 5, 9 at places 0.1875 and 1.8125 from 0, of 1 to 10 at 1.9375 and 7.0625.
    between = [1.0, 8.25 - 1.75, 3.5625 - 1.4375, 4.3125 - 1.6875, 8.0625 - 2.9375]
    assert binned.scatter[2:] == pytest.approx(np.array(between) / 1.3489795)
    assert binned.counts.dtype == np.int32


def test_left_edges_belong_to_a_bin_and_right_edges_do_not():
    binned = bin_even(np.array([0.0, 1.0]), np.array([3.0, 4.0]), 0.0, 1.0, 1.0, 1)
    assert (binned.values.tolist(), binned.counts.tolist()) == ([3.0], [1])


def test_overlapping_bins_share_points_and_bins_with_gaps_leave_some_out():
    x, values = np.array([1.1, 0.1, 0.6]), np.array([3.0, 1.0, 2.0])
    overlapping = bin_even(x, values, 0.0, 0.5, 1.0, 2)
    assert overlapping.counts.tolist() == [2, 2]
    assert overlapping.values.tolist() == [1.5, 2.5]
    gaps = bin_even(x, values, 0.0, 0.5, 0.2, 3)
    assert gaps.counts.tolist() == [1, 1, 1]
    assert bin_even(x, values, 0.0, 0.5, 0.1, 3).counts.tolist() == [0, 0, 0]


@given(st.integers(0, 400), st.integers(2, 60), SEEDS)
@settings(deadline=None)
def test_adjoining_bins_agree_with_scipy_and_count_every_cadence(points, length, seed):
    random = np.random.default_rng(seed)
    phase, flux = random.uniform(-2, 2, points), random.normal(size=points)
    binned = bin_between(phase, flux, global_bins(length, 4.0))
    assert binned.counts.sum() == points
    if points:
        edges = np.linspace(-2.0, 2.0, length + 1)
        assert binned.values == pytest.approx(binned_statistic(phase, flux, "median", edges).statistic, nan_ok=True)


@given(st.integers(0, 600), st.integers(1, 90), st.floats(0.001, 0.5), st.floats(0.05, 30.0), SEEDS)
@settings(deadline=None)
def test_any_even_bins_agree_with_numpy_one_by_one(points, length, spacing, widths, seed):
    random = np.random.default_rng(seed)
    x, values = random.normal(0, 1, points), random.normal(size=points).round(random.integers(0, 6))
    first = float(random.uniform(-3, 2))
    binned = bin_even(x, values, first, spacing, widths * spacing, length)
    left = first + spacing * np.arange(length)
    agree(binned, x, values, Bins(left, left + widths * spacing))


@given(
    st.lists(st.lists(st.sampled_from([-1e300, -2.0, -0.0, 0.0, 5e-324, 0.5, 1.0, 1e300]), max_size=70), max_size=20)
)
@settings(max_examples=60, deadline=None)
def test_bins_however_full_beside_each_other_and_however_alike_their_values(members):
    members = [np.array(each, dtype=float) for each in [*members, []]]
    x = np.concatenate([np.full(each.size, float(number)) for number, each in enumerate(members)])
    binned = bin_even(x, np.concatenate(members), 0.0, 1.0, 1.0, len(members))
    for number, each in enumerate(members):
        assert binned.counts[number] == each.size
        if each.size:
            ordered = np.sort(each)
            middle = 0.5 * (ordered[(each.size - 1) // 2] + ordered[each.size // 2])
            assert binned.values[number] == middle


@pytest.mark.parametrize(
    "bins",
    [
        local_bins(2, 1.0, 2.0),
        Bins(np.full(40, -0.5), np.full(40, 0.5)),
        Bins(np.array([-1.0, 0.0, 1e-6, 2e-6, 0.7]), np.array([-0.9, 0.1, 0.1, 0.1, 0.71])),
        Bins(np.array([-1.0, -0.99, 0.99]), np.array([-0.99, 0.99, 1.0])),
    ],
)
def test_bins_that_are_not_spaced_evenly(bins):
    random = np.random.default_rng(2)
    x, values = np.concatenate([random.uniform(-1.2, 1.2, 300), *bins]), random.normal(size=300 + 2 * bins.left.size)
    agree(bin_between(x, values, bins), x, values, bins)


def test_as_many_values_as_x():
    with pytest.raises(ValueError, match=r"one shape \(got: \(3,\) and \(2,\)\)"):
        bin_even(np.zeros(3), np.zeros(2), 0.0, 1.0, 1.0, 4)


@pytest.mark.parametrize("most", [1, 2, 3, 17, 64, 65, 500, 3000])
def test_a_bin_of_any_size(most):
    random = np.random.default_rng(most)
    counts = random.integers(0, most, 2 * LANES + 3)
    counts[[0, -1]] = most
    values = random.normal(size=counts.sum())
    x = random.permutation(np.repeat(np.arange(counts.size) + 0.5, counts))
    agree(
        bin_even(x, values, 0.0, 1.0, 1.0, counts.size),
        x,
        values,
        Bins(*(np.arange(counts.size) + d for d in (0.0, 1.0))),
    )


@given(st.floats(0.3, 900.0), st.integers(1, 2001))
@settings(max_examples=60, deadline=None)
def test_every_edge_is_kept_to_the_last_bit(period, length):
    bins = global_bins(length, period)
    x = np.concatenate([bins.left, np.nextafter(bins.left, np.inf), np.nextafter(bins.right, -np.inf)])
    assert bin_between(x, np.zeros(x.size), bins).counts.tolist() == [3] * length
    near = local_bins(max(length, 2), 0.4 * period, 4.08 * 0.8 * period / max(length, 6))
    x = np.concatenate([edges for each in near for edges in (each, np.nextafter(each, -np.inf))])
    expected = np.searchsorted(np.sort(x), near.right) - np.searchsorted(np.sort(x), near.left)
    assert bin_between(x, np.zeros(x.size), near).counts.tolist() == expected.tolist()


@given(st.floats(0.3, 900.0), st.integers(1, 2001))
@settings(deadline=None)
def test_even_bins_that_adjoin_leave_no_gap(spacing, length):
    left = 0.3 + spacing * np.arange(1, length + 1)
    x = np.concatenate([left, np.nextafter(left, -np.inf)])
    assert bin_even(x, x, 0.3, spacing, spacing, length).counts.tolist() == [1, *[2] * (length - 1)]


@pytest.mark.parametrize(
    ("spacing", "width", "length"), [(0.0, 1.0, 1), (1.0, 0.0, 1), (1.0, 1.0, 0), (np.nan, 1.0, 1)]
)
def test_no_bins(spacing, width, length):
    with pytest.raises(ValueError, match="must be above 0"):
        bin_even(np.zeros(1), np.zeros(1), 0.0, spacing, width, length)


@pytest.mark.parametrize(("points", "bias"), [(2, 0.84), (3, 1.02), (4, 1.05), (5, 1.04), (10, 1.005), (33, 1.0)])
def test_the_scatter_of_few_is_hardly_too_small(points, bias):
    # Means over normal noise; two lie 1.128 sigma apart in the mean, of which 0.7413 are taken.
    random = np.random.default_rng(points)
    x = np.repeat(np.arange(20000.0), points)
    scatter = bin_even(x, random.normal(0, 3e-4, x.size), 0.0, 1.0, 1.0, 20000).scatter
    assert scatter.mean() / 3e-4 == pytest.approx(bias, abs=0.015)


def test_a_fifth_of_outliers_hardly_widens_the_scatter():
    random = np.random.default_rng(3)
    x, values = np.repeat(np.arange(200.0), 100), random.normal(size=20000)
    values[::5] = 1000.0
    scatter = bin_even(x, values, 0.0, 1.0, 1.0, 200).scatter
    assert 1.0 < scatter.mean() < 2.0
    assert scatter.max() < 4.0


def test_what_is_not_finite_is_left_out():
    x = np.array([0.1, 0.2, np.nan, 0.3, np.inf, -np.inf, 0.4, 0.45])
    values = np.array([1.0, np.nan, 5.0, 3.0, 5.0, 5.0, np.inf, -np.inf])
    for width in (0.5, 0.6):
        binned = bin_even(x, values, 0.0, 0.5, width, 2)
        assert binned.counts.tolist() == [2, 0]
        assert binned.values[0] == 2.0
    view = global_view(x, values, 1.0, 4)
    assert view.counts.sum() == 2
    assert np.isfinite(view.values).all()


def test_arrays_of_any_kind():
    x, values = np.linspace(-1, 1, 60, endpoint=False), np.arange(60.0)
    expected = bin_even(x[::3], values[::3], -1.0, 0.2, 0.3, 9)
    narrow = values.astype(np.float32)
    x.flags.writeable = narrow.flags.writeable = False
    for got, wanted in zip(bin_even(x[::3], narrow[::3], -1.0, 0.2, 0.3, 9), expected, strict=True):
        assert np.array_equal(got, wanted, equal_nan=True)


def test_a_phase_in_no_order_gives_what_a_sorted_one_does():
    random = np.random.default_rng(5)
    phase, flux = random.uniform(-5, 5, 3000), random.normal(size=3000)
    order = np.argsort(phase)
    for view in (lambda x, y: global_view(x, y, 10.0, 301), lambda x, y: local_view(x, y, 0.8, 0.032, 201)):
        for got, wanted in zip(view(phase, flux), view(phase[order], flux[order]), strict=True):
            assert np.array_equal(got, wanted, equal_nan=True)


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


@given(st.floats(0.1, 100.0), st.floats(0.01, 0.5), st.integers(2, 201), st.floats(0.5, 6.0), st.floats(0.01, 2.0))
@settings(max_examples=50, deadline=None)
def test_a_local_view_leaves_no_cadence_out(period, share, length, durations, width):
    half_width_d, bin_width_d = local_extent(period, share * period, length, durations, width)
    assert 0 < half_width_d <= 0.5 * period
    phase = np.linspace(-half_width_d, half_width_d, 3001)[1:-1]
    view = local_view(phase, phase, half_width_d, bin_width_d, length)
    assert view.counts.sum() >= phase.size - length  # a cadence on the very edge of two bins may miss both by rounding
    assert view.values == pytest.approx(local_bins(length, half_width_d, bin_width_d).centre, abs=bin_width_d)


@given(st.integers(1, 300), st.integers(4, 40), SEEDS)
@settings(deadline=None)
def test_a_mirrored_light_curve_gives_the_mirrored_view(points, half, seed):
    # Off the edges, that is: a cadence on an edge belongs to the bin on its right, and mirrored to the one on its left.
    random = np.random.default_rng(seed)
    phase, flux = random.uniform(-0.9, 0.9, points), random.normal(size=points)
    length = 2 * half + 1
    for view in (lambda x, y: global_view(x, y, 2.0, length), lambda x, y: local_view(x, y, 0.9, 0.2, length)):
        forward, mirrored = view(phase, flux), view(-phase, flux)
        assert mirrored.counts.tolist() == forward.counts[::-1].tolist()
        assert mirrored.values == pytest.approx(forward.values[::-1], abs=1e-12)
        assert np.array_equal(mirrored.scatter, forward.scatter[::-1], equal_nan=True)


def test_empty_bins_lie_on_the_line_between_their_neighbours():
    medians = np.array([np.nan, 1.0, np.nan, np.nan, 4.0, np.nan])
    centre = np.arange(6.0)
    assert fill_empty(medians, centre).tolist() == [1.0, 1.0, 2.0, 3.0, 4.0, 4.0]
    # A period is a circle of six: from 4 (at place 4) down to 1 (at place 7), by way of 5 and 6.
    assert fill_empty(medians, centre, period=6.0) == pytest.approx([2.0, 1.0, 2.0, 3.0, 4.0, 3.0])
    assert np.isnan(medians).sum() == 4
    full = np.arange(6.0)
    assert fill_empty(full, centre).tolist() == full.tolist()
    assert fill_empty(full, centre) is not full


@pytest.mark.parametrize(("phase", "flux"), [([], []), ([0.1, 0.2], [np.nan, np.nan])])
def test_nothing_to_fill_from(phase, flux):
    with pytest.raises(ValueError, match="no bin has a cadence"):
        global_view(np.array(phase), np.array(flux), 1.0, 10)
    with pytest.raises(ValueError, match="no bin has a cadence"):
        local_view(np.array(phase), np.array(flux), 0.5, 0.1, 10)


def test_one_cadence_and_all_in_one_place():
    for view in (lambda x, y: global_view(x, y, 1.0, 101), lambda x, y: local_view(x, y, 0.4, 0.02, 101)):
        one = view(np.array([0.0]), np.array([3.0]))
        assert one.values.tolist() == [3.0] * 101
        assert one.counts.max() == 1
        assert np.isnan(one.scatter).all()
        crowd = view(np.zeros(5000), np.arange(5000.0))
        assert crowd.values.tolist() == [2499.5] * 101
        assert np.nanmax(crowd.scatter) == pytest.approx(2500 / 1.3489795, rel=1e-3)


def test_empty_bins_are_counted():
    view = global_view(np.array([-0.5, 0.1]), np.array([1.0, 3.0]), 1.0, 10)
    assert view.empty == 8
    assert view.counts.sum() == 2
    assert np.isfinite(view.values).all()
