"""Which strategy to take with so many labels: a rule, applied to what was measured."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lightmill.config.transfer import ALONE, AS_IT_IS
from lightmill.transfer.pairs import Pair, Pairs, pairs_of
from lightmill.transfer.styles import STYLES, labels_by_fraction, of_source


class Recommendation(NamedTuple):
    """What to do with about `n_labels` target labels, `from_labels` to `up_to`, and what it gives.

    `value`, `low` and `high` are its average precision, `gain` the difference to from_scratch, `worth` the row of
    `worth.csv`; both None where there is nothing to compare with. `best` has the highest value. `compared` is False
    where no difference between strategies is known, so that the best value alone decided.
    """

    fraction: float
    n_labels: float
    n_positives: float
    from_labels: float
    up_to: float
    strategy: str
    value: float
    low: float
    high: float
    best: str
    gain: Pair | None
    worth: Mapping[str, Any] | None
    compared: bool


def recommend(
    curves: pd.DataFrame, differences: pd.DataFrame, worth: pd.DataFrame, source: str
) -> list[Recommendation]:
    """A recommendation for each fraction of one source, by increasing numbers of labels.

    Taken is the simplest strategy, in the order of STYLES, that is not distinguishably worse than the best: of the
    difference between them the interval does not lie below zero. The best is the one of highest average precision. Two
    numbers of labels part where their geometric mean is; nothing is said below the smallest or above the largest.

    Parameters
    ----------
    curves, differences, worth
        Rows of the files of these names; read are those of average precision and of `source`.
    """
    precision = of_source(curves[curves["metric"] == "average_precision"], source)
    labels = labels_by_fraction(precision)
    numbers = labels.to_numpy(float)
    limits = np.concatenate([numbers[:1], np.sqrt(numbers[:-1] * numbers[1:]), numbers[-1:]])
    return [
        _recommendation(
            precision[(precision["fraction"] == fraction) | (precision["strategy"] == AS_IT_IS)],
            pairs_of(differences, source, fraction),
            worth[worth["source"] == source],
            fraction,
            (float(start), float(end)),
        )
        for fraction, start, end in zip(labels.index, limits[:-1], limits[1:], strict=True)
    ]


def _recommendation(
    rows: pd.DataFrame, pairs: Pairs, worth: pd.DataFrame, fraction: float, limits: tuple[float, float]
) -> Recommendation:
    known = {row["strategy"]: row for row in rows.to_dict("records")}
    simplest_first = [strategy for strategy in STYLES if strategy in known]
    best = max(simplest_first, key=lambda strategy: known[strategy]["value"])
    taken = next(strategy for strategy in simplest_first if strategy == best or _as_good(pairs, strategy, best))
    learned = rows[rows["fraction"] == fraction]
    worths = worth[(worth["strategy"] == taken) & (worth["fraction"] == known[taken]["fraction"])].to_dict("records")
    return Recommendation(
        fraction=fraction,
        n_labels=float(learned["n_labels"].mean()),
        n_positives=float(learned["n_positives"].mean()),
        from_labels=limits[0],
        up_to=limits[1],
        strategy=taken,
        value=known[taken]["value"],
        low=known[taken]["low"],
        high=known[taken]["high"],
        best=best,
        gain=pairs.get((taken, ALONE)),
        worth={str(name): value for name, value in worths[0].items()} if worths else None,
        compared=bool(pairs),
    )


def _as_good(pairs: Pairs, strategy: str, best: str) -> bool:
    """Whether a strategy is not distinguishably worse than the best."""
    return (strategy, best) in pairs and not pairs[strategy, best].high < 0
