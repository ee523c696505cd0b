import numpy as np
import pandas as pd
import pytest
from training.toys import interrupt_after, toy_dataset, toy_meta, toy_views
from transfer.toys import FRACTIONS, SETTINGS, run_job, toy_job

from lightmill.config.training import TrainingSettings
from lightmill.files import sha256_file
from lightmill.training import load_model, read_dataset
from lightmill.training.dataset import write_dataset
from lightmill.training.ensemble import ensemble_models, load_ensemble
from lightmill.training.model_files import predict
from lightmill.training.train import train_model
from lightmill.transfer import cells
from lightmill.transfer.cells import passes_over
from lightmill.transfer.draws import drawn_rows

pytestmark = pytest.mark.xdist_group("transfer")

FILES = ("model.safetensors", "model.json", "training_history.csv", "cells.csv", "scores.parquet")


@pytest.fixture(scope="module")
def tuned(transferred):
    return {strategy: folders[0] for strategy, folders in transferred.items()}


def weights(folder):
    return {name: tensor.numpy() for name, tensor in load_model(folder).network.state_dict().items()}


def hashes(folder):
    return {name: sha256_file(folder / name) for name in FILES}


def test_zero_shot_is_the_source_as_it_is(place, tuned):
    source, model = load_model(place / "source" / "1"), load_model(tuned["zero_shot"])
    assert sha256_file(place / "source" / "1" / "model.safetensors") == sha256_file(
        tuned["zero_shot"] / "model.safetensors"
    )
    assert model.description["threshold"] == source.description["threshold"]
    assert model.description["dataset"]["name"] == "there"
    table = pd.read_csv(tuned["zero_shot"] / "cells.csv")
    assert table[["fraction", "n_labels", "n_positives", "n_validation", "epochs"]].to_numpy().tolist() == [[0] * 5]
    assert pd.read_csv(tuned["zero_shot"] / "training_history.csv").empty


def test_frozen_keeps_the_convolutions_and_moves_the_rest(place, tuned):
    before, after = weights(place / "source" / "1"), weights(tuned["frozen"])
    for name in before:
        assert np.array_equal(before[name], after[name]) == ("convolutions" in name), name


def test_fine_tuned_moves_everything_but_not_far(place, tuned):
    before, after, fresh = (
        weights(folder) for folder in (place / "source" / "1", tuned["fine_tuned"], tuned["from_scratch"])
    )
    for name in before:
        assert not np.array_equal(before[name], after[name]), name
    far = [sum(np.sum((before[name] - other[name]) ** 2) for name in before) for other in (after, fresh)]
    assert far[0] < 0.1 * far[1]


def test_gradual_moves_what_sees_the_views_least(place, tuned):
    before, after = weights(place / "source" / "1"), weights(tuned["gradual"])
    moved = {
        part: np.mean([np.abs(after[name] - before[name]).mean() for name in before if part in name])
        for part in ("convolutions.0", "dense", "head")
    }
    assert 0 < moved["convolutions.0"] < moved["dense"] < moved["head"]


def test_rates_are_those_of_the_strategy_times_the_factor_that_was_best(place, tuned):
    for strategy, base in (("frozen", 1e-3), ("gradual", 1e-3), ("fine_tuned", 1e-4), ("joint", 1e-3)):
        chosen = pd.read_csv(tuned[strategy].parent / "rates.csv")
        assert list(chosen["fraction"]) == [fraction for fraction in FRACTIONS for _ in range(2)]
        assert (chosen.groupby("fraction")["chosen"].sum() == 1).all()
        best = chosen.groupby("fraction")["validation_average_precision"].transform("max")
        assert (chosen.loc[chosen["chosen"], "validation_average_precision"] == best[chosen["chosen"]]).all()
        rate = chosen.loc[chosen["chosen"] & (chosen["fraction"] == 1), "rate"].item()
        history = pd.read_csv(tuned[strategy] / "training_history.csv")
        assert history["learning_rate"][0] == pytest.approx(base * rate)
        cells_table = pd.read_csv(tuned[strategy] / "cells.csv")
        merged = cells_table.merge(chosen[chosen["chosen"]], on="fraction", suffixes=("", "_chosen"))
        assert (merged["rate"] == merged["rate_chosen"]).all()


def test_from_scratch_with_all_labels_is_a_training_on_the_target(place, tmp_path):
    job = toy_job(place, "from_scratch")
    (folder,) = run_job(job, tmp_path / "scratch", seeds=(1,), rates=(1.0,))
    train_model(place / "there", tmp_path / "alone", "planet", None, SETTINGS, 1)
    assert sha256_file(tmp_path / "alone" / "model.safetensors") == sha256_file(folder / "model.safetensors")


