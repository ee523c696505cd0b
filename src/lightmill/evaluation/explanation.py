"""Some signals of a dataset explained: what an ensemble made of their views."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightmill.evaluation.attribution import STEPS, Attribution, arrays_by_view, flat_views, integrated_gradients
from lightmill.evaluation.explanation_figure import explanation_figure
from lightmill.figures import STYLE, save_figure
from lightmill.files import write_csv, write_npz
from lightmill.logs import logger
from lightmill.training.dataset import Dataset
from lightmill.training.ensemble import Ensemble, ensemble_probability
from lightmill.training.judged import asked_truth, members_of_views, read_judged, views_of_rows

CANDIDATE, WRONG = "candidate", "wrong"
SURE_POSITIVE, SURE_NEGATIVE = "sure_positive", "sure_negative"
BASELINE = "flat: flux and numbers 0, scatter its own median"


def explain_signals(dataset: str | Path, ensemble: str | Path, count: int, folder: str | Path) -> None:
    """Explain the signals of a dataset that matter; writes `explanations.npz`, `.csv` and `.png` to `folder`.

    The array file holds what every bin adds to the ensemble's mean logit, the table the share of each view and what the
    probability would be without it, the figure the views of a few. docs/evaluation.md has the schemas.

    Parameters
    ----------
    dataset
        Folder of the dataset that the ensemble was trained on.
    ensemble
        Folder of the ensemble.
    count
        How many signals, shared out evenly between the kinds that `chosen_signals` knows; one of each kind at least.

    Raises ModelError if the dataset is not the ensemble's; ViewError if views do not fit.
    """
    data, models = read_judged(dataset, ensemble)
    table = _chosen(data, models, count)
    views = views_of_rows(data, models, table["row"].to_numpy())
    found = integrated_gradients(models.networks, views)
    without = _without_each_view(data, models, views)
    folder = Path(folder)
    write_npz(folder / "explanations.npz", _arrays(table, found, without))
    write_csv(folder / "explanations.csv", _table(table, found, without))
    figure = explanation_figure(data, table, found)
    save_figure(folder / "explanations.png", figure, style=STYLE)
    shares = ", ".join(f"{view} {share.mean():.0%}" for view, share in found.shares().items())
    logger.info("%d signals explained; attribution by view: %s", len(table), shares)


def chosen_signals(truth: np.ndarray, test: np.ndarray, probability: np.ndarray, threshold: float, count: int) -> Any:
    """Which signals to explain, and of which kind each is.

    `candidate`: without a label, the most probable ones; `wrong`: test signals on the wrong side of the threshold, the
    furthest from their label first; `sure_positive` and `sure_negative`: test signals on the right side, the surest
    first. Every kind that there is has an even share of the count, and one signal at least.

    Parameters
    ----------
    truth
        (n,) 1, 0, or NaN where there is no label.
    test
        (n,) bool.
    probability
        (n,) of the positive class; NaN where it does not matter.

    Returns
    -------
    indices (m,) and kinds (m,)
    """
    right = (probability >= threshold) == (truth == 1)
    off = np.abs(truth - probability)
    # By kind: who it may be, and what is largest comes first.
    kinds = {
        CANDIDATE: (np.isnan(truth) & ~np.isnan(probability), probability),
        WRONG: (test & ~right, off),
        SURE_POSITIVE: (test & right & (truth == 1), probability),
        SURE_NEGATIVE: (test & right & (truth == 0), -probability),
    }
    there = {kind: np.flatnonzero(mask) for kind, (mask, _) in kinds.items() if mask.any()}
    each = max(1, count // len(there))
    chosen = {kind: rows[np.argsort(-kinds[kind][1][rows], kind="stable")[:each]] for kind, rows in there.items()}
    return np.concatenate(list(chosen.values())), np.repeat(list(chosen), [len(rows) for rows in chosen.values()])


def _chosen(data: Dataset, models: Ensemble, count: int) -> pd.DataFrame:
    """The signals to explain: `row` of the dataset, `signal_id`, `kind`, `task_label` (-1: none), `probability`."""
    truth = asked_truth(data, models)
    test = (data.meta["split"] == "test").to_numpy() & ~np.isnan(truth)
    unknown = (data.meta["label"] == "unknown").to_numpy() & np.isnan(truth)
    scored = np.flatnonzero(test | unknown)
    probability = np.full(len(truth), np.nan)
    probability[scored] = _probability(data, models, views_of_rows(data, models, scored))
    rows, kinds = chosen_signals(truth, test, probability, models.description["threshold"], count)
    return pd.DataFrame(
        {
            "row": rows,
            "signal_id": data.meta["signal_id"].to_numpy(str)[rows],
            "kind": kinds,
            "task_label": np.nan_to_num(truth[rows], nan=-1).astype(np.int8),
            "probability": probability[rows],
        }
    )


def _probability(data: Dataset, models: Ensemble, views: dict[str, np.ndarray]) -> np.ndarray:
    return ensemble_probability(models, members_of_views(data, models, views))


def _without_each_view(data: Dataset, models: Ensemble, views: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By view, the calibrated probability (n,) if its flux were flat and its scatter even."""
    flat = flat_views(views)
    return {
        view: _probability(data, models, {**views, **{name: flat[name] for name in names}})
        for view, names in arrays_by_view(views).items()
    }


def _arrays(table: pd.DataFrame, found: Attribution, without: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    shares = found.shares()
    return {
        "signal_id": table["signal_id"].to_numpy(np.str_),
        "kind": table["kind"].to_numpy(np.str_),
        "task_label": table["task_label"].to_numpy(np.int8),
        "probability": table["probability"].to_numpy(np.float64),
        "logit": found.logit,
        "flat_logit": found.flat_logit,
        "completeness": found.completeness(),
        "view": np.array(list(shares), np.str_),
        "share": np.column_stack(list(shares.values())),
        "without": np.column_stack([without[view] for view in shares]),
        "steps": np.array([STEPS]),
        "baseline": np.array([BASELINE], np.str_),
        **{f"{name}_attribution": array for name, array in found.arrays.items()},
    }


def _table(table: pd.DataFrame, found: Attribution, without: dict[str, np.ndarray]) -> pd.DataFrame:
    return table.drop(columns="row").assign(
        logit=found.logit,
        flat_logit=found.flat_logit,
        completeness=found.completeness(),
        **{f"share_{view}": share for view, share in found.shares().items()},
        **{f"without_{view}": probability for view, probability in without.items()},
    )
