"""The roll of K2: taken out where it is, left alone where it is not, and no transit goes with it."""

from pathlib import Path

import fitsio
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from views.stars import CADENCE_D, light_curve

from lightmill.config.simulation import Instrument, SimulationSettings
from lightmill.lightcurves.files import read_light_curve_files
from lightmill.simulate.direct import light_curve_parts
from lightmill.simulate.survey import draw_targets
from lightmill.views import roll
from lightmill.views.fold import in_transit
from lightmill.views.normalise import normalise_segments, robust_scatter
from lightmill.views.quality import good_cadences
from lightmill.views.roll import ENDS, correct_roll, path_position, roughness, unroll
from lightmill.views.savgol import detrend_savgol

DAYS = 60.0
NOISE = 60e-6
FIRING = 12  # cadences between two firings of the thrusters


class Rolling:
    """A star that turns in nine days, seen by a spacecraft that rolls: what it is, and what is seen of it."""

    def __init__(self, seed=1, amplitude=4e-4, noise=NOISE, days=DAYS):
        random = np.random.default_rng(seed)
        self.time = 2457000.0 + np.arange(0, days, CADENCE_D)
        number = np.arange(self.time.size)
        since = number / number.size
        torque = np.where(np.abs(since - 0.5) < 0.1, 0.1, since - 0.5)
        # Not every turn starts where the last one did.
        start = random.normal(0, 0.1, number.size // FIRING + 1)[number // FIRING]
        path = 1.2 * torque * (number % FIRING / FIRING - 0.5) + start
        self.column = 500.3 + 0.8 * path + 0.02 * since
        self.row = 20.7 - 0.6 * path + 0.02 * since
        self.change = amplitude * np.sin(2 * np.pi * (path / 0.5 + since))
        self.star = 3e-3 * np.sin(2 * np.pi * self.time / 9.0)
        self.noise = random.normal(0, noise, number.size)
        self.segment = np.zeros(number.size, dtype=np.int16)
        self.nowhere = np.zeros(number.size, dtype=bool)

    @property
    def flux(self):
        return (1 + self.star + self.noise) * (1 + self.change) - 1

    def corrected(self, flux=None, masked=None, **changes):
        given_ = {"column_px": self.column, "row_px": self.row, "segment": self.segment, "rolling": ~self.nowhere}
        flux = self.flux if flux is None else flux
        return correct_roll(self.time, flux, masked=self.nowhere if masked is None else masked, **{**given_, **changes})

    def left(self, corrected, rows=slice(None)):
        """What is left of the roll in a corrected flux, over what there was: of its changes within hours."""
        known = np.isfinite(corrected[rows])
        assert known.mean() > 0.99
        time = self.time[rows][known]
        left = np.log((1 + corrected) / (1 + self.star + self.noise))[rows][known]
        return roughness(time, left, 3) / roughness(time, np.log1p(self.change)[rows][known], 3)


def test_the_roll_is_taken_out():
    star = Rolling()
    assert star.left(star.flux) == pytest.approx(1)
    assert star.left(star.corrected()) < 0.1
    # Of changes three times faster than the roll's own, too.
    known = np.isfinite(star.corrected())
    rough, quiet = (roughness(star.time[known], x[known], 3) for x in (star.corrected(), star.star + star.noise))
    assert rough < 1.1 * quiet


def test_of_a_flux_that_does_not_roll_not_a_bit_changes():
    for seed in range(8):
        star = Rolling(seed, amplitude=0.0)
        assert np.array_equal(star.corrected(), star.flux)


def test_without_a_path_not_a_bit_changes():
    star = Rolling()
    still = np.full(star.time.size, 12.5)
    jitter = still + np.random.default_rng(2).normal(0, 1e-3, still.size)
    for column, row in ((still, still), (still, jitter), (jitter, jitter), (still * np.nan, star.row)):
        assert np.array_equal(star.corrected(column_px=column, row_px=row), star.flux)


@pytest.mark.parametrize(("period_d", "duration_h"), [(2.3, 2.0), (7.1, 5.0), (11.9, 8.0)])
@pytest.mark.parametrize("depth", [300e-6, 3000e-6])
def test_transits_stay_as_deep_as_they_are(period_d, duration_h, depth):
    star = Rolling(noise=30e-6)
    undimmed = star.corrected()
    inside = in_transit(star.time, period_d, 2457001.5, duration_h / 24)
    masked = in_transit(star.time, period_d, 2457001.5, 1.5 * duration_h / 24)
    flux = (1 + star.flux) * (1 - depth * inside) - 1
    near = in_transit(star.time, period_d, 2457001.5, 3 * duration_h / 24) & ~masked
    for mask in (masked, star.nowhere):
        corrected = star.corrected(flux, mask)
        assert star.left((1 + corrected) / (1 - depth * inside) - 1) < 0.15
        change = (1 + corrected) / (1 + star.corrected(star.flux, mask)) - 1
        measured = np.nanmean(change[near]) - np.nanmean(change[inside])
        # Masked, the correction cannot know of the transit; not masked, it has enough else to go by.
        assert measured == pytest.approx(depth, rel=1e-9 if mask is masked else 0.03)
    assert star.left(undimmed) < 0.15


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-0.9, 5.0))
def test_masked_cadences_never_define_the_correction(seed, value):
    star = Rolling(3)
    masked = np.random.default_rng(seed).uniform(size=star.time.size) < 0.1
    flux = star.flux
    other = np.where(masked, value, flux)
    corrected, otherwise = star.corrected(flux, masked), star.corrected(other, masked)
    assert np.array_equal(corrected[~masked], otherwise[~masked], equal_nan=True)
    # They are divided by the same numbers, and by no other than those around them suggest.
    assert (1 + corrected[masked]) / (1 + flux[masked]) == pytest.approx(
        (1 + otherwise[masked]) / (1 + value), rel=1e-12, nan_ok=True
    )
    assert star.left(corrected) < 0.12


