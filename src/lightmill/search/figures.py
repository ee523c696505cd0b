"""Figures of what a search found."""

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from lightmill.figures import BLUE, STYLE, VERMILLION
from lightmill.search.pileups import PeriodHistogram


def period_figure(histogram: PeriodHistogram, title: str) -> Figure:
    """The histogram of the signals' periods: all, those without a flag, and those in piles."""
    with rc_context(STYLE):
        figure = Figure(figsize=(6.4, 3.6), layout="constrained")
        axes = figure.subplots()
        edges_d = histogram.edges_d
        axes.stairs(histogram.signals, edges_d, color=BLUE, label="all")
        axes.stairs(histogram.signals - histogram.flagged, edges_d, fill=True, color=BLUE, alpha=0.35, label="no flag")
        axes.stairs(histogram.piled, edges_d, fill=True, color=VERMILLION, label="in a pile")
        axes.set_xscale("log")
        axes.set_ylim(0, 1.08 * max(int(np.max(histogram.signals, initial=0)), 1))
        axes.set_xlabel("period (d)")
        axes.set_ylabel("signals")
        axes.set_title(title)
        axes.legend(frameon=False)
    return figure
