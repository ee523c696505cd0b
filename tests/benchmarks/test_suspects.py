"""The arithmetic of judging suspect labels by a later table, on what is known by hand."""

import numpy as np
import pandas as pd
from benchmarks.suspects import by_class, orders, verdicts, with_ephemerides


def signal(name, star, period_d, disposition, **others):
    times = {"epoch_bjd": 2458000.0, "duration_h": 3.0, "period_err_d": 1e-4, "epoch_err_d": 1e-3}
    return {"signal_id": name, "target_id": star, "period_d": period_d, "disposition": disposition, **times, **others}


def test_a_verdict_needs_one_ephemeris_and_one_decision():
    known = pd.DataFrame(
        [
            signal("planet", "TIC 1", 4.0, "EB"),
            signal("another period", "TIC 1", 5.0, "PC"),
            signal("undecided", "TIC 2", 4.0, "PC"),
            signal("false alarm", "TIC 3", 4.0, "PC"),
            signal("two opinions", "TIC 4", 4.0, "PC"),
            signal("another star", "TIC 9", 4.0, "PC"),
        ]
    ).drop(columns="disposition")
    later = pd.DataFrame(
        [
            signal("TOI 1.01", "TIC 1", 4.0001, "CP", epoch_bjd=2458040.001),
            signal("TOI 2.01", "TIC 2", 4.0, "PC"),
            signal("TOI 3.01", "TIC 3", 4.0, "FA"),
            signal("TOI 4.01", "TIC 4", 4.0, "KP"),
            signal("TOI 4.02", "TIC 4", 4.0, "FP"),
        ]
    )
    found = verdicts(known, later).set_index("signal_id")["planet_now"]
    assert found.to_dict() == {"planet": 1, "false alarm": 0}


def test_a_row_without_an_ephemeris_gets_that_of_the_only_event_it_can_be():
    stars = ["KIC 1", "KIC 2", "KIC 2", "KIC 3", "KIC 4", "KIC 5"]
    meta = pd.DataFrame([signal(f"row {n}", star, np.nan, "PC") for n, star in enumerate(stars)])
    meta.loc[5, "disposition"] = "AFP or NTP"
    events = pd.DataFrame(
        [
            signal("a", "KIC 1", 10.0, "PC", label="planet"),
            signal("b", "KIC 1", 20.0, "UNK", label="unknown"),
            signal("c", "KIC 2", 10.0, "PC", label="planet"),
            signal("d", "KIC 3", 10.0, "PC", label="planet"),
            signal("e", "KIC 3", 20.0, "AFP", label="not_planet"),
            signal("f", "KIC 4", 10.0, "AFP", label="not_planet"),
            signal("g", "KIC 5", 30.0, "NTP", label="not_planet"),
        ]
    )
    found = with_ephemerides(meta, events).set_index("signal_id")["period_d"]
    assert found.to_dict() == {"row 0": 10.0, "row 5": 30.0}


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
