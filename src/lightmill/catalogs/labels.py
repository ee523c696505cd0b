"""Labels: many catalogs become one table of signals, each with one label, one group and one split."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from lightmill.catalogs.completing import complete_ephemerides
from lightmill.catalogs.crosswalk import star_ids
from lightmill.catalogs.groups import group_stars, one_place_each, same_eclipses, same_place
from lightmill.catalogs.linking import linked_pairs, name_links, of_one_signal
from lightmill.catalogs.merging import (
    PRECEDENCE,
    Pairs,
    ephemeris_arrays,
    in_precedence,
    merge_rows,
    pairs_on_one_star,
)
from lightmill.catalogs.observed import united
from lightmill.catalogs.policy import apply_policy, is_pseudo_label
from lightmill.catalogs.signals import empty_signals, read_signals, validate_signals, write_signals
from lightmill.catalogs.splits import (
    MOVES_COLUMNS,
    assert_no_leak,
    hashed_splits,
    split_table,
    stratified_splits,
)
from lightmill.config.catalogs import LabelSettings, SplitSettings
from lightmill.files import SEPARATOR, write_csv
from lightmill.logs import logger
from lightmill.targets import shard_of

CONFLICT = "conflict"
CONFLICT_COLUMNS = (
    "signal_id",
    "star_id",
    "group_id",
    "mission",
    "table",
    "disposition",
    "label",
    "label_source",
    "contradicts",
)
_VERDICT = ["disposition", "label", "label_source"]


def label_signals(
    tables: Mapping[str, pd.DataFrame],
    labels: LabelSettings,
    splits: SplitSettings,
    shards: Mapping[str, int],
    crosswalk: Mapping[str, str] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Merge as-read signal tables into the labelled one.

    Parameters
    ----------
    tables
        As-read signal tables by kind (`koi`, `toi`, ...).
    labels, splits
        Label policies; shares and method of the splits.
    shards
        Number of shards by mission; missions that are not named keep shard -1.
    crosswalk
        Star id by target id; the shipped one by default.

    Returns
    -------
    labels
        The signal table, sorted by signal_id: rows in = rows out + rows merged.
    conflicts
        CONFLICT_COLUMNS: rows that contradict each other with equal right, as they were before they left training.
    moves
        MOVES_COLUMNS: names of stars that a merge of groups or of names has moved out of their own split.

    Raises LabelError if a star or a group would be cut by a split; CatalogError if the result breaks the schema.
    """
    read = [tables[name] for name in sorted(tables) if len(tables[name])]
    rows = in_precedence(pd.concat(read, ignore_index=True) if read else empty_signals())
    rows = apply_policy(rows, labels)
    rows["star_id"] = star_ids(rows["target_id"], crosswalk)
    pairs = pairs_on_one_star(rows)
    stands_for = merge_rows(rows, pairs)
    kept = stands_for == np.arange(len(rows))
    _log_merging(rows, kept)

    links = linked_pairs(rows, pairs, stands_for)
    rows = complete_ephemerides(rows, kept, of_one_signal(pairs, links, stands_for))
    rows["aliases"] = _merged_ids(rows, stands_for)
    rows["segments"] = _merged_segments(rows, stands_for)
    rows["group_id"] = _groups(rows, kept)
    judged, contradicts = _verdicts(rows, stands_for, links)
    conflicts = _conflicts(rows, contradicts)
    rows = name_links(judged, links)

    rows = rows.loc[kept].reset_index(drop=True)
    rows["split"], moves = _splits(rows, splits, crosswalk)
    rows["shard"] = _shards(rows, shards)
    labelled = validate_signals(rows.astype(empty_signals().dtypes.to_dict()))
    assert_no_leak(labelled)
    _log_result(labelled, conflicts, moves)
    return labelled, conflicts, moves


def label_signal_files(
    tables: Mapping[str, str | Path],
    labels_path: str | Path,
    conflicts_path: str | Path,
    moves_path: str | Path,
    *,
    labels: LabelSettings,
    splits: SplitSettings,
    shards: Mapping[str, int],
) -> None:
    """`label_signals` from files (as-read tables by kind) to files (labels.parquet, conflicts.csv, moves.csv)."""
    read = {name: read_signals(path) for name, path in tables.items()}
    labelled, conflicts, moves = label_signals(read, labels, splits, shards)
    write_signals(labels_path, labelled)
    write_csv(conflicts_path, conflicts)
    write_csv(moves_path, moves)


