import json

import numpy as np
import pandas as pd
import pytest
from training.toys import toy_dataset, toy_meta, toy_views

from lightmill.config.training import TaskLabels
from lightmill.errors import LabelError, ViewError
from lightmill.training.dataset import META_COLUMNS, read_dataset, split_counts, task_labels, write_dataset

MADE = {"scale": "min", "settings": {}, "labels": {}}


def test_what_is_written_is_read(tmp_path):
    meta, views = toy_meta(30), toy_views(toy_meta(30))
    write_dataset(tmp_path / "toy", views, meta, MADE)
    dataset = read_dataset(tmp_path / "toy")
    assert dataset.name == "toy"
    assert list(dataset.meta.columns) == list(META_COLUMNS)
    pd.testing.assert_frame_equal(dataset.meta, meta, check_dtype=False)
    for name, view in views.items():
        np.testing.assert_array_equal(dataset.views[name], view)
        assert isinstance(dataset.views[name], np.memmap)
        assert not dataset.views[name].flags.writeable
    assert dataset.manifest["description"] == MADE
    assert dataset.manifest["counts"]["train"] == {"planet": 6, "not_planet": 12, "unknown": 0}


def test_rows_are_sorted_by_signal_and_their_views_with_them(tmp_path):
    meta, views = toy_meta(30), toy_views(toy_meta(30))
    order = np.random.default_rng(1).permutation(30)
    write_dataset(tmp_path / "a", views, meta, MADE)
    write_dataset(tmp_path / "b", {name: view[order] for name, view in views.items()}, meta.iloc[order], MADE)
    assert bytes_in(tmp_path / "a") == bytes_in(tmp_path / "b")


def bytes_in(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_views_may_come_in_parts(tmp_path):
    meta, views = toy_meta(30).iloc[::-1], toy_views(toy_meta(30))
    backwards = {name: view[::-1] for name, view in views.items()}
    parts = {name: iter([view[:7], view[7:7], view[7:20], view[20:]]) for name, view in backwards.items()}
    write_dataset(tmp_path / "whole", backwards, meta, MADE)
    write_dataset(tmp_path / "parts", parts, meta, MADE)
    assert bytes_in(tmp_path / "whole") == bytes_in(tmp_path / "parts")


@pytest.mark.parametrize("change", ["label", "view", "number", "description"])
def test_the_version_follows_the_content(tmp_path, change):
    meta, views, made = toy_meta(30), toy_views(toy_meta(30)), dict(MADE)
    write_dataset(tmp_path / "before", views, meta, made)
    if change == "label":
        meta.loc[3, "label"] = "unknown"
    elif change == "view":
        views["local"][3, 3] += 0.5
    elif change == "number":
        meta.loc[3, "period_d"] = 1.0
    else:
        made["scale"] = "mad"
    write_dataset(tmp_path / "after", views, meta, made)
    assert read_dataset(tmp_path / "before").version != read_dataset(tmp_path / "after").version


def test_a_group_in_two_splits_is_refused(tmp_path):
    meta = toy_meta(30)
    meta.loc[[0, 29], "group_id"] = "both"
    with pytest.raises(LabelError, match="group 'both' is in test and train"):
        write_dataset(tmp_path / "toy", toy_views(meta), meta, MADE)
    meta.loc[29, "split"] = "none"
    write_dataset(tmp_path / "toy", toy_views(meta), meta, MADE)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("signal_id", "TOY 00001", "signal 'TOY 00001' stands twice"),
        ("label", "maybe", "label 'maybe'; expected one of planet"),
        ("split", "holdout", "split 'holdout'; expected one of train"),
    ],
)
def test_wrong_values_are_refused(tmp_path, column, value, message):
    meta = toy_meta(30)
    meta.loc[0, column] = value
    with pytest.raises(ViewError, match=message):
        write_dataset(tmp_path / "toy", toy_views(meta), meta, MADE)
    with pytest.raises(ViewError, match="no finished dataset"):
        read_dataset(tmp_path / "toy")


def test_missing_and_unknown_columns_are_named(tmp_path):
    meta = toy_meta(9).rename(columns={"snr": "sigma"})
    with pytest.raises(ViewError, match=r"lacks \['snr'\] and has unknown \['sigma'\]"):
        write_dataset(tmp_path / "toy", toy_views(meta), meta, MADE)


