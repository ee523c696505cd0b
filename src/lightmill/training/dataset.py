"""The dataset: views of many signals as memory-mapped arrays, with one row of `meta` for each.

A dataset is a folder: `<array>.npy` for each array of views, `meta.parquet`, and `manifest.json`, which is written last
and holds the content hash (`version`) of everything else. Rows are sorted by `signal_id`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pandas as pd
from numpy.lib.format import open_memmap

from lightmill.catalogs.splits import assert_no_leak
from lightmill.config.training import TaskLabels
from lightmill.config.views import MoreView
from lightmill.errors import ViewError
from lightmill.files import atomic_path, digest, sha256_file, write_json, write_parquet
from lightmill.views.checksums import damaged, read_manifest, require_undamaged
from lightmill.views.layout import MEASURES, STAR_COLUMNS, presence_column

SCHEMA = 3
TEXT_COLUMNS = (
    "signal_id",
    "target_id",
    "star_id",
    "group_id",
    "mission",
    "label",
    "label_source",
    "disposition",
    "split",
    "ephemeris",
)
NUMBER_COLUMNS = ("period_d", "epoch_bjd", "duration_h", *MEASURES, *STAR_COLUMNS)
FLAG_COLUMNS = tuple(map(presence_column, get_args(MoreView)))
META_COLUMNS = TEXT_COLUMNS + NUMBER_COLUMNS + FLAG_COLUMNS
LABELS = ("planet", "not_planet", "unknown")
SPLITS = ("train", "validation", "test", "none")


@dataclass(frozen=True)
class Dataset:
    """Views and what is known of their signals.

    Attributes
    ----------
    name
        Name of the dataset's folder: a mission, or a key of `imported_views`.
    views
        By name, a read-only memory-mapped array (n, ...): the flux of each view (`global`, `local` (n, bins) float32,
        and others where they were made), and its scatter and counts (`global_scatter`, `global_count`), as
        `lightmill.views.layout.array_layout` has them.
    meta
        n rows sorted by `signal_id`, with the columns META_COLUMNS: text; float64 numbers that are NaN where unknown
        (the ephemeris, what was measured on the views and what the header says of the star); and flags, whether a
        signal has one of the further views, all false where they were not made.
    manifest
        `schema`, `version` (content hash), `rows`, `arrays` (name → `shape` of one row, `dtype`), `description` (how
        the views were made,
        `scale` among it), `counts` (split → label → rows), `sha256` of the arrays and of `meta.parquet`.
    """

    name: str
    views: dict[str, np.ndarray]
    meta: pd.DataFrame
    manifest: dict[str, Any]

    @property
    def version(self) -> str:
        """The content hash: equal if and only if arrays, meta and description are."""
        return str(self.manifest["version"])


def read_dataset(folder: str | Path) -> Dataset:
    """Open the dataset in `folder`, every file compared with the manifest; arrays stay on disk, memory-mapped.

    Raises ViewError, naming the file, if the manifest is missing (an unfinished dataset) or of another schema, or if
    a file is missing or not as the manifest has it (a damaged dataset).
    """
    folder = Path(folder)
    manifest_path = folder / "manifest.json"
    if not manifest_path.is_file():
        raise ViewError(f"{manifest_path}: missing, so {folder} is no finished dataset; make it again")
    manifest = read_manifest(folder, "dataset")
    if manifest.get("schema") != SCHEMA:
        raise ViewError(f"{manifest_path}: schema {manifest.get('schema')!r}, expected {SCHEMA}; make it again")
    require_undamaged(folder, manifest, "dataset")
    meta = pd.read_parquet(folder / "meta.parquet")
    if len(meta) != manifest.get("rows") or tuple(meta.columns) != META_COLUMNS:
        raise damaged(folder, "manifest.json", "dataset")
    views = {}
    for name, form in manifest["arrays"].items():
        array = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        if array.shape != (len(meta), *form["shape"]) or array.dtype != form["dtype"]:
            raise damaged(folder, "manifest.json", "dataset")
        views[name] = array
    return Dataset(folder.name, views, meta, manifest)


def write_dataset(
    folder: str | Path,
    views: Mapping[str, np.ndarray | Iterable[np.ndarray]],
    meta: pd.DataFrame,
    description: Mapping[str, Any],
) -> None:
    """Write a dataset, its rows sorted by `signal_id`, the manifest last.

    Parameters
    ----------
    views
        By name, either an array (n, ...) or an iterable of arrays (rows, ...) that together have one row for each
        row of `meta`, in the same order: only one of them is in memory at a time.
    meta
        n rows in any order, with the columns META_COLUMNS and no others.
    description
        Plain JSON that says how the views were made: `scale`, `settings` or `source`, `labels`.

    Raises ViewError for a repeated signal, a missing column, a value that is not in LABELS or SPLITS, and arrays that
    do not fit `meta` or hold values that are not finite; LabelError for a group that is in two splits, or a star in two
    groups.
    """
    folder = Path(folder)
    (folder / "manifest.json").unlink(missing_ok=True)
    meta = _checked(meta, folder)
    order = np.argsort(meta["signal_id"].to_numpy(str), kind="stable")
    place = np.empty(len(meta), np.intp)
    place[order] = np.arange(len(meta))
    meta = meta.iloc[order].reset_index(drop=True)
    forms = {}
    for name in sorted(views):
        parts = views[name]
        parts = [parts] if isinstance(parts, np.ndarray) else parts
        shape, kind = _write_array(folder / f"{name}.npy", name, parts, place)
        forms[name] = {"shape": list(shape), "dtype": str(kind)}
    write_parquet(folder / "meta.parquet", meta)
    content: dict[str, Any] = {
        "schema": SCHEMA,
        "rows": len(meta),
        "arrays": forms,
        "description": dict(description),
        "sha256": {f"{name}.npy": sha256_file(folder / f"{name}.npy") for name in forms},
        "meta": _meta_digest(meta),
    }
    version = digest(content)
    # Not in the version: the bytes of a parquet file follow its writer's version too, not its content alone.
    sha256 = {**content["sha256"], "meta.parquet": sha256_file(folder / "meta.parquet")}
    write_json(
        folder / "manifest.json", {**content, "sha256": sha256, "counts": split_counts(meta), "version": version}
    )


def _checked(meta: pd.DataFrame, folder: Path) -> pd.DataFrame:
    missing = sorted(set(META_COLUMNS) - set(meta.columns))
    extra = sorted(set(meta.columns) - set(META_COLUMNS))
    if missing or extra:
        raise ViewError(f"{folder}: meta lacks {missing} and has unknown {extra}; expected {list(META_COLUMNS)}")
    repeated = meta["signal_id"][meta["signal_id"].duplicated()]
    if len(repeated):
        raise ViewError(f"{folder}: signal {repeated.iloc[0]!r} stands twice; every row needs an id of its own")
    for column, valid in (("label", LABELS), ("split", SPLITS)):
        wrong = sorted(set(meta[column]) - set(valid))
        if wrong:
            raise ViewError(f"{folder}: {column} {wrong[0]!r}; expected one of {', '.join(valid)}")
    assert_no_leak(meta)
    meta = meta.loc[:, list(META_COLUMNS)].copy()
    for column in TEXT_COLUMNS:
        meta[column] = meta[column].fillna("").astype(str).astype(object)
    for column in NUMBER_COLUMNS:
        meta[column] = meta[column].astype(np.float64)
    for column in FLAG_COLUMNS:
        meta[column] = meta[column].astype(bool)
    return meta


def _write_array(
    path: Path, name: str, parts: Iterable[np.ndarray], place: np.ndarray
) -> tuple[tuple[int, ...], np.dtype]:
    """Write the rows of `parts` to `path`, the k-th of them all at row `place[k]`; returns a row's shape and type."""
    done = 0
    with atomic_path(path) as temporary:
        out = None
        for part in parts:
            misfit = out is not None and (part.shape[1:] != out.shape[1:] or part.dtype != out.dtype)
            if part.ndim < 2 or misfit or done + len(part) > len(place):
                raise ViewError(f"{path}: {name} of {part.dtype} {part.shape} does not fit {len(place)} rows")
            if out is None:
                shape = (len(place), *part.shape[1:])
                out = open_memmap(temporary, mode="w+", dtype=part.dtype, shape=shape)
            if part.dtype.kind == "f":
                bad = np.flatnonzero(~np.isfinite(part).all(axis=tuple(range(1, part.ndim))))
                if len(bad):
                    raise ViewError(f"{path}: {name} view of row {done + bad[0]} holds values that are not finite")
            out[place[done : done + len(part)]] = part
            done += len(part)
        if out is None or done != len(place):
            raise ViewError(f"{path}: {done} {name} views, expected {len(place)}")
        out.flush()
        form = out.shape[1:], out.dtype
        del out
    return form


