"""What nobody needs any more in a store: finding it, and removing it. Links are left alone, and locks stay."""

import os
import platform
import re
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lightmill.errors import LightCurveError
from lightmill.lightcurves.fetching.locks import is_held, lock_unless_held
from lightmill.lightcurves.fetching.staging import on_disk
from lightmill.lightcurves.outcomes import answer_path
from lightmill.lightcurves.store import store_path
from lightmill.lightcurves.upkeep.contents import Entry, list_store
from lightmill.lightcurves.upkeep.manifests import manifests_of, read_manifest, targets_listed
from lightmill.targets import MISSIONS

# A write takes seconds: what has not grown for so long is nobody's, whichever machine its writer was on.
ABANDONED_S = 86_400.0
REASONS = {
    "staged": "left over from fetching a target that was not finished",
    "temporary": "written by a process that is gone",
    "answered": "an answer from before its target was stored",
    "fits": "a FITS file that was kept",
    "unused": "a light curve that no run has in use",
}


@dataclass(frozen=True, slots=True)
class Garbage:
    """Files that can go together."""

    reason: str
    """A key of `REASONS`."""
    entries: tuple[Entry, ...]
    target_id: str = ""
    in_use: bool = False
    """Whether a run works on the target (or on one with the same lock) just now: then it is left alone."""

    @property
    def size_bytes(self) -> int:
        """What it takes."""
        return sum(entry.size_bytes for entry in self.entries)

    @property
    def place(self) -> Path:
        """The file, or the folder of several."""
        return self.entries[0].path if len(self.entries) == 1 else self.entries[0].path.parent


def find_garbage(store: str | Path, fits: bool = False, results: Iterable[str | Path] = ()) -> list[Garbage]:
    """What can go from a store; nothing is changed.

    Parameters
    ----------
    store : folder of the light-curve store
    fits : the kept FITS files too
    results : folders of results (`results`): the light curves that no run in any of them has in use, too

    A light curve is in use if a manifest says that its target is `ok`, or if the target is on the list of a shard that
    has no manifest: its job is under way, or will be.

    Raises StoreError if the store cannot be read, LightCurveError if `results` has no manifest at all or one that
    cannot be read: then nobody knows what is in use.
    """
    needed = _needed(results)
    entries = list_store(store)
    written = {entry.target_id: entry.modified_s for entry in entries if entry.kind == "light_curve"}
    staged: defaultdict[tuple[str, Path], list[Entry]] = defaultdict(list)
    found: list[Garbage] = []
    for entry in entries:
        if entry.kind == "staged":
            staged[entry.target_id, entry.path.parent].append(entry)
        elif entry.kind == "temporary" and _abandoned(entry):
            found.append(Garbage("temporary", (entry,)))
        elif entry.kind == "answer" and written.get(entry.target_id, -1.0) > entry.modified_s:
            found.append(Garbage("answered", (entry,), entry.target_id))
        elif entry.kind == "kept" and fits:
            found.append(Garbage("fits", (entry,), entry.target_id))
        elif entry.kind == "light_curve" and needed is not None and entry.target_id not in needed:
            found.append(Garbage("unused", (entry,), entry.target_id))
    found += [Garbage("staged", tuple(files), target_id) for (target_id, _), files in staged.items()]
    order = list(REASONS)
    return sorted(_with_use(store, found), key=lambda garbage: (order.index(garbage.reason), garbage.place))


def remove_garbage(store: str | Path, found: Iterable[Garbage]) -> tuple[list[Garbage], list[Garbage]]:
    """Remove what was found, each under the lock of its target; what was removed, and what is in use and stays.

    Raises StoreError if the store cannot be written.
    """
    removed: list[Garbage] = []
    left: list[Garbage] = []
    for garbage in found:
        if not garbage.target_id:
            _unlink(store, garbage)
            removed.append(garbage)
            continue
        with lock_unless_held(store, garbage.target_id) as held:
            gone = held and _still(store, garbage)
            if gone:
                _unlink(store, garbage)
            (removed if gone else left).append(garbage)
    return removed, left


def _unlink(store: str | Path, garbage: Garbage) -> None:
    for entry in garbage.entries:
        with on_disk(entry.path):
            entry.path.unlink(missing_ok=True)
    folder = garbage.entries[0].path.parent
    if garbage.reason == "staged" and Path(store) / "staging" in folder.parents:
        with suppress(OSError):
            # Only if nothing else is in it.
            folder.rmdir()


def _still(store: str | Path, garbage: Garbage) -> bool:
    """Whether it is still what it was when it was found: of staged files the lock alone tells."""
    if garbage.reason == "staged":
        return True
    try:
        if garbage.reason == "answered":
            stored = store_path(store, garbage.target_id).lstat().st_mtime
            return stored > answer_path(store, garbage.target_id).lstat().st_mtime
        entry = garbage.entries[0]
        return entry.path.lstat().st_mtime == entry.modified_s
    except FileNotFoundError:
        return False


def _with_use(store: str | Path, found: list[Garbage]) -> Iterator[Garbage]:
    held: dict[str, bool] = {"": False}
    for garbage in found:
        if garbage.target_id not in held:
            held[garbage.target_id] = is_held(store, garbage.target_id)
        yield Garbage(garbage.reason, garbage.entries, garbage.target_id, held[garbage.target_id])


def _abandoned(entry: Entry) -> bool:
    """Whether the writer of a temporary file is gone: on this machine its process says so, on others time."""
    if time.time() - entry.modified_s > ABANDONED_S:
        return True
    # As lightmill.files.atomic_path names them: .<file>.<machine>.<process>.<random>.part
    match = re.fullmatch(rf"\..+\.{re.escape(platform.node())}\.([0-9]+)\.[^.]+\.part", entry.path.name, re.ASCII)
    if match is None:
        return False
    try:
        os.kill(int(match[1]), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False


def _needed(results: Iterable[str | Path]) -> set[str] | None:
    """The targets whose light curves runs have in use; None if nobody asks."""
    folders = [Path(folder) for folder in results]
    if not folders:
        return None
    needed: set[str] = set()
    for folder in folders:
        runs = sorted(path for path in folder.glob("*") if path.is_dir())
        manifests = {manifest for run in runs for manifest in manifests_of(run)}
        if not manifests:
            raise LightCurveError(
                f"{folder}: no manifest of light curves in any run below it; expected the folder `results` of a "
                "checkout, with <run>/lightcurves/<mission>/<shard>.parquet"
            )
        for manifest in sorted(manifests):
            rows = read_manifest(manifest)
            needed.update(rows.loc[rows["outcome"] == "ok", "target_id"])
        for run in runs:
            for mission in MISSIONS:
                for listed in sorted((run / "shards" / "targets" / mission).glob("*.parquet")):
                    if run / "lightcurves" / mission / listed.name not in manifests:
                        needed.update(targets_listed(listed))
    return needed
