"""Three claims of the literature on transfer, checked on a study's own numbers.

Verdicts are read from intervals, never from values alone: `holds`, `does not hold`, or `cannot tell`. The intervals are
those of `differences.csv`, each by itself, and there are as many looks as fractions of labels: one interval in twenty
misses zero by chance. A claim is therefore never decided by one fraction among several (see `_in_general`), or else by
intervals that do not overlap, which is rarer (see `_by_size`).

The best of several strategies is chosen by its average precision on the test split, which favours it: what is compared
with the best looks a little worse than it is, and the gain of the best a little larger.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from lightmill.config.transfer import ALONE
from lightmill.transfer.pairs import Pair, Pairs, best_of, pairs_of, with_best
from lightmill.transfer.styles import percent

HOLDS, FAILS, UNTOLD = "holds", "does not hold", "cannot tell"
JOINT_WINS = "joint training wins"
FROZEN_SUFFICES = "frozen early layers suffice for few labels"
MOST_AT_SIZE = "transfer helps most at 10 to 20 % of the source's size"
CLAIMS = (JOINT_WINS, FROZEN_SUFFICES, MOST_AT_SIZE)
SUMMARY = "summary"
WITH_BEST = "average precision, less that of the best other strategy"
WITH_SCRATCH = "average precision, less that of from_scratch"
WITH_TUNED = "average precision, less that of fine_tuned"
GAIN = "gain in average precision of the best transfer strategy over from_scratch"
CLAIM_COLUMNS = (
    "source",
    "claim",
    "measure",
    "strategy",
    "other",
    "fraction",
    "n_labels",
    "ratio",
    "value",
    "low",
    "high",
    "verdict",
    "reason",
)

# What is worse by less than this suffices: the seeds of one network differ by as much (DR24: 0.850 to 0.870).
MARGIN = 0.02
# Few labels: up to this share of the target's.
FEW = 0.05
# The sizes, as shares of the source's, at which transfer is said to help most.
SIZES = (0.1, 0.2)
# Strategies that use the source and learn from target labels.
TRANSFERS = ("frozen", "fine_tuned", "gradual", "joint")


class _Look(NamedTuple):
    """What is known at one fraction of one source: numbers of labels, and the differences between strategies."""

    source: str
    fraction: float
    n_labels: float
    ratio: float
    pairs: Pairs


def check_claims(*, differences: pd.DataFrame, n_source: Mapping[str, int]) -> pd.DataFrame:
    """CLAIM_COLUMNS for each claim that a study can say something about: rows by fraction, then one of SUMMARY.

    Parameters
    ----------
    differences
        Rows of `differences.csv`, of which those of average precision are read.
    n_source
        By source, how many labels its network was trained on.

    A claim is left out where the study lacks the strategies that it is about. The verdict of a row:

    - JOINT_WINS, joint less the best of the others: holds if the interval is above zero, does not hold if it is below.
      Joint less from_scratch is shown beside it, and not part of the summary.
    - FROZEN_SUFFICES, up to FEW of the labels, frozen less the best of the others: holds if the interval is above
      -MARGIN, does not hold if it is below zero and reaches -MARGIN. Frozen less fine_tuned is shown beside it, and not
      part of the summary.
    - MOST_AT_SIZE, the gain of the best of TRANSFERS over from_scratch. At a fraction within SIZES: holds if the
      interval is above zero, does not hold if it is below. At one outside: holds if the interval is below that of a
      gain within; does not hold if it is above those of all gains within.

    Raises KeyError if `n_source` lacks a source.
    """
    learned = differences[differences["fraction"] > 0]
    rows: list[dict[str, Any]] = []
    for source in dict.fromkeys(learned["source"]):
        here = learned[learned["source"] == source].groupby("fraction")["n_labels"].mean().sort_index()
        looks = [
            _Look(source, fraction, labels, labels / n_source[source], pairs_of(learned, source, fraction))
            for fraction, labels in here.items()
        ]
        rows += _joint_wins(looks) + _frozen_suffices(looks) + _most_at_size(looks)
    return pd.DataFrame(rows, columns=list(CLAIM_COLUMNS))


def _joint_wins(looks: Sequence[_Look]) -> list[dict[str, Any]]:
    return _against_the_best(JOINT_WINS, "joint", looks, looks, (WITH_SCRATCH, ALONE), wins)


def _frozen_suffices(looks: Sequence[_Look]) -> list[dict[str, Any]]:
    few = [look for look in looks if look.fraction <= FEW]
    return _against_the_best(FROZEN_SUFFICES, "frozen", few, looks, (WITH_TUNED, "fine_tuned"), suffices)


def wins(pair: Pair) -> str:
    """Whether a strategy is better than the other."""
    return HOLDS if pair.low > 0 else FAILS if pair.high < 0 else UNTOLD


def suffices(pair: Pair) -> str:
    """Whether a strategy is not worse than the other by MARGIN."""
    return HOLDS if pair.low > -MARGIN else FAILS if pair.high < 0 else UNTOLD


def _against_the_best(
    claim: str,
    strategy: str,
    looks: Sequence[_Look],
    all_looks: Sequence[_Look],
    beside: tuple[str, str],
    judge: Callable[[Pair], str],
) -> list[dict[str, Any]]:
    """Rows of a claim that sets one strategy against the best of the others, and `beside` (measure, other) against one.

    None if none of `all_looks`, those that the study has, knows the strategy.
    """
    if not any(with_best(look.pairs, strategy) for look in all_looks):
        return []
    decisive = [
        _row(claim, WITH_BEST, look, pair, judge(pair)) for look in looks if (pair := with_best(look.pairs, strategy))
    ]
    measure, other = beside
    shown = [
        _row(claim, measure, look, pair, judge(pair)) for look in looks if (pair := look.pairs.get((strategy, other)))
    ]
    return [*decisive, *shown, _summary(claim, all_looks[0].source, *_in_general(decisive))]


def _in_general(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Verdict and reason of a claim that is meant in general, from its rows by fraction.

    It holds if it holds at more than half of the fractions and fails at none. It does not hold if it fails at two or
    more, or at the only one. One failure among several may be chance.
    """
    if not rows:
        return UNTOLD, f"no fraction of up to {percent(FEW)} of the labels was measured"
    at = {name: [row["fraction"] for row in rows if row["verdict"] == name] for name in (HOLDS, FAILS, UNTOLD)}
    if len(at[FAILS]) >= min(2, len(rows)):
        verdict = FAILS
    elif not at[FAILS] and len(at[HOLDS]) > len(rows) / 2:
        verdict = HOLDS
    else:
        verdict = UNTOLD
    parts = [f"{name} at {', '.join(map(percent, fractions))}" for name, fractions in at.items() if fractions]
    return verdict, f"by share of labels: {'; '.join(parts)}"


