"""One training job: from a dataset to a model folder."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lightmill.code_digest import code_digest
from lightmill.config.training import TaskLabels, TrainingSettings
from lightmill.errors import ModelError
from lightmill.files import digest, write_csv
from lightmill.logs import logger
from lightmill.memory import keep_freed_memory
from lightmill.training.augmentation import UNFOLDED
from lightmill.training.bridges import Bridge, require_bridge
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.dataset import Dataset, read_dataset
from lightmill.training.determinism import deterministic, seed_torch
from lightmill.training.examples import Examples, class_counts, counts_table, examples_digest, select_examples
from lightmill.training.fitting import fit, score_views
from lightmill.training.folds import Fold, fold_examples
from lightmill.training.model_files import library_versions, probabilities, save_model
from lightmill.training.networks import ARCHITECTURES, build_network
from lightmill.training.networks.base import Bins, Network, bins_of
from lightmill.training.progress import HISTORY_COLUMNS, METRICS, best_threshold, standing
from lightmill.training.suspects import Suspects, suspect_counts, treated
from lightmill.views.layout import SCATTERS

HISTORY = "training_history.csv"
CHECKPOINT = "checkpoint.safetensors"
# The splits whose rows folds are cut from.
FOLDED = ("train", "validation")


def train_model(
    dataset: str | Path,
    folder: str | Path,
    task: str,
    labels: TaskLabels | None,
    settings: TrainingSettings,
    seed: int,
    fold: Fold | None = None,
    suspects: Suspects | None = None,
    bridge: Bridge | None = None,
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
    fold
        Which part of the training and validation rows is left out, and chosen on; none: they are as the splits say.
    suspects
        Which training labels are suspect, and what becomes of them; none: all count the same.
    bridge
        Which other survey's views the examples are to look like; none: they are learned from as they are.

    Raises LabelError as `select_examples`, `fold_examples` and `treated` do, and for settings and a fold that
    contradict each other ModelError; ViewError where the views of a bridge's target are of other lengths or scale.
    """
    if (fold is not None) != (settings.members == "folds"):
        raise ModelError(f"training.members: {settings.members}, but the fold is {fold}; folds have one, seeds none")
    data = read_dataset(dataset)
    views = arrays_for(settings, data)
    examples = task_examples(data, labels, views)
    bins = {name: size for name, size in view_bins(data).items() if name in views}
    network = fresh_network(settings.architecture, bins, seed, settings.dropout)
    description = describe(data, views, examples, settings, seed, task, labels)
    learned = examples if fold is None else fold_examples(examples, fold)
    if suspects is not None:
        description["suspects"] = suspect_counts(examples, suspects, ("train",) if fold is None else FOLDED)
        learned = {**learned, "train": treated(learned["train"], suspects)}
        logger.info("suspect labels, treatment %s: %s", suspects.settings.treatment, description["suspects"]["counts"])
    if fold is not None:
        counts = class_counts({split: learned[split] for split in FOLDED})
        description["fold"] = {"number": fold.number, "of": fold.of, "counts": counts}
        logger.info("part %d of %d is left out:\n%s", fold.number + 1, fold.of, counts_table(counts))
    if bridge is not None:
        require_bridge(bridge, data)
        description["bridge"] = bridge.description
    fit_and_save(network, learned, settings, seed, folder, description, bridge=bridge)


def arrays_for(settings: TrainingSettings, dataset: Dataset) -> tuple[str, ...]:
    """What a network is to look at of a dataset.

    Raises ModelError for an architecture that is none, and where something is to be left out, or single transits are to
    be drawn, that is not there.
    """
    if settings.architecture not in ARCHITECTURES:
        raise ModelError(f"no architecture {settings.architecture!r}; there are {', '.join(sorted(ARCHITECTURES))}")
    seen = ARCHITECTURES[settings.architecture].looks_at(dataset.views)
    for name in settings.leave_out:
        left = tuple(view for view in seen if not belongs_to(view, name))
        if left == seen:
            raise ModelError(
                f"leave_out {name!r}: dataset {dataset.name} has nothing of it; it has {', '.join(sorted(seen))}"
            )
        seen = left
    if settings.augment.bootstrap_transits and UNFOLDED not in seen:
        raise ModelError(
            f"augment.bootstrap_transits: there are no single transits ({UNFOLDED}) to draw from; the network sees "
            f"{', '.join(sorted(seen))}"
        )
    return seen


def belongs_to(array: str, name: str) -> bool:
    """Whether an array goes where a view is left out: its flux and its scatter, the scatters of all, or the numbers."""
    return array.endswith(SCATTERS) if name == "scatter" else array.removesuffix(SCATTERS) == name


def task_examples(dataset: Dataset, labels: TaskLabels | None, views: Sequence[str]) -> dict[str, Examples]:
    """The examples of a task by split, with these arrays; their table goes to the log."""
    examples = select_examples(dataset, labels, views)
    logger.info("examples of dataset %s by split:\n%s", dataset.name, counts_table(class_counts(examples)))
    return examples


def fresh_network(architecture: str, bins: Mapping[str, Bins], seed: int, dropout: float | None = None) -> Network:
    """A network whose first weights follow from the seed alone; `dropout` as for `build_network`."""
    with deterministic():
        seed_torch(seed, epoch=0)
        return build_network(architecture, bins, dropout)


def view_bins(dataset: Dataset) -> dict[str, Bins]:
    """The shape of one signal's row of each array of a dataset: bins, or rows and bins."""
    return {name: bins_of(view) for name, view in dataset.views.items()}


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
    bins = view_bins(dataset)
    return {
        "architecture": settings.architecture,
        "views": {name: bins[name] for name in views},
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
    bridge: Bridge | None = None,
) -> None:
    """Fit a network, resuming what was interrupted, and write its three files; the checkpoint is removed last.

    `description` must say all that decides the outcome: together with the digest of this module it is the checkpoint's
    key.
    """
    # Every step asks for the same large arrays again.
    keep_freed_memory()
    folder = Path(folder)
    key = digest({"description": dict(description), "code": code_digest(__file__)})
    checkpoint = Checkpoint(folder / CHECKPOINT, key)
    history = fit(network, examples["train"], examples["validation"], settings, seed, checkpoint, bridge=bridge)
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
