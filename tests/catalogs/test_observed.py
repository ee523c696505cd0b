"""Quarters and campaigns as catalogs write them, and how they reach the lists of what to download."""

import pytest
from catalogs.frames import row, tables

from lightmill.catalogs.labels import label_signals
from lightmill.catalogs.observed import united
from lightmill.catalogs.reading import read_catalog
from lightmill.catalogs.shards import TARGET_COLUMNS, lists_of_shard
from lightmill.config.catalogs import LabelSettings, SplitSettings


def only(catalog):
    assert len(catalog.signals) == 1, list(catalog.rejected["reason"])
    return catalog.signals.iloc[0]


@pytest.mark.parametrize(
    ("cell", "segments", "readable"),
    [
        ("1" * 17 + "0" * 15, ",".join(map(str, range(1, 18))), True),
        ("01111111111111111" + "0" * 15, ",".join(map(str, range(2, 18))), True),
        ("1110000000000000" + "1", "1,2,3,17", True),
        ("0" * 32, "", True),
        ("", "", True),
        ("null", "", True),
        ("1" * 16 + "0" * 15, "", False),  # 31 digits: a number once, which lost its first 0
        ("1" * 18 + "0" * 14, "", False),  # there never was a quarter 18
        ("1.1111111111111111e+31", "", False),
        ('"1,2,3"', "", False),
    ],
)
def test_bit_strings_start_with_quarter_1(table, cell, segments, readable):
    row = {"koi_quarters": cell, "koi_tce_delivname": "q1_q17_dr25_tce"}
    signal = only(read_catalog(table("koi", row, columns=list(row))))
    assert signal["segments"] == segments
    assert signal["flags"] == ("" if readable else "unreadable:koi_quarters")


@pytest.mark.parametrize(
    ("cell", "segments", "readable"),
    [
        ("3", "3", True),
        ("0", "0", True),
        ('"18, 5,16"', "5,16,18", True),
        ("18 5 16", "5,16,18", True),
        ("C5;C18", "5,18", True),
        ("9", "91,92", True),
        ('"10,17"', "17,101,102", True),
        ('"111,112"', "111,112", True),
        ("", "", True),
        ("20", "", False),
        ("E", "", False),
        ("5.0", "", False),
    ],
)
def test_halves_of_split_campaigns_have_the_numbers_of_their_files(table, cell, segments, readable):
    signal = only(read_catalog(table("k2pandc", {"k2_campaigns": cell}, columns=["k2_campaigns"])))
    assert signal["segments"] == segments
    assert ("unreadable:k2_campaigns" in signal["flags"].split("; ")) is not readable


def test_tables_that_say_nothing_leave_it_empty(table):
    for kind in ("koi", "k2pandc", "toi", "dr24"):
        assert only(read_catalog(table(kind)))["segments"] == ""


def test_united():
    assert united([]) == united(["", ""]) == ""
    assert united(["2,10", "", "1,2"]) == "1,2,10"


def test_targets_have_the_segments_of_all_their_signals():
    signals, _, _ = label_signals(
        tables(
            row("koi", "KOI K00001.01", "KIC 1", segments="1,2"),
            row("koi", "KOI K00001.02", "KIC 1", period_d=11.0, segments="2,17"),
            row("koi", "KOI K00002.01", "KIC 2"),
            row("dr25_tce", "DR25 2-01", "KIC 2", segments="4,5"),  # merged into the KOI, which says nothing
            row("dr25_tce", "DR25 3-01", "KIC 3", segments="7"),
            row("koi", "KOI K00004.01", "KIC 4"),
        ),
        LabelSettings(),
        SplitSettings(),
        {"Kepler": 1},
        {},
    )
    targets = lists_of_shard(signals)["targets"]
    assert tuple(targets) == TARGET_COLUMNS
    assert dict(zip(targets["target_id"], targets["segments"], strict=True)) == {
        "KIC 1": "1,2,17",
        "KIC 2": "4,5",
        "KIC 3": "7",
        "KIC 4": "",
    }
    empty = lists_of_shard(signals.iloc[:0])["targets"]
    assert tuple(empty) == TARGET_COLUMNS
    assert empty.dtypes.tolist() == targets.dtypes.tolist()


def test_of_two_tables_with_the_same_events_the_labelled_one_has_the_say():
    signals, conflicts, _ = label_signals(
        tables(
            row("dr25_tce", "DR25 1-01", "KIC 1", period_d=3.5, period_err_d=1e-5, segments="1,2"),
            row("dr25_tce", "DR25 1-02", "KIC 1", period_d=11.0),
            row("dr25", "DR25 1-01", "KIC 1", period_d=3.5001, disposition="PC"),
        ),
        LabelSettings(),
        SplitSettings(),
        {"Kepler": 1},
        {},
    )
    assert signals["signal_id"].tolist() == ["DR25 1-01", "DR25 1-02"]
    assert signals["table"].tolist() == ["dr25", "dr25_tce"]
    assert signals["label"].tolist() == ["planet", "unknown"]
    assert signals["segments"].tolist() == ["1,2", ""]
    assert signals["aliases"].tolist() == ["", ""]
    assert conflicts.empty
