"""Recall by slices: of signals counted by hand, with intervals that take a star's signals as one."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from lightmill.evaluation.slices import SLICE_COLUMNS, recall_by, share_of
from lightmill.evaluation.slices_figure import slices_figure

NAN = np.nan


def six():
    meta = pd.DataFrame(
        {
            "group_id": ["a", "a", "b", "c", "d", "e"],
            "period_d": [0.5, 1.0, 2.9, 3.0, 400.0, NAN],
            "snr": NAN,
            "depth_ppm": [NAN] * 6,
            "duration_h": [3.0] * 6,
            "mission": "Kepler",
            "disposition": ["PC", "PC", "AFP", "NTP", "PC", "AFP"],
            "false_positive_flags": ["", "", "ss; co", "nt", "", "ss"],
        }
    )
    labels = np.array([1.0, 1, 0, 0, 1, 0])
    called = np.array([True, False, True, False, True, False])
    return meta, labels, called


def table_of(meta, labels, called):
    table = recall_by(meta, labels, called, 0.95)
    assert tuple(table.columns) == SLICE_COLUMNS
    return table.set_index(["by", "slice"])


def test_slices_by_hand():
    table = table_of(*six())
    whole = table.loc[("all", "all")]
    assert whole[["n", "n_positives", "n_groups", "called_positive"]].tolist() == [6, 3, 5, 3]
    assert whole[["recall", "precision", "false_positive_rate"]].tolist() == pytest.approx([2 / 3, 2 / 3, 1 / 3])
    periods = table.loc["period_d"]
    assert table.loc["disposition"]["precision"].isna().all()
    assert periods.index.tolist() == ["below 1", "1 to 3", "3 to 10", "from 300", "unknown"]
    assert periods["n"].tolist() == [1, 2, 1, 1, 1]
    assert periods["recall"].tolist() == pytest.approx([1, 0, NAN, 1, NAN], nan_ok=True)
    assert periods["false_positive_rate"].tolist() == pytest.approx([NAN, 1, 0, NAN, 0], nan_ok=True)
    assert table.loc["period_d"]["precision"].isna().sum() == 4
    assert table.loc[("period_d", "1 to 3"), "precision"] == 0
    assert periods.loc["1 to 3", ["low_edge", "high_edge"]].tolist() == [1, 3]
    assert np.isnan(periods.loc["below 1", "low_edge"])
    assert "snr" not in table.index.get_level_values(0)
    assert table.loc["disposition"]["false_positive_rate"].to_dict() == pytest.approx(
        {"AFP": 0.5, "NTP": 0.0, "PC": NAN}, nan_ok=True
    )
    verdicts = table.loc["false_positive_flag"]
    assert verdicts["n"].to_dict() == {"co": 1, "nt": 1, "ss": 2, "none": 3}
    assert verdicts["called_positive"].to_dict() == {"co": 1, "nt": 0, "ss": 1, "none": 2}


def test_every_signal_is_in_one_slice_of_each_number():
    generator = np.random.default_rng(1)
    meta = pd.concat([six()[0]] * 50, ignore_index=True)
    meta["snr"] = np.where(generator.random(300) < 0.1, NAN, 10 ** generator.uniform(0, 3, 300))
    table = table_of(meta, np.tile([1.0, 0], 150), generator.random(300) < 0.5)
    for by in ("period_d", "snr", "duration_h", "mission", "disposition"):
        assert table.loc[by]["n"].sum() == 300


def test_intervals_are_wilsons_and_signals_of_one_star_count_as_one():
    hit = np.array([True] * 7 + [False] * 3)
    expected = binomtest(7, 10).proportion_ci(0.9, method="wilson")
    assert share_of(hit, np.arange(10), 0.9) == pytest.approx((0.7, expected.low, expected.high))
    copies = share_of(np.repeat(hit, 5), np.repeat(np.arange(10), 5), 0.9)
    assert copies == pytest.approx((0.7, expected.low, expected.high))
    assert share_of(np.array([True]), np.array(["a"]), 0.95)[2] == 1
    assert np.isnan(share_of(np.zeros(0, bool), np.zeros(0), 0.95)).all()


def test_the_figure_has_a_panel_for_what_is_known():
    figure = slices_figure(recall_by(*six(), 0.95), ("not planet", "planet"), "title")
    shown = [axes.get_xlabel() for axes in figure.axes if axes.axison]
    assert shown == ["period (d)", "duration (h)", "disposition", "false-positive flag"]
    meta, labels, called = six()
    bare = meta.assign(period_d=NAN, duration_h=NAN, false_positive_flags="")
    figure = slices_figure(recall_by(bare, labels, called, 0.95), ("not planet", "planet"), "title")
    assert [axes.get_xlabel() for axes in figure.axes] == ["disposition"]
