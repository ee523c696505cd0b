"""Making datasets: from the views of all shards of a mission, or from views that others made."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightmill.catalogs.crosswalk import star_ids
from lightmill.catalogs.shards import require_resolved
from lightmill.catalogs.splits import assert_both_classes, hashed_splits, split_table
from lightmill.config.catalogs import LabelPolicy, LabelSettings, SplitSettings
from lightmill.config.views import ImportedViews
from lightmill.errors import ViewError
from lightmill.files import read_json, write_csv
from lightmill.logs import logger
from lightmill.training.dataset import META_COLUMNS, write_dataset
from lightmill.views.importing import import_views

_LABEL_COLUMNS = ["signal_id", "star_id", "group_id", "label", "label_source", "disposition", "split"]


def assemble_dataset(
    folder: str | Path,
    views: Sequence[str | Path],
    labels: Sequence[str | Path],
    resolved: str | Path,
    settings: LabelSettings,
) -> None:
    """Join the views of a mission's shards with their labels into one dataset.

    Every signal that has a view is in it, those of unknown label too: they are there to be scored. Views are copied
    shard by shard, never all of them in memory.

    Parameters
    ----------
    folder
        Where the dataset goes.
    views
        The shards' view folders (manifest.json, arrays, meta.parquet).
    labels
        The shards' label lists.
    resolved
        `shards/resolved/<mission>.json`: of how many rows of each disposition the star is known.
    settings
        Label policies, for the record, and the largest difference allowed between those shares.

    Raises LabelError if the shares differ too much, if a group or star is on two sides of a split, or if a split
    lacks planets or others; ViewError if shards were made with different settings or do not fit their labels.
    """
    require_resolved(resolved, settings.max_resolved_difference)
    shards = sorted(Path(shard) for shard in views)
    manifests = {shard: read_json(shard / "manifest.json") for shard in shards}
    made = _same(manifests, "settings")
    meta = pd.concat([pd.read_parquet(shard / "meta.parquet") for shard in shards], ignore_index=True)
    known = pd.concat([pd.read_parquet(path) for path in sorted(labels)], ignore_index=True)
    unlabelled = sorted(set(meta["signal_id"]) - set(known["signal_id"]))
    if unlabelled:
        raise ViewError(
            f"{folder}: signal {unlabelled[0]!r} has a view but stands in no label list; run the views again"
        )
    _log_outcomes(manifests, known)
    meta = meta.merge(known[_LABEL_COLUMNS], on="signal_id", how="left", validate="one_to_one")
    _require_fit_for_training(meta, f"dataset {Path(folder).name}")
    lengths = _same(manifests, "views")
    write_dataset(
        folder,
        {name: _shard_arrays(shards, name) for name in lengths},
        meta.loc[:, list(META_COLUMNS)],
        {"kind": "assembled", "scale": made["scale"], "settings": made, "labels": settings.model_dump()},
    )


def _same(manifests: dict[Path, dict[str, Any]], part: str) -> dict[str, Any]:
    """The `part` of the manifests, which must be the same in all shards; ViewError names what differs."""
    (first, manifest), *others = manifests.items()
    expected: dict[str, Any] = manifest[part]
    for shard, other in others:
        for key in sorted(set(expected) | set(other[part])):
            if expected.get(key) != other[part].get(key):
                raise ViewError(
                    f"{shard}: {part} {key} is {other[part].get(key)!r}, in {first} {expected.get(key)!r}; "
                    "one dataset has one kind of views: make the views again"
                )
    return expected


def _shard_arrays(shards: Sequence[Path], name: str) -> Iterator[np.ndarray]:
    for shard in shards:
        array = np.load(shard / f"{name}.npy", allow_pickle=False)
        if len(array):
            yield array


def _log_outcomes(manifests: dict[Path, dict[str, Any]], known: pd.DataFrame) -> None:
    """Say how many signals of each label have a view and why others have none: it must not depend on the label."""
    outcomes = {
        signal: entry["outcome"] for manifest in manifests.values() for signal, entry in manifest["outcomes"].items()
    }
    outcome = known["signal_id"].map(outcomes).fillna("no_view_made")
    table = pd.crosstab(known["label"], outcome)
    logger.info("signals by label and outcome of their views:\n%s", table.to_string())


def import_dataset(
    folder: str | Path,
    rejected: str | Path,
    name: str,
    files: Sequence[str | Path],
    settings: ImportedViews,
    splits: SplitSettings,
) -> None:
    """Make a dataset of views that others made, and a CSV of the rows left out (`rejected`).

    Each star is its own group, dealt to its split by the hashes of its names (`hashed_splits`): sets imported with
    one crosswalk agree on it, whatever `splits.method` says for signals of catalogs. Raises as `import_views` does,
    and LabelError if a split lacks planets or others.
    """
    imported = import_views(name, files, settings)
    meta = imported.signals
    stars = star_ids(meta["target_id"])
    split, _ = hashed_splits(stars.tolist(), stars.tolist(), splits)
    meta = meta.assign(
        mission=settings.mission,
        star_id=stars,
        group_id=stars,
        label=label_by_policy(meta["disposition"], settings.labels),
        label_source=name + ":" + meta["disposition"],
        split=[split[star] for star in stars],
        scale_global=np.nan,
        scale_local=np.nan,
    )
    write_csv(rejected, imported.rejected)
    logger.info(
        "%s: %d rows in, %d out, %d rejected",
        name,
        len(meta) + len(imported.rejected),
        len(meta),
        len(imported.rejected),
    )
    _require_fit_for_training(meta, f"imported_views.{name}")
    write_dataset(
        folder,
        imported.views,
        meta,
        {
            "kind": "imported",
            "scale": settings.scale,
            "settings": settings.model_dump(mode="json", exclude={"files", "labels"}),
            "labels": settings.labels.model_dump(),
        },
    )


def label_by_policy(dispositions: pd.Series, policy: LabelPolicy) -> np.ndarray:
    """`planet`, `not_planet` or `unknown` for each disposition."""
    named = dict.fromkeys(policy.planet, "planet") | dict.fromkeys(policy.not_planet, "not_planet")
    return dispositions.map(named).fillna("unknown").to_numpy(object)


def _require_fit_for_training(meta: pd.DataFrame, what: str) -> None:
    logger.info("%s by mission, label and split:\n%s", what, split_table(meta))
    assert_both_classes(meta, what)
