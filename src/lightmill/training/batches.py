"""The order in which the examples of an epoch are seen."""

import torch
from torch import Tensor


def epoch_order(labels: Tensor, batches: str) -> Tensor:
    """Rows (m,) int64 in the order in which an epoch sees them, drawn from torch's generator.

    Parameters
    ----------
    labels
        (n,) 1 or 0, on the cpu; for `balanced` both must be there.
    batches
        `shuffled`: each row once, m = n. `balanced`: a positive and a negative in turn, so that every stretch holds
        as many of both, give or take one; m is n, less one where n is odd. The commoner class gives half of the
        rows, no row twice as long as there are enough; the rarer one is gone through again and again, in a new order
        each time.
    """
    if batches == "shuffled":
        return torch.randperm(len(labels))
    half = len(labels) // 2
    sides = [_rounds(torch.nonzero(labels == side).flatten(), half) for side in (1, 0)]
    return torch.stack(sides, dim=1).flatten()


def order_of_origins(origins: Tensor, labels: Tensor, batches: str) -> Tensor:
    """Rows (m,) int64 of two sets in turn, so that every stretch holds as many of both, give or take one.

    Parameters
    ----------
    origins
        (n,) 1 or 0, which of the two sets each row is of, on the cpu; both must be there.
    labels, batches
        As for `epoch_order`: in what order the rows of each set come. The smaller set is gone through again and again
        until it has given half of the n rows, or of n - 1 where n is odd; the larger one gives as many.
    """
    half = len(origins) // 2
    drawn = []
    for origin in (1, 0):
        rows = torch.nonzero(origins == origin).flatten()
        orders: list[Tensor] = []
        while sum(map(len, orders)) < half:
            orders.append(rows[epoch_order(labels[rows], batches)])
        drawn.append(torch.cat(orders)[:half])
    return torch.stack(drawn, dim=1).flatten()


def steps(order: Tensor, size: int) -> list[Tensor]:
    """The rows of each step of an epoch, `size` of them; a last one that were alone goes with the step before.

    Batch normalisation has nothing to say of a single row.
    """
    batches = list(order.split(size))
    if len(batches) > 1 and len(batches[-1]) == 1:
        batches[-2:] = [torch.cat(batches[-2:])]
    return batches


def _rounds(rows: Tensor, number: int) -> Tensor:
    """So many of the rows: all of them in random order, and again, until there are enough."""
    rounds = -(-number // len(rows))
    return torch.cat([rows[torch.randperm(len(rows))] for _ in range(rounds)])[:number]
