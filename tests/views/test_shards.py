"""A shard's files: rows, outcomes, checksums, bytes."""

import hashlib
import json

import numpy as np
import pandas as pd
import pytest
from views.stars import START, light_curve, signal

from lightmill.config.views import ViewSettings
from lightmill.errors import LightCurveError
from lightmill.files import sha256_file
from lightmill.lightcurves import store_path, write_stored
from lightmill.lightcurves.store import FETCH_AGAIN
from lightmill.views import Signal, make_shard_views, stored_light_curves
from lightmill.views.layout import MEASURES, array_layout

SMALL = ViewSettings(**{"global": {"length": 200}, "local": {"length": 51}, "more": ["odd", "centroid"]})
COLUMNS = [
    *("signal_id", "target_id", "mission", "period_d", "epoch_bjd", "duration_h", "ephemeris"),
    *MEASURES,
    *("present_odd", "present_centroid"),
    *("star_magnitude", "star_teff_k", "star_logg", "star_radius_rsun"),
]
FILES = [*(f"{name}.npy" for name in array_layout(SMALL)), "meta.parquet"]
NAN = float("nan")


class Shard:
    def __init__(self, folder):
        self.folder, self.store, self.signals, self.fetched = folder, folder / "store", [], []

    def target(self, target_id, outcome="ok", signals=()):
        sha256 = ""
        if outcome == "ok":
            curve = light_curve(signals=[each for each in signals if not each.defect], noise=1e-4, target_id=target_id)
            write_stored(self.store, curve)
            sha256 = sha256_file(store_path(self.store, target_id))
        self.fetched.append({"target_id": target_id, "outcome": outcome, "sha256": sha256})
        for each in signals:
            row = (each.signal_id, target_id, each.period_d, each.epoch_bjd, each.duration_h, each.depth_ppm)
            row += ("; ".join(sorted(each.linked)),)
            self.signals.append(row)

    def make(self, name="views"):
        names = ["signal_id", "target_id", "period_d", "epoch_bjd", "duration_h", "depth_ppm", "linked"]
        kinds = dict.fromkeys(names, "str") | dict.fromkeys(names[2:6], "float64")
        table = pd.DataFrame(self.signals, columns=names).astype(kinds)
        table.to_parquet(self.folder / "signals.parquet")
        fetched = pd.DataFrame(self.fetched, columns=["target_id", "outcome", "sha256"]).astype("str")
        fetched.to_parquet(self.folder / "fetched.parquet")
        out = self.folder / name
        light_curves = stored_light_curves(self.folder / "fetched.parquet", self.store)
        make_shard_views(self.folder / "signals.parquet", light_curves, out, SMALL)
        return out

    def manifest(self, name="views"):
        return json.loads((self.make(name) / "manifest.json").read_text())


@pytest.fixture
def shard(tmp_path):
    shard = Shard(tmp_path)
    shard.target("KIC 2", signals=[signal(name="z2"), signal(period_d=17.0, epoch_bjd=START + 9, name="a1")])
    shard.target("KIC 10", signals=[signal(name="m1"), signal(duration_h=NAN, name="m2"), signal(NAN, name="m3")])
    shard.target("KIC 11", "absent", signals=[signal(name="n1"), signal(epoch_bjd=NAN, name="n2")])
    shard.target("KIC 12", signals=[signal(period_d=1000.0, epoch_bjd=START + 500, name="o1")])
    return shard


def test_rows_are_sorted_by_signal_and_fit_their_arrays(shard):
    out = shard.make()
    meta = pd.read_parquet(out / "meta.parquet")
    assert list(meta.columns) == COLUMNS
    assert [name.split(".")[1] for name in meta["signal_id"]] == ["a1", "m1", "z2"]
    assert meta["target_id"].tolist() == ["KIC 2", "KIC 10", "KIC 2"]
    assert set(meta["mission"]) == {"Kepler"}
    for name, form in array_layout(SMALL).items():
        array = np.load(out / f"{name}.npy", allow_pickle=False)
        assert (array.shape, array.dtype) == ((3, *form.shape), form.dtype)
        assert np.isfinite(array).all()
    assert meta["present_odd"].all()
    assert set(meta["ephemeris"]) == {"catalog"}
    for name in ("global", "local"):
        array = np.load(out / f"{name}.npy", allow_pickle=False)
        depth = -array.min(axis=1) * meta[f"scale_{name}"].to_numpy()
        assert depth == pytest.approx(1e-3, rel=0.2)


def test_one_planet_listed_twice_keeps_its_transits(tmp_path):
    # Two sectors' worth of period apart: 0.2 %, too much for a harmonic, too little to miss the other's transits.
    def twice(linked):
        names = ("KOI K00001.a", "KOI K00001.b")
        return [
            Signal(name, period_d, START + 5.0, 5.0, 1000.0, frozenset({other}) if linked else frozenset())
            for name, other, period_d in zip(names, names[::-1], (10.0, 10.02), strict=True)
        ]

    found = []
    for linked in (True, False):
        (tmp_path / str(linked)).mkdir()
        shard = Shard(tmp_path / str(linked))
        shard.target("KIC 2", signals=twice(linked))
        found.append(shard.manifest()["counts"])
    assert found == [{"ok": 2}, {"no_data_in_transit": 2}]


