"""What a network learns from, on its device, in the form that the steps of an epoch take it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lightmill.config.training import TrainingSettings
from lightmill.training.augmentation import view_noise
from lightmill.training.batches import epoch_order, order_of_origins
from lightmill.training.bridges import Bridge, wanted_scatter
from lightmill.training.examples import Examples
from lightmill.training.progress import class_weights


@dataclass(frozen=True)
class Material:
    """What the steps of an epoch are made from, on the device of the network.

    Attributes
    ----------
    views, noise
        By name, (n, bins) and what `view_noise` says of them; no noise where none is added.
    labels
        (n,) 1 or 0.
    weights
        (n,) what each example counts in the loss.
    origins
        (n,) 1 or 0 on the cpu, which of two sets each example is of; None where all are of one.
    bridge, wanted
        How the views are degraded, and the scatter (n,) that each is to have; none where they stay as they are.
    """

    views: Mapping[str, Tensor]
    noise: Mapping[str, Tensor]
    labels: Tensor
    weights: Tensor
    origins: Tensor | None
    bridge: Bridge | None
    wanted: Mapping[str, Tensor]


def weights_of_classes(train: Examples, settings: TrainingSettings, origin: int = 1) -> np.ndarray:
    """What both classes count in the loss (2,): by their shares among the rows of one origin, or among all."""
    if not settings.class_weights:
        return np.ones(2, np.float32)
    return class_weights(train.labels if train.origins is None else train.labels[train.origins == origin])


def material_of(train: Examples, settings: TrainingSettings, device: torch.device, bridge: Bridge | None) -> Material:
    """The examples as the steps of an epoch need them."""
    views = tensors(train.views, device)
    weights = weights_of_classes(train, settings)[train.labels.astype(int)]
    if train.origins is not None:
        of_others = weights_of_classes(train, settings, origin=0)[train.labels.astype(int)]
        weights = np.where(train.origins == 1, weights, of_others)
    if train.weights is not None:
        weights = weights * train.weights
    return Material(
        views=views,
        noise=view_noise(views) if settings.augment.noise else {},
        labels=torch.from_numpy(train.labels).to(device),
        weights=torch.from_numpy(weights).to(device),
        origins=None if train.origins is None else torch.from_numpy(train.origins),
        bridge=bridge,
        wanted={} if bridge is None else wanted_scatter(views, bridge),
    )


def pass_order(material: Material, settings: TrainingSettings) -> Tensor:
    """The rows of one pass: in the order that the settings say, those of two origins in turn."""
    labels = material.labels.cpu()
    if material.origins is None:
        return epoch_order(labels, settings.batches)
    return order_of_origins(material.origins, labels, settings.batches)


def tensors(views: Mapping[str, np.ndarray], device: torch.device) -> dict[str, Tensor]:
    """Arrays by name as float32 tensors on a device."""
    # A copy only where torch needs one: it cannot take the read-only memory of a mapped file.
    return {name: torch.from_numpy(np.require(view, np.float32, ("C", "W"))).to(device) for name, view in views.items()}
