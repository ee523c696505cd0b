"""The arithmetic of judging suspect labels by a later table, on what is known by hand."""

import numpy as np
import pandas as pd
from benchmarks.suspects import by_class, judged_labels, orders

NAN = float("nan")


def signal(name, star, period_d, disposition, table="toi"):
    times = {"epoch_bjd": 2458000.0, "duration_h": 3.0, "period_err_d": 1e-4, "epoch_err_d": 1e-3}
    who = {"signal_id": name, "star_id": star, "disposition": disposition, "table": table}
    return {**who, "period_d": period_d, **times}


def listed_and_meta(rows):
    """A table of suspect labels, PC against the rest, and the dataset's rows, of (name, star, period, disposition)."""
    meta = pd.DataFrame([signal(*row) for row in rows]).drop(columns="table")
    listed = meta[["signal_id", "star_id", "disposition"]].assign(task_label=(meta["disposition"] == "PC").astype(int))
    return listed.iloc[::-1].reset_index(drop=True), meta


def test_a_label_is_judged_by_the_row_of_its_own_dip_if_that_is_decided():
    listed, meta = listed_and_meta(
        [
            ("planet", "TIC 1", 4.0, "EB"),
            ("another period", "TIC 1", 5.0, "PC"),
            ("undecided", "TIC 2", 4.0, "PC"),
            ("false alarm", "TIC 3", 4.0, "PC"),
            ("still a planet", "TIC 4", 4.0, "PC"),
            ("another star", "TIC 9", 4.0, "PC"),
        ]
    )
    later = pd.DataFrame(
        [
            signal("TOI 1.01", "TIC 1", 4.0001, "CP"),
            signal("TOI 2.01", "TIC 2", 4.0, "PC"),
            signal("TOI 3.01", "TIC 3", 4.0, "FA"),
            signal("TOI 4.01", "TIC 4", 4.0, "KP"),
        ]
    )
    wrong = judged_labels(listed, meta, later, None).set_index("signal_id")["wrong"]
    assert wrong.to_dict() == {"planet": True, "false alarm": True, "still a planet": False}


def test_a_row_without_an_ephemeris_is_judged_where_all_events_that_it_may_be_agree():
    listed, meta = listed_and_meta(
        [
            ("one event", "KIC 1", NAN, "PC"),
            ("two that agree", "KIC 2", NAN, "PC"),
            ("two that do not", "KIC 3", NAN, "PC"),
            ("no such event", "KIC 4", NAN, "AFP"),
        ]
    )
    events = pd.DataFrame(
        [
            signal("a", "KIC 1", 10.0, "PC", "dr24"),
            signal("b", "KIC 1", 27.0, "AFP", "dr24"),
            signal("c", "KIC 2", 10.0, "PC", "dr24"),
            signal("d", "KIC 2", 27.0, "PC", "dr24"),
            signal("e", "KIC 3", 10.0, "PC", "dr24"),
            signal("f", "KIC 3", 27.0, "PC", "dr24"),
            signal("g", "KIC 4", 10.0, "PC", "dr24"),
        ]
    )
    dispositions = ["FALSE POSITIVE", "CONFIRMED", "CONFIRMED", "CONFIRMED", "CONFIRMED", "FALSE POSITIVE", "CONFIRMED"]
    later = events.assign(signal_id="K" + events["signal_id"], disposition=dispositions, table="koi")
    wrong = judged_labels(listed, meta, later, events).set_index("signal_id")["wrong"]
    assert wrong.to_dict() == {"one event": True, "two that agree": False}


def test_shares_are_of_the_first_labels_that_are_judged():
    n = 200
    listed = pd.DataFrame({"signal_id": [f"s {i}" for i in range(n)], "rank": np.arange(1, n + 1)})
    listed["loss_rank"] = listed["rank"][::-1].to_numpy()
    listed["suspect"] = np.where(listed["rank"] <= 20, "yes", "no")
    judged = listed.iloc[::2].assign(disposition="PC", wrong=lambda rows: rows["rank"] <= 60)
    assert by_class(judged).iloc[0].tolist()[:3] == ["PC", 100, 30]
    assert by_class(judged).iloc[0].tolist()[4:] == [10, 10]
    ours, loss, chance = orders(listed, judged)
    assert ours["precision at 50"].startswith("0.60 (")
    assert ours["precision at 100"].startswith("0.30 (")
    assert ours["among the first 50 of all"] == "25 of 25"
    assert loss["among the first 50 of all"] == "0 of 25"
    assert (ours["ROC-AUC"], loss["ROC-AUC"]) == ("1.000", "0.000")
    assert chance["precision at 50"].startswith("0.30 (0.22 to 0.40)")
