"""Folders of arrays whose manifest holds the SHA-256 of every file: read only as they were written."""

from json import JSONDecodeError
from pathlib import Path
from typing import Any

from lightmill.errors import ViewError
from lightmill.files import read_json, sha256_file


def read_manifest(folder: Path, what: str) -> dict[str, Any]:
    """The `manifest.json` of a folder of arrays; ViewError if it is not whole. `what` names the kind of folder."""
    try:
        manifest = read_json(folder / "manifest.json")
    except (JSONDecodeError, UnicodeDecodeError):
        raise damaged(folder, "manifest.json", what) from None
    if not isinstance(manifest, dict):
        raise damaged(folder, "manifest.json", what)
    return manifest


def require_undamaged(folder: Path, manifest: dict[str, Any], what: str) -> None:
    """Raise ViewError, naming the first file that differs, unless all files are there as the manifest has them.

    Checked are `meta.parquet` and the file of each of the manifest's `arrays`; a file without an entry in the
    manifest's `sha256` counts as damaged.
    """
    if not isinstance(manifest.get("arrays"), dict) or not isinstance(manifest.get("sha256"), dict):
        raise damaged(folder, "manifest.json", what)
    for name in [*(f"{view}.npy" for view in sorted(manifest["arrays"])), "meta.parquet"]:
        path = folder / name
        if not path.is_file() or sha256_file(path) != manifest["sha256"].get(name):
            raise damaged(folder, name, what)


def damaged(folder: Path, name: str, what: str) -> ViewError:
    """The error for a file that is not as it was written."""
    return ViewError(f"{what} {folder} is damaged ({name}): delete the folder and run again")
