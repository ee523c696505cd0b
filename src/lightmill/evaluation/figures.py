"""Figures of how good a network is."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binomtest
from sklearn.metrics import precision_recall_curve, roc_curve

from lightmill.evaluation.metrics import calibration_bins
from lightmill.evaluation.scores import CATALOG, ENSEMBLE, SCALARS
from lightmill.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, STYLE, VERMILLION

_LEGEND: Any = {"frameon": True, "framealpha": 0.85, "edgecolor": "none"}


def confusion_figure(counts: np.ndarray, names: Sequence[str], title: str) -> Figure:
    """The confusion matrix (2, 2), rows the truth and columns the call, as counts and as shares of each row."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    without_frame: Any = {**STYLE, "axes.spines.left": False, "axes.spines.bottom": False}
    with rc_context(without_frame):
        figure = Figure(figsize=(4.6, 4.2), layout="constrained")
        axes = figure.subplots()
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for row in range(2):
            for column in range(2):
                colour = "white" if shares[row, column] > 0.5 else "black"
                text = f"{counts[row, column]:,}\n{shares[row, column]:.1%}"
                axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=12)
        axes.set_xticks([0, 1], [f"called\n{name}" for name in names])
        axes.set_yticks([0, 1], [f"{name}" for name in names], rotation=90, va="center")
        axes.set_ylabel("label")
        axes.tick_params(length=0)
        axes.set_title(title)
        figure.colorbar(image, ax=axes, label="share of the row", shrink=0.8)
    return figure


def roc_figure(labels: np.ndarray, scores: Mapping[str, np.ndarray], legend: Mapping[str, str], title: str) -> Figure:
    """ROC curves of each model's `scores` (n,), the models named as in `model_metrics.csv`."""
    with rc_context(STYLE):
        figure = Figure(figsize=(5, 4.8), layout="constrained")
        axes = figure.subplots()
        for model, probabilities in _drawing_order(scores):
            false_positive, true_positive, _ = roc_curve(labels, probabilities)
            axes.plot(false_positive, true_positive, label=legend.get(model, "_unnamed"), **_line(model))
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, label="chance")
        axes.set_xlabel("false-positive rate")
        axes.set_ylabel("true-positive rate (recall)")
        _finish_curves(axes, title, "lower right")
    return figure


def precision_recall_figure(
    labels: np.ndarray, scores: Mapping[str, np.ndarray], legend: Mapping[str, str], title: str
) -> Figure:
    """Precision against recall for each model's `scores` (n,); the dotted line is the share of positives."""
    with rc_context(STYLE):
        figure = Figure(figsize=(5, 4.8), layout="constrained")
        axes = figure.subplots()
        for model, probabilities in _drawing_order(scores):
            precision, recall, _ = precision_recall_curve(labels, probabilities)
            axes.plot(recall, precision, label=legend.get(model, "_unnamed"), drawstyle="steps-post", **_line(model))
        share = labels.mean()
        axes.axhline(share, color=GREY, linestyle=":", linewidth=1, label=f"chance ({share:.2f})")
        axes.set_xlabel("recall")
        axes.set_ylabel("precision")
        _finish_curves(axes, title, "lower left")
    return figure


def reliability_figure(
    labels: np.ndarray, probabilities: np.ndarray, confidence: float, legend: str, title: str
) -> Figure:
    """Share of positives against mean probability in the bins of `ece`; below, how often each probability is given.

    Bars are Wilson intervals of `confidence` for each bin's share, its signals taken as independent.
    """
    bins = calibration_bins(probabilities)
    signals = np.bincount(bins)
    mean = np.bincount(bins, weights=probabilities) / signals
    positives = np.bincount(bins, weights=labels).astype(int)
    share = positives / signals
    intervals = [
        binomtest(k, n).proportion_ci(confidence, method="wilson")
        for k, n in zip(positives.tolist(), signals.tolist(), strict=True)
    ]
    # Rounding may put a limit that is the share itself on its wrong side.
    below = np.maximum(share - [interval.low for interval in intervals], 0)
    above = np.maximum([interval.high for interval in intervals] - share, 0)
    with rc_context(STYLE):
        figure = Figure(figsize=(5, 5.8), layout="constrained")
        axes, counts = figure.subplots(2, 1, sharex=True, height_ratios=(3.4, 1))
        axes.plot([0, 1], [0, 1], color=GREY, linestyle=":", linewidth=1, label="probability = share")
        axes.errorbar(
            mean, share, yerr=[below, above], color=BLUE, marker="o", markersize=4, linewidth=1.2,
            elinewidth=0.9, capsize=2, label=legend, zorder=4,
        )  # fmt: skip
        axes.set_ylabel("share of positives")
        axes.set_ylim(-0.02, 1.02)
        axes.set_title(title)
        axes.legend(loc="upper left", fontsize=8, **_LEGEND)
        counts.hist(probabilities, bins=np.linspace(0, 1, 41), color=BLUE, alpha=0.6)
        # From 0.7 on, so that a single signal has a bar.
        counts.set_yscale("log")
        counts.set_ylim(bottom=0.7)
        counts.set_xlim(-0.02, 1.02)
        counts.set_xlabel("probability")
        counts.set_ylabel("signals")
        for panel in (axes, counts):
            panel.grid(color="0.9", linewidth=0.6)
            panel.set_axisbelow(True)
    return figure


