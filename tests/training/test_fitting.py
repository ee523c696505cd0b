import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn
from training.toys import LENGTHS, interrupt_after, toy_dataset, toy_meta

from lightmill.config.training import Augmentation, TrainingSettings
from lightmill.errors import ModelError
from lightmill.files import sha256_file
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.dataset import read_dataset
from lightmill.training.examples import select_examples, some, with_others
from lightmill.training.fitting import fit, score_views
from lightmill.training.model_files import load_model, predict
from lightmill.training.networks.base import Network
from lightmill.training.plan import early_layers_frozen, gradually_unfrozen
from lightmill.training.progress import HISTORY_COLUMNS
from lightmill.training.train import fresh_network, train_model

SETTINGS = TrainingSettings(epochs=6, batch_size=32, patience=6)
FILES = ("model.safetensors", "model.json", "training_history.csv")


def train(dataset, folder, settings=SETTINGS, seed=1):
    train_model(dataset, folder, "planet", None, settings, seed)
    return {name: sha256_file(folder / name) for name in FILES}


def select_examples_of(folder):
    return select_examples(read_dataset(folder), None, ("global", "local"))


def pair(examples):
    return examples["train"], examples["validation"]


@pytest.fixture(autouse=True)
def threads():
    """Tests may change torch's number of threads."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "toy"
    toy_dataset(folder, n=300)
    return folder


@pytest.fixture(scope="module")
def undisturbed(toy, tmp_path_factory):
    """A trained model's folder, and the digests of its files."""
    folder = tmp_path_factory.mktemp("models") / "1"
    return folder, train(toy, folder)


def test_it_learns_what_can_be_learned(toy, undisturbed):
    model = load_model(undisturbed[0])
    test = select_examples_of(toy)["test"]
    probabilities = predict(model, test.views, "min")
    assert probabilities.dtype == np.float64
    assert np.mean((probabilities >= model.description["threshold"]) == (test.labels == 1)) > 0.95


def test_the_history_has_a_row_per_epoch(undisturbed):
    history = pd.read_csv(undisturbed[0] / "training_history.csv")
    assert tuple(history.columns) == HISTORY_COLUMNS
    assert list(history["epoch"]) == [1, 2, 3, 4, 5, 6]
    assert history["train_loss"].iloc[-1] < history["train_loss"].iloc[0]
    model = load_model(undisturbed[0])
    best = history["validation_average_precision"].idxmax()
    assert model.description["best_epoch"] == history["epoch"][best]
    assert model.description["validation"]["loss"] == pytest.approx(history["validation_loss"][best])


def test_the_kept_weights_are_those_of_the_best_epoch(toy, undisturbed, tmp_path):
    best = load_model(undisturbed[0]).description["best_epoch"]
    train(toy, tmp_path / "short", SETTINGS.model_copy(update={"epochs": best}))
    assert sha256_file(tmp_path / "short" / FILES[0]) == undisturbed[1][FILES[0]]


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(toy, undisturbed, tmp_path):
    torch.manual_seed(99)
    torch.set_num_threads(2)
    assert train(toy, tmp_path / "again") == undisturbed[1]
    assert torch.get_num_threads() == 2
    assert train(toy, tmp_path / "other", seed=2)[FILES[0]] != undisturbed[1][FILES[0]]


def test_training_leaves_torch_as_it_was(toy, tmp_path):
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train(toy, tmp_path / "one", SETTINGS.model_copy(update={"epochs": 1}))
    assert torch.equal(torch.rand(1), expected)
    assert not torch.are_deterministic_algorithms_enabled()


TRAIN_IN_A_PROCESS = """
import sys
from lightmill.config.training import TrainingSettings
from lightmill.training.train import train_model
train_model(sys.argv[1], sys.argv[2], "planet", None, TrainingSettings(epochs=12, batch_size=4, patience=12), 1)
"""


def test_a_killed_training_goes_on_to_the_same_bytes(toy, tmp_path, caplog):
    settings = TrainingSettings(epochs=12, batch_size=4, patience=12)
    folder = tmp_path / "killed"
    checkpoint = folder / "checkpoint.safetensors"
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN_IN_A_PROCESS, toy, folder], env={**os.environ, "OMP_NUM_THREADS": "2"}
    )
    deadline = time.monotonic() + 60
    while not checkpoint.is_file() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert checkpoint.is_file()
    assert not (folder / "model.json").exists()
    with caplog.at_level("INFO", logger="lightmill"):
        resumed = train(toy, folder, settings)
    assert "resuming after epoch" in caplog.text
    assert not checkpoint.exists()
    assert resumed == train(toy, tmp_path / "whole", settings)


@pytest.mark.parametrize("epochs", [1, 3, 6])
def test_it_resumes_from_any_epoch(toy, undisturbed, tmp_path, epochs):
    interrupt_after(epochs, lambda: train(toy, tmp_path / "model"))
    assert train(toy, tmp_path / "model") == undisturbed[1]


