"""Raw light curves of samples: drawn as they were fetched, or not at all."""

import pandas as pd
import pytest
from matplotlib.image import imread
from training.toys import toy_dataset, toy_meta
from views.stars import light_curve

from lightmill.errors import LightCurveError
from lightmill.evaluation.light_curves import plot_sample_light_curves
from lightmill.lightcurves import store_path, write_stored
from lightmill.lightcurves.store import FETCH_AGAIN

N = 8


@pytest.fixture
def sample(tmp_path):
    """A dataset of eight stars, all of which are drawn, and what the plotting function needs."""
    meta = toy_meta(N)
    meta["target_id"] = [f"KIC {number}" for number in range(1, N + 1)]
    meta["label"] = ["planet", "not_planet"] * (N // 2)
    meta["period_d"], meta["epoch_bjd"] = 10.0, 2455005.0
    toy_dataset(tmp_path / "toy", meta=meta)
    stored = [write_stored(tmp_path / "store", light_curve(target_id=name, noise=1e-4)) for name in meta["target_id"]]
    fetched = pd.DataFrame({"target_id": meta["target_id"], "sha256": [each.sha256 for each in stored]})
    fetched.iloc[:3].to_parquet(tmp_path / "000.parquet")
    fetched.iloc[3:].to_parquet(tmp_path / "001.parquet")
    return {
        "dataset": tmp_path / "toy",
        "labels": None,
        "manifests": [tmp_path / "000.parquet", tmp_path / "001.parquet"],
        "store": tmp_path / "store",
        "path": tmp_path / "light_curves.png",
    }


def test_light_curves_are_drawn(sample):
    plot_sample_light_curves(**sample)
    assert imread(sample["path"]).std() > 0.01


def test_light_curves_of_another_run_are_not_drawn(sample):
    write_stored(sample["store"], light_curve(days=50.0, target_id="KIC 2"))
    store_path(sample["store"], "KIC 7").unlink()
    with pytest.raises(LightCurveError) as error:
        plot_sample_light_curves(**sample)
    message = str(error.value)
    assert "  KIC 2: " in message
    assert "  KIC 7: " in message
    assert "(2):" in message
    assert FETCH_AGAIN in message
    assert not sample["path"].exists()


def test_a_star_that_no_manifest_knows_is_named(sample):
    with pytest.raises(LightCurveError, match="KIC 5: has views, but no manifest says that it was fetched"):
        plot_sample_light_curves(**{**sample, "manifests": sample["manifests"][:1]})