def _drawing_order(scores: Mapping[str, np.ndarray]) -> list[tuple[str, np.ndarray]]:
    """The ensemble, then the baselines, then the seeds: the order of the legend."""
    rank = {ENSEMBLE: 0, SCALARS: 1, CATALOG: 2}
    return sorted(scores.items(), key=lambda item: (rank.get(item[0], 3), item[0]))


def _line(model: str) -> dict[str, Any]:
    if model == ENSEMBLE:
        return {"color": BLUE, "linewidth": 2, "zorder": 4}
    if model == SCALARS:
        return {"color": VERMILLION, "linewidth": 1.5, "linestyle": "--"}
    if model == CATALOG:
        return {"color": ORANGE, "linewidth": 1.5, "linestyle": "-."}
    return {"color": BLUE, "linewidth": 0.8, "alpha": 0.45}


def _finish_curves(axes: Axes, title: str, corner: Literal["lower right", "lower left"]) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_aspect("equal")
    axes.grid(color="0.9", linewidth=0.6)
    axes.set_title(title)
    axes.legend(loc=corner, fontsize=8, **_LEGEND)


def history_figure(histories: Mapping[int, pd.DataFrame], best_epochs: Mapping[int, int], title: str) -> Figure:
    """Four panels over the epochs, one line per seed: loss, average precision, ROC-AUC, precision and recall.

    `histories` are the seeds' `training_history.csv`; a dot marks each seed's best epoch, whose weights are kept.
    """
    panels = (
        ("loss", "cross-entropy, class-weighted", (("loss", BLUE),)),
        ("average precision", "average precision", (("average_precision", BLUE),)),
        ("ROC-AUC", "ROC-AUC", (("roc_auc", BLUE),)),
        ("precision and recall at probability 0.5", "share", (("precision", GREEN), ("recall", PURPLE))),
    )
    with rc_context(STYLE):
        figure = Figure(figsize=(8.6, 6.2), layout="constrained")
        for axes, (name, unit, metrics) in zip(figure.subplots(2, 2).flat, panels, strict=True):
            for metric, colour in metrics:
                named = f"{metric} " if len(metrics) > 1 else ""
                for place, (seed, history) in enumerate(sorted(histories.items())):
                    first, epochs = place == 0, history["epoch"]
                    values = history[f"validation_{metric}"]
                    axes.plot(
                        epochs, history[f"train_{metric}"], color=colour, alpha=0.35, linewidth=0.9, linestyle="--",
                        label=f"{named}training" if first else "_other seed",
                    )  # fmt: skip
                    axes.plot(
                        epochs, values, color=colour, alpha=0.85, linewidth=1.1,
                        label=f"{named}validation" if first else "_other seed",
                    )  # fmt: skip
                    best = best_epochs[seed]
                    at_best = values[epochs == best]
                    axes.plot([best] * len(at_best), at_best, "o", color=VERMILLION, markersize=4,
                              label="best epoch" if first and metric == metrics[-1][0] else "_other seed")  # fmt: skip
            axes.set_title(name)
            axes.set_xlabel("epoch")
            axes.set_ylabel(unit)
            axes.grid(color="0.92", linewidth=0.6)
            if len(metrics) > 1:
                # From zero on, so that the legend has room below the curves.
                axes.set_ylim(0, 1.02)
            axes.legend(
                fontsize=7, loc="upper right" if name == "loss" else "lower right", ncols=len(metrics), **_LEGEND
            )
        seeds = ", ".join(str(seed) for seed in sorted(histories))
        figure.suptitle(f"{title}: seeds {seeds}" if len(histories) > 1 else f"{title}: seed {seeds}", fontsize=11)
    return figure
