"""What two datasets must have in common to be compared: sides of the task, and splits."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

from lightmill.errors import LabelError
from lightmill.training.dataset import Dataset


def require_common_splits(source: Dataset, target: Dataset) -> int:
    """Raise LabelError if a star or a group is in one split of the source and in another of the target.

    Rows of split `none` train and test nothing, and are not looked at. Returns the number of stars in both.
    """
    for column in ("star_id", "group_id"):
        pairs = pd.concat([_splits(source.meta, column), _splits(target.meta, column)]).drop_duplicates()
        twice = np.sort(pairs.loc[pairs[column].duplicated(), column].unique())
        if len(twice):
            splits = " and ".join(sorted(pairs.loc[pairs[column] == twice[0], "split"]))
            raise LabelError(
                f"{source.name} and {target.name} share {len(twice)} stars or groups that are in different splits "
                f"(the first is {twice[0]}: {splits}), so the test would see what was trained on. Give both sets the "
                "same splits.method, hash if one of them is imported. If it is hash, these stars are in a group that "
                "the catalogs made and an imported set knows nothing of (catalogs/moves.csv): use two sets made from "
                f"catalogs or two imported ones, or leave out of the imported files: {_named(twice)}"
            )
    shared = set(_splits(source.meta, "star_id")["star_id"]) & set(_splits(target.meta, "star_id")["star_id"])
    return len(shared)


SHARED_COLUMNS = ("first", "second", "shared_stars", "shared_test_stars")


def shared_stars(datasets: Sequence[Dataset]) -> pd.DataFrame:
    """SHARED_COLUMNS for each pair of datasets: how many stars are in both, and how many of these are in both tests.

    Rows of split `none` are not looked at. Raises LabelError as `require_common_splits` does: no star or group is in
    two splits across all of them.
    """
    rows = []
    for first, second in combinations(datasets, 2):
        shared = require_common_splits(first, second)
        tests = [set(one.meta.loc[one.meta["split"] == "test", "star_id"]) for one in (first, second)]
        rows.append((first.name, second.name, shared, len(tests[0] & tests[1])))
    return pd.DataFrame(rows, columns=list(SHARED_COLUMNS))


def label_map(meta: pd.DataFrame, labels: np.ndarray) -> dict[str, set[int]]:
    """Where a task puts each disposition, from the rows of `meta` and their labels (n,): 1, 0, or NaN if in no task."""
    used = ~np.isnan(labels)
    sides: dict[str, set[int]] = {}
    for disposition, side in zip(meta["disposition"].to_numpy(str)[used], labels[used], strict=True):
        sides.setdefault(disposition, set()).add(int(side))
    return sides


def _named(names: np.ndarray, most: int = 20) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _splits(meta: pd.DataFrame, column: str) -> pd.DataFrame:
    return meta.loc[meta["split"] != "none", [column, "split"]].drop_duplicates()
