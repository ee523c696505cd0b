import typing

import pytest
import torch
from torch import nn

from lightmill.config.training import Architecture
from lightmill.errors import ModelError
from lightmill.training.networks import ARCHITECTURES, build_network
from lightmill.training.networks.base import mirror_images
from lightmill.training.networks.dual_branch import Branch


def test_the_configuration_knows_the_registry():
    assert set(typing.get_args(Architecture)) == set(ARCHITECTURES)


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
@pytest.mark.parametrize("bins", [(125, 19), (201, 61), (2000, 201)])
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


def test_astronet_has_the_weights_of_the_paper():
    network = build_network("astronet", {"global": 2001, "local": 201})
    assert sum(parameter.numel() for parameter in network.parameters()) == 9_940_193


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_weights_have_the_same_names_whatever_is_dropped(name):
    lengths = {"global": 201, "local": 61}
    usual = build_network(name, lengths)
    names = {weight: tensor.shape for weight, tensor in usual.state_dict().items()}
    for share in (0.0, 0.4):
        network = build_network(name, lengths, share)
        assert {weight: tensor.shape for weight, tensor in network.state_dict().items()} == names
        dropped = {layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)}
        assert dropped - {0.0} == {share} - {0.0}
        # In the head and nowhere else.
        assert all(
            not isinstance(layer, nn.Dropout)
            for child in network.children()
            if child is not network.head
            for layer in child.modules()
        )
    own = {layer.p for layer in usual.modules() if isinstance(layer, nn.Dropout)}
    assert own == ({0.3} if name == "lightmill" else set())
    assert {weight for weight in names if weight.startswith("head.")} == {
        f"head.{place}.{part}"
        for place in {"astronet": (0, 2, 4, 6, 8), "dual_branch": (0, 2), "lightmill": (1, 4)}[name]
        for part in ("weight", "bias")
    }


@pytest.mark.parametrize("bins", [(124, 19), (125, 18)])
def test_astronet_needs_views_that_its_poolings_leave_something_of(bins):
    with pytest.raises(ModelError, match="expected at least"):
        build_network("astronet", dict(zip(("global", "local"), bins, strict=True)))


def test_astronet_is_made_of_one_dimensional_convolutions():
    network = build_network("astronet", {"global": 201, "local": 61})
    for name, pool in (("global", 5), ("local", 7)):
        column = network.columns[name].convolutions
        plain = []
        for layer in column:
            if isinstance(layer, nn.Conv2d):
                plain.append(nn.Conv1d(layer.in_channels, layer.out_channels, 5, padding=2))
                with torch.no_grad():
                    plain[-1].weight.copy_(layer.weight.squeeze(2))
                    plain[-1].bias.copy_(layer.bias)
            else:
                plain.append(nn.ReLU() if isinstance(layer, nn.ReLU) else nn.MaxPool1d(pool, 2))
        view = torch.randn(3, 201 if name == "global" else 61)
        with torch.no_grad():
            torch.testing.assert_close(
                network.columns[name](view), nn.Sequential(*plain)(view[:, None]).flatten(1), rtol=1e-4, atol=1e-5
            )


ALL_VIEWS = {
    "global": 40,
    "half_period": 30,
    "local": 20,
    "odd": 20,
    "even": 20,
    "secondary": 20,
    "unfolded": [5, 12],
    "centroid": [2, 20],
}


def test_lightmill_looks_at_every_view_it_knows_and_at_nothing_else():
    looks_at = ARCHITECTURES["lightmill"].looks_at
    assert looks_at({"global", "local"}) == ("global", "local")
    counts = {f"{name}_count" for name in ALL_VIEWS}
    scatter = {f"{name}_scatter" for name in ALL_VIEWS}
    assert set(looks_at({*ALL_VIEWS, *counts, *scatter, "scalars", "snr"})) == {*ALL_VIEWS, *scatter, "scalars"}
    # The two that it cannot do without are asked for, so that they are missed.
    assert set(looks_at({"odd"})) == {"global", "local", "odd"}


def random_views(bins):
    return {name: torch.randn(2, *([size] if isinstance(size, int) else size)) for name, size in bins.items()}