def _deciding_rows(rows: pd.DataFrame, signal: NDArray[np.intp]) -> NDArray[np.intp]:
    """For every row the one whose disposition and label count for its signal (n,), named by one of its rows.

    The best row with a disposition has the say, also where it says that nothing is known: a KOI CANDIDATE is scored
    only, whatever a TCE table called it. A row without any disposition leaves the say to the next.
    """
    has_say = ((rows["disposition"] != "") | (rows["label"] != "unknown")).to_numpy(bool)
    speakers = np.flatnonzero(has_say)[::-1]  # backwards, so that the best one is written last
    deciding = np.arange(len(rows))
    deciding[signal[speakers]] = speakers
    return deciding[signal]


def _merged_ids(rows: pd.DataFrame, stands_for: NDArray[np.intp]) -> list[str]:
    """The aliases of every row: its own, and the ids and aliases of the rows merged into it."""
    names: dict[int, set[str]] = {}
    signal_id, aliases = rows["signal_id"].to_numpy(), rows["aliases"].to_numpy()
    for row in np.flatnonzero(stands_for != np.arange(len(rows))).tolist():
        others = names.setdefault(int(stands_for[row]), set())
        others.update([signal_id[row], *aliases[row].split(SEPARATOR)])
    joined = aliases.tolist()
    for kept, others in names.items():
        others.update(aliases[kept].split(SEPARATOR))
        joined[kept] = SEPARATOR.join(sorted(others - {"", signal_id[kept]}))
    return joined


def _merged_segments(rows: pd.DataFrame, stands_for: NDArray[np.intp]) -> NDArray[np.object_]:
    """The segments of every row: its own, and those of the rows merged into it, which are on the same target."""
    segments = rows["segments"].to_numpy(object).copy()
    for row in np.flatnonzero(stands_for != np.arange(len(rows))).tolist():
        if segments[row]:
            segments[stands_for[row]] = united([segments[stands_for[row]], segments[row]])
    return segments


def _groups(rows: pd.DataFrame, kept: NDArray[np.bool_]) -> NDArray[np.object_]:
    """The group of every row: its star, joined with the stars in its place and with those of the same eclipses."""
    places = one_place_each(rows).set_index("target_id")
    ra, dec = (rows["target_id"].map(places[name]).to_numpy(np.float64) for name in ("ra_deg", "dec_deg"))
    mission = rows["mission"].to_numpy(str)
    one_each = np.flatnonzero(~rows["target_id"].duplicated().to_numpy())
    there = one_each[same_place(mission[one_each], ra[one_each], dec[one_each])]
    signals = np.flatnonzero(kept)
    ephemerides = [values[signals] for values in ephemeris_arrays(rows)]
    eclipses = signals[same_eclipses(mission[signals], ra[signals], dec[signals], *ephemerides)]
    return group_stars(rows["star_id"].to_numpy(str), [there, eclipses])


def _verdicts(
    rows: pd.DataFrame, stands_for: NDArray[np.intp], links: Pairs
) -> tuple[pd.DataFrame, dict[int, list[int]]]:
    """The rows with the disposition and label of their signals, and the rows that contradict each other as equals.

    Of a signal's rows the deciding one speaks, and with it those of its rank, if they have labels: the rows of a table
    that lists an event more than once. Where rows that speak for one signal, or for signals linked as the same, have
    different labels, the better table is right; equals leave training. A signal whose label is unknown neither
    contradicts nor is taught anything.

    Returns
    -------
    rows
        With `disposition`, `label` and `label_source` replaced.
    contradicts
        By row number the rows that it contradicts, in the order of their ids.
    """
    deciding = _deciding_rows(rows, stands_for)
    rank, own = rows["table"].map(PRECEDENCE).to_numpy(np.intp), rows["label"].to_numpy()
    signal_id, table = rows["signal_id"].to_numpy(), rows["table"].to_numpy()
    verdicts = {name: rows[name].to_numpy(object)[deciding] for name in _VERDICT}
    label = verdicts["label"].copy()
    speaks = (label != "unknown") & (own != "unknown") & (rank == rank[deciding])
    contradicts: dict[int, list[int]] = {}
    for members in _one_signal_each(stands_for, links):
        speakers = members[speaks[members]]
        if len(set(own[speakers])) < 2:
            continue
        known = members[label[members] != "unknown"]
        best = speakers[rank[speakers] == rank[speakers].min()]
        if len(set(own[best])) == 1:
            wrong = known[label[known] != own[best[0]]]
            for name, verdict in verdicts.items():
                verdict[wrong] = rows[name].iloc[best[0]]
            continue
        for row in best.tolist():
            contradicts[row] = sorted(best[own[best] != own[row]].tolist(), key=signal_id.__getitem__)
        verdicts["label"][known] = "unknown"
        verdicts["label_source"][known] = table[deciding[known]] + f":{CONFLICT}"
    return rows.assign(**verdicts), contradicts


