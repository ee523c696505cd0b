"""Units and zero points, one hand-computed row of every table; what is rejected, what is only flagged."""

import numpy as np
import pytest

from lightmill.catalogs.reading import read_catalog
from lightmill.config.catalogs import LabelSettings
from lightmill.errors import CatalogError

# Converted by hand: BKJD + 2454833, BTJD + 2457000; hours and ppm as they are.
EXPECTED = {
    "koi": {
        "signal_id": "KOI K00752.01",
        "mission": "Kepler",
        "target_id": "KIC 10797460",
        "star_id": "KIC 10797460",
        "group_id": "KIC 10797460",
        "period_d": 9.48803557,
        "epoch_bjd": 2455003.53875,
        "duration_h": 2.9575,
        "depth_ppm": 615.8,
        "disposition": "CONFIRMED",
        "label": "planet",
        "label_source": "koi:CONFIRMED",
        "period_err_d": 2.975e-05,
        "epoch_err_d": 2.16e-03,
        "ra_deg": 291.93423,
        "dec_deg": 48.141651,
        "magnitude": 15.347,
        "radius_rearth": 2.26,
        "snr": 35.8,
    },
    "k2pandc": {
        "signal_id": "K2 EPIC 201126503 b",
        "mission": "K2",
        "target_id": "EPIC 201126503",
        "period_d": 1.194634,
        "epoch_bjd": np.nan,
        "duration_h": np.nan,
        "depth_ppm": np.nan,
        "label": "unknown",
        "label_source": "k2pandc:CANDIDATE",
        "period_err_d": 0.00012,
        "magnitude": 12.5,
        "flags": "waiting_for_search",
    },
    "toi": {
        "signal_id": "TOI 1000.01",
        "mission": "TESS",
        "target_id": "TIC 50365310",
        "period_d": 2.1713484,
        "epoch_bjd": 2459229.630046,
        "duration_h": 2.0172196,
        "depth_ppm": 656.8860989,
        "label": "not_planet",
        "label_source": "toi:FP",
        "period_err_d": 0.0002637,
        "epoch_err_d": 0.001657,
        "magnitude": 9.604,
    },
    "exofop_toi": {
        "signal_id": "TOI 101.01",
        "target_id": "TIC 231663901",
        "period_d": 1.43036914033977,
        "epoch_bjd": 2459036.904104,
        "duration_h": 1.64387283171534,
        "depth_ppm": 19151.2162143199,
        "label": "planet",
        "label_source": "exofop_toi:KP",
        "ra_deg": 15 * (21 + 14 / 60 + 56.88 / 3600),
        "dec_deg": -(52 / 60 + 18.71 / 3600),
        "snr": 109.6,
    },
    "exominer": {
        "signal_id": "SPOC 390651552-1-S23",
        "target_id": "TIC 390651552",
        "period_d": 1.467,
        "epoch_bjd": 2458928.225,
        "duration_h": 1.008,
        "depth_ppm": 1599.528,
        "disposition": "",
        "label": "unknown",
        "label_source": "exominer:none",
        "score": 0.999,
        "snr": 34.199,
        "flags": "low_precision_ephemeris",
    },
    "dr24": {
        "signal_id": "DR24 1162345-02",
        "target_id": "KIC 1162345",
        "period_d": 0.83185,
        "epoch_bjd": 2454965.227,
        "duration_h": 2.392,
        "depth_ppm": np.nan,
        "label": "not_planet",
        "label_source": "dr24:AFP",
        "period_err_d": 6.69307e-05,
        "epoch_err_d": 0.035197,
    },
    "dr25": {
        "signal_id": "DR25 7904375-01",
        "target_id": "KIC 7904375",
        "period_d": 0.534413,
        "epoch_bjd": 2454964.986,
        "duration_h": 1.5,
        "depth_ppm": 1289.0,
        "label": "not_planet",
        "label_source": "dr25:NTP",
        "snr": np.nan,
        "period_err_d": np.nan,
    },
    "dr25_tce": {
        "signal_id": "DR25 7904375-01",
        "target_id": "KIC 7904375",
        "period_d": 0.534413,
        "epoch_bjd": 2454964.986,
        "duration_h": 1.5,
        "depth_ppm": 1289.0,
        "segments": "2,3,4,17",
        "label": "unknown",
        "label_source": "dr25_tce:none",
        "snr": np.nan,
        "period_err_d": 1.2e-06,
    },
    "yu2019": {
        "signal_id": "YU2019 278825952-0",
        "target_id": "TIC 278825952",
        "period_d": 2.390579,
        "epoch_bjd": 2458326.555018,
        "duration_h": 4.94276114,
        "depth_ppm": 904050.0,
        "label": "not_planet",
        "label_source": "yu2019:EB",
        "snr": 670.96572,
    },
    "own": {
        "signal_id": "OWN TIC 25155310 P3.28888",
        "mission": "TESS",
        "target_id": "TIC 25155310",
        "period_d": 3.28888,
        "epoch_bjd": 2458327.05207,
        "duration_h": 3.2,
        "depth_ppm": 5890.0,
        "disposition": "planet",
        "label": "planet",
        "label_source": "own:planet",
        "period_err_d": 2e-05,
        "epoch_err_d": 4e-04,
    },
}

