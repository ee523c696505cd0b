"""The list of what a shard has to download: its targets, and what catalogs and sector lists say of their files."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lightmill.errors import LightCurveError, LightmillError
from lightmill.targets import Mission, mission_of


@dataclass(frozen=True, slots=True)
class Wanted:
    """A target to download."""

    target_id: str
    segments: tuple[int, ...] | None = None
    """Quarters or campaigns in which a catalog says that it was observed, sorted; None if none says."""
    files: tuple[str, ...] | None = None
    """Names of the files that the archive's sector lists name of it, sorted; None if there are no such lists."""


def read_wanted(path: str | Path, mission: Mission) -> list[Wanted]:
    """Read a shard's list of targets, sorted by target_id.

    `path` is a parquet file with the column `target_id`, and where known `segments` and `files` (texts joined by
    commas; null, or for segments an empty text, where nothing is known). Raises LightCurveError, naming the file, if it
    holds something else than targets of the mission, or one of them twice.
    """
    table = pd.read_parquet(path)
    wanted = []
    for row in table.to_dict("records"):
        target_id = str(row["target_id"])
        try:
            found = mission_of(target_id)
            segments = _texts(row.get("segments"))
            numbers = tuple(sorted(int(number) for number in segments)) if segments else None
        except (LightmillError, ValueError) as error:
            raise LightCurveError(f"{path}: {error}; make the shard's lists again") from None
        if found != mission:
            raise LightCurveError(f"{path}: {target_id} is a target of {found}, expected {mission}")
        wanted.append(Wanted(target_id, numbers, _texts(row.get("files"))))
    repeated = [name for name, count in Counter(one.target_id for one in wanted).items() if count > 1]
    if repeated:
        raise LightCurveError(f"{path}: {repeated[0]} stands in the list more than once")
    return sorted(wanted, key=lambda one: one.target_id)


def _texts(cell: object) -> tuple[str, ...] | None:
    if not isinstance(cell, str):
        return None
    return tuple(sorted(part.strip() for part in cell.split(",") if part.strip()))
