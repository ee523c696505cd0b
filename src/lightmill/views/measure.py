"""What a folded transit says by itself: whether it was observed, how deep it is, how sure that is."""

from typing import NamedTuple

import numpy as np

from lightmill.views.normalise import robust_scatter

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
    within = np.abs(phase_d) < 0.5 * duration_d
    inside = phase_d[within]
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
    phase_d : (n,) float64, days from mid-transit
    flux : (n,) float64, relative flux minus one
    duration_d : days
    """
    distance = np.abs(phase_d) / duration_d
    central = distance < 0.5 * CENTRAL
    outside = flux[distance > BASELINE[0]]
    near = flux[(distance > BASELINE[0]) & (distance < BASELINE[1])]
    if not central.any() or near.size == 0:
        return Transit(float("nan"), robust_scatter(outside), float("nan"))
    # Twice the distance is the planet's from the middle of the disc, in stellar radii.
    shape = 1.0 - LIMB_DARKENING * (1.0 - np.sqrt(1.0 - (2.0 * distance[central]) ** 2))
    dip = np.median(near) - flux[central]
    depth = float(np.sum(shape * dip) / np.sum(shape**2))
    scatter = robust_scatter(outside)
    inside = np.count_nonzero(distance < 0.5)
    snr = depth / scatter * np.sqrt(inside) if scatter > 0 else float("nan")
    return Transit(depth, scatter, float(snr))


def count_transits(phase_d: np.ndarray, number: np.ndarray, duration_d: float, cadence_d: np.ndarray | float) -> int:
    """Number of transits with at least half of their cadences, and at least one.

    Parameters
    ----------
    phase_d : (n,) float64, days from the nearest mid-transit
    number : (n,) int, number of that transit
    duration_d : days
    cadence_d : (n,) float64 or one for all, days from one cadence to the next
    """
    within = np.abs(phase_d) < 0.5 * duration_d
    if not within.any():
        return 0
    covered, shortest_d = _in_shortest(np.broadcast_to(cadence_d, phase_d.shape)[within])
    _, transit = np.unique(number[within], return_inverse=True)
    return int(np.count_nonzero(np.bincount(transit, weights=covered) >= 0.5 * duration_d / shortest_d))


def _in_shortest(cadence_d: np.ndarray) -> tuple[np.ndarray, float]:
    """Lengths of cadences in units of the shortest, and that: exact counts where all are alike."""
    shortest_d = float(cadence_d.min())
    return cadence_d / shortest_d, shortest_d
