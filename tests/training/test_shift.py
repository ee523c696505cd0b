"""Whether scored signals look like those of the calibration: alike, unlike, too few."""

import numpy as np
import pytest
import torch
from training.toys import LENGTHS

from lightmill.training.networks import build_network
from lightmill.training.shift import NOT_VALID, TOO_FEW, VALID, head_features, one_of_each, shift_between, star_features
from lightmill.views.npz import read_npz_columns


def features(n, seed, moved=0.0):
    return np.random.default_rng(seed).normal(moved, 1, (n, 8)).astype(np.float32)


@pytest.mark.parametrize("rows", [50, 600])
def test_what_is_alike_cannot_be_told_apart(rows):
    shift = shift_between(features(600, 1), features(rows, 2))
    assert shift.calibration == VALID
    assert shift.auc == pytest.approx(0.5, abs=3 * np.sqrt((1 / rows + 1 / 600) / 12))
    assert str(shift).startswith(f"valid (AUC {shift.auc:.2f} of telling")


def test_what_is_moved_is_told_apart_the_better_the_farther():
    near, far = (shift_between(features(600, 1), features(600, 2, moved)) for moved in (0.1, 0.5))
    assert near.calibration == VALID
    assert far.calibration == NOT_VALID
    assert 0.5 < near.auc < 0.7 < 0.8 < far.auc < 1


def test_a_wider_distribution_of_the_same_mean_is_told_apart():
    assert shift_between(features(600, 1), 3 * features(600, 2)).calibration == NOT_VALID


def test_of_too_few_nothing_is_said():
    for one, other in ((49, 600), (600, 49), (600, 0)):
        shift = shift_between(features(one, 1), features(other, 2, 5.0))
        assert shift.calibration == TOO_FEW
        assert np.isnan(shift.auc)
    assert str(shift) == "too few to tell (a check takes 50 stars)"


def test_the_same_again_gives_the_same():
    assert shift_between(features(90, 1), features(80, 2)) == shift_between(features(90, 1), features(80, 2))


def test_of_each_star_there_is_one_signal_and_of_many_stars_a_thousand():
    stars = np.array(["a", "b", "a", "c", "a", "b"])
    chosen = one_of_each(stars)
    assert sorted(stars[chosen]) == ["a", "b", "c"]
    assert (np.diff(chosen) > 0).all()
    many = one_of_each(np.arange(5000) // 2)
    assert len(many) == len(np.unique(many // 2)) == 1000
    # From all over the file, and not always the first of two.
    assert many.mean() == pytest.approx(2500, abs=250)
    assert np.mean(many % 2) == pytest.approx(0.5, abs=0.07)


@pytest.mark.parametrize("name", ["dual_branch", "lightmill"])
def test_the_features_are_what_the_last_layer_is_given(name):
    torch.manual_seed(1)
    network = build_network(name, LENGTHS)
    generator = np.random.default_rng(1)
    views = {view: generator.normal(size=(5, bins)).astype(np.float32) for view, bins in LENGTHS.items()}
    found = head_features(network, views)
    assert found.dtype == np.float32
    tensors = {view: torch.from_numpy(array) for view, array in views.items()}
    sides = [tensors, {view: tensor.flip(-1) for view, tensor in tensors.items()}] if network.mirrored else [tensors]
    with torch.no_grad():
        logits = sum(map(network, sides)) / len(sides)
        # The last layer is linear: of the mean of the features it makes the mean of the logits.
        again = network.head[-1](torch.from_numpy(found)).squeeze(1)
    np.testing.assert_allclose(again, logits, rtol=1e-4, atol=1e-5)
    none = {view: array[:0] for view, array in views.items()}
    assert head_features(network, none).shape == (0, found.shape[1])


def test_tess_is_told_from_kepler_and_kepler_not_from_itself(real_data):
    """By a network that nobody trained: it passes on what views look like, not what they are."""
    torch.manual_seed(1)
    network = build_network("dual_branch", {"global": 201, "local": 61})

    def shown(file, star, part):
        keys = {"global": "global_view", "local": "local_view"}
        columns = read_npz_columns(real_data / "views" / file, [star, *keys.values()])
        mine = np.arange(len(columns[star])) // 2000 == part
        return star_features(network, {view: columns[key][mine] for view, key in keys.items()}, columns[star][mine])

    reference = shown("kepler_dr24_tce_views.npz", "kepid", 0)
    assert shift_between(reference, shown("kepler_dr24_tce_views.npz", "kepid", 1)).calibration == VALID
    assert shift_between(reference, shown("tess_yu2019_triage_views.npz", "tic_id", 0)).calibration == NOT_VALID
