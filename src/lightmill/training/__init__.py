"""Training: networks, fitting, model files, ensembles.

The few functions that users call are importable from here and loaded when first asked for, so that reading a dataset
does not import torch. Scripts and library modules import from the module that defines a function: code digests follow
module names.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Dataset": "dataset",
    "read_dataset": "dataset",
    "task_labels": "dataset",
    "write_dataset": "dataset",
    "ARCHITECTURES": "networks",
    "build_network": "networks",
    "train_model": "train",
    "load_model": "model_files",
    "predict": "model_files",
    "ensemble_models": "ensemble",
    "load_ensemble": "ensemble",
    "predict_members": "ensemble",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