def _most_at_size(looks: Sequence[_Look]) -> list[dict[str, Any]]:
    gains = [(look, pair) for look in looks if (pair := best_of(look.pairs, TRANSFERS, ALONE))]
    if not gains:
        return []
    within = [pair for look, pair in gains if _within(look.ratio)]
    rows = [
        _row(MOST_AT_SIZE, GAIN, look, pair, wins(pair) if _within(look.ratio) else _beaten(pair, within))
        for look, pair in gains
    ]
    return [*rows, _summary(MOST_AT_SIZE, looks[0].source, *_by_size(rows))]


def _within(ratio: float) -> bool:
    return SIZES[0] <= ratio <= SIZES[1]


def _beaten(outside: Pair, within: Sequence[Pair]) -> str:
    """Whether a gain outside SIZES is smaller than one of those within, by intervals that do not overlap."""
    if not within:
        return UNTOLD
    if outside.high < max(pair.low for pair in within):
        return HOLDS
    return FAILS if outside.low > max(pair.high for pair in within) else UNTOLD


def _by_size(rows: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    """Verdict and reason of the claim on sizes.

    It holds if transfer helps at one of SIZES and every gain outside is smaller. It does not hold if a gain outside is
    larger, or if transfer harms wherever it is said to help most. Smaller and larger are meant of intervals that do not
    overlap: by chance that comes about once in a hundred pairs, so one is enough.
    """
    within = [row["verdict"] for row in rows if _within(row["ratio"])]
    outside = [row["verdict"] for row in rows if not _within(row["ratio"])]
    largest = max(rows, key=lambda row: row["value"])
    reason = (
        f"the largest gain, {_interval(largest)}, is at {largest['n_labels']:,.0f} labels, "
        f"{percent(round(largest['ratio'], 3))} of the source's"
    )
    if not within:
        return UNTOLD, f"{reason}; no number of labels lies within the 10 to 20 %"
    if FAILS in outside or set(within) == {FAILS}:
        return FAILS, reason
    if outside and set(outside) == {HOLDS} and HOLDS in within:
        return HOLDS, reason
    return UNTOLD, f"{reason}; intervals of gains within the 10 to 20 % and outside overlap"


def _interval(row: Mapping[str, Any]) -> str:
    ends = "no interval" if math.isnan(row["low"]) else f"{row['low']:.3f} to {row['high']:.3f}"
    return f"{row['value']:.3f} ({ends})"


def _row(claim: str, measure: str, look: _Look, pair: Pair, verdict: str) -> dict[str, Any]:
    return {
        "source": look.source,
        "claim": claim,
        "measure": measure,
        "strategy": pair.strategy,
        "other": pair.other,
        "fraction": look.fraction,
        "n_labels": look.n_labels,
        "ratio": look.ratio,
        "value": pair.difference,
        "low": pair.low,
        "high": pair.high,
        "verdict": verdict,
        "reason": "",
    }


def _summary(claim: str, source: str, verdict: str, reason: str) -> dict[str, Any]:
    return {"source": source, "claim": claim, "measure": SUMMARY, "verdict": verdict, "reason": reason}
