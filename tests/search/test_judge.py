"""Single transits compared: how many, how alike, what rises beside them."""

import numpy as np
import pytest
from search.dips import START, Dip, flat_curve

from lightmill.search.box import Peak
from lightmill.search.judge import (
    Transits,
    agree,
    beside_waves,
    depth_of,
    disagreement,
    in_step,
    odd_transits,
    only_every,
    rise_of,
    transits_of,
)
from lightmill.search.sharpen import weigh

DIP = Dip(period_d=10.0, epoch_bjd=START + 5.0, duration_d=0.2, depth=1e-3)
PEAK = Peak(10.0, START + 5.0, 4.8, 1000.0, 1.0)


def transits(snr, weight):
    snr = np.array(snr, float)
    return Transits(np.arange(snr.size), snr, np.broadcast_to(np.array(weight, float), snr.shape).copy())


def test_transits_one_by_one():
    time_bjd, flux = flat_curve(50, [DIP], noise=0, gaps=0)
    # The third has lost all of its data, the fourth two thirds.
    lost = (np.abs(time_bjd - START - 25) < 0.5) | ((time_bjd > START + 34.5) & (time_bjd < START + 35.035))
    found = transits_of(weigh(time_bjd[~lost], flux[~lost], 1e-4), PEAK)
    assert found.number.tolist() == [0, 1, 3, 4]
    cadences = 10
    np.testing.assert_allclose(found.snr[[0, 1, 3]], 10.0 * np.sqrt(cadences), rtol=0.08)
    assert found.weight[0] == pytest.approx(cadences * 1e8, rel=0.11)
    assert found.observed == 3
    assert depth_of(found).value == pytest.approx(1e-3, rel=0.03)


def test_no_data_no_transits():
    time_bjd, flux = flat_curve(4, noise=0)
    found = transits_of(weigh(time_bjd, flux, 1e-4), PEAK)
    assert found.snr.size == found.observed == 0
    assert disagreement(found, 1.0) == 0.0
    assert not odd_transits(found, 1.0).size


def test_few_transits_far_deeper_than_most_are_odd():
    assert odd_transits(transits([5, 4, 60, 6], 1), 1.0).tolist() == [2]
    assert odd_transits(transits([5, 4, 60, 6, 5, 80, 4, 3], 1), 1.0).tolist() == [2, 5]
    # As deep by chance, or not twice as deep.
    assert not odd_transits(transits([5, 4, 14, 6], 1), 1.0).size
    assert not odd_transits(transits([60, 50, 90, 70], 1), 1.0).size
    # In noise as red.
    assert not odd_transits(transits([5, 4, 60, 6], 1), 12.0).size
    # Every second one is as deep: two eclipses of a binary.
    assert not odd_transits(transits([5, 60, 4, 60], 1), 1.0).size
    assert not odd_transits(transits([5, 60], 1), 1.0).size


@pytest.mark.parametrize(("duration_d", "kept"), [(0.2, (0.88, 0.97)), (0.7, (0.65, 0.8)), (1.4, (0.35, 0.55))])
def test_a_box_keeps_its_own_beside_waves(duration_d, kept):
    dip = DIP._replace(duration_d=duration_d)
    peak = PEAK._replace(duration_h=24 * duration_d)
    time_bjd, flux = flat_curve(60, [dip], noise=1e-4, gaps=0)
    assert kept[0] < beside_waves(weigh(time_bjd, flux, 1e-4), peak) < kept[1]
    # As much of it where the star goes up and down besides.
    waves = 3e-4 * (np.sin(time_bjd * 2 * np.pi / 10) + 0.5 * np.cos(time_bjd * 4 * np.pi / 10 + 1))
    assert beside_waves(weigh(time_bjd, flux + waves, 1e-4), peak) > 0.5 * kept[0]


def test_a_wave_leaves_nothing_for_a_box():
    time_bjd, flux = flat_curve(60, [], noise=1e-4, gaps=0)
    waves = 1e-3 * (np.sin(time_bjd * 2 * np.pi / 10) + 0.5 * np.cos(time_bjd * 4 * np.pi / 10 + 1))
    middle = time_bjd[np.argmin(waves[time_bjd < time_bjd[0] + 10])]
    cadences = weigh(time_bjd, flux + waves, 1e-4)
    assert abs(beside_waves(cadences, PEAK._replace(epoch_bjd=middle, duration_h=24.0))) < 0.01


