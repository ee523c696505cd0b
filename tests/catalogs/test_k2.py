"""K2: one row per planet, percent to ppm, and the EPIC number from wherever it stands."""

import numpy as np
import pytest

from lightmill.catalogs import k2
from lightmill.catalogs.reading import read_catalog

FULL = ("pl_tranmid", "pl_trandur", "pl_trandep", "epic_hostname", "epic_candname", "tic_id", "sy_kepmag", "tran_flag")


@pytest.fixture
def facts(monkeypatch):
    """The table of facts, for the test to fill."""
    known = {}
    monkeypatch.setattr(k2, "known_epics", lambda: known)
    return known


def test_a_full_download_has_an_ephemeris(table):
    row = {"pl_tranmid": "2456983.4232", "pl_trandur": "1.73", "pl_trandep": "0.0412", "sy_kepmag": "12.1"}
    signal = read_catalog(table("k2pandc", row, columns=FULL)).signals.iloc[0]
    assert signal["epoch_bjd"] == 2456983.4232
    assert signal["duration_h"] == 1.73
    assert signal["depth_ppm"] == pytest.approx(412.0)  # percent to ppm: times 10,000
    assert signal["magnitude"] == 12.1
    assert signal["flags"] == ""


def test_an_epoch_in_another_time_system_is_flagged(table):
    row = {"pl_tranmid": "2456983.4232", "pl_trandur": "1.73"}
    columns = [*FULL, "pl_tsystemref"]
    signals = read_catalog(
        table(
            "k2pandc",
            {**row, "pl_tsystemref": "BJD-TDB"},
            {**row, "pl_tsystemref": "HJD", "pl_name": "EPIC 201126503 c"},
            columns=columns,
        )
    ).signals
    assert list(signals["flags"]) == ["", "other_time_system"]


@pytest.mark.parametrize(
    ("planet", "signal_id"),
    [
        ("EPIC 201126503.02", "K2 EPIC 201126503.02"),
        ("EPIC 201126503 c", "K2 EPIC 201126503 c"),
        ("K2-288 B b", "K2 EPIC 201126503 b"),
        ("Odd name", "K2 EPIC 201126503 Odd name"),
    ],
)
def test_signal_ids(table, planet, signal_id):
    assert list(read_catalog(table("k2pandc", {"pl_name": planet})).signals["signal_id"]) == [signal_id]


@pytest.mark.parametrize(
    "row",
    [
        {"pl_name": "K2-999 b", "hostname": "EPIC 246393474"},
        {"pl_name": "EPIC 246393474 b", "hostname": "K2-999"},
        {"pl_name": "K2-999 b", "hostname": "K2-999", "epic_hostname": "EPIC 246393474"},
        {"pl_name": "K2-999 b", "hostname": "K2-999", "epic_candname": "EPIC 246393474.01"},
        {"pl_name": "K2-3 b", "hostname": "K2-3"},
        {"pl_name": "WASP-47 e", "hostname": "WASP-47"},
    ],
)
def test_where_the_epic_number_stands(table, facts, row):
    facts.update({"K2-3": "246393474", "WASP-47 e": "246393474"})
    catalog = read_catalog(table("k2pandc", row, columns=FULL))
    assert list(catalog.signals["target_id"]) == ["EPIC 246393474"]


@pytest.mark.parametrize("shared", [{"hostname": "K2-999"}, {"hostname": "other", "tic_id": "TIC 7"}])
def test_rows_of_one_star_share_what_is_known(table, facts, shared):
    first = {"pl_name": "EPIC 246393474.01", "hostname": "K2-999", "tic_id": "TIC 7"}
    catalog = read_catalog(table("k2pandc", first, {"pl_name": "K2-999 c", **shared}, columns=FULL))
    assert list(catalog.signals["signal_id"]) == ["K2 EPIC 246393474 c", "K2 EPIC 246393474.01"]


def test_an_unknown_star_is_rejected_and_counted_by_disposition(table, facts):
    catalog = read_catalog(
        table("k2pandc", {}, {"pl_name": "K2-999 b", "hostname": "K2-999", "disposition": "CONFIRMED"})
    )
    assert list(catalog.rejected["line"]) == [3]
    assert "no EPIC number known for host 'K2-999' (planet 'K2-999 b')" in catalog.rejected["reason"][0]
    assert "epic_hostname" in catalog.rejected["reason"][0]
    assert catalog.summary["by_disposition"] == {
        "CANDIDATE": {"rows": 1, "resolved": 1, "share": 1.0},
        "CONFIRMED": {"rows": 1, "resolved": 0, "share": 0.0},
    }


def test_other_references_are_merged_and_broken_flags_rejected(table):
    catalog = read_catalog(
        table(
            "k2pandc",
            {"default_flag": "0", "pl_orbper": "99"},
            {},
            {"pl_name": "EPIC 201126503 c", "default_flag": "0"},
            {"pl_name": "EPIC 201126503 d", "default_flag": "yes"},
        )
    )
    assert catalog.signals["period_d"].tolist() == [1.194634]
    assert catalog.summary["merged"] == {"other references of the same planet": 1}
    assert list(catalog.rejected["line"]) == [4, 5]
    assert "no row of this planet has default_flag 1" in catalog.rejected["reason"][0]
    assert "default_flag 'yes'" in catalog.rejected["reason"][1]


@pytest.mark.parametrize(
    ("row", "transits"),
    [
        ({"discoverymethod": "Transit"}, True),
        ({"discoverymethod": "Radial Velocity"}, False),
        ({"discoverymethod": "Radial Velocity", "tran_flag": "1"}, True),
        ({"discoverymethod": "Transit", "tran_flag": "0"}, False),
    ],
)
def test_planets_that_do_not_transit_teach_nothing(table, row, transits):
    change = {"disposition": "CONFIRMED", **row}
    signal = read_catalog(table("k2pandc", change, columns=["tran_flag"])).signals.iloc[0]
    assert ("not_transiting" in signal["flags"]) is not transits
    assert signal["label"] == ("planet" if transits else "unknown")
    assert signal["label_source"] == ("k2pandc:CONFIRMED" if transits else "k2pandc:not_transiting")


def test_a_period_limit_is_no_period(table):
    signal = read_catalog(table("k2pandc", {"pl_orbperlim": "-1"})).signals.iloc[0]
    assert np.isnan(signal["period_d"])
