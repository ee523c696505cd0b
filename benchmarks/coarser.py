"""What fewer bins cost: an ensemble of the same settings, trained on the same signals with bins joined in pairs.

    python -m benchmarks.coarser DATASET ENSEMBLE FOLDER --config CONFIG EXPERIMENT [--seeds N ...] [--times N]

Against the ensemble that is there, paired by group, on the test split; `--times 2` leaves a quarter of the bins. What
bins that were never there would bring it cannot tell.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import average_precision_score

from lightmill.config.model import load_config
from lightmill.training.dataset import Dataset, read_dataset, task_labels, write_dataset
from lightmill.training.ensemble import ensemble_models, ensemble_probability, load_ensemble
from lightmill.training.judged import members_of_views, views_of_rows
from lightmill.training.train import train_model
from lightmill.views.importing import rescaled


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dataset", type=Path)
    parser.add_argument("ensemble", type=Path)
    parser.add_argument("folder", type=Path, help="where the coarser dataset and its models go")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--times", type=int, default=1, help="how often bins are halved (default: %(default)s)")
    parser.add_argument("--config", nargs=2, required=True, metavar=("CONFIG", "EXPERIMENT"), help="its settings")
    chosen = parser.parse_args()
    coarsened(chosen.dataset, chosen.folder, chosen.times)
    print(coarser_table(chosen.dataset, chosen.ensemble, chosen.folder, chosen.seeds, chosen.config).to_string())


def coarsened(dataset: Path, folder: Path, times: int) -> None:
    """Write a dataset of the same signals below `folder`, its bins halved so many times."""
    data = read_dataset(dataset)
    views = {name: np.asarray(view) for name, view in data.views.items()}
    for _ in range(times):
        views = {name: halved(view) for name, view in views.items()}
    scale = data.manifest["description"]["scale"]
    scaled = {name: rescaled(view, scale) for name, view in views.items()}
    write_dataset(folder / data.name, scaled, data.meta, data.manifest["description"])


def coarser_table(
    dataset: Path, ensemble: Path, folder: Path, seeds: Sequence[int], config: Sequence[str]
) -> pd.DataFrame:
    """Average precision on the test split with all bins and with those below `folder`, and the difference."""
    data = read_dataset(dataset)
    made = load_config(config[0])
    experiment = made.experiments[config[1]]
    settings = made.experiment_training(config[1])
    for seed in seeds:
        train_model(folder / data.name, folder / str(seed), experiment.task, experiment.labels, settings, seed)
    ensemble_models([folder / str(seed) for seed in seeds], folder / data.name, folder / "ensemble")
    truth = task_labels(data.meta, experiment.labels)
    rows = np.flatnonzero((data.meta["split"] == "test").to_numpy() & ~np.isnan(truth))
    fine = scores(ensemble, data, rows)
    coarse = scores(folder / "ensemble", read_dataset(folder / data.name), rows)
    return paired(truth[rows], {"all bins": fine, "fewer": coarse}, data.meta["group_id"].to_numpy(str)[rows])


def halved(views: np.ndarray) -> np.ndarray:
    """Views (n, bins), bins odd, with neighbours joined in pairs outward from the middle bin, which stands alone."""
    middle = views.shape[1] // 2
    left, right = views[:, :middle][:, ::-1], views[:, middle + 1 :]
    pairs = [side[:, : middle // 2 * 2].reshape(len(views), -1, 2).mean(axis=2) for side in (left, right)]
    return np.concatenate([pairs[0][:, ::-1], views[:, middle : middle + 1], pairs[1]], axis=1)


def scores(ensemble: Path, data: Dataset, rows: np.ndarray) -> np.ndarray:
    models = load_ensemble(ensemble)
    return ensemble_probability(models, members_of_views(data, models, views_of_rows(data, models, rows)))


def paired(truth: np.ndarray, by_name: dict[str, np.ndarray], groups: np.ndarray, samples: int = 1000) -> pd.DataFrame:
    """Average precision of two scores and of the first less the second, with 95 % intervals of one bootstrap."""
    random = np.random.default_rng(0)
    number = np.unique(groups, return_inverse=True)[1]
    drawn = []
    for _ in range(samples):
        weight = np.bincount(random.integers(0, number.max() + 1, number.max() + 1), minlength=number.max() + 1)[number]
        drawn.append([average_precision_score(truth, score, sample_weight=weight) for score in by_name.values()])
    value = np.array([average_precision_score(truth, score) for score in by_name.values()])
    found = np.array(drawn)
    columns = {name: (value[i], found[:, i]) for i, name in enumerate(by_name)}
    columns["difference"] = (value[0] - value[1], found[:, 0] - found[:, 1])
    return pd.DataFrame(
        {name: {"value": mid, **dict(zip(("low", "high"), np.quantile(all_, (0.025, 0.975)), strict=True))}
         for name, (mid, all_) in columns.items()}
    ).T.round(4)  # fmt: skip


if __name__ == "__main__":
    main()
