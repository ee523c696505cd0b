"""One ephemeris matcher, for every place where two signals might be the same.

Two lists of one star rarely agree to the last digit: a period from one TESS sector is good to a minute, Kepler's to a
fraction of a second, and between the two lie ten years and thousands of cycles. Signals are therefore compared at one
common time, to which the better known of the two periods is carried, with its error.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

PERIOD_FLOOR = 1e-3  # relative: catalogs of one signal differ by this much whatever their formal errors say
PERIOD_CAP = 2e-2  # relative: an error larger than this proves nothing
SIGMAS = 3.0
HARMONICS = (1 / 2, 2.0, 1 / 3, 3.0)
DURATION_RATIO = 3.0  # a pipeline's duration can be too long by far; another's says how far to believe it
_YEAR_D = 365.25
_SUN_TRANSIT_H = 13.0


def match_ephemerides(
    period_a_d: ArrayLike,
    epoch_a_bjd: ArrayLike,
    duration_a_h: ArrayLike,
    period_err_a_d: ArrayLike,
    epoch_err_a_d: ArrayLike,
    period_b_d: ArrayLike,
    epoch_b_bjd: ArrayLike,
    duration_b_h: ArrayLike,
    period_err_b_d: ArrayLike,
    epoch_err_b_d: ArrayLike,
) -> NDArray[np.str_]:
    """Tell whether pairs of ephemerides on one star are one signal: `same`, `alias` or `different`.

    `same`: the ratio of the periods is 1 within three errors (never less than 1e-3, never more than 2e-2 of it) and
    the transits coincide (`phase_agrees`). `alias`: the ratio is 1/2, 2, 1/3 or 3 within the same bounds; such pairs
    are linked, never merged. `different`: everything else, and every pair in which a period is missing.

    All arguments broadcast; times in days, epochs in BJD_TDB, durations in hours, NaN where unknown. An unknown period
    error counts as covered by the floor; where an epoch is unknown, the period alone decides, which is good enough on
    one star and nowhere else.
    """
    period_a, period_b = _floats(period_a_d), _floats(period_b_d)
    error_a, error_b = _floats(period_err_a_d), _floats(period_err_b_d)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = period_a / period_b
        tolerance = np.hypot(np.nan_to_num(error_a) / period_a, np.nan_to_num(error_b) / period_b)
        tolerance = np.clip(SIGMAS * tolerance, PERIOD_FLOOR, PERIOD_CAP)
        one = np.abs(ratio - 1) <= tolerance
        harmonic = np.zeros(np.broadcast(ratio, tolerance).shape, dtype=bool)
        for value in HARMONICS:
            harmonic |= np.abs(ratio / value - 1) <= tolerance
    same = one & phase_agrees(
        period_a, epoch_a_bjd, duration_a_h, error_a, epoch_err_a_d,
        period_b, epoch_b_bjd, duration_b_h, error_b, epoch_err_b_d,
    )  # fmt: skip
    return np.where(same, "same", np.where(harmonic, "alias", "different"))


def phase_agrees(
    period_a_d: ArrayLike,
    epoch_a_bjd: ArrayLike,
    duration_a_h: ArrayLike,
    period_err_a_d: ArrayLike,
    epoch_err_a_d: ArrayLike,
    period_b_d: ArrayLike,
    epoch_b_bjd: ArrayLike,
    duration_b_h: ArrayLike,
    period_err_b_d: ArrayLike,
    epoch_err_b_d: ArrayLike,
) -> NDArray[np.bool_]:
    """True where transits of nearly equal periods coincide: within `half_duration_d`, plus three errors.

    Arguments as for `match_ephemerides`. The bound is that of the offset `transit_offset` returns; true, too, where an
    epoch is unknown, for then nothing speaks against it.
    """
    offset, error = transit_offset(
        period_a_d, epoch_a_bjd, period_err_a_d, epoch_err_a_d, period_b_d, epoch_b_bjd, period_err_b_d, epoch_err_b_d
    )
    period = _floats(period_a_d)
    half = half_duration_d(period, duration_a_h, duration_b_h)
    return np.isnan(offset) | (np.abs(offset) <= half + SIGMAS * error)


def transit_offset(
    period_a_d: ArrayLike,
    epoch_a_bjd: ArrayLike,
    period_err_a_d: ArrayLike,
    epoch_err_a_d: ArrayLike,
    period_b_d: ArrayLike,
    epoch_b_bjd: ArrayLike,
    period_err_b_d: ArrayLike,
    epoch_err_b_d: ArrayLike,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How far the epoch of b lies from the nearest transit of a, and the error of that, both in days.

    If the two are one signal, they have one period, and the better measured of the two (`better_period`) leads from
    one epoch to the other; its error grows with the cycles between. NaN where an epoch or a period is unknown.
    """
    period, error = better_period(period_a_d, period_err_a_d, period_b_d, period_err_b_d)
    apart = _floats(epoch_b_bjd) - _floats(epoch_a_bjd)
    with np.errstate(invalid="ignore", divide="ignore"):
        cycles = np.round(apart / period)
        offset = apart - cycles * period
        drift = np.abs(cycles) * error
    epochs = np.hypot(np.nan_to_num(_floats(epoch_err_a_d)), np.nan_to_num(_floats(epoch_err_b_d)))
    return offset, np.hypot(drift, epochs)


def better_period(
    period_a_d: ArrayLike, period_err_a_d: ArrayLike, period_b_d: ArrayLike, period_err_b_d: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The better measured of two periods of one signal, and its error, in days.

    The smaller formal error wins, a known one before an unknown one, a before b. Where both errors are known and the
    periods differ by more than they allow, or where neither is known, the difference of the periods is the error:
    formal errors leave out transit-timing variations.
    """
    period_a, period_b = _floats(period_a_d), _floats(period_b_d)
    error_a, error_b = _floats(period_err_a_d), _floats(period_err_b_d)
    period = np.where(np.isnan(error_a) & ~np.isnan(error_b) | (error_b < error_a), period_b, period_a)
    formal = np.fmin(error_a, error_b)
    apart = np.abs(period_a - period_b)
    refuted = apart > SIGMAS * np.hypot(error_a, error_b)  # false where either is unknown
    return period, np.where(refuted | np.isnan(formal), np.fmax(apart, formal), formal)


def half_duration_d(period_d: ArrayLike, *durations_h: ArrayLike) -> NDArray[np.float64]:
    """Half of the longest of the known durations, in days, and at most a quarter of the period.

    The longest counts for no more than three times the shortest: what is left of a deep eclipse may be called 15 h
    long, and is no reason to look for a transit of 2 h that far away. Where no duration is known, `sun_like_duration_h`
    stands in.
    """
    period = _floats(period_d)
    longest = shortest = np.full(np.broadcast(period, *durations_h).shape, np.nan)
    for duration in durations_h:
        longest, shortest = np.fmax(longest, _floats(duration)), np.fmin(shortest, _floats(duration))
    longest = np.fmin(longest, DURATION_RATIO * shortest)
    with np.errstate(invalid="ignore"):
        half = np.where(longest > 0, longest, sun_like_duration_h(period)) / 48
    return np.fmin(half, period / 4)


def sun_like_duration_h(period_d: ArrayLike) -> NDArray[np.float64]:
    """How long a planet of this period (days) takes across the middle of a Sun-like star, in hours.

    13 h (P / yr)^(1/3), from Kepler's third law (Winn 2010, "Exoplanet Transits and Occultations", eq. 19).
    """
    return _SUN_TRANSIT_H * np.cbrt(_floats(period_d) / _YEAR_D)


def _floats(values: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)
