"""The course of a training: metrics of an epoch, and what follows from the epochs so far.

The best epoch, the learning rate and the end of training are functions of the history alone, so a resumed run needs
to remember nothing else.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from lightmill.config.training import TrainingSettings

METRICS = ("loss", "accuracy", "precision", "recall", "roc_auc", "average_precision")
HISTORY_COLUMNS = (
    "epoch",
    "learning_rate",
    *(f"{split}_{metric}" for split in ("train", "validation") for metric in METRICS),
)


def class_weights(labels: np.ndarray) -> np.ndarray:
    """Weights (2,) float32 of class 0 and class 1 that make both weigh the same, with mean 1 over `labels` (n,)."""
    counts = np.array([np.sum(labels == 0), np.sum(labels == 1)])
    return (len(labels) / (2 * counts)).astype(np.float32)


def epoch_metrics(labels: np.ndarray, logits: np.ndarray, weights: np.ndarray) -> dict[str, float]:
    """The METRICS of `logits` (n,) against `labels` (n,) of 0 and 1; accuracy, precision and recall at probability ½.

    `loss` is the mean cross-entropy, each example weighted by its class's entry in `weights` (2,). Precision is 0 where
    nothing is called positive.
    """
    z = logits.astype(np.float64)
    losses = np.logaddexp(0, z) - labels * z
    called, positive = z >= 0, labels == 1
    hits = int(np.sum(called & positive))
    return {
        "loss": float(np.mean(weights[labels.astype(int)] * losses)),
        "accuracy": float(np.mean(called == positive)),
        "precision": hits / max(int(called.sum()), 1),
        "recall": hits / int(positive.sum()),
        "roc_auc": float(roc_auc_score(labels, z)),
        "average_precision": float(average_precision_score(labels, z)),
    }


# Share of all steps over which the learning rate rises.
RISE = 0.05


@dataclass(frozen=True)
class Standing:
    """What the history says: the best epoch (0: none yet), the rate of the next one, and whether there is one."""

    best_epoch: int
    learning_rate: float
    finished: bool


def standing(history: Sequence[dict[str, float]], settings: TrainingSettings) -> Standing:
    """Where a training stands after the epochs in `history` (rows with HISTORY_COLUMNS, epoch 1 first).

    With the schedule `plateau` the rate is multiplied by `plateau_factor` each time that `plateau_patience` epochs in a
    row were not better than the best; with `cosine` it is that of the epoch's first step. Training ends after
    `patience` of them, or after `epochs` in all.
    """
    best, best_epoch, stale, rate = -np.inf, 0, 0, settings.learning_rate
    for epoch, row in enumerate(history, start=1):
        value = row[f"validation_{settings.monitor}"] * (-1 if settings.monitor == "loss" else 1)
        if value > best:
            best, best_epoch, stale = value, epoch, 0
        else:
            stale += 1
            if stale % settings.plateau_patience == 0:
                rate *= settings.plateau_factor
    if settings.schedule == "cosine":
        rate = cosine_rate(len(history), settings.epochs, settings)
    return Standing(best_epoch, rate, stale >= settings.patience or len(history) >= settings.epochs)


def cosine_rate(step: int, steps: int, settings: TrainingSettings) -> float:
    """The learning rate of a step, counted from 0, of so many: a straight rise over a twentieth, half a cosine down."""
    rise = min(1.0, (step + 1) / (RISE * steps))
    return settings.learning_rate * rise * 0.5 * (1.0 + math.cos(math.pi * step / steps))


def best_threshold(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The probability from which on to call a signal positive: where F1 is largest on these (validation) rows.

    It lies halfway between the lowest probability that is called positive and the next below. Of equally good ones
    the highest is taken.
    """
    order = np.argsort(-probabilities, kind="stable")
    sorted_probabilities = probabilities[order].astype(np.float64)
    hits = np.cumsum(labels[order])
    called = np.arange(1, len(labels) + 1)
    f1 = 2 * hits / (called + hits[-1])
    # Rows of equal probability stand or fall together.
    last_of_tie = np.append(np.diff(sorted_probabilities) != 0, True)
    cut = int(np.argmax(np.where(last_of_tie, f1, -1.0)))
    below = sorted_probabilities[cut + 1] if cut + 1 < len(labels) else 0.0
    return float((sorted_probabilities[cut] + below) / 2)
