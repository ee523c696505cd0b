"""Differences between strategies, looked up from either side."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import pandas as pd

from lightmill.transfer.styles import STYLES


class Pair(NamedTuple):
    """Average precision of two strategies and their difference, the first less the other, with its interval."""

    strategy: str
    other: str
    value: float
    other_value: float
    difference: float
    low: float
    high: float

    def reversed(self) -> "Pair":
        """The same, seen from the other strategy."""
        return Pair(self.other, self.strategy, self.other_value, self.value, -self.difference, -self.high, -self.low)


Pairs = Mapping[tuple[str, str], Pair]


def pairs_of(differences: pd.DataFrame, source: str, fraction: float) -> Pairs:
    """The differences in average precision of one source and fraction, by strategy and other, and the other way round.

    Where a pair is also a primary comparison, its usual interval is taken, not the wider one.
    """
    rows = differences[
        (differences["source"] == source)
        & (differences["fraction"] == fraction)
        & (differences["metric"] == "average_precision")
    ]
    pairs: dict[tuple[str, str], Pair] = {}
    for row in rows.sort_values("primary", kind="stable").itertuples():
        pair = Pair(*(getattr(row, name) for name in Pair._fields))
        for seen in (pair, pair.reversed()):
            pairs.setdefault((seen.strategy, seen.other), seen)
    return pairs


def with_best(pairs: Pairs, strategy: str) -> Pair | None:
    """The pair of `strategy` with that of the others whose value is largest; None if it was compared with none.

    Of equal ones the simplest. The best is chosen by its value on the test split, luck included: that favours it.
    """
    others = [pairs[strategy, other] for other in STYLES if (strategy, other) in pairs]
    return max(others, key=lambda pair: pair.other_value, default=None)


def best_of(pairs: Pairs, strategies: Iterable[str], other: str) -> Pair | None:
    """The pair with `other` of that of `strategies` whose value is largest; None if none was compared with it."""
    known = [pairs[strategy, other] for strategy in strategies if (strategy, other) in pairs]
    return max(known, key=lambda pair: pair.value, default=None)