def _meta_digest(meta: pd.DataFrame) -> str:
    summary = blake2b(digest_size=16)
    for column in TEXT_COLUMNS:
        summary.update("\0".join(meta[column]).encode())
    for column in NUMBER_COLUMNS:
        # One NaN for all, whatever its sign or payload.
        values = meta[column].to_numpy(np.float64)
        summary.update(np.where(np.isnan(values), np.nan, values).tobytes())
    for column in FLAG_COLUMNS:
        summary.update(meta[column].to_numpy(bool).tobytes())
    return summary.hexdigest()


def split_counts(meta: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Rows by split and label: `{"train": {"planet": 3, ...}, ...}`, zeros included."""
    counts = meta.groupby(["split", "label"]).size()
    return {split: {label: int(counts.get((split, label), 0)) for label in LABELS} for split in SPLITS}


def task_labels(meta: pd.DataFrame, labels: TaskLabels | None) -> np.ndarray:
    """The task's label of every row, (n,) float32: 1, 0, or NaN where the row is not in the task.

    With `labels` by disposition; without, `planet` is 1, `not_planet` 0, and `unknown` not in the task.
    """
    if labels is None:
        positive, negative = meta["label"] == "planet", meta["label"] == "not_planet"
    else:
        positive, negative = meta["disposition"].isin(labels.positive), meta["disposition"].isin(labels.negative)
    return np.where(positive, 1.0, np.where(negative, 0.0, np.nan)).astype(np.float32)