# Columns by what they mean, for the tests that go over all tables.
PERIOD = {
    "koi": "koi_period",
    "k2pandc": "pl_orbper",
    "toi": "pl_orbper",
    "exofop_toi": "Period (days)",
    "exominer": "Orbital Period [day]",
    "dr24": "tce_period",
    "dr25": "tce_period",
    "dr25_tce": "tce_period",
    "yu2019": "Period",
    "own": "period_d",
}
EPOCH = {
    "koi": "koi_time0bk",
    "k2pandc": "pl_tranmid",
    "toi": "pl_tranmid",
    "exofop_toi": "Epoch (BJD)",
    "exominer": "Transit Epoch [BTJD]",
    "dr24": "tce_time0bk",
    "dr25": "tce_time0bk",
    "dr25_tce": "tce_time0bk",
    "yu2019": "Epoc",
    "own": "epoch_bjd",
}
DURATION = {
    "koi": "koi_duration",
    "k2pandc": "pl_trandur",
    "toi": "pl_trandurh",
    "exofop_toi": "Duration (hours)",
    "exominer": "Transit Duration [hour]",
    "dr24": "tce_duration",
    "dr25": "tce_duration",
    "dr25_tce": "tce_duration",
    "yu2019": "Duration",
    "own": "duration_h",
}
STAR = {
    "koi": "kepid",
    "toi": "tid",
    "exofop_toi": "TIC ID",
    "exominer": "TIC ID",
    "dr24": "kepid",
    "dr25": "target_id",
    "dr25_tce": "kepid",
    "yu2019": "tic_id",
}
EVERY_TABLE = sorted(EXPECTED)


def only(catalog):
    assert len(catalog.signals) == 1, list(catalog.rejected["reason"])
    return catalog.signals.iloc[0]


def refused(catalog):
    """The reason for which the one row was rejected."""
    assert len(catalog.signals) == 0
    assert catalog.summary["rows"] == 1
    assert sum(catalog.summary["rejected"].values()) == 1
    (reason,) = catalog.rejected["reason"]
    return reason


@pytest.mark.parametrize("kind", EVERY_TABLE)
def test_one_row_by_hand(table, kind):
    row = only(read_catalog(table(kind, above=["# a line"])))
    standard = {"table": kind, "split": "none", "shard": -1, "aliases": "", "line": 3}
    for name, value in {**standard, **EXPECTED[kind]}.items():
        if isinstance(value, float):
            assert row[name] == pytest.approx(value, rel=1e-12, nan_ok=True), name
        else:
            assert row[name] == value, name
    assert row["flags"] == EXPECTED[kind].get("flags", "")


@pytest.mark.parametrize("kind", EVERY_TABLE)
def test_an_epoch_in_another_zero_point_is_rejected(table, kind):
    declared_bjd = kind in ("toi", "exofop_toi", "k2pandc", "own")
    other = "1326.5" if declared_bjd else "2458326.5"
    reason = refused(
        read_catalog(table(kind, {EPOCH[kind]: other}, columns=[EPOCH[kind]] if kind == "k2pandc" else ()))
    )
    assert EPOCH[kind] in reason
    assert other in reason
    assert ("not in BJD" if declared_bjd else "JD (which lies between -10000 and 10000)") in reason


@pytest.mark.parametrize("kind", EVERY_TABLE)
@pytest.mark.parametrize(("cell", "reason"), [("-3.5", "a period cannot be negative"), ("ten", "expected a number")])
def test_a_bad_period_is_rejected(table, kind, cell, reason):
    assert reason in refused(read_catalog(table(kind, {PERIOD[kind]: cell})))


@pytest.mark.parametrize("cell", ["inf", "1e999", "0x10", "1_0", "=cmd()", "1" * 70, "5 d"])
def test_what_python_or_a_spreadsheet_would_read_is_still_no_number(table, cell):
    assert "expected a number" in refused(read_catalog(table("koi", {"koi_period": cell})))