EVERYTHING = SETTINGS.model_copy(
    update={
        "architecture": "lightmill",
        "schedule": "cosine",
        "averaging": 0.9,
        "label_smoothing": 0.1,
        "precision": "bfloat16",
        "weight_decay": 0.01,
        "augment": Augmentation(mirror=True, noise=0.5, shift_bins=1),
    }
)


def test_with_everything_on_it_learns_and_resumes_to_the_same_bytes(toy, tmp_path):
    whole = train(toy, tmp_path / "whole", EVERYTHING)
    interrupt_after(3, lambda: train(toy, tmp_path / "model", EVERYTHING))
    assert train(toy, tmp_path / "model", EVERYTHING) == whole
    model = load_model(tmp_path / "model")
    test = select_examples_of(toy)["test"]
    called = predict(model, test.views, "min") >= model.description["threshold"]
    assert np.mean(called == (test.labels == 1)) > 0.95
    # Scores are the same for the mirror image.
    mirrored = {name: np.ascontiguousarray(view[:, ::-1]) for name, view in test.views.items()}
    np.testing.assert_allclose(predict(model, mirrored, "min"), predict(model, test.views, "min"), rtol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        {"schedule": "plateau"},
        {"averaging": 0.0},
        {"label_smoothing": 0.0},
        {"precision": "float32"},
        {"augment": Augmentation(mirror=False, noise=0.5, shift_bins=1)},
        {"augment": Augmentation(mirror=True, noise=0.0, shift_bins=1)},
        {"augment": Augmentation(mirror=True, noise=0.5)},
    ],
)
def test_every_option_changes_what_is_learned(toy, tmp_path, change):
    short = EVERYTHING.model_copy(update={"epochs": 1})
    one = train(toy, tmp_path / "one", short)
    other = train(toy, tmp_path / "other", short.model_copy(update=change))
    assert one[FILES[0]] != other[FILES[0]]


@pytest.mark.parametrize("change", ["settings", "data", "seed", "code"])
def test_the_checkpoint_of_another_training_is_not_resumed(toy, tmp_path, monkeypatch, caplog, change):
    folder = tmp_path / "model"
    interrupt_after(2, lambda: train(toy, folder))
    data, settings, seed = toy, SETTINGS, 1
    if change == "settings":
        settings = SETTINGS.model_copy(update={"learning_rate": 0.002})
    elif change == "data":
        meta = toy_meta(300)
        meta.loc[meta["split"] == "test", "snr"] = 7.0
        toy_dataset(tmp_path / "toy", meta=meta)
        data = tmp_path / "toy"
    elif change == "seed":
        seed = 2
    else:
        monkeypatch.setattr("lightmill.training.train.code_digest", lambda path: "changed")
    with caplog.at_level("INFO", logger="lightmill"):
        changed = train(data, folder, settings, seed)
    assert "belongs to another training" in caplog.text
    assert changed == train(data, tmp_path / "fresh", settings, seed)


def test_an_unreadable_checkpoint_is_not_resumed(toy, undisturbed, tmp_path, caplog):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "checkpoint.safetensors").write_bytes(b"nothing of the kind")
    assert train(toy, tmp_path / "model") == undisturbed[1]
    assert "cannot be read" in caplog.text


def test_a_diverging_training_says_what_to_do(toy, tmp_path):
    examples = select_examples_of(toy)
    examples["train"].views["global"][0] = np.inf
    with pytest.raises(ModelError, match=r"epoch 1: .* lower training\.learning_rate"):
        fit(fresh_network("dual_branch", LENGTHS, 1), *pair(examples), SETTINGS, 1, Checkpoint(tmp_path / "c", "k"))


def test_a_gpu_that_is_not_there_is_refused(toy, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ModelError, match=r"training\.device: cuda.*cpu or auto"):
        train(toy, tmp_path / "model", SETTINGS.model_copy(update={"device": "cuda"}))
    train(toy, tmp_path / "model", SETTINGS.model_copy(update={"device": "auto", "epochs": 1}))


class Normalised(Network):
    """One dense layer behind a batch normalisation and a dropout."""

    view_names = ("global",)

    def __init__(self):
        super().__init__()
        self.normalise = nn.BatchNorm1d(LENGTHS["global"])
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(LENGTHS["global"], 1))

    def features(self, views):
        return self.normalise(views["global"])

    def layer_groups(self):
        return [[self.normalise], [self.head]]


