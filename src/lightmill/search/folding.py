"""Fast folding (Staelin 1969): a series folded at all periods from one number of samples to the next, and the best box.

The samples of a period of `columns` of them stand in rows; adding all rows, each shifted by a multiple of the row's
number, folds at one period near it. All shifts from none to one sample for each row share most of their additions, as
in a fast Fourier transform: two halves of the rows are folded by themselves, and what they make is added in pairs.
"""

import numpy as np

from lightmill.compiled import compiled

# Boxes in samples: each 4/3 to 2 times the one before. One too long or too short by a sixth loses 4 % of the S/N.
WIDTHS = (1, 2, 3, 4, 6, 8)
# A box that holds more than half of all data is no dip in a baseline: its score is that of half.
LEAST_REST = 0.5
CHUNK = 64  # samples that are looked through at once


@compiled("void(float64[::1], float64[::1], float64[::1], float64, float64, float32[::1], float32[::1])")
def sample_evenly(
    time_d: np.ndarray,
    dip: np.ndarray,
    weight: np.ndarray,
    exposure_d: float,
    sample_d: float,
    dips: np.ndarray,
    weights: np.ndarray,
) -> None:
    """Add cadences into even samples that begin at time zero, each shared out over what its exposure covers.

    Parameters
    ----------
    time_d : (n,) sorted, middles of the exposures
    dip, weight : (n,) what is added
    exposure_d, sample_d : length of an exposure and of a sample
    dips, weights : (m,) the sums, written here; what falls outside is left out
    """
    dips[:] = 0.0
    weights[:] = 0.0
    for i in range(time_d.size):
        begin = (time_d[i] - 0.5 * exposure_d) / sample_d
        end = (time_d[i] + 0.5 * exposure_d) / sample_d
        for k in range(max(int(np.floor(begin)), 0), min(int(np.floor(end)), dips.size - 1) + 1):
            share = (min(end, k + 1.0) - max(begin, float(k))) / (end - begin)
            dips[k] += share * dip[i]
            weights[k] += share * weight[i]


@compiled("void(float32[::1], uint64, uint64, float32[::1], uint64, uint64, uint64)")
def _add_rows(
    source: np.ndarray, head: int, tail: int, target: np.ndarray, place: int, shift: int, columns: int
) -> None:
    """Add the row that begins at `head` and that at `tail`, begun `shift` later and closed to a ring, into `target`.

    Places are unsigned: a compiler that need not think of places counted from the end adds many at once.
    """
    rest = columns - shift
    for j in range(rest):
        target[place + j] = source[head + j] + source[tail + shift + j]
    for j in range(shift):
        target[place + rest + j] = source[head + rest + j] + source[tail + j]


@compiled("void(float32[::1], float32[::1], int64, int64)")
def fold_rows(values: np.ndarray, room: np.ndarray, rows: int, columns: int) -> None:
    """Fold `rows` rows of `columns` samples with every drift from 0 to rows - 1 samples from the first to the last.

    Parameters
    ----------
    values : (rows * columns,) the rows one after the other; row s of the result is the fold with a drift of s samples
    room : as long, to work in
    """
    levels = 0
    while (1 << levels) < rows:
        levels += 1
    source, target = values, room
    for level in range(levels - 1, -1, -1):
        for piece in range(1 << level):
            begin, end = (piece * rows) >> level, ((piece + 1) * rows) >> level
            middle = ((2 * piece + 1) * rows) >> (level + 1)
            size, heads, tails = end - begin, middle - begin, end - middle
            if heads == 0 or tails == 0:
                for j in range(begin * columns, end * columns):
                    target[j] = source[j]
                continue
            head_step, tail_step = (heads - 1.0) / (size - 1.0), (tails - 1.0) / (size - 1.0)
            for drift in range(size):
                head = begin + int(head_step * drift + 0.5)
                drift_of_tail = int(tail_step * drift + 0.5)
                shift = drift - drift_of_tail
                if shift >= columns:
                    shift %= columns
                _add_rows(
                    source,
                    np.uint64(head * columns),
                    np.uint64((middle + drift_of_tail) * columns),
                    target,
                    np.uint64((begin + drift) * columns),
                    np.uint64(shift),
                    np.uint64(columns),
                )
        source, target = target, source
    if levels % 2 == 1:
        values[:] = room


