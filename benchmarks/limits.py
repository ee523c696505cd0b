"""What stops a network on sets that others labelled and folded: the numbers of docs/limits.md.

    python -m benchmarks.limits labels CONFIG EXPERIMENT OLD [--positive DISPOSITION ...]
    python -m benchmarks.limits errors EVALUATION [--koi TABLE | --yu TABLE]

`labels`: what the signals of an old table are in an experiment's later ones, by old disposition, and what who knows
that and no more would reach by the old labels, on the whole table, which no network has part in; with other later
dispositions as positive than the experiment's, if any are named.
`errors`: what those are that an ensemble ranks high and the old labels call negative, by the `todays_truth.csv` of an
experiment, and the average precision that is left when each kind is set right or left out. With the KOI table, by the
flags of its vetters, which are read here and nowhere else; with the table of Yu et al., those that no later table lists
by what it calls them, whether a neighbour has their ephemeris, and whether a sector has room for two of their transits.
What fewer bins cost: `benchmarks.coarser`.
"""

import argparse
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score, roc_auc_score

from lightmill.catalogs.later import read_later
from lightmill.catalogs.matching import match_ephemerides
from lightmill.config.model import Config, load_config
from lightmill.config.training import EvaluationSettings, TaskLabels
from lightmill.evaluation.ceiling import ceiling
from lightmill.evaluation.metrics import score_metrics
from lightmill.evaluation.today import todays_labels
from lightmill.files import SEPARATOR
from lightmill.training.dataset import task_labels

FLAGS = {
    "koi_fpflag_nt": "not like a transit (nt)",
    "koi_fpflag_ss": "an eclipse (ss)",
    "koi_fpflag_co": "beside the star (co, ec) and nothing else",
    "koi_fpflag_ec": "beside the star (co, ec) and nothing else",
}
BESIDE, NOW_OTHER = FLAGS["koi_fpflag_co"], "label has changed since"
CUTS = (0.5, 0.8)
# Half of a sector; and how far light reaches in TESS's pixels of 21 arcsec.
LONG_D, NEAR_DEG = 13.0, 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    forms = parser.add_subparsers(dest="form", required=True)
    labels = forms.add_parser("labels", help="what the signals of an old table are in later ones")
    labels.add_argument("config", help="a configuration")
    labels.add_argument("experiment", help="one of its experiments that says what is known today")
    labels.add_argument("old", help="the catalog file that its labels are from")
    labels.add_argument("--positive", nargs="+", help="later dispositions that are positive instead of its own")
    errors = forms.add_parser("errors", help="what an ensemble's surest errors are")
    errors.add_argument("evaluation", type=Path, help="folder with todays_truth.csv")
    by = errors.add_mutually_exclusive_group()
    by.add_argument("--koi", help="the cumulative KOI table, with its flags")
    by.add_argument("--yu", help="the table of Yu et al.")
    chosen = parser.parse_args()
    if chosen.form == "labels":
        config = load_config(chosen.config)
        for table in label_tables(config, chosen.experiment, read_later([chosen.old]), chosen.positive):
            print(table.to_string(), end="\n\n")
    else:
        truth = read_truth(chosen.evaluation / "todays_truth.csv")
        kind = kinds(truth, chosen.koi)
        if chosen.yu is not None:
            kind = kind.where(kind != "absent", yu_kinds(truth, read_later([chosen.yu])))
        for table in error_tables(truth, kind):
            print(table.to_string(), end="\n\n")


