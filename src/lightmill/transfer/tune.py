"""The jobs of a transfer: choosing the learning rates of a strategy, and all its cells from one seed."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from lightmill.config.training import TaskLabels, TrainingSettings
from lightmill.config.transfer import AS_IT_IS, Strategy
from lightmill.errors import ModelError
from lightmill.files import write_csv, write_parquet
from lightmill.logs import logger
from lightmill.memory import keep_freed_memory
from lightmill.training.model_files import save_model
from lightmill.training.progress import HISTORY_COLUMNS, METRICS
from lightmill.training.train import HISTORY, describe
from lightmill.transfer.cells import SCORED, Cell, Outcome, cell_outcome
from lightmill.transfer.draws import draws_of
from lightmill.transfer.sides import Sides, open_sides
from lightmill.transfer.strategies import base_rate

# What a strategy's folder holds, and what the folder of each of its seeds.
RATES = "rates.csv"
TABLE, SCORES = "cells.csv", "scores.parquet"
RATE_COLUMNS = ("fraction", "rate", "validation_average_precision", "chosen")
# What is judged by, and so what rates are chosen by.
CHOSEN_BY = "average_precision"


class Job(NamedTuple):
    """What the jobs of one strategy, source and target have in common.

    Attributes
    ----------
    strategy
        What is compared, see docs/transfer.md.
    source
        What the source is called.
    ensemble, source_dataset
        Folders of the source's ensemble, and of the dataset that it was trained on.
    target_dataset
        Folder of the dataset to bring it to.
    task, labels
        The question, and the target's label map; the source's stands in its models.
    settings
        How to fit; the network is the source's.
    fractions
        Shares of the target's labels, rising.
    fine_tune_rate
        Of `fine_tuned`, as a fraction of the rate.
    mismatched
        Allow label maps that disagree on a kind of thing.
    """

    strategy: Strategy
    source: str
    ensemble: str | Path
    source_dataset: str | Path
    target_dataset: str | Path
    task: str
    labels: TaskLabels | None
    settings: TrainingSettings
    fractions: Sequence[float]
    fine_tune_rate: float
    mismatched: bool

    def sides(self, seed: int) -> Sides:
        """Both sides, with the source's model of a seed; raises as `lightmill.transfer.sides.open_sides` does."""
        return open_sides(
            self.strategy,
            self.source,
            self.ensemble,
            self.source_dataset,
            self.target_dataset,
            self.labels,
            self.settings,
            seed,
            self.mismatched,
        )

    def outcome(self, sides: Sides, seed: int, folder: Path, fraction: float, draw: int, rate: float) -> Outcome:
        """That of one cell; its network lasts where it has all the labels that there are to be had."""
        lasting = draw == 0 and fraction in (0.0, self.fractions[-1])
        cell = Cell(fraction, draw, rate, lasting)
        return cell_outcome(cell, self.strategy, sides, seed, self.fine_tune_rate, folder / str(seed))


def configured_job(
    strategy: Strategy,
    source: str,
    source_model: str | Path,
    source_manifest: str | Path,
    target_manifest: str | Path,
    options: Mapping[str, Any],
) -> Job:
    """The job that a configuration asks for.

    Parameters
    ----------
    strategy, source
        As for `Job`.
    source_model
        `model.json` of the source's ensemble.
    source_manifest, target_manifest
        `manifest.json` of both datasets.
    options
        The other fields of `Job`, as plain values.
    """
    labels = options["labels"]
    return Job(
        strategy,
        source,
        Path(source_model).parent,
        Path(source_manifest).parent,
        Path(target_manifest).parent,
        **{
            **options,
            "labels": None if labels is None else TaskLabels(**labels),
            "settings": TrainingSettings(**options["settings"]),
        },
    )


def choose_rates(job: Job, rates: Sequence[float], seed: int, cells: str | Path, table: str | Path) -> None:
    """Try factors on a strategy's learning rate at every fraction, and write which is best on the target's validation.

    Every strategy tries as many, from one seed and the first draw; what is judged is the average precision on the
    drawn validation labels. Of equals the first is taken, counted from the factor nearest to 1.

    Parameters
    ----------
    job
        All but AS_IT_IS, which has no rate.
    rates
        The factors.
    seed
        Which of the source's models to start from.
    cells
        Folder of the strategy's cells.
    table
        CSV with RATE_COLUMNS.
    """
    keep_freed_memory()
    sides = job.sides(seed)
    rows = []
    for fraction in job.fractions:
        reached = {}
        for rate in sorted(rates, key=lambda rate: (abs(math.log(rate)), rate)):
            outcome = job.outcome(sides, seed, Path(cells), fraction, 0, rate)
            reached[rate] = outcome.row[f"validation_{CHOSEN_BY}"]
            logger.info("fraction %g, rate × %g: validation %s %.4f", fraction, rate, CHOSEN_BY, reached[rate])
        best = max(reached, key=lambda rate: reached[rate])
        rows += [(fraction, rate, reached[rate], rate == best) for rate in sorted(reached)]
    write_csv(table, pd.DataFrame(rows, columns=list(RATE_COLUMNS)))


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
    sides = job.sides(seed)
    outcomes = {}
    for fraction, draw, rate in _grid(job, draws, rates):
        outcome = job.outcome(sides, seed, Path(cells), fraction, draw, rate)
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


def _grid(job: Job, draws: int, rates: str | Path | None) -> list[tuple[float, int, float]]:
    """Fraction, draw and factor on the rate of each cell."""
    if job.strategy == AS_IT_IS:
        return [(0.0, 0, math.nan)]
    if rates is None:
        raise ModelError(f"{job.strategy}: no learning rates were chosen")
    table = pd.read_csv(rates)
    chosen = dict(table.loc[table["chosen"], ["fraction", "rate"]].itertuples(index=False, name=None))
    return [
        (fraction, draw, chosen[fraction]) for fraction in job.fractions for draw in range(draws_of(fraction, draws))
    ]


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
