"""Suspect labels: labels that were turned on purpose are found, by networks that have not seen them."""

import numpy as np
import pandas as pd
import pytest
from training.toys import toy_dataset, toy_ensemble, toy_meta, toy_views

from lightmill.config.training import SuspectSettings, TrainingSettings
from lightmill.errors import ModelError
from lightmill.training.dataset import read_dataset, write_dataset
from lightmill.training.ensemble import ensemble_models
from lightmill.training.folds import Fold
from lightmill.training.model_files import load_model, predict
from lightmill.training.suspect_labels import judged_labels, suspect_labels
from lightmill.training.suspects import read_suspects
from lightmill.training.train import train_model

SETTINGS = TrainingSettings(epochs=6, batch_size=32, members="folds")
TURNED = 16


@pytest.fixture(scope="module")
def doubted(tmp_path_factory):
    """A dataset with labels that are wrong, an ensemble of two folds of it, and its suspect labels."""
    folder = tmp_path_factory.mktemp("suspects")
    meta = toy_meta(240)
    views = toy_views(meta)
    inside = np.flatnonzero((meta["split"] != "test").to_numpy())
    turned = np.random.default_rng(3).choice(inside, TURNED, replace=False)
    meta.loc[turned, "label"] = np.where(meta.loc[turned, "label"] == "planet", "not_planet", "planet")
    write_dataset(folder / "toy", views, meta, {"scale": "min", "settings": {}, "labels": {}})
    for number in (0, 1):
        train_model(folder / "toy", folder / str(number), "planet", None, SETTINGS, number, Fold(number, 2))
    ensemble_models([folder / "0", folder / "1"], folder / "toy", folder / "ensemble")
    suspect_labels(folder / "toy", folder / "ensemble", folder / "suspects.csv")
    return folder, set(meta.loc[turned, "signal_id"])


def test_labels_that_were_turned_are_found(doubted):
    folder, turned = doubted
    table = pd.read_csv(folder / "suspects.csv")
    suspect = table[table["suspect"] == "yes"]
    # By chance one in twelve would be.
    assert suspect["signal_id"].isin(turned).mean() > 0.75
    assert suspect["signal_id"].isin(turned).sum() >= 0.5 * TURNED
    for rank in ("rank", "loss_rank"):
        assert table.sort_values(rank)["signal_id"].head(10).isin(turned).mean() >= 0.8


def test_the_table_has_every_label_but_those_of_the_test_split(doubted):
    folder, _ = doubted
    table = pd.read_csv(folder / "suspects.csv", float_precision="round_trip")
    data = read_dataset(folder / "toy")
    inside = data.meta[data.meta["split"] != "test"].set_index("signal_id")
    assert sorted(table["signal_id"]) == sorted(inside.index)
    assert list(table["rank"]) == list(range(1, len(table) + 1))
    assert sorted(table["loss_rank"]) == list(table["rank"])
    assert (table["disposition"] == inside.loc[table["signal_id"], "disposition"].to_numpy()).all()
    assert (table["task_label"] == (inside.loc[table["signal_id"], "label"] == "planet").to_numpy()).all()
    for number in (0, 1):
        own = table[table["fold"] == number + 1]
        rows = data.meta["signal_id"].isin(own["signal_id"]).to_numpy()
        views = {name: view[rows] for name, view in data.views.items()}
        expected = pd.Series(predict(load_model(folder / str(number)), views, "min"), data.meta["signal_id"][rows])
        np.testing.assert_allclose(own["probability"], expected[own["signal_id"]], rtol=1e-6)


def test_training_can_read_it(doubted):
    folder, _ = doubted
    suspects = read_suspects(folder / "suspects.csv", SuspectSettings(of="folds", treatment="drop"))
    table = pd.read_csv(folder / "suspects.csv").set_index("signal_id")
    assert suspects.labels == table.loc[table["suspect"] == "yes", "task_label"].to_dict()
    assert 0 < len(suspects.labels) < len(table) / 4


def test_the_same_again_gives_the_same_bytes(doubted, tmp_path):
    folder, _ = doubted
    suspect_labels(folder / "toy", folder / "ensemble", tmp_path / "suspects.csv")
    assert (tmp_path / "suspects.csv").read_bytes() == (folder / "suspects.csv").read_bytes()


def test_models_that_have_seen_all_labels_are_refused(tmp_path):
    toy_dataset(tmp_path / "toy", n=120)
    toy_ensemble(tmp_path / "toy", tmp_path, TrainingSettings(epochs=1))
    with pytest.raises(
        ModelError, match=r"have all seen the training labels; train the experiment with training\.members: folds"
    ):
        suspect_labels(tmp_path / "toy", tmp_path / "ensemble", tmp_path / "a.csv")


def test_a_label_is_suspect_where_the_other_class_is_surer_than_its_own_members_are():
    # Positives are given 0.57 on average, negatives 0.82 for what they are. The last negative is given 0.7 for a
    # positive, which is more than 0.57; the last positive 0.75 for a negative, which is less than 0.82.
    labels = np.array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
    probability = np.array([0.7, 0.7, 0.6, 0.6, 0.25, 0.05, 0.02, 0.03, 0.1, 0.7])
    judged = judged_labels(labels, probability)
    assert list(judged.index[judged["suspect"] == "yes"]) == [9]
    np.testing.assert_allclose(judged["quality"][[4, 9]], [0.25, 0.3])
    np.testing.assert_allclose(judged["loss"][[4, 9]], -np.log([0.25, 0.3]))
    assert judged["rank"][[9, 4]].tolist() == [1, 2]
    assert judged["loss_rank"][[4, 9]].tolist() == [1, 2]
