"""Limits of what the numbers of many signals can be: beyond them, they are in another unit or clock.

One signal may be odd; the median of many is not.
"""

import numpy as np
from numpy.typing import ArrayLike

from lightmill.catalogs.matching import sun_like_duration_h

# Units of time differ by 24 or more, so a median duration further from a Sun-like star's than half of 24 on a log scale
# is in another unit.
UNIT_FACTOR = 24.0**0.5
DEPTHS_PPM = (10.0, 6e5)
EPOCHS_BJD: dict[str, tuple[float, float]] = {
    "Kepler": (2454800.0, 2456600.0),
    "K2": (2456600.0, 2458500.0),
    "TESS": (2458300.0, 2470000.0),
}


def median_to_sun_like(period_d: ArrayLike, duration_h: ArrayLike) -> float:
    """The median ratio of durations (n,) in hours to the transit of a Sun-like star at the same periods (n,) in days.

    One without unit: 1 is Sun-like. Both must be above zero and finite.
    """
    return float(np.median(np.asarray(duration_h, np.float64) / sun_like_duration_h(period_d)))
