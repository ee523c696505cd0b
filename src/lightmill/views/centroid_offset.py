"""Whether the light's middle moves when the star dims: the sign of a dip that comes from a neighbour."""

from typing import NamedTuple

import numpy as np

from lightmill.views.binning import BinnedView
from lightmill.views.folded import Folded
from lightmill.views.measure import FEWEST_IN_TRANSIT
from lightmill.views.medians import mad_scatter, median
from lightmill.views.normalise import robust_scatter
from lightmill.views.single_transits import SingleTransits, Template, single_transits

OUTSIDE = 0.75  # durations from mid-transit beyond which a centroid is at rest
LIKE = 4.0  # sigmas from the middle beyond which a single transit's shift is drawn in
FEWEST_FOR_SCATTER = 6


class Offset(NamedTuple):
    """Where a dip comes from; NaN where that cannot be told."""

    arcsec: float
    """Distance of the source that dims from the middle of the light in the aperture."""
    sigma: float
    """The shift of the centroid over its standard error. Without a shift it is above 3 in one case of ninety."""


def centroid_view(folded: Folded) -> BinnedView | None:
    """The centroid around the transit, columns and rows: (2, length) each, in units of its own scatter.

    Medians in the bins of the local view; the level, their median more than 0.75 durations from mid-transit, is taken
    off each axis, and their robust scatter there divided out. None unless three cadences in transit have a centroid,
    and one has outside.
    """
    around, duration_d = folded.around, folded.duration_d
    if around.centroid_arcsec is None:
        return None
    columns, rows = np.ascontiguousarray(around.centroid_arcsec.T)
    measured = np.isfinite(columns) & np.isfinite(rows)
    if np.count_nonzero(measured & (np.abs(around.phase_d) < 0.5 * duration_d)) < FEWEST_IN_TRANSIT:
        return None
    axes = [folded.extent.view(around.phase_d, axis) for axis in (columns, rows)]
    outside = (np.abs(folded.extent.centre_d) > OUTSIDE * duration_d) & (axes[0].counts > 0)
    if not outside.any():
        return None
    levels = [median(axis.values[outside]) for axis in axes]
    scales = [mad_scatter(axis.values[outside]) or 1.0 for axis in axes]
    values = [(axis.values - level) / scale for axis, level, scale in zip(axes, levels, scales, strict=True)]
    scatters = [axis.scatter / scale for axis, scale in zip(axes, scales, strict=True)]
    return BinnedView(np.stack(values), np.stack(scatters), np.stack([axis.counts for axis in axes]))


def centroid_offset(folded: Folded, measure: Template, depth: float) -> Offset:
    """How far what dims is from the middle of the light, and how surely the centroid moves at all.

    The shift of the centroid in transit is measured as depths are, transit by transit (`single_transits`), and the
    transits are taken together in a robust mean; where there are enough of them their own scatter counts where it is
    larger than the errors. When a part `depth` of the light goes, the middle of the rest has moved away from its source
    by depth / (1 - depth) of its distance.

    Parameters
    ----------
    folded : any; without centroids both are NaN
    measure : its single transits' template
    depth : relative flux at the bottom of the transit; where it is not above zero there is no distance
    """
    if folded.around.centroid_arcsec is None:
        return Offset(float("nan"), float("nan"))
    outside = np.abs(measure.distance) > OUTSIDE
    shift, error = np.zeros(2), np.zeros(2)
    for axis in range(2):
        values = np.ascontiguousarray(folded.around.centroid_arcsec[:, axis])
        shift[axis], error[axis] = _robust_mean(single_transits(measure, values, robust_scatter(values[outside])))
    arcsec = float(np.hypot(*shift)) * (1.0 - depth) / depth if 0 < depth < 1 else float("nan")
    return Offset(arcsec, float(np.hypot(*(shift / error))))


def _robust_mean(transits: SingleTransits) -> tuple[float, float]:
    """Mean of single measures, those far from the others drawn in, and its standard error."""
    if transits.depth.size == 0:
        return float("nan"), float("nan")
    weight = 1.0 / transits.error**2
    middle = median(transits.depth)
    like = np.clip(transits.depth, middle - LIKE * transits.error, middle + LIKE * transits.error)
    total = float(weight.sum())
    mean = float(np.dot(weight, like)) / total
    error = total**-0.5
    if transits.depth.size >= FEWEST_FOR_SCATTER:
        error *= max(mad_scatter((transits.depth - mean) / transits.error), 1.0)
    return mean, error
