import numpy as np
from training.toys import toy_dataset, toy_meta, toy_views

from lightmill.evaluation.holes import COARSE, hole_features
from lightmill.training.dataset import FLAG_COLUMNS, read_dataset, write_dataset


def test_thin_places_empty_bins_and_flags_are_features(tmp_path):
    meta, views = toy_meta(30), toy_views(toy_meta(30))
    counts = np.full((30, 32), 10, dtype=np.uint16)
    counts[3, :2] = 5
    counts[4, -1] = 0
    meta["present_odd"] = np.arange(30) == 7
    write_dataset(tmp_path / "toy", {**views, "global_count": counts}, meta, {"scale": "min"})
    features = hole_features(read_dataset(tmp_path / "toy"))
    assert features.shape == (30, len(FLAG_COLUMNS) + COARSE + 1)
    odd = FLAG_COLUMNS.index("present_odd")
    assert np.flatnonzero(features[:, odd]).tolist() == [7]
    first, last, empty = len(FLAG_COLUMNS), len(FLAG_COLUMNS) + COARSE - 1, -1
    assert features[3, first] == 0.5
    assert features[4, last] == 0.5
    assert features[4, empty] == 1 / 32
    assert (np.delete(features, [3, 4, 7], axis=0) == features[0]).all()


def test_without_counts_there_is_nothing_to_look_at(tmp_path):
    assert hole_features(toy_dataset(tmp_path / "toy", n=30)) is None
