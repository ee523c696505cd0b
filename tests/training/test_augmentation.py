"""What augmentation changes, and what it leaves."""

import pytest
import torch

from lightmill.config.training import Augmentation
from lightmill.training.augmentation import augmented, view_noise


@pytest.fixture
def views():
    torch.manual_seed(3)
    return {
        "global": torch.randn(400, 30),
        "local": torch.randn(400, 20),
        "odd": torch.randn(400, 20),
        "local_scatter": torch.rand(400, 20),
    }


def test_nothing_is_changed_by_default(views):
    assert not Augmentation().changes
    after = augmented(views, {}, Augmentation())
    assert all(torch.equal(after[name], view) for name, view in views.items())


def test_half_of_the_examples_are_mirrored_with_all_their_views(views):
    after = augmented(views, {}, Augmentation(mirror=True))
    mirrored = (after["global"] == views["global"].flip(-1)).all(1)
    assert 150 < int(mirrored.sum()) < 250
    for name, view in views.items():
        assert torch.equal(after[name], torch.where(mirrored[:, None], view.flip(-1), view))


def test_views_around_transits_are_shifted_with_their_scatter_and_whole_ones_stay(views):
    seen = set()
    for _ in range(60):
        after = augmented(views, {}, Augmentation(shift_bins=2))
        assert torch.equal(after["global"], views["global"])
        [shift] = [k for k in range(-2, 3) if torch.equal(after["local"], views["local"].roll(k, -1))]
        assert torch.equal(after["odd"], views["odd"].roll(shift, -1))
        assert torch.equal(after["local_scatter"], views["local_scatter"].roll(shift, -1))
        seen.add(shift)
    assert seen == {-2, -1, 0, 1, 2}


def test_noise_goes_with_the_scatter_of_each_view_and_a_scatter_stays(views):
    views["local"] *= 10
    noise = view_noise(views)
    assert set(noise) == {"global", "local", "odd"}
    assert noise["local"].mean() == pytest.approx(10 * noise["global"].mean(), rel=0.1)
    after = augmented(views, noise, Augmentation(noise=0.6))
    assert torch.equal(after["local_scatter"], views["local_scatter"])
    for name in noise:
        # Amounts even between 0 and 0.6: their mean square is 0.12.
        added = (after[name] - views[name]) / noise[name]
        assert added.square().mean() == pytest.approx(0.12, rel=0.15)
