from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from training.toys import interrupt_after, toy_dataset

from lightmill.config.training import SuspectSettings, TrainingSettings
from lightmill.errors import LabelError
from lightmill.files import read_json, sha256_file
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.dataset import read_dataset
from lightmill.training.examples import select_examples
from lightmill.training.fitting import fit
from lightmill.training.folds import Fold
from lightmill.training.suspects import Suspects, read_suspects, treated
from lightmill.training.train import fresh_network, train_model, view_bins

DROP = SuspectSettings(of="folds", treatment="drop")
DOWN = SuspectSettings(of="folds", treatment="down_weight", weight=0.25)
SETTINGS = TrainingSettings(epochs=3, batch_size=32, class_weights=False, batches="balanced")


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "toy"
    toy_dataset(folder, n=120)
    return folder


@pytest.fixture(scope="module")
def examples(data):
    return select_examples(read_dataset(data), None, ("global", "local"))


@pytest.fixture(scope="module")
def table(examples, tmp_path_factory):
    """The first ten rows of training and the first five of validation are suspect."""
    both = [examples["train"], examples["validation"]]
    rows = pd.concat([one.meta.assign(task_label=one.labels.astype(int), suspect="no") for one in both])
    firsts = [*both[0].meta["signal_id"][:10], *both[1].meta["signal_id"][:5]]
    rows.loc[rows["signal_id"].isin(firsts), "suspect"] = "yes"
    path = tmp_path_factory.mktemp("suspects") / "suspect_labels.csv"
    rows[["signal_id", "task_label", "suspect"]].to_csv(path, index=False)
    return path


def test_suspect_examples_are_left_out_or_count_less(examples, table):
    left = treated(examples["train"], read_suspects(table, DROP))
    assert list(left.meta["signal_id"]) == list(examples["train"].meta["signal_id"][10:])
    np.testing.assert_array_equal(left.views["local"], examples["train"].views["local"][10:])
    weighted = treated(examples["train"], read_suspects(table, DOWN))
    assert weighted.weights.tolist() == [0.25] * 10 + [1.0] * (len(weighted) - 10)
    assert weighted.meta is examples["train"].meta


def test_a_table_of_other_labels_is_refused(examples, table, tmp_path):
    suspects = read_suspects(table, DROP)
    first = examples["train"].meta["signal_id"][0]
    other = Suspects(DROP, {**suspects.labels, first: 1 - suspects.labels[first]})
    with pytest.raises(LabelError, match=f"{first} is labelled .* its table is of other labels"):
        treated(examples["train"], other)
    positives = examples["train"].meta["signal_id"][examples["train"].labels == 1]
    with pytest.raises(LabelError, match="every positive training label is suspect by folds"):
        treated(examples["train"], Suspects(DROP, dict.fromkeys(positives, 1)))
    rows = pd.read_csv(table)
    rows.drop(columns="suspect").to_csv(tmp_path / "short.csv", index=False)
    with pytest.raises(LabelError, match=r"short\.csv: no column 'suspect'"):
        read_suspects(tmp_path / "short.csv", DROP)
    rows.assign(suspect="perhaps").to_csv(tmp_path / "odd.csv", index=False)
    with pytest.raises(LabelError, match=r"odd\.csv: suspect 'perhaps' of TOY"):
        read_suspects(tmp_path / "odd.csv", DROP)


def test_validation_and_test_are_never_touched(data, table, tmp_path, monkeypatch):
    seen = {}

    def fitted(network, learned, *others, **named):
        seen.update(learned)

    monkeypatch.setattr("lightmill.training.train.fit_and_save", fitted)
    whole = select_examples(read_dataset(data), None, ("global", "local"))
    for settings, fold in ((SETTINGS, None), (SETTINGS.model_copy(update={"members": "folds"}), Fold(0, 3))):
        train_model(data, tmp_path, "planet", None, settings, 1, fold)
        plain = dict(seen)
        train_model(data, tmp_path, "planet", None, settings, 1, fold, read_suspects(table, DROP))
        for split in ("validation", "test"):
            pd.testing.assert_frame_equal(seen[split].meta, plain[split].meta)
            assert seen[split].weights is None
        assert len(seen["train"]) < len(plain["train"])
        pd.testing.assert_frame_equal(seen["test"].meta, whole["test"].meta)


def train(data, folder, suspects, settings=SETTINGS):
    train_model(data, folder, "planet", None, settings, 1, suspects=suspects)
    return [sha256_file(folder / name) for name in ("model.safetensors", "model.json", "training_history.csv")]


def test_with_weights_and_balanced_batches_an_interrupted_training_ends_with_the_same_bytes(data, table, tmp_path):
    suspects = read_suspects(table, DOWN)
    whole = train(data, tmp_path / "whole", suspects)
    interrupt_after(2, lambda: train(data, tmp_path / "stopped", suspects))
    assert train(data, tmp_path / "stopped", suspects) == whole
    description = read_json(tmp_path / "whole" / "model.json")
    assert description["suspects"]["counts"] == {"positive": 4, "negative": 6}
    assert (description["suspects"]["treatment"], description["suspects"]["weight"]) == ("down_weight", 0.25)
    assert description["rows"]["counts"]["train"] == {"positive": 24, "negative": 48}


@pytest.mark.parametrize("other", ["no suspects", "dropped", "other weight", "shuffled"])
def test_what_becomes_of_suspects_changes_what_is_learned(data, table, tmp_path, other):
    short = SETTINGS.model_copy(update={"epochs": 1})
    one = train(data, tmp_path / "one", read_suspects(table, DOWN), short)
    suspects = {
        "no suspects": None,
        "dropped": read_suspects(table, DROP),
        "other weight": read_suspects(table, DOWN.model_copy(update={"weight": 0.75})),
        "shuffled": read_suspects(table, DOWN),
    }[other]
    settings = short.model_copy(update={"batches": "shuffled"}) if other == "shuffled" else short
    assert train(data, tmp_path / "other", suspects, settings)[0] != one[0]


def test_weights_of_one_change_nothing_and_of_none_leave_an_example_out_of_account(data, examples, tmp_path):
    lengths = view_bins(read_dataset(data))
    settings = SETTINGS.model_copy(update={"epochs": 1})

    def learned(weights, first_views=None):
        train = replace(examples["train"], weights=weights)
        if first_views is not None:
            train = replace(train, views={name: view.copy() for name, view in train.views.items()})
            for view in train.views.values():
                view[0] = first_views
        network = fresh_network("dual_branch", lengths, 1)
        checkpoint = Checkpoint(tmp_path / "checkpoint", "key")
        fit(network, train, examples["validation"], settings, 1, checkpoint)
        checkpoint.remove()
        return {name: tensor.numpy() for name, tensor in network.state_dict().items()}

    plain, ones = learned(None), learned(np.ones(len(examples["train"]), np.float32))
    assert all(np.array_equal(plain[name], ones[name]) for name in plain)
    nothing = np.ones(len(examples["train"]), np.float32)
    nothing[0] = 0
    without, odd = learned(nothing), learned(nothing, first_views=9.0)
    assert all(np.array_equal(without[name], odd[name]) for name in without)
    assert not all(np.array_equal(plain[name], without[name]) for name in plain)
