"""Least squares of cubic splines with evenly spaced knots: normal equations, their solution, and what is left.

In an interval between knots four cubic B-splines are not zero, so that the equations are a band of four diagonals of
sums over the cadences of single intervals. Cadences can be added to the sums and taken out of them.
"""

import numpy as np

from lightmill.compiled import compiled

# A pivot of which no more than this is left is rounding: the equations do not determine its coefficient.
LEAST_PIVOT = 1e-14
# Polynomials are evaluated for so many cadences at a time; what is beyond an interval's end is done again in the next.
BLOCK = 32
# Second derivatives of the four B-splines in an interval: at its start, and their rise to its end.
BENDS = ((1.0, -1.0), (-2.0, 3.0), (1.0, -3.0), (0.0, 1.0))


@compiled("UniTuple(float64, 4)(float64)", reorder=True)
def basis(u: float) -> tuple[float, float, float, float]:
    """The four cubic B-splines that are not zero in an interval between knots, at `u` (0 to 1) of its length."""
    v = 1.0 - u
    return (
        v * v * v * (1 / 6),
        u * u * (0.5 * u - 1.0) + 2 / 3,
        v * v * (0.5 * v - 1.0) + 2 / 3,
        u * u * u * (1 / 6),
    )


@compiled("void(float64[::1], int64, float64, float64, int64, float64[::1], int64[::1])", reorder=True)
def locate(
    x: np.ndarray, count: int, start: float, step: float, intervals: int, u: np.ndarray, first: np.ndarray
) -> None:
    """Places of the cadences in intervals from the first knot, into `u`; the first cadence of each, into `first`."""
    steps = 1.0 / step
    for i in range(count):
        u[i] = (x[i] - start) * steps
    here, held = 0, 0
    for k in range(1, intervals):
        # Mostly an interval holds as many cadences as the one before.
        i = min(here + held, count)
        while i > here and u[i - 1] >= k:
            i -= 1
        while i < count and u[i] < k:
            i += 1
        first[k], held, here = i, i - here, i
    first[0], first[intervals] = 0, count


@compiled("void(float64[::1], float64[::1], int64[::1], int64, float64[:, ::1], float64[::1])", reorder=True)
def add_all(
    u: np.ndarray, y: np.ndarray, first: np.ndarray, intervals: int, band: np.ndarray, right: np.ndarray
) -> None:
    """Normal equations of all cadences: `band[i, j]` of coefficients i and i + j, and their `right` side.

    Turns `u` into the place within the interval: 0 to 1, but for cadences outside the knots.
    """
    band[: intervals + 3] = 0.0
    right[: intervals + 3] = 0.0
    for k in range(intervals):
        s00, s01, s02, s03, s11, s12, s13, s22, s23, s33 = 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0
        t0, t1, t2, t3 = 0.0, 0.0, 0.0, 0.0
        place, value, knot = u[first[k] :], y[first[k] :], float(k)
        for i in range(first[k + 1] - first[k]):
            w = place[i] - knot
            place[i] = w
            b0, b1, b2, b3 = basis(w)
            s00 += b0 * b0
            s01 += b0 * b1
            s02 += b0 * b2
            s03 += b0 * b3
            s11 += b1 * b1
            s12 += b1 * b2
            s13 += b1 * b3
            s22 += b2 * b2
            s23 += b2 * b3
            s33 += b3 * b3
            t0 += b0 * value[i]
            t1 += b1 * value[i]
            t2 += b2 * value[i]
            t3 += b3 * value[i]
        sums = ((s00, s01, s02, s03), (s11, s12, s13, 0.0), (s22, s23, 0.0, 0.0), (s33, 0.0, 0.0, 0.0))
        for i in range(4):
            for j in range(4):
                band[k + i, j] += sums[i][j]
        right[k] += t0
        right[k + 1] += t1
        right[k + 2] += t2
        right[k + 3] += t3


@compiled("void(float64, float64, int64, float64, float64[:, ::1], float64[::1])")
def add_one(u: float, y: float, interval: int, weight: float, band: np.ndarray, right: np.ndarray) -> None:
    """One cadence into the normal equations, or out of them again (`weight` -1)."""
    parts = basis(u)
    for i in range(4):
        weighted = weight * parts[i]
        right[interval + i] += weighted * y
        for j in range(i, 4):
            band[interval + i, j - i] += weighted * parts[j]


