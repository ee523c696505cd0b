"""Views of one length brought to another: what a bin holds is the mean over its time, whatever its width."""

import numpy as np

from lightmill.errors import ViewError

# More bins than so many times those that there are would show what nobody has measured.
MOST_FINER = 4


def rebinned(views: np.ndarray, bins: int, share: float = 1.0) -> np.ndarray:
    """Views whose bins are the means, weighted by overlap, of the bins of the views given.

    What a view holds within any stretch that ends on edges of both is kept: flux times time. The middle stays the
    middle: where both numbers of bins are odd, a transit in the centre bin stays in the centre bin.

    Parameters
    ----------
    views
        (n, m), finite, bins of equal width side by side.
    bins
        Number of bins wanted, 2 to 4 m × `share`.
    share
        Which part of the view's length is kept, around its middle; above 0, at most 1.

    Returns
    -------
    (n, bins), of the type of `views`.

    Raises ViewError for a number of bins or a share outside of these.
    """
    old = views.shape[1]
    if not 0 < share <= 1:
        raise ViewError(f"a share of {share:g} of each view; expected one above 0 and at most 1")
    if not 2 <= bins <= MOST_FINER * old * share:
        raise ViewError(
            f"{bins} bins from {old * share:g}; expected 2 to {int(MOST_FINER * old * share)}: finer bins than a "
            "quarter of those that there are show nothing new"
        )
    if bins == old and share == 1:
        return views
    return (views.astype(np.float64) @ _overlaps(old, bins, share)).astype(views.dtype)


def _overlaps(old: int, new: int, share: float) -> np.ndarray:
    """Which part of each new bin lies in each old one, (old, new) float64; each column adds up to 1."""
    edges = np.linspace(0.5 * (1 - share) * old, 0.5 * (1 + share) * old, new + 1)
    first = np.arange(old)[:, None]
    inside = np.minimum(edges[1:], first + 1) - np.maximum(edges[:-1], first)
    return np.asarray(np.clip(inside, 0.0, None) / np.diff(edges))
