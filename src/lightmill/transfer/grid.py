"""What all cells of a transfer say of the target's signals, read from the folders of its strategies and seeds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from lightmill.config.sources import NO_SOURCE
from lightmill.config.transfer import ALONE, AS_IT_IS
from lightmill.errors import ModelError
from lightmill.training.model_files import DESCRIPTION, read_description
from lightmill.transfer.tune import RATES, SCORES, TABLE

# What models of one comparison must have in common.
_SHARED = ("architecture", "task", "labels", "dataset", "views", "scale")
_OF_NETWORK = ("dropout", "leave_out")
# The seed of the row of a cell's seeds together.
MEAN = "mean"


class Arm(NamedTuple):
    """A strategy from one source, all its seeds.

    Attributes
    ----------
    source
        Name of the source; NO_SOURCE for the strategy that has none.
    strategy
        Its name.
    n_source
        Labels that the source was trained on; 0 without one.
    mismatched
        Whether source and target may ask different questions.
    seeds
        In the order of the scores.
    cells
        For each seed, a row for each cell, as `cells.csv` has them.
    scores
        By split, (seeds, cells, n) probabilities.
    rates
        How the learning rates were chosen, as `choose_rates` wrote it; None where there is nothing to choose.
    """

    source: str
    strategy: str
    n_source: int
    mismatched: bool
    seeds: list[int]
    cells: list[pd.DataFrame]
    scores: Mapping[str, np.ndarray]
    rates: pd.DataFrame | None


class Grid(NamedTuple):
    """All arms of a transfer, and the signals that they were judged on.

    Attributes
    ----------
    arms
        In the order of the folders that they were read from.
    description
        What their models have in common.
    signals
        By split (validation, test) the columns `signal_id`, `group_id` and `truth`, in the order of the scores.
    """

    arms: list[Arm]
    description: dict[str, Any]
    signals: dict[str, pd.DataFrame]


def read_grid(folders: Sequence[str | Path]) -> Grid:
    """Read what `lightmill.transfer.transfer_model` wrote.

    Raises ModelError if the folders are not those of one transfer: another target, task or network, or other signals.
    """
    descriptions = {Path(folder): read_description(Path(folder) / DESCRIPTION) for folder in folders}
    (first_folder, first), *_ = descriptions.items()
    by_arm: dict[tuple[str, str], list[Path]] = {}
    for folder, description in descriptions.items():
        different = [key for key in _SHARED if description[key] != first[key]]
        different += [key for key in _OF_NETWORK if description["settings"][key] != first["settings"][key]]
        if different:
            raise ModelError(
                f"{folder} and {first_folder} differ in {', '.join(different)}: no comparison; the sources of one "
                "transfer must be of one network, and all of it made for one dataset and task. Run the transfer again"
            )
        by_arm.setdefault((_source(description), description["transfer"]["strategy"]), []).append(folder)
    tables = {folder: pd.read_parquet(folder / SCORES) for folder in descriptions}
    known = ["signal_id", "group_id", "split", "truth"]
    for folder, table in tables.items():
        if not table[known].equals(tables[first_folder][known]):
            raise ModelError(f"{folder / SCORES}: other signals than {first_folder / SCORES}; run the transfer again")
    first_signals = tables[first_folder][known]
    signals = {split: _of_split(first_signals, split).drop(columns="split") for split in ("validation", "test")}
    arms = [_arm(*names, places, descriptions, tables) for names, places in by_arm.items()]
    return Grid(arms, {key: first[key] for key in _SHARED}, signals)


def _source(description: Mapping[str, Any]) -> str:
    transfer = description["transfer"]
    return NO_SOURCE if transfer["strategy"] == ALONE else str(transfer["source"]["name"])


def _arm(
    source: str,
    strategy: str,
    places: Sequence[Path],
    descriptions: Mapping[Path, Mapping[str, Any]],
    tables: Mapping[Path, pd.DataFrame],
) -> Arm:
    seeds = [descriptions[place]["seed"] for place in places]
    if len(set(seeds)) < len(seeds):
        raise ModelError(f"{places[0]}: another model of {strategy} from {source} has the same seed; give each once")
    cells = [pd.read_csv(place / TABLE, float_precision="round_trip") for place in places]
    keys = ["fraction", "draw"]
    for place, table in zip(places, cells, strict=True):
        if not table[keys].equals(cells[0][keys]):
            raise ModelError(f"{place / TABLE}: other fractions or draws than {places[0] / TABLE}; run it again")
    names = [f"{fraction:g}-{draw}" for fraction, draw in cells[0][keys].itertuples(index=False)]
    scores = {
        split: np.stack([_of_split(tables[place], split)[names].to_numpy().T for place in places])
        for split in ("validation", "test")
    }
    transfer = descriptions[places[0]]["transfer"]
    counts = {} if source == NO_SOURCE else transfer["source"]["rows"]["counts"]["train"]
    rates = None if strategy == AS_IT_IS else pd.read_csv(places[0].parent / RATES, float_precision="round_trip")
    return Arm(source, strategy, sum(counts.values()), bool(transfer.get("mismatched")), seeds, cells, scores, rates)


def _of_split(table: pd.DataFrame, split: str) -> pd.DataFrame:
    return table[table["split"] == split].reset_index(drop=True)
