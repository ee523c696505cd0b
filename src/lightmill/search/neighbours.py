"""A star's light curve without the transits of its other signals."""

from collections.abc import Mapping

import numpy as np

from lightmill.views.flatten import FlatCurve
from lightmill.views.signal import Signal

# Where another signal's transits would take away more than this share of a signal's own, as it is listed, the two are
# one dip and stay together.
SAME_DIP = 0.5


class Neighbours:
    """A flattened star and the transits on it that are known so far."""

    def __init__(self, star: FlatCurve, known: Mapping[str, Signal], mask_durations: float) -> None:
        self.star = star
        self.known = dict(known)
        self._mask_durations = mask_durations
        self._masks: dict[str, np.ndarray] = {}

    def put(self, signal: Signal) -> None:
        """Take note of where a signal's transits are."""
        if self.known.get(signal.signal_id) != signal:
            self.known[signal.signal_id] = signal
            self._masks.pop(signal.signal_id, None)

    def without_others(self, signal: Signal) -> FlatCurve:
        """The star without the transits of all other signals than `signal` as it is listed.

        Those that the catalogs link to it stay, for they may be it; and those under which most of its own lie.
        """
        time_bjd = self.star.time_bjd
        own = signal.transits(time_bjd, 1.0) if signal.located else np.zeros(time_bjd.shape, dtype=bool)
        most = SAME_DIP * np.count_nonzero(own)
        removed = np.zeros(time_bjd.shape, dtype=bool)
        for name, other in self.known.items():
            if name == signal.signal_id or name in signal.linked:
                continue
            mask = self._mask(name, other)
            if np.count_nonzero(own & mask) <= most:
                removed |= mask
        if not removed.any():
            return self.star
        kept = ~removed
        return FlatCurve(time_bjd[kept], self.star.flux[kept], np.broadcast_to(self.star.cadence_d, kept.shape)[kept])

    def _mask(self, name: str, signal: Signal) -> np.ndarray:
        if name not in self._masks:
            self._masks[name] = signal.transits(self.star.time_bjd, self._mask_durations)
        return self._masks[name]
