"""Figure of explained signals: their views, each bin in the colour of what it adds to the logit."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from lightmill.evaluation.attribution import Attribution
from lightmill.evaluation.samples import caption, hours_from_transit
from lightmill.figures import GREY, STYLE
from lightmill.training.dataset import Dataset

EACH = 2
_COLOURS = "RdBu_r"
_TITLES = {
    "candidate": "no label",
    "wrong": "called wrongly",
    "sure_positive": "positive, and sure of it",
    "sure_negative": "negative, and sure of it",
}


def explanation_figure(data: Dataset, table: pd.DataFrame, found: Attribution) -> Figure:
    """Draw the global and local views of EACH signals of every kind, evenly spaced among those explained.

    `table` has the dataset's `row`, the `kind` and the `probability` of the signals that `found` explains. Colours are
    of each signal's own: red speaks for the positive class, blue against it.
    """
    drawn = np.concatenate([_spaced(np.flatnonzero(table["kind"] == kind)) for kind in pd.unique(table["kind"])])
    scale = Normalize(-1, 1)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 1.75 * len(drawn) + 0.8), layout="constrained")
        grid = figure.subplots(len(drawn), 2, squeeze=False, gridspec_kw={"width_ratios": [3, 2]})
        for line, place in enumerate(drawn):
            row = int(table["row"].iloc[place])
            signal = data.meta.iloc[row]
            largest = max(np.abs(found.arrays[name][place]).max() for name in ("global", "local"))
            bins = np.asarray(data.views["global"][row]).size
            hours = hours_from_transit(signal, data.manifest["description"]["settings"])
            across = {"global": (np.arange(bins) + 0.5) / bins - 0.5, "local": hours}
            for axes, name in zip(grid[line], across, strict=True):
                view, added = np.asarray(data.views[name][row]), found.arrays[name][place] / (largest or 1.0)
                _draw(axes, across[name], view, added, scale)
            kind, probability = table["kind"].iloc[place], table["probability"].iloc[place]
            head = f"{caption(signal)}; {_TITLES[kind]}: probability {probability:.3f}"
            grid[line, 0].set_title(head, fontsize=8, loc="left")
            shown = f"logit {found.logit[place]:.1f}, of flat views {found.flat_logit[place]:.1f}"
            grid[line, 1].set_title(shown, fontsize=8, loc="left")
        grid[-1, 0].set_xlabel("orbital phase")
        grid[-1, 1].set_xlabel("bin of the local view" if hours is None else "hours from mid-transit")
        figure.colorbar(
            ScalarMappable(scale, _COLOURS), ax=grid, shrink=0.5, aspect=40, pad=0.01, location="bottom",
            label="what a bin adds to the logit, over the largest of the signal",
        )  # fmt: skip
        figure.suptitle(f"{data.name}: what speaks for the positive class (red) and against it (blue)", fontsize=11)
    return figure


def _spaced(places: np.ndarray) -> np.ndarray:
    """EACH of these, evenly spaced, neither the first nor the last where there are more."""
    wanted = np.linspace(0, len(places) - 1, min(EACH, len(places)) + 2)[1:-1]
    return places[np.unique(np.round(wanted).astype(int))]


def _draw(axes: Axes, across: np.ndarray | None, view: np.ndarray, added: np.ndarray, scale: Normalize) -> None:
    place = np.arange(len(view)) if across is None else across
    axes.plot(place, view, color=GREY, linewidth=0.5, zorder=1)
    axes.axhline(0, color=GREY, linewidth=0.5, linestyle=":", zorder=0)
    # The bins that matter most on top.
    order = np.argsort(np.abs(added), kind="stable")
    axes.scatter(
        place[order], view[order], c=added[order], s=4 + 26 * np.abs(added[order]), cmap=_COLOURS, norm=scale,
        edgecolors="0.55", linewidths=0.3, zorder=2,
    )  # fmt: skip
