"""Ensembles: the models of all seeds of an experiment as one, in one folder that can be carried away."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lightmill.config.training import TaskLabels
from lightmill.errors import ModelError
from lightmill.files import sha256_file, write_json
from lightmill.training.calibration import calibrated, fit_calibration
from lightmill.training.conformal import conformal_limits
from lightmill.training.dataset import Dataset, read_dataset
from lightmill.training.examples import select_examples
from lightmill.training.fitting import score_views
from lightmill.training.model_files import (
    DESCRIPTION,
    FORMAT,
    WEIGHTS,
    Model,
    load_model,
    probabilities,
    read_description,
    read_networks,
    require_fitting_views,
    write_weights,
)
from lightmill.training.networks.base import Network
from lightmill.training.out_of_fold import folds_of_members, out_of_fold
from lightmill.training.progress import best_threshold, epoch_metrics

# What members have in common, and what the ensemble's description takes over from them.
_SHARED = ("architecture", "views", "scale", "task", "labels", "dataset", "rows", "settings", "versions", "suspects")
_OWN = ("seed", "best_epoch", "epochs", "threshold", "validation", "fold")


class Ensemble(NamedTuple):
    """Networks with their weights, and the description of them all."""

    networks: list[Network]
    description: dict[str, Any]


def ensemble_models(members: Sequence[str | Path], dataset: str | Path, folder: str | Path) -> None:
    """Join trained models into an ensemble.

    Writes `model.safetensors`, in which a weight's name is its member's seed, a dot and its name, and `model.json`:
    what the members share, what each of them reached, and of their mean probability on the validation rows the
    calibration, and the metrics, decision threshold and conformal limits when calibrated. Where members are folds
    there are no rows that none of them learned from: then the probabilities are those of the training and validation
    rows, each by the single member that left it out.

    Parameters
    ----------
    members
        Folders of models that differ in their seed, or in seed and fold, alone.
    dataset
        Folder of the dataset that they were trained on.
    folder
        Where the ensemble goes.

    Raises ModelError if the members do not belong together, or the dataset is not theirs.
    """
    folder = Path(folder)
    models = {Path(member): load_model(member) for member in members}
    shared = _shared_description({place: model.description for place, model in models.items()})
    data = read_dataset(dataset)
    if data.version != shared["dataset"]["version"]:
        raise ModelError(f"{dataset}: not the dataset that the members were trained on; train them again")
    ordered = sorted(models.values(), key=lambda model: model.description["seed"])
    write_weights(folder / WEIGHTS, {_prefix(model.description): model.network for model in ordered})
    description = {
        **shared,
        **_on_rows_not_learned_from(ordered, shared, data),
        "members": [_those(_OWN, model.description) for model in ordered],
        "weights_sha256": sha256_file(folder / WEIGHTS),
        "format": FORMAT,
    }
    write_json(folder / DESCRIPTION, description)


def _prefix(member: Mapping[str, Any]) -> str:
    return f"{member['seed']}."


def _shared_description(descriptions: Mapping[Path, Mapping[str, Any]]) -> dict[str, Any]:
    (first, shared), *others = descriptions.items()
    seeds = [description["seed"] for description in descriptions.values()]
    if len(set(seeds)) < len(seeds):
        raise ModelError(f"{first.parent}: two members of the seeds {seeds} have the same; each must have its own")
    for place, description in others:
        different = [key for key in _SHARED if description.get(key) != shared.get(key)]
        if different:
            raise ModelError(f"{place} and {first} differ in {', '.join(different)}: no ensemble; train both again")
    return _those(_SHARED, shared)


def _those(keys: Sequence[str], description: Mapping[str, Any]) -> dict[str, Any]:
    """The named keys of a description; some stand there only where they mean something."""
    return {key: description[key] for key in keys if key in description}


def _on_rows_not_learned_from(models: Sequence[Model], shared: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Calibration, and metrics, threshold and conformal limits of calibrated probabilities."""
    labels = None if shared["labels"] is None else TaskLabels(**shared["labels"])
    examples = select_examples(dataset, labels, tuple(shared["views"]))
    networks = [model.network for model in models]
    folds = folds_of_members([model.description for model in models])
    if folds:
        left_out = out_of_fold(networks, folds, examples)
        truth, raw = left_out.examples.labels, left_out.probability
    else:
        validation = examples["validation"]
        truth = validation.labels
        raw = np.mean([probabilities(score_views(network, validation.views)) for network in networks], axis=0)
    calibration = fit_calibration(truth, raw)
    probability = calibrated(raw, calibration)
    inside = np.clip(probability, 1e-12, 1 - 1e-12)
    return {
        "calibration": calibration,
        "validation": epoch_metrics(truth, np.log(inside) - np.log1p(-inside), np.ones(2)),
        "threshold": best_threshold(truth, probability),
        "conformal": conformal_limits(truth, probability),
    }


def load_ensemble(folder: str | Path) -> Ensemble:
    """Read the ensemble in `folder`: a pair of its networks, in evaluation mode, and its description.

    Raises ModelError if a file is missing, changed since the ensemble was made, or does not fit the others.
    """
    folder = Path(folder)
    description = read_description(folder / DESCRIPTION)
    if "members" not in description:
        raise ModelError(f"{folder} holds a single model, not an ensemble; read it with load_model")
    path = folder / WEIGHTS
    if not path.is_file() or sha256_file(path) != description["weights_sha256"]:
        raise ModelError(f"{path}: missing or changed since the ensemble was made; make the ensemble again")
    networks = read_networks(path, description, [_prefix(member) for member in description["members"]])
    return Ensemble(networks, description)


def predict_members(ensemble: Ensemble, views: Mapping[str, np.ndarray], scale: str) -> np.ndarray:
    """Probabilities (members, n) of the positive class, as each gives them; `ensemble_probability` joins them.

    `views` and `scale` are as for `predict`, and refused for the same reasons.
    """
    require_fitting_views(ensemble.description, views, scale)
    return np.stack([probabilities(score_views(network, views)) for network in ensemble.networks])


def ensemble_probability(ensemble: Ensemble, members: np.ndarray, prior: float | None = None) -> np.ndarray:
    """The ensemble's probability (n,): the mean of its members' (members, n), calibrated, for a prior if one is given.

    As for `calibrated`, and ModelError where the prior is none.
    """
    return calibrated(members.mean(axis=0), ensemble.description["calibration"], prior)
