"""Every other transit by itself: a binary found at half its period alternates between two depths."""

from typing import NamedTuple

import numpy as np

from lightmill.views.folded import Folded
from lightmill.views.measure import measure_transit

FIRST_OF = {"odd": 0, "even": 1}
"""Number of the first of them; the first transit that was observed, number 0, is odd as in a list that begins at 1."""


class Half(NamedTuple):
    """The cadences around every other transit."""

    phase_d: np.ndarray
    flux: np.ndarray


def half_of(folded: Folded, half: str) -> Half | None:
    """The `odd` or the `even` transits; None if none of them was observed (half of it at least)."""
    if not np.any(folded.observed % 2 == FIRST_OF[half]):
        return None
    rows = np.flatnonzero((folded.around.number & 1) == FIRST_OF[half])
    return Half(folded.around.phase_d[rows], folded.around.flux[rows])


def half_depth(half: Half | None, duration_d: float) -> float:
    """Depth at mid-transit, as of all transits (`measure_transit`); NaN without any."""
    return float("nan") if half is None else measure_transit(half.phase_d, half.flux, duration_d).depth
