"""Found signals ranked by an ensemble: every one of them listed, each with the scores of its own views."""

import numpy as np
import pandas as pd
import pytest
from training.toys import toy_dataset, toy_ensemble, toy_meta, toy_views

from lightmill.config.training import TrainingSettings
from lightmill.errors import ViewError
from lightmill.evaluation.candidates import rank_candidates
from lightmill.files import sha256_file, write_json
from lightmill.training.ensemble import ensemble_probability, load_ensemble, predict_members
from lightmill.training.shift import TOO_FEW
from lightmill.training.uncertainty import uncertainty

FOUND = toy_meta(12, prefix="FOUND")["signal_id"].tolist()
VIEWS = toy_views(toy_meta(12, prefix="FOUND"), seed=5)


@pytest.fixture(scope="module")
def ensemble(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ensemble")
    toy_dataset(folder / "toy", n=150)
    toy_ensemble(folder / "toy", folder, TrainingSettings(epochs=1, batch_size=64))
    return folder / "ensemble"


def shard(folder, rows, views=VIEWS):
    """Views of some of the found signals, as `make_found_views` leaves them."""
    folder.mkdir()
    for name, array in views.items():
        np.save(folder / f"{name}.npy", array[rows])
    meta = {"signal_id": [FOUND[row] for row in rows], "target_id": [f"KIC {row // 2}" for row in rows]}
    pd.DataFrame(meta, dtype="string").to_parquet(folder / "meta.parquet")
    files = [*(f"{name}.npy" for name in views), "meta.parquet"]
    manifest = {
        "arrays": {name: {} for name in views},
        "settings": {"scale": "min"},
        "sha256": {name: sha256_file(folder / name) for name in files},
    }
    write_json(folder / "manifest.json", manifest)
    return folder


def rank(ensemble, folder, shards, found=FOUND):
    pd.DataFrame({"signal_id": found, "snr": np.arange(len(found)) + 0.1}).to_csv(folder / "found.csv", index=False)
    rank_candidates(ensemble, folder / "found.csv", shards, folder / "candidates.csv", "a_name")
    return pd.read_csv(folder / "candidates.csv", float_precision="round_trip")


def test_all_are_listed_the_most_probable_first_and_those_without_views_last(ensemble, tmp_path):
    shards = [shard(tmp_path / "001", [7, 0, 3]), shard(tmp_path / "000", [1, 9]), shard(tmp_path / "002", [])]
    ranked = rank(ensemble, tmp_path, shards)
    assert sorted(ranked["signal_id"]) == sorted(FOUND)
    assert set(ranked["scored_by"]) == {"a_name"}
    with_views, without = ranked.iloc[:5], ranked.iloc[5:]
    assert sorted(with_views["signal_id"]) == [FOUND[row] for row in (0, 1, 3, 7, 9)]
    assert with_views["probability"].is_monotonic_decreasing
    assert without[["probability", "probability_spread", "aleatoric", "epistemic"]].isna().all(axis=None)
    # Of six stars nothing can be said.
    assert set(ranked["calibration"]) == {TOO_FEW}
    assert ranked["shift_auc"].isna().all()
    models = load_ensemble(ensemble)
    members = predict_members(models, VIEWS, "min")
    probability = ensemble_probability(models, members)
    rows = [FOUND.index(signal_id) for signal_id in with_views["signal_id"]]
    assert with_views["probability"].to_numpy() == pytest.approx(probability[rows], rel=1e-4)
    assert with_views["probability_spread"].to_numpy() == pytest.approx(members.std(axis=0)[rows], rel=1e-3, abs=1e-7)
    doubt = uncertainty(members)
    assert with_views["aleatoric"].to_numpy() == pytest.approx(doubt.aleatoric[rows], rel=1e-3)
    assert with_views["epistemic"].to_numpy() == pytest.approx(doubt.epistemic[rows], rel=1e-3, abs=1e-9)
    assert with_views["snr"].tolist() == [row + 0.1 for row in rows]


def test_views_that_do_not_belong_are_refused(ensemble, tmp_path):
    one = shard(tmp_path / "000", [0, 1])
    with pytest.raises(ViewError, match=rf"has no signal '{FOUND[1]}', of which there are views; search again"):
        rank(ensemble, tmp_path, [one], found=FOUND[:1])
    without = shard(tmp_path / "001", [2], {"global": VIEWS["global"]})
    with pytest.raises(ViewError, match="no local view, which the model needs"):
        rank(ensemble, tmp_path, [without])
    (one / "local.npy").unlink()
    with pytest.raises(ViewError, match=r"views .*000 is damaged \(local\.npy\): delete the folder and run again"):
        rank(ensemble, tmp_path, [one])
