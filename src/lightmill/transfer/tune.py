"""One transfer job: a source model brought to a target by one strategy."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from lightmill.config.training import Strategy, TaskLabels, TrainingSettings
from lightmill.errors import ModelError
from lightmill.files import sha256_file, write_csv
from lightmill.logs import logger
from lightmill.training.dataset import read_dataset, task_labels
from lightmill.training.examples import Examples
from lightmill.training.fitting import score_views
from lightmill.training.model_files import WEIGHTS, Model, asked_labels, load_model, require_fitting_lengths, save_model
from lightmill.training.networks.base import Network
from lightmill.training.progress import HISTORY_COLUMNS, METRICS, class_weights, epoch_metrics
from lightmill.training.train import HISTORY, describe, fit_and_save, fresh_network, task_examples, view_bins
from lightmill.transfer.fairness import label_map, require_common_splits
from lightmill.transfer.tasks import require_same_question


@dataclass(frozen=True)
class Start:
    """What a strategy starts from: a network, which of its layers stay as they are, and the rate for the others."""

    network: Network
    frozen: tuple[nn.Module, ...]
    learning_rate: float


def _frozen(source: Model, settings: TrainingSettings, seed: int, fine_tune_rate: float) -> Start:
    return Start(source.network, tuple(source.network.early_layers()), settings.learning_rate)


def _fine_tuned(source: Model, settings: TrainingSettings, seed: int, fine_tune_rate: float) -> Start:
    return Start(source.network, (), settings.learning_rate * fine_tune_rate)


def _from_scratch(source: Model, settings: TrainingSettings, seed: int, fine_tune_rate: float) -> Start:
    network = fresh_network(
        source.description["architecture"], source.description["views"], seed, source.description["settings"]["dropout"]
    )
    return Start(network, (), settings.learning_rate)


# The strategies that learn; zero_shot applies the source as it is.
STARTS: dict[Strategy, Callable[[Model, TrainingSettings, int, float], Start]] = {
    "frozen": _frozen,
    "fine_tuned": _fine_tuned,
    "from_scratch": _from_scratch,
}


def transfer_model(
    strategy: Strategy,
    source_model: str | Path,
    source_dataset: str | Path,
    target_dataset: str | Path,
    folder: str | Path,
    task: str,
    labels: TaskLabels | None,
    settings: TrainingSettings,
    seed: int,
    fine_tune_rate: float,
    mismatched: bool,
) -> None:
    """Bring a trained model to another dataset and write model and history as training does.

    Parameters
    ----------
    strategy
        `zero_shot`: the source as it is, with its decision threshold (no learning; the history has one row, epoch
        0). `frozen`: the early layers stay as they are, the others are trained at the full rate. `fine_tuned`: all
        layers, at `fine_tune_rate` times the rate. `from_scratch`: fresh weights, at the full rate. All three learn
        from the target's training split, with the same budget of epochs.
    source_model, source_dataset
        Folders of the trained model and of the dataset that it was trained on.
    target_dataset
        Folder of the dataset to bring it to.
    folder
        Where the model goes, and its checkpoint while it is trained.
    task, labels
        The question, and the target's label map; the source's stands in its model.
    settings, seed
        How to fit (the architecture is the source's), and the seed, which is also the source model's.
    mismatched
        Allow label maps that disagree on a kind of thing.

    Raises LabelError if the two label maps disagree, or if a star is in one split here and in another there;
    ViewError if the target's views do not fit the model; ModelError if model and dataset of the source do not belong
    together, or the source is one of several folds.
    """
    source = load_model(source_model)
    if "fold" in source.description:
        raise ModelError(
            f"{source_model}: one of several folds, which has learned from validation rows, and a transfer is chosen on"
            " those; train the source with training.members: seeds"
        )
    source_data, target_data = read_dataset(source_dataset), read_dataset(target_dataset)
    if source_data.version != source.description["dataset"]["version"]:
        raise ModelError(f"{source_dataset}: not the dataset that {source_model} was trained on; train it again")
    found, scale = view_bins(target_data), target_data.manifest["description"]["scale"]
    require_fitting_lengths(source.description, found, scale, f"dataset {target_data.name}")
    source_task = task_labels(source_data.meta, asked_labels(source.description))
    require_same_question(
        label_map(source_data.meta, source_task),
        label_map(target_data.meta, task_labels(target_data.meta, labels)),
        mismatched,
    )
    shared = require_common_splits(source_data, target_data)
    logger.info("%s and %s share %d stars, each in one split", source_data.name, target_data.name, shared)

    # The network is the source's, dropout and what it looks at included, whatever else the target's settings say.
    of_source = source.description["settings"]
    settings = settings.model_copy(update={key: of_source[key] for key in ("architecture", "dropout", "leave_out")})
    views = tuple(source.description["views"])
    examples = task_examples(target_data, labels, views)
    origin = {
        "strategy": strategy,
        "source": {key: source.description[key] for key in ("dataset", "labels", "rows", "seed", "task")},
        "source_weights": sha256_file(Path(source_model) / WEIGHTS),
        "shared_stars": shared,
        "mismatched": mismatched,
    }
    if strategy == "zero_shot":
        description = {**describe(target_data, views, examples, settings, seed, task, labels), "transfer": origin}
        _save_as_is(source, examples, folder, description)
        return
    start = STARTS[strategy](source, settings, seed, fine_tune_rate)
    settings = settings.model_copy(update={"learning_rate": start.learning_rate})
    description = {**describe(target_data, views, examples, settings, seed, task, labels), "transfer": origin}
    fit_and_save(start.network, examples, settings, seed, folder, description, start.frozen, code=__file__)


def _save_as_is(source: Model, examples: dict[str, Examples], folder: str | Path, description: dict) -> None:
    """Write the source model under its new description; its history is what it does on the target before learning."""
    weights = class_weights(examples["train"].labels) if description["settings"]["class_weights"] else np.ones(2)
    row: dict[str, float] = {"epoch": 0, "learning_rate": 0.0}
    for split in ("train", "validation"):
        metrics = epoch_metrics(examples[split].labels, score_views(source.network, examples[split].views), weights)
        row |= {f"{split}_{metric}": value for metric, value in metrics.items()}
    write_csv(Path(folder) / HISTORY, pd.DataFrame([row], columns=list(HISTORY_COLUMNS)))
    validation = {metric: row[f"validation_{metric}"] for metric in METRICS}
    outcome = {"epochs": 0, "best_epoch": 0, "validation": validation, "threshold": source.description["threshold"]}
    save_model(folder, source.network, {**description, **outcome})
