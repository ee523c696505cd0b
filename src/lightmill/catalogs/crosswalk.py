"""The crosswalk: which targets of different missions are one star.

`data/crosswalk.csv` (target_id, star_id, source) is part of the project and only ever grows: a star keeps its id
whatever catalogs a run loads. It was made from the places and brightnesses in the archives' own tables, and grows by

    python -m lightmill.catalogs.crosswalk CATALOG [CATALOG ...]

A star goes by the id of the mission that saw it first: Kepler before K2 before TESS.
"""

import sys
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from lightmill.catalogs.groups import chord, unit_vectors
from lightmill.errors import LabelError
from lightmill.files import write_csv
from lightmill.targets import MISSIONS, mission_of, target_number

CROSSWALK = Path(__file__).resolve().parent / "data" / "crosswalk.csv"
COLUMNS = ("target_id", "star_id", "source")

# The nearest star of the other mission is the same one within 2" unless its brightness rules it out, and within 5",
# where a fast star or a coarse catalog puts it, if its brightness is right. The difference is that of the older
# mission's magnitude (Kp, or V for K2) and TESS's (T, redder): 0.2 to 1.1 for most stars, up to 4 for M dwarfs in V.
_NEAR_ARCSEC, _NEAR_MAGNITUDES = 2.0, (-1.0, 4.5)
_WIDE_ARCSEC, _WIDE_MAGNITUDES = 5.0, (0.0, 1.5)


@lru_cache(maxsize=4)
def read_crosswalk(path: Path = CROSSWALK) -> Mapping[str, str]:
    """The star id of every target that goes by another id than its own.

    Raises LabelError, naming the line, if a target stands twice, is its own star, goes by a star that itself goes by
    another, or is no target id.
    """
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    if tuple(table.columns) != COLUMNS:
        raise LabelError(f"{path}: columns {', '.join(table.columns)}; expected {', '.join(COLUMNS)}")
    stars: dict[str, str] = {}
    for line, (target, star) in enumerate(zip(table["target_id"], table["star_id"], strict=True), start=2):
        target_number(target), target_number(star)
        if target in stars or target == star:
            raise LabelError(f"{path}, line {line}: {target} stands there twice, or is its own star; remove the line")
        stars[target] = star
    for line, star in enumerate(table["star_id"], start=2):
        if star in stars:
            raise LabelError(f"{path}, line {line}: {star} goes by {stars[star]} itself; name that star")
    return stars


def star_ids(target_ids: ArrayLike, crosswalk: Mapping[str, str] | None = None) -> NDArray[np.object_]:
    """The star of each target (n,): its own id, unless the crosswalk (the shipped one by default) says otherwise."""
    stars = read_crosswalk() if crosswalk is None else crosswalk
    return np.array([stars.get(target, target) for target in np.asarray(target_ids, dtype=object)], dtype=object)


def find_identities(targets: pd.DataFrame) -> pd.DataFrame:
    """Targets of different missions that are one star, by place and brightness.

    Parameters
    ----------
    targets
        One row per target: target_id, ra_deg, dec_deg, magnitude (NaN where unknown).

    Returns
    -------
    COLUMNS, sorted by target: each later mission's target with the star it goes by. The two must be each other's
    nearest of their missions.
    """
    targets = targets.dropna(subset=["ra_deg", "dec_deg"]).sort_values("target_id", kind="stable", ignore_index=True)
    mission = np.array([mission_of(target) for target in targets["target_id"]], dtype=object)
    sky = unit_vectors(targets["ra_deg"], targets["dec_deg"])
    magnitude = targets["magnitude"].to_numpy(np.float64)
    found: dict[str, tuple[str, str]] = {}
    for older, newer in ((a, b) for a in MISSIONS for b in MISSIONS if MISSIONS.index(a) < MISSIONS.index(b)):
        left, right = np.flatnonzero(mission == older), np.flatnonzero(mission == newer)
        for a, b in _nearest_to_each_other(sky, left, right):
            arcsec = float(np.degrees(2 * np.arcsin(np.linalg.norm(sky[a] - sky[b]) / 2)) * 3600)
            target, star = targets["target_id"][b], targets["target_id"][a]
            if _is_same_star(arcsec, magnitude[a] - magnitude[b]) and target not in found:
                star = found[star][0] if star in found else star
                found[target] = (star, f"{arcsec:.2f} arcsec and {magnitude[a] - magnitude[b]:.2f} mag apart")
    rows = [(target, star, source) for target, (star, source) in sorted(found.items())]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _nearest_to_each_other(
    sky: NDArray[np.float64], left: NDArray[np.intp], right: NDArray[np.intp]
) -> list[tuple[int, int]]:
    if not (len(left) and len(right)):
        return []
    apart, nearest = cKDTree(sky[right]).query(sky[left])
    _, back = cKDTree(sky[left]).query(sky[right])
    mutual = (back[nearest] == np.arange(len(left))) & (apart <= chord(_WIDE_ARCSEC))
    return [(int(left[i]), int(right[nearest[i]])) for i in np.flatnonzero(mutual)]


def _is_same_star(arcsec: float, magnitudes: float) -> bool:
    if arcsec <= _NEAR_ARCSEC:
        return bool(np.isnan(magnitudes) or _NEAR_MAGNITUDES[0] <= magnitudes <= _NEAR_MAGNITUDES[1])
    return arcsec <= _WIDE_ARCSEC and _WIDE_MAGNITUDES[0] <= magnitudes <= _WIDE_MAGNITUDES[1]


def extend_crosswalk(crosswalk: pd.DataFrame, identities: pd.DataFrame) -> pd.DataFrame:
    """The crosswalk with new identities after its own rows, which never change; a known target keeps its star."""
    stars = dict(zip(crosswalk["target_id"], crosswalk["star_id"], strict=True))
    new = identities.loc[~identities["target_id"].isin(list(stars))].copy()
    new["star_id"] = [stars.get(star, star) for star in new["star_id"]]
    taken = set(crosswalk["star_id"])
    new = new.loc[~new["target_id"].isin(list(taken)) & (new["target_id"] != new["star_id"])]
    return pd.concat([crosswalk, new], ignore_index=True)


def one_place_each(signals: pd.DataFrame) -> pd.DataFrame:
    """One row per target of a signal table, with the place and the magnitude of its first row that has a place."""
    known = signals.dropna(subset=["ra_deg", "dec_deg"])
    return known.drop_duplicates("target_id")[["target_id", "ra_deg", "dec_deg", "magnitude"]]


def _extend_shipped(paths: list[str]) -> str:
    from lightmill.catalogs.reading import read_catalog

    signals = pd.concat([read_catalog(path).signals for path in paths], ignore_index=True)
    before = pd.read_csv(CROSSWALK, dtype=str, keep_default_na=False) if CROSSWALK.exists() else None
    before = pd.DataFrame(columns=list(COLUMNS), dtype=object) if before is None else before
    after = extend_crosswalk(before, find_identities(one_place_each(signals)))
    write_csv(CROSSWALK, after)
    read_crosswalk.cache_clear()
    read_crosswalk()
    return f"{CROSSWALK}: {len(after)} targets, {len(after) - len(before)} of them new"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m lightmill.catalogs.crosswalk CATALOG [CATALOG ...]")
    print(_extend_shipped(sys.argv[1:]))
