"""Fewer labels: parts of a target's labelled signals, smaller ones within larger ones."""

import math

import numpy as np

from lightmill.catalogs.splits import unit_hash
from lightmill.config.transfer import DRAWN_BELOW, FEWEST_POSITIVES
from lightmill.errors import LabelError
from lightmill.training.examples import Examples, some


def draws_of(fraction: float, draws: int) -> int:
    """How often labels are drawn at a fraction: once from DRAWN_BELOW on, where luck matters less."""
    return draws if fraction < DRAWN_BELOW else 1


def drawn_rows(groups: np.ndarray, labels: np.ndarray, fraction: float, draw: int) -> np.ndarray:
    """Which rows belong to a fraction of the labels: (n,) bool.

    Groups come in an order that their names and the number of the draw decide (blake2b), so that the rows of a
    fraction are among those of every larger one of the same draw. Groups with a positive and those without are taken
    apart from each other, whole, until there are so many positives of the first and so many rows of the others; never
    fewer than FEWEST_POSITIVES positives, or than there are.

    Parameters
    ----------
    groups : (n,) str
    labels : (n,) 1 or 0
    fraction : above 0, at most 1
    draw : 0, 1, ...
    """
    if fraction == 1:
        return np.ones(len(labels), bool)
    names, of_row = np.unique(np.asarray(groups, str), return_inverse=True)
    counts = {side: np.bincount(of_row[labels == side], minlength=len(names)) for side in (1, 0)}
    order = np.argsort([unit_hash(f"draw {draw} of {name}") for name in names], kind="stable")
    with_positive = order[counts[1][order] > 0]
    positives = int(counts[1].sum())
    wanted = min(positives, max(FEWEST_POSITIVES, math.ceil(fraction * positives)))
    chosen = with_positive[: _until(counts[1][with_positive], wanted)]
    without = order[counts[1][order] == 0]
    others = counts[0][without]
    chosen = np.concatenate([chosen, without[: _until(others, math.ceil(fraction * int(others.sum())))]])
    return np.isin(of_row, chosen)


def _until(counts: np.ndarray, wanted: int) -> int:
    """How many of the first groups have at least so many rows together; all have no fewer."""
    return int(np.searchsorted(np.cumsum(counts), wanted)) + 1 if wanted > 0 else 0


def drawn(examples: Examples, fraction: float, draw: int) -> Examples:
    """The examples of a fraction of the labels, as `drawn_rows` has them, in their order.

    Raises LabelError if there is no negative among them.
    """
    groups = examples.meta["group_id"].to_numpy(str)
    chosen = some(examples, drawn_rows(groups, examples.labels, fraction, draw))
    if (chosen.labels == 1).all():
        raise LabelError(
            f"fraction {fraction:g}, draw {draw}: {len(chosen)} positive labels and no negative, for stars without a "
            "positive have too few; name larger fractions, or add labels of what is no planet"
        )
    return chosen
