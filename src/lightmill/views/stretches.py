"""Unbroken pieces of a light curve: of one segment, without a long gap."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled


class Stretches(NamedTuple):
    """Usable cadences, those of a stretch together, by time within it: arrays, so that compiled code reads them too."""

    rows: np.ndarray
    """(m,) int64, where the usable cadences stand in the light curve."""
    start: np.ndarray
    """(stretches + 1,) int64: the cadences of stretch i are `rows[start[i]:start[i + 1]]`; none is empty."""

    def pieces(self) -> Iterator[np.ndarray]:
        """The indices of one stretch after the other."""
        for first, last in zip(self.start[:-1].tolist(), self.start[1:].tolist(), strict=True):
            yield self.rows[first:last]


@compiled("Tuple((boolean, int64[::1]))(float64[::1], int64[::1], int64[::1], float64)")
def _starts(time_bjd: np.ndarray, segment: np.ndarray, rows: np.ndarray, break_d: float) -> tuple[bool, np.ndarray]:
    """Whether the segments of the cadences at `rows` never decrease; where stretches begin, and the end of all."""
    start = np.empty(rows.size + 1, dtype=np.int64)
    ordered, found = True, 0
    number, before_bjd = np.int64(0), -np.inf
    for place in range(rows.size):
        row = np.uint64(rows[place])  # unsigned, or numba looks whether it counts from the end
        if place == 0 or segment[row] != number or time_bjd[row] - before_bjd > break_d:
            ordered &= place == 0 or segment[row] >= number
            start[found] = place
            found += 1
            number = segment[row]
        before_bjd = time_bjd[row]
    start[found] = rows.size
    return ordered, start[: found + 1].copy()


def stretches(time_bjd: np.ndarray, segment: np.ndarray, usable: np.ndarray, break_d: float) -> Stretches:
    """Unbroken stretches of the usable cadences: within one segment, without a gap above `break_d`.

    Parameters
    ----------
    time_bjd : (n,) float64, sorted, days
    segment : (n,) int, segment of each cadence; segments that overlap in time are told apart
    usable : (n,) bool
    break_d : days; a longer gap between usable cadences of a segment ends a stretch

    Returns
    -------
    Stretches, ordered by segment number, then by time

    Raises
    ------
    ValueError
        if the arrays are not of one length
    """
    if not time_bjd.shape == segment.shape == usable.shape:
        sizes = f"{time_bjd.size}, {segment.size}, {usable.size}"
        raise ValueError(f"expected times, segments and flux of as many cadences (got: {sizes})")
    time_bjd = np.require(time_bjd, np.float64, ("C", "W"))
    segment = np.require(segment, np.int64, ("C", "W"))
    rows = np.flatnonzero(usable)
    ordered, start = _starts(time_bjd, segment, rows, break_d)
    if not ordered:
        rows = rows[np.argsort(segment[rows], kind="stable")]
        _, start = _starts(time_bjd, segment, rows, break_d)
    return Stretches(rows, start)
