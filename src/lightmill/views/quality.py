"""Which cadences to believe: the pipelines' quality bits, by name.

The same bit means different things in different missions (128 is a cosmic ray in Kepler's aperture, and a cadence
excluded by hand in TESS), so each has its own table; and some pipelines add bits of their own.
"""

from enum import IntFlag

import numpy as np

from lightmill.errors import ViewError
from lightmill.lightcurves.lightcurve import LightCurve


class KeplerQuality(IntFlag):
    """SAP_QUALITY of Kepler and K2 (Kepler Archive Manual, KDMC-10008-006, table 2-3)."""

    ATTITUDE_TWEAK = 1 << 0
    SAFE_MODE = 1 << 1
    COARSE_POINT = 1 << 2
    EARTH_POINT = 1 << 3
    ZERO_CROSSING = 1 << 4
    DESATURATION = 1 << 5
    ARGABRIGHTENING = 1 << 6
    APERTURE_COSMIC = 1 << 7
    MANUAL_EXCLUDE = 1 << 8
    SENSITIVITY_DROPOUT = 1 << 10
    IMPULSIVE_OUTLIER = 1 << 11
    ARGABRIGHTENING_ON_CCD = 1 << 12
    COLLATERAL_COSMIC = 1 << 13
    DETECTOR_ANOMALY = 1 << 14
    NO_FINE_POINT = 1 << 15
    NO_DATA = 1 << 16
    ROLLING_BAND_IN_APERTURE = 1 << 17
    ROLLING_BAND_IN_MASK = 1 << 18
    POSSIBLE_THRUSTER_FIRE = 1 << 19
    THRUSTER_FIRE = 1 << 20


class TessQuality(IntFlag):
    """QUALITY of TESS (Science Data Products Description Document, EXP-TESS-ARC-ICD-0014, data quality flags).

    The last bit came with the data release notes of sector 20.
    """

    ATTITUDE_TWEAK = 1 << 0
    SAFE_MODE = 1 << 1
    COARSE_POINT = 1 << 2
    EARTH_POINT = 1 << 3
    ARGABRIGHTENING = 1 << 4
    DESATURATION = 1 << 5
    APERTURE_COSMIC = 1 << 6
    MANUAL_EXCLUDE = 1 << 7
    DISCONTINUITY = 1 << 8
    IMPULSIVE_OUTLIER = 1 << 9
    COLLATERAL_COSMIC = 1 << 10
    STRAYLIGHT = 1 << 11
    STRAYLIGHT_PREDICTED = 1 << 12
    PLANET_SEARCH_EXCLUDE = 1 << 13
    BAD_CALIBRATION_EXCLUDE = 1 << 14
    INSUFFICIENT_TARGETS = 1 << 15


class EverestQuality(IntFlag):
    """What EVEREST adds to K2's own bits: why its model left a cadence out (its documentation, "FITS Files").

    FLAGGED repeats that one of K2's bits is set, harmless ones among them. What it calls an outlier is, for one, every
    deep transit, and a cadence in a transit known to it is as good as any.
    """

    FLAGGED = 1 << 22
    NO_FLUX = 1 << 23
    OUTLIER = 1 << 24
    IN_TRANSIT = 1 << 26


class QlpQuality(IntFlag):
    """Bits of QUALITY that QLP adds to TESS's own: points of low precision, by sector.

    LOW_PRECISION_TO_55 is STRAYLIGHT_PREDICTED in SPOC's files. lightkurve leaves both in unless asked for its "hard"
    mask (lightkurve.io.qlp).
    """

    LOW_PRECISION_TO_55 = 1 << 12
    LOW_PRECISION_SINCE_56 = 1 << 30


# The bits that spoil a flux. Corrected cosmic rays, zero crossings of the reaction wheels and rolling bands stay in:
# they lose many good cadences and cost little. These are the default masks of lightkurve, 1130799 and 17087.
KEPLER_EXCLUDED = (
    KeplerQuality.ATTITUDE_TWEAK
    | KeplerQuality.SAFE_MODE
    | KeplerQuality.COARSE_POINT
    | KeplerQuality.EARTH_POINT
    | KeplerQuality.DESATURATION
    | KeplerQuality.MANUAL_EXCLUDE
    | KeplerQuality.DETECTOR_ANOMALY
    | KeplerQuality.NO_DATA
    | KeplerQuality.THRUSTER_FIRE
)
TESS_EXCLUDED = (
    TessQuality.ATTITUDE_TWEAK
    | TessQuality.SAFE_MODE
    | TessQuality.COARSE_POINT
    | TessQuality.EARTH_POINT
    | TessQuality.ARGABRIGHTENING
    | TessQuality.DESATURATION
    | TessQuality.MANUAL_EXCLUDE
    | TessQuality.IMPULSIVE_OUTLIER
    | TessQuality.BAD_CALIBRATION_EXCLUDE
)
# By author of a segment. K2SFF's thruster firings are K2's bit.
EXCLUDED: dict[str, int] = {
    "Kepler": int(KEPLER_EXCLUDED),
    "K2": int(KEPLER_EXCLUDED),
    "K2SFF": int(KeplerQuality.THRUSTER_FIRE),
    "EVEREST": int(KEPLER_EXCLUDED) | int(EverestQuality.NO_FLUX),
    "SPOC": int(TESS_EXCLUDED),
    "SPOC-20s": int(TESS_EXCLUDED),
    "TESS-SPOC": int(TESS_EXCLUDED),
    "QLP": int(TESS_EXCLUDED),
}


def good_cadences(light_curve: LightCurve) -> np.ndarray:
    """Where none of the bits is set that the author of the cadence's segment excludes.

    Returns
    -------
    (n,) bool

    Raises
    ------
    ViewError
        If it is not known what an author's bits mean.
    """
    unknown = sorted({segment.author for segment in light_curve.segments} - EXCLUDED.keys())
    if unknown:
        raise ViewError(
            f"{light_curve.target_id}: a segment by {unknown[0]!r}, whose quality bits are not known; "
            f"expected one by {', '.join(EXCLUDED)}"
        )
    excluded = np.array([EXCLUDED[segment.author] for segment in light_curve.segments], dtype=np.int32)
    # Of one author, as most stars are, no cadence's own segment has to be looked up.
    bits = excluded[:1] if np.all(excluded == excluded[:1]) else excluded[light_curve.segment]
    return (light_curve.quality & bits) == 0
