"""Which signals are explained, and what is written of them."""

import numpy as np
import pandas as pd
import pytest
from training.toys import LENGTHS, toy_dataset, toy_ensemble, toy_meta, toy_views

from lightmill.config.training import TrainingSettings
from lightmill.errors import ModelError
from lightmill.evaluation.explanation import chosen_signals, explain_signals
from lightmill.files import sha256_file
from lightmill.training.dataset import read_dataset, write_dataset
from lightmill.training.ensemble import ensemble_probability, load_ensemble, predict_members

FILES = ("explanations.npz", "explanations.csv", "explanations.png")


@pytest.fixture(scope="module")
def explained(tmp_path_factory):
    """A dataset in which every tenth signal has lost its label, an ensemble of it, and 24 signals explained."""
    folder = tmp_path_factory.mktemp("explained")
    meta = toy_meta(300)
    views = toy_views(meta)
    meta.loc[np.arange(300) % 10 == 0, ["label", "split"]] = ("unknown", "none")
    write_dataset(folder / "toy", views, meta, {"scale": "min", "settings": {}, "labels": {}})
    toy_ensemble(folder / "toy", folder, TrainingSettings(epochs=3, batch_size=32))
    explain_signals(folder / "toy", folder / "ensemble", 24, folder)
    return folder


def test_the_kinds_share_the_count_and_come_in_their_order():
    truth = np.array([1, 1, 1, 0, 0, 0, np.nan, np.nan, np.nan, 1])
    test = np.array([True] * 6 + [False] * 4)
    probability = np.array([0.7, 0.9, 0.2, 0.1, 0.05, 0.8, 0.3, 0.6, 0.4, np.nan])
    rows, kinds = chosen_signals(truth, test, probability, threshold=0.5, count=8)
    assert list(zip(rows.tolist(), kinds.tolist(), strict=True)) == [
        *[(7, "candidate"), (8, "candidate")],
        *[(2, "wrong"), (5, "wrong")],
        *[(1, "sure_positive"), (0, "sure_positive")],
        *[(4, "sure_negative"), (3, "sure_negative")],
    ]
    # Without candidates the others have more, and none of them is left without.
    rows, kinds = chosen_signals(truth[:6], test[:6], probability[:6], threshold=0.5, count=1)
    assert kinds.tolist() == ["wrong", "sure_positive", "sure_negative"]


def test_what_is_written_adds_up_and_the_dip_carries_it(explained):
    with np.load(explained / "explanations.npz", allow_pickle=False) as file:
        arrays = dict(file)
    table = pd.read_csv(explained / "explanations.csv", float_precision="round_trip")
    assert table["signal_id"].tolist() == arrays["signal_id"].tolist()
    # In this world nothing is called wrongly.
    assert table["kind"].tolist() == ["candidate"] * 8 + ["sure_positive"] * 8 + ["sure_negative"] * 8
    for name, bins in LENGTHS.items():
        assert arrays[f"{name}_attribution"].shape == (len(table), bins)
        assert arrays[f"{name}_attribution"].dtype == np.float32
    summed = sum(arrays[f"{name}_attribution"].astype(float).sum(axis=1) for name in LENGTHS)
    difference = table["logit"] - table["flat_logit"]
    np.testing.assert_allclose(summed - difference, table["completeness"], atol=1e-9)
    assert (table["completeness"].abs() < 0.01 * difference.abs() + 0.01).all()
    np.testing.assert_allclose(table["share_global"] + table["share_local"], 1)
    # Of planets four bins in the middle of each view dip: a small part of the view, and most of what is said.
    planets = (table["kind"] == "sure_positive").to_numpy()
    for name, bins in LENGTHS.items():
        size = np.abs(arrays[f"{name}_attribution"][planets])
        middle = slice(bins // 2 - 2, bins // 2 + 2)
        assert size[:, middle].sum() > 0.6 * size.sum()
        assert (arrays[f"{name}_attribution"][planets][:, middle].sum(axis=1) > 0).all()


def test_without_a_view_the_probability_is_that_of_a_flat_one(explained):
    table = pd.read_csv(explained / "explanations.csv", float_precision="round_trip").set_index("signal_id")
    data, models = read_dataset(explained / "toy"), load_ensemble(explained / "ensemble")
    rows = data.meta.reset_index().set_index("signal_id").loc[table.index, "index"].to_numpy()
    views = {name: np.asarray(data.views[name][rows]) for name in LENGTHS}

    def probability(views):
        return ensemble_probability(models, predict_members(models, views, "min"))

    np.testing.assert_allclose(table["probability"], probability(views), rtol=1e-6)
    for name in LENGTHS:
        without = probability({**views, name: np.zeros_like(views[name])})
        np.testing.assert_allclose(table[f"without_{name}"], without, rtol=1e-6)
    sure = table[table["kind"] == "sure_positive"]
    assert (sure["without_local"] < sure["probability"]).all()


def test_the_same_again_gives_the_same_bytes(explained, tmp_path):
    explain_signals(explained / "toy", explained / "ensemble", 24, tmp_path)
    for name in FILES:
        assert sha256_file(tmp_path / name) == sha256_file(explained / name)


def test_another_dataset_is_refused(explained, tmp_path):
    toy_dataset(tmp_path / "other", n=200)
    with pytest.raises(ModelError, match="not the dataset"):
        explain_signals(tmp_path / "other", explained / "ensemble", 8, tmp_path)
    assert not (tmp_path / "explanations.npz").exists()
