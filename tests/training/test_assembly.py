import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lightmill.catalogs.crosswalk import other_names, read_crosswalk
from lightmill.catalogs.splits import hashed_splits, own_split
from lightmill.config.catalogs import LabelPolicy, LabelSettings, SplitSettings
from lightmill.config.views import ImportedViews, ViewSettings
from lightmill.errors import LabelError, ViewError
from lightmill.files import read_json, sha256_file, write_json, write_npy, write_parquet
from lightmill.training.assembly import assemble_dataset, import_dataset, label_by_policy
from lightmill.training.dataset import read_dataset
from lightmill.views.layout import MEASURES, STAR_COLUMNS, array_layout, presence_column

VIEWS = ViewSettings(**{"global": {"length": 32}, "local": {"length": 20}, "more": ["odd", "centroid"]})
SPLITS = ("train", "train", "train", "validation", "test")


def signals(n):
    """n signals, every third of a planet and every tenth unknown; splits dealt in turn."""
    i = np.arange(n)
    label = np.where(i % 10 == 9, "unknown", np.where(i % 3 == 0, "planet", "not_planet"))
    return pd.DataFrame(
        {
            "signal_id": [f"KOI K{k:05d}.01" for k in i],
            "target_id": [f"KIC {k + 1}" for k in i],
            "star_id": [f"KIC {k + 1}" for k in i],
            "group_id": [f"KIC {k + 1}" for k in i],
            "label": label,
            "label_source": "koi:" + pd.Series(label),
            "disposition": np.where(label == "planet", "CONFIRMED", "FALSE POSITIVE"),
            "split": [SPLITS[(k // 3) % 5] for k in i],
            "table": "koi",
        }
    )


def write_shard(folder: Path, labels: pd.DataFrame, settings=VIEWS, without=(), why="no_light_curve"):
    """One shard as make_views and shard_catalog leave it; returns the views by signal."""
    made = labels[~labels["signal_id"].isin(without)]
    generator = np.random.default_rng(int(folder.name))
    layout = array_layout(settings)
    arrays = {
        name: generator.uniform(0, 9, (len(made), *form.shape)).astype(form.dtype) for name, form in layout.items()
    }
    for name, array in arrays.items():
        write_npy(folder / f"{name}.npy", array)
    meta = made[["signal_id", "target_id"]].assign(mission="Kepler", ephemeris="refined")
    ephemeris = dict.fromkeys(("period_d", "epoch_bjd", "duration_h", *STAR_COLUMNS), "float64")
    for number, (column, kind) in enumerate({**ephemeris, **MEASURES}.items()):
        meta[column] = (np.arange(len(made)) + number).astype(kind)
    for view in settings.more:
        meta[presence_column(view)] = np.arange(len(made)) % 2 == 0
    write_parquet(folder / "meta.parquet", meta)
    outcomes = {signal: {"outcome": "ok", "detail": ""} for signal in made["signal_id"]}
    lost = labels["signal_id"][labels["signal_id"].isin(without)]
    outcomes |= {signal: {"outcome": why, "detail": "absent"} for signal in lost}
    forms = {name: form._asdict() for name, form in layout.items()}
    manifest = {"arrays": forms, "settings": settings.model_dump(by_alias=True), "outcomes": outcomes}
    names = [*(f"{name}.npy" for name in arrays), "meta.parquet"]
    manifest["sha256"] = {name: sha256_file(folder / name) for name in names}
    write_json(folder / "manifest.json", manifest)
    return {
        signal: {name: array[row] for name, array in arrays.items()} for row, signal in enumerate(made["signal_id"])
    }


def mission(tmp_path, labels, **named):
    """Two shards of the given labels, and what `assemble_dataset` wants to know."""
    views, lists, truth = [], [], {}
    for shard in (0, 1):
        part = labels.iloc[shard::2].reset_index(drop=True)
        folder = tmp_path / "views" / f"{shard:03d}"
        truth |= write_shard(folder, part, **named)
        views.append(folder)
        lists.append(tmp_path / "labels" / f"{shard:03d}.parquet")
        write_parquet(lists[-1], part)
    shares = {"CONFIRMED": {"rows": 100, "resolved": 98}, "FALSE POSITIVE": {"rows": 100, "resolved": 97}}
    write_json(tmp_path / "Kepler.json", {"mission": "Kepler", "tables": {"koi": shares}})
    return {"views": views, "labels": lists, "resolved": tmp_path / "Kepler.json", "settings": LabelSettings()}, truth


def test_every_signal_with_a_view_is_in_with_its_own_views_and_labels(tmp_path):
    labels = signals(60)
    lost = ("KOI K00007.01", "KOI K00040.01")
    parts, truth = mission(tmp_path, labels, without=lost)
    assemble_dataset(tmp_path / "Kepler", **parts)
    data = read_dataset(tmp_path / "Kepler")
    assert list(data.meta["signal_id"]) == sorted(set(labels["signal_id"]) - set(lost))
    for row, signal in enumerate(data.meta["signal_id"]):
        assert set(data.views) == set(truth[signal])
        for name, array in truth[signal].items():
            np.testing.assert_array_equal(data.views[name][row], array)
    kept = labels.set_index("signal_id").loc[data.meta["signal_id"]]
    for column in ("label", "split", "group_id", "disposition", "label_source"):
        assert data.meta[column].tolist() == kept[column].tolist()
    assert (data.meta["label"] == "unknown").any()
    assert data.views["centroid"].shape == (58, 2, 20)
    assert data.views["odd_count"].dtype == np.uint16
    assert set(data.meta["ephemeris"]) == {"refined"}
    assert data.meta["present_odd"].any()
    assert not data.meta["present_odd"].all()
    assert not data.meta["present_even"].any()  # not made
    assert data.manifest["description"]["scale"] == "mad"
    assert data.manifest["description"]["labels"]["koi"]["planet"] == ["CONFIRMED"]


@pytest.mark.parametrize("name", ["global.npy", "local.npy", "meta.parquet", "manifest.json"])
def test_damaged_views_of_a_shard_are_not_joined(tmp_path, name):
    parts, _ = mission(tmp_path, signals(60))
    path = parts["views"][1] / name
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(ViewError, match=rf"views .*001 is damaged \({name}\): delete the folder and run again"):
        assemble_dataset(tmp_path / "Kepler", **parts)
    assert not (tmp_path / "Kepler").exists()


def test_the_log_tells_outcomes_and_splits_by_label(tmp_path, caplog):
    parts, _ = mission(tmp_path, signals(60), without=("KOI K00000.01",))
    with caplog.at_level("INFO", logger="lightmill"):
        assemble_dataset(tmp_path / "Kepler", **parts)
    assert "no_light_curve" in caplog.text
    assert "validation" in caplog.text


def test_the_order_of_shards_changes_no_byte(tmp_path):
    parts, _ = mission(tmp_path, signals(60))
    assemble_dataset(tmp_path / "a" / "Kepler", **parts)
    backwards = parts | {"views": parts["views"][::-1], "labels": parts["labels"][::-1]}
    assemble_dataset(tmp_path / "b" / "Kepler", **backwards)
    for path in sorted((tmp_path / "a" / "Kepler").iterdir()):
        assert path.read_bytes() == (tmp_path / "b" / "Kepler" / path.name).read_bytes(), path.name


@pytest.mark.parametrize("edit", [{"scale": "depth"}, {"local": {"length": 21}}])
def test_shards_made_differently_are_not_mixed(tmp_path, edit):
    labels = signals(60)
    parts, _ = mission(tmp_path, labels)
    other = ViewSettings(**{**VIEWS.model_dump(by_alias=True), **edit})
    write_shard(tmp_path / "views" / "001", labels.iloc[1::2].reset_index(drop=True), other)
    with pytest.raises(ViewError, match="one dataset has one kind of views"):
        assemble_dataset(tmp_path / "Kepler", **parts)


def test_a_view_of_a_signal_without_label_is_refused(tmp_path):
    labels = signals(60)
    parts, _ = mission(tmp_path, labels)
    write_parquet(parts["labels"][0], labels.iloc[2::2])
    with pytest.raises(ViewError, match=r"'KOI K00000\.01' has a view but stands in no label list"):
        assemble_dataset(tmp_path / "Kepler", **parts)


def test_a_split_without_planets_is_refused_with_advice(tmp_path):
    labels = signals(60)
    labels.loc[(labels["split"] == "validation") & (labels["label"] == "planet"), "label"] = "unknown"
    parts, _ = mission(tmp_path, labels)
    with pytest.raises(LabelError, match=r"Kepler: no planet in the split 'validation'.*stratified"):
        assemble_dataset(tmp_path / "Kepler", **parts)


@pytest.mark.parametrize(
    ("why", "advice"),
    [
        ("waiting_for_search", r"leave search\.complete on, download the table again"),
        ("no_light_curve", r"manifest\.json"),
    ],
)
def test_a_split_that_has_planets_but_no_views_of_them_is_told_why(tmp_path, why, advice):
    labels = signals(60)  # 18 planets, 36 others and 6 unknown; 10 planets train
    planets = labels[labels["label"] == "planet"]
    lost = planets.loc[planets["split"] != "train", "signal_id"]
    parts, _ = mission(tmp_path, labels, without=tuple(lost), why=why)
    with pytest.raises(LabelError) as raised:
        assemble_dataset(tmp_path / "Kepler", **parts)
    message = str(raised.value)
    in_validation = (planets["split"] == "validation").sum()
    assert f"none of the {in_validation} signals labelled planet in the split 'validation' has a view" in message
    planet = ", ".join(sorted([f"{len(lost)} {why}", f"{18 - len(lost)} ok"], key=lambda part: part.split()[1]))
    assert f"not_planet: 36 ok; planet: {planet}; unknown: 6 ok" in message
    assert re.search(advice, message)
    assert "stratified" not in message


def test_a_star_in_two_splits_is_refused(tmp_path):
    labels = signals(60)
    labels.loc[[0, 59], ["star_id", "group_id"]] = "KIC 1"
    parts, _ = mission(tmp_path, labels)
    with pytest.raises(LabelError, match="'KIC 1' is in"):
        assemble_dataset(tmp_path / "Kepler", **parts)


def test_rejection_must_not_be_a_label(tmp_path):
    parts, _ = mission(tmp_path, signals(60))
    shares = {"CONFIRMED": {"rows": 577, "resolved": 40}, "FALSE POSITIVE": {"rows": 242, "resolved": 237}}
    write_json(parts["resolved"], {"mission": "K2", "tables": {"k2pandc": shares}})
    with pytest.raises(LabelError, match=r"no dataset of K2 .* 6\.9% of the CONFIRMED"):
        assemble_dataset(tmp_path / "Kepler", **parts)


def test_dispositions_become_labels_by_the_policy():
    policy = LabelPolicy(planet=["PC"], not_planet=["J", "EB"])
    assert label_by_policy(pd.Series(["PC", "EB", "O"]), policy).tolist() == ["planet", "not_planet", "unknown"]


def imported(tmp_path, n=300, numbers=()):
    generator = np.random.default_rng(0)
    views = {}
    for name, bins in (("global_view", 32), ("local_view", 20)):
        view = generator.normal(size=(n, bins))
        view -= np.median(view, axis=1, keepdims=True)
        views[name] = (view / -view.min(axis=1, keepdims=True)).astype(np.float32)
    disposition = np.where(np.arange(n) % 3 == 0, "PC", "J")
    stars = 1000 + np.arange(n) // 2
    stars[: len(numbers)] = numbers
    np.savez(tmp_path / "set.npz", **views, tic_id=stars, Disposition=disposition)
    settings = ImportedViews(
        files=[str(tmp_path / "set.npz")],
        mission="TESS",
        star="tic_id",
        disposition="Disposition",
        labels=LabelPolicy(planet=["PC"], not_planet=["J"]),
    )
    return settings


def test_an_imported_set_is_a_dataset_split_by_the_hash_of_its_stars(tmp_path):
    settings, splits = imported(tmp_path), SplitSettings(method="stratified")
    import_dataset(tmp_path / "yu", tmp_path / "rejected.csv", "yu", [tmp_path / "set.npz"], settings, splits)
    data = read_dataset(tmp_path / "yu")
    assert len(data.meta) == 300
    assert data.meta["signal_id"].iloc[0] == "yu 1000-1"
    assert data.meta["star_id"].iloc[0] == "TIC 1000"
    assert (data.meta["split"] == [own_split(star, splits) for star in data.meta["star_id"]]).all()
    assert set(data.meta["label_source"]) == {"yu:PC", "yu:J"}
    assert data.manifest["description"]["scale"] == "min"
    assert "files" not in data.manifest["description"]["settings"]
    assert pd.read_csv(tmp_path / "rejected.csv").columns.tolist() == [
        "file",
        "row",
        "signal_id",
        "disposition",
        "reason",
    ]


def test_an_imported_star_is_held_out_by_its_number_in_another_mission_too(tmp_path, monkeypatch):
    # As if every line of the crosswalk had come after its stars were dealt.
    grown = other_names(read_crosswalk())
    monkeypatch.setattr("lightmill.catalogs.splits.other_names", lambda crosswalk=None: grown)
    splits = SplitSettings()
    kepler = sorted(
        star
        for target, star in read_crosswalk().items()
        if star.startswith("KIC ") and (own_split(star, splits), own_split(target, splits)) == ("train", "test")
    )
    assert len(kepler) > 8
    settings = imported(tmp_path, numbers=[int(star[4:]) for star in kepler]).model_copy(update={"mission": "Kepler"})
    import_dataset(tmp_path / "dr24", tmp_path / "r.csv", "dr24", [tmp_path / "set.npz"], settings, splits)
    meta = read_dataset(tmp_path / "dr24").meta
    there = meta[meta["star_id"].isin(kepler)]
    assert len(there) == len(kepler)
    assert set(there["split"]) == {"test"}
    in_catalogs, _ = hashed_splits(kepler, kepler, splits)
    assert set(in_catalogs.values()) == {"test"}


def test_an_imported_set_needs_both_classes_in_each_split(tmp_path):
    settings = imported(tmp_path, n=6)
    with pytest.raises(LabelError, match=r"imported_views\.yu: no "):
        import_dataset(tmp_path / "yu", tmp_path / "r.csv", "yu", [tmp_path / "set.npz"], settings, SplitSettings())


def test_the_manifest_says_nothing_of_places(tmp_path):
    import_dataset(
        tmp_path / "yu", tmp_path / "r.csv", "yu", [tmp_path / "set.npz"], imported(tmp_path), SplitSettings()
    )
    assert str(tmp_path) not in (tmp_path / "yu" / "manifest.json").read_text()
    assert read_json(tmp_path / "yu" / "manifest.json")["rows"] == 300
