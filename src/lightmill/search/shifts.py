"""Kernels: the S/N of an ephemeris in a light curve's boxes, and the best ephemeris near one."""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled
from lightmill.search.events import Events

# One transit must not make the case alone: without the strongest, the others must still show at least this share of
# what they would if all were alike.
SHARE_OF_OTHERS = 0.5
# Independent shifts are half a duration apart: two boxes that overlap by more have much of their noise in common.
CELL_DURATIONS = 0.25
# Slopes are this far apart, in durations at the far end of the data.
SLOPE_STEP_DURATIONS = 0.25
# A stretch misses the transits where they take less than this share of what they take elsewhere, as sure as that.
SHARE_MISSED = 0.6
MISSING_SIGMAS = 3.0
# More slopes than this are not tried.
MOST_SLOPES = 8000
# Rounds of polishing, each twice as fine: from a sixteenth of a duration on.
POLISHING = 4
# What a change of the period must be worth beyond one of the epoch: two sigmas, in chi squared, and this share of all
# that the dip lets it fall, for no dip has quite the shape of a box.
WORTH_OF_SLOPE = 4.0
SHARE_OF_SLOPE = 0.01


@compiled(
    "void(float64[::1], float64[::1], float64[::1], int64[::1], float64, float64, float64, float64[::1])",
)
def _evaluate(
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
def _robust_snr(sums: np.ndarray) -> float:
    """S/N from the sums of `_evaluate`; where one transit makes the case, of the others alone; at least 0."""
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
def _best_shift(
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
def _polish(
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
    _evaluate(dip, weight, start_bjd, first, step_d, epoch_bjd, period_d, sums)
    best[0], best[1], best[2] = _robust_snr(sums), epoch_bjd, period_d
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
                    _evaluate(dip, weight, start_bjd, first, step_d, tried, period + slope, sums)
                    snr = _robust_snr(sums)
                    if snr > tried_best[0]:
                        tried_best[0], tried_best[1], tried_best[2] = snr, tried, period + slope
            reach *= 0.5
        needed = max(worth, SHARE_OF_SLOPE * best[0] ** 2) if tilted == 1 else 0.0
        if tried_best[0] ** 2 > best[0] ** 2 + needed:
            best[:] = tried_best


@compiled(
    "int64(float64[::1], float64[::1], float64[::1], int64[::1], float64, float64, float64, float64[:, ::1])",
)
def _transit_dips(
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


class Fit(NamedTuple):
    """An ephemeris and how it fits."""

    period_d: float
    epoch_bjd: float
    snr: float
    """Of the box; where one transit makes the case, of the others alone."""
    score: float = float("nan")
    """Half the fall of chi squared, less the logarithm of the number of ephemerides as near or nearer."""


class Coverage(NamedTuple):
    """Where along an ephemeris the data lie, in transit numbers weighted by how much each says."""

    snr: float
    middle: float
    """Mean transit number."""
    spread: float
    """Standard deviation of the transit numbers."""
    covered: bool
    """Whether there are data in any transit."""


def coverage(events: Events, period_d: float, epoch_bjd: float) -> Coverage:
    """S/N of an ephemeris in a light curve's boxes, and which of its transits are observed."""
    sums = np.zeros(6)
    _evaluate(
        events.dip,
        events.weight,
        events.start_bjd,
        events.first,
        events.step_d,
        float(epoch_bjd),
        float(period_d),
        sums,
    )
    if not sums[1] > 0:
        return Coverage(0.0, 0.0, 0.0, False)
    middle = sums[4] / sums[1]
    spread = float(np.sqrt(max(sums[5] / sums[1] - middle**2, 0.0)))
    return Coverage(float(_robust_snr(sums)), float(middle), spread, True)


def best_shift(
    events: Events,
    period_d: float,
    epoch_bjd: float,
    slopes_d: np.ndarray,
    reach_d: float,
    epoch_sigma_d: float = np.inf,
    period_sigma_d: float = np.inf,
    sigmas: float = 1.0,
    cells: tuple[float, float] = (0.0, 0.0),
) -> Fit | None:
    """The best ephemeris near a given one, on the grid of the boxes; None if nothing dims.

    Parameters
    ----------
    events : boxes as wide as the transit
    period_d, epoch_bjd : the ephemeris
    slopes_d : (k,) differences to the period, days
    reach_d : largest shift of the epoch, days
    epoch_sigma_d, period_sigma_d : errors of epoch and period; without, all ephemerides are as good as one another
    sigmas : how many errors away an ephemeris may be
    cells : independent ephemerides on the longer and on the shorter axis of the ellipse of one error
    """
    best = np.zeros(4)
    half = int(np.ceil(reach_d / events.step_d))
    _best_shift(
        events.dip,
        events.weight,
        events.start_bjd,
        events.first,
        events.step_d,
        float(epoch_bjd),
        float(period_d),
        np.ascontiguousarray(slopes_d, np.float64),
        half,
        float(epoch_sigma_d),
        float(period_sigma_d),
        float(sigmas),
        float(cells[0]),
        float(cells[1]),
        best,
    )
    score, snr, shift_d, slope_d = best.tolist()
    return Fit(period_d + slope_d, epoch_bjd + shift_d, snr, score) if score >= 0 else None


def transit_range(events: Events, period_d: float, epoch_bjd: float) -> tuple[float, float]:
    """Numbers of the first and the last transit that the data can hold."""
    last = events.start_bjd[-1] + (events.first[-1] - events.first[-2]) * events.step_d
    near, far = np.round((np.array([events.start_bjd[0], last]) - epoch_bjd) / period_d)
    return float(near), float(far)


def slope_grid(reach_d: float, duration_d: float, furthest: float) -> np.ndarray:
    """Differences to the period, days, a quarter of a duration apart at the furthest transit; the smallest first."""
    step = SLOPE_STEP_DURATIONS * duration_d / furthest
    count = min(int(np.ceil(reach_d / step)), MOST_SLOPES // 2)
    number = np.arange(2 * count + 1)
    return step * np.where(number % 2 == 1, 1, -1) * ((number + 1) // 2)


class Dips(NamedTuple):
    """What each observed transit of an ephemeris takes: (n,) each."""

    number: np.ndarray
    """Counted from the epoch, int64."""
    stretch: np.ndarray
    """In which unbroken stretch of the data it lies, int64."""
    dip: np.ndarray
    weight: np.ndarray


def transit_dips(events: Events, period_d: float, epoch_bjd: float) -> Dips:
    """The dips of all transits of an ephemeris that data cover, in the order of time."""
    spans = np.diff(events.first) * events.step_d
    rows = np.empty((int(np.sum(np.floor(spans / period_d) + 2)), 4))
    found = _transit_dips(
        events.dip,
        events.weight,
        events.start_bjd,
        events.first,
        events.step_d,
        float(epoch_bjd),
        float(period_d),
        rows,
    )
    number, stretch, dip, weight = rows[:found].T
    return Dips(number.astype(np.int64), stretch.astype(np.int64), dip, weight)


def observed_transits(events: Events, fit: Fit) -> int:
    """How many transits of an ephemeris are observed: that weigh at least a quarter of the one that weighs most."""
    weight = transit_dips(events, fit.period_d, fit.epoch_bjd).weight
    return int(np.count_nonzero(weight >= 0.25 * weight.max())) if weight.size else 0


def misses_stretches(events: Events, fit: Fit) -> bool:
    """Whether the transits of an ephemeris are missing in a stretch of the data where they would show.

    That is, whether what they take there is less than three fifths of what they take elsewhere, by three sigmas.
    """
    dips = transit_dips(events, fit.period_d, fit.epoch_bjd)
    count = events.start_bjd.size
    dip = np.bincount(dips.stretch, dips.dip, count)
    weight = np.bincount(dips.stretch, dips.weight, count)
    others = weight.sum() - weight
    compared = (weight > 0) & (others > 0)
    here, elsewhere = weight[compared], others[compared]
    expected = SHARE_MISSED * (dip.sum() - dip[compared]) / elsewhere
    sigma = np.sqrt(1.0 / here + SHARE_MISSED**2 / elsewhere)
    return bool(np.any(expected - dip[compared] / here > MISSING_SIGMAS * sigma))


def polish(events: Events, period_d: float, epoch_bjd: float) -> Fit:
    """The ephemeris of the highest S/N near one that is right within an eighth of a duration over the data."""
    best = np.zeros(3)
    _polish(
        events.dip,
        events.weight,
        events.start_bjd,
        events.first,
        events.step_d,
        float(epoch_bjd),
        float(period_d),
        2 * events.step_d,
        POLISHING,
        WORTH_OF_SLOPE,
        best,
    )
    return Fit(float(best[2]), float(best[1]), float(best[0]))
