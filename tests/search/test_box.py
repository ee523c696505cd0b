"""The periodogram: folding and boxes against sums written out, gerbls and astropy as judges, and its limits."""

from itertools import pairwise

import gerbls
import numpy as np
import pytest
from astropy.timeseries import BoxLeastSquares
from hypothesis import given, settings
from hypothesis import strategies as st
from search.dips import LONG_CADENCE_D, START, Dip, apart, flat_curve

from lightmill.search.box import (
    FEWEST_SAMPLES,
    NO_PERIODOGRAM,
    SAMPLING_STEP,
    Redness,
    best_peak,
    search_box,
    solar_duration,
    stages,
)
from lightmill.search.folding import WIDTHS, best_box, fold_rows, sample_evenly

DIP = Dip(period_d=11.3, epoch_bjd=START + 4.2, duration_d=0.2, depth=3e-4)


@pytest.mark.parametrize(("rows", "columns"), [(1, 7), (2, 5), (3, 5), (8, 16), (13, 11), (100, 37)])
def test_each_row_is_added_once_and_shifted_evenly(rows, columns):
    # One sample in each row, at its beginning, of a weight that tells the rows apart.
    for row in {0, rows // 3, rows - 1}:
        values, room = np.zeros(rows * columns, np.float32), np.empty(rows * columns, np.float32)
        values[row * columns] = 1.0
        fold_rows(values, room, rows, columns)
        folded = values.reshape(rows, columns)
        assert np.array_equal(folded.sum(axis=1), np.ones(rows))
        for drift in range(rows):
            # Drifting to the right: the fold looks further on in every row, so the sample comes to lie further left.
            exact = drift * row / max(rows - 1, 1)
            shift = (-int(np.argmax(folded[drift]))) % columns
            off = (shift - exact + columns / 2) % columns - columns / 2
            assert abs(off) <= 0.5 + 0.5 * np.ceil(np.log2(max(rows, 2))) / 2, (row, drift)


def test_first_and_last_fold_are_exact():
    values = np.random.default_rng(2).normal(size=(13, 11)).astype(np.float32)
    folded, room = values.ravel().copy(), np.empty(values.size, np.float32)
    fold_rows(folded, room, 13, 11)
    folded = folded.reshape(13, 11)
    np.testing.assert_allclose(folded[0], values.sum(axis=0), atol=1e-5)
    shifted = sum(np.roll(row, -number) for number, row in enumerate(values))
    np.testing.assert_allclose(folded[-1], shifted, atol=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(12, 200), st.lists(st.sampled_from([0.0, 1.0]), min_size=6, max_size=6))
def test_best_box_is_the_best_of_all(seed, columns, trust):
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 4, columns).astype(np.float64)
    weights[0] = 2.0
    dips = rng.normal(0, np.sqrt(weights))
    total = weights.sum()
    ring, ring_of_weights = (np.concatenate([v, v[:7]]).astype(np.float32) for v in (dips, weights))
    best = np.empty(4)
    scores = np.empty(columns, np.float32)
    best_box(ring, ring_of_weights, np.array(trust, np.float32), 0.5, total, scores, best)
    expected = (0.0, 0, 0, 0.0)
    for worth, width in zip(trust, WIDTHS, strict=True):
        for first in range(columns):
            inside = np.arange(first, first + width) % columns
            dip, weight = dips[inside].sum(), weights[inside].sum()
            if worth and dip > 0 and weight >= 0.5:
                rest = max(1 - weight / total, 0.5)
                expected = max(expected, (dip**2 / weight / rest, first, width, dip / weight / rest))
    assert best[0] == pytest.approx(expected[0], rel=1e-4, abs=1e-9)
    inside = np.arange(best[1], best[1] + best[2]).astype(int) % columns
    if best[0] > 0:
        rest = max(1 - weights[inside].sum() / total, 0.5)
        assert dips[inside].sum() / weights[inside].sum() / rest == pytest.approx(best[3], rel=1e-4)


def test_cadences_are_shared_out_over_samples():
    time_d, ones = np.array([0.5, 1.75, 9.0]), np.array([2.0, 4.0, 1.0])
    sums, weights = np.empty(3, np.float32), np.empty(3, np.float32)
    sample_evenly(time_d, ones, 0.5 * ones, 1.0, 1.0, sums, weights)
    # The first fills the first sample; the second lies a quarter in the next and three quarters beyond.
    np.testing.assert_allclose(sums, [2.0, 3.0, 1.0])
    np.testing.assert_allclose(weights, [1.0, 1.5, 0.5])


