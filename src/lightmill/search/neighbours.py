"""A star's light curve without the transits of its other signals."""

from collections.abc import Mapping

import numpy as np

from lightmill.config.views import DetrendSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.views.flatten import FlatCurve, flatten_star
from lightmill.views.signal import Signal

# Where another signal's transits would take away more than this share of a signal's own, as it is listed, the two are
# one dip and stay together.
SAME_DIP = 0.5


class Neighbours:
    """A star flattened with all known transits masked, and where those are."""

    def __init__(self, light_curve: LightCurve, known: Mapping[str, Signal], detrend: DetrendSettings) -> None:
        self.known = dict(known)
        self.star = flatten_star(light_curve, list(self.known.values()), detrend)
        self._light_curve = light_curve
        self._detrend = detrend
        self._masks: dict[str, np.ndarray] = {}

    def masked_at(self, signal: Signal) -> "Neighbours":
        """The star flattened anew, with a signal's transits masked where it says."""
        return Neighbours(self._light_curve, self.known | {signal.signal_id: signal}, self._detrend)

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
            self._masks[name] = signal.transits(self.star.time_bjd, self._detrend.mask_durations)
        return self._masks[name]
