"""Suspect labels: what networks that have not seen them do not believe, by confident learning."""

from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues  # type: ignore[import-untyped]
from cleanlab.rank import get_label_quality_scores  # type: ignore[import-untyped]

from lightmill.errors import ModelError
from lightmill.files import write_csv
from lightmill.logs import logger
from lightmill.training.dataset import Dataset
from lightmill.training.ensemble import Ensemble
from lightmill.training.examples import select_examples
from lightmill.training.judged import read_judged
from lightmill.training.model_files import asked_labels
from lightmill.training.out_of_fold import folds_of_members, out_of_fold
from lightmill.training.suspects import NO, YES

ABOUT = ("signal_id", "star_id", "mission", "disposition")
# A label that is given no chance at all would cost infinitely much.
_LEAST = 1e-15


def suspect_labels(dataset: str | Path, ensemble: str | Path, table: str | Path) -> None:
    """List all training and validation labels, the least believed first.

    Parameters
    ----------
    dataset
        Folder of the dataset that the ensemble was trained on.
    ensemble
        Folder of an ensemble whose members are folds.
    table
        CSV file to write: who the signal is (ABOUT), `task_label`, `fold` (from 1), and what `judged_labels` gives.

    Raises ModelError if the dataset is not the ensemble's, or its members are not folds.
    """
    data, models = read_judged(dataset, ensemble)
    found = _listed(data, models, ensemble)
    write_csv(table, found)
    suspect = found[found["suspect"] == YES]
    logger.info(
        "%d of %d labels are suspect: %d of the positive and %d of the negative class",
        *(len(suspect), len(found), int((suspect["task_label"] == 1).sum()), int((suspect["task_label"] == 0).sum())),
    )


def _listed(data: Dataset, models: Ensemble, ensemble: str | Path) -> pd.DataFrame:
    folds = folds_of_members(models.description["members"])
    if not folds:
        raise ModelError(
            f"{ensemble}: members that differ in their seed alone have all seen the training labels; train the "
            "experiment with training.members: folds"
        )
    examples = select_examples(data, asked_labels(models.description), tuple(models.description["views"]))
    left_out = out_of_fold(models.networks, folds, examples)
    truth = left_out.examples.labels.astype(int)
    who = left_out.examples.meta[list(ABOUT)].assign(task_label=truth, fold=left_out.parts + 1)
    judged = judged_labels(truth, left_out.probability)
    return pd.concat([who, judged], axis=1).sort_values("rank", ignore_index=True)


def judged_labels(labels: np.ndarray, probability: np.ndarray) -> pd.DataFrame:
    """How far labels are to be believed, by confident learning (Northcutt et al. 2021, JAIR 70, 1373; cleanlab).

    Parameters
    ----------
    labels : (n,) 1 or 0, both
    probability : (n,) of class 1, by models that did not learn from the label; need not be calibrated

    Returns
    -------
    n rows, in order: `probability`; `quality`, that of the label, from 0 to 1 (self-confidence); `suspect`, `yes` or
    `no`: of each class about as many as the counts of confident disagreement say are wrong; `loss`, the cross-entropy;
    `rank` from 1, suspect labels first, then by quality; `loss_rank` from 1, by loss. With two classes self-confidence,
    margin and loss have one order. Taking off what is usual for a class (`adjust_pred_probs`) cost two fifths of
    the precision of the first hundred on real labels.
    """
    both = np.column_stack([1 - probability, probability])
    # One process: more would only start interpreters for what takes a millisecond.
    suspect = find_label_issues(labels, both, filter_by="prune_by_noise_rate", n_jobs=1)
    quality = get_label_quality_scores(labels, both, method="self_confidence")
    loss = -np.log(np.maximum(both[np.arange(len(labels)), labels], _LEAST))
    return pd.DataFrame(
        {
            "probability": probability,
            "quality": quality,
            "suspect": np.where(suspect, YES, NO),
            "loss": loss,
            "rank": _places(np.lexsort((quality, ~suspect))),
            "loss_rank": _places(np.argsort(-loss, kind="stable")),
        }
    )


def _places(order: np.ndarray) -> np.ndarray:
    """The place (n,), from 1, of each row in an order of rows."""
    places = np.empty(len(order), np.int64)
    places[order] = np.arange(1, len(order) + 1)
    return places
