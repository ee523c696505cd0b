"""What members of folds say of the examples that they have not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lightmill.errors import ModelError
from lightmill.training.examples import Examples, joined, some
from lightmill.training.fitting import score_views
from lightmill.training.folds import NEVER, Fold, parts_of_examples
from lightmill.training.model_files import probabilities
from lightmill.training.networks.base import Network


@dataclass(frozen=True)
class OutOfFold:
    """The examples that are left out once each, sorted by signal; labels that a model gave are not among them.

    Attributes
    ----------
    examples
        n of the training and validation rows.
    parts
        (n,) the part that each was left out with, from 0 on.
    probability
        (n,) of the positive class, by the one member that did not see the example's group; not calibrated.
    """

    examples: Examples
    parts: np.ndarray
    probability: np.ndarray


def folds_of_members(descriptions: Sequence[Mapping[str, Any]]) -> list[Fold]:
    """The folds of an ensemble's members, in their order; empty where members differ in their seed alone.

    Raises ModelError unless each part is left out by one member.
    """
    described = [description["fold"] for description in descriptions if "fold" in description]
    if not described:
        return []
    folds = [Fold(fold["number"], fold["of"]) for fold in described]
    of = len(descriptions)
    if sorted((fold.number, fold.of) for fold in folds) != [(number, of) for number in range(of)]:
        left_out = ", ".join(f"{fold.number + 1} of {fold.of}" for fold in folds)
        raise ModelError(
            f"{of} members leave out the parts {left_out}; each part must be left out by one. Train them all again"
        )
    return folds


def out_of_fold(networks: Sequence[Network], folds: Sequence[Fold], by_split: Mapping[str, Examples]) -> OutOfFold:
    """Probabilities of the training and validation examples, each by the network whose fold leaves it out.

    `folds` are those of the networks, as `folds_of_members` gives them.
    """
    pooled = joined(by_split["train"], by_split["validation"])
    parts = parts_of_examples(pooled, len(folds))
    probability = np.full(len(pooled), np.nan)
    for network, fold in zip(networks, folds, strict=True):
        left_out = parts == fold.number
        probability[left_out] = probabilities(score_views(network, some(pooled, left_out).views))
    kept = parts != NEVER
    return OutOfFold(some(pooled, kept), parts[kept], probability[kept])
