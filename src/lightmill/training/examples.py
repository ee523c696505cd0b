"""What a network learns from: the rows of a dataset that are in the task, by split, and what must hold of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import pandas as pd

from lightmill.catalogs.policy import is_pseudo_label
from lightmill.catalogs.splits import assert_no_leak
from lightmill.config.training import TaskLabels
from lightmill.errors import LabelError, ModelError
from lightmill.training.dataset import Dataset, task_labels

TRAINING_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Examples:
    """Rows that are in the task, in the dataset's order: of one split, or of one side of a fold.

    Attributes
    ----------
    views
        By name, (n, bins) float32, in memory.
    labels
        (n,) float32, 1 or 0.
    meta
        Their n rows of the dataset's meta.
    weights
        (n,) float32, what each counts in the loss; None where all count the same.
    origins
        (n,) int8, 1 for examples of the set that is judged and 0 for those of another that helps; None where there is
        no other.
    """

    views: dict[str, np.ndarray]
    labels: np.ndarray
    meta: pd.DataFrame
    weights: np.ndarray | None = None
    origins: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


def select_examples(dataset: Dataset, labels: TaskLabels | None, view_names: Sequence[str]) -> dict[str, Examples]:
    """The examples of a task by split (train, validation, test).

    Rows without a label in the task and rows of split `none` are in no split. Raises LabelError if a group is in two
    splits, if a split lacks one of the classes, or if a label that a model gave stands outside training; ModelError
    for a view that the dataset does not have.
    """
    missing = [name for name in view_names if name not in dataset.views]
    if missing:
        raise ModelError(f"dataset {dataset.name}: no view {missing[0]!r}; it has {', '.join(sorted(dataset.views))}")
    assert_no_leak(dataset.meta)
    target = task_labels(dataset.meta, labels)
    split = dataset.meta["split"].to_numpy(str)
    by_split = {}
    for name in TRAINING_SPLITS:
        rows = np.flatnonzero((split == name) & ~np.isnan(target))
        by_split[name] = Examples(
            views={view: np.ascontiguousarray(dataset.views[view][rows]) for view in view_names},
            labels=target[rows],
            meta=dataset.meta.iloc[rows].reset_index(drop=True),
        )
    _require_both_classes(by_split, dataset.name)
    _require_real_labels(by_split, dataset.name)
    return by_split


def some(examples: Examples, rows: np.ndarray) -> Examples:
    """Those of the examples where `rows` (n,) is true."""
    return Examples(
        views={name: view[rows] for name, view in examples.views.items()},
        labels=examples.labels[rows],
        meta=examples.meta.loc[rows].reset_index(drop=True),
        weights=None if examples.weights is None else examples.weights[rows],
        origins=None if examples.origins is None else examples.origins[rows],
    )


def joined(first: Examples, second: Examples) -> Examples:
    """The examples of both, none of them weighted, in the order of their signals."""
    meta = pd.concat([first.meta, second.meta], ignore_index=True)
    order = np.argsort(meta["signal_id"].to_numpy(str), kind="stable")
    return Examples(
        views={name: np.concatenate([first.views[name], second.views[name]])[order] for name in first.views},
        labels=np.concatenate([first.labels, second.labels])[order],
        meta=meta.iloc[order].reset_index(drop=True),
    )


def with_others(judged: Examples, others: Examples) -> Examples:
    """The examples of the set that is judged, and then those of another that helps, none of them weighted."""
    return Examples(
        views={name: np.concatenate([view, others.views[name]]) for name, view in judged.views.items()},
        labels=np.concatenate([judged.labels, others.labels]),
        meta=pd.concat([judged.meta, others.meta], ignore_index=True),
        origins=np.repeat(np.array([1, 0], np.int8), [len(judged), len(others)]),
    )


def _require_both_classes(by_split: dict[str, Examples], name: str) -> None:
    counts = class_counts(by_split)
    for split, count in counts.items():
        for side, rows in count.items():
            if rows == 0:
                raise LabelError(
                    f"dataset {name}: no {side} example in the {split} split; with few labelled signals set "
                    f"splits.method to stratified, or add signals. Examples by split:\n{counts_table(counts)}"
                )


def _require_real_labels(by_split: dict[str, Examples], name: str) -> None:
    for split in ("validation", "test"):
        meta = by_split[split].meta
        pseudo = meta.loc[is_pseudo_label(meta["label_source"]), "signal_id"]
        if len(pseudo):
            raise LabelError(
                f"dataset {name}: {len(pseudo)} labels in the {split} split were given by a model (the first is that "
                f"of {pseudo.iloc[0]}); such labels may only train"
            )


def class_counts(by_split: dict[str, Examples]) -> dict[str, dict[str, int]]:
    """Number of examples by split and class: `{"train": {"positive": 10, "negative": 20}, ...}`."""
    return {
        split: {"positive": int(np.sum(one.labels == 1)), "negative": int(np.sum(one.labels == 0))}
        for split, one in by_split.items()
    }


def counts_table(counts: dict[str, dict[str, int]]) -> str:
    """The counts as lines of text for a log."""
    return pd.DataFrame(counts).T.rename_axis("split").to_string()


def examples_digest(examples: Sequence[Examples]) -> str:
    """Hex digest of what is learned from: signals, labels and views, in order."""
    summary = blake2b(digest_size=16)
    for one in examples:
        summary.update("\0".join(one.meta["signal_id"]).encode())
        summary.update(one.labels.tobytes())
        for name in sorted(one.views):
            summary.update(f"\0{name}\0{one.views[name].shape}".encode())
            summary.update(one.views[name].tobytes())
    return summary.hexdigest()
