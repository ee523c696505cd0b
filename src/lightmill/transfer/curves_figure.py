"""The figure of learning curves: how good each strategy is by the number of target labels that it learns from."""

from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.config.transfer import AS_IT_IS
from lightmill.figures import STYLE, save_figure
from lightmill.transfer.grid import MEAN
from lightmill.transfer.styles import (
    METRICS,
    STYLES,
    explain,
    labels_by_fraction,
    of_source,
    percent,
    set_label_axis,
    sources_of,
    strategies_of,
)


def draw_learning_curves(path: str | Path, *, results: pd.DataFrame, curves: pd.DataFrame, confidence: float) -> None:
    """Draw average precision and ROC-AUC against the number of target labels, as PNG.

    Parameters
    ----------
    results
        Rows of `transfer_results.csv`: of those of seed `mean` each draw is a faint dot.
    curves
        Rows of `curves.csv`: lines and bands; `zero_shot`, which learns from no labels, is level.
    confidence
        Coverage of the bands.
    """
    about = results.iloc[0]
    with rc_context(STYLE):
        figure = curves_figure(curves, results[results["seed"].astype(str) == MEAN], confidence)
        figure.suptitle(
            f"To {about['target']}, task “{about['task']}”: {about['n_test']:,} signals to test on, "
            f"{about['n_test_positives']:,} of them positive",
            fontsize=10,
        )
    save_figure(path, figure, style=STYLE)


def curves_figure(curves: pd.DataFrame, draws: pd.DataFrame, confidence: float) -> Figure:
    """A column of panels for each source, a row for each of METRICS; `draws` are the rows of seed `mean`."""
    sources, strategies = sources_of(curves), strategies_of(curves)
    figure = Figure(figsize=(max(6.4, 5.2 * len(sources)), 7.6), layout="constrained")
    panels = figure.subplots(len(METRICS), len(sources), squeeze=False, sharey="row")
    for column, source in enumerate(sources):
        shown, dots = of_source(curves, source), of_source(draws, source)
        for axes, (metric, name) in zip(panels[:, column], METRICS.items(), strict=True):
            for strategy in strategies_of(shown):
                rows = shown[(shown["strategy"] == strategy) & (shown["metric"] == metric)]
                if strategy == AS_IT_IS:
                    _draw_level(axes, rows.iloc[0])
                else:
                    beside = 1.035 ** (strategies.index(strategy) - (len(strategies) - 1) / 2)
                    dodge = beside if len(rows) == 1 else 1.0
                    _draw_line(axes, rows, strategy, dodge)
                    single, colour = dots[dots["strategy"] == strategy], STYLES[strategy].colour
                    axes.scatter(single["n_labels"] * dodge, single[metric], s=11, color=colour, alpha=0.4, lw=0)
            _finish(axes, shown, name if column == 0 else "")
        panels[0, column].set_title(f"from {source}")
    handles = [
        panels[0, 0].plot([], [], color=STYLES[name].colour, marker=_marker(name), label=STYLES[name].name)[0]
        for name in strategies
    ]
    columns = len(strategies) if len(sources) > 1 else min(3, len(strategies))
    text = (
        "Target labels that are learned from, and their share of all there are.\n"
        f"Lines: mean of the draws. Bands: {percent(confidence)} interval. Dots: single draws."
    )
    explain(figure, handles, text, columns)
    return figure


def _marker(strategy: str) -> str:
    return "" if strategy == AS_IT_IS else STYLES[strategy].marker


def _draw_level(axes: Axes, row: pd.Series) -> None:
    """A strategy that needs no labels: a level line across the panel with its band."""
    colour = STYLES[row["strategy"]].colour
    axes.axhspan(row["low"], row["high"], color=colour, alpha=0.15, lw=0)
    axes.axhline(row["value"], color=colour, linewidth=1.4)


def _draw_line(axes: Axes, rows: pd.DataFrame, strategy: str, dodge: float) -> None:
    """A line with its band; a single point, which has no band, gets a bar, moved beside those of the others."""
    rows = rows.sort_values("n_labels")
    colour, marker = STYLES[strategy].colour, STYLES[strategy].marker
    if len(rows) == 1:
        row = rows.iloc[0]
        axes.vlines(row["n_labels"] * dodge, row["low"], row["high"], color=colour, linewidth=1.4)
        axes.plot(row["n_labels"] * dodge, row["value"], marker=marker, color=colour, markersize=5)
        return
    axes.fill_between(rows["n_labels"], rows["low"], rows["high"], color=colour, alpha=0.13, lw=0)
    axes.plot(rows["n_labels"], rows["value"], color=colour, marker=marker, markersize=4.5, linewidth=1.4)


def _finish(axes: Axes, shown: pd.DataFrame, name: str) -> None:
    labels = labels_by_fraction(shown)
    if len(labels):
        set_label_axis(axes, labels)
    else:
        axes.set_xticks([])
    axes.set_ylabel(name)
    axes.grid(color="0.92", linewidth=0.6)