def test_a_little_beyond_the_ends_of_the_path_it_is_as_at_the_end_and_further_away_unknown():
    star = Rolling()
    masked = star.nowhere.copy()
    masked[1000] = True
    direction = np.array([0.8, -0.6])
    corrected = []
    along = (np.column_stack([star.column, star.row]) - [500.3, 20.7]) @ direction
    end = np.quantile(along[~masked], 1 - ENDS)
    for beyond in (0.02, 0.05, 0.08, 0.2, 0.9):
        column, row = star.column.copy(), star.row.copy()
        column[1000], row[1000] = np.array([500.3, 20.7]) + (end + beyond) * direction
        corrected.append(star.corrected(masked=masked, column_px=column, row_px=row)[1000])
    assert corrected[0] == corrected[1] == corrected[2] != star.flux[1000]
    assert np.isnan(corrected[3:]).all()
    # What is no place near the others is unknown too, and changes nothing elsewhere.
    column[1000] = -943.0
    lost = star.corrected(masked=masked, column_px=column, row_px=row)
    assert np.isnan(lost[1000])
    assert star.left(lost) < 0.1


def test_the_pixels_may_be_turned_mirrored_and_moved():
    star = Rolling()
    expected = star.corrected()
    for turn in (0.4, 1.2, 2.9):
        column = np.cos(turn) * star.column - np.sin(turn) * star.row
        row = np.sin(turn) * star.column + np.cos(turn) * star.row
        # The axes tell which positions are far off, no more.
        np.testing.assert_allclose(star.corrected(column_px=column, row_px=row), expected, rtol=0, atol=1e-9)
    for column, row in ((star.row, star.column), (-star.column, star.row - 1e3)):
        np.testing.assert_allclose(star.corrected(column_px=column, row_px=row), expected, rtol=0, atol=1e-9)


def test_the_place_is_that_along_the_principal_axis():
    place = np.array([-2.0, -1.0, 0.0, 1.0, 2.0, 500.0])
    fitted = np.array([True] * 5 + [False])
    across = np.array([0.01, -0.01, 0.0, -0.01, 0.01, 0.0])
    angle = 0.7
    column = 3 + np.cos(angle) * place - np.sin(angle) * across
    row = 9 + np.sin(angle) * place + np.cos(angle) * across
    assert path_position(column, row, fitted)[:5] == pytest.approx(place[:5], abs=0.02)
    assert np.isnan(path_position(column, row, fitted)[5])


