"""How many of the labels that a run found suspect are wrong by what a later table says of their signals.

    python -m benchmarks.suspects --dataset FOLDER --suspects suspect_labels.csv --later TABLE.csv [--events TCES.csv]

FOLDER is the dataset that the labels are of (`results/<run>/datasets/<name>`), TABLE.csv a table of KOIs or TOIs. A
label is judged where a row of the table is the same signal, as `lightmill.evaluation.today` says, and is decided: a
positive is wrong if that is a false positive or a false alarm now, a negative if it is a known or confirmed planet. Two
orders of the same labels are compared: that of confident learning, and that of the loss alone.

Rows of views without an ephemeris may be any event of TCES.csv, the table of threshold-crossing events that they were
made from, of their star and disposition, and are judged where all of these come out the same. A row whose disposition
no event has is left out.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import pandas as pd
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from lightmill.catalogs.later import read_later
from lightmill.config.training import LaterLabels
from lightmill.evaluation.today import todays_labels
from lightmill.training import read_dataset

# Candidates are not decided.
DECIDED = LaterLabels(positive=["CONFIRMED", "KP", "CP"], negative=["FALSE POSITIVE", "FP", "FA"])
FIRST = (50, 100)
EPHEMERIS = ("period_d", "epoch_bjd", "duration_h")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True, metavar="FOLDER")
    parser.add_argument("--suspects", required=True, metavar="CSV")
    parser.add_argument("--later", required=True, metavar="CSV", help="a table of KOIs or TOIs")
    parser.add_argument("--events", metavar="CSV", help="the events that views without ephemerides were made from")
    chosen = parser.parse_args()
    listed = pd.read_csv(chosen.suspects, dtype={"signal_id": str}, float_precision="round_trip")
    events = None if chosen.events is None else read_later([chosen.events])
    judged = judged_labels(listed, read_dataset(chosen.dataset).meta, read_later([chosen.later]), events)
    print(f"{len(listed)} labels, {len(judged)} judged by the later table")
    print(by_class(judged).to_string(index=False))
    suspect = judged[judged["suspect"] == "yes"]
    print(f"of the suspect labels that are judged {share(int(suspect['wrong'].sum()), len(suspect))} are wrong")
    print(pd.DataFrame(orders(listed, judged)).fillna("").to_string(index=False))


def judged_labels(
    listed: pd.DataFrame, meta: pd.DataFrame, later: pd.DataFrame, events: pd.DataFrame | None
) -> pd.DataFrame:
    """The rows of a table of suspect labels that a later table decides; `wrong`, whether it says otherwise.

    `meta` is that of the dataset, `later` and `events` are as for `todays_labels`.
    """
    signals = listed.merge(meta[["signal_id", *EPHEMERIS]], on="signal_id")
    today = todays_labels(signals, later, events, DECIDED)["todays_label"]
    return signals.assign(wrong=signals["task_label"] != today)[today.notna()]


def by_class(judged: pd.DataFrame) -> pd.DataFrame:
    """For each disposition: how many are judged and wrong, of all and of the suspect ones."""
    suspect = judged[judged["suspect"] == "yes"]
    rows = []
    for name, part in judged.groupby("disposition"):
        doubted = suspect[suspect["disposition"] == name]
        rows.append(
            {
                "label": name,
                "judged": len(part),
                "wrong": int(part["wrong"].sum()),
                "share wrong": share(int(part["wrong"].sum()), len(part)),
                "suspect, judged": len(doubted),
                "suspect, wrong": int(doubted["wrong"].sum()),
            }
        )
    return pd.DataFrame(rows)


def orders(listed: pd.DataFrame, judged: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """By order: of the first so many labels that are judged, the share that is wrong; and how many of the list are.

    `among the first n of all` is of the list as somebody would read it, most of which no later table judges.
    """
    for order, column in (("confident learning", "rank"), ("loss", "loss_rank")):
        ranked = judged.sort_values(column)
        row: dict[str, Any] = {"order": order}
        for n in FIRST:
            first = ranked.head(n)
            row[f"precision at {n}"] = share(int(first["wrong"].sum()), len(first))
        for n in FIRST:
            top = judged[judged[column] <= n]
            row[f"among the first {n} of all"] = f"{int(top['wrong'].sum())} of {len(top)}"
        row["ROC-AUC"] = f"{roc_auc_score(judged['wrong'], -judged[column]):.3f}"
        yield row
    wrong = int(judged["wrong"].sum())
    yield {"order": "chance", **{f"precision at {n}": share(wrong, len(judged)) for n in FIRST}, "ROC-AUC": "0.500"}


def share(hits: int, n: int) -> str:
    """A share with its Wilson interval, as text."""
    if n == 0:
        return "none"
    low, high = binomtest(hits, n).proportion_ci(method="wilson")
    return f"{hits / n:.2f} ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
