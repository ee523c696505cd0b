import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from views.records import example, tfrecord

from lightmill.config.views import ImportedViews
from lightmill.errors import ViewError
from lightmill.views.importing import REJECTED_COLUMNS, import_views
from lightmill.views.rebinning import rebinned
from lightmill.views.scale_check import rescaled

BTJD = 2457000.0


def scaled(generator, n, bins):
    view = generator.normal(size=(n, bins))
    view -= np.median(view, axis=1, keepdims=True)
    return (view / -view.min(axis=1, keepdims=True)).astype(np.float32)


def a_set(n=200, seed=0):
    """Columns of n signals of n stars, as published sets have them: durations in days, epochs in BTJD."""
    generator = np.random.default_rng(seed)
    period = 10 ** generator.uniform(0, 1, n)
    return {
        "global_view": scaled(generator, n, 33),
        "local_view": scaled(generator, n, 21),
        "tic_id": np.arange(n) + 1000,
        "Disposition": np.where(np.arange(n) % 4 == 0, "PC", "J"),
        "Period": period.astype(np.float32),
        "Epoc": generator.uniform(1325, 1470, n).astype(np.float32),
        "Duration": (13 * (period / 365.25) ** (1 / 3) / 24).astype(np.float32),
        "Depth": 10 ** generator.uniform(2, 4, n).astype(np.float32),
        "SN": generator.uniform(7, 100, n).astype(np.float32),
        "split": np.repeat("train", n),
    }


def settings(**named):
    units = {
        "period_d": {"column": "Period", "unit": "d"},
        "epoch_bjd": {"column": "Epoc", "unit": "BTJD"},
        "duration_h": {"column": "Duration", "unit": "d"},
        "depth_ppm": {"column": "Depth", "unit": "ppm"},
        "snr": {"column": "SN"},
    }
    scalars = units | named.pop("scalars", {})
    values = {
        "files": ["set.npz"],
        "mission": "TESS",
        "star": "tic_id",
        "disposition": "Disposition",
        "labels": {"planet": ["PC"], "not_planet": ["J"]},
        "scalars": {name: scalar for name, scalar in scalars.items() if scalar},
    }
    return ImportedViews(**(values | named))


def import_set(tmp_path, columns, name="yu", **named):
    np.savez(tmp_path / "set.npz", **columns)
    return import_views(name, [tmp_path / "set.npz"], settings(**named))


def test_a_set_comes_in_whole_and_in_our_units(tmp_path):
    columns = a_set()
    found = import_set(tmp_path, columns)
    assert len(found.signals) == 200
    assert found.rejected.empty
    assert tuple(found.rejected.columns) == REJECTED_COLUMNS
    np.testing.assert_array_equal(found.views["global"], columns["global_view"])
    np.testing.assert_array_equal(found.views["local"], columns["local_view"])
    assert found.signals["signal_id"].tolist()[:2] == ["yu 1000-1", "yu 1001-1"]
    assert found.signals["target_id"].tolist()[:2] == ["TIC 1000", "TIC 1001"]
    np.testing.assert_allclose(found.signals["duration_h"], columns["Duration"].astype(float) * 24)
    np.testing.assert_allclose(found.signals["epoch_bjd"], columns["Epoc"].astype(float) + BTJD, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(found.signals["period_d"], columns["Period"].astype(float))
    np.testing.assert_array_equal(found.signals["snr"], columns["SN"].astype(float))


def test_numbers_that_cannot_be_are_unknown(tmp_path):
    columns = a_set()
    columns["Depth"][:3] = [-5, np.nan, 0]
    found = import_set(tmp_path, columns)
    assert np.isnan(found.signals["depth_ppm"][:3]).all()
    assert found.signals["depth_ppm"][3:].notna().all()


def test_signals_are_told_apart_by_the_row_column_or_numbered(tmp_path):
    columns = a_set(40)
    columns["tic_id"][:3] = 7
    columns["row_id"] = np.arange(40)[::-1]
    assert import_set(tmp_path, columns).signals["signal_id"].tolist()[:4] == [
        "yu 7-1",
        "yu 7-2",
        "yu 7-3",
        "yu 1003-1",
    ]
    with_rows = import_set(tmp_path, columns, row="row_id").signals["signal_id"]
    assert with_rows.tolist()[:2] == ["yu 7-39", "yu 7-38"]


def test_a_dropped_row_does_not_renumber_the_others(tmp_path):
    columns = a_set(40)
    columns["tic_id"][:3] = 7
    columns["local_view"][1, 4] = np.nan
    assert import_set(tmp_path, columns).signals["signal_id"].tolist()[:2] == ["yu 7-1", "yu 7-3"]


def test_a_repeated_id_keeps_its_first_row(tmp_path):
    columns = a_set(40)
    columns["tic_id"][:2] = 7
    columns["row_id"] = np.zeros(40, int)
    found = import_set(tmp_path, columns, row="row_id")
    assert found.rejected["row"].tolist() == [1]
    assert found.rejected["reason"].tolist() == ["another row has the same id"]


def test_an_empty_disposition_is_named_by_the_config(tmp_path):
    columns = a_set()
    columns["Disposition"] = columns["Disposition"].astype("<U8")
    columns["Disposition"][5] = ""
    found = import_set(tmp_path, columns, empty_disposition="AFP or NTP")
    assert found.signals["disposition"][5] == "AFP or NTP"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda c: c["global_view"].__setitem__((3, 2), np.nan), "global view holds values that are not finite"),
        (lambda c: c["local_view"].__setitem__((3, 2), np.inf), "local view holds values that are not finite"),
        (lambda c: c["local_view"].__setitem__(3, 0), "local view is flat"),
        (lambda c: c["global_view"].__setitem__(3, c["global_view"][3] * 2), "global view is not of the scale 'min'"),
        (lambda c: c["tic_id"].__setitem__(3, 0), "TIC number '0': expected 1 to 11 digits, above zero"),
    ],
)
def test_a_bad_row_is_listed_and_the_others_go_on(tmp_path, edit, reason):
    columns = a_set()
    edit(columns)
    found = import_set(tmp_path, columns)
    assert len(found.signals) == 199
    (row,) = found.rejected.itertuples()
    assert (row.file, row.row, row.reason) == ("set.npz", 3, reason)