def test_every_segment_by_itself_and_only_those_that_roll():
    one, two, three = Rolling(4), Rolling(5), Rolling(6)
    later = [0.0, DAYS + 5, 2 * DAYS + 10]
    stars = (one, two, three)
    joined = {
        "time_bjd": np.concatenate([star.time + days for star, days in zip(stars, later, strict=True)]),
        "flux": np.concatenate([star.flux for star in stars]),
        "column_px": np.concatenate([star.column for star in stars]),
        "row_px": np.concatenate([star.row for star in stars]),
        "segment": np.repeat([2, 0, 1], [star.time.size for star in stars]),
        "masked": np.concatenate([star.nowhere for star in stars]),
    }
    rolling = joined["segment"] != 0
    parts = np.split(correct_roll(rolling=rolling, **joined), np.cumsum([star.time.size for star in stars])[:2])
    np.testing.assert_allclose(parts[0], one.corrected(), rtol=0, atol=1e-12)
    assert np.array_equal(parts[1], two.flux)
    np.testing.assert_allclose(parts[2], three.corrected(), rtol=0, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.integers(0, 700),
    st.floats(0, 1),
    st.floats(0, 1),
    st.sampled_from([0.0, 1e-12, 1e-4, 0.3]),
    st.integers(1, 3),
)
def test_whatever_is_missing_nothing_crashes(seed, size, missing, masked, noise, segments):
    random = np.random.default_rng(seed)
    steps = CADENCE_D * random.choice([1, 1, 1, 2, 50, 1000], size)
    flux = random.normal(0, noise, size) if noise else np.zeros(size)
    column, row = random.normal(0, 0.3, (2, size))
    for values in (flux, column, row):
        values[random.uniform(size=size) < 0.5 * missing] = random.choice([np.nan, np.inf, -np.inf])
    before = flux.copy()
    arguments = {
        "time_bjd": 2457000 + np.cumsum(steps),
        "flux": flux,
        "column_px": column,
        "row_px": row,
        "segment": random.integers(0, segments, size),
        "rolling": random.uniform(size=size) < 0.95,
        "masked": random.uniform(size=size) < masked,
    }
    corrected = correct_roll(**arguments)
    assert np.array_equal(flux, before, equal_nan=True)
    assert corrected.dtype == np.float64
    assert np.array_equal(np.isfinite(corrected), np.isfinite(flux))
    assert np.array_equal(corrected, correct_roll(**arguments), equal_nan=True)


def test_without_enough_to_go_by_it_stays_as_it_is():
    star = Rolling()
    short = slice(0, 40)
    few = correct_roll(
        star.time[short],
        star.flux[short],
        star.column[short],
        star.row[short],
        star.segment[short],
        ~star.nowhere[short],
        star.nowhere[short],
    )
    assert np.array_equal(few, star.flux[short])
    assert np.array_equal(star.corrected(masked=~star.nowhere), star.flux)
    assert np.array_equal(star.corrected(rolling=star.nowhere), star.flux)
    nothing = np.full(star.time.size, np.nan)
    assert np.isnan(star.corrected(nothing)).all()


def test_roughness_by_hand():
    time = np.arange(6.0)
    # Means of two: 1, 2, 3, 4, 5, of the middle one less those around it: 3 - (1 + 5) / 2.
    assert roughness(time, np.array([0.0, 2, 2, 4, 4, 6]), 2) == 0
    assert roughness(time, np.array([0.0, 0, 3, 3, 0, 0]), 2) == pytest.approx(3)
    assert np.isnan(roughness(time[:5], np.ones(5), 2))
    # A gap longer than half of the span: nothing to tell.
    assert np.isnan(roughness(np.array([0.0, 1, 2, 3, 40, 41]), np.ones(6), 2))
    white = np.random.default_rng(7).normal(0, 1, 200_000)
    expected = np.sqrt(2 / np.pi) * np.sqrt(1.5 / 13)
    assert roughness(np.arange(white.size) * CADENCE_D, white, 13) == pytest.approx(expected, rel=0.02)


def k2_star(star, authors=("K2", "K2"), **changes):
    """A stored light curve of two campaigns, each half of what is seen of the star."""
    columns = {
        "pos_corr1": (star.column - 500.3).astype("f4"),
        "pos_corr2": (star.row - 20.7).astype("f4"),
        "mom_centr1": star.column.astype("f4"),
        "mom_centr2": star.row.astype("f4"),
    }
    return light_curve(DAYS, target_id="EPIC 201000001", authors=authors, **{**columns, **changes})


