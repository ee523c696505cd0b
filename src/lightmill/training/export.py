"""One portable file of a dataset: `preprocessed_data.npz`."""

from pathlib import Path

import numpy as np

from lightmill.files import write_npz
from lightmill.training.dataset import FLAG_COLUMNS, NUMBER_COLUMNS, TEXT_COLUMNS, read_dataset
from lightmill.views.layout import exported_name

_LABEL_NUMBERS = {"planet": 1, "not_planet": 0, "unknown": -1}


def export_dataset(folder: str | Path, path: str | Path) -> None:
    """Write the dataset in `folder` as one `.npz` file that `np.load(path, allow_pickle=False)` reads.

    Keys: `<view>_view` for the flux of each view, (n, bins) float32, `<view>_scatter` and `<view>_count` where they
    were made; `label`, int8: 1 planet, 0 not planet, -1 unknown; the text columns of the meta (the label among them as
    `label_name`) as unicode arrays, its numbers as float64, its flags as bool; `scale` and `version` of the dataset,
    each an array of one text.
    """
    dataset = read_dataset(folder)
    arrays: dict[str, np.ndarray] = {exported_name(name): view for name, view in sorted(dataset.views.items())}
    arrays["label"] = dataset.meta["label"].map(_LABEL_NUMBERS).to_numpy(np.int8)
    for column in TEXT_COLUMNS:
        arrays["label_name" if column == "label" else column] = dataset.meta[column].to_numpy(np.str_)
    for column in NUMBER_COLUMNS:
        arrays[column] = dataset.meta[column].to_numpy(np.float64)
    for column in FLAG_COLUMNS:
        arrays[column] = dataset.meta[column].to_numpy(bool)
    arrays["scale"] = np.array([dataset.manifest["description"]["scale"]], np.str_)
    arrays["version"] = np.array([dataset.version], np.str_)
    write_npz(path, arrays)
