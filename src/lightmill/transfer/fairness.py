"""No star on both sides of a split, in one set or across two."""

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
                f"(the first is {twice[0]}: {splits}), so the test would see what was trained on; give both sets the "
                "same splits.method, hash if one of them is imported"
            )
    shared = set(_splits(source.meta, "star_id")["star_id"]) & set(_splits(target.meta, "star_id")["star_id"])
    return len(shared)


def _splits(meta: pd.DataFrame, column: str) -> pd.DataFrame:
    return meta.loc[meta["split"] != "none", [column, "split"]].drop_duplicates()
