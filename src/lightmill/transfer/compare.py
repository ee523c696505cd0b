"""The comparison of transfer strategies: the table of all cells, what follows from it, and figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightmill.config.sources import NO_SOURCE
from lightmill.config.training import EvaluationSettings
from lightmill.config.transfer import AS_IT_IS, Comparison
from lightmill.evaluation.metrics import score_metrics
from lightmill.files import write_csv
from lightmill.logs import logger
from lightmill.training.dataset import read_dataset
from lightmill.training.progress import best_threshold
from lightmill.transfer.claims import check_claims
from lightmill.transfer.curves import FEWEST_TOLD, best, curves, differences, nothing_told, worth
from lightmill.transfer.draws import drawn_rows
from lightmill.transfer.fairness import shared_stars
from lightmill.transfer.grid import MEAN, Arm, Grid, read_grid
from lightmill.transfer.pages import write_pages
from lightmill.transfer.samples import Point, sampled_points
from lightmill.transfer.tune import RATE_COLUMNS

SPLIT = "test"


def compare_transfer(
    models: Sequence[str | Path],
    datasets: Sequence[str | Path],
    folder: str | Path,
    settings: EvaluationSettings,
    primary: Sequence[Comparison] = (),
) -> None:
    """Judge every cell of a transfer on the target's test split, and write tables and figures to `folder`.

    Parameters
    ----------
    models
        Folders that `lightmill.transfer.transfer_model` wrote, all seeds of all strategies and sources, each strategy's
        in one folder with its `rates.csv`; strategies are shown in the order of their first.
    datasets
        Folders of the target dataset and of those of the sources.
    folder
        Where `transfer_results.csv`, `curves.csv`, `differences.csv`, `best.csv`, `worth.csv`, `rates.csv`,
        `claims.csv`, `shared_stars.csv`, the figures and `advice.html` go; docs/transfer.md says what is in them.
    settings
        Of metrics and bootstrap.
    primary
        Comparisons that were named in advance.

    Raises ModelError if the models are not those of one transfer; LabelError if a star or a group is in two splits
    across all of the datasets.
    """
    folder = Path(folder)
    write_csv(folder / "shared_stars.csv", shared_stars([read_dataset(one) for one in dict.fromkeys(datasets)]))
    grid = read_grid(models)
    points = sampled_points(grid, settings.bootstrap)
    confidence = settings.confidence
    tables = {
        "transfer_results": results_table(grid, settings),
        "curves": curves(points, confidence),
        "differences": differences_table(points, grid.signals[SPLIT], primary, confidence),
        "best": best(points),
        "worth": worth(points, confidence),
        "rates": rates_table(grid),
    }
    sizes = {arm.source: arm.n_source for arm in grid.arms if arm.source != NO_SOURCE}
    tables["claims"] = check_claims(differences=tables["differences"], n_source=sizes)
    for name, table in tables.items():
        write_csv(folder / f"{name}.csv", table)
    write_pages(folder, tables, any(arm.mismatched for arm in grid.arms), confidence)


def differences_table(
    points: Sequence[Point], test: pd.DataFrame, primary: Sequence[Comparison], confidence: float
) -> pd.DataFrame:
    """All differences, without intervals where the test split has too few positives for any."""
    table = differences(points, primary, confidence)
    told = test.loc[test["truth"] == 1, "group_id"].nunique()
    if told >= FEWEST_TOLD:
        return table
    logger.warning(
        "%d stars of the test split have a positive: too few to tell any strategy from another; %d are the least",
        told,
        FEWEST_TOLD,
    )
    return nothing_told(table)


def results_table(grid: Grid, settings: EvaluationSettings) -> pd.DataFrame:
    """A row for each cell and seed, and one of seed MEAN for the mean probability of a cell's seeds.

    Each metric has its interval beside it, from the same bootstrap samples of groups in every row.
    """
    return pd.DataFrame([row for arm in grid.arms for row in _rows(arm, grid, settings)])


def rates_table(grid: Grid) -> pd.DataFrame:
    """How every strategy's learning rates were chosen: the tables of `choose_rates`, with source and strategy."""
    columns = ["source", "strategy", *RATE_COLUMNS]
    tables = [
        arm.rates.assign(source=arm.source, strategy=arm.strategy)[columns]
        for arm in grid.arms
        if arm.rates is not None
    ]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(columns=columns).astype({"chosen": bool})


def _rows(arm: Arm, grid: Grid, settings: EvaluationSettings) -> list[dict[str, Any]]:
    rows = []
    for place in range(len(arm.cells[0])):
        of_seeds = [cells.iloc[place] for cells in arm.cells]
        scores = arm.scores[SPLIT][:, place]
        for seed, cell, probabilities in zip(arm.seeds, of_seeds, scores, strict=True):
            rows.append(_row(arm, grid, cell, seed, probabilities, float(cell["threshold"]), settings))
        mean = arm.scores["validation"][:, place].mean(axis=0)
        threshold = _threshold(arm, grid.signals["validation"], of_seeds, mean)
        rows.append(_row(arm, grid, of_seeds[0], MEAN, scores.mean(axis=0), threshold, settings))
    return rows


def _threshold(arm: Arm, validation: pd.DataFrame, cells: Sequence[pd.Series], mean: np.ndarray) -> float:
    """Where the mean of the seeds is cut: as it is best on the validation labels that the cell was chosen on."""
    if arm.strategy == AS_IT_IS:
        return float(np.mean([cell["threshold"] for cell in cells]))
    truth = validation["truth"].to_numpy(np.float64)
    seen = drawn_rows(validation["group_id"].to_numpy(str), truth, cells[0]["fraction"], int(cells[0]["draw"]))
    return best_threshold(truth[seen], mean[seen])


def _row(
    arm: Arm,
    grid: Grid,
    cell: Mapping[str, Any] | pd.Series,
    seed: int | str,
    probabilities: np.ndarray,
    threshold: float,
    settings: EvaluationSettings,
) -> dict[str, Any]:
    test = grid.signals[SPLIT]
    truth = test["truth"].to_numpy(np.float64)
    row = {
        "source": arm.source,
        "target": grid.description["dataset"]["name"],
        "task": grid.description["task"],
        "architecture": grid.description["architecture"],
        "strategy": arm.strategy,
        "fraction": cell["fraction"],
        **{name: int(cell[name]) for name in ("n_labels", "n_positives", "n_validation", "n_validation_positives")},
        "draw": int(cell["draw"]),
        "seed": str(seed),
        "rate": cell["rate"],
        "split": SPLIT,
        "n_test": len(test),
        "n_test_positives": int(truth.sum()),
    }
    groups = test["group_id"].to_numpy(str)
    metrics = score_metrics(truth, probabilities, groups, settings, threshold=threshold)
    for metric in metrics.itertuples():
        row |= {
            str(metric.metric): metric.value,
            f"{metric.metric}_low": metric.low,
            f"{metric.metric}_high": metric.high,
        }
    return row
