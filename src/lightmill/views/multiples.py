"""The whole light curve folded at half and at twice the period: what a period wrong by two looks like when right."""

from lightmill.views.binning import BinnedView, global_view
from lightmill.views.fold import fold
from lightmill.views.folded import Folded
from lightmill.views.secondary import OPPOSITE


def half_period_view(folded: Folded, length: int) -> BinnedView | None:
    """All cadences folded at half the period, transit in the middle; None if phase 0.5 was not observed.

    It lies over the transit. Without it, this would be the transit alone, once more.
    """
    return _folded_at(folded, 0.5 * folded.period_d, length) if folded.seen(OPPOSITE) else None


def twice_period_view(folded: Folded, length: int) -> BinnedView | None:
    """All cadences folded at twice the period, odd transits in the middle and even ones half a turn away.

    None unless both odd and even transits were observed.
    """
    if len(set((folded.observed % 2).tolist())) < 2:
        return None
    return _folded_at(folded, 2.0 * folded.period_d, length)


def _folded_at(folded: Folded, period_d: float, length: int) -> BinnedView:
    return global_view(fold(folded.time_bjd, period_d, folded.epoch_bjd), folded.flux, period_d, length)
