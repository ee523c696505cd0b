"""The search for settings: what it proposes, that it can be interrupted, and that the test split stays unseen."""

from pathlib import Path

import numpy as np
import optuna
import pandas as pd
import pytest
import torch
import yaml
from training.toys import toy_dataset, toy_meta, toy_views
from typer.testing import CliRunner

from lightmill.cli import app
from lightmill.config.model import load_config
from lightmill.errors import ConfigError, ModelError
from lightmill.training import tuning
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.dataset import write_dataset
from lightmill.training.search_space import SPACE, space_of, value_of, with_values
from lightmill.training.tuned_config import write_tuned_config
from lightmill.training.tuning import best_trial, tune, tuned_settings

CONFIG = """
run: toy
imported_views:
  toy: &toy {files: ["${TOYS:-none}/*.npz"], mission: Kepler, star: s, disposition: d, labels: {planet: [PC], not_planet: [AFP]}}
  other: *toy
training: {epochs: 3, batch_size: 100, seeds: [4]}
experiments:
  toy: {dataset: toy, training: {monitor: roc_auc, augment: {noise: 0.2}}}
  moved: {dataset: other, source: toy}
"""  # noqa: E501


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run's folder to work in, with a configuration and a dataset that is hard to learn: its configuration."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toy.yaml").write_text(CONFIG)
    toy_dataset(tmp_path / "results" / "toy" / "datasets" / "toy", n=200, noise=2.0)
    return load_config(tmp_path / "toy.yaml")


def values(trials):
    return [{key: trial[key] for key in SPACE} for trial in trials]


def test_the_first_trial_is_the_experiment_as_it_is_and_others_differ(run):
    trials = list(tune(run, "toy", 4, seed=1))
    settings = run.experiment_training("toy")
    assert values(trials)[0] == {key: value_of(settings, key) for key in SPACE}
    assert trials[0]["batch_size"] == 100
    assert len({tuple(one.values()) for one in values(trials)}) == 4
    assert [trial["trial"] for trial in trials] == [1, 2, 3, 4]
    assert all(0 < trial["value"] <= 1 and 1 <= trial["best_epoch"] <= trial["epochs"] <= 3 for trial in trials)
    written = pd.read_csv("results/toy/tuning/toy/trials.csv", float_precision="round_trip")
    assert written.to_dict("records") == pytest.approx(trials)
    completed = [trial["value"] for trial in trials if trial["outcome"] == "complete"]
    assert best_trial(trials, settings)["value"] == max(completed)


class PowerCutError(Exception):
    pass


def test_an_interrupted_search_ends_with_the_same_trials(run, tmp_path, monkeypatch):
    whole = list(tune(run, "toy", 3, seed=1))
    again = tmp_path / "again"
    toy_dataset(again / "results" / "toy" / "datasets" / "toy", n=200, noise=2.0)
    monkeypatch.chdir(again)
    save, saved = Checkpoint.save, []

    def save_and_stop(self, *state):
        save(self, *state)
        saved.append(len(state[-1]))
        if len(saved) in (2, 4):
            raise PowerCutError

    monkeypatch.setattr(Checkpoint, "save", save_and_stop)
    for _ in range(2):
        with pytest.raises(PowerCutError):
            list(tune(run, "toy", 2, seed=1))
    assert list(tune(run, "toy", 2, seed=1)) == pytest.approx(whole[:2])
    # Each went on after the epoch that was saved last.
    assert saved == [1, 2, 3, 1, 2, 3][: len(saved)]
    # More trials of the same search.
    assert list(tune(run, "toy", 3, seed=1)) == pytest.approx(whole)


def test_the_test_split_is_not_looked_at(run, tmp_path):
    before = list(tune(run, "toy", 1, seed=1))
    meta = toy_meta(200)
    views = toy_views(meta, noise=2.0)
    test = (meta["split"] == "test").to_numpy()
    for view in views.values():
        view[test] = np.random.default_rng(9).normal(size=view[test].shape)
    write_dataset(
        tmp_path / "results" / "toy" / "datasets" / "toy", views, meta, {"scale": "min", "settings": {}, "labels": {}}
    )
    with pytest.raises(ModelError, match=r"study\.sqlite: a search with other data.*remove the folder"):
        list(tune(run, "toy", 1, seed=1))
    for file in (tmp_path / "results" / "toy" / "tuning" / "toy").iterdir():
        file.unlink()
    assert list(tune(run, "toy", 1, seed=1)) == pytest.approx(before)


