"""The figure that compares transfer strategies where all target labels are used."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from lightmill.config.sources import NO_SOURCE
from lightmill.config.transfer import ALONE, AS_IT_IS
from lightmill.figures import STYLE, save_figure
from lightmill.transfer.grid import MEAN
from lightmill.transfer.styles import METRICS, STYLES, explain, percent, sources_of, strategies_of

_BAR = 0.62
# Fewer bars than these are drawn no wider.
_FEW_BARS = 4
_BEHIND = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 0.8}
_SCRATCH = (NO_SOURCE, ALONE)


def draw_comparison(path: str | Path, *, results: pd.DataFrame, curves: pd.DataFrame, confidence: float) -> None:
    """Draw average precision and ROC-AUC of each strategy with all target labels, as PNG.

    Parameters
    ----------
    results
        Rows of `transfer_results.csv`: points are those of single seeds. Of the first row are target, task and numbers
        of test signals, which all share.
    curves
        Rows of `curves.csv`: bars and intervals. Drawn is the largest fraction, and `zero_shot`.
    confidence
        Coverage of the intervals.
    """
    sources = sources_of(results)
    about = results.iloc[0]
    chances = (about["n_test_positives"] / about["n_test"], 0.5)
    with rc_context(STYLE):
        figure = comparison_figure(curves, results, chances, confidence)
        labels = int(results["n_labels"].max())
        figure.suptitle(
            f"{', '.join(sources)} to {about['target']}, task “{about['task']}”\n"
            f"{labels:,} target labels to learn from; {about['n_test']:,} signals to test on, "
            f"{about['n_test_positives']:,} of them positive",
            fontsize=10,
        )
    save_figure(path, figure, style=STYLE)


class _Layout(NamedTuple):
    """Where the bar of each source and strategy stands, and what is written below the bars."""

    places: dict[tuple[str, str], float]
    ticks: dict[float, str]


def comparison_figure(
    curves: pd.DataFrame, results: pd.DataFrame, chances: tuple[float, float], confidence: float
) -> Figure:
    """Bars of `curves` at the largest fraction with single seeds of `results` beside them: a panel for each of METRICS.

    With one source the panels stand side by side and each bar has its name; with several the bars stand in groups,
    and `from_scratch`, which is of no source, once, with a line through its value. `chances` are the values of
    guessing, `confidence` is the coverage of the intervals.
    """
    values, points = _largest(curves), _largest(results[results["seed"].astype(str) != MEAN])
    sources, strategies = sources_of(values), strategies_of(values)
    text = (
        f"Bars: mean probability of the seeds, with {percent(confidence)} interval. Points: single seeds. "
        "Dotted: guessing."
    )
    if len(sources) == 1:
        layout = _side_by_side(values)
        figure = Figure(figsize=(max(9.0, 1.9 * len(strategies) + 0.4), 4.6), layout="constrained")
        panels = figure.subplots(1, 2)
        figure.supxlabel(text, fontsize=8)
    else:
        layout = _in_groups(values, sources)
        figure = Figure(figsize=(max(9.0, 0.48 * len(layout.places) + 1.5), 7.2), layout="constrained")
        panels = figure.subplots(2, 1)
        handles = [Patch(color=STYLES[strategy].colour, label=STYLES[strategy].name) for strategy in strategies]
        explain(figure, handles, f"{text} Dashed: from scratch.", len(strategies))
    for axes, metric, chance in zip(panels, METRICS, chances, strict=True):
        rows = values[values["metric"] == metric].set_index(["source", "strategy"])
        for key, place in layout.places.items():
            single = points.loc[(points["source"] == key[0]) & (points["strategy"] == key[1]), metric]
            _draw_bar(axes, place, rows.loc[[key]].iloc[0], single.to_numpy(float), STYLES[key[1]].colour)
        if len(sources) > 1 and _SCRATCH in layout.places:
            level = rows.loc[_SCRATCH, "value"]
            axes.axhline(level, color=STYLES[ALONE].colour, linestyle="--", linewidth=1.0, zorder=1)
        axes.axhline(chance, color="black", linestyle=":", linewidth=1.2, zorder=3)
        axes.set_xticks(list(layout.ticks), list(layout.ticks.values()))
        _finish(axes, METRICS[metric], list(layout.places.values()))
    return figure


def _largest(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the largest fraction, and those of zero_shot, which has none."""
    return table[(table["fraction"] == table["fraction"].max()) | (table["strategy"] == AS_IT_IS)]


def _keys(values: pd.DataFrame) -> list[tuple[str, str]]:
    """Source and strategy of each bar, the strategies in the order of STYLES."""
    known = set(zip(values["source"], values["strategy"], strict=True))
    sources = dict.fromkeys(values["source"])
    return [(source, strategy) for source in sources for strategy in STYLES if (source, strategy) in known]


def _side_by_side(values: pd.DataFrame) -> _Layout:
    keys = sorted(_keys(values), key=lambda key: list(STYLES).index(key[1]))
    places = {key: float(place) for place, key in enumerate(keys)}
    return _Layout(places, {place: STYLES[key[1]].name.replace(" ", "\n", 1) for key, place in places.items()})


def _in_groups(values: pd.DataFrame, sources: list[str]) -> _Layout:
    places: dict[tuple[str, str], float] = {}
    ticks: dict[float, str] = {}
    left = 0.0
    for source in [*sources, NO_SOURCE]:
        group = [key for key in _keys(values) if key[0] == source]
        places |= {key: left + place for place, key in enumerate(group)}
        if group:
            ticks[left + (len(group) - 1) / 2] = "no source" if source == NO_SOURCE else f"from {source}"
        left += len(group) + 0.8
    return _Layout(places, ticks)


def _draw_bar(axes: Axes, place: float, row: pd.Series, single: np.ndarray, colour: str) -> None:
    axes.bar(place, row["value"], width=_BAR, color=colour, zorder=2)
    axes.vlines(place, row["low"], row["high"], color="black", linewidth=1.4, zorder=4)
    axes.hlines([row["low"], row["high"]], place - 0.08, place + 0.08, color="black", linewidth=1.4, zorder=4)
    beside = place + np.linspace(0.14, 0.26, len(single))
    axes.scatter(beside, single, s=18, facecolor="white", edgecolor="black", linewidth=0.8, zorder=5)
    top = np.nanmax([row["value"], row["high"], *single]) + 0.02
    axes.text(place, top, f"{row['value']:.3f}", ha="center", va="bottom", fontsize=8, zorder=6, bbox=_BEHIND)


def _finish(axes: Axes, title: str, places: list[float]) -> None:
    axes.set_title(title)
    middle, half = (places[0] + places[-1]) / 2, max(places[-1] - places[0], _FEW_BARS - 1) / 2
    axes.set_xlim(middle - half - 0.8, middle + half + 0.8)
    axes.set_ylim(0, 1.1)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.grid(axis="y", color="0.88", linewidth=0.8, zorder=0)
    axes.tick_params(axis="x", length=0)
