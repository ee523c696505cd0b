"""Monte Carlo dropout: what a network says when parts of its head are left out, many times over.

Each pass is one network drawn from those that training with dropout has averaged over (Gal and Ghahramani 2016, ICML,
1050): the same units are left out for every signal, and for its mirror image. What is dropped is dropped in the head
alone, so the features, and all layers up to the first that drops anything, are computed once for all passes. That is
exact: nothing before it is random. Of the logits of one signal mean and spread over passes are those of a loop of whole
forward passes that drops anew for every signal.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy.special import expit
from torch import Tensor, nn

from lightmill.errors import ModelError
from lightmill.training.determinism import deterministic
from lightmill.training.fitting import batches, both_sides
from lightmill.training.networks.base import Network

PASSES = 20


def drops_out(network: Network) -> bool:
    """Whether the network's head has anything to drop."""
    return any(isinstance(layer, nn.Dropout) and layer.p > 0 for layer in network.head)


def dropout_logits(network: Network, views: Mapping[str, np.ndarray], passes: int, seed: int) -> np.ndarray:
    """Logits (passes, n) float32 of views (n, bins) by name, with dropout in the head and nowhere else.

    Runs on one thread and on the network's own device, batch normalisation in evaluation mode. What a pass drops
    follows from the seed and the pass alone: neither from other rows nor from how many passes there are. A `mirrored`
    network gives, in each pass, the mean of its logits for the views and for their mirror images.

    Raises ModelError if the network drops nothing: all passes would be the same.
    """
    if not drops_out(network):
        raise ModelError("the network was trained without dropout, so there is none to draw; set training.dropout")
    device = next(network.parameters()).device
    network.eval()
    layers = list(network.head)
    first = next(place for place, layer in enumerate(layers) if isinstance(layer, nn.Dropout))
    common = nn.Sequential(*layers[:first])
    masks = [[mask.to(device) for mask in of_pass] for of_pass in dropout_masks(network.head, passes, seed)]
    parts = []
    with deterministic(), torch.inference_mode():
        for batch in batches(views, network.view_names, device):
            sides = [common(network.features(side)) for side in both_sides(network, batch)]
            logits = [
                torch.stack([_dropped(side, layers[first:], of_pass) for side in sides]).mean(dim=0)
                for of_pass in masks
            ]
            parts.append(torch.stack(logits).cpu().numpy())
    return np.concatenate(parts, axis=1) if parts else np.zeros((passes, 0), np.float32)


def dropout_masks(head: nn.Sequential, passes: int, seed: int) -> list[list[Tensor]]:
    """What each pass multiplies by at each dropout of a head: for each pass, tensors (width,) in the order of layers.

    0 where a unit is left out; 1 / (1 - share) where it stays, so that sums stay what they are on average.
    """
    layers = list(head)
    of_layer = []
    for place, layer in enumerate(layers):
        if isinstance(layer, nn.Dropout):
            # As many units as the next dense layer takes.
            width = next(later.in_features for later in layers[place:] if isinstance(later, nn.Linear))
            kept = np.random.default_rng([seed, place]).random((passes, width)) >= layer.p
            of_layer.append(torch.from_numpy((kept / (1 - layer.p)).astype(np.float32)))
    return [list(of_pass) for of_pass in zip(*of_layer, strict=True)]


def _dropped(features: Tensor, layers: Sequence[nn.Module], masks: Sequence[Tensor]) -> Tensor:
    """Logits (n,) of what the first of `layers` takes, (n, features), with each dropout replaced by its mask."""
    remaining = iter(masks)
    for layer in layers:
        features = features * next(remaining) if isinstance(layer, nn.Dropout) else layer(features)
    return features.squeeze(1)


def dropout_spread(networks: Mapping[int, Network], views: Mapping[str, np.ndarray]) -> np.ndarray:
    """How far apart the passes of one network are: (n,) float64, for views (n, bins) by name.

    The standard deviation of the probabilities of PASSES passes, mean over the networks, each drawn by the seed that it
    stands under. NaN if they drop nothing.
    """
    if not all(map(drops_out, networks.values())):
        return np.full(len(next(iter(views.values()))), np.nan)
    spreads = [
        expit(dropout_logits(network, views, PASSES, seed).astype(np.float64)).std(axis=0)
        for seed, network in networks.items()
    ]
    return np.asarray(np.mean(spreads, axis=0))
