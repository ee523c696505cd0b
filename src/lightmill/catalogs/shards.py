"""Lists per shard: what to download, what to fold, and what it is called; and whether a mission may be learned from.

Everything expensive starts from these lists. What the labels are is kept apart from what is downloaded and folded, so
that a changed disposition downloads and folds nothing anew.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lightmill.catalogs.kinds import KINDS, OWN
from lightmill.catalogs.linking import HARMONIC_OF, SAME_AS
from lightmill.catalogs.observed import united
from lightmill.catalogs.sector_files import sector_files
from lightmill.catalogs.signals import FALSE_POSITIVE, read_signals
from lightmill.errors import LabelError
from lightmill.files import SEPARATOR, read_json, write_json, write_parquet
from lightmill.logs import logger
from lightmill.targets import mission_of, shard_of

TARGET_COLUMNS = ("target_id", "segments", "files")
SIGNAL_COLUMNS = (
    "signal_id",
    "target_id",
    "period_d",
    "epoch_bjd",
    "duration_h",
    "depth_ppm",
    "period_err_d",
    "epoch_err_d",
    "linked",
)
LABEL_COLUMNS = (
    "signal_id",
    "target_id",
    "star_id",
    "group_id",
    "label",
    "label_source",
    "disposition",
    "split",
    "table",
)
# What the catalogs say of a signal in numbers and verdicts, for evaluation alone.
LISTED_COLUMNS = (
    "signal_id",
    "period_d",
    "duration_h",
    "depth_ppm",
    "radius_rearth",
    "snr",
    "false_positive_flags",
)

_FETCH = {
    "k2pandc": "fetch 'K2 Planets and Candidates' (k2pandc) with all columns, epic_hostname and epic_candname among "
    "them: the default download names most confirmed planets' stars without their EPIC number",
    OWN: "write every row's star as `TIC n`, `KIC n` or `EPIC n`",
}


class Searched(NamedTuple):
    """Which stars are searched."""

    targets: str | Path | None
    """A list of them: a parquet file with the column `target_id`."""
    listed: bool
    """Whether the stars of the catalogs' signals are searched too."""


def shard_catalog(
    labels: str | Path,
    summaries: Sequence[str | Path],
    folder: str | Path,
    *,
    shards: Mapping[str, int],
    max_resolved_difference: float,
    sectors: str | Path | None = None,
    searched: Searched | None = None,
) -> None:
    """Write the lists of every shard, and for every mission how many of its stars are known.

    Parameters
    ----------
    labels
        The labelled signal table.
    summaries
        The readers' summaries of the tables it was made from.
    folder
        Gets targets/, signals/, labels/ and listed/<mission>/<shard>.parquet, searched/ too where stars are searched,
        and resolved/<mission>.json.
    shards
        Number of shards by mission.
    max_resolved_difference
        As for `judge_resolved`.
    sectors
        The archive's lists of TESS's two-minute light curves, where they are used.
    searched
        The stars that are searched for signals nobody has listed; none without.
    """
    folder = Path(folder)
    signals = read_signals(labels)
    tables = {summary["table"]: summary["by_disposition"] for summary in map(read_json, summaries)}
    for mission in sorted(shards):
        of_mission = signals.loc[signals["mission"] == mission]
        parts = dict(list(of_mission.groupby("shard")))
        stars = _searched_stars(searched, mission, of_mission["target_id"])
        wanted = pd.concat([of_mission["target_id"], pd.Series(stars, dtype=object)])
        files = sector_files(sectors, wanted) if mission == "TESS" else None
        stars_of: dict[int, list[str]] = {number: [] for number in range(shards[mission])}
        for star in stars:
            stars_of[shard_of(star, shards[mission])].append(star)
        for number, mine in stars_of.items():
            lists = lists_of_shard(parts.get(number, of_mission.iloc[:0]), files, mine)
            if searched is not None:
                lists["searched"] = pd.DataFrame({"target_id": mine}, dtype="string")
            for kind, part in lists.items():
                write_parquet(folder / kind / mission / f"{number:03d}.parquet", part)
        resolved = {table: shares for table, shares in tables.items() if KINDS[table].mission in (mission, None)}
        reason = judge_resolved(resolved, max_resolved_difference)
        if reason:
            logger.warning("%s: %s", mission, reason)
        write_json(
            folder / "resolved" / f"{mission}.json",
            {
                "mission": mission,
                "tables": resolved,
                "max_difference": max_resolved_difference,
                "assemble": not reason,
                "reason": reason,
            },
        )
        logger.info(
            "%s: %d signals of %d targets in %d shards",
            mission,
            len(of_mission),
            of_mission["target_id"].nunique(),
            shards[mission],
        )


def _searched_stars(searched: Searched | None, mission: str, listed: pd.Series) -> list[str]:
    """The stars of one mission that are searched, sorted; `listed` are those that the catalogs have."""
    if searched is None:
        return []
    named: list[str] = [] if searched.targets is None else pd.read_parquet(searched.targets)["target_id"].tolist()
    stars = {star for star in named if mission_of(star) == mission}
    return sorted(stars | set(listed) if searched.listed else stars)


