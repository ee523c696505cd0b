"""Least squares where every row depends on few coefficients, all of them near each other."""

import numpy as np

from lightmill.compiled import compiled


@compiled("float64[::1](int64[:, ::1], float64[:, ::1], float64[::1], float64[::1], int64, int64)")
def solve_banded(
    place: np.ndarray, share: np.ndarray, value: np.ndarray, weight: np.ndarray, size: int, band: int
) -> np.ndarray:
    """Weighted least squares with few coefficients to a row, by Cholesky's method on a banded matrix.

    Parameters
    ----------
    place : (rows, m) int64, coefficients that a row depends on, none of them twice unless its share is nought
    share : (rows, m) float64, by how much
    value : (rows,) float64, what they should add up to
    weight : (rows,) float64, >= 0
    size : number of coefficients, each with some weight of its own
    band : coefficients of one row are at most so far apart

    Returns
    -------
    (size,) float64
    """
    # The normal equations' matrix from the diagonal downwards, one column after the other.
    matrix = np.zeros((size, band + 1))
    solution = np.zeros(size)
    for row in range(value.size):
        if weight[row] > 0.0:
            where, parts = place[row], share[row]
            for one in range(parts.size):
                part = weight[row] * parts[one]
                solution[where[one]] += part * value[row]
                for two in range(one + 1):
                    first, last = min(where[one], where[two]), max(where[one], where[two])
                    matrix[first, last - first] += part * parts[two]
    for column in range(size):
        reach = min(band + 1, size - column)
        factors = matrix[column, :reach]
        root = 1.0 / np.sqrt(factors[0])
        for row in range(reach):
            factors[row] *= root
        solution[column] *= root
        for row in range(1, reach):
            factor = factors[row]
            if factor != 0.0:
                solution[column + row] -= factor * solution[column]
                target, source = matrix[column + row], factors[row:]
                for below in range(source.size):
                    target[below] -= factor * source[below]
    for column in range(size - 1, -1, -1):
        total = solution[column]
        for row in range(1, min(band + 1, size - column)):
            total -= matrix[column, row] * solution[column + row]
        solution[column] = total / matrix[column, 0]
    return solution