@compiled("float32(float32, float32, float32, float32, float32)", reorder=True)
def _score(
    dip: np.float32, weight: np.float32, trust: np.float32, least_weight: np.float32, total: np.float32
) -> np.float32:
    """How much chi squared falls by a box, over `total`; zero for what is no dip, less where there is little data."""
    deep = max(dip, np.float32(0.0))
    there = max(weight, least_weight)
    return trust * deep * deep / (there * max(total - there, np.float32(LEAST_REST) * total))


@compiled("void(float32[::1], float32[::1], float32[::1], float32, float32, float32[::1])", reorder=True)
def _score_boxes(
    dips: np.ndarray,
    weights: np.ndarray,
    trust: np.ndarray,
    least_weight: np.float32,
    total: np.float32,
    scores: np.ndarray,
) -> None:
    """The best score of the boxes that begin at each sample, of all `WIDTHS`: the longer ones are drawn on.

    Written out, so that one pass through the samples does it, sixteen at once; places are unsigned for the same reason.
    """
    for i in range(np.uint64(scores.size)):
        dip, weight = dips[i], weights[i]
        best = _score(dip, weight, trust[0], least_weight, total)
        dip, weight = dip + dips[i + np.uint64(1)], weight + weights[i + np.uint64(1)]
        score = _score(dip, weight, trust[1], least_weight, total)
        best = score if score > best else best
        dip, weight = dip + dips[i + np.uint64(2)], weight + weights[i + np.uint64(2)]
        score = _score(dip, weight, trust[2], least_weight, total)
        best = score if score > best else best
        dip, weight = dip + dips[i + np.uint64(3)], weight + weights[i + np.uint64(3)]
        score = _score(dip, weight, trust[3], least_weight, total)
        best = score if score > best else best
        dip = dip + dips[i + np.uint64(4)] + dips[i + np.uint64(5)]
        weight = weight + weights[i + np.uint64(4)] + weights[i + np.uint64(5)]
        score = _score(dip, weight, trust[4], least_weight, total)
        best = score if score > best else best
        dip = dip + dips[i + np.uint64(6)] + dips[i + np.uint64(7)]
        weight = weight + weights[i + np.uint64(6)] + weights[i + np.uint64(7)]
        score = _score(dip, weight, trust[5], least_weight, total)
        scores[i] = score if score > best else best


@compiled("int64(int32[::1])")
def _highest(scores: np.ndarray) -> np.int64:
    """The place of the first of the highest scores, which are not negative: as whole numbers they compare faster."""
    highest = np.int32(0)
    for i in range(np.uint64(scores.size)):
        highest = max(highest, scores[i])
    place, step = np.uint64(0), np.uint64(CHUNK)
    while place + step <= np.uint64(scores.size):
        there = np.int32(0)
        for i in range(step):
            there |= np.int32(scores[place + i] == highest)
        if there:
            break
        place += step
    while scores[place] != highest:
        place += np.uint64(1)
    return np.int64(place)


@compiled("void(float32[::1], uint64, uint64, float32[::1])")
def _close_ring(values: np.ndarray, place: int, columns: int, ring: np.ndarray) -> None:
    """Copy the row that begins at `place` into `ring` (columns + 7,), its first seven samples once more behind it."""
    for i in range(columns):
        ring[i] = values[place + i]
    for i in range(np.uint64(7)):
        ring[columns + i] = ring[i]


