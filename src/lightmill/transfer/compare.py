"""The comparison of transfer strategies: one table, one figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightmill.config.training import EvaluationSettings
from lightmill.errors import ModelError
from lightmill.evaluation.metrics import score_metrics
from lightmill.files import write_csv
from lightmill.training.dataset import read_dataset
from lightmill.training.examples import Examples, select_examples
from lightmill.training.model_files import Model, asked_labels, load_model, predict
from lightmill.training.progress import best_threshold
from lightmill.transfer.figure import draw_comparison
from lightmill.transfer.styles import METRICS, NO_SOURCE, SCRATCH

# The row of a strategy's seeds together.
MEAN = "mean"
SPLIT = "test"


def compare_transfer(
    models: Sequence[str | Path],
    dataset: str | Path,
    results: str | Path,
    figure: str | Path,
    settings: EvaluationSettings,
) -> None:
    """Judge every strategy on the target's test split; write the table `results` and draw `figure`.

    Parameters
    ----------
    models
        Folders of tuned models, any number of seeds of each strategy; strategies are shown in the order of their
        first.
    dataset
        Folder of the target dataset.
    results
        CSV with one row per strategy and seed, and one per strategy, of seed `mean`, for the mean probability of its
        seeds. Each metric has its interval beside it, from the same bootstrap samples of groups in every row.
    settings
        Of metrics and bootstrap.

    Raises ModelError if a model was tuned on another dataset or for another task than the others.
    """
    loaded = [load_model(folder) for folder in models]
    description = _common_description(loaded)
    by_strategy: dict[str, list[Model]] = {}
    for model in loaded:
        by_strategy.setdefault(model.description["transfer"]["strategy"], []).append(model)
    data = read_dataset(dataset)
    if data.version != description["dataset"]["version"]:
        raise ModelError(f"{dataset}: not the dataset that these models were tuned on; run the transfer again")
    examples = select_examples(data, asked_labels(description), tuple(description["views"]))
    rows = [row for group in by_strategy.values() for row in _strategy_rows(group, examples, settings)]
    table = pd.DataFrame(rows)
    write_csv(results, table)
    drawn = table.assign(fraction=(table["n_labels"] > 0) * 1.0)
    drawn.loc[drawn["strategy"] == SCRATCH, "source"] = NO_SOURCE
    draw_comparison(figure, results=drawn, curves=_curves(drawn), confidence=settings.confidence)


def _curves(table: pd.DataFrame) -> pd.DataFrame:
    """Value and interval of each of METRICS of the seeds' mean, one row each."""
    means = table[table["seed"] == MEAN]
    about = means[["source", "strategy", "fraction", "n_labels"]]
    return pd.concat(
        [
            about.assign(metric=name, value=means[name], low=means[f"{name}_low"], high=means[f"{name}_high"])
            for name in METRICS
        ]
    )


def _common_description(models: Sequence[Model]) -> dict[str, Any]:
    first = models[0].description
    for model in models:
        if any(model.description[key] != first[key] for key in ("task", "labels", "dataset", "views", "scale")):
            raise ModelError("the models were not tuned on one dataset for one task; run the transfer again")
    return first


def _strategy_rows(
    models: Sequence[Model], examples: Mapping[str, Examples], settings: EvaluationSettings
) -> list[dict[str, Any]]:
    scale = models[0].description["scale"]
    scores = {
        split: np.stack([predict(model, examples[split].views, scale) for model in models])
        for split in ("validation", SPLIT)
    }
    seeds = [model.description["seed"] for model in models]
    rows = [
        _row(model.description, seed, examples[SPLIT], scores[SPLIT][index], model.description["threshold"], settings)
        for index, (model, seed) in enumerate(zip(models, seeds, strict=True))
    ]
    threshold = best_threshold(examples["validation"].labels, scores["validation"].mean(axis=0))
    mean = scores[SPLIT].mean(axis=0)
    return [*rows, _row(models[0].description, MEAN, examples[SPLIT], mean, threshold, settings)]


def _row(
    description: Mapping[str, Any],
    seed: int | str,
    test: Examples,
    probabilities: np.ndarray,
    threshold: float,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    strategy = description["transfer"]["strategy"]
    learned = {"positive": 0, "negative": 0} if strategy == "zero_shot" else description["rows"]["counts"]["train"]
    row = {
        "source": description["transfer"]["source"]["dataset"]["name"],
        "target": description["dataset"]["name"],
        "task": description["task"],
        "strategy": strategy,
        "seed": str(seed),
        "n_labels": learned["positive"] + learned["negative"],
        "n_positives": learned["positive"],
        "split": SPLIT,
        "n_test": len(test),
        "n_test_positives": int(test.labels.sum()),
    }
    metrics = score_metrics(
        test.labels, probabilities, test.meta["group_id"].to_numpy(str), settings, threshold=threshold
    )
    for metric in metrics.itertuples():
        row |= {
            str(metric.metric): metric.value,
            f"{metric.metric}_low": metric.low,
            f"{metric.metric}_high": metric.high,
        }
    return row
