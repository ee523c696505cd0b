"""Judging an experiment's models on the test split, which nothing was chosen on."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import classification_report, confusion_matrix

from lightmill.config.training import EvaluationSettings, TaskLabels
from lightmill.errors import ModelError
from lightmill.evaluation.baseline import observed_features, scalar_features, scalars_baseline
from lightmill.evaluation.figures import (
    confusion_figure,
    history_figure,
    precision_recall_figure,
    reliability_figure,
    roc_figure,
)
from lightmill.evaluation.holes import hole_features
from lightmill.evaluation.metrics import metric_names, score_metrics
from lightmill.evaluation.uncertainty import conformal_table, uncertainty_table
from lightmill.figures import STYLE, save_figure
from lightmill.files import write_csv, write_text
from lightmill.logs import logger
from lightmill.training.conformal import BY_EYE, NEGATIVE, POSITIVE, calls
from lightmill.training.dataset import Dataset, read_dataset, task_labels
from lightmill.training.ensemble import Ensemble, ensemble_probability, load_ensemble, predict_members
from lightmill.training.progress import best_threshold

ENSEMBLE = "ensemble_mean"
SCALARS, OBSERVED, HOLES, MAJORITY = "scalars", "observed", "holes", "majority"
BASELINES = (SCALARS, OBSERVED, HOLES, MAJORITY)
# What stands in `note` of all rows of a baseline.
NOTES = {
    OBSERVED: "what numbers of transits, cadences and empty bins alone would say; no network sees them",
    HOLES: "what counts of cadences and presence of views alone would say; no network sees them",
    MAJORITY: "the share of positives in training for every signal: knowing nothing",
}
METRICS_COLUMNS = (
    "model",
    "metric",
    "value",
    "low",
    "high",
    "seed_spread",
    "n",
    "n_positives",
    "n_groups",
    "threshold",
    "note",
)


def evaluate_model(
    dataset: str | Path,
    ensemble: str | Path,
    histories: Mapping[int, str | Path],
    folder: str | Path,
    settings: EvaluationSettings,
) -> None:
    """Score the test split with every member of an ensemble and write tables and figures to `folder`.

    Writes `test_predictions.csv`, `model_metrics.csv`, `uncertainty.csv`, `conformal.csv`,
    `classification_report.txt`, `confusion_matrix.png`, `roc_curve.png`, `precision_recall_curve.png`,
    `reliability.png` and `training_history.png`.

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

    Raises ModelError if the dataset is not the models' own or its test split lacks a class; ViewError if views do
    not fit the models.
    """
    folder = Path(folder)
    data = read_dataset(dataset)
    models = load_ensemble(ensemble)
    if models.description["dataset"]["version"] != data.version:
        raise ModelError(f"{dataset}: not the dataset that the models in {ensemble} were trained on; train them again")
    labels = None if models.description["labels"] is None else TaskLabels(**models.description["labels"])
    truth = task_labels(data.meta, labels)
    rows = _rows_of(data, truth, "test")
    meta = data.meta.iloc[rows].reset_index(drop=True)
    members = _member_probabilities(models, data, rows)
    scores, thresholds = _all_scores(members, models, data, truth, rows)
    # All digits: the surest probabilities differ from 1 in the last ones, and ranks must survive the file.
    write_csv(folder / "test_predictions.csv", prediction_table(meta, truth[rows], members))
    metrics = metrics_table(truth[rows], scores, thresholds, meta["group_id"].to_numpy(str), settings)
    write_csv(folder / "model_metrics.csv", metrics)
    splits = {"validation": _rows_of(data, truth, "validation"), "test": rows}
    write_csv(folder / "uncertainty.csv", uncertainty_table(models, data, truth, splits, settings))
    write_csv(folder / "conformal.csv", conformal_table(truth[rows], scores[ENSEMBLE], models, settings))
    names = class_names(labels)
    threshold = thresholds[ENSEMBLE]
    called = scores[ENSEMBLE] >= threshold
    what = f"{data.name}, task {models.description['task']}"
    report = classification_report(truth[rows], called, labels=[0, 1], target_names=names, digits=3, zero_division=0.0)
    head = _report_head(what, data, models, truth[rows], meta, threshold, metrics) + _conformal(
        truth[rows], scores[ENSEMBLE], models
    )
    write_text(folder / "classification_report.txt", f"{head}\n{report}")
    logger.info("%s\n%s", head, report)
    counts = confusion_matrix(truth[rows], called, labels=[0, 1])
    confusion = confusion_figure(counts, names, f"{what}\nthreshold {threshold:.3f}")
    save_figure(folder / "confusion_matrix.png", confusion, style=STYLE)
    title = f"{what}: {len(rows):,} test signals"
    # Of the baselines only the one that a network must be above; the others are checks, not rivals.
    curves = {model: score for model, score in scores.items() if model not in NOTES}
    for name, figure, metric in (
        ("roc_curve", roc_figure, "roc_auc"),
        ("precision_recall_curve", precision_recall_figure, "average_precision"),
    ):
        legend = _legend(metrics, metric, len(members))
        save_figure(folder / f"{name}.png", figure(truth[rows], curves, legend, title), style=STYLE)
    calibration = _legend(metrics, "ece", len(members))[ENSEMBLE]
    reliability = reliability_figure(truth[rows], scores[ENSEMBLE], settings.confidence, calibration, title)
    save_figure(folder / "reliability.png", reliability, style=STYLE)
    best = {member["seed"]: member["best_epoch"] for member in models.description["members"]}
    history = {seed: pd.read_csv(path) for seed, path in sorted(histories.items())}
    save_figure(folder / "training_history.png", history_figure(history, best, what), style=STYLE)


def _rows_of(data: Dataset, truth: np.ndarray, split: str) -> np.ndarray:
    """The rows of one split that are in the task; both classes must be there."""
    rows = np.flatnonzero((data.meta["split"] == split).to_numpy() & ~np.isnan(truth))
    if set(np.unique(truth[rows])) != {0.0, 1.0}:
        raise ModelError(
            f"dataset {data.name}: the {split} split has {int(np.sum(truth[rows] == 1))} positives and "
            f"{int(np.sum(truth[rows] == 0))} negatives of this task; nothing can be measured without both"
        )
    return rows


def _member_probabilities(models: Ensemble, data: Dataset, rows: np.ndarray) -> dict[int, np.ndarray]:
    """Probabilities (rows,) by seed."""
    views = {name: np.asarray(data.views[name][rows]) for name in models.description["views"]}
    probabilities = predict_members(models, views, data.manifest["description"]["scale"])
    seeds = [member["seed"] for member in models.description["members"]]
    return dict(zip(seeds, probabilities, strict=True))


def _all_scores(
    members: Mapping[int, np.ndarray], models: Ensemble, data: Dataset, truth: np.ndarray, rows: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Test scores and decision thresholds, chosen on validation, of the ensemble, its members, and the baselines."""
    scores = {ENSEMBLE: ensemble_probability(models, np.stack(list(members.values())))}
    scores |= {f"seed {seed}": probability for seed, probability in members.items()}
    thresholds = {ENSEMBLE: float(models.description["threshold"])}
    thresholds |= {f"seed {member['seed']}": float(member["threshold"]) for member in models.description["members"]}
    train, validation = _rows_of(data, truth, "train"), _rows_of(data, truth, "validation")
    shown = {
        SCALARS: scalar_features(data.meta),
        OBSERVED: observed_features(data.meta),
        HOLES: hole_features(data),
    }
    for model, features in shown.items():
        if features is None:
            continue
        baseline = scalars_baseline(features[train], truth[train], (features[validation], features[rows]))
        if baseline is not None:
            scores[model] = baseline[1]
            thresholds[model] = best_threshold(truth[validation], baseline[0])
    scores[MAJORITY] = np.full(len(rows), truth[train].mean(dtype=np.float64))
    # On one side of it lies every signal: that of the commoner class.
    thresholds[MAJORITY] = 0.5
    return scores, thresholds


