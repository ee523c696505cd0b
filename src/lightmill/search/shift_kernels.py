"""Kernels: sums over the transits of an ephemeris, and the ephemeris near one under which the sums are greatest.

All take the boxes along a light curve as `search.events.Events` has them.
"""

import numpy as np

from lightmill.compiled import compiled

# One transit must not make the case alone: without the strongest, the others must still show at least this share of
# what they would if all were alike.
SHARE_OF_OTHERS = 0.5
# What a change of the period must be worth beyond one of the epoch, in chi squared: this share of all that the dip
# lets it fall, for no dip has quite the shape of a box.
SHARE_OF_SLOPE = 0.01


@compiled(
    "void(float64[::1], float64[::1], float64[::1], int64[::1], float64, float64, float64, float64[::1])",
)
def sum_transits(
    dip: np.ndarray,
    weight: np.ndarray,
    start_bjd: np.ndarray,
    first: np.ndarray,
    step_d: float,
    epoch_bjd: float,
    period_d: float,
    sums: np.ndarray,
) -> None:
    """Sums over all transits of one ephemeris: dip, weight, and those of the transit with the largest dip.

    `sums` (6,) gets them, and the sums of weight times transit number and weight times its square. Between two places
    of a box the sums are interpolated.
    """
    sums[:] = 0.0
    for stretch in range(start_bjd.size):
        offset, size = first[stretch], first[stretch + 1] - first[stretch]
        start = start_bjd[stretch]
        n = int(np.ceil((start - epoch_bjd) / period_d))
        last = int(np.floor((start + (size - 1) * step_d - epoch_bjd) / period_d))
        while n <= last:
            place = (epoch_bjd + n * period_d - start) / step_d
            k = min(max(int(place), 0), size - 2)
            part = place - k
            d = (1.0 - part) * dip[offset + k] + part * dip[offset + k + 1]
            w = (1.0 - part) * weight[offset + k] + part * weight[offset + k + 1]
            sums[0] += d
            sums[1] += w
            if d > sums[2]:
                sums[2] = d
                sums[3] = w
            sums[4] += w * n
            sums[5] += w * n * n
            n += 1


@compiled("float64(float64[::1])")
def robust_snr(sums: np.ndarray) -> float:
    """S/N from the sums of `sum_transits`; where one transit makes the case, of the others alone; at least 0."""
    dip, weight, top_dip, top_weight = sums[0], sums[1], sums[2], sums[3]
    if not (dip > 0.0 and weight > 0.0):
        return 0.0
    snr = dip / np.sqrt(weight)
    rest = weight - top_weight
    if rest <= 1e-9 * weight:
        return snr
    others = (dip - top_dip) / np.sqrt(rest)
    if others < SHARE_OF_OTHERS * snr * np.sqrt(rest / weight):
        return max(others, 0.0)
    return snr


@compiled(
    "void(float64[::1], float64[::1], float64[::1], int64[::1], float64, float64, float64, float64[::1], int64,"
    " float64, float64, float64, float64, float64, float64[::1])",
)
def scan_shifts(
    dip: np.ndarray,
    weight: np.ndarray,
    start_bjd: np.ndarray,
    first: np.ndarray,
    step_d: float,
    epoch_bjd: float,
    period_d: float,
    slopes_d: np.ndarray,
    half: int,
    epoch_sigma_d: float,
    period_sigma_d: float,
    sigmas: float,
    cells_long: float,
    cells_short: float,
    best: np.ndarray,
) -> None:
    """The epoch and period of the highest score; `best` (4,) gets score, S/N, shift of the epoch and of the period.

    Epochs are tried up to `half` places away, periods at `slopes_d` from the given one, and both together no further
    than `sigmas` errors. The score is half the fall of chi squared less the logarithm of the number of independent
    ephemerides that are as near or nearer to the given one.
    """
    count = 2 * half + 1
    dips, weights = np.zeros(count), np.zeros(count)
    top_dips, top_weights = np.zeros(count), np.zeros(count)
    best[0] = -1.0
    best[1:] = 0.0
    for j in range(slopes_d.size):
        period = period_d + slopes_d[j]
        dips[:] = 0.0
        weights[:] = 0.0
        top_dips[:] = 0.0
        top_weights[:] = 0.0
        for stretch in range(start_bjd.size):
            offset, size = first[stretch], first[stretch + 1] - first[stretch]
            start = start_bjd[stretch] + half * step_d
            n = int(np.ceil((start - 2 * half * step_d - epoch_bjd) / period))
            last = int(np.floor((start + (size - 1) * step_d - epoch_bjd) / period))
            while n <= last:
                # Box of the earliest epoch.
                place = int(np.floor((epoch_bjd + n * period - start) / step_d + 0.5))
                low = max(0, -place)
                high = min(count, size - place)
                for k in range(low, high):
                    d, w = dip[offset + place + k], weight[offset + place + k]
                    dips[k] += d
                    weights[k] += w
                    larger = d > top_dips[k]
                    top_dips[k] = d if larger else top_dips[k]
                    top_weights[k] = w if larger else top_weights[k]
                n += 1
        for k in range(count):
            d, w = dips[k], weights[k]
            if not (d > 0.0 and w > 0.0):
                continue
            half_chi2 = 0.5 * d * d / w
            if half_chi2 <= best[0]:
                continue
            shift = (k - half) * step_d
            radius = np.sqrt((shift / epoch_sigma_d) ** 2 + (slopes_d[j] / period_sigma_d) ** 2)
            if radius > sigmas:
                continue
            score = half_chi2 - np.log(max(1.0, radius * cells_long) * max(1.0, radius * cells_short))
            if score <= best[0]:
                continue
            rest = w - top_weights[k]
            if rest > 1e-9 * w:
                others = (d - top_dips[k]) / np.sqrt(rest)
                if others < SHARE_OF_OTHERS * (d / np.sqrt(w)) * np.sqrt(rest / w):
                    continue
            best[0] = score
            best[1] = np.sqrt(2.0 * half_chi2)
            best[2] = shift
            best[3] = slopes_d[j]


