import zipfile

import numpy as np
from training.toys import toy_dataset, toy_meta

from lightmill.training.export import export_dataset


def test_the_file_holds_views_labels_and_meta_without_pickles(tmp_path):
    meta = toy_meta(30)
    meta.loc[2, "label"] = "unknown"
    dataset = toy_dataset(tmp_path / "toy", meta=meta)
    export_dataset(tmp_path / "toy", tmp_path / "preprocessed_data.npz")
    with np.load(tmp_path / "preprocessed_data.npz", allow_pickle=False) as data:
        np.testing.assert_array_equal(data["global_view"], dataset.views["global"])
        np.testing.assert_array_equal(data["local_view"], dataset.views["local"])
        assert data["label"].tolist()[:4] == [1, 0, -1, 1]
        assert data["label"].dtype == np.int8
        assert data["label_name"].tolist() == dataset.meta["label"].tolist()
        for column in ("signal_id", "star_id", "group_id", "split", "disposition"):
            assert data[column].tolist() == dataset.meta[column].tolist()
        assert data["scale"].tolist() == ["min"]
        assert data["version"].tolist() == [dataset.version]


def test_the_bytes_depend_on_the_content_alone(tmp_path):
    toy_dataset(tmp_path / "toy", n=30)
    export_dataset(tmp_path / "toy", tmp_path / "one.npz")
    export_dataset(tmp_path / "toy", tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.npz") as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
