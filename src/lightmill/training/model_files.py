"""Model files: `model.safetensors` with the weights and `model.json` with all that is needed to use them.

Both hold only what the content determines, so the same training gives the same bytes.
"""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from scipy.special import expit

from lightmill.config.training import TaskLabels
from lightmill.errors import ModelError, ViewError
from lightmill.files import atomic_path, read_json, write_json
from lightmill.training.checkpoint import dense
from lightmill.training.determinism import deterministic
from lightmill.training.fitting import score_views
from lightmill.training.networks import build_network
from lightmill.training.networks.base import Bins, Network, bins_of, bins_text

FORMAT = 3
WEIGHTS, DESCRIPTION = "model.safetensors", "model.json"


class Model(NamedTuple):
    """A network with its weights, and the description that was stored beside them."""

    network: Network
    description: dict[str, Any]


def library_versions() -> dict[str, str]:
    """The versions that bytes of a model depend on."""
    return {name: version(name) for name in ("lightmill", "numpy", "torch")}


def write_weights(
    path: str | Path, networks: Mapping[str, Network], more: Mapping[str, np.ndarray] | None = None
) -> None:
    """Write the weights of networks as one safetensors file; each name is the network's prefix and its own name.

    `more` are arrays that stand beside them, by names that no weight has.
    """
    tensors = {
        prefix + name: dense(tensor)
        for prefix, network in networks.items()
        for name, tensor in network.state_dict().items()
    }
    tensors |= {name: torch.from_numpy(array) for name, array in (more or {}).items()}
    with atomic_path(path) as temporary:
        save_file(dict(sorted(tensors.items())), temporary)


def read_networks(path: str | Path, description: Mapping[str, Any], prefixes: Sequence[str]) -> list[Network]:
    """The described networks with the weights that stand under each prefix in a safetensors file, ready to score.

    Raises ModelError if the file cannot be read, or its weights do not fit.
    """
    networks = []
    try:
        tensors = load_file(path)
        for prefix in prefixes:
            with deterministic():
                network = build_network(
                    description["architecture"], description["views"], description["settings"]["dropout"]
                )
            network.load_state_dict(
                {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
            )
            networks.append(network.eval())
    except (OSError, SafetensorError, RuntimeError) as error:
        raise ModelError(
            f"{path}: no weights of a {description['architecture']} for views of {description['views']} bins: {error}"
        ) from None
    return networks


def save_model(folder: str | Path, network: Network, description: Mapping[str, Any]) -> None:
    """Write a model to `folder`, the description last."""
    folder = Path(folder)
    write_weights(folder / WEIGHTS, {"": network})
    write_json(folder / DESCRIPTION, {**description, "format": FORMAT})


def read_description(path: str | Path) -> dict[str, Any]:
    """The description in a `model.json`; raises ModelError, naming the file, if it is missing or of another format."""
    path = Path(path)
    if not path.is_file():
        raise ModelError(f"{path}: missing; a model's folder holds {WEIGHTS} and {DESCRIPTION}")
    description: dict[str, Any] = read_json(path)
    if description.get("format") != FORMAT:
        raise ModelError(f"{path}: format {description.get('format')!r}, expected {FORMAT}; train it again")
    return description


def asked_labels(description: Mapping[str, Any]) -> TaskLabels | None:
    """The label map of the question that a described model answers; None: `planet` against `not_planet`."""
    labels = description["labels"]
    return None if labels is None else TaskLabels(**labels)


def load_model(folder: str | Path) -> Model:
    """Read the model in `folder`: a pair of its network, in evaluation mode, and its description.

    Raises ModelError if the files are missing, of another format, or do not fit each other.
    """
    folder = Path(folder)
    description = read_description(folder / DESCRIPTION)
    if "members" in description:
        raise ModelError(f"{folder} holds an ensemble of models; read it with load_ensemble")
    (network,) = read_networks(folder / WEIGHTS, description, [""])
    return Model(network, description)


def predict(model: Model, views: Mapping[str, np.ndarray], scale: str) -> np.ndarray:
    """Probabilities (n,) float64 of the positive class.

    Parameters
    ----------
    model
        As `load_model` gives it.
    views
        By name, (n, bins) float32; more views than the model looks at may be there.
    scale
        How they were scaled (`mad`, `min`, `depth`).

    Raises ViewError if a view is missing, of another length, of another scale, or not finite.
    """
    require_fitting_views(model.description, views, scale)
    return probabilities(score_views(model.network, views))


def probabilities(logits: np.ndarray) -> np.ndarray:
    """Logits (n,) → probabilities (n,), in float64: in float32 all of the surest ones would be equal to 1."""
    return expit(logits.astype(np.float64))


def require_fitting_views(description: Mapping[str, Any], views: Mapping[str, np.ndarray], scale: str) -> None:
    """Raise ViewError unless the views are those that the described model was made for."""
    require_fitting_lengths(description, {name: bins_of(view) for name, view in views.items()}, scale, "these views")
    for name in description["views"]:
        bad = np.flatnonzero(~finite_rows(views[name]))
        if len(bad):
            raise ViewError(f"{name} view of row {bad[0]}: holds values that are not finite; fill or leave out the row")


def finite_rows(array: np.ndarray) -> np.ndarray:
    """Whether all values of each row are finite, (n,) bool, of an array (n, ...)."""
    return np.isfinite(array).all(axis=tuple(range(1, array.ndim)))


def require_fitting_lengths(description: Mapping[str, Any], found: Mapping[str, Bins], scale: str, whose: str) -> None:
    """Raise ViewError unless views of these lengths and this scale fit the described model."""
    for name, bins in description["views"].items():
        if name not in found:
            raise ViewError(f"{whose}: no {name} view, which the model needs; there are {', '.join(sorted(found))}")
        if found[name] != bins:
            raise ViewError(
                f"{whose}: {name} views of {bins_text(found[name])} bins, but the model was trained on "
                f"{bins_text(bins)} bins; make them as long (under views), or bring imported ones to one length "
                "(imported_views.<name>.rebin)"
            )
    if scale != description["scale"]:
        raise ViewError(
            f"{whose}: scaled by {scale!r}, but the model was trained on views scaled by {description['scale']!r}; "
            f"make the views with views.scale: {description['scale']}"
        )
