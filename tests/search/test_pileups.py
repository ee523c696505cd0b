"""Signals that look like the spacecraft's doing, and periods that too many stars share."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from views.stars import START, light_curve

from lightmill.search.figures import period_figure
from lightmill.search.pileups import coincide, histogram_text, period_histogram, piled, star_flags
from lightmill.views.quality import KeplerQuality, TessQuality


def quality_at(lc, times, bit, width_d=0.03):
    quality = np.zeros(len(lc), np.int32)
    for time in times:
        quality[np.abs(lc.time_bjd - time) < width_d / 2] |= int(bit)
    return quality


@pytest.mark.parametrize(
    ("target_id", "period_d", "flags"),
    [
        ("TIC 1", 13.7, ("spacecraft_orbit",)),
        ("TIC 1", 27.4, ("spacecraft_orbit",)),
        ("TIC 1", 372.5, ()),
        ("KIC 1", 372.5, ("spacecraft_year",)),
        ("KIC 1", 13.7, ()),
        ("EPIC 1", 13.7, ()),
    ],
)
def test_periods_of_the_spacecraft(target_id, period_d, flags):
    lc = light_curve(days=800.0, target_id=target_id)
    assert star_flags(lc, lc.time_bjd, period_d, START + 5.0, 4.0) == flags


def test_transits_at_pauses():
    lc = light_curve(days=120.0)
    # A pause of a day in every fifteen.
    time_bjd = lc.time_bjd[np.mod(lc.time_bjd - START, 15.0) > 1.0]
    assert star_flags(lc, time_bjd, 15.0, START + 1.2, 4.0) == ("edges",)
    assert star_flags(lc, time_bjd, 15.0, START + 8.0, 4.0) == ()
    # One in three of a period of five days is as chance would have it.
    assert star_flags(lc, time_bjd, 5.0, START + 1.2, 4.0) == ()


@pytest.mark.parametrize(
    ("target_id", "bit", "flag"),
    [
        ("KIC 1", KeplerQuality.DESATURATION, "momentum_dumps"),
        ("TIC 1", TessQuality.DESATURATION, "momentum_dumps"),
        ("EPIC 1", KeplerQuality.THRUSTER_FIRE, "thruster_firings"),
        ("EPIC 1", KeplerQuality.POSSIBLE_THRUSTER_FIRE, "thruster_firings"),
    ],
)
def test_transits_at_upsets(target_id, bit, flag):
    lc = light_curve(days=60.0, target_id=target_id)
    lc = light_curve(days=60.0, target_id=target_id, quality=quality_at(lc, START + np.arange(1.0, 60.0, 2.5), bit))
    assert star_flags(lc, lc.time_bjd, 5.0, START + 1.02, 3.0) == (flag,)
    assert star_flags(lc, lc.time_bjd, 5.0, START + 2.2, 3.0) == ()
    # Other bits are no upsets.
    other = light_curve(days=60.0, target_id=target_id, quality=lc.quality * 0 + int(KeplerQuality.APERTURE_COSMIC))
    assert star_flags(other, other.time_bjd, 5.0, START + 1.02, 3.0) == ()


def test_coinciding_by_chance_is_no_flag():
    time = np.arange(0.0, 100.0, 0.02)
    upsets = np.arange(0.5, 100.0, 1.0)
    # Upsets every day: a transit of half a day includes one as often as not.
    assert not coincide(time, np.arange(0.3, 100.0, 7.77), upsets, 0.5)
    assert coincide(time, np.arange(0.5, 100.0, 7.0), upsets, 0.5)
    # Two transits, both at an upset, are what chance does in one case of a hundred.
    assert not coincide(time, np.array([10.5, 60.5]), upsets, 0.1)
    assert coincide(time, np.array([10.5, 40.5, 60.5, 80.5]), upsets, 0.1)
    empty = np.empty(0)
    assert not coincide(time, np.array([10.5]), empty, 0.1)
    assert not coincide(empty, np.array([10.5]), upsets, 0.1)
    assert not coincide(time, np.array([500.0]), upsets, 0.1)


def test_transits_without_data_do_not_count():
    time = np.arange(0.0, 100.0, 0.02)
    middles = np.concatenate([[10.5, 40.5, 60.5, 80.5], np.arange(200.0, 300.0, 5.0)])
    assert coincide(time, middles, np.arange(0.5, 300.0, 1.0), 0.1)


def scattered(size, seed):
    return 10 ** np.random.default_rng(seed).uniform(-0.3, 2.5, size)


def test_piles_are_found_and_nothing_else():
    rng = np.random.default_rng(1)
    orbit, year = rng.normal(13.7, 0.05, 10), rng.normal(372.5, 5.0, 12)
    period_d = np.concatenate([scattered(300, 2), orbit, year])
    found = piled(period_d)
    assert np.all(found[300:310])
    assert np.count_nonzero(found[310:]) >= 9
    in_pile = ((period_d > 13.2) & (period_d < 14.2)) | ((period_d > 340) & (period_d < 405))
    assert not np.any(found & ~in_pile)


def test_evenly_spread_periods_pile_nowhere():
    assert sum(piled(scattered(size, seed)).any() for seed, size in enumerate([50, 300, 1000] * 15)) <= 1


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0.1, 1000.0), max_size=40), st.floats(0.2, 5.0))
def test_piles_do_not_depend_on_order_or_unit(periods, factor):
    period_d = np.array(periods)
    found = piled(period_d)
    assert found.shape == period_d.shape
    assert np.array_equal(piled(period_d[::-1]), found[::-1])
    assert np.array_equal(piled(np.full(12, 3.0)), np.ones(12, bool))


def test_histogram_counts_every_signal():
    period_d = np.concatenate([scattered(200, 3), np.full(9, 13.7)])
    flagged = period_d > 100
    histogram = period_histogram(period_d, flagged)
    assert histogram.signals.sum() == 209
    assert histogram.flagged.sum() == flagged.sum()
    assert histogram.piled.sum() == piled(period_d).sum() >= 9
    assert np.allclose(np.diff(np.log10(histogram.edges_d)), 1 / 12)


def test_histogram_as_text():
    period_d = np.array([1.05, 1.1, 1.15, 3.0, 3.1])
    text = histogram_text(period_histogram(period_d, np.array([True, False, False, False, False])))
    assert text.splitlines() == [
        "         period (d)  signals  flagged  in piles",
        "          1 - 1.212        3        1         0  ###",
        "      1.212 - 1.468        0        0         0",
        "      1.468 - 1.778        0        0         0",
        "      1.778 - 2.154        0        0         0",
        "       2.154 - 2.61        0        0         0",
        "       2.61 - 3.162        2        0         0  ##",
        "                all        5        1         0",
    ]


def test_histogram_of_nothing():
    histogram = period_histogram(np.empty(0), np.empty(0, bool))
    assert histogram_text(histogram).splitlines()[-1].split() == ["all", "0", "0", "0"]
    period_figure(histogram, "nothing")


def test_bars_have_room_on_a_line_and_show_piles():
    lines = histogram_text(period_histogram(np.full(500, 13.7), np.zeros(500, bool))).splitlines()
    assert max(map(len, lines)) < 110
    assert lines[1].endswith("!" * 50)


def test_figure_shows_all_signals():
    period_d = np.concatenate([scattered(200, 3), np.full(9, 13.7)])
    histogram = period_histogram(period_d, period_d > 100)
    (axes,) = period_figure(histogram, "Kepler").axes
    assert axes.get_xscale() == "log"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["all", "no flag", "in a pile"]
    heights = axes.patches[0].get_data().values
    assert heights.sum() == 209
