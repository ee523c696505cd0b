"""How the strategies of a transfer look and in which order they stand: the same in every figure."""

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.config.sources import NO_SOURCE
from lightmill.config.transfer import ALONE, AS_IT_IS
from lightmill.figures import BLUE, GREEN, GREY, ORANGE, PURPLE, VERMILLION


class Style(NamedTuple):
    """Name, colour and marker of a strategy."""

    name: str
    colour: str
    marker: str


# From the simplest to the least simple.
STYLES: dict[str, Style] = {
    AS_IT_IS: Style("baseline (zero-shot)", GREY, "D"),
    ALONE: Style("from scratch", GREEN, "s"),
    "frozen": Style("frozen early layers", ORANGE, "^"),
    "fine_tuned": Style("fine-tuned", BLUE, "o"),
    "gradual": Style("gradual", PURPLE, "v"),
    "joint": Style("joint training", VERMILLION, "P"),
}
# Share of an axis that a number of labels takes.
_TICK_WIDTH = 0.1
METRICS = {"average_precision": "Average precision", "roc_auc": "ROC-AUC"}


def strategies_of(table: pd.DataFrame) -> list[str]:
    """The strategies of a table, in the order of STYLES."""
    return [strategy for strategy in STYLES if (table["strategy"] == strategy).any()]


def sources_of(table: pd.DataFrame) -> list[str]:
    """The sources of a table in the order in which they come; `none` only where there is no other."""
    sources = [str(source) for source in dict.fromkeys(table["source"])]
    return [source for source in sources if source != NO_SOURCE] or sources


def of_source(table: pd.DataFrame, source: str) -> pd.DataFrame:
    """The rows of one source, and those that use none: they stand beside each."""
    return table[table["source"].isin([source, NO_SOURCE])]


def percent(share: float) -> str:
    """A share as a percentage with no more digits than it needs."""
    return f"{100 * share:.4g} %"


def explain(figure: Figure, handles: Sequence[Artist], text: str, columns: int) -> None:
    """Put a legend below the panels, and above its entries what is to be known of the figure."""
    legend = figure.legend(
        handles=handles, loc="outside lower center", ncols=columns, fontsize=8, frameon=False, title=text
    )
    legend.get_title().set(fontsize=8, multialignment="center")


def set_label_axis(axes: Axes, labels: pd.Series) -> set[float]:
    """Make x a logarithmic axis of numbers of labels, with a tick for each fraction that `labels` is indexed by.

    Returned are the numbers that are written: those that would run into their right neighbour are not.
    """
    low, high = float(labels.min()) / 1.3, float(labels.max()) * 1.3
    apart = (high / low) ** _TICK_WIDTH
    names: dict[float, str] = {}
    left = float("inf")
    for share, count in labels.sort_values(ascending=False).items():
        fits = count * apart <= left
        names[count] = f"{count:,.0f}\n{percent(float(share))}" if fits else ""  # type: ignore[arg-type]
        left = count if fits else left
    axes.set_xscale("log")
    axes.set_xticks(sorted(names), [names[count] for count in sorted(names)])
    axes.minorticks_off()
    axes.tick_params(axis="x", labelsize=7)
    axes.set_xlim(low, high)
    return {count for count, name in names.items() if name}


def labels_by_fraction(table: pd.DataFrame) -> pd.Series:
    """Numbers of target labels by fraction, increasing; without the fraction of no labels at all."""
    learned = table[table["fraction"] > 0]
    return learned.groupby("fraction")["n_labels"].mean().sort_index()
