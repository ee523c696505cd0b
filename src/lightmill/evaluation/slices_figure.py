"""Figure of recall and of false calls over slices of the test split."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.evaluation.slices import ALL, VERDICT
from lightmill.figures import BLUE, GREY, STYLE, VERMILLION

_TITLES = {
    "period_d": "period (d)",
    "snr": "S/N",
    "depth_ppm": "depth (ppm)",
    "duration_h": "duration (h)",
    "disposition": "disposition",
    VERDICT: "false-positive flag",
}
# From so many letters on, names of slices are turned.
_LONG = 34


def slices_figure(slices: pd.DataFrame, names: Sequence[str], title: str) -> Figure:
    """Panels for each of the numbers that are known, for dispositions and for the catalog's flags.

    `slices` as `lightmill.evaluation.slices.recall_by` gives them. Blue: the share of the positives that is called so
    (recall); vermillion: the share of the negatives that is called positive; bars are intervals, numbers above say of
    how many signals. `names` are those of the negative and the positive class.
    """
    shown = [by for by in _TITLES if (slices["by"] == by).any()]
    columns = 2 if len(shown) > 1 else 1
    lines = -(-len(shown) // columns)
    with rc_context(STYLE):
        figure = Figure(figsize=(5.2 * columns, 2.9 * lines + 0.9), layout="constrained")
        panels = figure.subplots(lines, columns, squeeze=False).ravel()
        for axes, by in zip(panels, shown, strict=False):
            _draw(axes, slices[slices["by"] == by], _TITLES[by])
        for axes in panels[len(shown) :]:
            axes.axis("off")
        whole = slices[slices["by"] == ALL].iloc[0]
        handles = [
            panels[0].plot([], [], "o", color=colour, markersize=5, label=label)[0]
            for colour, label in (
                (BLUE, f"share of {names[1]} called so: {whole['recall']:.3f} of all"),
                (VERMILLION, f"share of {names[0]} called {names[1]}: {whole['false_positive_rate']:.3f} of all"),
            )
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=columns, fontsize=8, frameon=False)
        figure.suptitle(title, fontsize=10)
    return figure


def _draw(axes: Axes, rows: pd.DataFrame, name: str) -> None:
    """One panel: recall to the left of each slice's place, false calls to the right of it."""
    negatives = rows["n"] - rows["n_positives"]
    for share, count, colour, shift, height in (
        ("recall", rows["n_positives"], BLUE, -0.12, 1.07),
        ("false_positive_rate", negatives, VERMILLION, 0.12, 1.15),
    ):
        known = rows[share].notna().to_numpy()
        place = np.flatnonzero(known) + shift
        value = rows.loc[known, share].to_numpy()
        ends: Any = [value - rows.loc[known, f"{share}_low"], rows.loc[known, f"{share}_high"] - value]
        axes.errorbar(place, value, yerr=np.maximum(ends, 0), fmt="o", color=colour, markersize=4, elinewidth=1.1)
        for x, number in enumerate(count):
            axes.text(x, height, f"{number:,}", color=colour, fontsize=6.5, ha="center", va="center")
    labels = rows["slice"].tolist()
    turned = sum(map(len, labels)) > _LONG
    axes.set_xticks(range(len(labels)), labels, rotation=30 if turned else 0, ha="right" if turned else "center")
    axes.tick_params(axis="x", labelsize=7.5)
    axes.set_xlim(-0.6, len(labels) - 0.4)
    axes.set_ylim(-0.03, 1.2)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0])
    axes.axhline(1, color=GREY, linewidth=0.5)
    axes.grid(axis="y", color="0.92", linewidth=0.6)
    axes.set_xlabel(name)
    axes.set_ylabel("share called positive")
