"""Signals of which only the period is listed are found, where they are and as long as they last."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search.series import START, depth_of, dips, largest_offset, times

from lightmill.search.box import LONGEST_SHARE
from lightmill.search.centring import centred, fit_duration
from lightmill.search.complete import CADENCES, RATIO, box_durations, complete
from lightmill.search.drift import Errors
from lightmill.search.shifts import Fit

NAN = float("nan")
LONG_CADENCE_D = 29.4244 / 1440
PERIOD, EPOCH, DURATION = 9.2, START + 4.4, 0.15
CAMPAIGN = times((0, 36), (38, 42), cadence_d=LONG_CADENCE_D)
EXACT = Errors(1e-4, NAN)


def noisy(snr, seed=0, period=PERIOD, time_bjd=CAMPAIGN):
    depth = depth_of(snr, time_bjd, period, EPOCH, DURATION)
    return dips(time_bjd, period, EPOCH, DURATION, depth, seed)


def completed(flux, period=PERIOD, errors=EXACT, epoch=NAN, duration=NAN, time_bjd=CAMPAIGN):
    return complete(time_bjd, flux, LONG_CADENCE_D, period, errors, epoch, duration)


@pytest.mark.parametrize("snr", [12.0, 40.0, 400.0])
def test_epoch_and_duration_from_the_period_alone(snr):
    for seed in range(3):
        found = completed(noisy(snr, seed))
        assert largest_offset(CAMPAIGN, found.fit.period_d, found.fit.epoch_bjd, PERIOD, EPOCH) < 0.2 * DURATION
        assert found.duration_d == pytest.approx(DURATION, rel=0.35 if snr < 20 else 0.15)
        assert 3.7 < found.gain < 1.1 * found.fit.snr


@pytest.mark.parametrize("listed", [9.2, 9.21, 9.19])
def test_a_period_rounded_to_two_digits_is_found_within_them(listed):
    found = completed(noisy(25.0, period=9.2043), period=listed, errors=Errors(0.005, NAN))
    assert largest_offset(CAMPAIGN, found.fit.period_d, found.fit.epoch_bjd, 9.2043, EPOCH) < 0.2 * DURATION


def test_a_stated_period_stays_unless_the_transits_prove_another():
    assert completed(noisy(40.0)).fit.period_d == pytest.approx(PERIOD, abs=4e-4)
    # Off by far more than stated: a duration over the data.
    found = completed(noisy(60.0), period=PERIOD + DURATION / 9, errors=Errors(1e-5, NAN))
    assert largest_offset(CAMPAIGN, found.fit.period_d, found.fit.epoch_bjd, PERIOD, EPOCH) < 0.2 * DURATION


def test_noise_is_not_completed():
    found = [completed(noisy(0.0, seed), period=3.0 + 0.5 * seed) for seed in range(20)]
    assert sum(one is not None for one in found) <= 1


def test_a_dip_seen_once_is_not_enough():
    flux = noisy(0.0)
    flux[np.abs(CAMPAIGN - (START + 20.0)) < DURATION / 2] -= 0.004
    assert completed(flux) is None
    # Of a longer period than the data there is no second one: then it must be beyond doubt.
    assert completed(flux, period=200.0, errors=Errors(0.01, NAN)) is None
    flux[np.abs(CAMPAIGN - (START + 20.0)) < DURATION / 2] -= 0.02
    lone = completed(flux, period=200.0, errors=Errors(0.01, NAN))
    assert lone.fit.period_d == pytest.approx(200.0, abs=0.04)
    assert abs(lone.fit.epoch_bjd - (START + 20.0)) < 0.2 * DURATION


def test_a_known_duration_stays_and_a_known_epoch_limits_where_it_is_looked_for():
    flux = noisy(15.0)
    stronger = np.abs((CAMPAIGN - EPOCH - 3.0 + PERIOD / 2) % PERIOD - PERIOD / 2) < DURATION / 2
    flux[stronger] -= depth_of(40.0, CAMPAIGN, PERIOD, EPOCH, DURATION)
    anywhere = completed(flux, duration=0.12)
    assert anywhere.duration_d == 0.12
    assert largest_offset(CAMPAIGN, PERIOD, anywhere.fit.epoch_bjd, PERIOD, EPOCH + 3.0) < 0.3 * DURATION
    here = completed(flux, epoch=EPOCH - 20 * PERIOD, errors=Errors(1e-4, 0.02))
    assert largest_offset(CAMPAIGN, PERIOD, here.fit.epoch_bjd, PERIOD, EPOCH) < 0.3 * DURATION


def test_durations_are_those_of_planets():
    durations = box_durations(365.25, LONG_CADENCE_D)
    assert durations[0] == pytest.approx(0.2 * 13 / 24, rel=2e-3)
    assert durations[-1] == pytest.approx(2.0 * 13 / 24, rel=2e-3)
    assert np.all(durations[1:] / durations[:-1] <= RATIO + 1e-9)
    assert box_durations(5.0, LONG_CADENCE_D)[0] == pytest.approx(CADENCES * LONG_CADENCE_D)
    assert box_durations(0.18, LONG_CADENCE_D) == pytest.approx([LONGEST_SHARE * 0.18])


@settings(max_examples=20, deadline=None)
@given(
    count=st.integers(0, 60),
    period=st.floats(0.06, 5000.0),
    epoch=st.sampled_from([NAN, START - 700.0, START + 3.0]),
    duration=st.sampled_from([NAN, 0.02]),
    error=st.floats(1e-7, 1.0),
    constant=st.booleans(),
    seed=st.integers(0, 99),
)
def test_any_light_curve_has_a_stated_result(count, period, epoch, duration, error, constant, seed):
    rng = np.random.default_rng(seed)
    time = START + np.sort(rng.uniform(0, 30, count))
    flux = np.zeros(count) if constant else rng.normal(0, 1e-3, count)
    found = complete(time, flux, LONG_CADENCE_D, period, Errors(error, 0.01), epoch, duration)
    if constant or count == 0:
        assert found is None
    if found is not None:
        assert np.isfinite([found.fit.period_d, found.fit.epoch_bjd, found.duration_d, found.gain]).all()


# The middle and the length of a dip


@pytest.mark.parametrize("duration", [0.08, 0.15, 0.3])
@pytest.mark.parametrize("cadence", [1 / 720, LONG_CADENCE_D])
def test_the_duration_is_from_first_to_last_contact(duration, cadence):
    """The judge: a small planet's transit by batman, averaged over the exposure."""
    import batman

    params = batman.TransitParams()
    params.t0, params.per, params.rp, params.ecc, params.w = 0.0, 10.0, 0.03, 0.0, 90.0
    params.inc, params.limb_dark, params.u = 90.0, "linear", [0.5]
    params.a = 1.03 / np.sin(np.pi * duration / 10.0)
    phase = np.sort(np.random.default_rng(0).uniform(-0.6, 0.6, 4000))
    model = batman.TransitModel(params, phase, supersample_factor=11, exp_time=0.8 * cadence)
    flux = model.light_curve(params) - 1 + np.random.default_rng(1).normal(0, 1e-5, phase.size)
    for box in (0.8 * duration, 1.1 * duration):
        assert fit_duration(phase, flux, box, cadence) == pytest.approx(duration, rel=0.06)


def test_no_data_near_the_dip_leave_the_boxes_duration():
    assert fit_duration(np.array([3.0]), np.array([0.1]), 0.2, 0.02) == 0.2


def test_the_shape_finds_the_middle_where_a_box_that_is_too_long_does_not():
    time = times((0, 80), cadence_d=LONG_CADENCE_D)
    away = np.abs((time - EPOCH + PERIOD / 2) % PERIOD - PERIOD / 2)
    grazing = 0.01 * np.maximum(1 - away / 0.08, 0.0)
    errors = []
    for seed in range(6):
        flux = np.random.default_rng(seed).normal(0, 1e-3, time.size) - grazing
        rough = Fit(PERIOD, EPOCH + 0.05, 10.0)
        fit, _ = centred(time, flux, LONG_CADENCE_D, PERIOD, EXACT, rough, 0.3, NAN)
        errors.append(largest_offset(time, fit.period_d, fit.epoch_bjd, PERIOD, EPOCH))
    assert np.max(errors) < 0.02
