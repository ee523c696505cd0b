"""Medians, scatters and counts of bins, compiled: a counting sort into the bins, then a sort within each.

The members of `LANES` neighbouring bins lie interleaved, every bin in a lane of its own, filled up with infinity to
the fullest of them. Sorted by a network of comparisons they need no branch that could be guessed wrong, and a processor
compares all lanes at once: an insertion sort of each bin takes ten times as long. It takes n log2(n)^2 / 4 comparisons
of rows, 0.07 us for a bin of 33, 0.5 us for one of 170, and 30 ms for one of 65,000 that stands alone.
"""

import numpy as np

from lightmill.compiled import READ_ONLY, compiled

# Half the distance between the quartiles of a normal distribution, in sigmas: Phi^-1(3/4).
QUARTILE_SIGMA = 0.6744897501960817

LANES = 16  # two or four of a processor's widest registers
ONE = np.uint32(1)  # places are unsigned: a signed one is first looked at for being counted from the end


@compiled(f"Tuple((float64[::1], float64))({READ_ONLY})")
def _table(left: np.ndarray) -> tuple[np.ndarray, float]:
    """Edges between -infinity and NaN, where every search stops, and how many there are per unit of x."""
    edges = np.empty(left.size + 2)
    edges[0], edges[-1] = -np.inf, np.nan
    for k in range(left.size):
        edges[k + 1] = left[k]
    return edges, ((left.size - 1) / (left[-1] - left[0]) if left.size > 1 else 0.0)


@compiled("uint32(float64, float64[::1], float64)")
def _left_edges(x: float, edges: np.ndarray, per_unit: float) -> np.uint32:
    """How many left edges are at or below x: guessed as of even spacing, put right by the edges themselves."""
    guess = (x - edges[1]) * per_unit + 1.0
    guess = guess if guess > 0.0 else 0.0  # NaN too
    k = np.uint32(min(guess, edges.size - 2.0))
    while x < edges[k]:
        k -= ONE
    while x >= edges[k + ONE]:
        k += ONE
    return k


@compiled("Tuple((float64[::1], int64[::1]))(int32[::1])")
def _room(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Room for the members of all bins, filled with infinity, and the place of every bin's first.

    For bins that are about as full as their neighbours it is a tenth more than they need, at worst `LANES` times that.
    """
    place = np.empty(counts.size, np.int64)
    base = rows = 0
    for k in range(counts.size):
        if k % LANES == 0:
            base, rows = base + rows * LANES, 0
        place[k] = base + k % LANES
        rows = max(rows, counts[k])
    members = np.empty(base + rows * LANES)
    members[:] = np.inf
    return members, place


@compiled(f"Tuple((float64[::1], int32[::1]))({READ_ONLY}, {READ_ONLY}, {READ_ONLY}, {READ_ONLY})")
def _apart(x: np.ndarray, values: np.ndarray, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Members and counts of bins that do not overlap: a cadence is in one of them or none."""
    edges, per_unit = _table(left)
    ends, _ = _table(right)
    # Bins from 1 on; cadences in number 0 are in none.
    number, tally = np.empty(x.size, np.uint32), np.zeros(left.size + 1, np.int32)
    for i in range(x.size):
        k = _left_edges(x[i], edges, per_unit)
        if not (x[i] < ends[k] and values[i] - values[i] == 0.0):
            k = np.uint32(0)
        number[i] = k
        tally[k] += 1
    counts = tally[1:]
    members, place = _room(counts)
    for i in range(x.size):
        if number[i] > 0:
            k = number[i] - ONE
            members[np.uint64(place[k])] = values[i]
            place[k] += LANES
    return members, counts


@compiled(f"Tuple((float64[::1], int32[::1]))({READ_ONLY}, {READ_ONLY}, {READ_ONLY}, {READ_ONLY})")
def _overlapping(
    x: np.ndarray, values: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Members and counts of bins that overlap: a cadence is in several one after another, or in none."""
    edges, per_unit = _table(left)
    ends, _ = _table(right)
    rows, n = np.empty(x.size, np.uint32), 0
    for i in range(x.size):
        if x[i] >= left[0] and x[i] < right[-1] and values[i] - values[i] == 0.0:
            rows[np.uint64(n)] = i
            n += 1
    # Bins from 1 on: those after `before`, up to `last`.
    before, last, tally = np.empty(n, np.uint32), np.empty(n, np.uint32), np.zeros(left.size + 1, np.int32)
    for j in range(n):
        at = x[rows[j]]
        k = _left_edges(at, edges, per_unit)
        last[j] = k
        while at < ends[k]:
            tally[k] += 1
            k -= ONE
        before[j] = k
    counts = tally[1:]
    members, place = _room(counts)
    for j in range(n):
        value = values[rows[j]]
        for k in range(before[j], last[j]):
            members[np.uint64(place[np.uint32(k)])] = value
            place[np.uint32(k)] += LANES
    return members, counts


@compiled("void(float64[::1])")
def _sort_lanes(members: np.ndarray) -> None:
    """Sort each of `LANES` interleaved columns: Batcher's merge exchange (Knuth, vol. 3, 5.2.2, algorithm M)."""
    rows = members.size // LANES
    top = 1
    while 2 * top < rows:
        top *= 2
    p = top if rows > 1 else 0
    while p > 0:
        q, r, d = top, 0, p
        while True:
            for row in range(r, rows - d, 2 * p):
                end = min(row + p, rows - d)
                upper, lower = members[row * LANES : end * LANES], members[(row + d) * LANES : (end + d) * LANES]
                for i in range(upper.size):
                    a, b = upper[i], lower[i]
                    upper[i] = a if a < b else b
                    lower[i] = b if a < b else a
            if q == p:
                break
            d, q, r = q - p, q // 2, p
        p //= 2


@compiled(f"Tuple((float64[::1], float64[::1], int32[::1]))({READ_ONLY}, {READ_ONLY}, {READ_ONLY}, {READ_ONLY})")
def bin_statistics(
    x: np.ndarray, values: np.ndarray, left: np.ndarray, right: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Medians, scatters and counts of the bins left <= x < right, as `binning.Binned` has them.

    Parameters
    ----------
    x, values : (n,) in any order
    left, right : (m,) edges, both ascending, m above zero
    """
    overlap = False
    for k in range(left.size - 1):
        overlap |= right[k] > left[k + 1]
    members, counts = _overlapping(x, values, left, right) if overlap else _apart(x, values, left, right)
    medians, scatter = np.empty(left.size), np.empty(left.size)
    base = rows = 0
    for k in range(left.size):
        if k % LANES == 0:
            base, rows = base + rows * LANES, 0
            for neighbour in range(k, min(k + LANES, left.size)):
                rows = max(rows, counts[neighbour])
            _sort_lanes(members[base : base + rows * LANES])
        lane, n = members[base + k % LANES : base + rows * LANES : LANES], counts[k]
        medians[k] = 0.5 * (lane[(n - 1) // 2] + lane[n // 2]) if n > 0 else np.nan
        scatter[k] = np.nan
        if n > 1:
            rank = max(0.25 * n - 0.5625, 0.0)  # Hyndman and Fan's definition 9, counted from 0
            whole = int(rank)
            part = rank - whole
            low = lane[whole] + part * (lane[whole + 1] - lane[whole])
            high = lane[n - 1 - whole] + part * (lane[n - 2 - whole] - lane[n - 1 - whole])
            scatter[k] = (high - low) / (2 * QUARTILE_SIGMA)
    return medians, scatter, counts