def test_products_that_are_corrected_are_left_alone():
    star = Rolling()
    flux = star.flux
    for author in ("K2SFF", "EVEREST"):
        assert unroll(k2_star(star, (author, author)), flux, star.nowhere) is flux
    half = k2_star(star, ("K2", "EVEREST"))
    corrected = unroll(half, flux, star.nowhere)
    assert np.array_equal(corrected[half.segment == 1], flux[half.segment == 1])
    assert star.left(corrected, half.segment == 0) < 0.15
    kepler = light_curve(DAYS)
    assert unroll(kepler, flux, star.nowhere) is flux


def test_centroids_stand_in_where_the_motion_is_not_known():
    star = Rolling()
    known = unroll(k2_star(star), star.flux, star.nowhere)
    nothing = np.full(star.time.size, np.nan, dtype="f4")
    centroids = unroll(k2_star(star, pos_corr1=nothing, pos_corr2=nothing), star.flux, star.nowhere)
    # 32-bit centroids of 500 pixels are known to 3e-5 of them.
    np.testing.assert_allclose(centroids, known, rtol=0, atol=2e-6)
    assert star.left(centroids) < 0.15
    lost = k2_star(star, pos_corr1=nothing, pos_corr2=nothing, mom_centr1=nothing, mom_centr2=nothing)
    assert np.array_equal(unroll(lost, star.flux, star.nowhere), star.flux)


def simulated(roll_left, targets=12):
    """Light curves of the simulated survey: flux, arguments of `correct_roll`."""
    settings_ = SimulationSettings(n_k2=targets, instrument=Instrument(roll_left=roll_left))
    for target in draw_targets(settings_, "K2"):
        for part in light_curve_parts(settings_, target):
            columns = part.columns
            time = columns["time_bjd"]
            masked = np.zeros(time.size, dtype=bool)
            for signal in target.signals:
                found = signal.found
                masked |= in_transit(time, found.period_d, found.epoch_bjd, 1.5 * found.duration_h / 24)
            segment = np.zeros(time.size, dtype=np.int16)
            flux = normalise_segments(columns["pdcsap_flux"], segment, columns["quality"] & 1130799 == 0)
            yield time, flux, columns["pos_corr1"], columns["pos_corr2"], segment, np.isfinite(time), masked


def test_the_simulated_survey_becomes_quieter_and_nothing_noisier():
    truth = list(simulated(0.0))
    assert len(truth) >= 10
    for arguments in truth:
        assert np.array_equal(correct_roll(*arguments), arguments[1], equal_nan=True)
    left = []
    for (time, quiet, *_), arguments in zip(truth, simulated(0.1), strict=True):
        without_roll = correct_roll(*arguments)
        known = np.isfinite(quiet) & np.isfinite(arguments[1])
        used = known & np.isfinite(without_roll) & ~arguments[-1]
        assert np.count_nonzero(np.isnan(without_roll[known])) < 0.01 * np.count_nonzero(known)
        rolls, corrected = (np.log1p(flux[used]) for flux in (arguments[1], without_roll))
        quiet = np.log1p(quiet[used])
        left.append([roughness(time[used], x - quiet, 6) for x in (corrected, rolls)])
    corrected, before = np.array(left).T
    assert (corrected <= before).all()
    assert np.median(corrected / before) < 0.3


def scatter(time, flux, masked, span):
    """Robust scatter of the means of `span` cadences next to each other, trend divided out, in ppm."""
    flat = detrend_savgol(time, flux, np.zeros(time.size, dtype=np.int16), masked, 2.0, 4, 0.5, 5.0)
    flat = flat[np.isfinite(flat) & ~masked]
    total = np.concatenate([[0.0], np.cumsum(flat)])
    return 1e6 * robust_scatter((total[span:] - total[:-span]) / span)