def _one_signal_each(stands_for: NDArray[np.intp], links: Pairs) -> list[NDArray[np.intp]]:
    """The row numbers of each set of two rows or more that are one signal: merged, or linked as the same."""
    same = links.relation == "same"
    merged = np.flatnonzero(stands_for != np.arange(len(stands_for)))
    a, b = np.concatenate([links.a[same], merged]), np.concatenate([links.b[same], stands_for[merged]])
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(stands_for), len(stands_for)))
    _, signal = connected_components(graph, directed=False)
    tied = np.unique(np.concatenate([a, b]))
    order = tied[np.argsort(signal[tied], kind="stable")]
    return np.split(order, np.flatnonzero(np.diff(signal[order])) + 1) if len(order) else []


def _conflicts(rows: pd.DataFrame, contradicts: dict[int, list[int]]) -> pd.DataFrame:
    """CONFLICT_COLUMNS, sorted by signal_id: these of the rows as they were read and labelled, with their groups."""
    signal_id = rows["signal_id"].to_numpy()
    listed = rows.loc[list(contradicts)].assign(
        contradicts=[SEPARATOR.join(signal_id[others]) for others in contradicts.values()]
    )
    return listed[list(CONFLICT_COLUMNS)].sort_values("signal_id", kind="stable", ignore_index=True)


def _splits(
    rows: pd.DataFrame, splits: SplitSettings, crosswalk: Mapping[str, str] | None
) -> tuple[NDArray[np.object_], pd.DataFrame]:
    """The split of every row: its group's, if it has a label; a pseudo-labelled row is trained on or not used."""
    labelled = (rows["label"] != "unknown").to_numpy(bool)
    pseudo = labelled & is_pseudo_label(rows["label_source"])
    if splits.method == "hash":
        of_group, moves = hashed_splits(rows["star_id"].tolist(), rows["group_id"].tolist(), splits, crosswalk)
    else:
        dealt = rows.loc[labelled & ~pseudo]
        of_group = stratified_splits(
            dealt["group_id"].tolist(), (dealt["mission"] + " " + dealt["label"]).tolist(), splits
        )
        moves = pd.DataFrame(columns=list(MOVES_COLUMNS), dtype=object)
    split = rows["group_id"].map(of_group).fillna("train").to_numpy(object)
    return np.where(~labelled | (pseudo & (split != "train")), "none", split), moves


def _shards(rows: pd.DataFrame, shards: Mapping[str, int]) -> NDArray[np.int16]:
    numbers = {
        target: shard_of(target, shards[mission]) if mission in shards else -1
        for target, mission in zip(rows["target_id"], rows["mission"], strict=True)
    }
    return rows["target_id"].map(numbers).to_numpy(np.int16)


def _log_merging(rows: pd.DataFrame, kept: NDArray[np.bool_]) -> None:
    for table in PRECEDENCE:
        here = (rows["table"] == table).to_numpy(bool)
        if here.any():
            out, all_in = int((here & kept).sum()), int(here.sum())
            logger.info("%s: %d signals in = %d out + %d merged into better rows", table, all_in, out, all_in - out)


def _log_result(labelled: pd.DataFrame, conflicts: pd.DataFrame, moves: pd.DataFrame) -> None:
    stars = labelled.drop_duplicates("star_id").groupby("group_id").size()
    sizes = stars.value_counts().sort_index()
    logger.info(
        "%d signals of %d stars in %d groups; stars in a group: %s",
        len(labelled),
        labelled["star_id"].nunique(),
        len(stars),
        ", ".join(f"{size} ({count}×)" for size, count in sizes.items()) or "none",
    )
    logger.info(
        "%d rows contradict each other and leave training; %d stars moved by merges",
        len(conflicts),
        moves["star_id"].nunique(),
    )
    logger.info("signals and groups in each split:\n%s", split_table(labelled))