def test_grid_is_gapless_and_follows_the_durations():
    parts = list(stages(0.3, 700.0, LONG_CADENCE_D, (0.1, 50.0), 3.0))
    assert parts[0].shortest_d == 0.3
    assert parts[-1].longest_d == 700.0
    assert all(one.longest_d == two.shortest_d for one, two in pairwise(parts))
    for part in parts:
        samples = solar_duration(np.array([part.shortest_d, part.longest_d])) / part.sample_d
        # Three samples in a transit of a star like the Sun, as far as cadences are short enough for it.
        at_least = part.sample_d > 1.01 * LONG_CADENCE_D
        assert samples[0] >= 2.999 or not at_least or part.sample_d < part.shortest_d / FEWEST_SAMPLES * 1.001
        assert samples[0] <= 3.001 or part.sample_d >= LONG_CADENCE_D or part.shortest_d < 12 * LONG_CADENCE_D
        assert part.shortest_d / part.sample_d >= FEWEST_SAMPLES * 0.999
        assert part.asked.any()
    ratios = [one.longest_d / one.shortest_d for one in parts[5:-1]]
    assert np.allclose(ratios, SAMPLING_STEP**3)


def test_periods_ascend_and_are_a_sample_apart_over_the_span():
    time_bjd, flux = flat_curve(200, [DIP])
    periodogram = search_box(time_bjd, flux, 1e-4, 0.5, 100.0)
    step = np.diff(periodogram.period_d)
    span = time_bjd[-1] - time_bjd[0]
    assert np.all(step > 0)
    assert periodogram.period_d[0] == pytest.approx(0.5, rel=1e-3)
    assert periodogram.period_d[-1] == pytest.approx(100.0, rel=0.02)
    drift = step * np.floor(span / periodogram.period_d[:-1]) / periodogram.sample_d[:-1]
    # Where one sampling gives way to the next, a period may be missing.
    assert np.quantile(drift, 0.999) < 1.05
    assert np.all(drift < 2.1)


@pytest.mark.parametrize(
    ("dip", "days", "cadence_d"),
    [
        (DIP, 400, LONG_CADENCE_D),
        (Dip(0.61, START + 0.1, 0.06, 2e-4), 100, LONG_CADENCE_D),
        (Dip(97.0, START + 60.0, 0.4, 4e-4), 400, LONG_CADENCE_D),
        (Dip(6.27, START + 1.0, 0.12, 5e-4), 27, 120 / 86400),
    ],
)
def test_dips_are_found_where_they_are(dip, days, cadence_d):
    time_bjd, flux = flat_curve(days, [dip], noise=1e-4, cadence_d=cadence_d)
    periodogram = search_box(time_bjd, flux, 1e-4, 0.4, days / 3)
    peak = best_peak(periodogram)
    assert apart(dip, peak.period_d, peak.epoch_bjd, time_bjd) < 0.5
    assert peak.duration_h / 24 == pytest.approx(dip.duration_d, rel=0.7)
    assert peak.depth_ppm == pytest.approx(1e6 * dip.depth, rel=0.35)
    white = dip.depth / 1e-4 * np.sqrt(np.count_nonzero(dip.where(time_bjd)))
    assert 0.75 * white < peak.snr < 1.05 * white
    assert time_bjd[0] <= peak.epoch_bjd < time_bjd[0] + peak.period_d


def test_astropy_finds_the_same_dip():
    time_bjd, flux = flat_curve(120, [DIP])
    peak = best_peak(search_box(time_bjd, flux, 1e-4, 0.5, 60.0))
    periods = peak.period_d * np.linspace(0.99, 1.01, 801)
    judge = BoxLeastSquares(time_bjd, flux, dy=1e-4).power(periods, np.arange(0.1, 0.31, 0.02), oversample=10)
    best = int(np.argmax(judge.power))
    assert peak.period_d == pytest.approx(judge.period[best], rel=DIP.duration_d / 120)
    fold = np.mod(peak.epoch_bjd - judge.transit_time[best] + 0.5 * peak.period_d, peak.period_d) - 0.5 * peak.period_d
    assert abs(fold) < 0.25 * DIP.duration_d
    # Astropy's power is half the fall of chi squared; its grid is five times finer.
    assert 0.85 * np.sqrt(2 * judge.power[best]) < peak.snr <= 1.001 * np.sqrt(2 * judge.power[best])


def test_gerbls_finds_the_same_dip():
    time_bjd, flux = flat_curve(300, [DIP])
    mine = search_box(time_bjd, flux, 1e-4, 1.0, 100.0)
    data, star, model = gerbls.pyDataContainer(), gerbls.pyTarget(), gerbls.pyFastBLS()
    data.store(time_bjd - time_bjd[0], 1.0 + flux, np.full(time_bjd.size, 1e-4))
    star.M = star.R = 1.0
    factors = [0.27, 0.4, 0.55, 0.8, 1.1, 1.6, 2.15]
    model.setup(data, 1.0, 100.0, star, LONG_CADENCE_D, False, "physical", factors, downsample=True)
    model.run(False)
    judge = gerbls.pyBLSAnalyzer(model)
    best = int(np.argmax(np.where(judge.dmag > 0, judge.dchi2, 0)))
    peak = best_peak(mine)
    assert peak.period_d == pytest.approx(judge.P[best], rel=DIP.duration_d / 300)
    assert peak.snr == pytest.approx(judge.snr[best], rel=0.12)
    # As many periods, within what the grids differ in, and about as much power in the noise.
    assert mine.period_d.size == pytest.approx(judge.P.size, rel=0.25)
    assert np.median(mine.power) == pytest.approx(np.median(judge.dchi2), rel=0.25)


