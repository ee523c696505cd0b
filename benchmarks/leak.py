"""How much better a network looks, if at all, when signals of one star stand on both sides of the split.

    python -m benchmarks.leak DATASET [DATASET ...] [--seeds 2] [--epochs 10] [--folds 4] [--deal 1]

A dataset's labelled rows are dealt to folds twice: whole stars, and signals whatever their star. Each row is scored
once in either way, by `dual_branch` networks (mean of the seeds) that were fitted to the other folds, with as many rows
and the same settings; so apart from luck its two scores differ in one thing, whether the network has seen other signals
of its star. Differences are paired by row, their intervals from a bootstrap by star, which knows nothing of that luck:
deal the folds more than once. Only stars with several signals can leak: they have a line of their own. Scores are
written to `<name>_scores.csv` in the folder `--output`.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import StratifiedGroupKFold

from lightmill.config.training import EvaluationSettings, TrainingSettings
from lightmill.evaluation.paired import paired_differences
from lightmill.files import write_csv
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.dataset import Dataset, read_dataset, task_labels
from lightmill.training.examples import Examples
from lightmill.training.fitting import fit, score_views
from lightmill.training.model_files import probabilities
from lightmill.training.train import fresh_network

ARCHITECTURE = "dual_branch"
BY_SIGNAL, BY_STAR = "by_signal", "by_star"
# Of the rows that are not tested, one in so many chooses the best epoch.
VALIDATION = 8
METRICS = ("average_precision", "roc_auc")


class Deal(NamedTuple):
    """How rows are dealt to folds: how many there are, and the seed."""

    folds: int
    seed: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("datasets", nargs="+", type=Path, metavar="DATASET", help="folders of datasets, made by a run")
    parser.add_argument("--seeds", type=int, default=2, help="networks of each fold (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--deal", type=int, default=1, help="seed by which rows are dealt to folds")
    parser.add_argument("--output", type=Path, default=Path("."), help="where scores are written")
    chosen = parser.parse_args()
    tables = []
    for folder in chosen.datasets:
        deal = Deal(chosen.folds, chosen.deal)
        scores = both_ways(read_dataset(folder), deal, range(1, chosen.seeds + 1), chosen.epochs)
        write_csv(chosen.output / f"{folder.name}_scores.csv", scores)
        tables.append(differences(scores).assign(dataset=folder.name))
    print(pd.concat(tables).to_string(index=False))


def both_ways(data: Dataset, deal: Deal, seeds: Sequence[int], epochs: int) -> pd.DataFrame:
    """Every labelled row once: `signal_id`, `star_id`, `label`, and its score (0 to 1) of either way of splitting."""
    truth = task_labels(data.meta, None)
    rows = np.flatnonzero(~np.isnan(truth))
    labels, meta = truth[rows], data.meta.iloc[rows].reset_index(drop=True)
    views = {name: np.asarray(data.views[name][rows]) for name in ("global", "local")}
    stars = np.unique(meta["star_id"].to_numpy(str), return_inverse=True)[1]
    settings = TrainingSettings(
        epochs=epochs, patience=epochs, batch_size=128, learning_rate=0.002, schedule="cosine", precision="bfloat16"
    )
    everything = Examples(views, labels, meta)
    return meta[["signal_id", "star_id"]].assign(
        label=labels.astype(int),
        **{
            way: cross_scores(everything, kept_together, deal, seeds, settings)
            for way, kept_together in ((BY_SIGNAL, np.arange(len(labels))), (BY_STAR, stars))
        },
    )


def cross_scores(
    examples: Examples, groups: np.ndarray, deal: Deal, seeds: Sequence[int], settings: TrainingSettings
) -> np.ndarray:
    """Score (n,) of each row by networks that were fitted to folds without it; `groups` (n,) are never cut."""
    scores = np.zeros(len(examples))
    for fold, (rest, test) in enumerate(folds(examples.labels, groups, deal)):
        learned, chosen_by = next(folds(examples.labels[rest], groups[rest], deal._replace(folds=VALIDATION)))
        train, validation = (_part(examples, rest[rows]) for rows in (learned, chosen_by))
        for seed in seeds:
            lengths = {name: view.shape[1] for name, view in examples.views.items()}
            network = fresh_network(ARCHITECTURE, lengths, seed)
            with TemporaryDirectory() as folder:
                fit(network, train, validation, settings, seed, Checkpoint(Path(folder) / "checkpoint", ""))
            scores[test] += probabilities(score_views(network, _part(examples, test).views)) / len(seeds)
            print(f"fold {fold + 1} of {deal.folds}, seed {seed}: {len(train)} rows learned from", flush=True)
    return scores


def folds(labels: np.ndarray, groups: np.ndarray, deal: Deal) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Of each fold the rows outside and inside, as alike in `labels` (n,) as `groups` (n,) that are not cut allow."""
    yield from StratifiedGroupKFold(deal.folds, shuffle=True, random_state=deal.seed).split(labels, labels, groups)


def _part(examples: Examples, rows: np.ndarray) -> Examples:
    views = {name: view[rows] for name, view in examples.views.items()}
    return Examples(views, examples.labels[rows], examples.meta.iloc[rows].reset_index(drop=True))


def differences(scores: pd.DataFrame) -> pd.DataFrame:
    """By signal less by star, of all rows and of those whose star has several: one row for each and each of METRICS."""
    several = scores.groupby("star_id")["star_id"].transform("size") > 1
    tables = []
    for which, rows in (("all", scores), ("of stars with several", scores[several])):
        table = paired_differences(
            rows["label"].to_numpy(),
            {way: rows[way].to_numpy() for way in (BY_SIGNAL, BY_STAR)},
            rows["star_id"].to_numpy(str),
            [(BY_SIGNAL, BY_STAR)],
            EvaluationSettings(),
        )
        tables.append(table[table["metric"].isin(METRICS)].assign(signals=which, n=len(rows)))
    return pd.concat(tables, ignore_index=True)


if __name__ == "__main__":
    main()