def prediction_table(meta: pd.DataFrame, truth: np.ndarray, members: Mapping[int, np.ndarray]) -> pd.DataFrame:
    """One row per signal and seed, sorted by both: who it is, its label, the task's label (1 or 0), probability."""
    columns = ["signal_id", "star_id", "group_id", "mission", "label", "disposition"]
    tables = [
        meta[columns].assign(task_label=truth.astype(int), seed=seed, probability=probability)
        for seed, probability in sorted(members.items())
    ]
    return pd.concat(tables).sort_values(["signal_id", "seed"], kind="stable", ignore_index=True)


def metrics_table(
    truth: np.ndarray,
    scores: Mapping[str, np.ndarray],
    thresholds: Mapping[str, float],
    groups: np.ndarray,
    settings: EvaluationSettings,
) -> pd.DataFrame:
    """METRICS_COLUMNS for the ensemble, each seed and the baselines; all on the same bootstrap samples."""
    tables = {}
    for model, probabilities in scores.items():
        table = score_metrics(truth, probabilities, groups, settings, threshold=thresholds[model])
        if model in NOTES:
            table["note"] = [f"{NOTES[model]}; {note}" if note else NOTES[model] for note in table["note"]]
        tables[model] = table.assign(seed_spread=np.nan, threshold=thresholds[model])
    seeds = [model for model in scores if model != ENSEMBLE and model not in BASELINES]
    of_seeds = pd.concat([tables[model]["value"] for model in seeds], axis=1)
    tables[ENSEMBLE]["seed_spread"] = of_seeds.std(axis=1, ddof=1, skipna=False)
    if SCALARS not in tables:
        unknown = pd.DataFrame({"metric": metric_names(settings)}).reindex(columns=tables[ENSEMBLE].columns)
        tables[SCALARS] = unknown.assign(note="not available: the dataset has no period, duration or depth")
    order = [ENSEMBLE, *seeds, *(model for model in BASELINES if model in tables)]
    counts = {"n": len(truth), "n_positives": int(truth.sum()), "n_groups": len(np.unique(groups))}
    together = pd.concat([tables[model].assign(model=model) for model in order], ignore_index=True)
    return together.assign(**counts)[list(METRICS_COLUMNS)]


