import pytest
import torch

from lightmill.training.batches import epoch_order, order_of_origins, steps


def test_shuffled_is_every_row_once():
    torch.manual_seed(0)
    order = epoch_order(torch.zeros(50), "shuffled")
    assert sorted(order.tolist()) == list(range(50))
    assert order.tolist() != list(range(50))


@pytest.mark.parametrize(("n", "positives"), [(100, 7), (101, 7), (60, 53), (40, 20)])
def test_balanced_batches_hold_as_many_of_both(n, positives):
    torch.manual_seed(0)
    labels = torch.zeros(n)
    labels[torch.randperm(n)[:positives]] = 1
    order = epoch_order(labels, "balanced")
    assert len(order) == n - n % 2
    for size in (2, 8, 16):
        for batch in order.split(size):
            assert labels[batch].sum() == len(batch) / 2
    for batch in order.split(5):
        assert abs(2 * int(labels[batch].sum()) - len(batch)) <= 1
    for side, rows in ((1, positives), (0, n - positives)):
        times = torch.bincount(order[labels[order] == side], minlength=n)[labels == side]
        assert int(times.max() - times.min()) <= 1
        assert int(times.sum()) == n // 2
        assert len(times) == rows


def test_it_follows_from_the_seed():
    labels = torch.tensor([1.0] * 5 + [0.0] * 25)
    orders = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        orders.append(epoch_order(labels, "balanced").tolist())
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize(("n", "sizes"), [(8, [4, 4]), (9, [4, 5]), (10, [4, 4, 2]), (1, [1]), (4, [4])])
def test_no_row_is_left_alone_in_the_last_step(n, sizes):
    batches = steps(torch.arange(n), 4)
    assert [len(batch) for batch in batches] == sizes
    assert torch.cat(batches).tolist() == list(range(n))


@pytest.mark.parametrize(("few", "many", "batches"), [(10, 91, "shuffled"), (40, 41, "balanced"), (3, 200, "balanced")])
def test_two_sets_come_in_turn(few, many, batches):
    torch.manual_seed(0)
    origins = torch.tensor([1] * few + [0] * many)
    labels = torch.tensor(([1.0, 0.0, 0.0] * few)[:few] + ([1.0, 0.0] * many)[:many])
    order = order_of_origins(origins, labels, batches)
    assert len(order) == 2 * ((few + many) // 2)
    assert torch.equal(origins[order], torch.tensor([1, 0] * (len(order) // 2)))
    times = torch.bincount(order[origins[order] == 1], minlength=few)[:few]
    if batches == "shuffled":
        assert int(times.min()) >= 1
        assert int(times.max() - times.min()) <= 1
    else:
        share = labels[order[origins[order] == 1]].mean()
        assert abs(float(share) - 0.5) < 0.1