def test_disagreement_is_chi_squared():
    # Depths 6, 6, 0 about 4: 4 + 4 + 16 over two degrees of freedom.
    assert disagreement(transits([6, 6, 0], 1), 1.0) == pytest.approx(12.0)
    assert disagreement(transits([6, 6, 0], 1), 2.0) == pytest.approx(3.0)
    # Half of the data, the same depth: no disagreement.
    assert disagreement(transits([2, np.sqrt(2)], [4, 2]), 1.0) == pytest.approx(0.0, abs=1e-12)


def test_every_second_missing_does_not_agree():
    assert not agree(transits([6, 0] * 10, 1), 1.0)
    assert agree(transits([6] * 20, 1), 1.0)
    rng = np.random.default_rng(5)
    assert all(agree(transits(rng.normal(3, 1, 20), 1), 1.0) for _ in range(200))
    # Two strong events among three are two single events.
    assert not agree(transits([6, 6, 0], 1), 1.0)


def test_one_in_three_is_told_from_three_of_three():
    rng = np.random.default_rng(6)
    thirds = [transits(np.where(np.arange(45) % 3 == 1, 4.0, 0.0) + rng.normal(0, 1, 45), 1) for _ in range(50)]
    assert sum(only_every(one, 3, 1.0) for one in thirds) >= 48
    # An S/N of 7 in all, in as many transits.
    weak = [transits(7 / np.sqrt(45) + rng.normal(0, 1, 45), 1) for _ in range(200)]
    assert sum(only_every(one, 3, 1.0) for one in weak) <= 6
    assert sum(only_every(one, 8, 1.0) for one in weak) <= 6
    assert only_every(Transits(np.arange(0, 30, 3), np.full(10, 5.0), np.ones(10)), 3, 1.0)


def test_dips_that_go_round_are_in_step():
    rng = np.random.default_rng(7)
    even = [transits(1.0 + rng.normal(0, 1, 100), 1) for _ in range(200)]
    assert sum(in_step(one, 5, 1.0) for one in even) <= 6
    assert in_step(transits(np.arange(100) % 5 + rng.normal(0, 1, 100), 1), 5, 1.0)
    assert not in_step(transits(np.arange(100) % 5 + rng.normal(0, 1, 100), 1), 5, 4.0)


def test_depths_that_differ_have_larger_errors():
    assert depth_of(transits([4, 4, 4], 1)) == pytest.approx((4.0, 1 / np.sqrt(3)))
    assert depth_of(transits([6, 6, 0], 1)) == pytest.approx((4.0, np.sqrt(12 / 3)))


def test_what_rises_is_seen():
    time_bjd, flux = flat_curve(200, [DIP], noise=1e-4)
    white = 10 * np.sqrt(np.count_nonzero(DIP.where(time_bjd)))
    # The baseline is the mean, transits included: all else lies above it by a fiftieth of the depth.
    assert rise_of(weigh(time_bjd, flux, 1e-4), PEAK) < 4.0 + 0.02 * white
    opposite = DIP._replace(epoch_bjd=START + 9.2, depth=-1e-3)
    flux += 1e-3 * opposite.where(time_bjd)
    assert rise_of(weigh(time_bjd, flux, 1e-4), PEAK) == pytest.approx(white, rel=0.2)


def test_what_rises_beside_the_dip_does_not_count():
    time_bjd, flux = flat_curve(200, [DIP], noise=1e-4)
    flux += 1e-3 * Dip(10.0, START + 5.0, 0.6, 1e-3).where(time_bjd) * ~DIP.where(time_bjd)
    white = 10 * np.sqrt(np.count_nonzero(DIP.where(time_bjd)))
    assert rise_of(weigh(time_bjd, flux, 1e-4), PEAK) < 4.0 + 0.02 * white


def test_a_wave_rises_as_much_as_it_dips():
    time_bjd, flux = flat_curve(100, noise=1e-4)
    flux -= 3e-4 * np.cos(2 * np.pi * (time_bjd - START) / 1.3)
    cadences = weigh(time_bjd, flux, 1e-4)
    peak = Peak(1.3, START, 24 * 0.19, 300.0, 1.0)
    found = transits_of(cadences, peak)
    dip = np.sum(found.snr * np.sqrt(found.weight)) / np.sqrt(found.weight.sum())
    assert rise_of(cadences, peak) == pytest.approx(dip, rel=0.1)
