"""A periodic dip claimed on a star: its ephemeris, and what in it cannot be."""

from dataclasses import dataclass

import numpy as np

from lightmill.views.fold import in_transit

# Ephemerides outside of this are mistakes of a table. Shorter than two long cadences (0.041 d) nothing can be folded,
# and no planet, and no binary of stars that are not both compact, goes round in less than 0.05 d.
SHORTEST_PERIOD_D = 0.05
# The years 1858 to 2132. An epoch in BKJD, BTJD or MJD is far outside, and so is one whose phase float64 cannot tell.
EPOCHS_BJD = (2.4e6, 2.5e6)
AS_LISTED = "catalog"
"""Where an ephemeris comes from if nobody searched for a better one."""
GIVEN = "given"
"""Where it comes from if somebody named it for this one signal."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A periodic dip claimed on a star; what a catalog does not say is NaN."""

    signal_id: str
    period_d: float
    epoch_bjd: float
    duration_h: float
    depth_ppm: float = float("nan")
    linked: frozenset[str] = frozenset()
    """Ids of the star's other signals that may be this one, listed with another period."""
    ephemeris: str = AS_LISTED
    """Where the ephemeris comes from: `catalog`, `given`, or what a search made of it."""
    first_bjd: float = -np.inf
    """Its transits are where the ephemeris says from this time on; before it nobody knows where."""
    last_bjd: float = np.inf
    """And until this time."""

    @property
    def defect(self) -> str:
        """Why it cannot be folded, as an outcome, or empty where it can.

        `single_transit` (no period), `unfoldable` (numbers that cannot be), `waiting_for_search` (no epoch or no
        duration).
        """
        if np.isnan(self.period_d):
            return "single_transit"
        if self.impossible:
            return "unfoldable"
        return "" if self.located else "waiting_for_search"

    @property
    def impossible(self) -> str:
        """What in its numbers cannot be, in words; empty where they can. NaN is unknown, not impossible."""
        if self.period_d < SHORTEST_PERIOD_D or np.isinf(self.period_d):
            return f"period of {self.period_d:g} d, expected at least {SHORTEST_PERIOD_D} d"
        if self.duration_h <= 0 or np.isinf(self.duration_h):
            return f"duration of {self.duration_h:g} h, expected more than 0"
        if self.duration_h >= 24.0 * self.period_d:
            return f"duration of {self.duration_h:g} h, not shorter than the period of {self.period_d:g} d"
        first, last = EPOCHS_BJD
        if self.epoch_bjd < first or self.epoch_bjd > last:
            return f"epoch at BJD {self.epoch_bjd:g}, expected {first:.0f} to {last:.0f}"
        return ""

    @property
    def located(self) -> bool:
        """Whether it is known where its transits are: one of them at least."""
        return bool(np.isfinite(self.epoch_bjd) and np.isfinite(self.duration_h)) and not self.impossible

    @property
    def duration_d(self) -> float:
        """Duration in days, at most half a period: what a catalog claims beyond leaves nothing to compare with."""
        duration_d = self.duration_h / 24.0
        return duration_d if np.isnan(self.period_d) else min(duration_d, 0.5 * self.period_d)

    def transits(self, time_bjd: np.ndarray, durations: float) -> np.ndarray:
        """Where a time lies within a transit `durations` times as wide as its own: (n,) bool."""
        within = in_transit(time_bjd, self.period_d, self.epoch_bjd, durations * self.duration_d)
        return within & self.holds(time_bjd) if self.bounded else within

    @property
    def bounded(self) -> bool:
        """Whether the ephemeris holds for a part of all time only."""
        return bool(np.isfinite(self.first_bjd) or np.isfinite(self.last_bjd))

    def holds(self, time_bjd: np.ndarray) -> np.ndarray:
        """Where the ephemeris tells the transits of a time: (n,) bool."""
        return (time_bjd >= self.first_bjd) & (time_bjd <= self.last_bjd)
