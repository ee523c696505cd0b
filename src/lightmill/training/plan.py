"""Which layers of a network learn, from which epoch on, and how fast."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from lightmill.training.networks.base import Network


@dataclass(frozen=True)
class Stage:
    """Layers that learn together.

    Attributes
    ----------
    modules
        The layers.
    rate
        Factor on the training's learning rate.
    first_epoch
        The epoch, from 1 on, in which they learn for the first time; until then they stay as they are, weights and
        running statistics of batch normalisation. None: they never learn.
    """

    modules: tuple[nn.Module, ...]
    rate: float = 1.0
    first_epoch: int | None = 1

    def learns(self, epoch: int) -> bool:
        """Whether the layers learn in an epoch."""
        return self.first_epoch is not None and epoch >= self.first_epoch


# Each layer group learns so much more slowly than the one behind it (Howard and Ruder 2018, ACL, 328).
SLOWER = 2.6
# All layers learn after this share of the epochs.
ALL_LEARN_AFTER = 1 / 3


def all_layers(network: Network) -> list[Stage]:
    """Every layer from the first epoch on."""
    return [Stage((network,))]


def early_layers_frozen(network: Network) -> list[Stage]:
    """The early layers never, all others from the first epoch on."""
    others = network.layer_groups()[network.early_groups :]
    return [
        Stage(tuple(network.early_layers()), first_epoch=None),
        Stage(tuple(layer for group in others for layer in group)),
    ]


def gradually_unfrozen(network: Network, epochs: int) -> list[Stage]:
    """The head first, then one group of layers after the other towards the views, each more slowly than the one behind.

    Gradual unfreezing with discriminative rates (Howard and Ruder 2018, ACL, 328): the rate falls by SLOWER from group
    to group, and the groups begin evenly spaced over the first ALL_LEARN_AFTER of `epochs`.
    """
    groups = network.layer_groups()[::-1]
    apart = ALL_LEARN_AFTER * epochs / max(len(groups) - 1, 1)
    return [Stage(tuple(group), SLOWER**-place, 1 + round(place * apart)) for place, group in enumerate(groups)]


def parameter_groups(plan: Sequence[Stage]) -> list[dict[str, object]]:
    """What an optimiser is given: for each stage that ever learns its parameters, and their `factor` on the rate."""
    return [
        {"params": [one for module in stage.modules for one in module.parameters()], "factor": stage.rate}
        for stage in plan
        if stage.first_epoch is not None
    ]


def set_rates(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """The rate of a step, in each stage times its factor."""
    for group in optimiser.param_groups:
        group["lr"] = rate * group["factor"]


def begin_epoch(network: Network, plan: Sequence[Stage], epoch: int) -> None:
    """Put the layers that learn in an epoch into training mode, and keep the others as they are."""
    network.train()
    for stage in plan:
        for module in stage.modules:
            module.requires_grad_(stage.learns(epoch))
            if not stage.learns(epoch):
                module.eval()
