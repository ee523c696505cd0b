"""An ensemble beside the dataset that it was trained on: the question asked, and what it says of rows."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from lightmill.errors import ModelError
from lightmill.training.dataset import Dataset, read_dataset, task_labels
from lightmill.training.ensemble import Ensemble, load_ensemble, predict_members
from lightmill.training.model_files import asked_labels


def read_judged(dataset: str | Path, ensemble: str | Path) -> tuple[Dataset, Ensemble]:
    """The dataset and the ensemble in two folders; raises ModelError if the dataset is not the ensemble's."""
    data, models = read_dataset(dataset), load_ensemble(ensemble)
    if models.description["dataset"]["version"] != data.version:
        raise ModelError(f"{dataset}: not the dataset that the models in {ensemble} were trained on; train them again")
    return data, models


def asked_truth(data: Dataset, models: Ensemble) -> np.ndarray:
    """What every row is in the ensemble's question: (rows,) float32, 1 or 0, NaN where it has no label there."""
    return task_labels(data.meta, asked_labels(models.description))


def views_of_rows(data: Dataset, models: Ensemble, rows: np.ndarray) -> dict[str, np.ndarray]:
    """The views by name, (n, bins) each, that the ensemble looks at, of some rows (n,) of a dataset."""
    return {name: np.asarray(data.views[name][rows]) for name in models.description["views"]}


def members_of_views(data: Dataset, models: Ensemble, views: Mapping[str, np.ndarray]) -> np.ndarray:
    """Probabilities (members, n) as `predict_members` gives them, of views (n, bins) scaled as the dataset's."""
    return predict_members(models, views, data.manifest["description"]["scale"])
