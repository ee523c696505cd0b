"""Which targets of different missions are one star: how the crosswalk was made, and grows.

    python -m lightmill.catalogs.identities CATALOG [CATALOG ...]

appends to the crosswalk what these catalogs tell, and changes none of its lines: the TIC numbers that a K2 table of the
Archive states (column `tic_id`), then what places and brightnesses tell. A star goes by the id of the mission that saw
it first: Kepler before K2 before TESS.
"""

import re
import sys

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lightmill.catalogs import k2
from lightmill.catalogs.crosswalk import COLUMNS, CROSSWALK, read_crosswalk
from lightmill.catalogs.groups import chord, one_place_each, unit_vectors
from lightmill.catalogs.identify import identify_table
from lightmill.catalogs.reading import read_catalog
from lightmill.catalogs.rows import read_rows
from lightmill.files import write_csv
from lightmill.targets import MISSIONS, mission_of, target_name

# The nearest star of the other mission is the same one within 2" unless its brightness rules it out, and within 5",
# where a fast star or a coarse catalog puts it, if its brightness is right. The difference is that of the older
# mission's magnitude (Kp, Gaia's G for K2) and TESS's (T, redder): 0.2 to 1.1 for most stars, more for M dwarfs.
_NEAR_ARCSEC, _NEAR_MAGNITUDES = 2.0, (-1.0, 4.5)
_WIDE_ARCSEC, _WIDE_MAGNITUDES = 5.0, (0.0, 1.5)
_TIC = re.compile(r"(?:TIC\s*)?[1-9][0-9]{0,10}", re.ASCII)


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


def stated_identities(path: str) -> pd.DataFrame:
    """COLUMNS of the stars whose TIC number a K2 table states; none for other tables, or without that column.

    A TIC number that two EPIC stars claim goes to the one with the smaller number.
    """
    info = identify_table(path)
    if info.table != "k2pandc" or "tic_id" not in info.columns:
        return pd.DataFrame(columns=list(COLUMNS), dtype=object)
    rows = read_rows(info, k2.COLUMNS)
    known = sorted(
        (target_name("TESS", tic.removeprefix("TIC")), int(epic))
        for tic, epic in zip(rows["tic_id"], k2.resolve_epics(rows), strict=True)
        if epic and _TIC.fullmatch(tic)
    )
    source = f"tic_id of the Archive's K2 table, {(info.snapshot_date or 'no date')[:10]}"
    stars = [(tic, target_name("K2", epic), source) for tic, epic in known]
    return pd.DataFrame(stars, columns=list(COLUMNS)).drop_duplicates("target_id", ignore_index=True)


def extend_crosswalk(crosswalk: pd.DataFrame, identities: pd.DataFrame) -> pd.DataFrame:
    """The crosswalk with new identities after its own rows, which never change; a known target keeps its star."""
    stars = dict(zip(crosswalk["target_id"], crosswalk["star_id"], strict=True))
    new = identities.loc[~identities["target_id"].isin(list(stars))].copy()
    new["star_id"] = [stars.get(star, star) for star in new["star_id"]]
    taken = set(crosswalk["star_id"])
    new = new.loc[~new["target_id"].isin(list(taken)) & (new["target_id"] != new["star_id"])]
    return pd.concat([crosswalk, new], ignore_index=True)


def extend_shipped(paths: list[str]) -> str:
    """Append to the shipped crosswalk what the catalogs at `paths` tell; returns what was done."""
    signals = pd.concat([read_catalog(path).signals for path in paths], ignore_index=True)
    before = pd.read_csv(CROSSWALK, dtype=str, keep_default_na=False)
    after = before
    for identities in (*map(stated_identities, paths), find_identities(one_place_each(signals))):
        after = extend_crosswalk(after, identities)
    growth = after["version"].isna()
    after.loc[growth, "version"] = str(before["version"].astype(int).max() + 1)
    write_csv(CROSSWALK, after)
    read_crosswalk.cache_clear()
    return f"{CROSSWALK}: {len(read_crosswalk())} targets, {len(after) - len(before)} of them new"


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: python -m lightmill.catalogs.identities CATALOG [CATALOG ...]")
    print(extend_shipped(sys.argv[1:]))
