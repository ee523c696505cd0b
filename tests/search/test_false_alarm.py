"""The chance of a false alarm: what it is made of, and what comes of noise alone."""

import numpy as np
import pytest
from search.dips import START, Dip, flat_curve

from lightmill.search.box import NO_PERIODOGRAM, Periodogram, search_box
from lightmill.search.false_alarm import BLOCKS, NoisePeaks, blocks, noise_peaks, trials


def periodogram(power, period_d=None):
    power = np.asarray(power, float)
    period_d = np.geomspace(1, 100, power.size) if period_d is None else period_d
    ones = np.ones(power.size)
    return Periodogram(period_d, power, ones, ones, ones, 0.1 * ones)


def test_blocks_are_even_in_the_logarithm_and_leave_nothing_out():
    parts = blocks(periodogram(np.ones(60_000)))
    assert len(parts) == BLOCKS
    assert [part.start for part in parts[1:]] == [part.stop for part in parts[:-1]]
    assert (parts[0].start, parts[-1].stop) == (0, 60_000)
    assert all(part.stop - part.start == 1000 for part in parts[1:-1])
    assert len(blocks(periodogram(np.ones(120)))) == 2
    assert blocks(NO_PERIODOGRAM) == []


def test_trials_are_boxes_laid():
    # Periods of 1, 2 and 4 days in samples of a tenth of a day: 10 + 20 + 40 places.
    one = periodogram(np.ones(3), np.array([1.0, 2.0, 4.0]))
    assert trials(one, slice(0, 3)) == pytest.approx(70)


def test_chance_by_hand():
    noise = NoisePeaks(np.array([1.0, 10.0, 100.0]), np.array([1.0, 1.0, 3.0]), 2.0)
    # ln 3 scales above the location, and trials that count for nothing: one of three blocks.
    assert noise.chance(1.0, 1.0 + 2 * np.log(3), 1.0) == pytest.approx(1 - np.exp(-1))
    assert noise.chance(31.6, 2.0 + 2 * np.log(3), 1.0) == pytest.approx(1 - np.exp(-1), rel=1e-3)
    # Twice the trials are twice the chance: power higher by 2 ln 2 makes up for it.
    rare = noise.chance(1.0, 40.0, 10.0)
    assert noise.chance(1.0, 40.0, 20.0) == pytest.approx(2 * rare, rel=1e-3)
    assert noise.chance(1.0, 40.0 + 2 * np.log(2), 20.0) == pytest.approx(rare)
    assert 0 < noise.chance(1.0, 1000.0, 1.0) < 1e-200


def test_the_distribution_is_recovered():
    rng = np.random.default_rng(7)
    scales, locations = [], []
    for _ in range(30):
        # The highest of a thousand values with an exponential tail of scale 3, one of them in each block.
        power = np.zeros(60_000)
        power[500::1000] = 20.0 + rng.gumbel(0, 3.0, 60)
        one = periodogram(power)
        noise = noise_peaks(one)
        scales.append(noise.scale)
        locations.append(np.median(noise.location + 2 * np.log([trials(one, part) for part in blocks(one)])))
    assert np.mean(scales) == pytest.approx(3.0, rel=0.12)
    assert np.mean(locations) == pytest.approx(20.0, abs=0.6)


def test_no_noise_falls_off_faster_than_chi_squared():
    assert noise_peaks(periodogram(np.full(60_000, 25.0))).scale == 2.0


def test_too_few_periods_tell_nothing():
    for short in (NO_PERIODOGRAM, periodogram(np.ones(200))):
        noise = noise_peaks(short)
        assert np.isnan(noise.chance(3.0, 100.0, 10.0))


def most_unlikely(one):
    noise = noise_peaks(one)
    chances = []
    for part in blocks(one):
        place = part.start + int(np.argmax(one.power[part]))
        chances.append(noise.chance(one.period_d[place], one.power[place], trials(one, part)))
    return min(chances)


def test_white_noise_gives_as_many_false_alarms_as_it_says():
    lowest = []
    for seed in range(60):
        time_bjd, flux = flat_curve(60, seed=seed)
        lowest.append(most_unlikely(search_box(time_bjd, flux, 1e-4, 0.4, 30.0)))
    lowest = np.array(lowest)
    # Binomial: of 60 at 10 %, more than 12 are one case in a hundred.
    assert np.count_nonzero(lowest < 0.1) <= 12
    assert np.count_nonzero(lowest < 0.01) <= 3
    assert np.median(lowest) > 0.3


def test_a_signal_is_no_false_alarm_in_the_noise_without_it():
    dip = Dip(7.3, START + 2.0, 0.15, 3e-4)
    time_bjd, flux = flat_curve(120, [dip])
    found = search_box(time_bjd, flux, 1e-4, 0.4, 60.0)
    away = ~dip._replace(duration_d=0.3).where(time_bjd)
    noise = noise_peaks(search_box(time_bjd[away], flux[away], 1e-4, 0.4, 60.0))
    assert noise.scale < 3.0
    place = int(np.argmax(found.power))
    part = next(part for part in blocks(found) if part.start <= place < part.stop)
    assert noise.chance(found.period_d[place], found.power[place], trials(found, part)) < 1e-6
