"""Attributions add up, sit where the signal is, and follow the shape of whatever the network looks at."""

import numpy as np
import pytest
import torch
from torch import nn

from lightmill.evaluation.attribution import arrays_by_view, flat_views, integrated_gradients
from lightmill.training.fitting import score_views
from lightmill.training.networks import build_network
from lightmill.training.networks.base import Network


class Weighted(Network):
    """A weight for every number of every array, and a bend."""

    view_names = ("global", "rows", "rows_scatter", "numbers")
    mirrored = True

    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterDict(
            {
                "global": torch.arange(8.0),
                "rows": torch.ones(3, 4),
                "rows_scatter": torch.full((3, 4), 2.0),
                "numbers": torch.tensor([1.0, -1.0]),
            }
        )
        self.head = nn.Softplus()

    def features(self, views):
        return sum((views[name] * self.weights[name]).flatten(1).sum(1, keepdim=True) for name in self.view_names)

    def layer_groups(self):
        return []


def random_views(shapes, n=20, seed=0):
    generator = np.random.default_rng(seed)
    views = {name: generator.normal(size=(n, *shape)).astype(np.float32) for name, shape in shapes.items()}
    return {name: np.abs(view) if name.endswith("_scatter") else view for name, view in views.items()}


SHAPES = {"global": (8,), "rows": (3, 4), "rows_scatter": (3, 4), "numbers": (2,)}


def test_arrays_of_any_shape_are_explained_and_add_up():
    views = random_views(SHAPES)
    networks = [Weighted(), Weighted()]
    found = integrated_gradients(networks, views)
    assert {name: array.shape[1:] for name, array in found.arrays.items()} == SHAPES
    assert np.abs(found.completeness()).max() < 1e-4
    np.testing.assert_allclose(found.logit, score_views(networks[0], views), rtol=1e-5)
    np.testing.assert_allclose(found.flat_logit, score_views(networks[0], flat_views(views)), rtol=1e-5)
    shares = found.shares()
    assert list(shares) == ["global", "rows", "numbers"]
    np.testing.assert_allclose(sum(shares.values()), 1)


def test_of_a_straight_network_each_bin_adds_its_weight_times_what_it_is():
    views = random_views(SHAPES)
    network = Weighted()
    network.head = nn.Identity()
    found = integrated_gradients([network], views).arrays
    # Both directions count: a bin has the mean of its own weight and that of its mirror image.
    np.testing.assert_allclose(found["global"], views["global"] * 3.5, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["rows"], views["rows"], rtol=1e-4, atol=1e-6)
    off = views["rows_scatter"] - flat_views(views)["rows_scatter"]
    np.testing.assert_allclose(found["rows_scatter"], 2 * off, rtol=1e-4, atol=1e-6)


def test_a_flat_scatter_is_the_median_where_it_is_known():
    scatter = np.array([[1, 2, 6, 0], [0, 0, 0, 0]], np.float32)
    flat = flat_views({"local": np.ones((2, 4), np.float32), "local_scatter": scatter})
    assert flat["local"].tolist() == [[0] * 4] * 2
    assert flat["local_scatter"].tolist() == [[2, 2, 2, 0], [0, 0, 0, 0]]
    assert flat["local_scatter"].dtype == np.float32
    assert arrays_by_view(["local", "local_scatter", "odd"]) == {"local": ["local", "local_scatter"], "odd": ["odd"]}


@pytest.mark.parametrize("architecture", ["dual_branch", "astronet", "lightmill"])
def test_the_attributions_of_every_network_add_up(architecture):
    lengths = {"global": 150, "local": 40}
    if architecture == "lightmill":
        lengths |= {name + "_scatter": bins for name, bins in lengths.items()}
    torch.manual_seed(1)
    networks = [build_network(architecture, lengths).eval() for _ in range(2)]
    views = random_views({name: (bins,) for name, bins in lengths.items()}, n=5)
    found = integrated_gradients(networks, views)
    assert {name: array.shape[1] for name, array in found.arrays.items()} == lengths
    mean = np.mean([score_views(network, views) for network in networks], axis=0)
    np.testing.assert_allclose(found.logit, mean, rtol=1e-4, atol=1e-5)
    # Fresh weights say little, and float32 has seven digits.
    assert np.abs(found.completeness()).max() < 0.05 * np.abs(found.logit - found.flat_logit).max()
    again = integrated_gradients(networks, views)
    assert all(np.array_equal(again.arrays[name], array) for name, array in found.arrays.items())