@pytest.mark.parametrize("kind", EVERY_TABLE)
@pytest.mark.parametrize("cell", ["", "0", "nan", "null"])
def test_without_a_period_a_signal_is_kept_as_a_single_transit(table, kind, cell):
    row = only(read_catalog(table(kind, {PERIOD[kind]: cell})))
    assert np.isnan(row["period_d"])
    assert "single_transit" in row["flags"].split("; ")


@pytest.mark.parametrize("kind", EVERY_TABLE)
@pytest.mark.parametrize("column", [EPOCH, DURATION])
def test_without_epoch_or_duration_a_signal_waits_for_the_search(table, kind, column):
    optional = [EPOCH[kind], DURATION[kind]] if kind == "k2pandc" else ()
    row = only(read_catalog(table(kind, {column[kind]: ""}, columns=optional)))
    assert "waiting_for_search" in row["flags"].split("; ")


@pytest.mark.parametrize("kind", sorted(STAR))
@pytest.mark.parametrize("cell", ["../../x", "0", "-1", "", "10797460.0", "1e7", "123456789012", "٣"])
def test_a_target_that_is_no_number_is_rejected(table, kind, cell):
    catalog = read_catalog(table(kind, {STAR[kind]: cell}))
    assert "expected 1 to 11 digits" in refused(catalog)
    assert [count["resolved"] for count in catalog.summary["by_disposition"].values()] == [0]


def test_a_duration_beyond_the_period_is_flagged_not_rejected(table):
    row = only(read_catalog(table("koi", {"koi_period": "0.5", "koi_duration": "12.1"})))
    assert (row["flags"], row["duration_h"]) == ("duration_exceeds_period", 12.1)
    assert only(read_catalog(table("koi", {"koi_period": "0.5", "koi_duration": "12.0"})))["flags"] == ""


def test_why_a_koi_is_a_false_positive_is_a_flag(table):
    verdicts = {"koi_fpflag_nt": "0", "koi_fpflag_ss": "1", "koi_fpflag_co": "1", "koi_fpflag_ec": ""}
    assert only(read_catalog(table("koi", verdicts)))["flags"] == "false_positive:co; false_positive:ss"


def test_odd_depths_are_flagged_not_rejected(table):
    for cell, depth in (("0.0", 0.0), ("-12", -12.0), ("1541400.0", 1541400.0)):
        row = only(read_catalog(table("koi", {"koi_depth": cell})))
        assert (row["flags"], row["depth_ppm"]) == ("implausible_depth", depth)


def test_a_negative_duration_is_rejected(table):
    assert "a duration cannot be negative" in refused(read_catalog(table("koi", {"koi_duration": "-2"})))


def test_a_repeated_signal_is_rejected_naming_the_first(table):
    catalog = read_catalog(table("koi", {}, {"kepoi_name": "K00001.01"}, {"koi_period": "3"}, above=["#"]))
    assert list(catalog.rejected["line"]) == [5]
    assert catalog.rejected["reason"][0] == "KOI K00752.01 repeats line 3"
    assert catalog.signals["period_d"].tolist() == [9.48803557, 9.48803557]


def test_a_rejected_row_does_not_hide_the_sound_one_after_it(table):
    catalog = read_catalog(table("koi", {"koi_period": "-1"}, {}))
    assert list(catalog.signals["line"]) == [3]


@pytest.mark.parametrize(
    ("kind", "change", "expected"),
    [
        ("koi", {"kepoi_name": "752.01"}, "K00752.01"),
        ("toi", {"toi": "1000"}, "1000.01"),
        ("toi", {"toi": "../1.01"}, "1000.01"),
        ("yu2019", {"row_id": "-4"}, "16438"),
        ("dr24", {"tce_plnt_num": "0"}, "one like 1"),
        ("exominer", {"TCE ID": "390651552-S23"}, "390651552-1-S1-67"),
        ("exominer", {"TCE ID": "12-1-S23"}, "belongs to another star than TIC 390651552"),
    ],
)
def test_identifiers_that_cannot_be_read(table, kind, change, expected):
    assert expected in refused(read_catalog(table(kind, change)))


def test_toi_numbers_stay_text(table):
    catalog = read_catalog(table("toi", {"toi": "100.01"}, {"toi": "100.10"}, {"toi": "101.1"}, {"toi": "101.01"}))
    assert list(catalog.signals["signal_id"]) == ["TOI 100.01", "TOI 100.10", "TOI 101.01", "TOI 101.10"]


