"""Making datasets: from the views of all shards of a mission, or from views that others made."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightmill.catalogs.crosswalk import star_ids
from lightmill.catalogs.shards import require_resolved
from lightmill.catalogs.splits import HELD_OUT, assert_both_classes, hashed_splits, split_table
from lightmill.config.catalogs import LabelPolicy, LabelSettings, SplitSettings
from lightmill.config.views import ImportedViews
from lightmill.errors import LabelError, ViewError
from lightmill.files import write_csv
from lightmill.logs import logger
from lightmill.training.dataset import FLAG_COLUMNS, META_COLUMNS, NUMBER_COLUMNS, write_dataset
from lightmill.views.checksums import read_manifest, require_undamaged
from lightmill.views.importing import import_views

_LABEL_COLUMNS = ["signal_id", "star_id", "group_id", "label", "label_source", "disposition", "split"]
_NO_VIEW_ADVICE = "The manifest.json of each shard's views says why, signal by signal"
_WAITING_ADVICE = (
    "Signals wait for a search where the catalog gives no epoch or no duration, and the search found none: leave "
    "search.complete on, download the table again with all columns, or add a table that has them"
)


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
    lacks planets or others; ViewError if shards are damaged (a file is not as the manifest has it), were made with
    different settings or do not fit their labels.
    """
    require_resolved(resolved, settings.max_resolved_difference)
    shards = sorted(Path(shard) for shard in views)
    manifests = {shard: read_manifest(shard, "views") for shard in shards}
    for shard, manifest in manifests.items():
        require_undamaged(shard, manifest, "views")
    made = _same(manifests, "settings")
    meta = pd.concat([pd.read_parquet(shard / "meta.parquet") for shard in shards], ignore_index=True)
    known = pd.concat([pd.read_parquet(path) for path in sorted(labels)], ignore_index=True)
    unlabelled = sorted(set(meta["signal_id"]) - set(known["signal_id"]))
    if unlabelled:
        raise ViewError(
            f"{folder}: signal {unlabelled[0]!r} has a view but stands in no label list; run the views again"
        )
    outcomes = _outcomes_by_label(manifests, known)
    logger.info("signals by label and outcome of their views:\n%s", outcomes.to_string())
    meta = meta.merge(known[_LABEL_COLUMNS], on="signal_id", how="left", validate="one_to_one")
    what = f"dataset {Path(folder).name}"
    _log_splits(meta, what)
    _require_views_of_both_classes(meta, known, outcomes, what)
    assert_both_classes(meta, what)
    arrays = _same(manifests, "arrays")
    write_dataset(
        folder,
        {name: _shard_arrays(shards, name) for name in arrays},
        meta.assign(**{column: False for column in FLAG_COLUMNS if column not in meta}).loc[:, list(META_COLUMNS)],
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


def _outcomes_by_label(manifests: dict[Path, dict[str, Any]], known: pd.DataFrame) -> pd.DataFrame:
    """How many signals of each label have a view, and why others have none: it must not depend on the label."""
    outcomes = {
        signal: entry["outcome"] for manifest in manifests.values() for signal, entry in manifest["outcomes"].items()
    }
    outcome = known["signal_id"].map(outcomes).fillna("no_view_made")
    return pd.crosstab(known["label"], outcome)


def _require_views_of_both_classes(meta: pd.DataFrame, known: pd.DataFrame, outcomes: pd.DataFrame, what: str) -> None:
    """Raise LabelError if a split has labelled signals of a class, and not one of them has a view."""
    for split in HELD_OUT:
        for label in ("planet", "not_planet"):
            labelled = int(((known["split"] == split) & (known["label"] == label)).sum())
            if labelled and not ((meta["split"] == split) & (meta["label"] == label)).any():
                counts = "; ".join(
                    f"{name}: " + ", ".join(f"{count} {outcome}" for outcome, count in row.items() if count)
                    for name, row in outcomes.iterrows()
                )
                waiting = outcomes.loc[label].get("waiting_for_search", 0)
                raise LabelError(
                    f"{what}: none of the {labelled} signals labelled {label} in the split {split!r} has a view. "
                    f"Outcomes of views by label: {counts}. {_WAITING_ADVICE if waiting else _NO_VIEW_ADVICE}"
                )


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
        ephemeris="imported",
        **{column: np.nan for column in NUMBER_COLUMNS if column not in meta},
        **dict.fromkeys(FLAG_COLUMNS, False),
    )
    write_csv(rejected, imported.rejected)
    logger.info(
        "%s: %d rows in, %d out, %d rejected",
        name,
        len(meta) + len(imported.rejected),
        len(meta),
        len(imported.rejected),
    )
    _log_splits(meta, f"imported_views.{name}")
    assert_both_classes(meta, f"imported_views.{name}")
    write_dataset(
        folder,
        imported.views,
        meta,
        {
            "kind": "imported",
            "scale": settings.scale,
            "settings": settings.model_dump(mode="json", by_alias=True, exclude={"files", "labels"}),
            "labels": settings.labels.model_dump(),
        },
    )


def label_by_policy(dispositions: pd.Series, policy: LabelPolicy) -> np.ndarray:
    """`planet`, `not_planet` or `unknown` for each disposition."""
    named = dict.fromkeys(policy.planet, "planet") | dict.fromkeys(policy.not_planet, "not_planet")
    return dispositions.map(named).fillna("unknown").to_numpy(object)


def _log_splits(meta: pd.DataFrame, what: str) -> None:
    logger.info("%s by mission, label and split:\n%s", what, split_table(meta))
