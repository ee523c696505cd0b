"""What was measured on a signal in numbers that a network can take: all of about the size of one, never missing.

Views are divided by their own scatter or depth, so how deep a transit is, and how deep beside the noise, no view says.
Numbers that follow from how long a star was watched (transits, cadences, empty bins, S/N) are not among them, nor those
of a catalog (period, duration).
"""

from collections.abc import Mapping

import numpy as np

SCALARS = (
    "log_depth",
    "log_depth_over_scatter",
    "odd_even",
    "secondary",
    "secondary_over_depth",
    "shape",
    "depth_scatter",
    "centroid_offset",
)
TYPICAL_LOG_DEPTH_PPM = 3.0
# Beyond it a secondary over a primary says no more: no transit was there to be compared with.
DEEPEST_SECONDARY = 2.0


def network_scalars(numbers: Mapping[str, float]) -> np.ndarray:
    """The numbers SCALARS, in their order, of the measures of one signal.

    Parameters
    ----------
    numbers
        Columns of `lightmill.views.layout.MEASURES`, with their units; NaN where nothing could be measured.

    Returns
    -------
    (8,) float32. Logarithms (base 10) of depth (0 at 1,000 ppm), and of depth over the scatter of single cadences, no
    lower than that of 0.001; asinh of the sigmas of the difference of odd and even transits, of the
    secondary, of the scatter of single depths and of the shift of the centroid; the secondary's depth over the
    transit's, within -2 and 2; the shape less one half. What could not be measured is 0, as if nothing were odd about
    it: whether it could is decided by how a star was observed, and not told.
    """
    depth, scatter = numbers["depth_ppm"], numbers["scatter_ppm"]
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.array(
            [
                _log(depth) - TYPICAL_LOG_DEPTH_PPM,
                _log(np.float64(depth) / scatter),
                np.arcsinh(numbers["odd_even_sigma"]),
                np.arcsinh(numbers["secondary_snr"]),
                np.clip(numbers["secondary_depth_ppm"] / np.float64(depth), -DEEPEST_SECONDARY, DEEPEST_SECONDARY),
                numbers["shape"] - 0.5,
                np.arcsinh(numbers["transit_depth_scatter_sigma"]),
                np.arcsinh(numbers["centroid_offset_sigma"]),
            ]
        )
    return np.where(np.isfinite(values), values, 0.0).astype(np.float32)


def _log(value: float) -> float:
    """Logarithm to base 10, of what is below 0.001 that of 0.001; NaN stays NaN."""
    return float(np.log10(np.maximum(value, 1e-3)))
