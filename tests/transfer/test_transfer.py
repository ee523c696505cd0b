import json

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from training.toys import toy_dataset, toy_meta, toy_views

from lightmill.config import parse_config
from lightmill.config.training import EvaluationSettings, TaskLabels, TrainingSettings
from lightmill.errors import ConfigError, LabelError, ModelError, ViewError
from lightmill.files import sha256_file
from lightmill.training import load_model, read_dataset
from lightmill.training.dataset import write_dataset
from lightmill.training.folds import Fold
from lightmill.training.train import train_model
from lightmill.transfer import compare_transfer, transfer_model
from lightmill.transfer.fairness import require_common_splits
from lightmill.transfer.questions import require_same_questions

SETTINGS = TrainingSettings(epochs=3, batch_size=32)
EVALUATION = EvaluationSettings(bootstrap=100)
STRATEGIES = ("zero_shot", "frozen", "fine_tuned", "from_scratch")
SEEDS = (1, 2)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A source dataset with models of two seeds, and a target dataset of other stars."""
    place = tmp_path_factory.mktemp("transfer")
    toy_dataset(place / "here", n=150)
    toy_dataset(place / "there", meta=toy_meta(180, mission="TESS", prefix="FAR"), noise=0.8)
    for seed in SEEDS:
        train_model(place / "here", place / "source" / str(seed), "planet", None, SETTINGS, seed)
    return place


def transfer(place, strategy, seed=1, folder=None, target="there", labels=None, mismatched=False, settings=SETTINGS):
    folder = folder or place / strategy / str(seed)
    transfer_model(
        strategy=strategy,
        source_model=place / "source" / str(seed),
        source_dataset=place / "here",
        target_dataset=place / target,
        folder=folder,
        task="planet",
        labels=labels,
        settings=settings,
        seed=seed,
        fine_tune_rate=0.1,
        mismatched=mismatched,
    )
    return folder


@pytest.fixture(scope="module")
def tuned(place):
    return {(strategy, seed): transfer(place, strategy, seed) for strategy in STRATEGIES for seed in SEEDS}


def test_what_was_left_out_is_told_of_the_source(place, tmp_path):
    def left_out(names):
        return TrainingSettings(epochs=1, architecture="lightmill", leave_out=names)

    metas = {"here": toy_meta(90), "there": toy_meta(90, mission="TESS", prefix="FAR")}
    for name, meta in metas.items():
        views = toy_views(meta)
        views |= {"odd": views["local"], "even": views["local"]}
        write_dataset(tmp_path / name, views, meta, {"scale": "min", "settings": {}, "labels": {}})
    train_model(tmp_path / "here", tmp_path / "source" / "1", "planet", None, left_out(["odd"]), 1)
    folder = transfer(tmp_path, "zero_shot", settings=left_out(["even"]))
    description = load_model(folder).description
    assert description["settings"]["leave_out"] == ["odd"]
    assert set(description["views"]) == {"global", "local", "even"}


def weights(folder):
    return {name: tensor.numpy() for name, tensor in load_model(folder).network.state_dict().items()}


def test_zero_shot_is_the_source_as_it_is(place, tuned):
    source, model = load_model(place / "source" / "1"), load_model(tuned["zero_shot", 1])
    assert sha256_file(place / "source" / "1" / "model.safetensors") == sha256_file(
        tuned["zero_shot", 1] / "model.safetensors"
    )
    assert model.description["threshold"] == source.description["threshold"]
    assert model.description["dataset"]["name"] == "there"
    history = pd.read_csv(tuned["zero_shot", 1] / "training_history.csv")
    assert list(history["epoch"]) == [0]


def test_frozen_keeps_the_convolutions_and_moves_the_rest(place, tuned):
    before, after = weights(place / "source" / "1"), weights(tuned["frozen", 1])
    for name in before:
        assert np.array_equal(before[name], after[name]) == ("convolutions" in name), name


def test_fine_tuned_moves_everything_but_not_far(place, tuned):
    before, after, fresh = (
        weights(folder) for folder in (place / "source" / "1", tuned["fine_tuned", 1], tuned["from_scratch", 1])
    )
    for name in before:
        assert not np.array_equal(before[name], after[name]), name
    far = [sum(np.sum((before[name] - other[name]) ** 2) for name in before) for other in (after, fresh)]
    assert far[0] < 0.1 * far[1]
    rates = [pd.read_csv(tuned[name, 1] / "training_history.csv")["learning_rate"][0] for name in STRATEGIES[1:]]
    assert rates == pytest.approx([1e-3, 1e-4, 1e-3])


def test_from_scratch_is_a_training_on_the_target(place, tuned, tmp_path):
    train_model(place / "there", tmp_path / "alone", "planet", None, SETTINGS, 1)
    assert sha256_file(tmp_path / "alone" / "model.safetensors") == sha256_file(
        tuned["from_scratch", 1] / "model.safetensors"
    )


def test_a_transfer_repeats_to_the_byte(place, tuned, tmp_path):
    again = transfer(place, "frozen", folder=tmp_path / "again")
    for name in ("model.safetensors", "model.json", "training_history.csv"):
        assert sha256_file(again / name) == sha256_file(tuned["frozen", 1] / name)
    assert not (again / "checkpoint.safetensors").exists()


def test_the_table_has_every_strategy_and_seed_and_their_mean(place, tuned, tmp_path):
    compare_transfer(list(tuned.values()), place / "there", tmp_path / "a.csv", tmp_path / "a.png", EVALUATION)
    table = pd.read_csv(tmp_path / "a.csv")
    assert list(table["strategy"]) == [strategy for strategy in STRATEGIES for _ in range(3)]
    assert list(table["seed"]) == ["1", "2", "mean"] * 4
    assert set(table["source"] + table["target"] + table["task"] + table["split"]) == {"herethereplanettest"}
    meta = read_dataset(place / "there").meta
    train = meta[meta["split"] == "train"]
    learned = table[table["strategy"] != "zero_shot"]
    assert set(learned["n_labels"]) == {len(train)}
    assert set(learned["n_positives"]) == {int((train["label"] == "planet").sum())}
    assert set(table.loc[table["strategy"] == "zero_shot", "n_labels"]) == {0}
    assert (table["average_precision_low"] <= table["average_precision_high"]).all()
    assert table["roc_auc"].between(0.5, 1).all()

    compare_transfer(list(tuned.values()), place / "there", tmp_path / "b.csv", tmp_path / "b.png", EVALUATION)
    for kind in ("csv", "png"):
        assert sha256_file(tmp_path / f"a.{kind}") == sha256_file(tmp_path / f"b.{kind}")
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (1350, 690)
        assert "Software" not in image.info


def test_models_of_another_dataset_are_not_compared(place, tuned, tmp_path):
    with pytest.raises(ModelError, match="not the dataset that these models were tuned on"):
        compare_transfer(list(tuned.values()), place / "here", tmp_path / "a.csv", tmp_path / "a.png", EVALUATION)


def test_another_question_is_refused_unless_told_otherwise(place, tmp_path):
    labels = TaskLabels(positive=["PC", "AFP"], negative=["NTP"])
    with pytest.raises(
        LabelError, match=r"AFP \(eclipsing binary\) is positive in the target, but AFP is negative in the source"
    ):
        transfer(place, "zero_shot", folder=tmp_path / "model", labels=labels)
    folder = transfer(place, "zero_shot", folder=tmp_path / "model", labels=labels, mismatched=True)
    assert json.loads((folder / "model.json").read_text())["transfer"]["mismatched"] is True


def test_views_of_other_length_or_scale_are_refused(place, tmp_path):
    for name, changes, message in (
        ("long", {"lengths": {"global": 40, "local": 20}}, "dataset long: global views of 40 bins"),
        ("scaled", {"scale": "mad"}, "dataset scaled: scaled by 'mad'"),
    ):
        toy_dataset(place / name, meta=toy_meta(180, prefix="FAR"), **changes)
        with pytest.raises(ViewError, match=message):
            transfer(place, "fine_tuned", folder=tmp_path / name, target=name)


def test_a_star_that_trains_here_and_tests_there_is_refused(place, tmp_path):
    meta = toy_meta(180, prefix="FAR")
    meta.loc[meta.index[meta["split"] == "test"][0], ["star_id", "group_id"]] = "TOY star 0"
    toy_dataset(place / "leaky", meta=meta)
    with pytest.raises(
        LabelError, match=r"share 1 stars .*TOY star 0: test and train.*hash.*moves\.csv.*imported files: TOY star 0"
    ):
        transfer(place, "zero_shot", folder=tmp_path / "model", target="leaky")


def test_a_star_may_be_in_the_same_split_of_both(place):
    meta = toy_meta(180, prefix="FAR")
    meta.loc[0, ["star_id", "group_id"]] = "TOY star 0"
    meta.loc[meta["split"] == "test", "split"] = "none"
    meta.loc[meta.index[-1], "group_id"] = "TOY star 0"
    meta.loc[meta.index[-1], "split"] = "none"
    toy_dataset(place / "shared", meta=meta)
    assert require_common_splits(read_dataset(place / "here"), read_dataset(place / "shared")) == 1


def test_a_dataset_that_is_not_the_models_own_is_refused(place, tmp_path):
    with pytest.raises(ModelError, match=r"not the dataset that .* was trained on"):
        transfer_model(
            "zero_shot",
            place / "source" / "1",
            place / "there",
            place / "there",
            tmp_path / "model",
            "planet",
            None,
            SETTINGS,
            1,
            0.1,
            False,
        )


def test_a_fold_is_no_source(place, tmp_path):
    folds = SETTINGS.model_copy(update={"members": "folds", "epochs": 1})
    train_model(place / "here", tmp_path / "source" / "1", "planet", None, folds, 1, Fold(0, 2))
    with pytest.raises(ModelError, match=r"source/1: one of several folds.*members: seeds"):
        transfer_model(
            "zero_shot",
            tmp_path / "source" / "1",
            place / "here",
            place / "there",
            tmp_path / "model",
            "planet",
            None,
            SETTINGS,
            1,
            0.1,
            False,
        )


def config(source, target, mismatched=False):
    views = {"files": ["x.npz"], "mission": "Kepler", "star": "kepid", "disposition": "d", "labels": {}}
    return parse_config(
        {
            "run": "x",
            "imported_views": {
                "a": {**views, "labels": {"planet": ["PC"], "not_planet": ["AFP", "NTP"]}},
                "b": {**views, "labels": {"planet": ["PC"], "not_planet": ["EB", "J"]}},
            },
            "experiments": {
                "from": {"dataset": "a", "labels": source},
                "to": {"dataset": "b", "source": "from", "labels": target, "mismatched": mismatched},
            },
        }
    )


def test_a_configuration_with_two_questions_is_refused_before_it_runs():
    triage = {"positive": ["PC", "EB"], "negative": ["J"]}
    require_same_questions(config({"positive": ["PC", "AFP"], "negative": ["NTP"]}, triage))
    require_same_questions(config(None, None))
    require_same_questions(config(None, triage, mismatched=True))
    with pytest.raises(
        ConfigError, match=r"experiments\.to: .*EB \(eclipsing binary\) is positive in the target, but AFP"
    ):
        require_same_questions(config(None, triage))


@pytest.mark.parametrize(("key", "value"), [("seeds", [1]), ("dropout", 0.1)])
def test_a_transfer_has_the_seeds_and_the_dropout_of_its_source(key, value):
    with pytest.raises(ConfigError, match=rf"training\.{key}: a transfer has the {key} of its source"):
        parse_config(
            {
                "run": "x",
                "archives": {"kepler": {"base_url": "file://x"}},
                "experiments": {
                    "from": {"dataset": "Kepler"},
                    "to": {"dataset": "Kepler", "source": "from", "training": {key: value}},
                },
            }
        )
