"""Groups: what no split may cut.

Two signals are in one group if they are on one star, by its id or its place on the sky, or if they are eclipses of one
binary: a bright eclipsing binary contaminates the stars around it, and its period and phase then appear on many
targets (Coughlin et al. 2014, AJ 147, 119, for Kepler).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from lightmill.catalogs.matching import SIGMAS, phase_agrees

ACROSS_MISSIONS_ARCSEC = 5.0  # catalogs give places for epochs up to 16 years apart: 0.3"/yr
WITHIN_MISSION_ARCSEC = 2.0  # two entries for one star, or for two that no telescope here separates
PIXEL_ARCSEC = 21.0  # one TESS pixel
KEPLER_FIELD_ARCSEC = 20 * 60.0  # Kepler's optics and electronics carry light this far
SAME_PERIOD = 2e-5  # relative
UNKNOWN_PERIOD_ERROR = 1e-3  # relative: what "the same period" means where no error is given

_ARCSEC = np.pi / 180 / 3600


def group_stars(star_ids: ArrayLike, pairs: Sequence[NDArray[np.intp]]) -> NDArray[np.object_]:
    """The group of each row: its star joined with all that `pairs` link it to, named after its first star.

    Parameters
    ----------
    star_ids
        (n,) text, repeated wherever rows are of one star.
    pairs
        Arrays (k, 2) of row numbers that belong together.

    Returns
    -------
    (n,) object: the smallest star id of the group, in the order of text.
    """
    names, star = np.unique(np.asarray(star_ids, dtype=str), return_inverse=True)
    links = star[np.concatenate([np.empty((0, 2), np.intp), *pairs])]
    graph = coo_array((np.ones(len(links), np.int8), (links[:, 0], links[:, 1])), shape=(len(names), len(names)))
    _, group = connected_components(graph, directed=False)
    first = np.full(group.max(initial=-1) + 1, len(names), dtype=np.intp)
    np.minimum.at(first, group, np.arange(len(names)))
    return names.astype(object)[first[group[star]]]


def same_place(missions: ArrayLike, ra_deg: ArrayLike, dec_deg: ArrayLike) -> NDArray[np.intp]:
    """Pairs (k, 2) of targets that stand in one place: within 5" across missions, within 2" in one mission.

    Arrays (n,); targets without a place (NaN) are in no pair.
    """
    missions = np.asarray(missions, dtype=str)
    sky = unit_vectors(ra_deg, dec_deg)
    pairs = _box_pairs([(sky, chord(ACROSS_MISSIONS_ARCSEC))])
    apart = np.linalg.norm(sky[pairs[:, 0]] - sky[pairs[:, 1]], axis=1)
    across = missions[pairs[:, 0]] != missions[pairs[:, 1]]
    return pairs[apart <= np.where(across, chord(ACROSS_MISSIONS_ARCSEC), chord(WITHIN_MISSION_ARCSEC))]


def same_eclipses(
    missions: ArrayLike,
    ra_deg: ArrayLike,
    dec_deg: ArrayLike,
    period_d: ArrayLike,
    epoch_bjd: ArrayLike,
    duration_h: ArrayLike,
    period_err_d: ArrayLike,
    epoch_err_d: ArrayLike,
) -> NDArray[np.intp]:
    """Pairs (k, 2) of signals that may be the eclipses of one binary, seen on neighbouring stars.

    Within 21" of each other, or within 20' if one of them is Kepler's or K2's: periods equal to 2e-5 and transits that
    coincide (`phase_agrees`). Within 21" periods need only agree within three errors, at most 1e-3, which also counts
    where an error is unknown: one TESS sector does not give a period to 2e-5, and so near a chance match is unheard of.

    Arrays (n,); periods and errors in days, epochs in BJD_TDB, durations in hours, NaN where unknown. A signal without
    place, period or epoch is in no pair.
    """
    missions = np.asarray(missions, dtype=str)
    sky = unit_vectors(ra_deg, dec_deg)
    period, epoch, duration, period_err, epoch_err = (
        np.asarray(values, dtype=np.float64) for values in (period_d, epoch_bjd, duration_h, period_err_d, epoch_err_d)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        usable = (period > 0) & np.isfinite(epoch)
        log_period = np.where(usable, np.log(np.where(period > 0, period, np.nan)), np.nan)[:, None]
        error = np.where(np.isfinite(period_err), SIGMAS * period_err / period, UNKNOWN_PERIOD_ERROR)
    near = _box_pairs([(sky, chord(PIXEL_ARCSEC)), (log_period, UNKNOWN_PERIOD_ERROR)])
    far = _box_pairs([(sky, chord(KEPLER_FIELD_ARCSEC)), (log_period, SAME_PERIOD)])
    kepler = np.isin(missions, ("Kepler", "K2"))
    far = far[kepler[far].any(axis=1)]
    pairs = np.unique(np.concatenate([near, far]), axis=0)
    a, b = pairs.T
    apart = np.linalg.norm(sky[a] - sky[b], axis=1)
    ratio = np.abs(period[a] / period[b] - 1)
    tolerance = np.clip(np.hypot(error[a], error[b]), SAME_PERIOD, UNKNOWN_PERIOD_ERROR)
    wide = kepler[pairs].any(axis=1) & (apart <= chord(KEPLER_FIELD_ARCSEC)) & (ratio <= SAME_PERIOD)
    narrow = (apart <= chord(PIXEL_ARCSEC)) & (ratio <= tolerance)
    agrees = phase_agrees(
        period[a], epoch[a], duration[a], period_err[a], epoch_err[a],
        period[b], epoch[b], duration[b], period_err[b], epoch_err[b],
    )  # fmt: skip
    return pairs[(wide | narrow) & agrees]


def one_place_each(signals: pd.DataFrame) -> pd.DataFrame:
    """One row per target of a signal table, with the place and the magnitude of its first row that has a place."""
    known = signals.dropna(subset=["ra_deg", "dec_deg"])
    return known.drop_duplicates("target_id")[["target_id", "ra_deg", "dec_deg", "magnitude"]]


def unit_vectors(ra_deg: ArrayLike, dec_deg: ArrayLike) -> NDArray[np.float64]:
    """Points (n, 3) on the unit sphere for right ascensions and declinations (n,) in degrees; NaN stays NaN."""
    ra, dec = np.radians(np.asarray(ra_deg, np.float64)), np.radians(np.asarray(dec_deg, np.float64))
    return np.stack([np.cos(dec) * np.cos(ra), np.cos(dec) * np.sin(ra), np.sin(dec)], axis=-1)


def chord(angle_arcsec: float) -> float:
    """The straight distance on the unit sphere between two points `angle_arcsec` apart."""
    return float(2 * np.sin(angle_arcsec * _ARCSEC / 2))


def _box_pairs(axes: Sequence[tuple[NDArray[np.float64], float]]) -> NDArray[np.intp]:
    """Pairs (k, 2), sorted, of rows that on every axis differ by no more than that axis's width.

    One tree over all axes, each divided by its width: sky and period narrow each other down, so that what is listed
    stays near what is wanted, whatever the number of rows. Rows with a NaN are left out.
    """
    # A hair wider than asked, so that rounding loses no pair; callers check exactly.
    points = np.concatenate([values / (width * (1 + 1e-9)) for values, width in axes], axis=1)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    if len(known) < 2:
        return np.empty((0, 2), np.intp)
    pairs = cKDTree(points[known]).query_pairs(1.0, p=np.inf, output_type="ndarray")
    pairs = np.sort(known[pairs], axis=1)
    return pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