def label_tables(config: Config, name: str, old: pd.DataFrame, positive: list[str] | None) -> list[pd.DataFrame]:
    """How many signals of each old disposition (rows) are what today (columns); ceilings, where it has both classes."""
    experiment = config.experiments[name]
    if experiment.today is None:
        raise SystemExit(f"experiments.{name}.today: not there; name the later tables there")
    settings = experiment.today.model_copy(update={} if positive is None else {"positive": positive})
    later = read_later(path for pattern in settings.tables for path in glob(pattern))
    policy = config.imported_views[experiment.dataset].labels
    labels = experiment.labels or TaskLabels(positive=policy.planet, negative=policy.not_planet)
    was = pd.Series(task_labels(old, labels).astype(float), old.index)
    found = todays_labels(old, later, None, settings)
    now = found["later_disposition"].where(found["how"].isin(["id", "ephemeris"]), found["how"])
    names = [
        column.replace("", "undecided").rename(title) for column, title in ((old["disposition"], "then"), (now, "now"))
    ]
    counts = pd.crosstab(*names, margins=True)
    if was.nunique() < 2:
        return [counts]
    scopes = {"listed": found["todays_label"], "all": found["todays_label"].fillna(was)}
    if settings.absent == "negative":
        scopes["listed_or_absent"] = found["todays_label_or_absent"]
    rows = {
        scope: _ceiling_row(*(values[was.notna() & label.notna()] for values in (was, label, old["star_id"])))
        for scope, label in scopes.items()
    }
    return [counts, pd.DataFrame(rows).T.round(4)]


def _ceiling_row(was: pd.Series, is_now: pd.Series, stars: pd.Series) -> dict[str, float]:
    value, low, high = ceiling(was.to_numpy(), is_now.to_numpy(), stars.to_numpy(str), EvaluationSettings())
    counts = {
        "n": len(was),
        "positives": was.sum(),
        "now positive": sum(is_now > was),
        "now negative": sum(is_now < was),
    }
    return {**counts, "ceiling AP": value, "low": low, "high": high, "ceiling AUC": roc_auc_score(was, is_now)}


def read_truth(path: Path) -> pd.DataFrame:
    """A `todays_truth.csv`, of which the signals that had a label."""
    text = dict.fromkeys(("later_signal_id", "later_disposition", "later_table"), "")
    return pd.read_csv(path, float_precision="round_trip").fillna(text).dropna(subset=["old_label"])


def error_tables(truth: pd.DataFrame, kind: pd.Series) -> list[pd.DataFrame]:
    """Kinds of old negatives, of old positives, and what average precision is left without each."""
    negatives, positives = truth["old_label"] == 0, truth["old_label"] == 1
    counts = [
        pd.DataFrame(
            {"all": kind[asked].value_counts()}
            | {name(cut): kind[asked & (truth["probability"].ge(cut) == above)].value_counts() for cut in CUTS}
        )
        .fillna(0)
        .astype(int)
        .rename_axis(title)
        for asked, above, name, title in (
            (negatives, True, "called positive from {}".format, "old negatives"),
            (positives, False, "called negative below {}".format, "old positives"),
        )
    ]
    return [*counts, what_is_left(truth, kind)]


def kinds(truth: pd.DataFrame, koi: str | None) -> pd.Series:
    """What each signal is: whether its label has changed, else by the flags of its KOI, else where it is listed."""
    changed = truth["todays_label"].notna() & (truth["todays_label"] != truth["old_label"])
    kind = truth["later_disposition"].where(truth["later_disposition"] != "", truth["how"])
    if koi is not None:
        flags = pd.read_csv(koi, comment="#", usecols=["kepoi_name", *FLAGS]).set_index("kepoi_name")
        # Of several flags that which flux shows: what is not like a transit, or an eclipse, is no fault of the pixels.
        verdict = pd.Series("", flags.index, dtype=object)
        for flag in reversed(FLAGS):
            verdict = verdict.mask(flags[flag] == 1, FLAGS[flag])
        names = truth["later_signal_id"].str.split(SEPARATOR).explode().str.removeprefix("KOI ")
        found = verdict.reindex(names).set_axis(names.index).fillna("")
        # A signal that may be one of several events is of the kind of all that are flagged, if that is one.
        of_row = found[found != ""].groupby(level=0).agg(lambda all_: all_.iloc[0] if all_.nunique() == 1 else "")
        flagged = of_row.reindex(truth.index, fill_value="")
        kind = kind.where(flagged == "", flagged)
    return kind.mask(changed, NOW_OTHER).rename("kind")


