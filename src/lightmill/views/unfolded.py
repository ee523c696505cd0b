"""The stack of single transits: each in a row of its own, in order of time."""

import numpy as np

from lightmill.views.binning import BinnedView, bin_even, fill_empty, local_bins
from lightmill.views.folded import Folded


def chosen_transits(observed: np.ndarray, most: int) -> np.ndarray:
    """At most `most` of the observed transits, evenly chosen, the first and the last among them: (k,), ascending."""
    if observed.size <= most:
        return observed
    return observed[np.rint(np.linspace(0, observed.size - 1, most)).astype(np.int64)]


def unfolded_view(folded: Folded, most: int, length: int) -> BinnedView | None:
    """Single transits, a row each, (most, length): `length` adjoining bins over the local view's extent.

    Of more than `most` transits observed, as many are chosen evenly. Empty bins are filled within their row; rows
    without a transit are NaN, their counts 0. None where no transit was observed by itself, half of it at least.
    """
    chosen = chosen_transits(folded.observed, most)
    if chosen.size == 0:
        return None
    around, half_width_d = folded.around, folded.extent.half_width_d
    row = np.minimum(np.searchsorted(chosen, around.number), chosen.size - 1)
    wanted = (chosen[row] == around.number) & (np.abs(around.phase_d) < half_width_d)
    # Rows are laid end to end, so that one pass bins all of them.
    width_d = 2.0 * half_width_d
    place_d = row[wanted] * width_d + (around.phase_d[wanted] + half_width_d)
    binned = bin_even(place_d, around.flux[wanted], 0.0, width_d / length, width_d / length, most * length)
    values, scatter, counts = (array.reshape(most, length) for array in binned)
    centre_d = local_bins(length, half_width_d, width_d / length).centre
    for each in range(chosen.size):
        if not counts[each].all():
            values[each] = fill_empty(values[each], centre_d)
    return BinnedView(values, scatter, counts)