def test_numbers_with_leading_zeros_are_one_star(table):
    assert only(read_catalog(table("koi", {"kepid": "010797460"})))["target_id"] == "KIC 10797460"


def test_limits_are_no_measurements(table):
    limit = {"pl_orbperlim": "1", "pl_trandeplim": "-1", "pl_tranmidlim": "0", "pl_trandurhlim": ""}
    row = only(read_catalog(table("toi", limit, columns=limit)))
    assert np.isnan(row["period_d"])
    assert np.isnan(row["depth_ppm"])
    assert row["epoch_bjd"] == 2459229.630046
    assert row["duration_h"] == 2.0172196


def test_exofop_renamed_its_epoch(table):
    path = table("exofop_toi")
    path.write_text(path.read_text().replace("Epoch (BJD)", "Transit Epoch (BJD)"))
    assert only(read_catalog(path))["epoch_err_d"] == 0.0003926639


def test_an_error_of_zero_is_no_error(table):
    row = only(read_catalog(table("dr24", {"tce_period_err": "0.0", "tce_time0bk_err": "0"})))
    assert np.isnan(row["period_err_d"])
    assert np.isnan(row["epoch_err_d"])


def test_unreadable_extras_are_flagged(table):
    row = only(read_catalog(table("koi", {"ra": "191h", "dec": "-95", "koi_prad": "big"})))
    assert row["flags"] == "unreadable:dec; unreadable:koi_prad; unreadable:ra"
    assert row[["ra_deg", "dec_deg", "radius_rearth"]].isna().all()


def test_a_formula_is_text(table):
    row = only(read_catalog(table("koi", {"koi_disposition": "=cmd()"})))
    assert (row["disposition"], row["label"]) == ("=cmd()", "unknown")


@pytest.mark.parametrize(
    ("kind", "column", "unit"),
    [
        ("koi", "koi_time0bk", "BJD"),
        ("koi", "koi_duration", "days"),
        ("koi", "koi_depth", "%"),
        ("toi", "pl_tranmid", "BTJD"),
        ("toi", "pl_trandep", "percent"),
        ("toi", "pl_orbper", "hours"),
    ],
)
def test_a_header_that_declares_another_unit_is_refused(table, kind, column, unit):
    with pytest.raises(CatalogError, match=rf"declares column {column} in \[{unit}\], expected"):
        read_catalog(table(kind, above=[f"# COLUMN {column}:   What it is [{unit}]"]))


def test_units_spelt_otherwise_are_the_same(table):
    above = [
        "# COLUMN koi_duration: Duration [hrs]",
        "# COLUMN koi_period: Period [Days]",
        "# COLUMN koi_depth: D [odd]",
    ]
    assert len(read_catalog(table("koi", above=above)).signals) == 1


def test_summary_counts_every_row(table):
    catalog = read_catalog(
        table(
            "koi",
            {"kepoi_name": "K00001.01"},
            {"kepoi_name": "K00002.01", "koi_disposition": "CANDIDATE"},
            {"kepoi_name": "K00003.01", "kepid": "x"},
            {"kepoi_name": "K00004.01", "koi_period": "-1", "koi_disposition": ""},
        )
    )
    assert catalog.summary == {
        "table": "koi",
        "rows": 4,
        "signals": 2,
        "rejected": {"negative period": 1, "target number cannot be read": 1},
        "merged": {},
        "by_disposition": {
            "none": {"rows": 1, "resolved": 1, "share": 1.0},
            "CANDIDATE": {"rows": 1, "resolved": 1, "share": 1.0},
            "CONFIRMED": {"rows": 2, "resolved": 1, "share": 0.5},
        },
    }
    assert list(catalog.rejected) == ["line", "reason", "row"]
    assert list(catalog.rejected["line"]) == [4, 5]


def test_policies_are_configuration(table):
    settings = LabelSettings(koi={"planet": ["CANDIDATE"], "not_planet": ["CONFIRMED"]})
    assert only(read_catalog(table("koi"), settings))["label"] == "not_planet"
    scored = only(read_catalog(table("exominer"), LabelSettings(exominer_planet_above=0.95)))
    assert (scored["label"], scored["label_source"]) == ("planet", "exominer:score>0.95")
    below = only(read_catalog(table("exominer"), LabelSettings(exominer_planet_above=0.999)))
    assert (below["label"], below["label_source"]) == ("unknown", "exominer:none")


def test_what_the_archive_adds_in_brackets_does_not_matter(table):
    row = only(read_catalog(table("k2pandc", {"disposition": "REFUTED [PLANET]"})))
    assert (row["disposition"], row["label"]) == ("REFUTED [PLANET]", "not_planet")