def test_exact_duplicates_are_dropped(tmp_path):
    columns = a_set()
    for name in columns:
        columns[name][9] = columns[name][4]
    found = import_set(tmp_path, columns)
    assert found.rejected["row"].tolist() == [9]
    assert found.rejected["reason"].tolist() == ["the views of yu 1004-1"]
    assert "yu 1004-1" in set(found.signals["signal_id"])


def test_mirror_images_are_dropped(tmp_path):
    columns = a_set()
    for name in ("tic_id", "Disposition"):
        columns[name][9] = columns[name][4]
    for name in ("global_view", "local_view"):
        columns[name][9] = columns[name][4][::-1]
    found = import_set(tmp_path, columns)
    assert found.rejected["row"].tolist() == [9]
    assert found.rejected["reason"].tolist() == ["the views of yu 1004-1 mirrored in time"]


def test_a_mirrored_local_view_alone_is_another_signal(tmp_path):
    columns = a_set()
    columns["global_view"][9] = columns["global_view"][4]
    columns["local_view"][9] = columns["local_view"][4][::-1]
    assert import_set(tmp_path, columns).rejected.empty


@pytest.mark.parametrize("differs", ["tic_id", "Disposition"])
def test_duplicates_that_disagree_are_both_dropped(tmp_path, differs):
    columns = a_set()
    for name in ("global_view", "local_view", "tic_id", "Disposition"):
        columns[name][9] = columns[name][4]
    columns[differs][9] = {"tic_id": 5, "Disposition": "J"}[differs]
    found = import_set(tmp_path, columns)
    assert found.rejected["row"].tolist() == [4, 9]
    assert found.rejected["reason"].str.startswith("the same views with different stars or dispositions: ").all()
    assert len(found.signals) == 198


def test_duplicates_are_found_across_files(tmp_path):
    columns = a_set(60)
    np.savez(tmp_path / "b.npz", **{name: column[:40] for name, column in columns.items()})
    np.savez(tmp_path / "a.npz", **{name: column[30:] for name, column in columns.items()})
    found = import_views("yu", [tmp_path / "b.npz", tmp_path / "a.npz"], settings())
    assert len(found.signals) == 60
    assert found.rejected["file"].tolist() == ["b.npz"] * 10
    assert found.rejected["row"].tolist() == list(range(30, 40))