def class_names(labels: TaskLabels | None) -> tuple[str, str]:
    """What the negative and the positive class are called in tables and figures."""
    if labels is None:
        return "not planet", "planet"
    return " + ".join(labels.negative), " + ".join(labels.positive)


def _legend(metrics: pd.DataFrame, metric: str, seeds: int) -> dict[str, str]:
    """Legend entries with the metric's value: one for the ensemble, one for the first seed, one for the baseline."""
    wanted = metrics[metrics["metric"] == metric].set_index("model")
    name = {"roc_auc": "AUC", "average_precision": "AP", "ece": "ECE"}[metric]
    shown = {ENSEMBLE: f"mean of {seeds} seeds" if seeds > 1 else "network", SCALARS: "period, depth, duration alone"}
    legend = {
        model: f"{text}: {name} {row.value:.3f} ({row.low:.3f} to {row.high:.3f})"
        for model, text in shown.items()
        if np.isfinite((row := wanted.loc[model]).value)
    }
    if seeds > 1:
        legend[next(model for model in sorted(wanted.index) if model.startswith("seed "))] = "single seeds"
    return legend


def _conformal(truth: np.ndarray, probability: np.ndarray, models: Ensemble) -> str:
    """How the conformal calls did on the test split, in a line."""
    limits = models.description["conformal"]
    called = calls(probability, limits)
    missed, mistaken = np.mean(called[truth == 1] == NEGATIVE), np.mean(called[truth == 0] == POSITIVE)
    return (
        f"conformal calls, {limits['error_rate']:.0%} of each class allowed to be wrong: {missed:.1%} of the positives "
        f"called negative, {mistaken:.1%} of the negatives called positive, "
        f"{np.mean(called == BY_EYE):.1%} of all left to the eye\n"
    )


def _report_head(
    what: str,
    data: Dataset,
    models: Ensemble,
    truth: np.ndarray,
    meta: pd.DataFrame,
    threshold: float,
    metrics: pd.DataFrame,
) -> str:
    ensemble = metrics[metrics["model"] == ENSEMBLE].set_index("metric")
    precision = ensemble.loc["average_precision"]
    return (
        f"{what} (dataset version {data.version})\n"
        f"test split: {len(truth)} signals of {meta['group_id'].nunique()} groups, {int(truth.sum())} positive\n"
        f"mean of {len(models.networks)} seeds; called positive from probability {threshold:.4f} on, "
        "where F1 is largest on validation\n"
        f"average precision {precision.value:.3f} ({precision.low:.3f} to {precision.high:.3f}); "
        f"a network that knows nothing has {truth.mean():.3f}\n"
    )
