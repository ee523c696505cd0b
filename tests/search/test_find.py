"""Stars of which nothing is known: their dips found one after the other, on made-up and on real light curves."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest
from views.stars import CADENCE_D, START, light_curve

from lightmill.config.search import FindSettings
from lightmill.config.views import Savgol, Spline
from lightmill.lightcurves.files import read_light_curve_files
from lightmill.search.box import WHITE, Peak
from lightmill.search.candidates import Candidate, Range, base_of, peaks, strongest
from lightmill.search.curve import phase_curve, searchable
from lightmill.search.find import find_signals
from lightmill.search.sharpen import weigh
from lightmill.targets import BKJD_ZERO_BJD
from lightmill.views import Signal

SPLINE, SAVGOL = Spline(method="spline"), Savgol(method="savgol")
B = Signal("b", 4.77, START + 1.3, 3.0, 500.0)
C = Signal("c", 13.02, START + 6.0, 4.5, 700.0)
D = Signal("d", 22.68, START + 20.0, 5.4, 800.0)


class Known(NamedTuple):
    """What a catalog says."""

    name: str
    period_d: float
    epoch_bjd: float
    duration_h: float


def off(known, found, first_bjd, last_bjd):
    """The largest distance of a known transit from a found one over a span, in known durations."""
    numbers = np.arange(
        np.ceil((first_bjd - known.epoch_bjd) / known.period_d), (last_bjd - known.epoch_bjd) / known.period_d
    )
    middles = known.epoch_bjd + known.period_d * numbers
    half = 0.5 * found.period_d
    return np.max(np.abs(np.mod(middles - found.epoch_bjd + half, found.period_d) - half)) * 24 / known.duration_h


def the_one(known, found, light_curve):
    """The found signal at a known period and epoch."""
    near = [signal for signal in found if abs(signal.period_d / known.period_d - 1) < 2e-3]
    assert near, f"{known} not found"
    assert off(known, near[0], light_curve.time_bjd[0], light_curve.time_bjd[-1]) < 1.0, known
    return near[0]


@pytest.fixture(scope="module")
def three():
    return light_curve(days=200.0, signals=[B, C, D], noise=2e-4)


def test_three_planets_and_nothing_else(three):
    found = find_signals(three, SPLINE)
    assert len(found) == 3
    assert [signal.snr for signal in found] == sorted((signal.snr for signal in found), reverse=True)
    for signal in (B, C, D):
        one = the_one(signal, found, three)
        inside = np.count_nonzero(signal.transits(three.time_bjd, 1.0))
        white = signal.depth_ppm * 1e-6 / 2e-4 * np.sqrt(inside)
        assert one.snr == pytest.approx(white, rel=0.15)
        assert one.depth_ppm == pytest.approx(signal.depth_ppm, rel=0.12)
        assert one.duration_h == pytest.approx(signal.duration_h, abs=0.7)
        assert one.transits == pytest.approx(200 / signal.period_d, abs=2.5)
        assert one.false_alarm < 1e-6
        assert one.flags == ()
        assert abs(one.epoch_bjd - START - 100) <= 0.6 * signal.period_d


def test_as_many_as_asked_for_and_in_the_range_asked_for(three):
    assert len(find_signals(three, SPLINE, signals_per_star=2)) == 2
    (only,) = find_signals(three, SPLINE, longest_period_d=8.0, least_snr=12.0)
    the_one(B, [only], three)
    assert all(signal.period_d >= 10 for signal in find_signals(three, SPLINE, shortest_period_d=10.0))
    assert len(find_signals(three, SPLINE, least_transits=10)) == 2


def test_same_star_same_signals(three):
    assert find_signals(three, SPLINE) == find_signals(three, SPLINE)


def test_noise_has_no_signals():
    assert find_signals(light_curve(days=120.0, noise=2e-4), SPLINE) == []


@pytest.mark.parametrize("days", [0.5, 1.5])
def test_too_little_to_search(days):
    assert find_signals(light_curve(days=days, noise=2e-4), SPLINE) == []


def test_constant_flux_has_no_signals():
    assert find_signals(light_curve(days=60.0), SPLINE) == []


def test_what_happens_once_or_twice_is_no_signal_and_hides_none():
    lc = light_curve(days=150.0, signals=[replace(B, depth_ppm=300.0)], noise=2e-4)
    flux = lc.pdcsap_flux.copy()
    for middle, length in ((30.0, 0.4), (71.0, 0.2)):
        flux[np.abs(lc.time_bjd - START - middle) < length / 2] *= 0.98
    # Cadences in which much is lost, or gained, by themselves.
    flux[[400, 1700, 3100, 5000]] *= 0.9
    flux[[500, 1800, 3200, 5100]] *= 1.1
    (only,) = find_signals(replace(lc, pdcsap_flux=flux), SPLINE)
    the_one(B, [only], lc)
    # Of 31 transits those in which something else happened are left out.
    assert only.transits == 29
    assert only.depth_ppm == pytest.approx(300, rel=0.08)


@pytest.mark.parametrize(("share", "length_d"), [(0.005, 0.17), (0.02, 0.25), (0.5, 0.02), (0.5, 0.4)])
@pytest.mark.parametrize("inside", [False, True])
def test_one_event_changes_no_number_of_a_planet(share, length_d, inside):
    planet = replace(B, depth_ppm=200.0)
    lc = light_curve(days=100.0, signals=[planet], noise=2e-4)
    (alone,) = find_signals(lc, SPLINE)
    middle = planet.epoch_bjd + (6.0 if inside else 6.4) * planet.period_d
    flux = lc.pdcsap_flux.copy()
    flux[np.abs(lc.time_bjd - middle) < length_d / 2] *= 1 - share
    (only,) = find_signals(replace(lc, pdcsap_flux=flux), SPLINE)
    the_one(planet, [only], lc)
    assert only.depth_ppm == pytest.approx(alone.depth_ppm, rel=0.08)
    assert only.snr == pytest.approx(alone.snr, rel=0.12)


@pytest.mark.parametrize("period_d", [0.41, 0.68, 0.83, 1.02, 1.4])
def test_a_spotted_star_has_no_planets(period_d):
    lc = light_curve(days=27.0, signals=[], noise=2e-4)
    phase = 2 * np.pi * lc.time_bjd / period_d
    flux = lc.pdcsap_flux * (1 + 0.01 * np.sin(phase) + 0.004 * np.sin(2 * phase + 1.9))
    assert find_signals(replace(lc, pdcsap_flux=flux.astype(np.float32)), SAVGOL) == []


@pytest.mark.parametrize(("period_d", "duration_h"), [(0.18, 0.75), (0.18, 0.6), (0.5, 2.1), (1.0, 4.8)])
def test_wide_dips_of_short_periods_are_no_waves(period_d, duration_h):
    wide = Signal("wide", period_d, START + 0.07, duration_h, 400.0)
    lc = light_curve(days=80.0, noise=1e-4)
    # Exposures of half an hour smear a transit that is as long.
    within = np.linspace(-0.5, 0.5, 15) * CADENCE_D
    covered = np.mean([wide.transits(lc.time_bjd + offset, 1.0) for offset in within], axis=0)
    flux = lc.pdcsap_flux * (1 - 4e-4 * covered)
    found = find_signals(replace(lc, pdcsap_flux=flux.astype(np.float32)), SPLINE)
    assert any(abs(one.period_d / period_d - 1) < 2e-3 for one in found)


def test_a_v_shaped_binary_of_a_quarter_of_its_period_is_no_wave():
    lc = light_curve(days=80.0, noise=1e-4)
    phase = np.mod((lc.time_bjd - START - 0.3) + 0.5, 1.0) - 0.5
    flux = lc.pdcsap_flux * (1 - 2e-3 * np.maximum(1 - np.abs(phase) / 0.125, 0))
    (only,) = find_signals(replace(lc, pdcsap_flux=flux.astype(np.float32)), SPLINE)
    assert only.period_d == pytest.approx(1.0, rel=2e-3)


def test_one_of_three_eclipses_that_is_deeper_is_said_to_be():
    eclipses = [Signal("1", np.nan, START + 4.0 + 9.0 * k, 4.0, depth) for k, depth in enumerate((3e3, 15e3, 3e3))]
    lc = light_curve(days=27.0, signals=[], noise=2e-4)
    flux = lc.pdcsap_flux.copy()
    for one in eclipses:
        flux[np.abs(lc.time_bjd - one.epoch_bjd) < one.duration_h / 48] *= 1 - 1e-6 * one.depth_ppm
    (only,) = find_signals(replace(lc, pdcsap_flux=flux), SAVGOL)
    assert only.period_d == pytest.approx(9.0, rel=2e-3)
    assert only.flags == ("one_deeper",)


def test_flux_that_is_rounded_to_a_few_numbers_has_no_signals():
    lc = light_curve(days=90.0, signals=[B], noise=2e-4)
    level = float(np.median(lc.pdcsap_flux))
    rounded = (np.round(lc.pdcsap_flux / level, 2) * level).astype(np.float32)
    assert find_signals(replace(lc, pdcsap_flux=rounded), SPLINE) == []


def test_a_star_that_varies_with_its_planet():
    # Tides at half of the period, a secondary eclipse, and a planet whose dips are far shallower than the tides.
    hot = Signal("hot", 2.2, START + 0.7, 3.5, 6000.0)
    small = replace(C, depth_ppm=400.0)
    lc = light_curve(days=200.0, signals=[hot, small], noise=1e-4)
    phase = (lc.time_bjd - hot.epoch_bjd) / hot.period_d
    flux = lc.pdcsap_flux * (1 - 8e-5 * np.cos(4 * np.pi * phase))
    flux[np.abs(np.mod(phase, 1) - 0.5) < 0.025] *= 1 - 3e-4
    found = find_signals(replace(lc, pdcsap_flux=flux.astype(np.float32)), SPLINE)
    assert the_one(hot, found, lc).flags == ("second_dip",)
    assert found[0].depth_ppm == pytest.approx(6000, rel=0.05)
    assert the_one(small, found, lc).flags == ()
    assert len(found) == 2


@pytest.mark.parametrize("shift", [0.5, 0.41])
def test_both_eclipses_of_a_binary_are_one_signal(shift):
    deep = Signal("deep", 6.2, START + 1.0, 3.6, 50_000.0)
    other = Signal("other", 6.2, START + 1.0 + shift * 6.2, 3.6, 30_000.0)
    lc = light_curve(days=150.0, signals=[deep, other], noise=2e-4)
    (only,) = find_signals(lc, SPLINE)
    the_one(deep, [only], lc)
    assert only.flags == ("second_dip",)
    assert only.depth_ppm == pytest.approx(50_000, rel=0.1)


def candidate(period_d, duration_h=4.0):
    return Candidate(Peak(period_d, START, duration_h, 100.0, 10.0), 0.05, 100.0, 1e4)


def noise(days):
    time_bjd = START + np.arange(0, days, 0.02)
    return weigh(time_bjd, np.random.default_rng(1).normal(0, 1e-4, time_bjd.size), 1e-4)


@pytest.mark.parametrize(
    ("period_d", "place"),
    [
        (10.0, 0),
        (10.06, 0),  # nearly the same
        (5.0, 0),
        (30.0, 0),
        (7.5, 0),  # three to four
        (9.0, None),
        (20.1, None),  # nearly two to one, as planets are
        (26.0, 1),
        (13.2, None),
        (1.0, None),  # a tenth, but nothing goes round with ten days
    ],
)
def test_to_which_signal_a_dip_belongs(period_d, place):
    assert base_of(noise(1000.0), candidate(period_d), [candidate(10.0), candidate(13.0)], WHITE) == place


def test_short_light_curves_know_ratios_less_well():
    # Ten days of data: two periods that differ by a hundredth drift apart by a tenth of a day.
    assert base_of(noise(10.0), candidate(4.04), [candidate(2.0)], WHITE) == 0
    assert base_of(noise(1000.0), candidate(4.04), [candidate(2.0)], WHITE) is None


def test_a_small_fraction_belongs_where_only_some_of_its_dips_are_dips():
    cadences = noise(100.0)
    every = np.abs(np.mod(cadences.time_bjd - START + 0.5, 1.0) - 0.5) < 0.08
    third_of_ten = every & (np.rint(cadences.time_bjd - START) % 10 == 3)
    for dips, place in ((every, None), (third_of_ten, 0)):
        pull = cadences.pull - dips * 3e-4 * cadences.weight
        assert base_of(cadences._replace(pull=pull), candidate(1.0), [candidate(10.0)], WHITE) == place


def test_one_periodogram_gives_more_than_one_signal(three):
    flux = three.pdcsap_flux / np.where(three.segment, 5e3, 1e4) - 1
    curve = searchable(three.time_bjd, flux.astype(np.float64))
    limits = Range(0.5, 60.0, 7.0, 3)
    new, wave = strongest(curve, curve.periodogram(0.5, 60.0), limits, 5)
    assert wave is None
    assert {round(one.peak.period_d, 1) for one in new} >= {13.0, 4.8}
    assert len(strongest(curve, curve.periodogram(0.5, 60.0), limits, 1).signals) == 1
    # One peak of each block, the highest first.
    powers = [one.power for one in peaks(curve.periodogram(0.5, 60.0), limits)]
    assert powers == sorted(powers, reverse=True)


def test_curves_are_searched_with_single_events_limited():
    time_bjd = START + np.arange(0, 60, 0.02)
    flux = np.random.default_rng(1).normal(0, 1e-4, time_bjd.size)
    flux[1000:1010] = -0.01
    flux[2000:2010] = 0.01
    curve = searchable(time_bjd, flux)
    assert np.abs(curve.flux).max() < 6e-4
    assert curve.span_d == pytest.approx(time_bjd[-1] - START)
    assert curve.red.of(0.2) < 1.2
    assert WHITE.of(0.2) == 1.0


def test_phase_curve_is_the_mean_at_each_phase():
    time_bjd = START + np.arange(0, 100, 0.02)
    wave = 1e-3 * np.sin(2 * np.pi * (time_bjd - START) / 2.5)
    np.testing.assert_allclose(phase_curve(time_bjd, wave, 2.5, START), wave, atol=2e-5)
    assert np.abs(phase_curve(time_bjd, wave, 3.7, START)).max() < 1e-4


def catalog(real_data, kepid):
    """The KOIs of a star that its light curve must show: S/N of 20 and three transits."""
    koi = pd.read_csv(real_data / "catalogs" / "kepler" / "cumulative_2025.10.04_11.29.34.csv", skiprows=53)
    koi = koi[(koi["kepid"] == kepid) & (koi["koi_model_snr"] >= 20)]
    return [
        Known(row.kepler_name, row.koi_period, row.koi_time0bk + BKJD_ZERO_BJD, row.koi_duration)
        for row in koi.itertuples()
    ]


def read(real_data, mission, name):
    return read_light_curve_files(sorted((real_data / "archive" / "missions" / mission).rglob(name)))


KEPLER = {
    6541920: 6,  # Kepler-11
    6462863: 4,  # Kepler-89
    5735762: 3,  # Kepler-48
    6850504: 4,  # Kepler-20
    8644288: 3,  # Kepler-18
    10666592: 1,  # HAT-P-7
}


@pytest.mark.parametrize(("kepid", "planets"), KEPLER.items())
def test_planets_of_kepler(real_data, kepid, planets):
    lc = read(real_data, "kepler", f"kplr{kepid:09d}-*_llc.fits")
    known = catalog(real_data, kepid)
    assert len(known) == planets
    found = find_signals(lc, FindSettings().detrend_of("Kepler"))
    for planet in known:
        the_one(planet, found, lc)
    assert len(found) <= planets + 1


@pytest.mark.parametrize(
    ("file", "known"),
    [
        ("*0261136679-*_lc.fits", Known("pi Men c", 6.26782, 2458325.503, 2.95)),
        ("*0025155310-*_lc.fits", Known("WASP-126 b", 3.28878, 2458327.519, 3.4)),
    ],
)
def test_planets_of_tess(real_data, file, known):
    lc = read(real_data, "tess", file)
    found = find_signals(lc, FindSettings().detrend_of("TESS"))
    the_one(known, found, lc)
    assert len(found) == 1


# Periods from the literature (NASA Exoplanet Archive); epochs of the K2 campaigns are not in the archive's K2 table.
K2_PERIODS = {
    206103150: (4.1591, 9.0308, 0.7896),  # WASP-47
    247589423: (17.307, 7.975),  # K2-136
    246389858: (1.20898, 3.6481, 6.2014),  # GJ 9827
    246199087: (1.51087, 2.42182),  # TRAPPIST-1
    201437844: (9.5539,),  # HD 106315
    228732031: (0.36930,),  # K2-131
    228813918: (0.17972,),  # K2-137
}


@pytest.mark.parametrize("epic", sorted(K2_PERIODS))
def test_planets_of_k2(real_data, epic):
    lc = read(real_data, "k2", f"ktwo{epic}-*_llc.fits")
    found = find_signals(lc, SPLINE)
    periods = np.array([signal.period_d for signal in found])
    for period_d in K2_PERIODS[epic]:
        assert np.min(np.abs(periods / period_d - 1)) < 2e-3, period_d
    assert len(found) <= len(K2_PERIODS[epic]) + 2