def test_a_worse_trial_is_ended_early_and_one_that_diverges_does_not_count(run, monkeypatch):
    settings = run.experiment_training("toy")
    monkeypatch.setattr(tuning, "BEFORE_PRUNING", 1)
    monkeypatch.setattr(tuning, "GRANTED", 0.0)
    # Whatever the trial: the first gets better, the second is worse from the start, the third diverges.
    scores = iter([*[0.6, 0.7, 0.8], *[0.1], *[np.nan]])

    def fit(network, train, validation, settings, seed, checkpoint):
        optimiser = torch.optim.AdamW(network.parameters())
        history = []
        for epoch in range(1, 4):
            score = next(scores)
            if np.isnan(score):
                raise tuning.DivergenceError("not finite")
            history.append({"epoch": epoch, "validation_roc_auc": score})
            checkpoint.save(network, network, network.state_dict(), optimiser, history)

    monkeypatch.setattr(tuning, "fit", fit)
    trials = list(tune(run, "toy", 3, seed=1))
    assert [trial["outcome"] for trial in trials] == ["complete", "pruned", "diverged"]
    assert [trial["epochs"] for trial in trials] == [3, 1, 0]
    assert best_trial(trials, settings)["trial"] == 1
    with pytest.raises(ModelError, match="no trial came to its end"):
        best_trial(trials[1:], settings)


def test_who_was_killed_before_a_trial_was_judged_does_not_train_it_longer(run, monkeypatch):
    monkeypatch.setattr(tuning, "BEFORE_PRUNING", 1)
    monkeypatch.setattr(tuning, "GRANTED", 0.0)
    save, trained = Checkpoint.save, []

    def fit(network, train, validation, settings, seed, checkpoint):
        optimiser = torch.optim.AdamW(network.parameters())
        resumed = checkpoint.load(network, network, optimiser)
        history = [] if resumed is None else resumed[1]
        for epoch in range(len(history) + 1, 4):
            trained.append((checkpoint.trial.number, epoch))
            # The first gets better, the second is worse from the start.
            history.append({"epoch": epoch, "validation_roc_auc": 0.5 + 0.1 * epoch if len(trained) <= 3 else 0.1})
            checkpoint.save(network, network, network.state_dict(), optimiser, history)

    def save_and_stop(self, *state):
        save(self, *state)
        if len(trained) == 4:
            raise PowerCutError

    monkeypatch.setattr(tuning, "fit", fit)
    monkeypatch.setattr(Checkpoint, "save", save_and_stop)
    with pytest.raises(PowerCutError):
        list(tune(run, "toy", 2, seed=1))
    trials = list(tune(run, "toy", 2, seed=1))
    assert trained == [(0, 1), (0, 2), (0, 3), (1, 1)]
    assert [(trial["outcome"], trial["epochs"]) for trial in trials] == [("complete", 3), ("pruned", 1)]


def test_who_was_killed_after_the_last_epoch_keeps_its_value(run, monkeypatch):
    whole = list(tune(run, "toy", 1, seed=1))
    for file in Path("results/toy/tuning/toy").iterdir():
        file.unlink()
    save = Checkpoint.save

    def save_and_stop(self, *state):
        save(self, *state)
        if len(state[-1]) == 3:
            raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(PowerCutError):
            list(tune(run, "toy", 1, seed=1))
    assert list(tune(run, "toy", 1, seed=1)) == pytest.approx(whole)


