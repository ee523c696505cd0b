"""Signals that stay beside each other: one counterpart in each mission, and none that a table tells apart."""

import numpy as np
import pytest
from catalogs.frames import NAN, row, tables

from lightmill.catalogs.labels import label_signals
from lightmill.config.catalogs import LabelSettings, SplitSettings

STAR = {"TIC 9": "KIC 1", "TIC 10": "KIC 1", "EPIC 5": "KIC 1"}
EPOCH = 2454970.0
LATER = EPOCH + 600 * 3.5


def labelled(*rows):
    return label_signals(tables(*rows), LabelSettings(), SplitSettings(), {}, STAR)[0].set_index("signal_id")


def koi(name="KOI K00001.01", disposition="CONFIRMED", **others):
    return row("koi", name, "KIC 1", disposition=disposition, **others)


def toi(name="TOI 1.01", target="TIC 9", disposition="KP", **others):
    return row("toi", name, target, disposition=disposition, **{"epoch_bjd": LATER, **others})


def tce(number, table="dr25", disposition="NTP", **others):
    return row(table, f"{table.upper()} 1-{number:02d}", "KIC 1", disposition=disposition, **others)


def test_a_planet_has_one_counterpart_in_another_mission_that_of_the_better_table():
    rows = labelled(koi(period_err_d=1e-6), toi(), tce(1, disposition="PC"), tce(3, epoch_bjd=EPOCH + 0.06))
    assert rows["flags"].to_dict() == {
        "DR25 1-03": "",
        "KOI K00001.01": "same_as:TOI 1.01",
        "TOI 1.01": "same_as:KOI K00001.01",
    }
    assert rows["label"].to_dict() == {"DR25 1-03": "not_planet", "KOI K00001.01": "planet", "TOI 1.01": "planet"}


@pytest.mark.parametrize("better", [1, 2])
def test_of_two_of_one_table_the_nearer_transit_is_the_counterpart(better):
    near, far = EPOCH + 0.01, EPOCH + 0.05
    rows = labelled(
        toi(), *(tce(number, disposition="PC", epoch_bjd=near if number == better else far) for number in (1, 2))
    )
    assert rows.loc["TOI 1.01", "flags"] == f"same_as:DR25 1-0{better}"


def test_errors_count_when_transits_are_compared():
    # Off by 0.02 d with an error of 0.02 d is nearer than 0.015 d off without one: bounds 0.0625 + 0.06 and 0.0625.
    rows = labelled(
        toi(),
        koi("KOI K00001.01", epoch_bjd=EPOCH + 0.020, epoch_err_d=0.02, period_err_d=0.0),
        koi("KOI K00001.02", epoch_bjd=EPOCH - 0.015, epoch_err_d=0.0, period_err_d=0.0),
    )
    assert rows.loc["TOI 1.01", "flags"] == "same_as:KOI K00001.01"


def test_one_counterpart_in_each_of_two_missions_and_on_one_target_of_a_mission():
    rows = labelled(
        koi(),
        toi(),
        toi("TOI 1.02", "TIC 10", "PC", epoch_bjd=LATER + 0.03),
        row("k2pandc", "K2 EPIC 5 b", "EPIC 5", epoch_bjd=NAN, duration_h=NAN, disposition="CANDIDATE"),
    )
    assert rows.loc["KOI K00001.01", "flags"] == "same_as:K2 EPIC 5 b; same_as:TOI 1.01"
    assert "same_as:KOI K00001.01" in rows.loc["K2 EPIC 5 b", "flags"]
    assert "same_as:KOI K00001.01" not in rows.loc["TOI 1.02", "flags"]
    assert "same_as:TOI 1.01" in rows.loc["TOI 1.02", "flags"]  # two targets of one mission on one star


def test_merged_rows_lead_to_a_counterpart_too():
    # 3.5 and 3.507 d differ by more than 1e-3; the run that was merged into the TOI agrees with both.
    run = row("exominer", "SPOC 9-1-S1-13", "TIC 9", period_d=3.503, epoch_bjd=NAN, duration_h=2.5)
    rows = labelled(koi(period_d=3.5, epoch_bjd=NAN, duration_h=NAN), toi(period_d=3.5064, epoch_bjd=NAN), run)
    assert rows.loc["KOI K00001.01", "flags"].startswith("ephemeris_from:SPOC 9-1-S1-13; same_as:TOI 1.01")
    assert rows.loc["TOI 1.01", "aliases"] == "KOI K00001.01; SPOC 9-1-S1-13"


def test_what_a_table_lists_beside_the_planet_is_not_the_planet():
    rows = labelled(
        koi(),
        tce(1, disposition="PC"),
        tce(2, epoch_bjd=EPOCH + 0.05),
        tce(1, "dr24", "PC"),
        tce(2, "dr24", "AFP", epoch_bjd=EPOCH - 0.05),
    )
    assert rows["label"].to_dict() == {"DR24 1-02": "not_planet", "DR25 1-02": "not_planet", "KOI K00001.01": "planet"}
    assert (rows["flags"] == "").all()


def test_gaps_are_not_filled_from_a_row_that_is_another_signal():
    rows = labelled(
        toi(duration_h=NAN, epoch_bjd=LATER),
        koi(period_err_d=1e-6, duration_h=2.0),
        tce(1, disposition="PC", duration_h=2.0),
        tce(2, epoch_bjd=EPOCH + 0.03, duration_h=14.0),
    )
    assert rows.loc["TOI 1.01", "duration_h"] == 2.0


def test_harmonics_are_linked_one_to_many():
    rows = labelled(koi(), tce(1, period_d=7.0), tce(2, period_d=1.75))
    assert rows.loc["KOI K00001.01", "flags"] == "harmonic_of:DR25 1-01; harmonic_of:DR25 1-02"


def test_no_pairs():
    rows = labelled(koi(), toi(period_d=9.0))
    assert (rows["aliases"] == "").all()
    assert np.array_equal(rows["flags"], ["", ""])
