"""How many of the labels that a run found suspect are wrong by what a later table says of their signals.

    python -m benchmarks.suspects --dataset FOLDER --suspects suspect_labels.csv --later TABLE.csv [--events TCES.csv]

FOLDER is the dataset that the labels are of (`results/<run>/datasets/<name>`), TABLE.csv a table of KOIs or TOIs. A
label is judged where a row of the table on the same star has the same ephemeris and is decided: a positive is wrong if
that is a false positive or a false alarm now, a negative if it is a known or confirmed planet. Two orders of the same
labels are compared: that of confident learning, and that of the loss alone.

Rows of views without an ephemeris get that of TCES.csv, the table of threshold-crossing events that they were made
from, as far as it is certain which event a row is: its star has one labelled event there and one row here, and both
have one disposition. That leaves out stars with several signals, so such figures are of the others.
"""

import argparse
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.metrics import roc_auc_score

from lightmill.catalogs import match_ephemerides, read_catalog
from lightmill.training import read_dataset

PLANETS = frozenset({"CONFIRMED", "KP", "CP"})
OTHERS = frozenset({"FALSE POSITIVE", "FP", "FA"})
FIRST = (50, 100)
EPHEMERIS = ("period_d", "epoch_bjd", "duration_h", "period_err_d", "epoch_err_d")
# What the label of a row may be called whose event is known not to be a planet, and no more.
EITHER = {"AFP or NTP": ("AFP", "NTP")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--dataset", required=True, metavar="FOLDER")
    parser.add_argument("--suspects", required=True, metavar="CSV")
    parser.add_argument("--later", required=True, metavar="CSV", help="a table of KOIs or TOIs")
    parser.add_argument("--events", metavar="CSV", help="the events that views without ephemerides were made from")
    chosen = parser.parse_args()
    meta = read_dataset(chosen.dataset).meta.assign(period_err_d=np.nan, epoch_err_d=np.nan)
    if chosen.events is not None:
        meta = with_ephemerides(meta, read_catalog(chosen.events).signals)
    listed = pd.read_csv(chosen.suspects, float_precision="round_trip")
    known = listed.merge(meta[["signal_id", "target_id", *EPHEMERIS]].dropna(subset=["period_d"]), on="signal_id")
    judged = listed.merge(verdicts(known, read_catalog(chosen.later).signals), on="signal_id")
    judged["wrong"] = judged["task_label"] != judged["planet_now"]
    print(f"{len(listed)} labels, {len(known)} of them with an ephemeris, {len(judged)} judged by the later table")
    print(by_class(judged).to_string(index=False))
    suspect = judged[judged["suspect"] == "yes"]
    print(f"of the suspect labels that are judged {share(int(suspect['wrong'].sum()), len(suspect))} are wrong")
    print(pd.DataFrame(orders(listed, judged)).fillna("").to_string(index=False))


def with_ephemerides(meta: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The rows whose event is certain, with its ephemeris: one labelled event and one row of its star, named alike."""
    labelled = events[events["label"] != "unknown"]
    single = labelled[~labelled["target_id"].duplicated(keep=False)]
    alone = meta[~meta["target_id"].duplicated(keep=False)].drop(columns=list(EPHEMERIS))
    both = alone.merge(single[["target_id", "disposition", *EPHEMERIS]], on="target_id", suffixes=("", "_event"))
    alike = [
        event in EITHER.get(row, (row,))
        for row, event in zip(both["disposition"], both["disposition_event"], strict=True)
    ]
    return both[alike]


def verdicts(known: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Whether a signal is a planet by the later table, 1 or 0 (`planet_now`): those that it decides, one row each.

    Both tables have `target_id` and an EPHEMERIS. A signal that two rows of the later table judge differently is left
    out.
    """
    decided = later[later["disposition"].isin(PLANETS | OTHERS)]
    pairs = known[["signal_id", "target_id", *EPHEMERIS]].merge(decided, on="target_id", suffixes=("", "_later"))
    same = match_ephemerides(
        *(pairs[name].to_numpy(float) for name in EPHEMERIS),
        *(pairs[f"{name}_later"].to_numpy(float) for name in EPHEMERIS),
    )
    pairs = pairs[same == "same"]
    planet = pairs["disposition"].isin(PLANETS).astype(int).groupby(pairs["signal_id"])
    agreed = planet.first()[planet.nunique() == 1]
    return agreed.rename("planet_now").reset_index()


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