# Names, periods in days, epochs (BJD) and durations in hours of the transits that stand out.
HOSTS = {
    201437844: ("HD 106315", 0.4, [(21.0528, 2457590.0816, 4.0), (9.5533, 2457586.519, 3.5)]),
    206103150: ("WASP-47", 0.4, [(4.15894, 2456978.819, 3.5), (9.03095, 2456979.273, 4.0), (0.78965, 2456977.39, 2.0)]),
    228732031: ("K2-131", 0.15, [(0.3693038, 2457582.936, 1.1)]),
    228813918: ("K2-137", 0.9, [(0.1797010, 2457582.6696, 0.8)]),
    246199087: ("TRAPPIST-1", 0.7, []),
    246389858: ("GJ 9827", 0.2, [(1.20903, 2457738.827, 1.3), (3.6483, 2457738.55, 1.8), (6.2018, 2457740.96, 1.3)]),
    247589423: ("K2-136", 0.3, [(17.3071, 2457830.025, 3.5), (25.5751, 2457831.962, 3.1), (7.9753, 2457825.732, 2.7)]),
}


@pytest.fixture(scope="module")
def hosts(real_data: Path):
    """The seven real light curves, as `correct_roll` and `scatter` want them."""
    folder, found = real_data / "archive/missions/k2/lightcurves", {}
    for epic, (name, _, planets) in HOSTS.items():
        curve = read_light_curve_files(sorted(folder.glob(f"**/ktwo{epic}-*_llc.fits")))
        flux = normalise_segments(curve.pdcsap_flux, curve.segment, good_cadences(curve))
        masked = np.zeros(len(curve), dtype=bool)
        for period_d, epoch_bjd, duration_h in planets:
            masked |= in_transit(curve.time_bjd, period_d, epoch_bjd, 1.5 * duration_h / 24)
        found[name] = (curve, flux, masked)
    return found


def test_real_stars_become_quieter(hosts):
    for name, most, _ in HOSTS.values():
        curve, flux, masked = hosts[name]
        corrected = unroll(curve, flux, masked)
        for span in (6, 13):
            before = scatter(curve.time_bjd, flux, masked, span)
            assert scatter(curve.time_bjd, corrected, masked, span) < most * before, (name, span)


def test_transits_in_real_stars_keep_their_depth(hosts):
    for name in ("HD 106315", "GJ 9827", "K2-136"):
        curve, flux, masked = hosts[name]
        time = curve.time_bjd
        injected = in_transit(time, 4.7, time[0] + 2.2, 3.0 / 24)
        with_mask = masked | in_transit(time, 4.7, time[0] + 2.2, 4.5 / 24)
        dimmed = (1 + flux) * (1 - 1e-3 * injected) - 1
        for mask, lost in ((with_mask, 0.03), (masked, 0.05)):
            corrected = unroll(curve, dimmed, mask)
            # Injected or not, the roll is the same.
            change = (1 + corrected) / (1 + unroll(curve, flux, with_mask)) - 1
            inside = injected & ~masked & np.isfinite(change)
            around = in_transit(time, 4.7, time[0] + 2.2, 9.0 / 24) & ~with_mask & np.isfinite(change)
            assert np.median(change[around]) - np.median(change[inside]) == pytest.approx(1e-3, rel=lost), name


def test_k2sff_finds_no_less_noise_than_we_do(real_data: Path):
    """The raw flux of a file by Vanderburg and Johnson, their positions, and what they made of it."""
    (path,) = (real_data / "other_light_curves/k2sff").glob("*201367065-c01*.fits")
    rows = fitsio.read(path, ext=1)
    moving = rows["MOVING"] != 0
    time, arc_px = rows["T"].astype(np.float64), rows["ARCLENGTH"].astype(np.float64) / 3.98
    raw, theirs = (
        np.where(moving, np.nan, rows[name] / np.median(rows[name][~moving]) - 1) for name in ("FRAW", "FCOR")
    )
    nowhere = np.zeros(time.size, dtype=bool)
    ours = correct_roll(time, raw, arc_px, np.zeros(time.size), nowhere.astype(np.int16), ~nowhere, nowhere)
    for span in (1, 6, 13):
        assert scatter(time, ours, nowhere, span) < scatter(time, theirs, nowhere, span)
        assert scatter(time, ours, nowhere, span) < 0.4 * scatter(time, raw, nowhere, span)


def test_the_authors_are_authors():
    from lightmill.lightcurves.authors import AUTHORS

    assert AUTHORS.keys() >= roll.ROLLING
    assert {AUTHORS[name].mission for name in roll.ROLLING} == {"K2"}
