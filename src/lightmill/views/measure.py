"""What a folded transit says by itself: whether it was observed, how deep it is, how sure that is."""

from typing import NamedTuple

import numpy as np

from lightmill.compiled import READ_ONLY, compiled
from lightmill.views.medians import mad_scatter, median

CENTRAL = 0.5  # of the duration: past ingress and egress in all but grazing transits
LIMB_DARKENING = 0.5  # linear law, a star like the Sun in the bands of Kepler and TESS (Claret 2017, A&A 600, A30)
BASELINE = (0.75, 2.0)  # durations from mid-transit between which the level outside is taken
FEWEST_IN_TRANSIT = 3


class Transit(NamedTuple):
    """Measures of a folded transit; relative flux, NaN where they cannot be taken."""

    depth: float
    scatter: float
    snr: float


def missing_transit(phase_d: np.ndarray, duration_d: float, cadence_d: np.ndarray | float) -> str:
    """Why the folded cadences do not show a transit if there is one; empty where they do.

    A transit counts as observed when all its transits together hold at least three cadences, at least half of those
    that one transit has before and again after its middle, and one in its central half. Where cadences differ in
    length, a longer one counts for as many of the shortest as it covers.

    Parameters
    ----------
    phase_d : (n,) float64, days from mid-transit, of the usable cadences
    duration_d : days
    cadence_d : (n,) float64 or one for all, days from one cadence to the next

    Returns
    -------
    str, a reason in words
    """
    within = _within(_floats(phase_d), 0.5 * duration_d)
    inside = np.asarray(phase_d)[within]
    if inside.size == 0:
        return "no cadence in transit"
    if inside.size < FEWEST_IN_TRANSIT:
        return f"{inside.size} in transit, fewer than {FEWEST_IN_TRANSIT}"
    covered, shortest_d = _in_shortest(np.broadcast_to(cadence_d, phase_d.shape)[within])
    for side, chosen in (("first", inside < 0), ("second", inside >= 0)):
        if covered[chosen].sum() < 0.25 * duration_d / shortest_d:
            return f"{np.count_nonzero(chosen)} in the {side} half of the transit, fewer than half of one transit's"
    if not np.any(np.abs(inside) < 0.5 * CENTRAL * duration_d):
        return "no cadence at mid-transit"
    return ""


def measure_transit(phase_d: np.ndarray, flux: np.ndarray, duration_d: float) -> Transit:
    """Depth at mid-transit, scatter outside, and signal-to-noise ratio of a folded, detrended light curve.

    The depth is that at mid-transit, which is what the catalogs' fitted models give: the level (the median from 0.75 to
    2 durations away) less the flux, fitted over the central half of the duration by the shape of a small planet's
    transit across the middle of a star with linear limb darkening of 0.5. A box comes out 2 % too deep. The scatter is
    the robust one of single cadences more than 0.75 durations away. The ratio is that of a box of this depth in white
    noise: depth / scatter * sqrt(cadences in transit).

    Parameters
    ----------
    phase_d : (n,) float64, days from mid-transit, in any order
    flux : (n,) float64, relative flux minus one; cadences that are not finite are left out
    duration_d : days

    Raises
    ------
    ValueError
        if there are not as many fluxes as phases
    """
    if phase_d.shape != flux.shape:
        raise ValueError(f"phase_d and flux must have one shape (got: {phase_d.shape} and {flux.shape})")
    outside, near, central, bottom, inside = _parts(_floats(phase_d), _floats(flux), duration_d)
    scatter = mad_scatter(outside)
    if central.size == 0 or near.size == 0:
        return Transit(float("nan"), scatter, float("nan"))
    # Twice the distance is the planet's from the middle of the disc, in stellar radii.
    shape = 1.0 - LIMB_DARKENING * (1.0 - np.sqrt(1.0 - (2.0 * central / duration_d) ** 2))
    depth = float(np.sum(shape * (median(near) - bottom)) / np.sum(shape**2))
    snr = depth / scatter * np.sqrt(inside) if scatter > 0 else float("nan")
    return Transit(depth, scatter, float(snr))


def _in_shortest(cadence_d: np.ndarray) -> tuple[np.ndarray, float]:
    """Lengths of cadences in units of the shortest, and that: exact counts where all are alike."""
    shortest_d = float(cadence_d.min())
    return cadence_d / shortest_d, shortest_d


def _floats(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float64)


@compiled(f"int64[::1]({READ_ONLY}, float64)")
def _within(phase_d: np.ndarray, half_width_d: float) -> np.ndarray:
    """Places of the phases that are less than `half_width_d` from mid-transit."""
    places, n = np.empty(phase_d.size, np.int64), 0
    for i in range(phase_d.size):
        if abs(phase_d[i]) < half_width_d:
            places[n] = i
            n += 1
    return places[:n].copy()


@compiled(f"Tuple((float64[::1], float64[::1], float64[::1], float64[::1], int64))({READ_ONLY}, {READ_ONLY}, float64)")
def _parts(
    phase_d: np.ndarray, flux: np.ndarray, duration_d: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """What `measure_transit` needs: flux outside, flux near, distance and flux in the middle, cadences in transit."""
    middle_d, inside_d = 0.5 * CENTRAL * duration_d, 0.5 * duration_d
    from_d, to_d = BASELINE[0] * duration_d, BASELINE[1] * duration_d
    outside, near = np.empty(flux.size), np.empty(flux.size)
    central, bottom = np.empty(flux.size), np.empty(flux.size)
    far = close = deep = inside = 0
    for i in range(flux.size):
        distance_d, value = abs(phase_d[i]), flux[i]
        if value - value != 0.0:
            continue
        if distance_d > from_d:
            outside[far] = value
            far += 1
            if distance_d < to_d:
                near[close] = value
                close += 1
        elif distance_d < inside_d:
            inside += 1
            if distance_d < middle_d:
                central[deep], bottom[deep] = distance_d, value
                deep += 1
    return outside[:far], near[:close], central[:deep], bottom[:deep], inside
