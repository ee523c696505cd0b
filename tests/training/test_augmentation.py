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


@pytest.fixture
def with_rows(views):
    single = torch.randn(400, 6, 10)
    single[:, 4:] = 0
    return views | {"unfolded": single, "unfolded_scatter": single.abs(), "scalars": torch.randn(400, 9)}


def test_numbers_stay_and_rows_of_transits_go_along(with_rows):
    settings = Augmentation(mirror=True, shift_bins=1, noise=0.5, gap=0.2, bootstrap_transits=True)
    noise = view_noise(with_rows)
    assert "scalars" not in noise
    assert noise["unfolded"].shape == (400, 6, 1)
    after = augmented(with_rows, noise, settings)
    assert torch.equal(after["scalars"], with_rows["scalars"])
    assert {name: view.shape for name, view in after.items()} == {name: view.shape for name, view in with_rows.items()}
    assert not torch.equal(after["unfolded"], with_rows["unfolded"])


def test_transits_are_drawn_from_the_same_signal_and_the_local_view_moves_with_their_mean(with_rows):
    before = with_rows["unfolded"]
    after = augmented(with_rows, {}, Augmentation(bootstrap_transits=True))
    for row in range(20):
        places = [int((before[row, :4] == one).all(1).nonzero()[0]) for one in after["unfolded"][row, :4]]
        assert torch.equal(after["unfolded_scatter"][row, :4], with_rows["unfolded_scatter"][row, places])
        moved = before[row, places].mean(0) - before[row, :4].mean(0)
        # The local view's 20 bins are the halves of the 10 bins of single transits.
        shift = (after["local"] - with_rows["local"])[row]
        assert shift.mean() == pytest.approx(float(moved.mean()), abs=0.15)
        torch.testing.assert_close(shift.reshape(10, 2).mean(1)[1:-1], _smooth(moved)[1:-1], rtol=1e-4, atol=1e-4)
    assert not after["unfolded"][:, 4:].any()
    assert torch.equal(after["odd"], with_rows["odd"])


def _smooth(values):
    """Mean of the two places a quarter of a bin to either side, on straight lines between bins."""
    left, right = values.roll(1), values.roll(-1)
    return 0.75 * values + 0.125 * left + 0.125 * right


def test_signals_without_single_transits_are_left_alone(with_rows):
    with_rows["unfolded"][:7] = 0
    after = augmented(with_rows, {}, Augmentation(bootstrap_transits=True))
    assert torch.equal(after["local"][:7], with_rows["local"][:7])


def test_gaps_are_stretches_of_half_of_the_examples_with_their_scatter(with_rows):
    after = augmented(with_rows, {}, Augmentation(gap=0.4))
    gap = (after["local"] == 0) & (with_rows["local"] != 0)
    longest = gap.sum(1)
    # Some gaps lie between the middles of two bins.
    assert 120 < int((longest > 0).sum()) < 220
    assert int(longest.max()) <= 8
    for row in gap[longest > 0]:
        places = row.nonzero().flatten()
        assert int(places[-1] - places[0]) == len(places) - 1
    assert torch.equal(after["local_scatter"] == 0, gap | (with_rows["local_scatter"] == 0))
    assert not torch.equal(gap, (after["odd"] == 0))


def test_noise_is_not_added_to_transits_that_were_not_observed(with_rows):
    with_rows["unfolded"][:5, 1:] = 0
    noise = view_noise(with_rows)["unfolded"]
    assert noise.shape == (400, 6, 1)
    assert not noise[:, 4:].any()
    # Most rows of a signal may be unobserved: its scatter is that of those that were.
    assert (noise[:5, 0] > 0.1).all()
    after = augmented(with_rows, view_noise(with_rows), Augmentation(noise=0.5))
    assert torch.equal((after["unfolded"] != 0).any(2), (with_rows["unfolded"] != 0).any(2))
    assert not torch.equal(after["unfolded"], with_rows["unfolded"])


def test_single_transits_are_shifted_by_as_much_time(with_rows):
    for _ in range(20):
        after = augmented(with_rows, {}, Augmentation(shift_bins=2))
        # Ten bins where the local view has twenty.
        [shift] = [k for k in range(-2, 3) if torch.equal(after["local"], with_rows["local"].roll(k, -1))]
        assert torch.equal(after["unfolded"], with_rows["unfolded"].roll(round(shift / 2), -1))


def test_views_may_lie_anywhere(with_rows):
    settings = Augmentation(mirror=True, shift_bins=1, noise=0.5, gap=0.2, bootstrap_transits=True)
    elsewhere = {name: view.to("meta") for name, view in with_rows.items()}
    noise = {name: torch.ones(len(view), *[1] * (view.ndim - 1), device="meta") for name, view in elsewhere.items()}
    del noise["scalars"], noise["unfolded_scatter"], noise["local_scatter"]
    assert {view.device.type for view in augmented(elsewhere, noise, settings).values()} == {"meta"}
