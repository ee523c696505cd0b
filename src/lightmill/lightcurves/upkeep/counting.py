"""What is in the store, in numbers, by mission."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from lightmill.errors import LightCurveError
from lightmill.lightcurves.upkeep.answers import answer_of
from lightmill.lightcurves.upkeep.contents import Entry, list_store
from lightmill.logs import progress
from lightmill.targets import MISSIONS

DAMAGED = "damaged"


@dataclass(slots=True)
class MissionStats:
    """One mission's share of a store."""

    targets: int = 0
    """Light curves that say what they are; their columns are not read."""
    segments: int = 0
    cadences: int = 0
    light_curve_bytes: int = 0
    damaged: int = 0
    """Light curves that do not say what they are; not among the targets."""
    files_by_author: Counter[str] = field(default_factory=Counter)
    """Files that light curves are made of, by pipeline."""
    kept_fits: int = 0
    kept_fits_bytes: int = 0
    staged_files: int = 0
    """Whole files and parts of files whose target was not finished."""
    staged_bytes: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """Remembered answers by outcome."""


@dataclass(slots=True)
class StoreStats:
    """A store in numbers."""

    store: str
    missions: dict[str, MissionStats]
    """Of every mission of which there is anything."""
    sector_lists: int = 0
    """The archive's lists of TESS's two-minute light curves."""
    temporary_files: int = 0
    foreign_files: int = 0
    """What is not the store's, links included."""
    total_bytes: int = 0
    """Of all that is the store's."""


def store_stats(store: str | Path) -> StoreStats:
    """Count what is in a store; StoreError if it cannot be read."""
    found: dict[str, MissionStats] = {mission: MissionStats() for mission in MISSIONS}
    result = StoreStats(str(store), {})
    for entry in progress(list_store(store), "files of the store"):
        if entry.kind in ("foreign", "link"):
            result.foreign_files += 1
            continue
        result.total_bytes += entry.size_bytes
        result.sector_lists += entry.kind == "sector_list"
        result.temporary_files += entry.kind == "temporary"
        mission = entry.mission
        if mission is not None:
            _count(found[mission], entry)
    result.missions = {mission: stats for mission, stats in found.items() if stats != MissionStats()}
    return result


def _count(stats: MissionStats, entry: Entry) -> None:
    if entry.kind == "light_curve":
        stats.light_curve_bytes += entry.size_bytes
        _count_light_curve(stats, entry)
    elif entry.kind == "answer":
        try:
            stats.answers[answer_of(entry.path, entry.target_id)] += 1
        except (LightCurveError, OSError):
            stats.answers[DAMAGED] += 1
    elif entry.kind == "kept":
        stats.kept_fits += 1
        stats.kept_fits_bytes += entry.size_bytes
    elif entry.kind == "staged":
        stats.staged_files += 1
        stats.staged_bytes += entry.size_bytes


def _count_light_curve(stats: MissionStats, entry: Entry) -> None:
    try:
        description = json.loads(pq.read_metadata(entry.path).metadata[b"lightmill"])
        authors = Counter(str(segment["author"]) for segment in description["segments"])
        cadences = int(description["cadences"])
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException):
        stats.damaged += 1
        return
    stats.targets += 1
    stats.segments += sum(authors.values())
    stats.cadences += cadences
    stats.files_by_author += authors
