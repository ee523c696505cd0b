"""The jobs of a transfer: choosing the learning rates of a strategy, and all its cells from one seed."""

import math
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lightmill.config.transfer import AS_IT_IS
from lightmill.errors import DivergenceError, ModelError
from lightmill.files import write_csv, write_parquet
from lightmill.logs import logger
from lightmill.memory import keep_freed_memory
from lightmill.training.dataset import read_dataset
from lightmill.training.model_files import save_model
from lightmill.training.progress import HISTORY_COLUMNS, METRICS
from lightmill.training.train import HISTORY, describe
from lightmill.transfer.cells import SCORED, Cell, Outcome, cell_outcome
from lightmill.transfer.draws import draws_of
from lightmill.transfer.fairness import shared_stars
from lightmill.transfer.job import Job
from lightmill.transfer.sides import Sides, open_sides
from lightmill.transfer.strategies import base_rate

# What a strategy's folder holds, and what the folder of each of its seeds.
RATES = "rates.csv"
TABLE, SCORES = "cells.csv", "scores.parquet"
RATE_COLUMNS = ("fraction", "rate", "validation_average_precision", "chosen")
# What is judged by, and so what rates are chosen by.
CHOSEN_BY = "average_precision"


def choose_rates(
    job: Job,
    datasets: Sequence[str | Path],
    rates: Sequence[float],
    seed: int,
    cells: str | Path,
    table: str | Path,
) -> None:
    """Try factors on a strategy's learning rate at every fraction, and write which is best on the target's validation.

    Every strategy tries as many, from one seed and the first draw; what is judged is the average precision on the
    drawn validation labels. Of equals the first is taken, counted from the factor nearest to 1.

    Parameters
    ----------
    job
        All but AS_IT_IS, which has no rate.
    datasets
        Folders of the target dataset and of those of all sources of the transfer.
    rates
        The factors.
    seed
        Which of the source's models to start from.
    cells
        Folder of the strategy's cells.
    table
        CSV with RATE_COLUMNS; a factor at which a network's numbers do not stay finite has no average precision.

    Raises DivergenceError where that is so of all of them, and LabelError if a star is in two splits across all of the
    datasets.
    """
    keep_freed_memory()
    shared_stars([read_dataset(one) for one in dict.fromkeys(datasets)])
    sides = open_sides(job, seed)
    rows = []
    for fraction in job.fractions:
        reached = {}
        for rate in sorted(rates, key=lambda rate: (abs(math.log(rate)), rate)):
            reached[rate] = _reached(job, sides, seed, cells, (fraction, 0, rate))
            logger.info("fraction %g, rate × %g: validation %s %.4f", fraction, rate, CHOSEN_BY, reached[rate])
        best = max(reached, key=lambda rate: (not math.isnan(reached[rate]), reached[rate]))
        if math.isnan(reached[best]):
            raise DivergenceError(
                f"{job.strategy}, fraction {fraction:g}: at none of the rates {sorted(rates)} do the network's numbers "
                "stay finite; lower training.learning_rate or the factors under rates"
            )
        rows += [(fraction, rate, reached[rate], rate == best) for rate in sorted(reached)]
    write_csv(table, pd.DataFrame(rows, columns=list(RATE_COLUMNS)))


def _reached(job: Job, sides: Sides, seed: int, cells: str | Path, place: tuple[float, int, float]) -> float:
    """What a cell reaches on the labels that it is chosen on; NaN where its numbers do not stay finite."""
    try:
        return float(_outcome(job, sides, seed, cells, place).row[f"validation_{CHOSEN_BY}"])
    except DivergenceError as error:
        logger.warning("fraction %g, rate × %g is no choice: %s", place[0], place[2], error)
        return math.nan