@compiled("void(float32[::1], float32[::1], float32[::1], float64, float64, float32[::1], float64[::1])")
def best_box(
    dips: np.ndarray,
    weights: np.ndarray,
    trust: np.ndarray,
    least_weight: float,
    total: float,
    scores: np.ndarray,
    best: np.ndarray,
) -> None:
    """The dip within a folded row that lowers chi squared most.

    Parameters
    ----------
    dips, weights : (p + 7,) sums of (mean - flux) / variance and of 1 / variance in each sample of the period, and
        those of the first seven once more
    trust : (6,) what the fall of chi squared by boxes of each of the `WIDTHS` is worth, 1 in white noise, 0 to leave
        them out
    least_weight : boxes with less data count less
    total : sum of all weights
    scores : (p,) room to work in
    best : (4,) written here: by how much chi squared falls, the box's first sample, its width in samples, and its
        depth; zeros where no box is a dip
    """
    best[:] = 0.0
    _score_boxes(dips, weights, trust, np.float32(least_weight), np.float32(total), scores)
    place = _highest(scores.view(np.int32))
    dip, weight, drawn = 0.0, 0.0, 0
    for k in range(6):
        while drawn < WIDTHS[k]:
            dip += dips[place + drawn]
            weight += weights[place + drawn]
            drawn += 1
        if dip <= 0.0 or weight < least_weight:
            continue
        rest = max(1.0 - weight / total, LEAST_REST)
        fall = trust[k] * dip * dip / (weight * rest)
        if fall > best[0]:
            best[0], best[1], best[2], best[3] = fall, place, drawn, dip / weight / rest


@compiled("float64(int64, int64, int64)")
def _period(columns: int, rows: int, drift: int) -> float:
    """Samples from one transit to the next, in rows of `columns`, with a drift from the first to the last row."""
    return columns * columns / (columns - drift / (rows - 1.0))


@compiled("int64(float32[::1], float32[::1], float64, float64, float32[::1], float64, float64[:,::1])")
def fold_and_fit(
    dips: np.ndarray,
    weights: np.ndarray,
    shortest: float,
    longest: float,
    trust: np.ndarray,
    least_weight: float,
    found: np.ndarray,
) -> int:
    """The best box at all periods from `shortest` samples to below `longest`.

    Parameters
    ----------
    dips, weights : (n,) the evenly sampled series, weights of the order of one
    trust, least_weight : as `best_box` has them
    found : (m, 5) written here, a row for each period: the period in samples, and what `best_box` says, the first
        sample counted from the series' first; (n + p - 1) // p rows for each whole number p of samples suffice

    Returns
    -------
    Number of periods.
    """
    size = dips.size
    total = np.sum(weights.astype(np.float64))
    room = size + int(np.ceil(longest))
    folded, folded_weights, other = np.empty(room, np.float32), np.empty(room, np.float32), np.empty(room, np.float32)
    ring, ring_of_weights = np.empty(room + 7, np.float32), np.empty(room + 7, np.float32)
    scores, best = np.empty(room, np.float32), np.empty(4)
    count = 0
    for columns in range(int(shortest), int(np.ceil(longest))):
        rows = (size + columns - 1) // columns
        if rows < 2:
            continue
        cells = rows * columns
        for values, start in ((folded, dips), (folded_weights, weights)):
            values[:size] = start
            values[size:cells] = 0.0
            fold_rows(values[:cells], other[:cells], rows, columns)
        for drift in range(rows):
            period = _period(columns, rows, drift)
            if not shortest <= period < min(longest, columns + 1.0):
                continue
            _close_ring(folded, np.uint64(drift * columns), np.uint64(columns), ring)
            _close_ring(folded_weights, np.uint64(drift * columns), np.uint64(columns), ring_of_weights)
            best_box(
                ring[: columns + 7],
                ring_of_weights[: columns + 7],
                trust,
                least_weight,
                total,
                scores[:columns],
                best,
            )
            found[count, 0] = period
            found[count, 1:] = best
            count += 1
    return count
