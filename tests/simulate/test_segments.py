import fitsio
import numpy as np
import pytest

from lightmill.simulate.photometry import electron_rate, flux_error, transit_noise
from lightmill.simulate.segments import (
    DEAD_MODULE,
    campaign,
    channel,
    fourth_quarter_of_dead_module,
    module_in_season,
    quarter,
    sector,
)
from lightmill.simulate.spacecraft import KEPLER_BITS, TESS_BITS, on_board


def test_a_star_falls_on_the_channels_that_kepler_48_fell_on():
    # Headers of KIC 5735762: channels 11, 15, 75, 71 in seasons 0 to 3.
    assert [channel(module_in_season(4, season), 3) for season in range(4)] == [11, 15, 75, 71]
    assert [quarter(number).season for number in (1, 2, 3, 4, 5)] == [3, 0, 1, 2, 3]
    assert channel(24, 4) == 84


def test_module_three_was_lost_in_quarter_four():
    cut = fourth_quarter_of_dead_module()
    assert cut.stamp == "2010009091648"
    # 9 January 2010 is BJD 2455206.
    assert cut.stop_bjd == pytest.approx(2455206.2, abs=0.5)
    assert quarter(4).start_bjd == cut.start_bjd
    assert module_in_season(module_in_season(DEAD_MODULE, 1), 3) == DEAD_MODULE


def test_tess_counts_cadences_without_a_break():
    # Data release notes: sector 13 began with cadence 307051, on 19 June 2019 (BTJD 1653.9).
    assert sector(13).first_cadence == 307051
    assert sector(13).start_bjd - 2457000 == pytest.approx(1653.92, abs=0.02)
    assert sector(1).cadences == 20076


@pytest.mark.parametrize(
    ("pattern", "segment"),
    [
        ("missions/kepler/lightcurves/0057/005735762/kplr005735762-2009350155506_llc.fits", quarter(3)),
        ("missions/kepler/lightcurves/0057/005735762/kplr005735762-2011073133259_llc.fits", quarter(8)),
        ("missions/k2/lightcurves/c3/*/*/*.fits", campaign(3)),
        ("missions/k2/lightcurves/c12/*/*/*.fits", campaign(12)),
        ("missions/k2/lightcurves/c13/*/*/*.fits", campaign(13)),
        ("missions/tess/tid/s0001/*/*/*/*/*.fits", sector(1)),
    ],
)
def test_clocks_and_cadences_are_those_of_real_files(real_data, pattern, segment):
    path = next((real_data / "archive").glob(pattern))
    rows = fitsio.read(str(path), ext=1, columns=["TIME", "TIMECORR", "CADENCENO"])
    assert len(rows) == segment.cadences
    assert rows["CADENCENO"][0] == segment.first_cadence
    clock = rows["TIME"] - rows["TIMECORR"].astype(float) + segment.zero_bjd
    ours = segment.start_bjd + np.arange(segment.cadences) * segment.cadence_d
    timed = np.isfinite(clock)
    assert np.abs(clock - ours)[timed].max() * 86400 < 5.0


@pytest.mark.parametrize("segment", [quarter(3), campaign(12), sector(4)], ids=lambda s: f"{s.mission}{s.number}")
def test_what_happens_on_board_is_seen_in_the_flags(segment):
    board = on_board(7, segment)
    n = segment.cadences
    desaturation = KEPLER_BITS["desaturation"] if segment.mission != "TESS" else TESS_BITS["desaturation"]
    dumps = np.flatnonzero(board.quality & desaturation)
    assert n / segment.desaturation_cadences * 0.6 < len(np.split(dumps, np.flatnonzero(np.diff(dumps) > 1) + 1))
    assert (board.no_sap | ~board.no_time).all()
    assert (board.no_pdcsap | ~board.no_sap).all()
    assert 0.02 < board.no_pdcsap.mean() < 0.25
    assert sum(stop - start for start, stop in segment.observed) + board.no_time.sum() == n
    assert np.isfinite(board.motion).all()
    assert np.isfinite(board.heat).all()


def test_k2_rolls_every_six_hours_and_kepler_does_not():
    def power_at_six_hours(segment):
        motion = on_board(7, segment).motion[0]
        power = np.abs(np.fft.rfft(motion - motion.mean())) ** 2
        frequency = np.fft.rfftfreq(segment.cadences, segment.cadence_d * 24)
        near = np.abs(frequency - 1 / 5.885) < 0.004
        return power[near].max() / power[1:].sum()

    assert power_at_six_hours(campaign(3)) > 0.05
    assert power_at_six_hours(quarter(3)) < 0.001


@pytest.mark.parametrize(
    ("mission", "magnitude", "ppm"),
    # PDCSAP errors of public files: KIC 6462863, 5735762, 6541920; EPIC 206103150; TIC 25155310 and 261136679.
    [
        ("Kepler", 12.205, 63.7),
        ("Kepler", 13.04, 112.0),
        ("Kepler", 13.709, 141.0),
        ("K2", 11.762, 57.9),
        ("TESS", 10.61, 1360.0),
        ("TESS", 5.105, 89.1),
    ],
)
def test_errors_are_those_of_real_stars(mission, magnitude, ppm):
    rate = electron_rate(mission, magnitude) * 0.93
    background = 1500.0 if mission == "Kepler" else 6000.0 if mission == "K2" else 1100.0
    assert float(flux_error(mission, magnitude, rate, background)) / rate * 1e6 == pytest.approx(ppm, rel=0.2)


def test_long_transits_and_bright_stars_are_measured_better():
    assert transit_noise("Kepler", 12.0, 4.4, 6.0) < transit_noise("Kepler", 12.0, 4.4, 3.0)
    assert transit_noise("Kepler", 12.0, 4.4, 3.0) < transit_noise("Kepler", 14.0, 4.4, 3.0)
    # CDPP of a quiet star of magnitude 12.2 over three hours (Kepler-89): 37 ppm.
    assert transit_noise("Kepler", 12.205, 4.3, 3.0) * 1e6 == pytest.approx(37, rel=0.3)