def test_a_wrong_scale_is_refused_or_brought_about(tmp_path):
    columns = a_set()
    published = 2 * columns["global_view"] + 1
    columns["global_view"] = published
    with pytest.raises(ViewError, match=r"yu\.scale: 'min', but 200 of 200 global views .* median 1 and minimum -1"):
        import_set(tmp_path, columns)
    found = import_set(tmp_path, columns, rescale=True)
    np.testing.assert_allclose(found.views["global"], (published - 1) / 2, atol=1e-6)
    with pytest.raises(ViewError, match=r"yu\.scale: 'mad'"):
        import_set(tmp_path, columns, scale="mad")


@pytest.mark.parametrize(
    ("scale", "spread"), [("min", lambda v: -v.min()), ("mad", lambda v: 1.4826022 * np.median(abs(v)))]
)
def test_rescaled_views_have_the_scale(scale, spread):
    views = np.random.default_rng(1).normal(3, 2, (5, 40))
    for view in rescaled(views, scale):
        assert np.median(view) == pytest.approx(0, abs=1e-6)
        assert spread(view) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("number", "column", "unit", "message"),
    [
        (
            "duration_h",
            "Duration",
            "h",
            r"duration_h: column 'Duration' cannot be in 'h': the median duration is 0\.\d+ h",
        ),
        ("duration_h", "Period", "d", r"duration_h: column 'Period' cannot be in 'd'"),
        ("depth_ppm", "Depth", "fraction", r"depth_ppm: column 'Depth' cannot be in 'fraction'"),
        ("epoch_bjd", "Epoc", "BKJD", r"epoch_bjd: .* expected the years of TESS"),
        ("epoch_bjd", "Epoc", "BJD", r"epoch_bjd: column 'Epoc' cannot be in 'BJD'"),
    ],
)
def test_a_unit_that_cannot_be_is_refused(tmp_path, number, column, unit, message):
    with pytest.raises(ViewError, match=message):
        import_set(tmp_path, a_set(), scalars={number: {"column": column, "unit": unit}})


def test_depth_as_the_flux_that_is_left(tmp_path):
    columns = a_set()
    columns["Depth"] = np.linspace(0.99, 0.9999, 200)
    found = import_set(tmp_path, columns, scalars={"depth_ppm": {"column": "Depth", "unit": "flux"}})
    np.testing.assert_allclose(found.signals["depth_ppm"], np.linspace(10_000, 100, 200), rtol=1e-6)


def test_a_unit_of_another_quantity_is_a_wrong_config():
    with pytest.raises(ValidationError, match=r"scalars\.duration_h\.unit: 'ppm'; expected h or d or min"):
        settings(scalars={"duration_h": {"column": "Duration", "unit": "ppm"}})
    with pytest.raises(ValidationError, match="a view does not know the depth"):
        settings(scale="depth", rescale=True)


def test_float_star_numbers_are_refused(tmp_path):
    columns = a_set()
    columns["tic_id"] = columns["tic_id"].astype(np.float32)
    with pytest.raises(ViewError, match=r"set\.npz: key 'tic_id' is float32, .* floats lose the digits of ids"):
        import_set(tmp_path, columns)


def test_star_numbers_may_be_text_with_leading_zeros(tmp_path):
    columns = a_set()
    columns["tic_id"] = np.char.zfill(columns["tic_id"].astype(str), 9)
    assert import_set(tmp_path, columns).signals["target_id"][0] == "TIC 1000"


def test_files_of_other_lengths_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", **a_set())
    columns = a_set()
    columns["local_view"] = columns["local_view"][:, :11]
    np.savez(tmp_path / "b.npz", **columns)
    with pytest.raises(ViewError, match=r"b\.npz: key 'local_view' has 11 bins, in .*a\.npz 21"):
        import_views("yu", [tmp_path / "a.npz", tmp_path / "b.npz"], settings())


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("local_view", np.zeros(200, np.float32), r"'local_view' is float32 \(200,\), expected floats"),
        ("local_view", np.zeros((200, 5), int), r"'local_view' is int64 \(200, 5\), expected floats"),
        ("Disposition", np.zeros((200, 2), "<U2"), r"'Disposition' has the shape \(200, 2\)"),
        ("Period", np.repeat("x", 200), "'Period' is <U1, expected numbers"),
    ],
)
def test_columns_of_the_wrong_kind_are_named(tmp_path, key, value, message):
    with pytest.raises(ViewError, match=message):
        import_set(tmp_path, a_set() | {key: value})


