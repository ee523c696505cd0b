"""The weak secondary: the deepest dip outside of the transit, where an eclipsing star or a hot planet is behind."""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import compiled
from lightmill.views.medians import mad_scatter, median

STEPS = 4  # of the folded grid in a duration; the box is one duration wide
SIDE = (3, 8)  # steps from a box's middle between which its level is taken: 0.75 to 2 durations
COVERED = 4  # steps from mid-transit that belong to the transit and are left out: one duration
APART = 6  # steps that the middle of a secondary is away from mid-transit at least: 1.5 durations
BESIDE = STEPS // 2 + SIDE[1]  # steps around the strongest dip whose boxes or sides it is in
FEWEST_ELSEWHERE = 4 * STEPS
SIGNIFICANT = 5.0  # sigmas; of a hundred simulated and real planets without secondary noise brings one so far
WINSOR = 5.0  # scatters beyond which a single cadence is drawn in while the dip is looked for
FEWEST = 3
ONE_SIDED = 2.0  # times its depth below either side is the most that a dip may have
OPPOSITE = 0.5
# Without the turn that dips most the others, where there are any, must still dip by so many sigmas.
OTHERS_SIGMAS = 3.0


class Secondary(NamedTuple):
    """A place on the orbit, and how sure it is that there is a dip."""

    phase: float
    """Part of a period after mid-transit, between 0 and 1."""
    snr: float
    """Depth over its standard error, negative for a bump; NaN where no place outside of the transit was observed."""


def find_secondary(
    time_bjd: np.ndarray,
    phase_d: np.ndarray,
    flux: np.ndarray,
    period_d: float,
    duration_d: float,
    scatter: float,
) -> Secondary:
    """The strongest dip of the transit's duration outside of the transit, or what is at phase 0.5 if none is sure.

    Where phase 0.5 was not observed, it is the strongest however unsure. What happens in one turn and in none of the
    others is no secondary: without the turn that dips most the others must dip by three sigmas.

    A box of one duration slides over the folded curve in steps of a quarter of it, its middle at least 1.5 durations
    from mid-transit (less in an orbit that has no more). Its depth is the mean from 0.75 to 2 durations away on both
    sides less the mean within, the transit left out; at most twice what it is below either side. Depths are in units of
    their white noise, times the robust scatter of these ratios over all places that the dip found has no part in, where
    that is larger: so red noise counts. A box counts where it and its sides hold at least three cadences each, and it
    at least half of the median box.

    Parameters
    ----------
    time_bjd : (n,) float64, ascending
    phase_d : (n,) float64, days from the nearest mid-transit, in [-period/2, period/2)
    flux : (n,) float64, relative flux minus one
    period_d, duration_d : days; the duration at most half a period
    scatter : of single cadences out of transit; where it is not above zero nothing is sure
    """
    # An even number of steps: mid-transit and phase 0.5 are edges, and so are the middles of all boxes.
    steps = 2 * int(np.ceil(0.5 * STEPS * period_d / duration_d))
    total, count = _folded_sums(
        np.ascontiguousarray(phase_d, dtype=np.float64),
        np.ascontiguousarray(flux, dtype=np.float64),
        period_d,
        steps,
        WINSOR * scatter if scatter > 0 else np.inf,
    )
    middle = steps // 2
    covered = slice(max(middle - COVERED, 0), middle + COVERED)
    total[covered], count[covered] = 0.0, 0.0
    ratio = _box_ratios(total, count, steps) / scatter if scatter > 0 else np.full(steps, np.nan)
    # Boxes are numbered by the edge at their middle: edge 0 is phase 0.5, edge `middle` mid-transit.
    apart = np.abs(np.arange(steps) - middle) >= min(APART, middle)
    ratio[~apart] = np.nan
    if np.isnan(ratio).all():
        return Secondary(OPPOSITE, float("nan"))
    strongest = int(np.nanargmax(ratio))
    away = _away(strongest, steps)
    elsewhere = ratio[np.isfinite(ratio) & (away >= BESIDE)]
    if elsewhere.size >= FEWEST_ELSEWHERE:
        ratio /= max(mad_scatter(elsewhere), 1.0)
    limited = np.clip(flux, -WINSOR * scatter, WINSOR * scatter)
    tried = ratio.copy()

    def share_at(place: int) -> float:
        place_d = (place / steps + 0.5) % 1.0 * period_d
        return _share_of_others(time_bjd, phase_d, limited, place_d, period_d, period_d / steps)

    while np.nanmax(tried, initial=-np.inf) > SIGNIFICANT:
        place = int(np.nanargmax(tried))
        if share_at(place) * tried[place] >= OTHERS_SIGMAS:
            return Secondary((place / steps + 0.5) % 1.0, float(ratio[place]))
        tried[_away(place, steps) < BESIDE] = np.nan
    place = strongest if np.isnan(ratio[0]) else 0
    # What is not sure is as sure as without the turn that dips most, if that is what makes it.
    others = share_at(place) if ratio[place] > OTHERS_SIGMAS else 1.0
    return Secondary((place / steps + 0.5) % 1.0, float(ratio[place] * others))