@compiled(
    "void(float64[::1], float64[::1], float64[::1], int64[::1], float64, float64, float64, float64, int64, float64,"
    " float64[::1])",
)
def climb(
    dip: np.ndarray,
    weight: np.ndarray,
    start_bjd: np.ndarray,
    first: np.ndarray,
    step_d: float,
    epoch_bjd: float,
    period_d: float,
    reach_d: float,
    levels: int,
    worth: float,
    best: np.ndarray,
) -> None:
    """The ephemeris of the highest S/N within about `reach_d` over the data; `best` (3,): S/N, epoch and period.

    A shift of all transits first; then of the period as well, if that lets chi squared fall by `worth` more.
    """
    sums = np.zeros(6)
    sum_transits(dip, weight, start_bjd, first, step_d, epoch_bjd, period_d, sums)
    best[0], best[1], best[2] = robust_snr(sums), epoch_bjd, period_d
    if sums[1] <= 0.0:
        return
    middle = sums[4] / sums[1]
    spread = np.sqrt(max(sums[5] / sums[1] - middle * middle, 0.0))
    tried_best = np.zeros(3)
    for tilted in range(2):
        if tilted == 1 and spread < 0.5:
            return
        # A slope that moves the transits one spread away by as much as a shift moves all of them.
        tilt = 1.0 / spread if tilted == 1 else 0.0
        tried_best[:] = best
        reach = 0.5 * reach_d
        for _ in range(levels):
            epoch, period = tried_best[1], tried_best[2]
            for i in range(-2, 3):
                for j in range(-2, 3):
                    if (i == 0 and j == 0) or (j != 0 and tilted == 0):
                        continue
                    slope = j * reach * tilt
                    tried = epoch + i * reach - middle * slope
                    sum_transits(dip, weight, start_bjd, first, step_d, tried, period + slope, sums)
                    snr = robust_snr(sums)
                    if snr > tried_best[0]:
                        tried_best[0], tried_best[1], tried_best[2] = snr, tried, period + slope
            reach *= 0.5
        needed = max(worth, SHARE_OF_SLOPE * best[0] ** 2) if tilted == 1 else 0.0
        if tried_best[0] ** 2 > best[0] ** 2 + needed:
            best[:] = tried_best


@compiled(
    "int64(float64[::1], float64[::1], float64[::1], int64[::1], float64, float64, float64, float64[:, ::1])",
)
def list_dips(
    dip: np.ndarray,
    weight: np.ndarray,
    start_bjd: np.ndarray,
    first: np.ndarray,
    step_d: float,
    epoch_bjd: float,
    period_d: float,
    rows: np.ndarray,
) -> int:
    """Number, stretch, dip and weight of every observed transit into `rows` (n, 4); how many there are."""
    found = 0
    for stretch in range(start_bjd.size):
        offset, size = first[stretch], first[stretch + 1] - first[stretch]
        start = start_bjd[stretch]
        n = int(np.ceil((start - epoch_bjd) / period_d))
        last = int(np.floor((start + (size - 1) * step_d - epoch_bjd) / period_d))
        while n <= last and found < rows.shape[0]:
            place = (epoch_bjd + n * period_d - start) / step_d
            k = min(max(int(place), 0), size - 2)
            part = place - k
            w = (1.0 - part) * weight[offset + k] + part * weight[offset + k + 1]
            if w > 0.0:
                rows[found, 0] = n
                rows[found, 1] = stretch
                rows[found, 2] = (1.0 - part) * dip[offset + k] + part * dip[offset + k + 1]
                rows[found, 3] = w
                found += 1
            n += 1
    return found
