"""The figure that compares transfer strategies."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.figures import BLUE, GREEN, ORANGE, save_figure

STYLES = {
    "zero_shot": ("baseline\n(zero-shot)", "#999999"),
    "frozen": ("frozen\nearly layers", ORANGE),
    "fine_tuned": ("fine-tuned", BLUE),
    "from_scratch": ("from scratch", GREEN),
}
PANELS = {"average_precision": "Average precision", "roc_auc": "ROC-AUC"}


def draw_comparison(path: str | Path, table: pd.DataFrame, positives: float, confidence: float) -> None:
    """Draw average precision and ROC-AUC of each strategy as PNG.

    Parameters
    ----------
    table
        Rows of `transfer_results.csv`: bars and intervals are those of seed `mean`, points the single seeds.
    positives
        Share of positives in the test split: the average precision of guessing.
    confidence
        Coverage of the intervals.
    """
    figure = Figure(figsize=(9.0, 4.6), layout="constrained")
    for axes, (metric, title), chance in zip(figure.subplots(1, 2), PANELS.items(), (positives, 0.5), strict=True):
        _draw_panel(axes, table, metric, chance)
        axes.set_title(title)
    first = table.iloc[0]
    labels = int(table["n_labels"].max())
    figure.suptitle(
        f"{first['source']} to {first['target']}, task “{first['task']}”: "
        f"{labels:,} target labels to learn from, {first['n_test']:,} to test on"
    )
    figure.supxlabel(
        f"Bars: mean probability of the seeds, with {confidence:.0%} interval by group. Points: single seeds. "
        "Dotted: guessing.",
        fontsize="small",
    )
    save_figure(path, figure)


def _draw_panel(axes: Axes, table: pd.DataFrame, metric: str, chance: float) -> None:
    strategies = list(dict.fromkeys(table["strategy"]))
    for place, strategy in enumerate(strategies):
        rows = table[table["strategy"] == strategy]
        mean = rows[rows["seed"] == "mean"].iloc[0]
        value, low, high = mean[metric], mean[f"{metric}_low"], mean[f"{metric}_high"]
        axes.bar(place, value, width=0.62, color=STYLES[strategy][1], zorder=2)
        axes.vlines(place, low, high, color="black", linewidth=1.4, zorder=4)
        axes.hlines([low, high], place - 0.08, place + 0.08, color="black", linewidth=1.4, zorder=4)
        single = rows.loc[rows["seed"] != "mean", metric]
        beside = place + np.linspace(0.14, 0.26, len(single))
        axes.scatter(beside, single, s=22, facecolor="white", edgecolor="black", linewidth=0.9, zorder=5)
        axes.text(
            place,
            np.nanmax([value, high, *single]) + 0.02,
            f"{value:.3f}",
            ha="center",
            va="bottom",
            fontsize="medium",
            zorder=6,
        )
    axes.axhline(chance, color="black", linestyle=":", linewidth=1.2, zorder=3)
    axes.set_xticks(range(len(strategies)), [STYLES[strategy][0] for strategy in strategies])
    axes.set_ylim(0, 1.08)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.grid(axis="y", color="#dddddd", linewidth=0.8, zorder=0)
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(axis="x", length=0)
