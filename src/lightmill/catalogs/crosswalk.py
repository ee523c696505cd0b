"""The crosswalk: which targets of different missions are one star.

`data/crosswalk.csv` (target_id, star_id, source, version) is part of the project and only ever grows: a star keeps its
id whatever catalogs a run loads. Lines of version 1 were there before any star was dealt to a split; each growth has
the next version. How it was made, and grows: `lightmill.catalogs.identities`.

Quick to import: the rule that labels signals watches the file through `crosswalk_digest`.
"""

import csv
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lightmill.errors import LabelError
from lightmill.targets import target_number

CROSSWALK = Path(__file__).resolve().parent / "data" / "crosswalk.csv"
COLUMNS = ("target_id", "star_id", "source")
FILE_COLUMNS = (*COLUMNS, "version")


@cache
def read_crosswalk(path: Path = CROSSWALK) -> Mapping[str, str]:
    """The star id of every target that goes by another id than its own.

    Raises LabelError, naming the line, if a target stands twice, is its own star, or goes by a star that itself goes
    by another; LightmillError if something is no target id.
    """
    rows = _lines(path)
    stars: dict[str, str] = {}
    for line, (target, star, _, _) in enumerate(rows, start=2):
        target_number(target), target_number(star)
        if target in stars or target == star:
            raise LabelError(f"{path}, line {line}: {target} stands there twice, or is its own star; remove the line")
        stars[target] = star
    for line, (_, star, _, _) in enumerate(rows, start=2):
        if star in stars:
            raise LabelError(f"{path}, line {line}: {star} goes by {stars[star]} itself; name that star")
    return stars


def _lines(path: Path) -> list[list[str]]:
    with open(path, encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    if tuple(head) != FILE_COLUMNS:
        raise LabelError(f"{path}: columns {', '.join(head)}; expected {', '.join(FILE_COLUMNS)}")
    return rows


def crosswalk_digest() -> str:
    """Hex digest of the shipped crosswalk."""
    return blake2b(CROSSWALK.read_bytes(), digest_size=16).hexdigest()


def star_ids(target_ids: ArrayLike, crosswalk: Mapping[str, str] | None = None) -> NDArray[np.object_]:
    """The star of each target (n,): its own id, unless the crosswalk (the shipped one by default) says otherwise."""
    stars = read_crosswalk() if crosswalk is None else crosswalk
    return np.array([stars.get(target, target) for target in np.asarray(target_ids, dtype=object)], dtype=object)


def other_names(crosswalk: Mapping[str, str] | None = None) -> dict[str, list[str]]:
    """The targets, sorted, that by each star's id were once stars of their own: each may have been dealt to a split.

    Of the shipped crosswalk those are the lines after version 1; of a `crosswalk` that is given, all of it.
    """
    if crosswalk is None:
        crosswalk = {target: star for target, star, _, version in _lines(CROSSWALK) if int(version) > 1}
    names: dict[str, list[str]] = {}
    for target, star in sorted(crosswalk.items()):
        names.setdefault(star, []).append(target)
    return names
