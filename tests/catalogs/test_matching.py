import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightmill.catalogs.matching import (
    better_period,
    half_duration_d,
    match_ephemerides,
    phase_agrees,
    transit_offset,
)

NAN = float("nan")


def match(a, b):
    """a, b: (period, epoch, duration, period error, epoch error)."""
    return str(match_ephemerides(*a, *b))


KEPLER = (3.5, 2454970.0, 3.0, 1e-6, 1e-4)


def test_a_transit_ten_years_later_is_the_same_signal():
    cycles = 1100
    tess = (3.5 + 1e-3, 2454970.0 + cycles * 3.5, 2.5, 1e-3, 2e-3)
    # carried with its own period the TESS epoch would miss by 1.1 d; Kepler's period carries both
    assert match(KEPLER, tess) == "same"
    assert match(tess, KEPLER) == "same"


def test_the_secondary_eclipse_is_another_signal():
    secondary = (3.5, 2454970.0 + 1.75, 3.0, 1e-6, 1e-4)
    assert match(KEPLER, secondary) == "different"


@pytest.mark.parametrize(("shift_h", "expected"), [(1.4, "same"), (-1.4, "same"), (1.6, "different")])
def test_transits_coincide_within_half_the_longer_duration(shift_h, expected):
    other = (3.5, 2454970.0 + shift_h / 24, 2.0, 1e-6, 0.0)
    assert match((3.5, 2454970.0, 3.0, 1e-6, 0.0), other) == expected


@pytest.mark.parametrize(("shift_h", "expected"), [(2.9, "same"), (3.1, "different"), (7.0, "different")])
def test_a_duration_far_too_long_does_not_widen_the_bound_as_far(shift_h, expected):
    residual = (3.5, 2454970.0 + shift_h / 24, 15.0, 1e-6, 0.0)
    assert match((3.5, 2454970.0, 2.0, 1e-6, 0.0), residual) == expected


def test_epoch_errors_widen_the_bound():
    late = (3.5, 2454970.0 + 1.6 / 24, 3.0, 1e-6, 0.01)  # 1.6 h late; bound 1.5 h + 3 × 0.24 h
    assert match((3.5, 2454970.0, 3.0, 1e-6, 0.0), late) == "same"


@pytest.mark.parametrize("ratio", [1 / 2, 2, 1 / 3, 3])
def test_harmonics_are_aliases_at_any_phase(ratio):
    assert match(KEPLER, (3.5 * ratio, 2454971.234, 3.0, NAN, NAN)) == "alias"


@pytest.mark.parametrize("ratio", [1.01, 1.5, 2.01, 4, 0.25, 2 / 3])
def test_other_ratios_are_different(ratio):
    assert match(KEPLER, (3.5 * ratio, 2454970.0, 3.0, NAN, NAN)) == "different"


def test_the_period_alone_decides_without_an_epoch():
    assert match(KEPLER, (3.5001, NAN, NAN, NAN, NAN)) == "same"
    assert match(KEPLER, (3.6, NAN, NAN, NAN, NAN)) == "different"


def test_no_period_no_match():
    assert match(KEPLER, (NAN, 2454970.0, 3.0, NAN, NAN)) == "different"
    assert match((NAN, NAN, NAN, NAN, NAN), (NAN, NAN, NAN, NAN, NAN)) == "different"


def test_large_period_errors_widen_the_bound_up_to_two_per_cent():
    assert match(KEPLER, (3.5 * 1.01, NAN, NAN, 0.02, NAN)) == "same"
    assert match(KEPLER, (3.5 * 1.03, NAN, NAN, 1.0, NAN)) == "different"


def test_arguments_broadcast():
    found = match_ephemerides(*KEPLER, np.array([3.5, 7.0, 5.0]), 2454970.0, 3.0, NAN, NAN)
    assert found.tolist() == ["same", "alias", "different"]
    assert match_ephemerides(*KEPLER, np.array([]), 0.0, 0.0, 0.0, 0.0).tolist() == []


def test_the_better_period_and_its_error():
    assert [float(x) for x in better_period(3.5, 1e-6, 3.5, 1e-3)] == [3.5, 1e-6]
    assert [float(x) for x in better_period(3.5, 1e-3, 3.5, 1e-6)] == [3.5, 1e-6]
    assert [float(x) for x in better_period(3.5, NAN, 3.6, 0.01)] == [3.6, 0.01]  # the unknown error may be larger
    period, error = better_period(3.5, NAN, 3.6, NAN)
    assert float(period) == 3.5
    assert float(error) == pytest.approx(0.1)
    # formal errors that the difference refutes are replaced by the difference
    assert float(better_period(3.5, 1e-6, 3.501, 1e-5)[1]) == pytest.approx(1e-3)


def test_offset_and_its_error_by_hand():
    offset, error = transit_offset(2.0, 100.0, 0.001, 0.03, 2.0, 120.1, 0.01, 0.04)
    assert float(offset) == pytest.approx(0.1)  # ten cycles, then 0.1 d
    assert float(error) == pytest.approx(np.hypot(10 * 0.001, 0.05))


def test_half_durations():
    assert float(half_duration_d(10.0, 4.8, 2.4)) == pytest.approx(0.1)
    assert float(half_duration_d(10.0, NAN, 2.4)) == pytest.approx(0.05)
    assert float(half_duration_d(10.0, 14.7, 4.0)) == pytest.approx(0.25)  # 12 h: three times the shorter
    assert float(half_duration_d(0.2, 48.0)) == pytest.approx(0.05)  # never more than a quarter of the period
    assert float(half_duration_d(365.25, NAN)) == pytest.approx(13 / 48)
    assert np.isnan(half_duration_d(NAN, NAN))


ephemeris = st.tuples(
    st.floats(0.3, 500), st.floats(2454900, 2460000), st.floats(0.5, 12), st.floats(1e-7, 1e-2), st.floats(1e-5, 1e-2)
)


@given(ephemeris, st.integers(-2000, 2000))
def test_a_signal_is_itself_any_number_of_cycles_later(signal, cycles):
    period, epoch, *rest = signal
    assert match(signal, (period, epoch + cycles * period, *rest)) == "same"


@given(ephemeris, ephemeris)
def test_order_does_not_matter_to_what_is_an_alias(a, b):
    assert (match(a, b) == "alias") == (match(b, a) == "alias")


@given(ephemeris, st.floats(0, 1))
def test_phase_agreement_is_symmetric_for_one_period(signal, phase):
    period, epoch, duration, *errors = signal
    other = (period, epoch + phase * period, duration, *errors)
    assert bool(phase_agrees(*signal, *other)) == bool(phase_agrees(*other, *signal))