def lists_of_shard(
    signals: pd.DataFrame, files: Mapping[str, str | None] | None = None, searched: Sequence[str] = ()
) -> dict[str, pd.DataFrame]:
    """The lists of one shard's signals, sorted: `targets`, `signals`, `labels` and `listed`.

    `files` are the files of every target by its id, None where no list tells them; `searched` are stars that are
    targets too, whatever signals they have.
    """
    ordered = signals.sort_values("signal_id", kind="stable", ignore_index=True)
    ordered["linked"] = np.array(linked_on_target(ordered), dtype=object)
    ordered["false_positive_flags"] = np.array([_false_positive_flags(cell) for cell in ordered["flags"]], dtype=object)
    targets = ordered.groupby("target_id", sort=True)["segments"].agg(united).astype(object).reset_index()
    more = sorted(set(searched) - set(targets["target_id"]))
    if more:
        added = pd.DataFrame({"target_id": more, "segments": ""}, dtype=object)
        targets = pd.concat([targets, added]).sort_values("target_id", ignore_index=True)
    known = [None if files is None else files.get(target) for target in targets["target_id"]]
    targets["files"] = pd.Series(known, index=targets.index, dtype="string")
    return {
        "targets": targets[list(TARGET_COLUMNS)],
        "signals": ordered[list(SIGNAL_COLUMNS)],
        "labels": ordered[list(LABEL_COLUMNS)],
        "listed": ordered[list(LISTED_COLUMNS)],
    }


def _false_positive_flags(flags: str) -> str:
    """Those of a signal's flags that say why it is called a false positive, without what they begin with."""
    verdicts = [flag for flag in flags.split(SEPARATOR) if flag.startswith(FALSE_POSITIVE)]
    return SEPARATOR.join(flag.removeprefix(FALSE_POSITIVE) for flag in verdicts)


def linked_on_target(signals: pd.DataFrame) -> list[str]:
    """For every signal the others on its target that may be the same dip, ids joined by `; `, sorted.

    These are the rows that `same_as` leads to, over any number of steps, and the harmonics of all of them. Whoever
    folds the one must not take the transits of the other away. `signals` has the columns `signal_id`, `target_id` and
    `flags`; links come of ephemerides alone, never of dispositions.
    """
    place = {name: number for number, name in enumerate(signals["signal_id"])}
    target = signals["target_id"].to_numpy()
    same = _links(signals["flags"], SAME_AS, place, target)
    graph = coo_array((np.ones(len(same), np.int8), (same[:, 0], same[:, 1])), shape=(len(target), len(target)))
    _, dip = connected_components(graph, directed=False)
    kin: dict[int, set[int]] = {}
    for one, other in dip[_links(signals["flags"], HARMONIC_OF, place, target)].tolist():
        kin.setdefault(one, set()).add(other)
        kin.setdefault(other, set()).add(one)
    members: dict[int, list[int]] = {}
    for row, number in enumerate(dip.tolist()):
        members.setdefault(number, []).append(row)
    signal_id = signals["signal_id"].to_numpy()
    linked = []
    for row, own in enumerate(dip.tolist()):
        rows = {other for number in {own, *kin.get(own, set())} for other in members[number]} - {row}
        linked.append(SEPARATOR.join(sorted(signal_id[other] for other in rows)))
    return linked


def _links(flags: pd.Series, kind: str, place: Mapping[str, int], target: NDArray[np.object_]) -> NDArray[np.intp]:
    """Pairs (k, 2) of row numbers on one target that flags of one kind name."""
    pairs = [
        (row, place[flag.removeprefix(kind)])
        for row, cell in enumerate(flags)
        for flag in cell.split(SEPARATOR)
        if flag.startswith(kind) and flag.removeprefix(kind) in place
    ]
    numbers = np.array(pairs, dtype=np.intp).reshape(-1, 2)
    return numbers[target[numbers[:, 0]] == target[numbers[:, 1]]]


def judge_resolved(tables: Mapping[str, Mapping[str, Mapping[str, Any]]], max_difference: float) -> str:
    """Why a mission must not be learned from, or '' if it may be.

    Stars that cannot be found drop out; if they drop out of one disposition more than of another, being found tells
    the label. `tables` holds, by table and disposition, `rows` and `resolved`: how many rows there are, and of how many
    the star is known. The largest difference allowed is `max_difference`, not counting one unknown star in each
    disposition, which in a short list is no pattern.
    """
    for table in sorted(tables):
        shares = tables[table]
        for one, other in combinations(sorted(shares), 2):
            less, more = sorted((one, other), key=lambda name: _share(shares[name], 0))
            difference = _share(shares[more], 0) - _share(shares[less], 1)
            if difference > max_difference:
                return (
                    f"table {table}: the star is known for {_share(shares[less], 0):.1%} of the {less} rows and for "
                    f"{_share(shares[more], 0):.1%} of the {more} rows; a difference above {max_difference:.0%} makes "
                    f"the rejection a label; {_FETCH.get(table, 'fetch the table again, with its identifiers')}"
                )
    return ""


def _share(counts: Mapping[str, Any], forgiven: int) -> float:
    rows = int(counts["rows"])
    return min(rows, int(counts["resolved"]) + forgiven) / rows if rows else 1.0


def require_resolved(resolved: str | Path, max_difference: float) -> None:
    """Raise LabelError, saying which table to fetch instead, if `resolved/<mission>.json` forbids a dataset.

    `max_difference` as for `judge_resolved`.
    """
    shares = read_json(resolved)
    reason = judge_resolved(shares["tables"], max_difference)
    if reason:
        raise LabelError(f"no dataset of {shares['mission']} is assembled: {reason}")