def transfer_model(
    job: Job, draws: int, seed: int, rates: str | Path | None, cells: str | Path, folder: str | Path
) -> None:
    """Make all cells of a strategy from one seed, and write what they say and the model of the last.

    Writes to `folder`: `cells.csv`, a row for each cell; `scores.parquet`, a row for each validation and test signal
    of the target and a column of probabilities for each cell; and as training does `model.safetensors`, `model.json`
    and `training_history.csv` of the cell with most labels. AS_IT_IS has one cell of no labels, and its model is the
    source's.

    Parameters
    ----------
    job
        What to do.
    draws
        How often labels are drawn of small fractions.
    seed
        Which of the source's models to start from, and of everything drawn.
    rates
        What `choose_rates` wrote; None for AS_IT_IS.
    cells
        Folder of the strategy's cells; those that are there are not made again.
    folder
        Where the files go.
    """
    keep_freed_memory()
    sides = open_sides(job, seed)
    outcomes = {}
    for fraction, draw, rate in _grid(job, draws, rates):
        outcome = _outcome(job, sides, seed, cells, (fraction, draw, rate))
        logger.info(
            "fraction %g, draw %d: %d labels, validation average precision %.4f",
            fraction,
            draw,
            outcome.row["n_labels"],
            outcome.row["validation_average_precision"],
        )
        outcomes[f"{fraction:g}-{draw}"] = outcome
    folder = Path(folder)
    write_csv(folder / TABLE, pd.DataFrame([outcome.row for outcome in outcomes.values()]))
    write_parquet(folder / SCORES, _score_table(sides, outcomes))
    last = next(outcome for outcome in reversed(outcomes.values()) if outcome.network is not None)
    _save(job, sides, seed, last, folder)


def _outcome(job: Job, sides: Sides, seed: int, cells: str | Path, place: tuple[float, int, float]) -> Outcome:
    """That of the cell of a fraction, draw and rate; its network is kept where it has all the labels there are."""
    fraction, draw, rate = place
    lasting = draw == 0 and fraction in (0.0, job.fractions[-1])
    cell = Cell(fraction, draw, rate, lasting)
    return cell_outcome(cell, job.strategy, sides, seed, job.fine_tune_rate, Path(cells) / str(seed))


def _grid(job: Job, draws: int, rates: str | Path | None) -> list[tuple[float, int, float]]:
    """Fraction, draw and factor on the rate of each cell."""
    if job.strategy == AS_IT_IS:
        return [(0.0, 0, math.nan)]
    if rates is None:
        raise ModelError(f"{job.strategy}: no learning rates were chosen")
    chosen = _chosen(rates)
    if sorted(chosen) != sorted(job.fractions):
        raise ModelError(
            f"{rates}: chosen for the fractions {sorted(chosen)}, not {sorted(job.fractions)}; delete it and run again"
        )
    return [
        (fraction, draw, chosen[fraction]) for fraction in job.fractions for draw in range(draws_of(fraction, draws))
    ]


def _chosen(rates: str | Path) -> dict[float, float]:
    """The factor on the rate by fraction; raises ModelError for what `choose_rates` did not write."""
    try:
        table = pd.read_csv(rates, float_precision="round_trip").set_index("fraction")
        return {float(fraction): float(rate) for fraction, rate in table.loc[table["chosen"], "rate"].items()}
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{rates}: not what was written when rates were chosen ({error}); delete it and run again"
        ) from None


def _score_table(sides: Sides, outcomes: dict[str, Outcome]) -> pd.DataFrame:
    """`signal_id`, `group_id`, `split`, `truth` and the probabilities of each cell, named after fraction and draw."""
    parts = []
    for split in SCORED:
        examples = sides.examples[split]
        known = examples.meta[["signal_id", "group_id"]].assign(split=split, truth=examples.labels.astype(int))
        scores = {name: outcome.scores[split] for name, outcome in outcomes.items()}
        parts.append(pd.concat([known, pd.DataFrame(scores)], axis=1))
    return pd.concat(parts, ignore_index=True)


def _save(job: Job, sides: Sides, seed: int, outcome: Outcome, folder: Path) -> None:
    """Write the model of a cell as training does."""
    assert outcome.network is not None, "a lasting cell has its network"
    row = outcome.row
    rate = row["rate"] * base_rate(job.strategy, sides.settings, job.fine_tune_rate)
    settings = sides.settings if job.strategy == AS_IT_IS else sides.settings.model_copy(update={"learning_rate": rate})
    views = tuple(sides.source.description["views"])
    history = pd.DataFrame(outcome.history, columns=list(HISTORY_COLUMNS))
    write_csv(folder / HISTORY, history)
    save_model(
        folder,
        outcome.network,
        {
            **describe(sides.target, views, sides.examples, settings, seed, job.task, job.labels),
            "transfer": {**sides.origin, "fraction": row["fraction"]},
            "epochs": row["epochs"],
            "best_epoch": row["best_epoch"],
            "validation": {metric: row[f"validation_{metric}"] for metric in METRICS},
            "threshold": row["threshold"],
        },
    )
