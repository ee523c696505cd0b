"""One portable file of a dataset: `preprocessed_data.npz`."""

import zipfile
from pathlib import Path

import numpy as np

from lightmill.files import atomic_path
from lightmill.training.dataset import NUMBER_COLUMNS, TEXT_COLUMNS, read_dataset

# A zip archive has dates; the earliest it can hold makes its bytes depend on the arrays alone.
_DATE = (1980, 1, 1, 0, 0, 0)
_LABEL_NUMBERS = {"planet": 1, "not_planet": 0, "unknown": -1}


def export_dataset(folder: str | Path, path: str | Path) -> None:
    """Write the dataset in `folder` as one `.npz` file that `np.load(path, allow_pickle=False)` reads.

    Keys: `<view>_view` for each view, (n, bins) float32; `label`, int8: 1 planet, 0 not planet, -1 unknown; the text
    columns of the meta (the label among them as `label_name`) as unicode arrays and its numbers as float64; `scale`
    and `version` of the dataset, each an array of one text. Views are stored as they are: compressing the noise that
    they mostly are saves some 8 %.
    """
    dataset = read_dataset(folder)
    arrays: dict[str, np.ndarray] = {f"{name}_view": view for name, view in sorted(dataset.views.items())}
    arrays["label"] = dataset.meta["label"].map(_LABEL_NUMBERS).to_numpy(np.int8)
    for column in TEXT_COLUMNS:
        arrays["label_name" if column == "label" else column] = dataset.meta[column].to_numpy(np.str_)
    for column in NUMBER_COLUMNS:
        arrays[column] = dataset.meta[column].to_numpy(np.float64)
    arrays["scale"] = np.array([dataset.manifest["description"]["scale"]], np.str_)
    arrays["version"] = np.array([dataset.version], np.str_)
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _DATE)
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
