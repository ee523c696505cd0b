"""Training labels that are suspect by somebody's table, left out or made to count less."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightmill.config.training import SuspectSettings
from lightmill.errors import LabelError
from lightmill.files import digest
from lightmill.training.examples import Examples, class_counts, some

YES, NO = "yes", "no"
# What is read of the table of suspect labels; it has more.
READ = ("signal_id", "task_label", "suspect")


@dataclass(frozen=True)
class Suspects:
    """Labels that are suspect, and what becomes of them.

    Attributes
    ----------
    settings
        Who found them, and the treatment.
    labels
        The suspect label, 1 or 0, by signal.
    """

    settings: SuspectSettings
    labels: Mapping[str, int]


def suspect_rows(table: str | Path, columns: Sequence[str] = READ) -> pd.DataFrame:
    """These columns of the suspect rows, in order, of a table that `lightmill.training.suspect_labels` wrote.

    Raises LabelError, naming the file, if it is no table, columns are missing or `suspect` is neither yes nor no.
    """
    try:
        rows = pd.read_csv(table, dtype={"signal_id": str, "suspect": str}, float_precision="round_trip")
    except (pd.errors.EmptyDataError, pd.errors.ParserError, UnicodeDecodeError) as error:
        raise LabelError(f"{table}: no table of suspect labels ({error}); delete it and run again") from None
    missing = sorted({*READ, *columns} - set(rows.columns))
    if missing:
        raise LabelError(
            f"{table}: no column {missing[0]!r}; expected a table of suspect labels with {', '.join(columns)}"
        )
    wrong = rows.loc[~rows["suspect"].isin((YES, NO))]
    if len(wrong):
        raise LabelError(f"{table}: suspect {wrong['suspect'].iloc[0]!r} of {wrong['signal_id'].iloc[0]}; yes or no")
    return rows.loc[rows["suspect"] == YES, list(columns)].reset_index(drop=True)


def read_suspects(table: str | Path, settings: SuspectSettings) -> Suspects:
    """The suspect labels in a table, which is checked as `suspect_rows` does, and what becomes of them."""
    found = suspect_rows(table)
    return Suspects(settings, dict(zip(found["signal_id"], found["task_label"].astype(int), strict=True)))


def treated(train: Examples, suspects: Suspects) -> Examples:
    """Training examples without the suspect ones, or with those weighted.

    Raises LabelError if a suspect signal has another label than the table says, or if a class is left without any.
    """
    suspect = _is_suspect(train, suspects)
    if suspects.settings.weight is not None:
        return replace(train, weights=np.where(suspect, suspects.settings.weight, 1.0).astype(np.float32))
    left = some(train, ~suspect)
    for side, rows in class_counts({"train": left})["train"].items():
        if rows == 0:
            raise LabelError(
                f"every {side} training label is suspect by {suspects.settings.of}, and dropped; set "
                "suspects.treatment to down_weight, or look at what the folds have learned"
            )
    return left


def suspect_counts(by_split: Mapping[str, Examples], suspects: Suspects, splits: Sequence[str]) -> dict[str, Any]:
    """What a model's description says of suspect labels: settings, which they are, and how many there are to train on.

    `counts` is by class, of the splits that are trained on.
    """
    counts = class_counts({name: some(by_split[name], _is_suspect(by_split[name], suspects)) for name in splits})
    return {
        **suspects.settings.model_dump(),
        "digest": digest(dict(suspects.labels)),
        "counts": {side: sum(counts[name][side] for name in splits) for side in ("positive", "negative")},
    }


def _is_suspect(examples: Examples, suspects: Suspects) -> np.ndarray:
    signals = examples.meta["signal_id"].to_numpy(str)
    said = np.array([suspects.labels.get(signal, -1) for signal in signals], np.intp)
    suspect = said >= 0
    other = np.flatnonzero(suspect & (said != examples.labels))
    if len(other):
        raise LabelError(
            f"{signals[other[0]]} is labelled {examples.labels[other[0]]:.0f}, but the suspect label of "
            f"{suspects.settings.of} is {said[other[0]]}: its table is of other labels; make it again"
        )
    return suspect