def test_an_ephemeris_that_cannot_be_is_an_outcome_with_its_reason(tmp_path):
    shard = Shard(tmp_path)
    absurd = [signal(period_d=1e-300, name="a"), signal(epoch_bjd=1e300, name="b"), signal(duration_h=-1.0, name="c")]
    shard.target("KIC 2", signals=[*absurd, signal(name="d")])
    manifest = shard.manifest()
    assert manifest["counts"] == {"unfoldable": 3, "ok": 1}
    assert all(each["detail"] for each in manifest["outcomes"].values() if each["outcome"] == "unfoldable")


def test_every_signal_has_an_outcome(shard):
    manifest = shard.manifest()
    found = {name.split(".")[1]: (each["outcome"], each["detail"]) for name, each in manifest["outcomes"].items()}
    assert found == {
        "a1": ("ok", ""),
        "z2": ("ok", ""),
        "m1": ("ok", ""),
        "m2": ("waiting_for_search", ""),
        "m3": ("single_transit", ""),
        "n1": ("no_light_curve", "absent"),
        "n2": ("waiting_for_search", ""),
        "o1": ("no_data_in_transit", "no cadence in transit"),
    }
    assert manifest["counts"] == {
        "ok": 3,
        "waiting_for_search": 2,
        "single_transit": 1,
        "no_light_curve": 1,
        "no_data_in_transit": 1,
    }
    assert manifest["rows"] == 3
    assert manifest["arrays"]["global"] == {"shape": [200], "dtype": "float32"}
    assert manifest["arrays"]["centroid_count"] == {"shape": [2, 51], "dtype": "uint16"}
    assert ViewSettings(**manifest["settings"]) == SMALL


def test_the_manifest_holds_the_checksums(shard):
    out = shard.make()
    manifest = json.loads((out / "manifest.json").read_text())
    assert set(manifest["sha256"]) == set(FILES)
    for name, expected in manifest["sha256"].items():
        assert hashlib.sha256((out / name).read_bytes()).hexdigest() == expected


def test_the_same_shard_gives_the_same_bytes_in_any_order(shard):
    first = shard.make("first")
    shard.signals.reverse()
    shard.fetched.reverse()
    second = shard.make("second")
    for name in (*FILES, "manifest.json"):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name


def test_light_curves_that_are_not_as_fetched_stop_the_shard_and_are_all_named(shard):
    # Another run on the same store, whose archive holds another light curve of that star; damage; and a loss.
    write_stored(shard.store, light_curve(days=50.0, target_id="KIC 10"))
    path = store_path(shard.store, "KIC 2")
    path.write_bytes(path.read_bytes()[:-40])
    store_path(shard.store, "KIC 12").unlink()
    with pytest.raises(LightCurveError) as error:
        shard.make()
    lines = str(error.value).splitlines()
    assert lines[0] == "light curves that are not in the store as this run fetched them (3):"
    for target_id, reason in (("KIC 10", "has SHA-256 "), ("KIC 12", "no such file"), ("KIC 2", "has SHA-256 ")):
        (line,) = [line for line in lines if line.startswith(f"  {target_id}: ")]
        assert line.startswith(f"  {target_id}: {store_path(shard.store, target_id)}: {reason}")
    assert f"  {FETCH_AGAIN}" in lines
    assert not (shard.folder / "views").exists()


def test_one_light_curve_that_is_not_as_fetched_is_enough(shard):
    shard.make("before")
    write_stored(shard.store, light_curve(days=50.0, target_id="KIC 10"))
    with pytest.raises(LightCurveError, match=r"\(1\):\n  KIC 10: .*\n(?!  KIC)"):
        shard.make()


def test_a_light_curve_that_nothing_is_folded_on_is_not_asked_for(tmp_path):
    shard = Shard(tmp_path)
    shard.target("KIC 2", signals=[signal(duration_h=NAN, name="m2")])
    store_path(shard.store, "KIC 2").unlink()
    assert shard.manifest()["counts"] == {"waiting_for_search": 1}


def test_an_empty_shard_has_valid_empty_arrays(tmp_path):
    out = Shard(tmp_path).make()
    assert np.load(out / "global.npy").shape == (0, 200)
    assert np.load(out / "local.npy").shape == (0, 51)
    meta = pd.read_parquet(out / "meta.parquet")
    assert (list(meta.columns), len(meta)) == (COLUMNS, 0)
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["rows"], manifest["outcomes"], manifest["counts"]) == (0, {}, {})


def test_empty_and_full_shards_have_the_same_column_types(shard, tmp_path):
    (tmp_path / "empty").mkdir()
    empty = pd.read_parquet(Shard(tmp_path / "empty").make() / "meta.parquet")
    assert empty.dtypes.to_dict() == pd.read_parquet(shard.make() / "meta.parquet").dtypes.to_dict()


def test_lists_that_are_not_of_one_shard_are_refused(shard):
    shard.fetched = shard.fetched[1:]
    with pytest.raises(LightCurveError, match=r"fetched\.parquet: no row for KIC 2, which is wanted"):
        shard.make()
