import json
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from training.toys import LENGTHS, toy_dataset

from lightmill.config.training import TaskLabels, TrainingSettings
from lightmill.errors import ModelError, ViewError
from lightmill.files import read_json, sha256_file, write_json
from lightmill.training import load_ensemble, load_model, predict, predict_members, read_dataset
from lightmill.training.ensemble import ensemble_models, members_by_seed
from lightmill.training.fitting import score_views
from lightmill.training.model_files import probabilities
from lightmill.training.shift import head_features
from lightmill.training.train import train_model

SETTINGS = TrainingSettings(epochs=2, batch_size=32)
LABELS = TaskLabels(positive=["PC"], negative=["AFP", "NTP"])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "toy"
    toy_dataset(folder, n=120)
    return folder


@pytest.fixture(scope="module")
def members(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for seed in (1, 2, 10):
        train_model(data, folder / str(seed), "planet", LABELS, SETTINGS, seed)
    return [folder / str(seed) for seed in (10, 1, 2)]


@pytest.fixture(scope="module")
def ensemble(data, members, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ensemble")
    ensemble_models(members, data, folder)
    return folder


def test_the_description_is_enough_to_use_the_model(members, data):
    network, description = load_model(members[0])
    assert description["architecture"] == "dual_branch"
    assert description["views"] == LENGTHS
    assert description["scale"] == "min"
    assert (description["task"], description["labels"]) == ("planet", LABELS.model_dump())
    assert description["dataset"]["version"] == read_dataset(data).version
    assert description["rows"]["counts"]["train"] == {"positive": 24, "negative": 48}
    assert description["seed"] == 10
    assert 0 <= description["threshold"] <= 1
    assert set(description["versions"]) == {"lightmill", "numpy", "torch"}
    assert not network.training


def test_weights_survive_the_way_to_disk_and_back(members, data):
    model = load_model(members[0])
    views = read_dataset(data).views
    stored = load_file(members[0] / "model.safetensors")
    assert set(stored) == set(model.network.state_dict())
    assert all(torch.equal(stored[name], tensor) for name, tensor in model.network.state_dict().items())
    np.testing.assert_allclose(
        predict(model, views, "min"), 1 / (1 + np.exp(-score_views(model.network, views).astype(float)))
    )


def test_views_that_do_not_fit_are_refused(members):
    model = load_model(members[0])
    views = {name: np.zeros((2, bins), np.float32) for name, bins in LENGTHS.items()}
    assert predict(model, {**views, "more": np.zeros((2, 5), np.float32)}, "min").shape == (2,)
    with pytest.raises(ViewError, match="no local view, which the model needs; there are global"):
        predict(model, {"global": views["global"]}, "min")
    with pytest.raises(ViewError, match="local views of 21 bins, but the model was trained on 20 bins"):
        predict(model, {**views, "local": np.zeros((2, 21), np.float32)}, "min")
    with pytest.raises(ViewError, match=r"scaled by 'mad', but .* 'min'; make the views with views.scale: min"):
        predict(model, views, "mad")
    views["global"][1, 3] = np.nan
    with pytest.raises(ViewError, match="global view of row 1: holds values that are not finite"):
        predict(model, views, "min")


def test_files_that_do_not_fit_are_refused(members, tmp_path):
    with pytest.raises(ModelError, match=r"model\.json: missing"):
        load_model(tmp_path)
    shutil.copytree(members[0], tmp_path / "model")
    description = read_json(tmp_path / "model" / "model.json")
    write_json(tmp_path / "model" / "model.json", {**description, "views": {"global": 40, "local": 20}})
    with pytest.raises(ModelError, match=r"model\.safetensors: no weights of a dual_branch"):
        load_model(tmp_path / "model")
    write_json(tmp_path / "model" / "model.json", {**description, "format": 99})
    with pytest.raises(ModelError, match="format 99, expected 3"):
        load_model(tmp_path / "model")
    write_json(tmp_path / "model" / "model.json", description)
    (tmp_path / "model" / "model.safetensors").write_bytes(b"\0" * 100)
    with pytest.raises(ModelError, match=r"model\.safetensors: no weights"):
        load_model(tmp_path / "model")


def test_an_ensemble_scores_as_its_members_do(members, ensemble, data):
    views = read_dataset(data).views
    together = predict_members(load_ensemble(ensemble), views, "min")
    alone = [predict(load_model(member), views, "min") for member in (members[1], members[2], members[0])]
    np.testing.assert_array_equal(together, alone)
    with pytest.raises(ViewError, match="scaled by 'depth'"):
        predict_members(load_ensemble(ensemble), views, "depth")


def test_an_ensemble_does_not_depend_on_the_order_of_its_members(members, ensemble, data, tmp_path):
    ensemble_models(sorted(members), data, tmp_path)
    for name in ("model.json", "model.safetensors"):
        assert sha256_file(tmp_path / name) == sha256_file(ensemble / name)
    description = json.loads((ensemble / "model.json").read_text())
    assert [member["seed"] for member in description["members"]] == [1, 2, 10]
    assert description["validation"]["roc_auc"] > 0.5
    assert 0 <= description["threshold"] <= 1


def test_members_that_do_not_belong_together_are_refused(members, data, tmp_path):
    train_model(data, tmp_path / "other", "planet", None, SETTINGS, 3)
    with pytest.raises(ModelError, match=r"differ in labels: no ensemble"):
        ensemble_models([members[0], tmp_path / "other"], data, tmp_path / "ensemble")
    shutil.copytree(members[0], tmp_path / "copy")
    with pytest.raises(ModelError, match="have the same"):
        ensemble_models([members[0], tmp_path / "copy"], data, tmp_path / "ensemble")
    toy_dataset(tmp_path / "toy", n=150)
    with pytest.raises(ModelError, match="not the dataset that the members were trained on"):
        ensemble_models(members, tmp_path / "toy", tmp_path / "ensemble")


def test_a_changed_ensemble_is_refused(ensemble, tmp_path):
    shutil.copytree(ensemble, tmp_path / "copy")
    with open(tmp_path / "copy" / "model.safetensors", "r+b") as file:
        file.seek(-1, 2)
        file.write(b"\x7f")
    with pytest.raises(ModelError, match="changed since the ensemble was made"):
        load_ensemble(tmp_path / "copy")


def test_an_ensemble_and_a_model_are_told_apart(members, ensemble):
    with pytest.raises(ModelError, match="load_ensemble"):
        load_model(ensemble)
    with pytest.raises(ModelError, match="load_model"):
        load_ensemble(members[0])


def test_views_as_they_come_from_a_memory_map_are_taken(members, data):
    assert not read_dataset(data).views["global"].flags.writeable
    assert len(predict(load_model(members[0]), read_dataset(data).views, "min")) == 120


def test_the_sure_ones_keep_their_order():
    # In float32 all three would be 1.
    assert np.all(np.diff(probabilities(np.array([18, 20, 30], np.float32))) > 0)


def test_what_is_dropped_belongs_to_the_model(data, tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 1, "dropout": 0.4})
    train_model(data, tmp_path / "model", "planet", LABELS, settings, 1)
    network, description = load_model(tmp_path / "model")
    assert description["settings"]["dropout"] == 0.4
    assert [layer.p for layer in network.modules() if isinstance(layer, torch.nn.Dropout)] == [0.4]


def test_an_ensemble_carries_what_its_calibration_was_fitted_on(ensemble, data):
    models, dataset = load_ensemble(ensemble), read_dataset(data)
    validation = (dataset.meta["split"] == "validation").to_numpy()
    views = {name: view[validation] for name, view in dataset.views.items()}
    np.testing.assert_array_equal(models.reference, head_features(models.networks[0], views))
    assert list(members_by_seed(models)) == [1, 2, 10]
