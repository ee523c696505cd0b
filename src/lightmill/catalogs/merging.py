"""One signal, several rows: which rows of which tables are the same dip of the same target.

Rows come in the order of precedence (`PRECEDENCE`), so that of any two the earlier one is the better.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lightmill.catalogs.kinds import OWN
from lightmill.catalogs.matching import SIGMAS, match_ephemerides, transit_offset
from lightmill.errors import LabelError
from lightmill.files import SEPARATOR

# The rank of each kind of table, lower is better. Who brings a list of their own means it, so that it comes before any
# archive's. Tables of one rank contradict each other; ExoFOP's list is the same list as the Archive's TOI table, by a
# shorter way, and gives way to it. `dr25` and `dr25_tce` are one list under the same ids, with labels and without.
PRECEDENCE = {
    OWN: 0,
    "koi": 1,
    "toi": 1,
    "k2pandc": 1,
    "exofop_toi": 2,
    "dr25": 3,
    "dr25_tce": 4,
    "dr24": 5,
    "yu2019": 5,
    "exominer": 6,
}
# Lists an event once for each search that found it (a sector, a run of sectors) and some searches twice: which rows are
# one event, only their ephemerides tell.
REPEATING = "yu2019"


class Pairs(NamedTuple):
    """Pairs of rows on one star: row numbers `a` < `b`, and `relation` (same, alias or different), arrays (k,)."""

    a: NDArray[np.intp]
    b: NDArray[np.intp]
    relation: NDArray[np.str_]


def in_precedence(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows of all tables, the better first: by rank, then by S/N in tables that repeat signals, then by id.

    Raises LabelError for a kind of table without a rank.
    """
    rank = rows["table"].map(PRECEDENCE)
    if rank.isna().any():
        unknown = rows.loc[rank.isna(), "table"].iloc[0]
        raise LabelError(f"table {unknown!r} has no rank among labels; known are {', '.join(PRECEDENCE)}")
    weak = np.where(rows["table"].isin(["exominer", REPEATING]), -rows["snr"].fillna(-np.inf), 0.0)
    order = rows.assign(_rank=rank.astype(int), _weak=weak)
    return order.sort_values(["_rank", "_weak", "table", "signal_id"], kind="stable", ignore_index=True).drop(
        columns=["_rank", "_weak"]
    )


def pairs_on_one_star(rows: pd.DataFrame) -> Pairs:
    """Every pair of rows with the same star_id, with what their ephemerides say of them."""
    a, b = _pairs_within(rows["star_id"].to_numpy())
    period, epoch, duration, period_err, epoch_err = ephemeris_arrays(rows)
    relation = match_ephemerides(
        period[a], epoch[a], duration[a], period_err[a], epoch_err[a],
        period[b], epoch[b], duration[b], period_err[b], epoch_err[b],
    )  # fmt: skip
    return Pairs(a, b, relation)


def ephemeris_arrays(rows: pd.DataFrame) -> tuple[NDArray[np.float64], ...]:
    """Period, epoch, duration and the errors of the first two, (n,) each."""
    names = ("period_d", "epoch_bjd", "duration_h", "period_err_d", "epoch_err_d")
    period, epoch, duration, period_err, epoch_err = (rows[name].to_numpy(np.float64) for name in names)
    return period, epoch, duration, period_err, epoch_err


def merge_rows(rows: pd.DataFrame, pairs: Pairs) -> NDArray[np.intp]:
    """For every row the row that stands for it: itself, or an earlier (better) row of the same signal.

    Rows of one target with matching ephemerides are merged, the closest pairs first; rows with the same signal_id (a
    TOI in both its lists) in any case. Two rows of one table never end up in one signal, nor two ExoMiner rows of one
    sector run; those of different runs do, and those of `REPEATING`.
    """
    target = rows["target_id"].to_numpy()
    tokens = once_per_signal(rows)
    parent = np.arange(len(rows))

    def root(row: int) -> int:
        while parent[row] != row:
            parent[row] = parent[parent[row]]
            row = parent[row]
        return row

    def join(one: int, other: int) -> None:
        first, second = sorted((root(one), root(other)))
        if first != second and tokens[first].isdisjoint(tokens[second]):
            parent[second] = first
            tokens[first] |= tokens[second]

    first_of_id = rows.groupby("signal_id", sort=False).ngroup().to_numpy()
    _, first = np.unique(first_of_id, return_index=True)
    for row in np.flatnonzero(first[first_of_id] != np.arange(len(rows))):
        join(int(first[first_of_id[row]]), int(row))
    wanted = (pairs.relation == "same") & (target[pairs.a] == target[pairs.b])
    for one, other in closest_first(rows, pairs.a[wanted], pairs.b[wanted]):
        join(one, other)
    return np.array([root(row) for row in range(len(rows))], dtype=np.intp)


def once_per_signal(rows: pd.DataFrame) -> list[frozenset[str]]:
    """What may stand once in a signal: a row's table or, of an ExoMiner row, its sector runs (`SPOC n-1-S1-67`).

    Nothing for rows of `REPEATING`.
    """
    tokens = []
    for table, signal_id, aliases in zip(rows["table"], rows["signal_id"], rows["aliases"], strict=True):
        if table == "exominer":
            names = [signal_id, *aliases.split(SEPARATOR)]
            tokens.append(frozenset(name.rpartition("-S")[2] for name in names if name))
        else:
            tokens.append(frozenset([table]) - {REPEATING})
    return tokens


def _pairs_within(keys: NDArray[np.object_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """All pairs of row numbers (a < b) with equal keys."""
    codes = pd.factorize(keys)[0]
    order = np.argsort(codes, kind="stable")
    sorted_codes = codes[order]
    left, right = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
    for step in range(1, len(keys)):
        equal = np.flatnonzero(sorted_codes[step:] == sorted_codes[:-step])
        if not len(equal):
            break
        left.append(order[equal])
        right.append(order[equal + step])
    return np.concatenate(left), np.concatenate(right)


def closest_first(rows: pd.DataFrame, a: NDArray[np.intp], b: NDArray[np.intp]) -> list[tuple[int, int]]:
    """Matching pairs (a, b), ordered: where phases can be compared first, by how far apart in units of the period."""
    period, epoch, _, period_err, epoch_err = ephemeris_arrays(rows)
    offset, error = transit_offset(
        period[a], epoch[a], period_err[a], epoch_err[a], period[b], epoch[b], period_err[b], epoch_err[b]
    )
    blind = ~(SIGMAS * error <= period[a] / 4)  # too far apart to compare phases, or no epoch
    apart = np.where(blind, np.inf, np.abs(offset) / period[a])
    ratio = np.abs(period[a] / period[b] - 1)
    order = np.lexsort((b, a, ratio, apart, blind))
    return list(zip(a[order].tolist(), b[order].tolist(), strict=True))