def yu_kinds(truth: pd.DataFrame, table: pd.DataFrame) -> pd.Series:
    """What events of Yu et al. are by their own table: a neighbour's, too few transits, or its disposition."""
    names = truth["signal_id"].str.split(" ").str[1]
    rows = table.set_index(table["signal_id"].str.split(" ").str[1]).loc[names]
    kind = rows["disposition"].where(rows["period_d"] < LONG_D, f"periods above {LONG_D:g} d")
    dips = table[table["disposition"].isin(["EB", "PC"])]
    shared = [bool(on_neighbour(row, dips).any()) for row in rows.itertuples()]
    return kind.mask(shared, "ephemeris of a neighbour's EB or PC").set_axis(truth.index)


def on_neighbour(event: Any, dips: pd.DataFrame) -> np.ndarray:
    """Which of the `dips` (n,) are on another star within NEAR_DEG of an event, and have its ephemeris."""
    east = (dips["ra_deg"] - event.ra_deg) * np.cos(np.radians(event.dec_deg))
    near = (np.hypot(east, dips["dec_deg"] - event.dec_deg) < NEAR_DEG) & (dips["target_id"] != event.target_id)
    relation = match_ephemerides(
        event.period_d, event.epoch_bjd, event.duration_h, np.nan, np.nan,
        dips["period_d"], dips["epoch_bjd"], dips["duration_h"], np.nan, np.nan,
    )  # fmt: skip
    return np.asarray(near & (relation == "same"))


def what_is_left(truth: pd.DataFrame, kind: pd.Series) -> pd.DataFrame:
    """Average precision with intervals: by old labels, by today's where known, and these without some negatives."""
    today = truth["todays_label"].fillna(truth["old_label"])
    beside = (kind == BESIDE) & (today == 0)
    everything = pd.Series(True, truth.index)
    asked = {
        "old labels": (everything, truth["old_label"]),
        "old labels, without what has changed": (kind != NOW_OTHER, truth["old_label"]),
        "today's labels where known": (everything, today),
    }
    if beside.any():
        asked |= {
            "old labels, without what is beside the star": (~beside, truth["old_label"]),
            "today's labels, without what is beside the star": (~beside, today),
        }
    settings = EvaluationSettings()
    rows = {}
    for name, (chosen, labels) in asked.items():
        table = score_metrics(
            labels[chosen].to_numpy(float),
            truth.loc[chosen, "probability"].to_numpy(float),
            truth.loc[chosen, "group_id"].to_numpy(str),
            settings,
        ).set_index("metric")
        both = {
            f"{metric} {column}": table.loc[metric, column]
            for metric in ("average_precision", "roc_auc")
            for column in ("value", "low", "high")
        }
        rows[name] = {"n": int(chosen.sum()), "positives": int(labels[chosen].sum())} | both
    if beside.any():
        rows["old labels, without as many negatives at random"] = without_some(truth, int(beside.sum()))
    return pd.DataFrame(rows).T.round(4)


def without_some(truth: pd.DataFrame, number: int) -> dict[str, float]:
    """Average precision without so many old negatives, whichever: the mean and 95 % of 200 draws."""
    random = np.random.default_rng(0)
    old, score = truth["old_label"].to_numpy(), truth["probability"].to_numpy()
    drawn = []
    for _ in range(200):
        kept = np.setdiff1d(np.arange(len(old)), random.choice(np.flatnonzero(old == 0), number, replace=False))
        drawn.append(average_precision_score(old[kept], score[kept]))
    low, high = np.quantile(drawn, (0.025, 0.975))
    names = ("average_precision value", "average_precision low", "average_precision high")
    counts = {"n": len(old) - number, "positives": int(old.sum())}
    return counts | dict(zip(names, (float(np.mean(drawn)), float(low), float(high)), strict=True))


if __name__ == "__main__":
    main()
