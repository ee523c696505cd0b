"""What a transfer refuses: other questions, views that do not fit, stars on both sides, models that do not belong."""

import json

import pandas as pd
import pytest
from training.toys import toy_dataset, toy_meta
from transfer.toys import SETTINGS, run_job, toy_job

from lightmill.config import parse_config
from lightmill.config.training import TaskLabels
from lightmill.errors import ConfigError, DivergenceError, LabelError, ModelError, ViewError
from lightmill.training import read_dataset
from lightmill.training.ensemble import ensemble_models
from lightmill.training.folds import Fold
from lightmill.training.train import train_model
from lightmill.transfer import cells
from lightmill.transfer.fairness import require_common_splits, shared_stars
from lightmill.transfer.questions import require_same_questions
from lightmill.transfer.tune import transfer_model

pytestmark = pytest.mark.xdist_group("transfer")


def test_another_question_is_refused_unless_told_otherwise(place, tmp_path):
    labels = TaskLabels(positive=["PC", "AFP"], negative=["NTP"])
    with pytest.raises(
        LabelError, match=r"AFP \(eclipsing binary\) is positive in the target, but AFP is negative in the source"
    ):
        run_job(toy_job(place, "zero_shot", labels=labels), tmp_path, seeds=(1,))
    (folder,) = run_job(toy_job(place, "zero_shot", labels=labels, mismatched=True), tmp_path, seeds=(1,))
    assert json.loads((folder / "model.json").read_text())["transfer"]["mismatched"] is True


def test_views_of_other_length_or_scale_are_refused(place, tmp_path):
    for name, changes, message in (
        ("long", {"lengths": {"global": 40, "local": 20}}, "dataset long: global views of 40 bins"),
        ("scaled", {"scale": "mad"}, "dataset scaled: scaled by 'mad'"),
    ):
        toy_dataset(place / name, meta=toy_meta(180, prefix="FAR"), **changes)
        with pytest.raises(ViewError, match=message):
            run_job(toy_job(place, "fine_tuned", target_dataset=place / name), tmp_path / name)


def test_a_star_that_trains_here_and_tests_there_is_refused(place, tmp_path):
    meta = toy_meta(180, prefix="FAR")
    meta.loc[meta.index[meta["split"] == "test"][0], ["star_id", "group_id"]] = "TOY star 0"
    toy_dataset(place / "leaky", meta=meta)
    with pytest.raises(
        LabelError, match=r"share 1 stars .*TOY star 0: test and train.*hash.*moves\.csv.*imported files: TOY star 0"
    ):
        run_job(toy_job(place, "joint", target_dataset=place / "leaky"), tmp_path)


def test_a_star_may_be_in_the_same_split_of_both(place):
    meta = toy_meta(180, prefix="FAR")
    meta.loc[0, ["star_id", "group_id"]] = "TOY star 0"
    meta.loc[meta["split"] == "test", "split"] = "none"
    meta.loc[meta.index[-1], "group_id"] = "TOY star 0"
    meta.loc[meta.index[-1], "split"] = "none"
    toy_dataset(place / "shared", meta=meta)
    here, shared = read_dataset(place / "here"), read_dataset(place / "shared")
    assert require_common_splits(here, shared) == 1
    assert shared_stars([here, shared]).to_numpy().tolist() == [["here", "shared", 1, 0]]


def test_a_dataset_that_is_not_the_models_own_is_refused(place, tmp_path):
    with pytest.raises(ModelError, match=r"not the dataset that .* was trained on"):
        run_job(toy_job(place, "zero_shot", source_dataset=place / "there"), tmp_path)


def test_a_seed_that_the_source_does_not_have_is_refused(place, tmp_path):
    with pytest.raises(ModelError, match=r"no member of seed 7; there are 1, 2.*training\.seeds"):
        run_job(toy_job(place, "zero_shot"), tmp_path, seeds=(7,))


def test_folds_are_no_source(place, tmp_path):
    folds = SETTINGS.model_copy(update={"members": "folds", "epochs": 1})
    for seed in (1, 2):
        train_model(place / "here", tmp_path / str(seed), "planet", None, folds, seed, Fold(seed - 1, 2))
    ensemble_models([tmp_path / "1", tmp_path / "2"], place / "here", tmp_path / "ensemble")
    with pytest.raises(ModelError, match=r"ensemble: folds, which have learned.*members: seeds"):
        run_job(toy_job(place, "zero_shot", ensemble=tmp_path / "ensemble"), tmp_path)


@pytest.mark.parametrize("text", ["", "fraction,rate\n0.05,1\n", "fraction,rate,validation_average_precision,chosen\n"])
def test_rates_that_were_not_chosen_are_refused(place, tmp_path, text):
    (tmp_path / "rates.csv").write_text(text)
    with pytest.raises(ModelError, match=r"rates\.csv: .*delete it and run again"):
        transfer_model(toy_job(place, "frozen"), 1, 1, tmp_path / "rates.csv", tmp_path / "cells", tmp_path / "1")


def test_another_question_by_name_is_refused(place, tmp_path):
    with pytest.raises(ModelError, match=r"ensemble answers the task 'planet', not 'triage'"):
        run_job(toy_job(place, "zero_shot", task="triage"), tmp_path, seeds=(1,))
    run_job(toy_job(place, "zero_shot", task="triage", mismatched=True), tmp_path, seeds=(1,))


def test_a_rate_at_which_nothing_stays_finite_is_no_choice(place, tmp_path, monkeypatch):
    fit = cells.fit

    def diverging(network, train, validation, settings, *others):
        if settings.learning_rate > 5e-4:
            raise DivergenceError("epoch 1: not finite")
        return fit(network, train, validation, settings, *others)

    monkeypatch.setattr(cells, "fit", diverging)
    run_job(toy_job(place, "frozen"), tmp_path / "frozen", seeds=(1,))
    table = pd.read_csv(tmp_path / "frozen" / "rates.csv")
    assert table.loc[table["rate"] == 1, "validation_average_precision"].isna().all()
    assert table["chosen"].tolist() == [True, False] * 3
    with pytest.raises(DivergenceError, match=r"frozen, fraction 0\.05: at none of the rates \[1\.0\]"):
        run_job(toy_job(place, "frozen"), tmp_path / "none", seeds=(1,), rates=(1.0,))


def test_a_strategy_that_learns_needs_its_rates(place, tmp_path):
    with pytest.raises(ModelError, match="frozen: no learning rates were chosen"):
        transfer_model(toy_job(place, "frozen"), 1, 1, None, tmp_path / "cells", tmp_path / "1")


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
                "to": {"dataset": "b", "source": ["from"], "labels": target, "mismatched": mismatched},
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