def test_each_cell_learns_from_its_own_labels_and_scores_all(place, tuned):
    data = read_dataset(place / "there")
    train = data.meta[data.meta["split"] == "train"]
    truth = (train["label"] == "planet").to_numpy(float)
    table = pd.read_csv(tuned["fine_tuned"] / "cells.csv")
    assert list(zip(table["fraction"], table["draw"], strict=True)) == [(0.05, 0), (0.05, 1), (0.5, 0), (1.0, 0)]
    for row in table.itertuples():
        rows = drawn_rows(train["group_id"].to_numpy(str), truth, row.fraction, row.draw)
        assert (row.n_labels, row.n_positives) == (rows.sum(), truth[rows].sum())
        assert row.n_validation_positives >= 10
    scores = pd.read_parquet(tuned["fine_tuned"] / "scores.parquet")
    assert list(scores.columns) == ["signal_id", "group_id", "split", "truth", "0.05-0", "0.05-1", "0.5-0", "1-0"]
    assert list(scores["signal_id"]) == [
        name for split in ("validation", "test") for name in data.meta.loc[data.meta["split"] == split, "signal_id"]
    ]
    test = (scores["split"] == "test").to_numpy()
    model = load_model(tuned["fine_tuned"])
    views = {name: view[(data.meta["split"] == "test").to_numpy()] for name, view in data.views.items()}
    assert np.array_equal(scores.loc[test, "1-0"], predict(model, views, "min"))
    assert not np.array_equal(scores.loc[test, "0.05-0"], scores.loc[test, "0.05-1"])


def test_a_transfer_repeats_to_the_byte(place, tuned, tmp_path):
    (again,) = run_job(toy_job(place, "gradual"), tmp_path / "again", seeds=(1,))
    assert hashes(again) == hashes(tuned["gradual"])
    assert not list((tmp_path / "again").rglob("*.checkpoint"))


@pytest.mark.parametrize("strategy", ["frozen", "joint"])
def test_a_job_that_was_killed_makes_what_is_missing(place, tuned, tmp_path, monkeypatch, strategy):
    monkeypatch.setattr(cells, "CHECKPOINT_EVERY_S", 0.0)
    fitted = []
    fit = cells.fit

    def stopped(*arguments):
        fitted.append(arguments)
        if len(fitted) == 3:
            interrupt_after(2, lambda: fit(*arguments))
            raise KeyboardInterrupt
        return fit(*arguments)

    monkeypatch.setattr(cells, "fit", stopped)
    job, folder = toy_job(place, strategy), tmp_path / strategy
    with pytest.raises(KeyboardInterrupt):
        run_job(job, folder, seeds=(1,))
    assert len(list(folder.rglob("*.safetensors"))) == 2
    (done,) = run_job(job, folder, seeds=(1,))
    # Three fractions at two rates, and the second draw of the smallest; one of them was begun twice.
    assert len(fitted) == 3 * 2 + 1 + 1
    assert hashes(done) == hashes(tuned[strategy])


@pytest.mark.parametrize(
    ("before", "after"), [((0.05, 0.5, 1.0), (0.05, 0.2, 0.5, 1.0)), ((0.05, 0.5), (0.05, 0.5, 1.0))]
)
def test_one_more_fraction_is_one_more_cell(place, monkeypatch, tmp_path, before, after):
    fitted = []
    fit = cells.fit
    monkeypatch.setattr(cells, "fit", lambda *arguments: (fitted.append(1), fit(*arguments))[1])
    folder = tmp_path / "frozen"
    run_job(toy_job(place, "frozen", fractions=before), folder, seeds=(1,))
    done = len(fitted)
    run_job(toy_job(place, "frozen", fractions=after), folder, seeds=(1,))
    assert len(fitted) - done == 2


def test_a_smaller_set_goes_through_its_labels_less_often(place, monkeypatch, tmp_path):
    passes = []
    fit = cells.fit
    monkeypatch.setattr(cells, "fit", lambda *arguments: (passes.append(arguments[-1]), fit(*arguments))[1])
    meta = toy_meta(300, mission="TESS", prefix="FAR")
    toy_dataset(tmp_path / "there", meta=meta, noise=0.8)
    job = toy_job(place, "from_scratch", target_dataset=tmp_path / "there", fractions=(0.05, 1.0))
    run_job(job, tmp_path / "run", seeds=(1,), draws=1, rates=(1.0,))
    train = meta[meta["split"] == "train"]
    seen = drawn_rows(train["group_id"].to_numpy(str), (train["label"] == "planet").to_numpy(float), 0.05, 0)
    # Rows that the cell does not see, of no class that its share is taken of.
    gone = train.index[~seen & (train["label"] == "not_planet").to_numpy()]
    views = {name: np.delete(view, gone, axis=0) for name, view in toy_views(meta, noise=0.8).items()}
    write_dataset(tmp_path / "there", views, meta.drop(index=gone), {"scale": "min", "settings": {}, "labels": {}})
    first, second = passes[0], len(passes)
    run_job(job, tmp_path / "run", seeds=(1,), draws=1, rates=(1.0,))
    assert passes[second] < first


