"""A star made into views: which transits are masked, which removed, which signals get no view."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from views.flat_stars import flat_star, mirrored, with_box
from views.stars import CADENCE_D, START, light_curve, segment, signal

from lightmill.config.views import Spline, ViewSettings
from lightmill.lightcurves.lightcurve import COLUMNS
from lightmill.views import FlatCurve, Signal, flatten_star, fold_views, make_views
from lightmill.views.flatten import cadence_lengths
from lightmill.views.further import FURTHER_NUMBERS
from lightmill.views.layout import MEASURES, array_layout

VIEWS = ViewSettings()


def test_defects():
    nan = float("nan")
    assert signal(period_d=nan).defect == "single_transit"
    assert signal(epoch_bjd=nan).defect == signal(duration_h=nan).defect == "waiting_for_search"
    assert signal().defect == ""
    assert signal(duration_h=nan, period_d=nan).located is False
    assert signal(period_d=nan).located


@pytest.mark.parametrize(
    ("numbers", "detail"),
    [
        ({"period_d": 1e-300}, "period of 1e-300 d, expected at least 0.05 d"),
        ({"period_d": 1e-4}, "period of 0.0001 d"),
        ({"period_d": 0.0}, "period of 0 d"),
        ({"period_d": -3.0}, "period of -3 d"),
        ({"period_d": float("inf")}, "period of inf d"),
        ({"duration_h": 0.0}, "duration of 0 h, expected more than 0"),
        ({"duration_h": -2.0}, "duration of -2 h"),
        ({"duration_h": float("inf")}, "duration of inf h"),
        ({"duration_h": 240.0}, "duration of 240 h, not shorter than the period of 10 d"),
        ({"epoch_bjd": 54833.0}, "epoch at BJD 54833, expected 2400000 to 2500000"),
        ({"epoch_bjd": 1e300}, "epoch at BJD 1e+300"),
        ({"epoch_bjd": float("-inf")}, "epoch at BJD -inf"),
    ],
)
def test_an_ephemeris_that_cannot_be_is_neither_folded_nor_masked(numbers, detail):
    absurd = signal(**numbers)
    assert absurd.defect == "unfoldable"
    assert absurd.impossible.startswith(detail)
    assert not absurd.located
    planet = signal(name="c")
    curve = light_curve(signals=[planet], noise=1e-4)
    alone, beside = (flatten_star(curve, signals, VIEWS.detrend) for signals in ([planet], [absurd, planet]))
    np.testing.assert_array_equal(alone.flux, beside.flux)
    outcome, made = make_views(beside, planet, [absurd, planet], VIEWS)
    assert outcome.outcome == "ok"
    assert made.numbers["cadences"] == beside.time_bjd.size


@pytest.mark.parametrize("period_d", [10.0, 30.0, 60.0])
def test_a_duration_that_no_window_can_bear_leaves_no_invented_depth(period_d):
    claimed = signal(period_d=period_d, epoch_bjd=START + 25.0, duration_h=200.0, depth_ppm=150.0)
    planet = replace(claimed, duration_h=4.0)
    curve = light_curve(signals=[planet], noise=1e-4)
    drift = (1 + 0.01 * np.sin(2 * np.pi * curve.time_bjd / 12)).astype("f4")
    curve = replace(curve, pdcsap_flux=curve.pdcsap_flux * drift)
    outcome, made = make_views(flatten_star(curve, [claimed], VIEWS.detrend), claimed, [claimed], VIEWS)
    assert (outcome.outcome, made) == ("no_data_in_transit", None)


@pytest.mark.parametrize(("flux", "expected"), [(1234.5, "flat_view"), (0.0, "no_data_in_transit")])
def test_flux_that_does_not_vary_makes_no_view(flux, expected):
    curve = light_curve()
    curve = replace(curve, pdcsap_flux=np.full(len(curve), flux, "f4"))
    outcome, made = make_views(flatten_star(curve, [signal()], VIEWS.detrend), signal(), [signal()], VIEWS)
    assert (outcome.outcome, made) == (expected, None)
    assert outcome.detail


def test_a_duration_is_taken_for_half_a_period_at_most():
    assert signal(period_d=1.0, duration_h=30.0).duration_d == 0.5
    assert signal(period_d=float("nan"), duration_h=30.0).duration_d == 1.25


def test_two_segments_become_one_flat_star_with_its_transits():
    planet = signal()
    star = flatten_star(light_curve(signals=[planet], noise=1e-4), [planet], VIEWS.detrend)
    inside = planet.transits(star.time_bjd, 0.9)
    assert np.median(star.flux[inside]) == pytest.approx(-1e-3, rel=0.05)
    assert star.cadence_d == pytest.approx(CADENCE_D)
    assert np.isfinite(star.flux).all()


@pytest.mark.parametrize(("settings", "level"), [(VIEWS.detrend, 1.0), (Spline(method="spline"), 1e4)])
def test_the_method_of_detrending_is_the_configured_one(monkeypatch, settings, level):
    called = {}

    def minus_one(time_bjd, flux, segment, masked, settings, widest_mask_d, level):
        called.update(settings=settings, widest_mask_d=widest_mask_d, level=level)
        return flux - 1.0

    monkeypatch.setattr("lightmill.views.flatten.detrend", minus_one)
    star = flatten_star(light_curve(), [signal(duration_h=8.0)], settings)
    assert star.flux == pytest.approx(-1.0)
    width = pytest.approx(1.5 * 8.0 / 24.0)
    # Half of the cadences at 10,000 electrons a second, one more than at 5,000: for the spline alone.
    assert called == {"settings": settings, "widest_mask_d": width, "level": level}


def test_every_known_signal_is_masked_even_if_it_cannot_be_folded():
    single = signal(period_d=float("nan"), epoch_bjd=START + 33.0, duration_h=20.0, depth_ppm=500.0)
    curve = light_curve(signals=[single], noise=1e-4)
    inside = np.abs(curve.time_bjd - single.epoch_bjd) < 0.3
    kept = flatten_star(curve, [signal(), single], VIEWS.detrend)
    eaten = flatten_star(curve, [signal()], VIEWS.detrend)
    assert np.mean(kept.flux[np.isin(kept.time_bjd, curve.time_bjd[inside])]) == pytest.approx(-5e-4, rel=0.2)
    assert np.mean(eaten.flux[np.isin(eaten.time_bjd, curve.time_bjd[inside])]) > -2e-4


def test_the_window_grows_with_the_longest_transit():
    long = signal(period_d=60.0, epoch_bjd=START + 20.0, duration_h=30.0, depth_ppm=400.0)
    star = flatten_star(light_curve(signals=[long], noise=5e-5), [long], VIEWS.detrend)
    inside = long.transits(star.time_bjd, 0.9)
    assert np.mean(star.flux[inside]) == pytest.approx(-4e-4, rel=0.1)


def test_flagged_and_missing_cadences_are_left_out():
    curve = light_curve(noise=1e-4)
    quality = np.zeros(len(curve), dtype=np.int32)
    quality[100] = 1 << 16
    flux = curve.pdcsap_flux.copy()
    flux[200] = np.nan
    star = flatten_star(light_curve(quality=quality, pdcsap_flux=flux), [], VIEWS.detrend)
    assert star.time_bjd.size == len(curve) - 2
    # The bit that Kepler calls a cosmic ray in the aperture is a cadence excluded by hand in TESS.
    quality[:] = 128
    assert flatten_star(light_curve(quality=quality), [], VIEWS.detrend).time_bjd.size == len(curve)
    assert flatten_star(light_curve(quality=quality, target_id="TIC 1"), [], VIEWS.detrend).time_bjd.size == 0


def test_views_have_their_lengths_and_the_transit_in_the_middle():
    planet = signal(period_d=12.345, epoch_bjd=START - 40 * 12.345)
    outcome, made = make_views(with_box(flat_star(), planet), planet, [planet], VIEWS)
    assert (outcome.outcome, outcome.detail) == ("ok", "")
    whole, near = made.arrays["global"], made.arrays["local"]
    assert (whole.shape, whole.dtype, near.shape, near.dtype) == ((2000,), np.float32, (201,), np.float32)
    dip = np.flatnonzero(whole < 0.5 * np.median(whole[990:1010]))
    assert dip.mean() == pytest.approx(999.5, abs=1)
    dip = np.flatnonzero(near < 0.5 * near[100])
    assert dip.mean() == pytest.approx(100, abs=1)
    # A transit is an eighth of a view that reaches four durations to either side; the bins smear it by one width.
    assert dip.size == pytest.approx(201 / 8, abs=3)
    numbers = made.numbers
    assert numbers["depth_ppm"] == pytest.approx(1000, rel=0.02)
    assert numbers["scatter_ppm"] == pytest.approx(100, rel=0.03)
    assert numbers["snr"] == pytest.approx(10 * np.sqrt(numbers["in_transit_cadences"]), rel=0.05)
    assert numbers["transits_observed"] == 33  # at 2.6, 14.945, ... 397.64 days
    assert numbers["cadences"] == flat_star().time_bjd.size
    assert -near[100] * numbers["scale_local"] == pytest.approx(1e-3, rel=0.05)


def test_sixty_ppm_in_float32():
    planet = signal(depth_ppm=60.0)
    made = make_views(with_box(flat_star(noise=1e-6), planet), planet, [planet], VIEWS)[1]
    near = made.arrays["local"].astype(np.float64) * made.numbers["scale_local"]
    assert near[95:106].mean() == pytest.approx(-60e-6, rel=0.01)


def test_other_signals_are_removed_before_folding():
    planet, other = signal(), signal(period_d=16.0, epoch_bjd=START + 5.4, depth_ppm=50000.0, name="c")
    star = with_box(with_box(flat_star(days=60.0), planet), other)
    clean = make_views(star, planet, [planet, other], VIEWS)[1]
    spoilt = make_views(star, planet, [planet], VIEWS)[1]
    assert clean.numbers["depth_ppm"] == pytest.approx(1000, rel=0.1)
    assert clean.numbers["cadences"] < spoilt.numbers["cadences"]
    assert clean.arrays["global"].min() * clean.numbers["scale_global"] > -1.5e-3
    assert spoilt.arrays["global"].min() * spoilt.numbers["scale_global"] < -2e-2


def test_the_secondary_of_a_binary_is_not_removed():
    primary = signal(depth_ppm=50000.0)
    secondary = signal(epoch_bjd=START + 10.0, depth_ppm=20000.0, name="c")
    star = with_box(with_box(flat_star(), primary), secondary)
    made = make_views(star, primary, [primary, secondary], VIEWS)[1]
    assert made.numbers["cadences"] == star.time_bjd.size
    assert made.arrays["global"][[0, -1]] * made.numbers["scale_global"] == pytest.approx(-0.02, rel=0.02)


def test_a_linked_signal_is_not_removed():
    planet = signal()
    again = Signal("TOI 1.01", 10.02, START + 5.0, 5.0, 1000.0)
    star = with_box(flat_star(days=90.0), planet)
    outcome, _ = make_views(star, planet, [planet, again], VIEWS)
    assert outcome.outcome == "no_data_in_transit"
    linked = replace(planet, linked=frozenset({"TOI 1.01"}))
    outcome, made = make_views(star, linked, [linked, again], VIEWS)
    assert (outcome.outcome, outcome.detail) == ("ok", "")
    assert made.numbers["cadences"] == star.time_bjd.size
    assert made.numbers["depth_ppm"] == pytest.approx(1000, rel=0.05)


def test_the_only_transit_survives_a_shallower_one_at_the_same_time():
    deep = signal(period_d=300.0, epoch_bjd=START + 150.0, duration_h=12.0, depth_ppm=4000.0)
    shallow = signal(period_d=10.01, epoch_bjd=START + 150.0, duration_h=8.0, depth_ppm=160.0, name="c")
    elsewhere = signal(period_d=13.0, epoch_bjd=START + 155.0, depth_ppm=160.0, name="d")
    star = with_box(flat_star(days=280.0), deep)
    outcome, made = make_views(star, deep, [deep, shallow, elsewhere], VIEWS)
    assert outcome.outcome == "ok"
    assert outcome.detail == "too little of the transit would remain without those of KOI K00001.c"
    assert made.numbers["depth_ppm"] == pytest.approx(4000, rel=0.05)
    # Under a deeper one, or one whose depth nobody knows, it cannot be seen.
    for depth_ppm in (9000.0, float("nan")):
        deeper = Signal("c", shallow.period_d, shallow.epoch_bjd, 20.0, depth_ppm)
        outcome, made = make_views(star, deep, [deep, deeper], VIEWS)
        assert (outcome.outcome, made) == ("no_data_in_transit", None)


def test_no_view_without_a_transit_in_the_data():
    gone = signal(period_d=1000.0, epoch_bjd=START + 700.0)
    assert make_views(flat_star(), gone, [gone], VIEWS)[0].outcome == "no_data_in_transit"
    star = flat_star()
    half = signal(period_d=1000.0, epoch_bjd=float(star.time_bjd[-1]))
    outcome, made = make_views(star, half, [half], VIEWS)
    assert (outcome.outcome, made) == ("no_data_in_transit", None)
    assert outcome.detail == "1 in the second half of the transit, fewer than half of one transit's"


def test_a_star_without_usable_cadences_has_no_data():
    curve = light_curve(pdcsap_flux=np.full(len(light_curve()), np.nan, "f4"))
    star = flatten_star(curve, [signal()], VIEWS.detrend)
    assert make_views(star, signal(), [signal()], VIEWS)[0].detail == "no cadence in transit"


@pytest.mark.parametrize("scale", ["mad", "min", "depth"])
def test_the_configured_scale_is_divided_out(scale):
    planet = signal(depth_ppm=2000.0)
    made = make_views(with_box(flat_star(), planet), planet, [planet], VIEWS.model_copy(update={"scale": scale}))[1]
    expected = {"mad": 2e-5, "min": 2e-3, "depth": 2e-3}[scale]
    assert made.numbers["scale_local"] == pytest.approx(expected, rel=0.3 if scale == "mad" else 0.05)


@settings(max_examples=25, deadline=None)
@given(st.integers(-50, 50), st.floats(0.5, 60.0), st.floats(0.5, 20.0))
def test_views_do_not_feel_an_epoch_whole_periods_away(periods, period_d, duration_h):
    period_d *= 1 + np.sqrt(2) * 1e-4  # no whole number of cadences, lest they lie on the edges of bins
    epoch_bjd = START + 30.0 + np.sqrt(3) * 1e-3
    near = signal(period_d=period_d, epoch_bjd=epoch_bjd, duration_h=duration_h)
    far = signal(period_d=period_d, epoch_bjd=epoch_bjd + periods * period_d, duration_h=duration_h)
    star = flat_star(days=60.0)
    expected, moved = fold_views(star, near, VIEWS), fold_views(star, far, VIEWS)
    assert moved.numbers["cadences"] == expected.numbers["cadences"]
    # A cadence closer to an edge than the rounding of a Julian date may still change sides.
    for name, view in expected.arrays.items():
        assert np.isclose(moved.arrays[name], view, rtol=1e-2, atol=1e-2).mean() > 0.98


@settings(max_examples=30, deadline=None)
@given(st.integers(3, 300), st.floats(0.1, 30.0), st.floats(0.2, 100.0), st.integers(16, 60))
def test_any_star_with_a_transit_has_finite_views(points, period_d, duration_h, length):
    random = np.random.default_rng(points)
    time = START + np.sort(random.uniform(0, 30, points))
    centroid = random.normal(0, 1e-2, (points, 2))
    centroid[random.random(points) < 0.2] = np.nan
    star = FlatCurve(time, random.normal(0, 1e-3, points), CADENCE_D, centroid)
    planet = signal(period_d=period_d, epoch_bjd=float(time[points // 2]), duration_h=duration_h)
    short = VIEWS.model_copy(update={"local": VIEWS.local.model_copy(update={"length": length})})
    outcome, made = make_views(star, planet, [planet], short)
    if outcome.outcome == "ok":
        assert {name: view.shape for name, view in made.arrays.items()} == {
            name: form.shape for name, form in array_layout(short).items()
        }
        assert all(np.isfinite(view).all() for view in made.arrays.values())
        assert np.isfinite(made.numbers["scale_local"])
    else:
        assert (outcome.outcome, made) == ("no_data_in_transit", None)


def of_full_frames(sectors, transits, author="QLP"):
    """A star in sectors of other cadences, 25 days each, of relative flux without errors and positions."""
    starts = [START + 27 * place for place in range(len(sectors))]
    times = [start + np.arange(0, 25, cadence_s / 86400) for start, cadence_s in zip(starts, sectors, strict=True)]
    time = np.concatenate(times)
    curve = light_curve(days=len(time) * CADENCE_D + 1, target_id="TIC 1")
    columns = {
        name: np.full(time.size, np.nan, kind)
        for name, kind in COLUMNS.items()
        if kind.kind == "f" and name not in ("time_bjd", "pdcsap_flux")
    }
    flux = np.random.default_rng(5).normal(1, 1e-4, time.size)
    flux[transits.transits(time, 1.0)] -= transits.depth_ppm * 1e-6
    return replace(
        curve,
        **columns,
        time_bjd=time,
        pdcsap_flux=flux.astype("f4"),
        quality=np.zeros(time.size, np.int32),
        cadence_number=np.arange(time.size, dtype=np.int32),
        segment=np.repeat(np.arange(len(sectors), dtype=np.int16), [len(part) for part in times]),
        segments=tuple(segment(number, author, cadence_s) for number, cadence_s in enumerate(sectors, 1)),
    )


def test_sectors_of_different_cadences_count_alike():
    planet = signal(period_d=9.0, epoch_bjd=START + 4.0, duration_h=3.0, depth_ppm=2000.0)
    curve = of_full_frames((1800, 600, 200), planet)
    star = flatten_star(curve, [planet], VIEWS.detrend)
    for place, cadence_s in enumerate((1800, 600, 200)):
        rows = np.searchsorted(curve.time_bjd, star.time_bjd)
        inside = curve.segment[rows] == place
        np.testing.assert_allclose(star.cadence_d[inside], cadence_s / 86400, rtol=1e-6)
    outcome, made = make_views(star, planet, [planet], VIEWS)
    assert outcome.outcome == "ok"
    # Three transits a sector, in half-hours as well.
    assert made.numbers["transits_observed"] == 9
    assert made.numbers["depth_ppm"] == pytest.approx(2000, rel=0.05)


def test_a_transit_seen_in_long_cadences_alone_is_seen():
    only = signal(period_d=np.nan, epoch_bjd=START + 12.0, duration_h=3.0, depth_ppm=2000.0)
    repeating = replace(only, period_d=200.0)
    star = flatten_star(of_full_frames((1800, 200), repeating), [only], VIEWS.detrend)
    outcome, made = make_views(star, repeating, [repeating], VIEWS)
    assert (outcome.outcome, made.numbers["transits_observed"]) == ("ok", 1)


def test_cadences_of_one_kind_have_one_length_whatever_the_headers_round():
    time = START + np.arange(0, 30, 0.02)
    segment = (time >= START + 10).astype(np.int16)
    assert cadence_lengths(time, segment, np.array([1765.46, 1765.5])) == np.median(np.diff(time))
    lengths = cadence_lengths(time[:3], np.array([0, 1, 2]), np.array([1800.0, 200.0, 200.1]))
    np.testing.assert_allclose(lengths, [1800 / 86400, 0.02, 0.02])
    assert cadence_lengths(time[:0], segment[:0], np.array([1765.46, 1765.5])) == 1765.46 / 86400


def test_arrays_have_the_forms_of_the_layout_and_numbers_its_columns():
    planet = signal()
    made = make_views(with_box(flat_star(centroid=1e-3), planet), planet, [planet], VIEWS)[1]
    assert {name: (view.shape, view.dtype.name) for name, view in made.arrays.items()} == array_layout(VIEWS)
    assert list(made.present) == list(VIEWS.more)
    assert all(made.present.values())
    assert made.numbers.keys() == MEASURES.keys()
    assert np.isfinite(list(made.numbers.values())).all()


def test_views_that_nobody_asked_for_are_not_made():
    planet = signal()
    star = with_box(flat_star(centroid=1e-3), planet)
    full = make_views(star, planet, [planet], VIEWS)[1]
    basic = make_views(star, planet, [planet], VIEWS.model_copy(update={"more": ()}))[1]
    views = ["global", "global_scatter", "global_count", "local", "local_scatter", "local_count"]
    assert list(basic.arrays) == [*views, "scalars"]
    assert basic.present == {}
    for name in views:
        np.testing.assert_array_equal(basic.arrays[name], full.arrays[name])
    # What is measured on further views alone is as if nothing were odd about it.
    depths = basic.arrays["scalars"][:2]
    np.testing.assert_array_equal(depths, full.arrays["scalars"][:2])
    assert basic.numbers.keys() == full.numbers.keys()
    unknown = {name for name, number in basic.numbers.items() if np.isnan(number)}
    assert unknown == set(FURTHER_NUMBERS)
    some = make_views(star, planet, [planet], VIEWS.model_copy(update={"more": ("even", "secondary")}))[1]
    assert some.present == {"even": True, "secondary": True}
    np.testing.assert_array_equal(some.arrays["even"], full.arrays["even"])
    assert some.numbers["odd_even_sigma"] == full.numbers["odd_even_sigma"]
    assert np.isnan(some.numbers["transit_depth_scatter_sigma"])


def test_counts_and_scatters_are_those_of_the_cadences_in_the_bins():
    planet = signal(depth_ppm=5000.0, duration_h=1.7)
    star = with_box(flat_star(days=90.0), planet)
    made = make_views(star, planet, [planet], VIEWS.model_copy(update={"scale": "depth"}))[1]
    assert made.arrays["global_count"].sum() == star.time_bjd.size
    assert made.arrays["half_period_count"].sum() == star.time_bjd.size
    assert made.arrays["twice_period_count"].sum() == star.time_bjd.size
    np.testing.assert_array_equal(
        made.arrays["local_count"], made.arrays["odd_count"].astype(int) + made.arrays["even_count"]
    )
    # A hundred ppm of noise in units of 5000.
    assert np.median(made.arrays["local_scatter"]) == pytest.approx(0.02, rel=0.4)
    assert np.median(made.arrays["half_period_scatter"]) == pytest.approx(0.02, rel=0.05)
    # Of one cadence no scatter is known.
    lonely = made.arrays["unfolded_count"] == 1
    assert lonely.any()
    assert np.all(made.arrays["unfolded_scatter"][lonely] == 0)


def test_counts_stop_at_what_their_type_holds():
    planet = signal(period_d=1.0, epoch_bjd=START + 0.5)
    time = START + np.arange(0, 11.0, 1e-5)
    star = FlatCurve(time, np.random.default_rng(2).normal(0, 1e-4, time.size), 1e-5)
    small = VIEWS.model_copy(update={"global_": VIEWS.global_.model_copy(update={"length": 16}), "more": ()})
    made = make_views(with_box(star, planet), planet, [planet], small)[1]
    assert set(made.arrays["global_count"]) == {65535}


@pytest.mark.parametrize("scale", ["mad", "min", "depth"])
def test_further_views_share_the_scale_and_the_level_of_the_local_view(scale):
    planet = signal(depth_ppm=2000.0)
    star = with_box(flat_star(noise=1e-5), planet, depths=[2000.0, 1000.0])
    star = star._replace(flux=star.flux + 3e-4)
    made = make_views(star, planet, [planet], VIEWS.model_copy(update={"scale": scale}))[1]
    unit = made.numbers["scale_local"] * 1e6
    deepest = {name: made.arrays[name].min() * unit for name in ("odd", "even", "unfolded", "twice_period")}
    assert deepest == pytest.approx({"odd": -2000, "even": -1000, "unfolded": -2000, "twice_period": -2000}, rel=0.03)
    for name in ("local", "odd", "even", "secondary", "half_period", "twice_period"):
        assert abs(np.median(made.arrays[name])) * unit < 10.0, name


def test_a_mirrored_light_curve_has_mirrored_views():
    planet = signal(period_d=9.87, epoch_bjd=START + 5.0123, depth_ppm=3000.0)
    late = replace(planet, epoch_bjd=planet.epoch_bjd + 0.03, depth_ppm=1000.0)
    # Not symmetric about mid-transit, and seen 41 times: the first and the last are both odd.
    star = with_box(with_box(flat_star(days=402.0, centroid=1e-3), planet, shift_arcsec=(0.02, 0.0)), late)
    back = mirrored(star)
    turned = replace(planet, epoch_bjd=float(star.time_bjd[0] + star.time_bjd[-1]) - planet.epoch_bjd)
    one, other = (fold_views(curve, of, VIEWS) for curve, of in ((star, planet), (back, turned)))
    assert one.numbers["transits_observed"] == 41
    for name in ("local", "odd", "even", "half_period", "twice_period", "centroid", "secondary"):
        # A cadence on the edge of a bin changes sides in the mirror.
        assert np.isclose(one.arrays[name], other.arrays[name][..., ::-1], rtol=1e-5, atol=1e-5).mean() > 0.99, name
        np.testing.assert_allclose(one.arrays[f"{name}_count"], other.arrays[f"{name}_count"][..., ::-1], atol=1)
    stack = other.arrays["unfolded"][::-1, ::-1]
    assert np.isclose(one.arrays["unfolded"], stack, rtol=1e-5, atol=1e-5).mean() > 0.98
    for name, number in one.numbers.items():
        assert other.numbers[name] == pytest.approx(number, rel=0.02, abs=0.05), name


def test_what_is_not_present_is_all_zeros():
    once = signal(period_d=300.0, epoch_bjd=START + 30.0, duration_h=10.0)
    outcome, made = make_views(with_box(flat_star(days=90.0), once), once, [once], VIEWS)
    assert outcome.outcome == "ok"
    assert made.present == {
        "odd": True,
        "even": False,
        "secondary": True,
        "half_period": False,
        "twice_period": False,
        "unfolded": True,
        "centroid": False,
    }
    for name in ("even", "half_period", "twice_period", "centroid"):
        for part in ("", "_scatter", "_count"):
            assert not made.arrays[name + part].any()
    np.testing.assert_array_equal(made.arrays["odd"], made.arrays["local"])
    assert made.arrays["unfolded_count"].any(axis=1).tolist() == [True] + 19 * [False]
    unknown = {name for name, number in made.numbers.items() if np.isnan(number)}
    assert unknown == {
        "even_depth_ppm",
        "odd_even_sigma",
        "transit_depth_scatter_sigma",
        "centroid_offset_arcsec",
        "centroid_offset_sigma",
    }


def test_presence_does_not_depend_on_what_the_light_does():
    planet = signal(period_d=70.0)
    quiet = flat_star(days=120.0, centroid=1e-3)
    present = [
        make_views(with_box(quiet, planet, depths=depths), planet, [planet], VIEWS)[1].present
        for depths in ([0.0], [50.0, 0.0], [90000.0, 10.0])
    ]
    assert present[0] == present[1] == present[2]


def test_only_the_time_for_which_an_ephemeris_holds_is_folded():
    planet = signal()
    star = with_box(flat_star(days=90.0), planet)
    drifted = replace(planet, first_bjd=START + 20.0, last_bjd=START + 60.0)
    made = make_views(star, drifted, [drifted], VIEWS)[1]
    kept = (star.time_bjd >= START + 20.0) & (star.time_bjd <= START + 60.0)
    assert made.numbers["cadences"] == np.count_nonzero(kept)
    assert made.numbers["transits_observed"] == 4
    gone = replace(planet, last_bjd=START - 1.0)
    assert make_views(star, gone, [gone], VIEWS)[0].outcome == "no_data_in_transit"


def test_a_curve_that_is_all_in_transit_has_finite_views():
    time = START + np.arange(0, 0.4, CADENCE_D / 10)
    star = FlatCurve(time, np.random.default_rng(3).normal(-1e-3, 1e-4, time.size), CADENCE_D / 10)
    long = signal(period_d=100.0, epoch_bjd=START + 0.2, duration_h=20.0)
    outcome, made = make_views(star, long, [long], VIEWS)
    assert outcome.outcome == "no_data_in_transit"
    long = replace(long, duration_h=9.6)
    outcome, made = make_views(star, long, [long], VIEWS)
    assert outcome.outcome == "ok"
    assert np.isnan(made.numbers["depth_ppm"])
    assert not made.present["secondary"]
    assert all(np.isfinite(array).all() for array in made.arrays.values())