@pytest.mark.parametrize("edit", ["rows", "bins", "finite", "more"])
def test_arrays_that_do_not_fit_are_refused(tmp_path, edit):
    meta, views = toy_meta(9), toy_views(toy_meta(9))
    local = views["local"]
    if edit == "rows":
        views["local"] = local[:5]
    elif edit == "bins":
        views["local"] = iter([local[:5], local[5:, :7]])
    elif edit == "finite":
        local[4, 2] = np.nan
    else:
        views["local"] = iter([local, local])
    with pytest.raises(ViewError, match=r"local\.npy"):
        write_dataset(tmp_path / "toy", views, meta, MADE)


def test_a_failed_rewrite_leaves_no_dataset_that_looks_whole(tmp_path):
    dataset = toy_dataset(tmp_path / "toy", n=9)
    meta, views = toy_meta(9), toy_views(toy_meta(9))
    views["local"][0, 0] = np.inf
    with pytest.raises(ViewError, match="not finite"):
        write_dataset(tmp_path / "toy", views, meta, MADE)
    assert dataset.manifest
    with pytest.raises(ViewError, match="no finished dataset"):
        read_dataset(tmp_path / "toy")


def flip_last_byte(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)


DAMAGES = {
    "flipped": flip_last_byte,
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-40]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("name", ["global.npy", "local.npy", "meta.parquet"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_dataset_is_not_read(tmp_path, name, damage):
    folder = tmp_path / "toy"
    toy_dataset(folder, n=9)
    DAMAGES[damage](folder / name)
    with pytest.raises(ViewError, match=rf"dataset .*toy is damaged \({name}\): delete the folder and run again"):
        read_dataset(folder)


@pytest.mark.parametrize("content", ["{", "[]", '{"schema": 3}'])
def test_a_damaged_manifest_is_named(tmp_path, content):
    folder = tmp_path / "toy"
    toy_dataset(folder, n=9)
    (folder / "manifest.json").write_text(content)
    with pytest.raises(ViewError, match=r"toy is damaged \(manifest\.json\)"):
        read_dataset(folder)


def test_views_of_another_shape_are_refused_even_if_their_hash_is_right(tmp_path):
    folder = tmp_path / "toy"
    toy_dataset(folder, n=9)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(
        json.dumps(
            {**manifest, "arrays": {"global": {"shape": [3], "dtype": "float32"}, "local": manifest["arrays"]["local"]}}
        )
    )
    with pytest.raises(ViewError, match=r"damaged \(manifest\.json\)"):
        read_dataset(folder)


def test_reading_checks_schema_and_rows(tmp_path):
    folder = tmp_path / "toy"
    toy_dataset(folder, n=9)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "rows": 8}))
    with pytest.raises(ViewError, match=r"damaged \(manifest\.json\)"):
        read_dataset(folder)
    (folder / "manifest.json").write_text(json.dumps({**manifest, "schema": 99}))
    with pytest.raises(ViewError, match="schema 99, expected 3"):
        read_dataset(folder)


def test_task_labels_without_and_with_a_map():
    meta = pd.DataFrame(
        {
            "label": ["planet", "not_planet", "unknown", "not_planet"],
            "disposition": ["PC", "AFP", "UNK", "NTP"],
        }
    )
    np.testing.assert_array_equal(task_labels(meta, None), np.float32([1, 0, np.nan, 0]))
    triage = TaskLabels(positive=["PC", "AFP"], negative=["NTP"])
    np.testing.assert_array_equal(task_labels(meta, triage), np.float32([1, 1, np.nan, 0]))
    assert task_labels(meta, None).dtype == np.float32


def test_counts_have_zeros():
    meta = pd.DataFrame({"split": ["train", "train", "none"], "label": ["planet", "planet", "unknown"]})
    counts = split_counts(meta)
    assert counts["train"] == {"planet": 2, "not_planet": 0, "unknown": 0}
    assert counts["none"]["unknown"] == 1
    assert counts["test"] == {"planet": 0, "not_planet": 0, "unknown": 0}
