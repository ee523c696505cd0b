"""Signals without a label: all of them ranked, by the ensemble, with what they look like."""

import numpy as np
import pandas as pd
import pytest
from training.toys import toy_dataset, toy_ensemble, toy_meta, toy_views

from lightmill.config.training import TrainingSettings
from lightmill.errors import ModelError
from lightmill.evaluation.unknown import most_similar, rank_unknown
from lightmill.files import sha256_file
from lightmill.training.conformal import calls
from lightmill.training.dataset import read_dataset, write_dataset
from lightmill.training.ensemble import ensemble_probability, load_ensemble, predict_members
from lightmill.training.shift import NOT_VALID, TOO_FEW, VALID
from lightmill.training.uncertainty import uncertainty


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A dataset in which every tenth signal has lost its label, and an ensemble of it."""
    folder = tmp_path_factory.mktemp("unknown")
    meta = toy_meta(300)
    views = toy_views(meta)
    lost = np.arange(300) % 10 == 0
    meta.loc[lost, ["label", "split"]] = ("unknown", "none")
    write_dataset(folder / "toy", views, meta, {"scale": "min", "settings": {}, "labels": {}})
    toy_ensemble(folder / "toy", folder, TrainingSettings(epochs=3, batch_size=32))
    rank_unknown(folder / "toy", folder / "ensemble", folder / "ranked")
    return folder


def test_every_signal_without_a_label_is_ranked_the_most_probable_first(trained):
    table = pd.read_csv(trained / "ranked" / "candidates.csv", float_precision="round_trip")
    data = read_dataset(trained / "toy")
    unknown = data.meta[data.meta["label"] == "unknown"]
    assert sorted(table["signal_id"]) == sorted(unknown["signal_id"])
    assert table["probability"].is_monotonic_decreasing
    assert table["rank"].tolist() == list(range(1, 31))
    assert (table["rank_low"] <= table["rank_high"]).all()
    assert table["rank_low"].min() == 1
    assert table["rank_high"].max() == 30
    models = load_ensemble(trained / "ensemble")
    views = {name: np.asarray(data.views[name][unknown.index]) for name in ("global", "local")}
    members = predict_members(models, views, "min")
    expected = pd.Series(ensemble_probability(models, members), unknown["signal_id"])
    np.testing.assert_allclose(table["probability"], expected[table["signal_id"]], rtol=1e-12)
    doubt = pd.DataFrame(uncertainty(members)._asdict(), index=unknown["signal_id"]).loc[table["signal_id"]]
    for column in ("spread", "aleatoric", "epistemic"):
        np.testing.assert_allclose(table[column], doubt[column], rtol=1e-12)
    limits = models.description["conformal"]
    assert table["call"].tolist() == calls(table["probability"].to_numpy(), limits).tolist()
    parquet = pd.read_parquet(trained / "ranked" / "candidates.parquet")
    assert list(parquet.columns) == list(table.columns)
    assert parquet["signal_id"].tolist() == table["signal_id"].tolist()


def test_what_looks_like_a_planet_is_likened_to_planets(trained):
    table = pd.read_csv(trained / "ranked" / "candidates.csv")
    likened = table["similar_labels"].str.count("positive")
    assert likened.head(8).mean() > 2
    assert likened.tail(8).mean() < 1
    known = set(read_dataset(trained / "toy").meta.query("label != 'unknown'")["signal_id"])
    assert all(len(names) == 3 and set(names) <= known for names in table["similar"].str.split("; "))


def test_the_most_similar_signal_is_the_same_one_scaled_and_moved(trained):
    data = read_dataset(trained / "toy")
    rows = np.arange(5)
    assert np.array_equal(most_similar(data, rows, np.arange(300))[:, 0], rows)


def test_without_any_there_are_no_rows_and_another_dataset_is_refused(trained, tmp_path):
    toy_dataset(tmp_path / "other", n=200)
    with pytest.raises(ModelError, match="not the dataset"):
        rank_unknown(tmp_path / "other", trained / "ensemble", tmp_path)
    toy_ensemble(tmp_path / "other", tmp_path, TrainingSettings(epochs=1), seeds=[1])
    rank_unknown(tmp_path / "other", tmp_path / "ensemble", tmp_path / "ranked")
    table = pd.read_csv(tmp_path / "ranked" / "candidates.csv")
    assert len(table) == 0
    assert "probability" in table.columns


def test_the_same_again_gives_the_same_bytes(trained, tmp_path):
    rank_unknown(trained / "toy", trained / "ensemble", tmp_path)
    for name in ("candidates.csv", "candidates.parquet"):
        assert sha256_file(tmp_path / name) == sha256_file(trained / "ranked" / name)


@pytest.mark.parametrize(
    ("lost", "moved", "said"),
    [(200, 0.0, VALID), (200, 3.0, NOT_VALID), (40, 3.0, TOO_FEW)],
    ids=["alike", "not", "few"],
)
def test_where_candidates_look_otherwise_the_calibration_is_not_valid(tmp_path, lost, moved, said):
    meta = toy_meta(600)
    views = toy_views(meta)
    unknown = np.arange(600) >= 600 - lost
    meta.loc[unknown, ["label", "split"]] = ("unknown", "none")
    views = {name: view + np.float32(moved) * unknown[:, None] for name, view in views.items()}
    write_dataset(tmp_path / "toy", views, meta, {"scale": "min", "settings": {}, "labels": {}})
    toy_ensemble(tmp_path / "toy", tmp_path, TrainingSettings(epochs=1, batch_size=64), seeds=[1])
    rank_unknown(tmp_path / "toy", tmp_path / "ensemble", tmp_path)
    table = pd.read_csv(tmp_path / "candidates.csv")
    assert set(table["calibration"]) == {said}
    assert table["shift_auc"].nunique() == (0 if said == TOO_FEW else 1)
    # Nobody has promised anything of such signals.
    assert (set(table["call"]) == {"by_eye"}) >= (said == NOT_VALID)
    assert said == TOO_FEW or (table["shift_auc"] > 0.7).all() == (said == NOT_VALID)