@pytest.mark.parametrize("frozen", [True, False])
def test_frozen_layers_do_not_move_nor_do_their_statistics(toy, tmp_path, frozen):
    torch.manual_seed(0)
    network = Normalised()
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    plan = early_layers_frozen(network) if frozen else []
    fit(network, *pair(select_examples_of(toy)), SETTINGS, 1, Checkpoint(tmp_path / "c", "k"), plan)
    after = network.state_dict()
    for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
        assert torch.equal(before[f"normalise.{name}"], after[f"normalise.{name}"]) == frozen
    assert not torch.equal(before["head.1.weight"], after["head.1.weight"])
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_dropout_too_is_drawn_anew_in_a_resumed_training(toy, tmp_path):
    examples = pair(select_examples_of(toy))

    def train_normalised(path):
        torch.manual_seed(0)
        network = Normalised()
        fit(network, *examples, SETTINGS, 1, Checkpoint(path, "k"))
        return network.state_dict()

    interrupt_after(2, lambda: train_normalised(tmp_path / "stopped"))
    resumed, whole = train_normalised(tmp_path / "stopped"), train_normalised(tmp_path / "whole")
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_scores_do_not_depend_on_the_threads(toy):
    network = fresh_network("dual_branch", LENGTHS, 1)
    views = select_examples_of(toy)["train"].views
    scores = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        scores.append(score_views(network, views))
    np.testing.assert_array_equal(*scores)
    assert len(score_views(network, {name: view[:0] for name, view in views.items()})) == 0


def test_without_class_weights_the_loss_is_another(toy, tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 1})
    train(toy, tmp_path / "weighted", settings)
    train(toy, tmp_path / "plain", settings.model_copy(update={"class_weights": False}))
    losses = [pd.read_csv(tmp_path / name / "training_history.csv")["train_loss"][0] for name in ("weighted", "plain")]
    assert losses[0] != losses[1]


def test_seeds_of_others_do_not_matter(toy, undisturbed, tmp_path):
    assert train(toy, tmp_path / "model", SETTINGS.model_copy(update={"seeds": [1, 2, 3, 4]})) == undisturbed[1]


def test_no_path_of_this_machine_is_written(undisturbed):
    folder: Path = undisturbed[0]
    for name in FILES:
        assert str(folder.parent).encode() not in (folder / name).read_bytes()


def test_layers_begin_one_group_after_the_other_from_the_head(toy, tmp_path):
    settings = SETTINGS.model_copy(update={"epochs": 9, "patience": 9})
    names = []
    for epochs in range(1, 6):
        network = fresh_network("dual_branch", LENGTHS, 1)
        before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
        arguments = (network, *pair(select_examples_of(toy)), settings, 1, Checkpoint(tmp_path / str(epochs), "k"))
        interrupt_after(epochs, partial(fit, *arguments, gradually_unfrozen(network, settings.epochs)))
        moved = [name for name, one in network.state_dict().items() if not torch.equal(one, before[name])]
        names.append({name.rpartition(".")[0].partition(".")[2] for name in moved})
    head, dense = {"0", "2"}, {"global.dense", "local.dense"}
    later, first = ({f"{view}.convolutions.{place}" for view in ("global", "local")} for place in (3, 0))
    assert names == [head, head | dense, head | dense | later, head | dense | later | first, names[3]]


def test_an_interrupted_gradual_training_gives_the_same_weights(toy, tmp_path):
    examples = pair(select_examples_of(toy))

    def train_gradually(path):
        network = fresh_network("dual_branch", LENGTHS, 1)
        fit(network, *examples, SETTINGS, 1, Checkpoint(path, "k"), gradually_unfrozen(network, SETTINGS.epochs))
        return network.state_dict()

    interrupt_after(2, lambda: train_gradually(tmp_path / "stopped"))
    resumed, whole = train_gradually(tmp_path / "stopped"), train_gradually(tmp_path / "whole")
    assert all(torch.equal(resumed[name], whole[name]) for name in whole)


def test_an_epoch_may_go_through_the_examples_more_than_once(toy, tmp_path):
    train, validation = pair(select_examples_of(toy))
    settings = SETTINGS.model_copy(update={"epochs": 1})
    networks = [fresh_network("dual_branch", LENGTHS, 1) for _ in range(2)]
    for network, passes in zip(networks, (1, 4), strict=True):
        fit(network, train, validation, settings, 1, Checkpoint(tmp_path / str(passes), "k"), passes=passes)
    first = fresh_network("dual_branch", LENGTHS, 1).state_dict()
    apart = [
        sum(float((one - first[name]).square().sum()) for name, one in network.state_dict().items())
        for network in networks
    ]
    assert apart[1] > 2 * apart[0]


def test_a_checkpoint_is_not_written_more_often_than_asked(toy, tmp_path):
    train, validation = pair(select_examples_of(toy))
    path = tmp_path / "c"
    network = fresh_network("dual_branch", LENGTHS, 1)
    fit(network, train, validation, SETTINGS.model_copy(update={"epochs": 2}), 1, Checkpoint(path, "k", every_s=3600))
    assert not path.exists()


def test_examples_of_another_set_are_seen_as_often_as_those_that_are_judged(toy, tmp_path):
    train, validation = pair(select_examples_of(toy))
    few = some(train, np.arange(len(train)) < 30)
    both = with_others(few, train)
    assert both.origins.sum() == 30
    history = fit(
        fresh_network("dual_branch", LENGTHS, 1),
        both,
        validation,
        SETTINGS.model_copy(update={"epochs": 8, "patience": 8}),
        1,
        Checkpoint(tmp_path / "c", "k"),
    )
    assert max(row["validation_average_precision"] for row in history) > 0.9
