"""Evaluation: how good a network is on signals it has never seen, with intervals and figures.

The names below are for notebooks and other users, and are loaded when asked for. The pipeline's own code imports from
the modules themselves, for code digests follow names.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "evaluate_model": "lightmill.evaluation.evaluate",
    "metric_names": "lightmill.evaluation.metrics",
    "score_metrics": "lightmill.evaluation.metrics",
    "plot_sample_light_curves": "lightmill.evaluation.light_curves",
    "plot_sample_views": "lightmill.evaluation.samples",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
