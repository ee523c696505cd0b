import numpy as np
import pytest

from lightmill.simulate.glitches import Glitches, glitch_flux
from lightmill.simulate.seeds import deal, generator
from lightmill.simulate.spacecraft import settling, wander
from lightmill.simulate.starlight import (
    Pulsation,
    flare_profile,
    flares,
    granulation,
    granulation_scatter,
    pulsation_flux,
    spots,
)


def test_spots_turn_with_the_star_and_keep_to_their_amplitude():
    times = np.arange(2455000.0, 2455200.0, 0.1)
    flux = spots(times, times[0], times[-1], 10.0, 0.01, generator(1, "spots"))
    power = np.abs(np.fft.rfft(flux)) ** 2
    frequency = np.fft.rfftfreq(len(flux), 0.1)
    strongest = frequency[power.argmax()]
    assert min(abs(strongest - overtone / 10.0) for overtone in (1, 2)) < 0.015
    assert 0.003 < flux.std() < 0.03


def test_spots_are_the_same_star_whatever_times_are_asked_for():
    times = np.arange(2455000.0, 2455100.0, 0.5)
    whole = spots(times, times[0], times[-1], 8.0, 0.01, generator(1, "x"))
    part = spots(times[50:60], times[0], times[-1], 8.0, 0.01, generator(1, "x"))
    np.testing.assert_array_equal(part, whole[50:60])


def test_giants_granulate_more_and_slower():
    (sun, sun_d), (giant, giant_d) = granulation_scatter(4.438), granulation_scatter(2.5)
    assert sun == pytest.approx(30e-6)
    assert giant / sun == pytest.approx(10 ** (1.938 * 0.61))
    assert giant_d > 50 * sun_d
    flux = granulation(200_000, 1 / 720, 4.438, generator(2, "g"))
    assert flux.std() == pytest.approx(sun, rel=0.1)


def test_wander_has_unit_scatter_and_the_memory_it_was_asked_for():
    walk = wander(400_000, 50.0, generator(3, "w"))
    assert walk.std() == pytest.approx(1.0, abs=0.05)
    assert np.corrcoef(walk[:-50], walk[50:])[0, 1] == pytest.approx(np.exp(-1), abs=0.05)


def test_settling_is_a_sum_of_decays():
    flux = settling(100, np.array([10, 30]), np.array([1.0, 2.0]), 5.0)
    expected = np.where(np.arange(100) >= 10, np.exp(-(np.arange(100) - 10) / 5.0), 0)
    expected += np.where(np.arange(100) >= 30, 2 * np.exp(-(np.arange(100) - 30) / 5.0), 0)
    np.testing.assert_allclose(flux, expected, atol=1e-12)


def test_a_flare_rises_at_once_and_decays_slowly():
    times = np.linspace(-2, 20, 2201)
    profile = flare_profile(times, 1.0)
    assert profile.max() == pytest.approx(1.0, abs=0.01)
    assert profile[times < -1].max() == 0
    above_half = times[profile > 0.5]
    assert above_half[-1] - above_half[0] == pytest.approx(1.0, abs=0.1)


def test_flares_only_add_light_and_are_averaged_over_the_exposure():
    times = np.arange(2455000.0, 2455090.0, 0.0204)
    flux = flares(times, 0.0204, 2.0, generator(4, "f"))
    assert flux.min() >= 0
    assert flux.max() > 3e-4
    assert not flares(times, 0.0204, 0.0, generator(4, "f")).any()


def test_a_pulsation_is_a_sum_of_cosines():
    pulsation = Pulsation(2.0, 10.0, (0.1, 0.05), (np.pi, 0.0))
    np.testing.assert_allclose(pulsation_flux(pulsation, np.array([10.0, 11.0])), [-0.05, 0.15])


def test_a_glitch_is_deepest_in_its_middle_and_lopsided():
    times = np.arange(0.0, 10.0, 0.01)
    flux = glitch_flux(Glitches((5.0,), (0.02,), 0.05, 0.5), times)
    assert flux.min() == pytest.approx(-0.02, rel=1e-6)
    assert times[flux.argmin()] == pytest.approx(5.0)
    assert flux[np.searchsorted(times, 5.5)] == pytest.approx(-0.02 * np.exp(-1), rel=0.03)
    assert flux[np.searchsorted(times, 4.5)] == 0


def test_quotas_are_kept_to_within_one():
    dealt = deal({"a": 0.5, "b": 0.3, "c": 0.2}, 17, generator(5, "deal"))
    assert len(dealt) == 17
    for name, share in (("a", 8.5), ("b", 5.1), ("c", 3.4)):
        assert abs(dealt.count(name) - share) < 1
    assert dealt != sorted(dealt)
