"""Folds: the training and validation splits cut by group into parts, each left out by one member of an ensemble.

Every row then has a probability from a network that has not seen its star, and all labelled rows but the test split
teach something.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lightmill.catalogs.policy import is_pseudo_label
from lightmill.catalogs.splits import unit_hash
from lightmill.errors import LabelError
from lightmill.training.examples import Examples, joined, some

# The part of groups that are never left out.
NEVER = -1


@dataclass(frozen=True)
class Fold:
    """One of several ways to cut the same examples: part `number`, from 0 on, of `of` is left out."""

    number: int
    of: int


def parts_of_groups(groups: np.ndarray, labels: np.ndarray, parts: int) -> np.ndarray:
    """The part, from 0 on, that each row's group is dealt to.

    Groups with a positive are dealt in turn, in the order of their hashes (blake2b), then those without, so that all
    parts have as many of each, give or take one, counted in groups.

    Parameters
    ----------
    groups : (n,) str
    labels : (n,) 1 or 0
    parts : how many, at least 2

    Returns
    -------
    (n,) intp

    Raises LabelError if a part lacks a class.
    """
    names, of_row = np.unique(np.asarray(groups, str), return_inverse=True)
    has_positive = np.zeros(len(names), bool)
    has_positive[of_row[labels == 1]] = True
    hashes = np.array([unit_hash(name) for name in names])
    order = np.lexsort((hashes, ~has_positive))
    dealt = np.empty(len(names), np.intp)
    dealt[order] = np.arange(len(names)) % parts
    found = dealt[of_row]
    for part in range(parts):
        for side, label in (("positive", 1), ("negative", 0)):
            if not np.any(labels[found == part] == label):
                raise LabelError(
                    f"no {side} example in part {part + 1} of {parts}: {len(np.unique(of_row[labels == label]))} "
                    f"groups have one. Name fewer seeds under training.seeds, set training.members: seeds, or add "
                    "labelled signals"
                )
    return found


def parts_of_examples(examples: Examples, parts: int) -> np.ndarray:
    """The part (n,) that each example is left out with; NEVER for labels that a model gave, which may only train.

    Raises LabelError as `parts_of_groups` does.
    """
    real = ~is_pseudo_label(examples.meta["label_source"])
    found = np.full(len(examples), NEVER, np.intp)
    groups = examples.meta["group_id"].to_numpy(str)
    found[real] = parts_of_groups(groups[real], examples.labels[real], parts)
    return found


def fold_examples(by_split: Mapping[str, Examples], fold: Fold) -> dict[str, Examples]:
    """What one member learns from (`train`) and what it is chosen on (`validation`), test left as it is.

    The examples of both splits are pooled and cut; nothing of a group that is left out is learned from, labels that a
    model gave included.
    """
    pooled = joined(by_split["train"], by_split["validation"])
    left_out = parts_of_examples(pooled, fold.of) == fold.number
    groups = pooled.meta["group_id"].to_numpy(str)
    away = np.isin(groups, groups[left_out])
    return {**by_split, "train": some(pooled, ~away), "validation": some(pooled, left_out)}
