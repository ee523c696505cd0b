"""What lies in a store, file by file, by its place. Links are named and never followed."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from lightmill.errors import LightmillError, StoreError
from lightmill.lightcurves.archives import names
from lightmill.lightcurves.fetching.staging import PART
from lightmill.lightcurves.store import store_path
from lightmill.targets import MISSIONS, Mission, mission_of, target_name

Kind = Literal["light_curve", "answer", "kept", "sector_list", "staged", "temporary", "lock", "link", "foreign"]

_TREES: dict[str, Mission] = {tree: mission for mission, trees in names.TREES.items() for tree in trees.values()}
_FOLDERS = (*MISSIONS, "staging", "fits", "sectors", "locks")
_NUMBER = re.compile(r"(?<![0-9])(?:[0-9]{16}|[0-9]{9})(?![0-9])", re.ASCII)
_SECTOR_LIST = re.compile(r"s[0-9]{4}\.parquet", re.ASCII)
_LOCK = re.compile(r"[0-9a-f]{2}\.lock", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a store."""

    path: Path
    kind: Kind
    """`light_curve` and `answer` (what is remembered instead of one); `kept` FITS; a `sector_list`
    of TESS; `staged` on its way; `temporary`, of a write that was not finished; `lock`; `link`, whatever it leads to;
    `foreign`, not the store's."""
    size_bytes: int
    modified_s: float
    """When it was last written, in seconds since 1970."""
    target_id: str = ""
    """Whose it is; empty if its place does not say."""

    @property
    def mission(self) -> Mission | None:
        """The mission of its target."""
        return mission_of(self.target_id) if self.target_id else None


def list_store(store: str | Path) -> list[Entry]:
    """Every file of a store, sorted by path; folders that are not the store's are not looked into.

    Raises StoreError if there is no such folder, or if one of its folders cannot be read.
    """
    root = Path(store)
    if not root.is_dir():
        what = "is no folder" if root.exists() else "there is no such folder (a run that fetches light curves makes it)"
        raise StoreError(f"{root}: {what}; name the folder of a light-curve store")
    return sorted(_walk(root, root), key=lambda entry: entry.path)


def _walk(root: Path, folder: Path) -> Iterator[Entry]:
    try:
        found = list(os.scandir(folder))
    except FileNotFoundError:
        # Somebody else cleared it up meanwhile.
        return
    except OSError as error:
        raise StoreError(f"{folder}: cannot be read: {error.strerror or error}") from None
    for item in found:
        path = Path(item.path)
        if item.is_dir(follow_symlinks=False) and (folder != root or item.name in _FOLDERS):
            yield from _walk(root, path)
            continue
        try:
            facts = item.stat(follow_symlinks=False)
        except FileNotFoundError:
            continue
        kind, target_id = _place(root, path)
        if not item.is_file(follow_symlinks=False):
            kind, target_id = "link" if item.is_symlink() else "foreign", ""
        yield Entry(path, kind, facts.st_size, facts.st_mtime, target_id)


def _place(root: Path, path: Path) -> tuple[Kind, str]:
    """What a file's place makes it, and whose."""
    parts = path.relative_to(root).parts
    target_id = ""
    match parts:
        case (mission, _, name) | ("sectors" as mission, name) if name.startswith(".") and name.endswith(PART):
            return ("temporary" if mission in (*MISSIONS, "sectors") else "foreign"), ""
        case ("sectors", name) if _SECTOR_LIST.fullmatch(name):
            return "sector_list", ""
        case (mission, _, _) if mission in MISSIONS:
            target_id = _target(mission, path.stem)
            if target_id and path == store_path(root, target_id):
                return "light_curve", target_id
            if target_id and path == store_path(root, target_id).with_suffix(".json"):
                return "answer", target_id
        case ("staging", mission, number, _) if mission in MISSIONS:
            target_id = _target(mission, number)
            if target_id and store_path(root, target_id).stem == number:
                return "staged", target_id
        case ("fits", *inner):
            target_id = _target_of_product("/".join(inner))
            if target_id and path.name.endswith(".fits"):
                return "kept", target_id
            if target_id and path.name.endswith((PART, f"{PART}.json")):
                return "staged", target_id
        case ("locks", name) if _LOCK.fullmatch(name):
            return "lock", ""
    return "foreign", ""


def _target(mission: Mission, digits: str) -> str:
    """The target of a padded number; empty if it is none."""
    try:
        return target_name(mission, int(digits)) if _NUMBER.fullmatch(digits) else ""
    except LightmillError:
        return ""


def _target_of_product(name: str) -> str:
    """The target of a file of an archive, by its path there; empty if the path does not say."""
    number = _NUMBER.search(name.rpartition("/")[2])
    for tree, mission in _TREES.items():
        if number and name.startswith(f"{tree}/"):
            return _target(mission, number[0])
    return ""
