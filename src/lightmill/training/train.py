"""One training job: from a dataset to a model folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from torch import nn

from lightmill.code_digest import code_digest
from lightmill.config.training import TaskLabels, TrainingSettings
from lightmill.errors import ModelError
from lightmill.files import digest, write_csv
from lightmill.logs import logger
from lightmill.memory import keep_freed_memory
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.dataset import Dataset, read_dataset
from lightmill.training.determinism import deterministic, seed_torch
from lightmill.training.examples import Examples, class_counts, counts_table, examples_digest, select_examples
from lightmill.training.fitting import fit, score_views
from lightmill.training.model_files import library_versions, probabilities, save_model
from lightmill.training.networks import ARCHITECTURES, build_network
from lightmill.training.networks.base import Network
from lightmill.training.progress import HISTORY_COLUMNS, METRICS, best_threshold, standing

HISTORY = "training_history.csv"
CHECKPOINT = "checkpoint.safetensors"


def train_model(
    dataset: str | Path,
    folder: str | Path,
    task: str,
    labels: TaskLabels | None,
    settings: TrainingSettings,
    seed: int,
) -> None:
    """Train one network on a dataset and write `model.safetensors`, `model.json` and `training_history.csv`.

    Parameters
    ----------
    dataset
        Folder of the dataset.
    folder
        Where the model goes. A checkpoint stands there while the training runs; if it is interrupted, the same call
        goes on from the last whole epoch.
    task, labels
        The question's name, and its label map; without a map `planet` against `not_planet`.
    settings, seed
        How to fit, and the seed of everything drawn (`settings.seeds` is not looked at).
    """
    data = read_dataset(dataset)
    views = arrays_for(settings.architecture, data)
    examples = task_examples(data, labels, views)
    network = fresh_network(settings.architecture, view_lengths(data), seed)
    description = describe(data, views, examples, settings, seed, task, labels)
    fit_and_save(network, examples, settings, seed, folder, description)


def arrays_for(architecture: str, dataset: Dataset) -> tuple[str, ...]:
    """What a network looks at of a dataset; raises ModelError for an architecture that is none."""
    if architecture not in ARCHITECTURES:
        raise ModelError(f"no architecture {architecture!r}; there are {', '.join(sorted(ARCHITECTURES))}")
    return ARCHITECTURES[architecture].looks_at(view_lengths(dataset))


def task_examples(dataset: Dataset, labels: TaskLabels | None, views: Sequence[str]) -> dict[str, Examples]:
    """The examples of a task by split, with these arrays; their table goes to the log."""
    examples = select_examples(dataset, labels, views)
    logger.info("examples of dataset %s by split:\n%s", dataset.name, counts_table(class_counts(examples)))
    return examples


def fresh_network(architecture: str, lengths: Mapping[str, int], seed: int) -> Network:
    """A network whose first weights follow from the seed alone."""
    with deterministic():
        seed_torch(seed, epoch=0)
        return build_network(architecture, lengths)


def view_lengths(dataset: Dataset) -> dict[str, int]:
    """Number of bins of each view of a dataset that is one row of bins."""
    return {name: int(view.shape[1]) for name, view in dataset.views.items() if view.ndim == 2}


def describe(
    dataset: Dataset,
    views: Sequence[str],
    examples: Mapping[str, Examples],
    settings: TrainingSettings,
    seed: int,
    task: str,
    labels: TaskLabels | None,
) -> dict[str, Any]:
    """What a model's description says before anything is learned."""
    lengths = view_lengths(dataset)
    return {
        "architecture": settings.architecture,
        "views": {name: lengths[name] for name in views},
        "scale": dataset.manifest["description"]["scale"],
        "task": task,
        "labels": None if labels is None else labels.model_dump(),
        "dataset": {
            "name": dataset.name,
            "version": dataset.version,
            "description": dataset.manifest["description"],
        },
        "rows": {
            "digest": examples_digest([examples["train"], examples["validation"]]),
            "counts": class_counts({split: examples[split] for split in ("train", "validation")}),
        },
        "seed": seed,
        "settings": settings.model_dump(exclude={"seeds"}),
        "versions": library_versions(),
    }


def fit_and_save(
    network: Network,
    examples: Mapping[str, Examples],
    settings: TrainingSettings,
    seed: int,
    folder: str | Path,
    description: Mapping[str, Any],
    frozen: tuple[nn.Module, ...] = (),
    code: str | Path = __file__,
) -> None:
    """Fit a network, resuming what was interrupted, and write its three files; the checkpoint is removed last.

    `description` must say all that decides the outcome: together with the digest of the module in the file `code`, by
    default this one, it is the checkpoint's key.
    """
    # Every step asks for the same large arrays again.
    keep_freed_memory()
    folder = Path(folder)
    key = digest({"description": dict(description), "code": code_digest(code)})
    checkpoint = Checkpoint(folder / CHECKPOINT, key)
    history = fit(network, examples["train"], examples["validation"], settings, seed, checkpoint, frozen)
    best = standing(history, settings).best_epoch
    write_csv(folder / HISTORY, pd.DataFrame(history, columns=list(HISTORY_COLUMNS)))
    save_model(
        folder,
        network,
        {
            **description,
            "epochs": len(history),
            "best_epoch": best,
            "validation": {metric: history[best - 1][f"validation_{metric}"] for metric in METRICS},
            "threshold": validation_threshold(network, examples["validation"]),
        },
    )
    checkpoint.remove()


def validation_threshold(network: Network, validation: Examples) -> float:
    """The probability from which on this network should call a signal positive."""
    return best_threshold(validation.labels, probabilities(score_views(network, validation.views)))
