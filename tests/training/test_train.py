"""What a training is given to look at: every array of a dataset that a network knows, less what is left out."""

import numpy as np
import pytest
from pydantic import ValidationError
from training.toys import toy_meta, toy_views

from lightmill.config.training import Augmentation, TrainingSettings
from lightmill.errors import ModelError
from lightmill.files import sha256_file
from lightmill.training.dataset import read_dataset, write_dataset
from lightmill.training.model_files import load_model, predict
from lightmill.training.train import arrays_for, train_model

ALL = {
    "architecture": "lightmill",
    "epochs": 2,
    "augment": Augmentation(mirror=True, noise=0.2, shift_bins=1, gap=0.2, bootstrap_transits=True),
}


@pytest.fixture(scope="module")
def every_view(tmp_path_factory):
    """A toy dataset with views of every shape, their scatters and counts, and numbers."""
    meta = toy_meta(150)
    views = toy_views(meta)
    views |= {"odd": views["local"].copy(), "unfolded": np.stack([views["local"]] * 3, axis=1)}
    views |= {f"{name}_scatter": np.abs(view) for name, view in views.items()}
    views |= {"odd_count": np.full((150, 20), 9, np.uint16)}
    views["scalars"] = np.random.default_rng(0).normal(0, 1, (150, 9)).astype(np.float32)
    folder = tmp_path_factory.mktemp("data") / "toy"
    write_dataset(folder, views, meta, {"scale": "min", "settings": {}, "labels": {}})
    return folder


def test_lightmill_learns_from_arrays_of_every_shape_and_repeats(every_view, tmp_path):
    for place in ("one", "two"):
        train_model(every_view, tmp_path / place, "planet", None, TrainingSettings(**ALL), 1)
    names = ("model.safetensors", "model.json")
    assert [sha256_file(tmp_path / "one" / name) for name in names] == [
        sha256_file(tmp_path / "two" / name) for name in names
    ]
    model = load_model(tmp_path / "one")
    assert model.description["views"] == {
        "global": 32,
        "local": 20,
        "odd": 20,
        "unfolded": [3, 20],
        "global_scatter": 32,
        "local_scatter": 20,
        "odd_scatter": 20,
        "unfolded_scatter": [3, 20],
        "scalars": 9,
    }
    data = read_dataset(every_view)
    assert predict(model, data.views, "min").shape == (150,)


def test_what_is_left_out_is_not_looked_at(every_view):
    data = read_dataset(every_view)

    def seen(*left_out):
        return set(arrays_for(TrainingSettings(architecture="lightmill", leave_out=left_out), data))

    everything = seen()
    assert everything - seen("odd") == {"odd", "odd_scatter"}
    assert everything - seen("scatter") == {name for name in everything if name.endswith("_scatter")}
    assert seen("scatter", "unfolded", "odd", "scalars") == {"global", "local"}


def test_leaving_out_what_is_not_there_is_an_error(every_view):
    with pytest.raises(ModelError, match=r"leave_out 'centroid': dataset toy has nothing of it; it has global, "):
        arrays_for(TrainingSettings(architecture="lightmill", leave_out=["centroid"]), read_dataset(every_view))
    with pytest.raises(ValidationError, match="dual_branch sees the global and the local view alone"):
        TrainingSettings(leave_out=["odd"])
