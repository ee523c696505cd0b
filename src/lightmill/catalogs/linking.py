"""Rows that stay beside each other, and yet are one signal or its harmonic: which are linked, and how rows say so.

A planet has one row in each mission's list, so that links between missions are one to one. On one target rows of
different tables that are one signal have been merged; where they could not be, because the better row has a row of
the other's table already, that table says itself that the two are different: it found what is left of a deep eclipse,
or a long dip on a short period.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lightmill.catalogs.matching import SIGMAS, half_duration_d, transit_offset
from lightmill.catalogs.merging import PRECEDENCE, Pairs, ephemeris_arrays
from lightmill.files import SEPARATOR

HARMONIC_OF = "harmonic_of:"
SAME_AS = "same_as:"


def linked_pairs(rows: pd.DataFrame, pairs: Pairs, stands_for: NDArray[np.intp]) -> Pairs:
    """The pairs of surviving rows that are linked, `same` or `alias`.

    - Harmonics are, all of them.
    - Rows of one table with one ephemeris are: the table has the signal twice.
    - Rows of different tables on one target are not: what is one signal is merged, but where a table has one row in
      either of the two.
    - Rows of two targets are, if they or rows merged into them match, and neither has a better counterpart in the
      other's mission: that of the better tables, then of the smaller offset in units of the largest allowed.

    Parameters
    ----------
    rows
        (n,) rows in the order of precedence.
    pairs
        All pairs of rows on one star, with their relation.
    stands_for
        (n,) for every row the one that it was merged into, or itself.
    """
    kept = stands_for == np.arange(len(rows))
    between = kept[pairs.a] & kept[pairs.b]
    same = pairs.relation == "same"
    target = rows["target_id"].to_numpy()
    alone = target[pairs.a] == target[pairs.b]
    harmonics = np.flatnonzero(between & (pairs.relation == "alias"))
    table = rows["table"].to_numpy()
    here = np.flatnonzero(between & same & alone & (table[pairs.a] == table[pairs.b]))
    across = _one_to_one(rows, pairs, np.flatnonzero(same & ~alone), stands_for)
    chosen = np.concatenate([harmonics, here, across])
    a, b = stands_for[pairs.a[chosen]], stands_for[pairs.b[chosen]]
    return Pairs(np.minimum(a, b), np.maximum(a, b), pairs.relation[chosen])


def of_one_signal(pairs: Pairs, links: Pairs, stands_for: NDArray[np.intp]) -> Pairs:
    """Of all pairs with matching ephemerides those whose rows were merged, or whose signals are linked as the same."""
    rows = len(stands_for)
    a, b = stands_for[pairs.a], stands_for[pairs.b]
    linked = links.relation == "same"
    known = links.a[linked] * rows + links.b[linked]
    together = (a == b) | np.isin(np.minimum(a, b) * rows + np.maximum(a, b), known)
    chosen = (pairs.relation == "same") & together
    return Pairs(pairs.a[chosen], pairs.b[chosen], pairs.relation[chosen])


def name_links(rows: pd.DataFrame, links: Pairs) -> pd.DataFrame:
    """The rows, each with the rows it is linked to in its `aliases`, and how in its `flags`."""
    signal_id = rows["signal_id"].to_numpy()
    linked: dict[int, set[tuple[str, str]]] = {}
    for one, other, relation in zip(links.a.tolist(), links.b.tolist(), links.relation.tolist(), strict=True):
        flag = SAME_AS if relation == "same" else HARMONIC_OF
        linked.setdefault(one, set()).add((flag, signal_id[other]))
        linked.setdefault(other, set()).add((flag, signal_id[one]))
    aliases, flags = rows["aliases"].tolist(), rows["flags"].tolist()
    for row, others in linked.items():
        names = {*aliases[row].split(SEPARATOR), *(name for _, name in others)}
        aliases[row] = SEPARATOR.join(sorted(names - {""}))
        marks = {*flags[row].split(SEPARATOR), *(flag + name for flag, name in others)}
        flags[row] = SEPARATOR.join(sorted(marks - {""}))
    return rows.assign(aliases=aliases, flags=flags)


def _one_to_one(
    rows: pd.DataFrame, pairs: Pairs, wanted: NDArray[np.intp], stands_for: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Of `wanted` pairs on two targets the best ones that give each signal at most one counterpart in a mission."""
    a, b = pairs.a[wanted], pairs.b[wanted]
    rank = rows["table"].map(PRECEDENCE).to_numpy(np.intp)
    worse, better = np.maximum(rank[a], rank[b]), np.minimum(rank[a], rank[b])
    mission = rows["mission"].to_numpy()
    taken: set[tuple[int, str]] = set()
    chosen = []
    for place in np.lexsort((b, a, _apart(rows, a, b), better, worse)).tolist():
        one, other = a[place], b[place]
        counterparts = {(int(stands_for[one]), mission[other]), (int(stands_for[other]), mission[one])}
        if taken.isdisjoint(counterparts):
            taken |= counterparts
            chosen.append(wanted[place])
    return np.array(chosen, dtype=np.intp)


def _apart(rows: pd.DataFrame, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.float64]:
    """How far transits are apart, 1 at the limit of what may be one signal; infinite where nobody knows."""
    period, epoch, duration, period_err, epoch_err = ephemeris_arrays(rows)
    offset, error = transit_offset(
        period[a], epoch[a], period_err[a], epoch_err[a], period[b], epoch[b], period_err[b], epoch_err[b]
    )
    limit = half_duration_d(period[a], duration[a], duration[b]) + SIGMAS * error
    return np.where(SIGMAS * error <= period[a] / 4, np.abs(offset) / limit, np.inf)
