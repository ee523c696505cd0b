"""Toy datasets: small enough to train on in a second, made to be learnable or not."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lightmill.config.training import TrainingSettings
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.dataset import FLAG_COLUMNS, META_COLUMNS, NUMBER_COLUMNS, Dataset, read_dataset, write_dataset
from lightmill.training.ensemble import ensemble_models
from lightmill.training.train import train_model

SPLITS = ("train", "train", "train", "validation", "test")
LENGTHS = {"global": 32, "local": 20}


def toy_meta(n: int, mission: str = "Kepler", prefix: str = "TOY") -> pd.DataFrame:
    """n rows, every third a planet, the splits dealt in turn, each star a group of its own."""
    planet = np.arange(n) % 3 == 0
    meta = pd.DataFrame(
        {
            "signal_id": [f"{prefix} {i:05d}" for i in range(n)],
            "target_id": [f"KIC {i + 1}" for i in range(n)],
            "star_id": [f"{prefix} star {i}" for i in range(n)],
            "group_id": [f"{prefix} star {i}" for i in range(n)],
            "mission": mission,
            "label": np.where(planet, "planet", "not_planet"),
            "label_source": "toy",
            "disposition": np.where(planet, "PC", np.where(np.arange(n) % 2 == 0, "AFP", "NTP")),
            "split": [SPLITS[(i // 6) % len(SPLITS)] for i in range(n)],
        }
    )
    meta = meta.assign(ephemeris="catalog", **dict.fromkeys(FLAG_COLUMNS, False))
    return meta.reindex(columns=list(META_COLUMNS)).astype(dict.fromkeys(NUMBER_COLUMNS, float))


def toy_views(meta: pd.DataFrame, noise: float = 0.3, seed: int = 0) -> dict[str, np.ndarray]:
    """Noise around 0; a planet has a dip of depth 1 in the middle of both views."""
    generator = np.random.default_rng(seed)
    planet = (meta["label"] == "planet").to_numpy()
    views = {}
    for name, bins in LENGTHS.items():
        view = generator.normal(0, noise, (len(meta), bins)).astype(np.float32)
        view[planet, bins // 2 - 2 : bins // 2 + 2] -= 1
        views[name] = view
    return views


def toy_dataset(
    folder: Path,
    n: int = 300,
    meta: pd.DataFrame | None = None,
    scale: str = "min",
    noise: float = 0.3,
    lengths: dict[str, int] | None = None,
) -> Dataset:
    """Write a toy dataset to `folder`."""
    meta = toy_meta(n) if meta is None else meta
    views = toy_views(meta, noise)
    if lengths is not None:
        views = {name: np.resize(views[name], (len(meta), bins)) for name, bins in lengths.items()}
    write_dataset(folder, views, meta, {"scale": scale, "settings": {}, "labels": {}})
    return read_dataset(folder)


def toy_ensemble(dataset: Path, folder: Path, settings: TrainingSettings, seeds: Sequence[int] = (1, 2)) -> None:
    """Train a model from each seed, in a folder of its own below `folder`, and join them in `folder / "ensemble"`."""
    for seed in seeds:
        train_model(dataset, folder / str(seed), "planet", None, settings, seed)
    ensemble_models([folder / str(seed) for seed in seeds], dataset, folder / "ensemble")


class PowerCutError(Exception):
    pass


def interrupt_after(epochs, call):
    """Interrupt the training in `call` after some epochs, its checkpoint written."""
    save = Checkpoint.save

    def save_and_stop(self, network, kept, best, optimiser, history):
        save(self, network, kept, best, optimiser, history)
        if len(history) == epochs:
            raise PowerCutError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_and_stop)
        with pytest.raises(PowerCutError):
            call()
