"""Figure of paired differences: a dot with its interval for each pair of models, beside a line at zero."""

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from lightmill.evaluation.paired import LESS_IS_BETTER
from lightmill.figures import BLUE, GREY, STYLE

PANELS = {"average_precision": "average precision", "roc_auc": "ROC-AUC", "brier": "Brier score"}


def comparison_figure(differences: pd.DataFrame, confidence: float, title: str) -> Figure:
    """Panels of PANELS with a line for each pair in `differences` (`paired.DIFFERENCE_COLUMNS`), in their order.

    To the right of zero the first model of a pair is better: the Brier score, of which less is better, is drawn with
    the other sign. Filled dots: the interval of `confidence` does not hold zero.
    """
    pairs = list(dict.fromkeys(zip(differences["model"], differences["other"], strict=True)))
    if not pairs:
        return _nothing_to_compare(title)
    with rc_context(STYLE):
        figure = Figure(figsize=(9.5, 1.9 + 0.32 * len(pairs)), layout="constrained")
        panels = figure.subplots(1, len(PANELS), sharey=True)
        for axes, (metric, name) in zip(panels, PANELS.items(), strict=True):
            rows = differences[differences["metric"] == metric].set_index(["model", "other"])
            sign = -1.0 if metric in LESS_IS_BETTER else 1.0
            for place, pair in enumerate(pairs):
                row = rows.loc[pair]
                ends = np.sort([sign * row["low"], sign * row["high"]])
                axes.hlines(place, *ends, color=BLUE, linewidth=1.4)
                face = BLUE if row["excludes_zero"] else "white"
                dot = sign * row["difference"]
                axes.plot(dot, place, "o", color=BLUE, markerfacecolor=face, markersize=5, zorder=3)
            axes.axvline(0, color=GREY, linestyle=":", linewidth=1)
            axes.set_title(name)
            axes.set_xlabel("difference, sign turned" if sign < 0 else "difference")
            axes.grid(axis="x", color="0.92", linewidth=0.6)
            axes.margins(x=0.12)
            axes.locator_params(axis="x", nbins=5)
        panels[0].set_yticks(range(len(pairs)), [f"{model} − {other}" for model, other in pairs])
        panels[0].set_ylim(len(pairs) - 0.4, -0.6)
        figure.suptitle(title, fontsize=10)
        figure.supxlabel(
            f"Right of zero: the first is better. Bars: {confidence:.0%} interval by group, paired. "
            "Filled: it does not hold zero.",
            fontsize="small",
        )
    return figure


def _nothing_to_compare(title: str) -> Figure:
    """The figure of a dataset of which no number is known that a baseline could be fitted to."""
    with rc_context(STYLE):
        figure = Figure(figsize=(9.5, 1.9), layout="constrained")
        figure.suptitle(title, fontsize=10)
        figure.text(0.5, 0.4, "no baseline to compare with", ha="center", va="center", color=GREY)
    return figure
