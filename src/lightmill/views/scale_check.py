"""Whether views that others have made are of the scale that they are said to be, asked of the numbers; or made so."""

import numpy as np

from lightmill.config.views import Scale
from lightmill.views.medians import MAD_TO_SIGMA

# How far a view may be from its scale, and how many views of a set may be so before the scale is wrong.
_TOLERANCE = 1e-3
_MAX_MISFITS = 0.01


def scale_misfits(views: np.ndarray, scale: Scale, asked: np.ndarray) -> tuple[np.ndarray, str]:
    """Which views are not of a scale, and, where those are more than a few, what they are.

    A view is of the scale when its median is 0 and its minimum -1 (`min`), or 1.4826 times its median absolute
    deviation is 1 (`mad`), within 0.001. Of `depth` the median alone can be asked.

    Parameters
    ----------
    views
        (n, bins), of the same kind.
    scale
        The scale they should have.
    asked
        (n,) bool: the views to ask; these are finite.

    Returns
    -------
    misfits : (n,) bool, False where not asked
    complaint : empty as long as at most 1 % of those asked are misfits
    """
    values = np.where(asked[:, None], views, 0.0)
    misfits = np.abs(np.median(values, axis=1)) > _TOLERANCE
    if scale != "depth":
        misfits |= ~(np.abs(view_spread(values, scale) - 1) <= _TOLERANCE)
    misfits &= asked
    if misfits.sum() <= _MAX_MISFITS * max(1, asked.sum()):
        return misfits, ""
    example = views[np.flatnonzero(misfits)[0]]
    return misfits, f"the first has median {np.median(example):.4g} and minimum {example.min():.4g}"


def view_spread(centred: np.ndarray, scale: Scale) -> np.ndarray:
    """What views (n, bins) of median 0 are divided by, row by row (n,): 1.4826 times their MAD, or their depth."""
    if scale == "mad":
        return np.asarray(MAD_TO_SIGMA * np.median(np.abs(centred), axis=1))
    return np.asarray(-centred.min(axis=1))


def rescaled(views: np.ndarray, scale: Scale) -> np.ndarray:
    """Views (n, bins) moved to a median of 0 and divided by their depth (`min`) or scatter (`mad`), row by row.

    `min`: the lowest bin becomes -1. `mad`: 1.4826 times the median absolute deviation becomes 1. Rows must not be
    flat; where the scatter is 0 nevertheless the result is not finite.
    """
    centred = views - np.median(views, axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(centred / view_spread(centred, scale)[:, None], np.float32)