def test_tfrecords_give_what_npz_gives(tmp_path):
    columns = a_set(50)
    records = []
    for row in range(50):
        features = {name: np.atleast_1d(column[row]) for name, column in columns.items() if column.dtype.kind in "fi"}
        records.append(example(features | {"Disposition": str(columns["Disposition"][row]).encode()}))
    tfrecord(tmp_path / "set-00000-of-00001", records)
    by_records = import_views("yu", [tmp_path / "set-00000-of-00001"], settings())
    by_npz = import_set(tmp_path, columns)
    pd.testing.assert_frame_equal(by_records.signals, by_npz.signals)
    for view in ("global", "local"):
        np.testing.assert_array_equal(by_records.views[view], by_npz.views[view])


def test_a_record_without_a_view_is_rejected(tmp_path):
    columns = a_set(3)
    records = [
        example({"global_view": columns["global_view"][i], "local_view": columns["local_view"][i][: 21 * (i != 1)],
                 "tic_id": np.array(i + 1), "Disposition": b"PC"})
        for i in range(3)
    ]  # fmt: skip
    found = import_views("yu", [tfrecord(tmp_path / "a", records)], settings(scalars=dict.fromkeys(settings().scalars)))
    assert found.signals["target_id"].tolist() == ["TIC 1", "TIC 3"]
    assert found.rejected["row"].tolist() == [1]


REAL = {
    "kepler_dr24_tce_views.npz": ({"mission": "Kepler", "star": "kepid", "disposition": "av_training_set"}, 12598, 0),
    "tess_yu2019_triage_views.npz": ({"row": "row_id"}, 13169, 427),
    "tess_nigraha_views.npz": ({"star": "TIC_ID", "rescale": True}, 5309, 39),
    "tfrecord/kepler_dr24_train-0.tfrecord": (
        {"mission": "Kepler", "star": "tic", "disposition": "av_training_set"},
        1522,
        269,
    ),
    "tfrecord/tess_triage_test-00000-of-00001.tfrecord": ({"row": "row_id"}, 1310, 3),
}


@pytest.mark.parametrize("file", REAL)
def test_real_sets(real_data, file):
    named, rows, rejected = REAL[file]
    columns = {
        "tess_yu2019_triage_views.npz": {"duration_h": ("Duration", "d"), "depth_ppm": ("Transit_Depth", "ppm")},
        "tess_nigraha_views.npz": {"duration_h": ("Duration", "h"), "depth_ppm": ("Depth", "flux")},
    }.get(file, {})
    scalars = {number: {"column": column, "unit": unit} for number, (column, unit) in columns.items()}
    scalars |= {"period_d": {"column": "Period", "unit": "d"}} if columns else {}
    found = import_views(
        "set", [real_data / "views" / file], settings(**named, scalars=dict.fromkeys(settings().scalars) | scalars)
    )
    assert len(found.signals) + len(found.rejected) == rows
    assert len(found.rejected) == rejected
    assert found.signals["signal_id"].is_unique
    assert np.abs(np.median(found.views["local"], axis=1)).max() < 1e-3
    if "tfrecord/kepler" in file:
        assert found.rejected["reason"].str.endswith("mirrored in time").all()
    if "duration_h" in scalars:
        # Transit durations of hours, in both.
        assert 1 < found.signals["duration_h"].median() < 5


@pytest.mark.parametrize("content", [b"", b"tic", b"tic_id,Period\n1,2\n3,4\n5,6\n"])
def test_a_file_of_another_kind_is_told_what_is_expected(tmp_path, content):
    (tmp_path / "set.npz").write_bytes(content)
    with pytest.raises(ViewError, match=r"set\.npz: neither a \.npz archive .* nor a TFRecord file"):
        import_views("yu", [tmp_path / "set.npz"], settings())


def test_a_folder_or_a_missing_file_is_named(tmp_path):
    with pytest.raises(ViewError, match=rf"{tmp_path}: cannot be read \(Is a directory\); expected a \.npz or"):
        import_views("yu", [tmp_path], settings())
    with pytest.raises(ViewError, match=r"gone\.npz: cannot be read \(No such file"):
        import_views("yu", [tmp_path / "gone.npz"], settings())


def test_a_set_without_a_usable_row_fails_with_its_reasons(tmp_path):
    columns = a_set(10)
    columns["global_view"][:7] = np.nan
    columns["local_view"][7:] = 0.5
    message = (
        r"yu: none of the 10 rows can be used\. 7: global view holds values that are not finite; 3: local view is flat$"
    )
    with pytest.raises(ViewError, match=message):
        import_set(tmp_path, columns)
    with pytest.raises(ViewError, match="yu: its files hold no row"):
        import_set(tmp_path, {name: column[:0] for name, column in a_set(10).items()})


