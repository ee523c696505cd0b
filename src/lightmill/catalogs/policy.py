"""Label policies: what a disposition of one kind of table makes a signal."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lightmill.catalogs.kinds import OWN
from lightmill.catalogs.signals import NOT_TRANSITING
from lightmill.config.catalogs import LabelPolicy, LabelSettings
from lightmill.files import SEPARATOR

# The labels of this table are a threshold on another network's scores.
PSEUDO_LABELLED = "exominer"
# This one says nothing of what its events are.
UNLABELLED = "dr25_tce"


# What the tables' own documents say may stand there; anything else is scored only, like these without a rule. A list
# of somebody's own may have the words of all others, and nothing else.
DISPOSITIONS: dict[str, frozenset[str]] = {
    "koi": frozenset({"CONFIRMED", "CANDIDATE", "FALSE POSITIVE", "NOT DISPOSITIONED"}),
    "k2pandc": frozenset({"CONFIRMED", "CANDIDATE", "FALSE POSITIVE", "REFUTED"}),
    "toi": frozenset({"KP", "CP", "PC", "APC", "FP", "FA"}),
    "exofop_toi": frozenset({"KP", "CP", "PC", "APC", "FP", "FA"}),
    "dr24": frozenset({"PC", "AFP", "NTP", "UNK"}),
    "dr25": frozenset({"PC", "AFP", "NTP", "UNK"}),
    UNLABELLED: frozenset(),
    "yu2019": frozenset({"PC", "EB", "V", "IS", "J", "O"}),
    PSEUDO_LABELLED: frozenset(),
    OWN: frozenset({"unknown", "CANDIDATE", "PC", "APC", "UNK", "NOT DISPOSITIONED"}),
}


def known_dispositions(table: str, settings: LabelSettings) -> frozenset[str]:
    """The dispositions that a kind of table is known to have, by its documents or its policy."""
    policy = getattr(settings, table, LabelPolicy())
    return DISPOSITIONS[table] | set(policy.planet) | set(policy.not_planet)


def unexpected_dispositions(signals: pd.DataFrame, settings: LabelSettings) -> dict[str, int]:
    """How many signals have a disposition that neither their table's documents nor its policy know, by disposition.

    Such signals stay unknown; a misspelt or re-spelt column would otherwise empty a training set without a word.
    """
    found: dict[str, int] = {}
    for table, rows in signals.groupby("table", sort=True):
        known = known_dispositions(str(table), settings) | {""}
        named = rows["disposition"].str.split(" [", n=1, regex=False).str[0]
        found |= {
            str(name): int(count) for name, count in named[~named.isin(known)].value_counts().sort_index().items()
        }
    return found


def apply_policy(signals: pd.DataFrame, settings: LabelSettings) -> pd.DataFrame:
    """A copy of the signal table with `label` and `label_source` by the policy of each row's table.

    `label_source` is the table and the rule: the disposition (`koi:CONFIRMED`), or ExoMiner's threshold. What the
    Archive adds in brackets ("FALSE POSITIVE [CANDIDATE]") is left out of account. A planet that does not transit has
    no dip to learn from and stays unknown, whatever its disposition.
    """
    labelled = signals.copy()
    labelled["label"] = "unknown"
    labelled["label_source"] = ""
    for table, rows in signals.groupby("table", sort=True):
        if table == PSEUDO_LABELLED:
            label, rule = _by_score(rows, settings.exominer_planet_above)
        else:
            policy = LabelPolicy() if table == UNLABELLED else getattr(settings, str(table))
            label, rule = _by_disposition(rows, policy)
        labelled.loc[rows.index, "label"] = label
        labelled.loc[rows.index, "label_source"] = [f"{table}:{name}" for name in rule]
    return labelled


def is_pseudo_label(label_source: pd.Series) -> NDArray[np.bool_]:
    """Which labels (n,) of these sources (`table:rule`) were given by a model."""
    return label_source.str.startswith(PSEUDO_LABELLED + ":").to_numpy(bool)


def label_of_words(policy: LabelPolicy) -> dict[str, str]:
    """The label of every disposition that a policy gives one; the others are unknown."""
    return dict.fromkeys(policy.planet, "planet") | dict.fromkeys(policy.not_planet, "not_planet")


def _by_disposition(rows: pd.DataFrame, policy: LabelPolicy) -> tuple[list[str], list[str]]:
    labels = label_of_words(policy)
    ruled = [disposition.split(" [", 1)[0] for disposition in rows["disposition"]]
    label = [labels.get(disposition, "unknown") for disposition in ruled]
    rule = [disposition or "none" for disposition in ruled]
    for place, flags in enumerate(rows["flags"]):
        if NOT_TRANSITING in flags.split(SEPARATOR):
            label[place], rule[place] = "unknown", NOT_TRANSITING
    return label, rule


def _by_score(rows: pd.DataFrame, threshold: float | None) -> tuple[list[str], list[str]]:
    if threshold is None:
        return ["unknown"] * len(rows), ["none"] * len(rows)
    above = np.asarray(rows["score"] > threshold)
    rule = f"score>{threshold:g}"
    return ["planet" if high else "unknown" for high in above], [rule if high else "none" for high in above]
