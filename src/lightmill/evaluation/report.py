"""What is said of an evaluation in words: the report of calls, and the legends of figures."""

import numpy as np
import pandas as pd
from sklearn.metrics import classification_report

from lightmill.config.training import TaskLabels
from lightmill.evaluation.calibration_checks import CONFORMAL, verdict
from lightmill.evaluation.scores import CATALOG, ENSEMBLE, SCALARS, Scored
from lightmill.training.conformal import BY_EYE, calls
from lightmill.training.dataset import Dataset
from lightmill.training.ensemble import Ensemble


def class_names(labels: TaskLabels | None) -> tuple[str, str]:
    """What the negative and the positive class are called in tables and figures."""
    if labels is None:
        return "not planet", "planet"
    return " + ".join(labels.negative), " + ".join(labels.positive)


def report_text(
    what: str,
    data: Dataset,
    models: Ensemble,
    test: Scored,
    metrics: pd.DataFrame,
    checks: pd.DataFrame,
    names: tuple[str, str],
) -> str:
    """The classification report of the ensemble at its threshold, below lines that say what it is about."""
    called = test.scores[ENSEMBLE] >= test.thresholds[ENSEMBLE]
    report = classification_report(test.truth, called, labels=[0, 1], target_names=names, digits=3, zero_division=0.0)
    precision = metrics[metrics["model"] == ENSEMBLE].set_index("metric").loc["average_precision"]
    return (
        f"{what} (dataset version {data.version})\n"
        f"test split: {len(test.truth)} signals of {test.meta['group_id'].nunique()} groups, "
        f"{int(test.truth.sum())} positive\n"
        f"mean of {len(models.networks)} seeds; called positive from probability "
        f"{test.thresholds[ENSEMBLE]:.4f} on, where F1 is largest on validation\n"
        f"average precision {precision.value:.3f} ({precision.low:.3f} to {precision.high:.3f}); "
        f"a network that knows nothing has {test.truth.mean():.3f}\n"
        f"calibration: {verdict(checks, ENSEMBLE)}\n"
        f"{_conformal(checks, test.scores[ENSEMBLE], models)}\n"
        f"{report}"
    )


def _conformal(checks: pd.DataFrame, probability: np.ndarray, models: Ensemble) -> str:
    """How the conformal calls did on the test split, in a line, from its `checks`."""
    limits = models.description["conformal"]
    wrong = checks.set_index("check")["value"]
    return (
        f"conformal calls, {limits['error_rate']:.0%} of each class allowed to be wrong: "
        f"{wrong[CONFORMAL + 'positives']:.1%} of the positives called negative, "
        f"{wrong[CONFORMAL + 'negatives']:.1%} of the negatives called positive, "
        f"{np.mean(calls(probability, limits) == BY_EYE):.1%} of all left to the eye\n"
    )


def legend(metrics: pd.DataFrame, metric: str, seeds: int) -> dict[str, str]:
    """Legend entries with the metric's value: the ensemble, the first seed, and the baselines that are drawn."""
    wanted = metrics[metrics["metric"] == metric].set_index("model")
    name = {"roc_auc": "AUC", "average_precision": "AP", "ece": "ECE"}[metric]
    shown = {
        ENSEMBLE: f"mean of {seeds} seeds" if seeds > 1 else "network",
        SCALARS: "our scalars alone",
        CATALOG: "the catalog's scalars alone",
    }
    entries = {
        model: f"{text}: {name} {row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
        for model, text in shown.items()
        if model in wanted.index and np.isfinite((row := wanted.loc[model]).value)
    }
    if seeds > 1:
        entries[next(model for model in sorted(wanted.index) if model.startswith("seed "))] = "single seeds"
    return entries