def test_brightening_is_no_dip():
    time_bjd, flux = flat_curve(200, [DIP._replace(depth=-3e-3)], noise=1e-4)
    periodogram = search_box(time_bjd, flux, 1e-4, 0.5, 60.0)
    near = np.abs(periodogram.period_d / DIP.period_d - 1) < 1e-3
    assert np.all(periodogram.depth_ppm >= 0)
    # Between brightenings it is darker than on average, by what a box of a dozen durations could show, and no more.
    assert np.sqrt(periodogram.power[near].max()) < 0.3 * 3e-3 / 1e-4 * np.sqrt(np.sum(DIP.where(time_bjd)))


def test_red_noise_counts_less_at_its_durations():
    time_bjd, flux = flat_curve(200, [DIP])
    white = search_box(time_bjd, flux, 1e-4, 0.5, 60.0)
    red = search_box(time_bjd, flux, 1e-4, 0.5, 60.0, redness=Redness(np.array([0.01, 1.0]), np.array([2.0, 2.0])))
    np.testing.assert_allclose(red.power, white.power / 4.0, rtol=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.floats(-900.0, 900.0), st.floats(0.1, 10.0))
def test_zero_point_and_unit_do_not_matter(shift, factor):
    time_bjd, flux = flat_curve(60, [DIP])
    one = best_peak(search_box(time_bjd, flux, 1e-4, 2.0, 30.0))
    # Shifted by whole days, so that differences of times stay the same to the last bit but one.
    other = best_peak(search_box(time_bjd + round(shift), factor * flux, factor * 1e-4, 2.0, 30.0))
    assert other.period_d == pytest.approx(one.period_d, rel=1e-6)
    assert other.epoch_bjd == pytest.approx(one.epoch_bjd + round(shift), abs=1e-4)
    assert other.snr == pytest.approx(one.snr, rel=1e-4)
    assert other.depth_ppm == pytest.approx(factor * one.depth_ppm, rel=1e-4)


def test_noisier_cadences_count_less():
    time_bjd, flux = flat_curve(200, [DIP])
    rng = np.random.default_rng(4)
    bad = time_bjd > START + 120
    scatter = np.where(bad, 2e-3, 1e-4)
    flux = flux + bad * rng.normal(0, 2e-3, flux.size)
    peak = best_peak(search_box(time_bjd, flux, scatter, 0.5, 60.0))
    assert apart(DIP, peak.period_d, peak.epoch_bjd, time_bjd[~bad]) < 0.5


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_too_little_data_gives_nothing(size):
    time_bjd = START + np.arange(size) * LONG_CADENCE_D
    assert search_box(time_bjd, np.zeros(size), 1e-4, 0.5, 10.0) is NO_PERIODOGRAM
    assert best_peak(NO_PERIODOGRAM) is None


def test_constant_flux_has_no_dip():
    time_bjd, flux = flat_curve(60, noise=0)
    periodogram = search_box(time_bjd, flux, 1e-4, 0.5, 30.0)
    assert best_peak(periodogram) is None
    assert np.all(periodogram.power == 0)


def test_a_span_shorter_than_the_longest_period_is_searched_as_far_as_it_goes():
    time_bjd, flux = flat_curve(30)
    assert search_box(time_bjd, flux, 1e-4, 0.5, 300.0).period_d[-1] <= 30.0


def test_wrong_ranges_are_refused():
    time_bjd, flux = flat_curve(30)
    with pytest.raises(ValueError, match=r"periods must be above zero and ascending \(got: 3.0 to 3.0 d\)"):
        search_box(time_bjd, flux, 1e-4, 3.0, 3.0)
    with pytest.raises(ValueError, match=r"densities must be above zero and ascending \(got: 0.0 to 1.0\)"):
        search_box(time_bjd, flux, 1e-4, 3.0, 4.0, densities=(0.0, 1.0))


def test_same_input_same_bytes():
    time_bjd, flux = flat_curve(100, [DIP])
    one, two = (search_box(time_bjd, flux, 1e-4, 0.5, 50.0) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_a_duration_is_that_of_a_central_transit():
    # The Earth's: 13 hours, 0.541 days.
    assert solar_duration(365.25) == pytest.approx(0.5407, abs=1e-3)
    assert solar_duration(365.25 / 8) == pytest.approx(0.5407 / 2, rel=1e-3)