def test_another_rate_of_fine_tuning_concerns_nobody_else(place, tmp_path, monkeypatch):
    fitted = []
    fit = cells.fit
    monkeypatch.setattr(cells, "fit", lambda *arguments: (fitted.append(1), fit(*arguments))[1])
    for strategy, again in (("frozen", 0), ("fine_tuned", 4)):
        job = toy_job(place, strategy)
        run_job(job, tmp_path / strategy, seeds=(1,), rates=(1.0,))
        before = len(fitted)
        run_job(job._replace(fine_tune_rate=0.2), tmp_path / strategy, seeds=(1,), rates=(1.0,))
        assert len(fitted) - before == again


def test_a_label_that_a_cell_does_not_see_does_not_make_it_again(place, tmp_path, monkeypatch):
    fitted = []
    fit = cells.fit
    monkeypatch.setattr(cells, "fit", lambda *arguments: (fitted.append(1), fit(*arguments))[1])
    job = toy_job(place, "from_scratch", target_dataset=tmp_path / "there")
    meta = toy_meta(300, mission="TESS", prefix="FAR")
    toy_dataset(tmp_path / "there", meta=meta, noise=0.8)
    (first,) = run_job(job, tmp_path / "run", seeds=(1,), rates=(1.0,))
    before, scores = len(fitted), pd.read_parquet(first / "scores.parquet")
    views = toy_views(meta, noise=0.8)
    changed = meta.index[(meta["split"] == "test") & (meta["label"] == "planet")][0]
    meta.loc[changed, ["label", "disposition"]] = ["not_planet", "AFP"]
    write_dataset(tmp_path / "there", views, meta, {"scale": "min", "settings": {}, "labels": {}})
    (again,) = run_job(job, tmp_path / "run", seeds=(1,), rates=(1.0,))
    assert len(fitted) == before
    other = pd.read_parquet(again / "scores.parquet")
    assert (other["truth"] != scores["truth"]).sum() == 1
    assert other.drop(columns="truth").equals(scores.drop(columns="truth"))


def test_a_damaged_cell_is_made_again(place, tuned, tmp_path):
    job = toy_job(place, "from_scratch")
    (first,) = run_job(job, tmp_path / "run", seeds=(1,))
    before = hashes(first)
    cell = next(iter((tmp_path / "run" / "cells" / "1").glob("1-0-*.safetensors")))
    cell.write_bytes(cell.read_bytes()[:-100])
    assert hashes(run_job(job, tmp_path / "run", seeds=(1,))[0]) == before


def test_the_seeds_of_a_strategy_make_an_ensemble(place, tuned, tmp_path):
    folders = [tuned["joint"].parent / seed for seed in ("1", "2")]
    ensemble_models(folders, place / "there", tmp_path / "ensemble")
    description = load_ensemble(tmp_path / "ensemble").description
    assert description["transfer"]["strategy"] == "joint"
    assert description["transfer"]["source"]["name"] == "kepler"
    assert description["calibration"]


def test_few_labels_are_gone_through_more_often():
    assert [passes_over(10_000, rows) for rows in (10_000, 5_000, 2_500, 100)] == [1, 1, 2, 10]


def test_what_was_left_out_is_told_of_the_source(tmp_path):
    settings = TrainingSettings(epochs=1, architecture="lightmill", leave_out=["odd"])
    metas = {"here": toy_meta(150), "there": toy_meta(150, mission="TESS", prefix="FAR")}
    for name, meta in metas.items():
        views = toy_views(meta)
        views |= {"odd": views["local"], "even": views["local"]}
        write_dataset(tmp_path / name, views, meta, {"scale": "min", "settings": {}, "labels": {}})
    train_model(tmp_path / "here", tmp_path / "source" / "1", "planet", None, settings, 1)
    ensemble_models([tmp_path / "source" / "1"], tmp_path / "here", tmp_path / "source" / "ensemble")
    job = toy_job(tmp_path, "zero_shot", settings=settings.model_copy(update={"leave_out": ["even"]}))
    (folder,) = run_job(job, tmp_path / "model", seeds=(1,))
    description = load_model(folder).description
    assert description["settings"]["leave_out"] == ["odd"]
    assert set(description["views"]) == {"global", "local", "even"}