def _away(place: int, steps: int) -> np.ndarray:
    """How many steps every edge of a circle is from one of them."""
    away = np.abs(np.arange(steps) - place)
    return np.minimum(away, steps - away)


def _share_of_others(
    time_bjd: np.ndarray,
    phase_d: np.ndarray,
    flux: np.ndarray,
    place_d: float,
    period_d: float,
    step_d: float,
) -> float:
    """S/N of a dip without the turn that dips most, over that of all turns; 1 where only one was observed."""
    away_d = np.mod(phase_d - place_d + 0.5 * period_d, period_d) - 0.5 * period_d
    inside = np.abs(away_d) < 0.5 * STEPS * step_d
    beside = (np.abs(away_d) >= SIDE[0] * step_d) & (np.abs(away_d) < SIDE[1] * step_d)
    beside &= np.abs(phase_d) >= COVERED * step_d
    if not np.any(inside) or not np.any(beside):  # three cadences on the edges of the boxes
        return 1.0
    middle_bjd = time_bjd[inside] - away_d[inside]
    turn = np.round((middle_bjd - middle_bjd[0]) / period_d).astype(np.int64)
    count = np.bincount(turn)
    dip = np.bincount(turn, flux[beside].mean() - flux[inside])
    observed = np.count_nonzero(count)
    if observed < 2:
        return 1.0
    most = int(np.argmax(dip))
    everything, others = dip.sum() / np.sqrt(count.sum()), dip.sum() - dip[most]
    return float(others / np.sqrt(count.sum() - count[most]) / everything)


def _box_ratios(total: np.ndarray, count: np.ndarray, steps: int) -> np.ndarray:
    """Depth of the box about each edge of a circle of `steps`, over its white noise for a scatter of one: (steps,)."""
    reach = SIDE[1]
    turns = -(-reach // steps)
    wide = [np.concatenate([[0.0], np.cumsum(np.tile(values, 1 + 2 * turns))]) for values in (total, count)]
    edge = np.arange(steps) + turns * steps

    def between(first: int, last: int) -> tuple[np.ndarray, np.ndarray]:
        sums, counts = (summed[edge + last] - summed[edge + first] for summed in wide)
        return sums, counts

    half = STEPS // 2
    within, held = between(-half, half)
    (left, on_left), (right, on_right) = between(-SIDE[1], -SIDE[0]), between(SIDE[0], SIDE[1])
    sides = on_left + on_right
    usable = (held >= FEWEST) & (sides >= FEWEST)
    if usable.any():
        usable &= held >= 0.5 * median(held[usable])
    ratio = np.full(steps, np.nan)
    within, held, sides = within[usable] / held[usable], held[usable], sides[usable]
    depth = (left + right)[usable] / sides - within
    for beside, counted in ((left[usable], on_left[usable]), (right[usable], on_right[usable])):
        # What lies below one side alone is a slope, or the foot of a bump.
        of_side = beside / np.maximum(counted, 1.0) - within
        limited = (counted >= FEWEST) & (depth > 0)
        depth[limited] = np.minimum(depth, np.maximum(ONE_SIDED * of_side, 0.0))[limited]
    ratio[usable] = depth / np.sqrt(1.0 / held + 1.0 / sides)
    return ratio


@compiled("Tuple((float64[::1], float64[::1]))(float64[::1], float64[::1], float64, int64, float64)")
def _folded_sums(
    phase_d: np.ndarray, flux: np.ndarray, period_d: float, steps: int, limit: float
) -> tuple[np.ndarray, np.ndarray]:
    """Sums of flux, drawn in to +- `limit`, and numbers of cadences in `steps` even steps of the folded period."""
    total, count = np.zeros(steps), np.zeros(steps)
    scale = steps / period_d
    for i in range(phase_d.size):
        place = min(max(int(phase_d[i] * scale + 0.5 * steps), 0), steps - 1)
        total[place] += min(max(flux[i], -limit), limit)
        count[place] += 1.0
    return total, count
