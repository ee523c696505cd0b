"""Judging an experiment's models on the test split, which nothing was chosen on."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from sklearn.metrics import confusion_matrix

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.calibration_checks import calibration_checks, conformal_checks
from lightmill.evaluation.comparison_figure import comparison_figure
from lightmill.evaluation.figures import (
    confusion_figure,
    history_figure,
    precision_recall_figure,
    reliability_figure,
    roc_figure,
)
from lightmill.evaluation.report import class_names, legend, report_text
from lightmill.evaluation.scores import (
    CATALOG,
    ENSEMBLE,
    SCALARS,
    Scored,
    prediction_table,
    rows_of,
    score_table,
    score_test,
)
from lightmill.evaluation.slices import recall_by
from lightmill.evaluation.slices_figure import slices_figure
from lightmill.evaluation.tables import baseline_differences, metrics_table, sampled_models
from lightmill.evaluation.uncertainty import uncertainty_table
from lightmill.figures import STYLE, save_figure
from lightmill.files import write_csv, write_text
from lightmill.logs import logger
from lightmill.training.ensemble import Ensemble
from lightmill.training.judged import asked_truth, read_judged
from lightmill.training.model_files import asked_labels

PLAIN_MEAN = "plain_mean"


def evaluate_model(
    dataset: str | Path,
    ensemble: str | Path,
    histories: Mapping[int, str | Path],
    folder: str | Path,
    settings: EvaluationSettings,
    listed: Sequence[str | Path] = (),
) -> None:
    """Score the test split with every member of an ensemble and write tables and figures to `folder`.

    Writes `test_scores.csv`, `test_predictions.csv`, `model_metrics.csv`, `comparison.csv`, `recall_by.csv`,
    `calibration.csv`, `uncertainty.csv`, `classification_report.txt`, and the figures
    `confusion_matrix.png`, `roc_curve.png`, `precision_recall_curve.png`, `reliability.png`, `comparison.png`,
    `recall_by.png` and `training_history.png`.

    Parameters
    ----------
    dataset
        Folder of the dataset that the models were trained on.
    ensemble
        Folder of the experiment's ensemble; its task and label map are those of the test.
    histories
        By seed, the `training_history.csv` of each member.
    settings
        Bootstrap and precisions.
    listed
        The shards' lists of what catalogs say of the signals; none for views made by others.

    Raises ModelError if the dataset is not the models' own or its test split lacks a class; ViewError if views or lists
    do not fit.
    """
    folder = Path(folder)
    data, models = read_judged(dataset, ensemble)
    truth = asked_truth(data, models)
    test = score_test(data, truth, models, listed)
    # All digits: the surest probabilities differ from 1 in the last ones, and ranks must survive the file.
    write_csv(folder / "test_scores.csv", score_table(test))
    write_csv(folder / "test_predictions.csv", prediction_table(test.meta, test.truth, test.members))
    sampled = sampled_models(test.truth, test.scores, test.thresholds, test.groups, settings)
    metrics = metrics_table(test.truth, sampled, test.thresholds, test.groups, settings)
    write_csv(folder / "model_metrics.csv", metrics)
    differences = baseline_differences(test.truth, sampled, settings)
    write_csv(folder / "comparison.csv", differences)
    checks = _checks(test, models, settings)
    write_csv(folder / "calibration.csv", checks)
    called = test.scores[ENSEMBLE] >= test.thresholds[ENSEMBLE]
    slices = recall_by(test.meta, test.truth, called, settings.confidence)
    write_csv(folder / "recall_by.csv", slices)
    splits = {split: rows_of(data, truth, split) for split in ("validation", "test")}
    write_csv(folder / "uncertainty.csv", uncertainty_table(models, data, truth, splits, settings))
    names = class_names(asked_labels(models.description))
    what = f"{data.name}, task {models.description['task']}"
    report = report_text(what, data, models, test, metrics, checks, names)
    write_text(folder / "classification_report.txt", report)
    logger.info("%s", report)
    _draw(folder, test, metrics, names, what, settings)
    title = f"{what}: {len(test.truth):,} test signals"
    save_figure(folder / "recall_by.png", slices_figure(slices, names, title), style=STYLE)
    save_figure(folder / "comparison.png", comparison_figure(differences, settings.confidence, title), style=STYLE)
    best = {member["seed"]: member["best_epoch"] for member in models.description["members"]}
    history = {seed: pd.read_csv(path) for seed, path in sorted(histories.items())}
    save_figure(folder / "training_history.png", history_figure(history, best, what), style=STYLE)


def _checks(test: Scored, models: Ensemble, settings: EvaluationSettings) -> pd.DataFrame:
    """Calibration checks of the members' mean as it is, and of the ensemble, whose conformal calls are checked too."""
    calibrated = test.scores[ENSEMBLE]
    tables = [
        calibration_checks(PLAIN_MEAN, test.truth, test.plain_mean, test.groups, settings),
        calibration_checks(ENSEMBLE, test.truth, calibrated, test.groups, settings),
        conformal_checks(ENSEMBLE, test.truth, calibrated, test.groups, models.description, settings),
    ]
    counts = {"n": len(test.truth), "n_positives": int(test.truth.sum()), "n_groups": test.meta["group_id"].nunique()}
    return pd.concat(tables, ignore_index=True).assign(**counts)


def _draw(
    folder: Path,
    test: Scored,
    metrics: pd.DataFrame,
    names: tuple[str, str],
    what: str,
    settings: EvaluationSettings,
) -> None:
    """The figures of how good the ensemble is."""
    threshold = test.thresholds[ENSEMBLE]
    counts = confusion_matrix(test.truth, test.scores[ENSEMBLE] >= threshold, labels=[0, 1])
    confusion = confusion_figure(counts, names, f"{what}\nthreshold {threshold:.3f}")
    save_figure(folder / "confusion_matrix.png", confusion, style=STYLE)
    title = f"{what}: {len(test.truth):,} test signals"
    # Of the baselines only the numbers that tell what a signal looks like; the others are checks, not rivals.
    shown = [ENSEMBLE, SCALARS, CATALOG, *(f"seed {seed}" for seed in test.members)]
    curves = {model: test.scores[model] for model in shown if model in test.scores}
    for name, figure, metric in (
        ("roc_curve", roc_figure, "roc_auc"),
        ("precision_recall_curve", precision_recall_figure, "average_precision"),
    ):
        entries = legend(metrics, metric, len(test.members))
        save_figure(folder / f"{name}.png", figure(test.truth, curves, entries, title), style=STYLE)
    calibration = legend(metrics, "ece", len(test.members))[ENSEMBLE]
    reliability = reliability_figure(test.truth, test.scores[ENSEMBLE], settings.confidence, calibration, title)
    save_figure(folder / "reliability.png", reliability, style=STYLE)
