"""Training, validation and test: shared out by group, so that nothing of one star is on both sides."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import numpy as np
import pandas as pd

from lightmill.catalogs.crosswalk import other_names
from lightmill.config.catalogs import SplitSettings
from lightmill.errors import LabelError

# From least to most held out: of a group's names the most held-out one decides.
HELD_OUT = ("train", "validation", "test")
MOVES_COLUMNS = ("target_id", "star_id", "group_id", "own_split", "split")
_CLASSES = ("planet", "not_planet")


def unit_hash(name: str) -> float:
    """A number in [0, 1) that depends on `name` alone, evenly spread over names (blake2b)."""
    return int.from_bytes(blake2b(name.encode(), digest_size=8).digest()[:6], "big") / 2**48


def own_split(target_id: str, splits: SplitSettings) -> str:
    """The split that one id's hash deals it: `train`, `validation` or `test`, by the id and the two shares alone."""
    place = unit_hash(target_id)
    if place < splits.test:
        return "test"
    return "validation" if place < splits.test + splits.validation else "train"


def hashed_splits(
    star_ids: Sequence[str],
    group_ids: Sequence[str],
    splits: SplitSettings,
    crosswalk: Mapping[str, str] | None = None,
) -> tuple[dict[str, str], pd.DataFrame]:
    """The split of every group by the hashes of its stars, under all their names, and the names that this moves.

    A star's names are its own id and every target that a growth of the crosswalk (the shipped one by default) mapped to
    it, whether or not it is among the rows: before that, each was a star of its own, dealt by its own hash
    (`other_names`). A group goes where the most held-out of its names goes, so that when two groups merge or the
    crosswalk grows, a star can leave training, and nothing that was held out is ever trained on.

    Returns
    -------
    splits
        By group id.
    moves
        MOVES_COLUMNS, sorted by star and target: the names whose own hash says otherwise.
    """
    targets = other_names(crosswalk)
    stars = sorted(set(zip(star_ids, group_ids, strict=True)))
    names = pd.DataFrame(
        [(name, star, group) for star, group in stars for name in (star, *targets.get(star, ()))],
        columns=list(MOVES_COLUMNS[:3]),
    )
    own = np.array([HELD_OUT.index(own_split(name, splits)) for name in names["target_id"]], dtype=np.intp)
    decided = pd.Series(own).groupby(names["group_id"]).transform("max").to_numpy(np.intp)
    words = np.array(HELD_OUT, dtype=object)
    names["own_split"], names["split"] = words[own], words[decided]
    moves = names.loc[own != decided, list(MOVES_COLUMNS)].reset_index(drop=True)
    return dict(zip(names["group_id"], names["split"], strict=True)), moves


def stratified_splits(group_ids: Sequence[str], classes: Sequence[str], splits: SplitSettings) -> dict[str, str]:
    """The split of every group, dealt so that each class has its shares, counted in groups.

    For small sets, where hashes would leave a class without a test. `classes` names each row's class (mission and
    label). Classes are dealt from the rarest to the commonest, the groups of a class in the order of their hashes;
    what a group brought to an earlier class counts. Every class with three groups has one in each split where the
    groups it shares with other classes allow it; with two, one is tested on; a single one is trained on.
    """
    rows = pd.DataFrame({"group_id": list(group_ids), "class": list(classes)}).drop_duplicates()
    members = {name: sorted(set(part), key=_hash_order) for name, part in rows.groupby("class")["group_id"]}
    dealt: dict[str, str] = {}
    for name in sorted(members, key=lambda name: (len(members[name]), name)):
        groups = members[name]
        wanted = _shares(len(groups), splits)
        for group in groups:
            if group in dealt:
                wanted[dealt[group]] -= 1
        for group in groups:
            if group not in dealt:
                split = next((split for split in ("test", "validation") if wanted[split] > 0), "train")
                wanted[split] -= 1
                dealt[group] = split
    return dealt


def _hash_order(group_id: str) -> tuple[float, str]:
    return unit_hash(group_id), group_id


def _shares(groups: int, splits: SplitSettings) -> dict[str, int]:
    """How many of `groups` groups go to each split: the rounded shares, and one of each as soon as there are three."""
    if groups < 3:
        return {"test": groups - 1, "validation": 0, "train": 1}
    test = max(1, round(splits.test * groups))
    validation = max(1, round(splits.validation * groups))
    while test + validation > groups - 1:
        test, validation = (test - 1, validation) if test >= validation else (test, validation - 1)
    return {"test": test, "validation": validation, "train": groups - test - validation}


def assert_no_leak(labels: pd.DataFrame) -> None:
    """Raise LabelError, naming one, if a star is in two groups, or a group in two of train, validation and test.

    `labels` has the columns `star_id`, `group_id` and `split`.
    """
    stars = labels[["star_id", "group_id"]].drop_duplicates()
    twice = stars.loc[stars["star_id"].duplicated(keep=False)].sort_values(["star_id", "group_id"])
    if len(twice):
        star = twice["star_id"].iloc[0]
        groups = ", ".join(twice.loc[twice["star_id"] == star, "group_id"])
        raise LabelError(f"star {star!r} is in the groups {groups}; a star has one group: label the signals again")
    used = labels.loc[labels["split"] != "none", ["group_id", "split"]].drop_duplicates()
    leaking = used.loc[used["group_id"].duplicated(keep=False)].sort_values(["group_id", "split"])
    if len(leaking):
        group = leaking["group_id"].iloc[0]
        between = " and ".join(leaking.loc[leaking["group_id"] == group, "split"])
        raise LabelError(
            f"group {group!r} is in {between}, and {leaking['group_id'].nunique()} groups in all are in two splits: "
            "the test would be of stars trained on; label the signals again"
        )


def split_table(labels: pd.DataFrame) -> str:
    """Signals and groups by mission and label in each split, as text for a log or a terminal.

    `labels` has the columns `mission`, `label`, `split` and `group_id`.
    """
    columns = (*HELD_OUT, "none")
    head = f"{'mission':8}{'label':12}" + "".join(f"{split:>22}" for split in columns)
    unit = f"{'':20}" + f"{'signals (groups)':>22}" * len(columns)
    lines = [head, unit]
    for (mission, label), part in labels.groupby(["mission", "label"], sort=True):
        cells = []
        for split in columns:
            groups = part.loc[part["split"] == split, "group_id"]
            cells.append(f"{len(groups):,} ({groups.nunique():,})".rjust(22))
        lines.append(f"{mission:8}{label:12}" + "".join(cells))
    return "\n".join(lines)


def assert_both_classes(labels: pd.DataFrame, what: str) -> None:
    """Raise LabelError unless each of train, validation and test holds planets and others.

    `labels` has the columns `label` and `split`; `what` names the set in the message.
    """
    for split in HELD_OUT:
        present = labels.loc[labels["split"] == split, "label"]
        for label in _CLASSES:
            if not (present == label).any():
                counts = ", ".join(f"{(present == name).sum()} {name}" for name in _CLASSES)
                everywhere = int((labels["label"] == label).sum())
                advice = (
                    "give it more labelled signals, or set splits.method: stratified if it is not"
                    if everywhere
                    else f"there is no {label} in any split: look at the dispositions in the catalogs' summaries and "
                    "at the label policies (`labels` in the configuration)"
                )
                raise LabelError(f"{what}: no {label} in the split {split!r} ({counts}); {advice}")
