"""Ensembles: the models of all seeds of an experiment as one, in one folder that can be carried away."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import safe_open

from lightmill.errors import ModelError
from lightmill.files import sha256_file, write_json
from lightmill.training.calibration import calibrated, fit_calibration
from lightmill.training.conformal import BY_EYE, calls, conformal_limits
from lightmill.training.dataset import Dataset, read_dataset
from lightmill.training.examples import Examples, select_examples, some
from lightmill.training.fitting import score_views
from lightmill.training.model_files import (
    DESCRIPTION,
    FORMAT,
    WEIGHTS,
    Model,
    asked_labels,
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
from lightmill.training.shift import NOT_VALID, Shift, shift_from, star_features

# What members have in common, and what the ensemble's description takes over from them.
_SHARED = (
    "architecture",
    "views",
    "scale",
    "task",
    "labels",
    "dataset",
    "rows",
    "settings",
    "versions",
    "suspects",
    "transfer",
    "bridge",
)
_OWN = ("seed", "best_epoch", "epochs", "threshold", "validation", "fold")
# Under which name the features of the calibration's rows stand beside the weights.
REFERENCE = "calibration.features"


class Ensemble(NamedTuple):
    """Networks with their weights, the description of them all, and what `ensemble_shift` compares with."""

    networks: list[Network]
    description: dict[str, Any]
    reference: np.ndarray


def ensemble_models(members: Sequence[str | Path], dataset: str | Path, folder: str | Path) -> None:
    """Join trained models into an ensemble.

    Writes `model.safetensors`, in which a weight's name is its member's seed, a dot and its name, and `model.json`:
    what the members share, what each of them reached, and of their mean probability on the validation rows the
    calibration, and the metrics, decision threshold and conformal limits when calibrated. Where members are folds
    there are no rows that none of them learned from: then the probabilities are those of the training and validation
    rows, each by the single member that left it out. Beside the weights stand the features that the first member makes
    of such of these rows as it did not learn from, REFERENCE.

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
    unseen = _not_learned_from(ordered, shared, data)
    stars = unseen.by_first.meta["star_id"].to_numpy(str)
    reference = star_features(ordered[0].network, unseen.by_first.views, stars)
    weights = {_prefix(model.description): model.network for model in ordered}
    write_weights(folder / WEIGHTS, weights, {REFERENCE: reference})
    description = {
        **shared,
        **_calibrated(unseen),
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


class Unseen(NamedTuple):
    """Rows that networks did not learn from, and what these say of them.

    Attributes
    ----------
    labels
        (n,) 1 or 0.
    probability
        (n,) of the positive class, by members that did not see the row; not calibrated.
    by_first
        Those of the rows that the first member did not see.
    """

    labels: np.ndarray
    probability: np.ndarray
    by_first: Examples


def _not_learned_from(models: Sequence[Model], shared: Mapping[str, Any], dataset: Dataset) -> Unseen:
    """What calibration, threshold and conformal limits are taken from."""
    examples = select_examples(dataset, asked_labels(shared), tuple(shared["views"]))
    networks = [model.network for model in models]
    folds = folds_of_members([model.description for model in models])
    if folds:
        left_out = out_of_fold(networks, folds, examples)
        by_first = some(left_out.examples, left_out.parts == folds[0].number)
        return Unseen(left_out.examples.labels, left_out.probability, by_first)
    validation = examples["validation"]
    mean = np.mean([probabilities(score_views(network, validation.views)) for network in networks], axis=0)
    return Unseen(validation.labels, mean, validation)


def _calibrated(unseen: Unseen) -> dict[str, Any]:
    """Calibration, and metrics, threshold and conformal limits of calibrated probabilities."""
    truth = unseen.labels
    calibration = fit_calibration(truth, unseen.probability)
    probability = calibrated(unseen.probability, calibration)
    inside = np.clip(probability, 1e-12, 1 - 1e-12)
    return {
        "calibration": calibration,
        "validation": epoch_metrics(truth, np.log(inside) - np.log1p(-inside), np.ones(2)),
        "threshold": best_threshold(truth, probability),
        "conformal": conformal_limits(truth, probability),
    }


def load_ensemble(folder: str | Path) -> Ensemble:
    """Read the ensemble in `folder`, its networks in evaluation mode.

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
    with safe_open(path, framework="np") as file:
        return Ensemble(networks, description, file.get_tensor(REFERENCE))


def load_member(folder: str | Path, seed: int) -> Model:
    """The member of one seed of the ensemble in `folder`, as `load_model` would give it.

    Raises ModelError as `load_ensemble` does, and if there is no such member.
    """
    networks, description, _ = load_ensemble(folder)
    places = {member["seed"]: place for place, member in enumerate(description["members"])}
    if seed not in places:
        there = ", ".join(map(str, places))
        raise ModelError(
            f"{folder}: no member of seed {seed}; there are {there}. Name some of these under training.seeds"
        )
    place = places[seed]
    return Model(networks[place], {**_those(_SHARED, description), **description["members"][place]})


def members_by_seed(ensemble: Ensemble) -> dict[int, Network]:
    """The ensemble's networks by the seeds that they were trained from."""
    seeds = (member["seed"] for member in ensemble.description["members"])
    return dict(zip(seeds, ensemble.networks, strict=True))


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


def ensemble_shift(ensemble: Ensemble, views: Mapping[str, np.ndarray], stars: np.ndarray) -> Shift:
    """Whether the ensemble's calibration holds for signals with these views (n, bins) by name, and stars (n,).

    The views are taken to fit, as `predict_members` makes sure.
    """
    return shift_from(ensemble.reference, ensemble.networks[0], views, stars)


def ensemble_calls(ensemble: Ensemble, probability: np.ndarray, shift: Shift) -> np.ndarray:
    """Conformal calls (n,) of the ensemble's `probability` (n,); all `by_eye` where its calibration is not valid.

    What they promise they promise of signals like those of the validation split.
    """
    if shift.calibration == NOT_VALID:
        return np.full(len(probability), BY_EYE)
    return calls(probability, ensemble.description["conformal"])
