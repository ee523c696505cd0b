"""Taking a view's level and scale out, and keeping the scale as a number."""

import numpy as np

from lightmill.config.views import Scale
from lightmill.views.normalise import robust_scatter


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
    level = values - np.median(values)
    scatter = robust_scatter(level)
    if scale == "mad":
        divided = scatter
    elif scale == "min":
        divided = float(-level.min())
    else:
        divided = max(depth, scatter) if np.isfinite(depth) else scatter
    if divided <= 0:
        divided = float(level.std()) or 1.0
    return (level / divided).astype(np.float32), float(divided)
