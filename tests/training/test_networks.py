import typing

import pytest
import torch
from torch import nn

from lightmill.config.training import Architecture
from lightmill.errors import ModelError
from lightmill.training.networks import ARCHITECTURES, build_network
from lightmill.training.networks.dual_branch import Branch


def test_the_configuration_knows_the_registry():
    assert set(typing.get_args(Architecture)) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
@pytest.mark.parametrize("bins", [(16, 16), (201, 61), (2000, 201)])
def test_every_network_gives_one_logit_per_signal(name, bins):
    network = build_network(name, dict(zip(("global", "local"), bins, strict=True)))
    views = {"global": torch.randn(3, bins[0]), "local": torch.randn(3, bins[1])}
    assert network(views).shape == (3,)
    assert network({view: one[:1] for view, one in views.items()}).shape == (1,)


def test_dual_branch_has_the_parameters_that_its_plan_says():
    network = build_network("dual_branch", {"global": 201, "local": 61})
    convolutions = (1 * 5 * 16 + 16) + (16 * 5 * 16 + 16)
    # Pooled twice by 2: 201 → 100 → 50 bins, 61 → 30 → 15.
    branches = convolutions + (16 * 50 * 64 + 64) + convolutions + (16 * 15 * 64 + 64)
    head = (128 * 64 + 64) + (64 * 1 + 1)
    assert sum(parameter.numel() for parameter in network.parameters()) == branches + head == 77_793


def test_a_branch_is_made_of_one_dimensional_convolutions():
    branch = Branch(30)
    first, second = branch.convolutions[0], branch.convolutions[3]
    plain = nn.Sequential(
        nn.Conv1d(1, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Conv1d(16, 16, 5, padding=2),
        nn.ReLU(),
        nn.MaxPool1d(2),
        nn.Flatten(),
        branch.dense,
        nn.ReLU(),
    )
    with torch.no_grad():
        for ours, theirs in ((first, plain[0]), (second, plain[3])):
            theirs.weight.copy_(ours.weight.squeeze(2))
            theirs.bias.copy_(ours.bias)
        view = torch.randn(7, 30)
        torch.testing.assert_close(branch(view), plain(view[:, None]))


def test_early_layers_are_all_convolutions():
    network = build_network("dual_branch", {"global": 32, "local": 32})
    early = {id(parameter) for module in network.early_layers() for parameter in module.parameters()}
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    assert early == {id(parameter) for module in convolutions for parameter in module.parameters()}
    assert len(convolutions) == 4


def test_an_unknown_architecture_names_the_known():
    with pytest.raises(ModelError, match=r"no architecture 'astronaut'.*dual_branch"):
        build_network("astronaut", {"global": 32, "local": 32})


def test_a_missing_view_is_named():
    with pytest.raises(ModelError, match=r"needs the views global, local; the dataset has global"):
        build_network("dual_branch", {"global": 32})
