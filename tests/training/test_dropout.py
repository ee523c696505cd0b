"""Dropout drawn many times for one trunk: the same as whole passes, one after the other."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lightmill.errors import ModelError
from lightmill.training.dropout import dropout_logits, dropout_masks, dropout_spread, drops_out
from lightmill.training.fitting import batches, both_sides, score_views
from lightmill.training.networks import ARCHITECTURES, build_network

LENGTHS = {"global": 125, "local": 40}


def views(rows, seed=0):
    generator = np.random.default_rng(seed)
    return {name: generator.normal(size=(rows, bins)).astype(np.float32) for name, bins in LENGTHS.items()}


def network(name, dropout=0.4):
    torch.manual_seed(1)
    built = build_network(name, LENGTHS, dropout)
    with torch.no_grad():
        # Large enough for what is dropped to be seen.
        for weights in built.head.parameters():
            weights.mul_(3)
    return built


class Masked(nn.Module):
    def __init__(self, mask):
        super().__init__()
        self.mask = mask

    def forward(self, features):
        return features * self.mask


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_each_pass_is_a_whole_pass_of_the_network_that_was_drawn(name):
    drawn_from, seen = network(name), views(8)
    passes = dropout_logits(drawn_from, seen, 3, seed=7)
    assert passes.shape == (3, 8)
    assert passes.dtype == np.float32
    for logits, masks in zip(passes, dropout_masks(drawn_from.head, 3, seed=7), strict=True):
        whole = copy.deepcopy(drawn_from)
        remaining = iter(masks)
        for place, layer in enumerate(whole.head):
            if isinstance(layer, nn.Dropout):
                whole.head[place] = Masked(next(remaining))
        np.testing.assert_allclose(logits, score_views(whole, seen), rtol=1e-5, atol=1e-5)
    assert len(np.unique(passes[:, 0])) == 3


@pytest.mark.parametrize("name", ["dual_branch", "lightmill"])
def test_mean_and_spread_are_those_of_a_loop_that_drops_anew_for_every_signal(name):
    drawn_from, seen, passes = network(name), views(3), 800
    ours = dropout_logits(drawn_from, seen, passes, seed=1)
    drawn_from.eval()
    for layer in drawn_from.head:
        if isinstance(layer, nn.Dropout):
            layer.train()
    # As many copies of each signal as there are passes, each dropped from on its own.
    many = {key: np.repeat(view, passes, axis=0) for key, view in seen.items()}
    loop = []
    with torch.inference_mode():
        for batch in batches(many, drawn_from.view_names, torch.device("cpu")):
            sides = []
            for side in both_sides(drawn_from, batch):
                torch.manual_seed(len(loop))
                sides.append(drawn_from(side))
            loop.append(torch.stack(sides).mean(dim=0).numpy())
    loop = np.concatenate(loop).reshape(3, passes).T
    spread = loop.std(axis=0)
    assert (spread > 0.05).all()
    error = spread * np.sqrt(2 / passes)
    np.testing.assert_array_less(np.abs(ours.mean(axis=0) - loop.mean(axis=0)), 4.5 * error)
    # The spread of a spread is 1 / sqrt(2 (passes - 1)) of a normal one, somewhat more for heavier tails.
    np.testing.assert_allclose(ours.std(axis=0), spread, rtol=0.15)


def test_what_is_dropped_depends_on_seed_and_pass_alone():
    drawn_from, seen = network("dual_branch"), views(1030)
    passes = dropout_logits(drawn_from, seen, 4, seed=3)
    np.testing.assert_array_equal(dropout_logits(drawn_from, seen, 4, seed=3), passes)
    assert (dropout_logits(drawn_from, seen, 4, seed=4) != passes).mean() > 0.9
    some = {name: view[1000:] for name, view in seen.items()}
    np.testing.assert_allclose(dropout_logits(drawn_from, some, 2, seed=3), passes[:2, 1000:], rtol=1e-4, atol=1e-5)
    assert dropout_logits(drawn_from, {name: view[:0] for name, view in seen.items()}, 4, seed=3).shape == (4, 0)


def test_scoring_afterwards_is_as_before_and_torch_is_left_alone():
    drawn_from, seen = network("dual_branch"), views(20)
    before, state = score_views(drawn_from, seen), torch.get_rng_state()
    dropout_logits(drawn_from, seen, 2, seed=1)
    assert torch.equal(torch.get_rng_state(), state)
    np.testing.assert_array_equal(score_views(drawn_from, seen), before)


def test_masks_drop_their_share_and_keep_the_sum():
    for passes in zip(*dropout_masks(network("astronet", 0.25).head, 400, seed=2), strict=True):
        masks = torch.stack(passes).numpy()
        assert masks.shape == (400, 512)
        assert set(np.unique(masks)) == {0, np.float32(4 / 3)}
        assert np.mean(masks == 0) == pytest.approx(0.25, abs=0.005)


def test_without_dropout_there_is_nothing_to_draw():
    plain = network("dual_branch", 0.0)
    assert not drops_out(plain)
    with pytest.raises(ModelError, match=r"trained without dropout.* set training\.dropout"):
        dropout_logits(plain, views(2), 2, seed=1)
    assert np.isnan(dropout_spread({1: plain}, views(2))).all()


def test_the_spread_is_the_mean_over_networks_of_that_of_their_probabilities():
    networks, seen = {1: network("dual_branch"), 5: network("dual_branch", 0.2)}, views(4)
    each = [1 / (1 + np.exp(-dropout_logits(one, seen, 20, seed).astype(float))) for seed, one in networks.items()]
    expected = (each[0].std(axis=0) + each[1].std(axis=0)) / 2
    np.testing.assert_allclose(dropout_spread(networks, seen), expected, rtol=1e-6)
