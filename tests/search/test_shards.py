"""One shard's ephemerides: rows, what is kept between runs, what is not wanted."""

import numpy as np
import pandas as pd
import pytest
from views.stars import START, light_curve, signal

from lightmill.config.search import EphemerisSettings, FindSettings
from lightmill.errors import LightCurveError
from lightmill.files import sha256_file
from lightmill.lightcurves.store import store_path, write_stored
from lightmill.search import shards
from lightmill.search.shards import EPHEMERIS_COLUMNS, FOUND_COLUMNS, find_shard_signals, search_shard_ephemerides

NAN = float("nan")
DRIFTED_D = 0.15
EPHEMERIS = ["period_d", "epoch_bjd", "duration_h", "depth_ppm"]


class Shard:
    """Three stars: one whose transits are elsewhere than listed, one without an epoch, and one without light curve."""

    def __init__(self, folder):
        self.folder = folder
        true = signal(name="01", period_d=7.0)
        self.listed = [
            ("KOI K00001.01", "KIC 2", 7.0, true.epoch_bjd + DRIFTED_D, 5.0, 900.0),
            ("K2 EPIC 3 b", "EPIC 3", 7.0, NAN, NAN, NAN),
            ("KOI K00004.01", "KIC 4", 7.0, START, 5.0, 900.0),
        ]
        fetched = []
        for target_id in ("KIC 2", "EPIC 3"):
            write_stored(folder / "store", light_curve(signals=[true], noise=1e-4, target_id=target_id))
            fetched.append((target_id, "ok", sha256_file(store_path(folder / "store", target_id))))
        fetched.append(("KIC 4", "absent", ""))
        pd.DataFrame(fetched, columns=["target_id", "outcome", "sha256"]).to_parquet(folder / "fetched.parquet")

    def look(self, settings=None, code="a"):
        table = pd.DataFrame(self.listed, columns=["signal_id", "target_id", *EPHEMERIS])
        table = table.assign(period_err_d=NAN, epoch_err_d=0.05, linked="")
        table.to_parquet(self.folder / "signals.parquet")
        search_shard_ephemerides(
            self.folder / "signals.parquet",
            self.folder / "fetched.parquet",
            self.folder / "store",
            self.folder / "cache",
            settings or EphemerisSettings(),
            code,
            self.folder / "ephemerides.parquet",
        )
        return pd.read_parquet(self.folder / "ephemerides.parquet").set_index("signal_id")


@pytest.fixture
def shard(tmp_path):
    return Shard(tmp_path)


def test_what_drifted_is_pulled_back_and_what_lacks_is_completed(shard):
    found = shard.look()
    assert [found.index.name, *found.columns] == list(EPHEMERIS_COLUMNS)
    assert found["ephemeris"].to_dict() == {
        "KOI K00001.01": "refined",
        "K2 EPIC 3 b": "completed",
        "KOI K00004.01": "catalog",
    }
    refined = found.loc["KOI K00001.01"]
    assert refined["catalog_epoch_bjd"] - refined["epoch_bjd"] == pytest.approx(DRIFTED_D, abs=0.02)
    completed = found.loc["K2 EPIC 3 b"]
    away = (completed["epoch_bjd"] - (START + 5.0)) / 7.0
    assert abs(away - round(away)) * 7.0 < 0.02
    assert completed["duration_h"] == pytest.approx(5.0, rel=0.2)
    assert completed["depth_ppm"] == pytest.approx(1000.0, rel=0.1)
    assert np.isnan(completed["catalog_epoch_bjd"])


@pytest.mark.parametrize(
    ("wanted", "left", "called"),
    [({"refine": False}, "KOI K00001.01", "catalog"), ({"complete": False}, "K2 EPIC 3 b", "waiting_for_search")],
)
def test_what_is_not_wanted_stays_as_it_is_listed(shard, wanted, left, called):
    found = shard.look(EphemerisSettings(**wanted))
    assert found.loc[left, "ephemeris"] == called
    row = {
        name: (was, is_)
        for name, was, is_ in zip(
            EPHEMERIS, next(row for row in shard.listed if row[0] == left)[2:], found.loc[left, EPHEMERIS], strict=True
        )
    }
    for name, (was, is_) in row.items():
        np.testing.assert_equal(is_, was, err_msg=name)
    assert found["ephemeris"].isin(["refined", "completed"]).sum() == 1


def test_stars_are_looked_at_once_until_something_changes(shard, monkeypatch):
    looked, real = [], shards.star_ephemerides
    monkeypatch.setattr(
        shards, "star_ephemerides", lambda curve, *rest: (looked.append(curve.target_id), real(curve, *rest))[1]
    )
    first = shard.look()
    assert looked == ["EPIC 3", "KIC 2"]
    pd.testing.assert_frame_equal(shard.look(), first)
    assert len(looked) == 2
    shard.listed[0] = (*shard.listed[0][:4], 4.0, 900.0)
    shard.look()
    assert looked[2:] == ["KIC 2"]
    shard.look(code="b")
    assert len(looked) == 5


def test_a_light_curve_that_is_not_as_fetched_stops_the_shard_and_is_named(shard):
    store_path(shard.folder / "store", "KIC 2").unlink()
    with pytest.raises(LightCurveError, match="KIC 2"):
        shard.look()
    assert not (shard.folder / "ephemerides.parquet").exists()


def test_a_star_of_another_shard_is_refused(shard):
    shard.listed.append(("KOI K00009.01", "KIC 9", 7.0, START, 5.0, 900.0))
    with pytest.raises(
        LightCurveError, match=r"no row for KIC 9, which is wanted; fetch this shard's light curves again"
    ):
        shard.look()


def test_found_signals_have_names_and_are_kept(shard, tmp_path, monkeypatch):
    pd.DataFrame({"target_id": ["KIC 2", "KIC 4"]}).to_parquet(tmp_path / "targets.parquet")
    arguments = [tmp_path / name for name in ("targets.parquet", "fetched.parquet", "store", "cache")]
    find_shard_signals(*arguments, FindSettings(), "a", tmp_path / "found.parquet")
    found = pd.read_parquet(tmp_path / "found.parquet")
    assert list(found.columns) == list(FOUND_COLUMNS)
    assert found["signal_id"].tolist() == ["FOUND KIC 2-01"]
    assert found["period_d"].iloc[0] == pytest.approx(7.0, rel=1e-3)
    assert found["ephemeris"].tolist() == ["found"]

    def searched_again(*arguments, **settings):
        raise AssertionError

    monkeypatch.setattr(shards, "find_signals", searched_again)
    find_shard_signals(*arguments, FindSettings(), "a", tmp_path / "again.parquet")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "again.parquet"), found)


def test_a_shard_without_signals_has_a_valid_empty_table(shard):
    shard.listed = []
    found = shard.look()
    assert len(found) == 0
    assert found["period_d"].dtype == np.float64