@compiled("void(float64[:, ::1], float64, float64, int64, float64, float64[:, ::1])")
def stiffen(holes: np.ndarray, start: float, step: float, intervals: int, weight: float, band: np.ndarray) -> None:
    """Add the squared second derivative within `holes` ((m, 2) from, to) to what the normal equations make small."""
    for hole in range(holes.shape[0]):
        begin, end = (holes[hole, 0] - start) / step, (holes[hole, 1] - start) / step
        for k in range(max(int(begin), 0), min(int(end) + 1, intervals)):
            low, high = max(begin - k, 0.0), min(end - k, 1.0)
            if low >= high:
                continue
            length, squares, cubes = high - low, (high**2 - low**2) / 2, (high**3 - low**3) / 3
            for i in range(4):
                # Second derivatives of B-splines are straight lines.
                for j in range(i, 4):
                    (a, b), (c, d) = BENDS[i], BENDS[j]
                    band[k + i, j - i] += weight * (a * c * length + (a * d + b * c) * squares + b * d * cubes)


@compiled("boolean(float64[:, ::1], float64[::1], int64, float64, float64[:, ::1], float64[::1])")
def solve(
    band: np.ndarray, right: np.ndarray, count: int, least: float, factor: np.ndarray, solution: np.ndarray
) -> bool:
    """Solve the normal equations by their factors L D L' (`factor`: D, then L's columns below the diagonal).

    False where they do not determine each of the `count` coefficients.
    """
    for i in range(count):
        pivot, below1, below2, below3, value = band[i, 0], band[i, 1], band[i, 2], band[i, 3], right[i]
        if not pivot > least:
            return False
        least_pivot = LEAST_PIVOT * pivot
        if i >= 1:
            weighted = factor[i - 1, 1] * factor[i - 1, 0]
            pivot -= weighted * factor[i - 1, 1]
            below1 -= weighted * factor[i - 1, 2]
            below2 -= weighted * factor[i - 1, 3]
            value -= factor[i - 1, 1] * solution[i - 1]
        if i >= 2:
            weighted = factor[i - 2, 2] * factor[i - 2, 0]
            pivot -= weighted * factor[i - 2, 2]
            below1 -= weighted * factor[i - 2, 3]
            value -= factor[i - 2, 2] * solution[i - 2]
        if i >= 3:
            pivot -= factor[i - 3, 3] * factor[i - 3, 3] * factor[i - 3, 0]
            value -= factor[i - 3, 3] * solution[i - 3]
        if not pivot > least_pivot:
            return False
        over = 1.0 / pivot
        factor[i, 0], factor[i, 1], factor[i, 2], factor[i, 3] = pivot, below1 * over, below2 * over, below3 * over
        solution[i] = value
    for i in range(count - 1, -1, -1):
        value = solution[i] / factor[i, 0]
        for j in range(1, min(4, count - i)):
            value -= factor[i, j] * solution[i + j]
        solution[i] = value
    return True


@compiled("UniTuple(float64, 4)(float64[::1], int64)")
def polynomial(coefficients: np.ndarray, interval: int) -> tuple[float, float, float, float]:
    """Powers 0 to 3 of the place in an interval, by which the spline is given there."""
    c0, c1, c2, c3 = (
        coefficients[interval],
        coefficients[interval + 1],
        coefficients[interval + 2],
        coefficients[interval + 3],
    )
    return (c0 + c2 + 4.0 * c1) / 6.0, 0.5 * (c2 - c0), 0.5 * (c0 + c2) - c1, (c3 - c0) / 6.0 + 0.5 * (c1 - c2)


@compiled("void(float64[::1], float64[::1], int64[::1], int64, float64[::1], float64[::1])", reorder=True)
def residuals(
    u: np.ndarray, y: np.ndarray, first: np.ndarray, intervals: int, coefficients: np.ndarray, residual: np.ndarray
) -> None:
    """Values less the spline, into `residual`; all arrays reach BLOCK places further than the cadences."""
    for k in range(intervals):
        p0, p1, p2, p3 = polynomial(coefficients, k)
        place, value, left = u[first[k] :], y[first[k] :], residual[first[k] :]
        for i in range((first[k + 1] - first[k] + BLOCK - 1) // BLOCK * BLOCK):
            w = place[i]
            left[i] = value[i] - (p0 + w * (p1 + w * (p2 + w * p3)))
