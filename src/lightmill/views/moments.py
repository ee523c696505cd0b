"""Moments of windows that slide along an evenly spaced series, some of it missing.

A window's moments are sums of (place - origin) ** k, over what is missing in it (`gaps`, k = 0 to 8) and, times the
values, over what is there (k = 0 to 4); places in units of half a window. The origin stays near for a whole block of
windows, so that little is lost to cancellation. Of neighbouring windows the moments lie side by side, in a `chunk`:
moment by moment, CHUNK numbers each.
"""

import numpy as np

from lightmill.compiled import compiled

MOMENTS = 14  # those of the gaps, then those of the values
CHUNK = 128  # windows, at most


@compiled("float64[::1](int64)")
def full_moments(half: int) -> np.ndarray:
    """Sums over -half .. half of 1 and of (number / half) ** 2, 4, 6, 8 (Faulhaber's formulae): (5,) float64."""
    h = float(max(half, 1))
    two = (h + 1) * (2 * h + 1) / (3 * h)
    four = two * (3 * h**2 + 3 * h - 1) / (5 * h**2)
    six = two * (3 * h**4 + 6 * h**3 - 3 * h + 1) / (7 * h**4)
    eight = two * (5 * h**6 + 15 * h**5 + 5 * h**4 - 15 * h**3 - h**2 + 9 * h - 3) / (15 * h**6)
    full = np.empty(5)
    full[0], full[1], full[2], full[3], full[4] = 2.0 * half + 1.0, two, four, six, eight
    return full


@compiled("void(float64[::1], float64[::1], float64, float64, float64[::1])", reorder=True)
def sum_moments(value: np.ndarray, gap: np.ndarray, first: float, step: float, moments: np.ndarray) -> None:
    """Moments of gaps (9) and values (5) at places first, first + step, ... into `moments`, (14,)."""
    g0, g1, g2, g3, g4, g5, g6, g7, g8 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
    v0, v1, v2, v3, v4 = 0.0, 0.0, 0.0, 0.0, 0.0
    for number in range(value.size):
        place = first + number * step
        square = place * place
        term, term_odd = gap[number], gap[number] * place
        g0 += term
        g1 += term_odd
        term, term_odd = term * square, term_odd * square
        g2 += term
        g3 += term_odd
        term, term_odd = term * square, term_odd * square
        g4 += term
        g5 += term_odd
        term, term_odd = term * square, term_odd * square
        g6 += term
        g7 += term_odd
        g8 += term * square
        term, term_odd = value[number], value[number] * place
        v0 += term
        v1 += term_odd
        term, term_odd = term * square, term_odd * square
        v2 += term
        v3 += term_odd
        v4 += term * square
    moments[0], moments[1], moments[2], moments[3], moments[4] = g0, g1, g2, g3, g4
    moments[5], moments[6], moments[7], moments[8] = g5, g6, g7, g8
    moments[9], moments[10], moments[11], moments[12], moments[13] = v0, v1, v2, v3, v4


@compiled("void(float64[::1], float64[::1], float64, float64, float64, float64[::1], float64[::1])")
def carry_values(
    entering: np.ndarray,
    leaving: np.ndarray,
    enters: float,
    leaves: float,
    step: float,
    moments: np.ndarray,
    chunk: np.ndarray,
) -> None:
    """Moments of the values of one window after the other: window i has gained entering[:i + 1], and lost leaving[:i].

    Into `chunk`, moment by moment, CHUNK numbers each; `moments` are those before the first window, and become those
    after the last. The first to enter and to leave are at the places `enters` and `leaves`.
    """
    v0, v1, v2, v3, v4 = moments[9], moments[10], moments[11], moments[12], moments[13]
    for number in range(entering.size):
        place = enters + number * step
        square = place * place
        term, term_odd = entering[number], entering[number] * place
        v0 += term
        v1 += term_odd
        term, term_odd = term * square, term_odd * square
        v2 += term
        v3 += term_odd
        v4 += term * square
        chunk[9 * CHUNK + number] = v0
        chunk[10 * CHUNK + number] = v1
        chunk[11 * CHUNK + number] = v2
        chunk[12 * CHUNK + number] = v3
        chunk[13 * CHUNK + number] = v4
        place = leaves + number * step
        square = place * place
        term, term_odd = leaving[number], leaving[number] * place
        v0 -= term
        v1 -= term_odd
        term, term_odd = term * square, term_odd * square
        v2 -= term
        v3 -= term_odd
        v4 -= term * square
    moments[9], moments[10], moments[11], moments[12], moments[13] = v0, v1, v2, v3, v4


@compiled("void(float64[::1], float64[::1], float64, float64, float64, float64[::1], float64[::1])")
def carry_gaps(
    entering: np.ndarray,
    leaving: np.ndarray,
    enters: float,
    leaves: float,
    step: float,
    moments: np.ndarray,
    chunk: np.ndarray,
) -> None:
    """Moments of the gaps of one window after the other; as `carry_values`."""
    g0, g1, g2, g3, g4 = moments[0], moments[1], moments[2], moments[3], moments[4]
    g5, g6, g7, g8 = moments[5], moments[6], moments[7], moments[8]
    for number in range(entering.size):
        if entering[number] > 0.0:
            place = enters + number * step
            square = place * place
            fourth = square * square
            g0 += 1.0
            g1 += place
            g2 += square
            g3 += square * place
            g4 += fourth
            g5 += fourth * place
            g6 += fourth * square
            g7 += fourth * square * place
            g8 += fourth * fourth
        chunk[number] = g0
        chunk[CHUNK + number] = g1
        chunk[2 * CHUNK + number] = g2
        chunk[3 * CHUNK + number] = g3
        chunk[4 * CHUNK + number] = g4
        chunk[5 * CHUNK + number] = g5
        chunk[6 * CHUNK + number] = g6
        chunk[7 * CHUNK + number] = g7
        chunk[8 * CHUNK + number] = g8
        if leaving[number] > 0.0:
            place = leaves + number * step
            square = place * place
            fourth = square * square
            g0 -= 1.0
            g1 -= place
            g2 -= square
            g3 -= square * place
            g4 -= fourth
            g5 -= fourth * place
            g6 -= fourth * square
            g7 -= fourth * square * place
            g8 -= fourth * fourth
    moments[0], moments[1], moments[2], moments[3], moments[4] = g0, g1, g2, g3, g4
    moments[5], moments[6], moments[7], moments[8] = g5, g6, g7, g8
