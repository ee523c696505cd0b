"""Medians and the scatter about them, exact, without sorting: for compiled code and for Python.

A sample of the values tells between which two the median must lie; one pass counts what is below and sets aside what
is between, and only that is searched (Floyd and Rivest 1975, CACM 18, 165). Where the sample was wrong, all values are
searched: the result is always that of `numpy.median`.
"""

import numpy as np

from lightmill.compiled import compiled

MAD_TO_SIGMA = 1.482602218505602  # 1 / Phi^-1(3/4): the MAD of a normal distribution times this is its sigma
# Fewer values than this are searched at once; a sample would cost more than it saves.
FEW = 200


@compiled("float64(float64[::1], int64)")
def _ranked(values: np.ndarray, rank: int) -> float:
    """What sorting the values would bring to place `rank`; they are moved, and nothing larger is left before it.

    Quickselect (Hoare 1961), each pivot the middle of three, its partitions without branches.
    """
    while values.size > 1:
        size = values.size
        one, two, three = values[size // 4], values[size // 2], values[size - 1 - size // 4]
        pivot = max(min(one, two), min(max(one, two), three))
        smaller = 0
        for number in range(size):
            value = values[number]
            values[number] = values[smaller]
            values[smaller] = value
            smaller += value < pivot
        if rank < smaller:
            values = values[:smaller]
            continue
        values, rank = values[smaller:], rank - smaller
        equal = 0
        for number in range(values.size):
            value = values[number]
            values[number] = values[equal]
            values[equal] = value
            equal += value <= pivot
        if rank < equal:
            return pivot
        values, rank = values[equal:], rank - equal
    return values[0]


@compiled("UniTuple(float64, 2)(float64[::1], float64, float64)")
def _middle_within(values: np.ndarray, centre: float, within: float) -> tuple[float, float]:
    """The median of the values that are not NaN, NaN if it is not `within` of `centre`; how many are NaN.

    Nothing is told of a centre that is not finite: no distance from it can be compared.
    """
    if not np.isfinite(centre):
        return np.nan, 0
    below, missing = 0, 0
    for number in range(values.size):
        below += values[number] - centre < -within
        missing += values[number] != values[number]
    inside = np.empty(values.size + 1)
    found = 0
    for number in range(values.size):
        inside[found] = values[number]
        found += abs(values[number] - centre) <= within
    size = values.size - missing
    rank = size // 2 - below
    first = rank - 1 + size % 2  # with an even number the lower one of the middle two
    if first < 0 or rank >= found:
        return np.nan, missing
    upper = _ranked(inside[:found], rank)
    if first == rank:
        return upper, missing
    lower = -np.inf
    for number in range(rank):
        lower = max(lower, inside[number])
    return 0.5 * (lower + upper), missing


@compiled("UniTuple(float64, 2)(float64[::1])")
def _middle(values: np.ndarray) -> tuple[float, float]:
    """The median of the values that are not NaN, NaN if there are none; how many are."""
    if values.size > FEW:
        # Three standard deviations of a sample's middle rank.
        sampled = int(4.0 * np.sqrt(values.size))
        around = int(1.5 * np.sqrt(sampled)) + 1
        sample = np.empty(sampled)
        found = 0
        for number in range(sampled):
            sample[found] = values[(2 * number + 1) * values.size // (2 * sampled)]
            found += sample[found] == sample[found]
        if found > 2 * around:
            high = _ranked(sample[:found], found // 2 + around)
            low = _ranked(sample[: found // 2 + around], found // 2 - around)
            middle, missing = _middle_within(values, 0.5 * (low + high), 0.5 * (high - low))
            if middle == middle:
                return middle, missing
    return _middle_within(values, 0.0, np.inf)


@compiled("float64[::1](float64[::1], float64)", reorder=True)
def _distances(values: np.ndarray, centre: float) -> np.ndarray:
    distance = np.empty(values.size)
    for number in range(values.size):
        distance[number] = abs(values[number] - centre)
    return distance


@compiled("float64(float64[::1])")
def median(values: np.ndarray) -> float:
    """The middle of the values ((n,) float64), the mean of the middle two for even n.

    NaN if there are none or one of them is NaN, as `numpy.median`; no warning.
    """
    middle, missing = _middle(values)
    return np.nan if missing > 0 else middle


@compiled("float64(float64[::1])")
def mad_scatter(values: np.ndarray) -> float:
    """1.4826 times the median absolute deviation of the values from their median; NaN as `median`."""
    return MAD_TO_SIGMA * median(_distances(values, median(values)))


@compiled("float64(float64[::1], float64, float64)")
def median_near(values: np.ndarray, guess: float, within: float) -> float:
    """The middle of the values that are not NaN, NaN if there are none; found sooner if it is `within` of a guess.

    What is guessed never changes the result.
    """
    middle, _ = _middle_within(values, guess, within)
    return middle if middle == middle else _middle(values)[0]


@compiled("float64(float64[::1], float64, float64, float64)")
def scatter_near(values: np.ndarray, centre: float, guess: float, within: float) -> float:
    """1.4826 times the median distance from `centre` of the values that are not NaN; the guess as in `median_near`."""
    return MAD_TO_SIGMA * median_near(_distances(values, centre), guess / MAD_TO_SIGMA, within)