def test_views_of_one_bin_are_refused(tmp_path):
    columns = a_set(10)
    columns["local_view"] = columns["local_view"][:, :1]
    with pytest.raises(ViewError, match=r"key 'local_view' is float32 \(10, 1\), expected .* two bins or more"):
        import_set(tmp_path, columns)


def test_views_are_rebinned_and_of_their_scale_again(tmp_path):
    columns = a_set()
    found = import_set(tmp_path, columns, rebin={"global": 65, "local": 16})
    assert {name: view.shape for name, view in found.views.items()} == {"global": (200, 65), "local": (200, 16)}
    assert found.rejected.empty
    for view in found.views.values():
        assert view.dtype == np.float32
        np.testing.assert_allclose(np.median(view, axis=1), 0, atol=1e-6)
        np.testing.assert_allclose(view.min(axis=1), -1, atol=1e-6)
    plain = rebinned(columns["local_view"], 16)
    np.testing.assert_allclose(found.views["local"], rescaled(plain, "min"), atol=1e-6)


def test_a_share_of_the_local_view_alone_is_kept(tmp_path):
    columns = a_set()
    found = import_set(tmp_path, columns, rebin={"local_share": 0.5})
    expected = rescaled(rebinned(columns["local_view"], 21, 0.5), "min")
    np.testing.assert_allclose(found.views["local"], expected, atol=1e-6)
    np.testing.assert_array_equal(found.views["global"], columns["global_view"])


def test_mirror_images_are_found_although_views_are_rebinned(tmp_path):
    columns = a_set()
    for name in ("tic_id", "Disposition"):
        columns[name][9] = columns[name][4]
    for name in ("global_view", "local_view"):
        columns[name][9] = columns[name][4][::-1]
    found = import_set(tmp_path, columns, rebin={"local": 17})
    assert found.rejected["row"].tolist() == [9]


def test_a_view_that_is_flat_once_it_is_rebinned_is_listed(tmp_path):
    columns = a_set()
    columns["local_view"] = np.tile(columns["local_view"], 2)[:, :32].copy()
    columns["local_view"] = rescaled(columns["local_view"], "min")
    columns["local_view"][3] = np.tile([-1.0, 1.0], 16)
    found = import_set(tmp_path, columns, rebin={"local": 16})
    assert found.rejected["row"].tolist() == [3]
    assert found.rejected["reason"].tolist() == ["local view has no scale once it is re-binned"]


def test_lengths_that_show_nothing_new_are_refused(tmp_path):
    with pytest.raises(ViewError, match=r"imported_views\.yu\.rebin\.local: 100 bins from 21; expected 2 to 84"):
        import_set(tmp_path, a_set(), rebin={"local": 100})
    with pytest.raises(ValidationError, match="rebin: a view does not know the depth"):
        settings(scale="depth", rebin={"local": 61})


def test_nigraha_gets_the_lengths_of_yu(real_data):
    named = {
        "star": "TIC_ID",
        "rescale": True,
        "rebin": {"local": 61},
        "labels": {"planet": ["KP", "CP", "PC"], "not_planet": ["FP", "FA", "EB", "V", "IS", "J"]},
        "scalars": dict.fromkeys(settings().scalars),
    }
    found = import_views("nigraha", [real_data / "views" / "tess_nigraha_views.npz"], settings(**named))
    assert len(found.signals) + len(found.rejected) == 5309
    assert len(found.rejected) == 39
    assert set(found.signals["disposition"]) == {"KP", "CP", "PC", "FP", "FA", "EB", "V", "IS", "J", "O"}
    assert found.views["local"].shape == (5270, 61)
    assert found.views["global"].shape == (5270, 201)
    assert np.abs(np.median(found.views["local"], axis=1)).max() < 1e-5
    np.testing.assert_allclose(found.views["local"].min(axis=1), -1, atol=1e-5)
    # The mean dip is in the middle, and a quarter of the view wide.
    planets = found.signals["disposition"].isin(["KP", "CP", "PC"]).to_numpy()
    dip = np.median(found.views["local"][planets], axis=0)
    assert abs(np.flatnonzero(dip < dip.min() / 2).mean() - 30) < 1.5
    assert 0.2 < np.mean(dip < dip.min() / 2) < 0.3