@pytest.mark.parametrize("scatter", [False, True])
def test_every_view_of_lightmill_counts_and_alike_ones_share_their_weights(scatter):
    bins = ALL_VIEWS | ({f"{name}_scatter": size for name, size in ALL_VIEWS.items()} if scatter else {})
    bins |= {"scalars": 9}
    torch.manual_seed(1)
    network = build_network("lightmill", bins).eval()
    few = build_network("lightmill", {name: bins[name] for name in ("global", "local")})
    assert sum(p.numel() for p in network.columns["near"].parameters()) == (
        sum(p.numel() for p in few.columns["near"].parameters()) + (16 * 5 + 16 if scatter else 0)
    )
    views = random_views(bins)
    with torch.no_grad():
        before = network(views)
        for name in bins:
            assert not torch.equal(network({**views, name: views[name] + 1}), before), name


def test_lightmill_stays_small_however_long_the_views():
    long = {name: 2001 if name == "global" else 301 for name in ALL_VIEWS if isinstance(ALL_VIEWS[name], int)}
    long |= {"unfolded": [20, 101], "centroid": [2, 301]}
    network = build_network("lightmill", {**long, **{f"{name}_scatter": size for name, size in long.items()}})
    assert sum(p.numel() for p in network.parameters()) < 2_000_000
    assert network.eval()(random_views({**long, **{f"{name}_scatter": size for name, size in long.items()}})).shape == (
        2,
    )


def test_single_transits_count_in_any_order_and_unobserved_ones_not_at_all():
    torch.manual_seed(2)
    network = build_network("lightmill", {"global": 40, "local": 20, "unfolded": [5, 12]}).eval()
    views = random_views({"global": 40, "local": 20, "unfolded": [5, 12]})
    views["unfolded"][:, 3:] = 0
    with torch.no_grad():
        logits = network(views)
        turned = network({**views, "unfolded": views["unfolded"][:, [1, 2, 0, 4, 3]]})
        twice = torch.cat([views["unfolded"][:, :3], views["unfolded"][:, :3]], dim=1)
        torch.testing.assert_close(network({**views, "unfolded": twice}), logits)
        none = network({**views, "unfolded": torch.zeros(2, 5, 12)})
    torch.testing.assert_close(turned, logits)
    assert torch.isfinite(none).all()


def test_time_runs_backwards_in_views_and_not_in_numbers():
    views = random_views({"local": 20, "unfolded": [5, 12], "scalars": 9})
    mirrored = mirror_images(views)
    assert torch.equal(mirrored["scalars"], views["scalars"])
    assert torch.equal(mirrored["unfolded"], views["unfolded"].flip(2))
    assert torch.equal(mirrored["local"], views["local"].flip(1))


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


@pytest.mark.parametrize("architecture", ["dual_branch", "astronet", "lightmill"])
def test_layer_groups_are_all_weights_once_from_the_views_to_the_head(architecture):
    bins = {"global": 400, "local": 100} if architecture == "astronet" else ALL_VIEWS | {"scalars": 8}
    network = build_network(architecture, bins)
    groups = network.layer_groups()
    found = [id(parameter) for group in groups for layer in group for parameter in layer.parameters()]
    assert sorted(found) == sorted(id(parameter) for parameter in network.parameters())
    assert groups[-1] == [network.head]
    assert len(groups) >= 4
    early = [id(parameter) for layer in network.early_layers() for parameter in layer.parameters()]
    assert early
    assert found[: len(early)] == early


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


@pytest.mark.parametrize("bins", [20, 21, 5])
def test_a_branch_is_its_layers_one_after_the_other_and_so_is_its_derivative(bins):
    torch.manual_seed(1)
    branch = Branch(bins)
    view = torch.randn(8, bins)
    # Equal neighbours, of which the first counts.
    view[:, : bins // 2] = 0.0
    image = view[:, None, None, :].contiguous(memory_format=torch.channels_last)
    plain = torch.relu(branch.dense(branch.convolutions(image).flatten(1)))
    seen = branch(view)
    torch.testing.assert_close(seen, plain)
    expected = torch.autograd.grad(plain.square().sum(), list(branch.parameters()))
    found = torch.autograd.grad(seen.square().sum(), list(branch.parameters()))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-6)
