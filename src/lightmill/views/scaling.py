"""Taking a view's level and scale out, and keeping the scale as a number."""

import numpy as np

from lightmill.config.views import Scale
from lightmill.views.medians import mad_scatter, median


def scale_view(values: np.ndarray, scale: Scale, depth: float) -> tuple[np.ndarray, float]:
    """A view with median zero, divided by its scale.

    Parameters
    ----------
    values : (n,) float64, relative flux minus one, finite
    scale : `mad`: the view's robust scatter (1.4826 times its median absolute deviation), so that a depth reads in
        sigmas; `min`: the distance from median to deepest bin, so that the deepest bin is -1; `depth`: the transit's
        depth, so that the transit is -1 deep in every view of the signal
    depth : measured transit depth as relative flux; used by `depth` alone, where it is above the view's scatter:
        below, the scatter is used, lest noise be blown up

    Returns
    -------
    scaled : (n,) float32
    divided : the relative flux that was divided out; scaled * divided + median(values) gives the view back. One for a
        view without any variation.
    """
    level = np.array(values, dtype=np.float64)
    level -= median(level)
    scatter = mad_scatter(level)
    if scale == "mad":
        divided = scatter
    elif scale == "min":
        divided = float(-level.min())
    else:
        divided = max(depth, scatter) if np.isfinite(depth) else scatter
    if divided <= 0:
        divided = float(level.std()) or 1.0
    return (level / divided).astype(np.float32), float(divided)


def apply_scale(values: np.ndarray, level: float, divided: float) -> np.ndarray:
    """Another view of a signal, or its scatter, on the scale of its first view: (values - level) / divided.

    Parameters
    ----------
    values : (n,) float64, relative flux minus one; NaN stays NaN
    level : relative flux taken off: the first view's median for flux, 0 for a scatter
    divided : relative flux divided out: what `scale_view` gave for the first view

    Returns
    -------
    (n,) float32
    """
    return ((values - level) / divided).astype(np.float32)
