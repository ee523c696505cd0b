"""The figure of the optimum: which strategy, and which learning rate, is best by the share of labels."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from lightmill.figures import GREY, STYLE, save_figure
from lightmill.transfer.styles import STYLES, explain, labels_by_fraction, of_source, percent, sources_of, strategies_of

_TEXT = """Share of the target's training labels, and their number.
Above: how often each strategy has the highest average precision
when test signals, seeds and draws are drawn again.
Below: the factor on each strategy's learning rate that did best on the validation split."""
# Fewer shares of labels than these are drawn no wider.
_FEW_BARS = 4
# Shares from here on are written into their bar.
_READABLE = 0.12


def draw_optimum(path: str | Path, *, best: pd.DataFrame, rates: pd.DataFrame) -> None:
    """Draw how the best strategy and the best learning rate change with the share of target labels, as PNG.

    Parameters
    ----------
    best
        Rows of `best.csv`: the share of bootstrap samples in which each strategy comes first.
    rates
        Rows of `rates.csv`, of which those that are `chosen` are drawn.
    """
    with rc_context(STYLE):
        figure = optimum_figure(best, rates[rates["chosen"]])
    save_figure(path, figure, style=STYLE)


def optimum_figure(best: pd.DataFrame, chosen: pd.DataFrame) -> Figure:
    """For each source a column: stacked bars of `share_best`, and below them the `rate` of each strategy."""
    both: Any = pd.concat([best[["source", "strategy"]], chosen[["source", "strategy"]]])
    sources, strategies = sources_of(both), strategies_of(both)
    columns = max(1, len(sources))
    figure = Figure(figsize=(max(6.8, 5.4 * columns), 6.8), layout="constrained")
    panels = figure.subplots(2, columns, squeeze=False, sharey="row", height_ratios=(3, 2))
    for column, source in enumerate(sources):
        shares, rates = of_source(best, source), of_source(chosen, source)
        labels = labels_by_fraction(shares)
        fractions = sorted({*labels.index, *rates.loc[rates["fraction"] > 0, "fraction"]})
        _stack(panels[0, column], shares, fractions)
        _draw_rates(panels[1, column], rates, fractions, strategies)
        names = [
            f"{percent(share)}\n{labels[share]:,.0f}" if share in labels else percent(share) for share in fractions
        ]
        for axes in panels[:, column]:
            axes.set_xticks(range(len(fractions)), names, fontsize=7.5)
            middle, half = (len(fractions) - 1) / 2, max(len(fractions), _FEW_BARS) / 2
            axes.set_xlim(middle - half - 0.1, middle + half + 0.1)
        panels[0, column].set_title(f"from {source}")
    panels[0, 0].set_ylabel("share of samples in which it is best")
    panels[1, 0].set_ylabel("factor on the learning rate")
    handles = [panels[0, 0].bar(0, 0, color=STYLES[name].colour, label=STYLES[name].name) for name in strategies]
    if handles:
        wide = len(strategies) if columns > 1 else min(3, len(strategies))
        explain(figure, handles, _TEXT, wide)
    return figure


def _stack(axes: Axes, shares: pd.DataFrame, fractions: list[float]) -> None:
    if shares.empty:
        _say(axes, "only one strategy: nothing to be best of")
    bottom = np.zeros(len(fractions))
    for strategy in strategies_of(shares):
        rows = shares[shares["strategy"] == strategy].set_index("fraction")["share_best"]
        heights = rows.reindex(fractions, fill_value=0.0).to_numpy()
        axes.bar(range(len(fractions)), heights, 0.72, bottom=bottom, color=STYLES[strategy].colour)
        for place, height in enumerate(heights):
            if height < _READABLE:
                continue
            text, ink = percent(round(height, 2)), _ink(STYLES[strategy].colour)
            axes.text(place, bottom[place] + height / 2, text, ha="center", va="center", fontsize=7.5, color=ink)
        bottom += heights
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0", "25 %", "50 %", "75 %", "100 %"])


def _ink(colour: str) -> str:
    """What can be read on a colour."""
    return "white" if np.dot(to_rgb(colour), (0.299, 0.587, 0.114)) < 0.5 else "black"


def _draw_rates(axes: Axes, rates: pd.DataFrame, fractions: list[float], strategies: list[str]) -> None:
    """Lines beside each other, so that strategies of which the same rate was chosen can all be seen."""
    if rates.empty:
        _say(axes, "no strategy that learns")
        return
    for strategy in strategies_of(rates):
        rows = rates[(rates["strategy"] == strategy) & (rates["fraction"] > 0)].sort_values("fraction")
        shift = 0.09 * (strategies.index(strategy) - (len(strategies) - 1) / 2)
        places = [fractions.index(fraction) + shift for fraction in rows["fraction"]]
        style = STYLES[strategy]
        axes.plot(places, rows["rate"], color=style.colour, marker=style.marker, markersize=4.5, linewidth=1.0)
    factors = sorted(set(rates["rate"]))
    axes.set_yscale("log")
    axes.set_yticks(factors, [f"{factor:g}" for factor in factors])
    axes.minorticks_off()
    axes.set_ylim(factors[0] / 1.5, factors[-1] * 1.5)
    axes.grid(axis="y", color="0.92", linewidth=0.6)


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=axes.transAxes)