def test_class_weights_are_not_looked_for_where_batches_are_balanced(run, tmp_path):
    balanced = CONFIG.replace("augment: {noise: 0.2}", "class_weights: false, batches: balanced")
    (tmp_path / "balanced.yaml").write_text(balanced)
    config = load_config("balanced.yaml")
    settings = config.experiment_training("toy")
    assert set(space_of(settings)) == set(SPACE) - {"class_weights"}
    assert set(space_of(run.experiment_training("toy"))) == set(SPACE)
    trials = list(tune(config, "toy", 3, seed=1, epochs=1))
    assert [trial["outcome"] for trial in trials] == ["complete"] * 3
    assert all("class_weights" not in trial for trial in trials)
    write_tuned_config(tmp_path / "tuned.yaml", "balanced.yaml", "toy", best_trial(trials, settings))
    tuned = load_config(tmp_path / "tuned.yaml").experiment_training("toy")
    assert (tuned.class_weights, tuned.batches) == (False, "balanced")


def test_values_go_into_their_sections_and_others_stay(run):
    settings = tuned_settings(run, "toy", epochs=7)
    assert settings.epochs == 7
    found = {key: value_of(settings, key) for key in SPACE} | {"augment.noise": 0.7, "learning_rate": 0.004}
    changed = with_values(settings, found)
    assert changed["augment"] == settings.augment.model_dump() | {"noise": 0.7}
    assert changed["learning_rate"] == 0.004
    assert "monitor" not in changed


def test_only_what_trains_can_be_searched_for(run):
    for name in ("moved", "nothing"):
        with pytest.raises(ConfigError, match=f"no experiment '{name}' that trains; there are toy"):
            tuned_settings(run, name)


def test_a_study_that_cannot_be_read_or_made_is_named(run):
    folder = Path("results/toy/tuning/toy")
    folder.parent.mkdir(parents=True)
    folder.write_text("a file")
    with pytest.raises(ModelError, match=r"tuning/toy/study\.sqlite: no study that can be read and written \("):
        next(iter(tune(run, "toy", 1, seed=1)))
    folder.unlink()
    folder.mkdir()
    (folder / "study.sqlite").write_bytes(b"no database " * 100)
    with pytest.raises(ModelError, match="file is not a database"):
        next(iter(tune(run, "toy", 1, seed=1)))


def test_where_the_configuration_goes_is_looked_at_before_the_trials(run, tmp_path):
    (tmp_path / "d.yaml").mkdir()
    result = CliRunner().invoke(app, ["tune", str(tmp_path / "toy.yaml"), "toy", "-o", str(tmp_path / "d.yaml")])
    assert result.exit_code == 1
    assert "a folder; name a file to write the configuration to" in result.output.replace("\n", " ")
    assert not Path("results/toy/tuning").exists()


def test_the_command_writes_a_configuration_that_trains_so(run, tmp_path):
    arguments = ["tune", "toy.yaml", "toy", "--trials", "2", "--seed", "3", "--epochs", "2", "-o", "tuned.yaml"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert "trial 1 of 2: complete after 2 epochs, validation roc_auc 0." in done.output
    before, after = load_config("toy.yaml"), load_config("tuned.yaml")
    trials = pd.read_csv("results/toy/tuning/toy/trials.csv", float_precision="round_trip")
    best = trials.loc[trials["value"].where(trials["outcome"] == "complete").idxmax()]
    tuned = after.experiment_training("toy")
    assert all(value_of(tuned, key) == best[key] for key in SPACE)
    # All else is as it was: epochs, what is monitored, the files named by the environment.
    assert tuned.epochs == 3
    assert tuned.monitor == "roc_auc"
    assert before.model_dump(exclude={"experiments"}) == after.model_dump(exclude={"experiments"})
    assert yaml.safe_load((tmp_path / "tuned.yaml").read_text())["imported_views"]["toy"]["files"] == [
        "${TOYS:-none}/*.npz"
    ]
    missing = CliRunner().invoke(app, [*arguments[:3], "-o", "tuned.txt"])
    assert missing.exit_code == 1
    assert "must end in .yaml" in missing.output
    (tmp_path / "results" / "toy" / "datasets" / "toy" / "manifest.json").unlink()
    assert "no dataset; make it first" in CliRunner().invoke(app, arguments).output
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING
