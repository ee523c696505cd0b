"""What stops a network: the arithmetic behind docs/limits.md on what is known by hand."""

import numpy as np
import pandas as pd
import pytest
from benchmarks.coarser import halved, paired
from benchmarks.limits import BESIDE, FLAGS, NOW_OTHER, kinds, label_tables, what_is_left, yu_kinds
from catalogs.frames import frame, row

from lightmill.catalogs.later import read_later
from lightmill.config.model import load_config


def test_bins_are_joined_about_the_middle():
    coarse = halved(np.arange(9.0)[None])
    # 0 1 | 2 3 | 4 | 5 6 | 7 8
    assert coarse.tolist() == [[0.5, 2.5, 4.0, 5.5, 7.5]]
    assert halved(np.zeros((3, 61))).shape == (3, 31)
    assert halved(np.zeros((3, 201))).shape == (3, 101)


@pytest.fixture
def truth():
    """Eight negatives of which one is a planet now, and four positives."""
    koi = [f"KOI K0000{i}.01" for i in range(6)]
    return pd.DataFrame(
        {
            "old_label": [0.0] * 8 + [1.0] * 4,
            "todays_label": [1, 0, 0, 0, 0, 0, np.nan, np.nan, 1, 1, 1, np.nan],
            "later_signal_id": [*koi, "", "KOI K00002.01; KOI K00003.01", "", "", "", ""],
            "later_disposition": ["CONFIRMED", *["FALSE POSITIVE"] * 5, "", "FALSE POSITIVE", *["CONFIRMED"] * 3, ""],
            "how": [*["ephemeris"] * 6, "absent", *["ephemeris"] * 4, "no_event"],
            "probability": [0.9, 0.8, 0.7, 0.3, 0.2, 0.1, 0.1, 0.1, 0.95, 0.85, 0.75, 0.6],
            "group_id": [f"star {i}" for i in range(12)],
        }
    )


@pytest.fixture
def koi(tmp_path):
    flags = [(0, 0, 0, 0), (0, 0, 1, 0), (0, 0, 1, 1), (0, 1, 1, 0), (1, 1, 1, 1), (0, 0, 0, 0)]
    lines = ["# a comment", ",".join(["kepoi_name", *FLAGS])]
    lines += [f"K0000{i}.01," + ",".join(map(str, row)) for i, row in enumerate(flags)]
    (tmp_path / "koi.csv").write_text("\n".join(lines) + "\n")
    return str(tmp_path / "koi.csv")


def test_an_error_is_of_one_kind(truth, koi):
    found = kinds(truth, koi)
    eclipse, noise = FLAGS["koi_fpflag_ss"], FLAGS["koi_fpflag_nt"]
    # The last of the negatives may be one of two events of two kinds: of neither.
    expected = [NOW_OTHER, BESIDE, BESIDE, eclipse, noise, "FALSE POSITIVE", "absent", "FALSE POSITIVE"]
    assert found[:8].tolist() == expected
    assert found[8:].tolist() == ["CONFIRMED"] * 3 + ["no_event"]
    assert kinds(truth, None)[1] == "FALSE POSITIVE"


def test_what_is_left_when_errors_are_set_right(truth, koi):
    table = what_is_left(truth, kinds(truth, koi))["average_precision value"]
    # Ranked: + n + n + n + and then, below, only negatives.
    assert table["old labels"] == pytest.approx((1 + 2 / 3 + 3 / 5 + 4 / 7) / 4, abs=1e-4)
    assert table["today's labels where known"] == pytest.approx((1 + 1 + 1 + 4 / 5 + 5 / 7) / 5, abs=1e-4)
    assert table["today's labels, without what is beside the star"] == 1
    assert table["old labels, without as many negatives at random"] < 0.9


def test_events_of_yu_are_a_neighbours_or_too_few():
    def event(star, period_d, disposition, ra_deg):
        where = {"ra_deg": ra_deg, "dec_deg": 60.0}
        return row("yu2019", f"YU2019 {star}-1", f"TIC {star}", period_d, disposition=disposition, **where)

    table = frame(
        event(1, 1.5, "J", 10.0),
        event(2, 1.5, "EB", 10.1),  # 3 arcmin away, at this declination
        event(3, 1.5, "J", 11.0),
        event(4, 14.0, "J", 30.0),
        event(5, 4.0, "V", 40.0),
    )
    truth = pd.DataFrame({"signal_id": [f"yu2019 {star}-1" for star in (5, 4, 3, 2, 1)]}, index=range(10, 15))
    found = yu_kinds(truth, table)
    neighbour = "ephemeris of a neighbour's EB or PC"
    assert found.to_dict() == {10: "V", 11: "periods above 13 d", 12: "J", 13: "EB", 14: neighbour}


def test_differences_are_paired():
    random = np.random.default_rng(0)
    labels = (np.arange(400) % 4 == 0).astype(float)
    score = labels + random.normal(0, 0.5, 400)
    groups = np.array([f"star {i // 2}" for i in range(400)])
    same = paired(labels, {"one": score, "other": 3 * score}, groups, samples=20).loc["difference"]
    assert same.tolist() == [0, 0, 0]
    worse = paired(labels, {"one": score, "other": score + random.normal(0, 1, 400)}, groups, samples=60).loc[
        "difference"
    ]
    assert 0 < worse["low"] < worse["value"] < worse["high"]


def test_the_ceiling_of_dr24(real_data, pytestconfig, monkeypatch):
    monkeypatch.setenv("LIGHTMILL_REAL_DATA", str(real_data))
    config = load_config(pytestconfig.rootpath / "configs" / "dr24.yaml")
    old = read_later((real_data / "catalogs" / "tce").glob("q1_q17_dr24_tce_*.csv"))
    _, ceilings = label_tables(config, "dr24", old, None)
    everything = ceilings.loc["all"]
    assert everything[["n", "positives"]].tolist() == [15737, 3600]
    assert 0.93 < everything["low"] < everything["ceiling AP"] < everything["high"] < 0.96
