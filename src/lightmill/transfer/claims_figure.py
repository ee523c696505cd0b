"""The figure of the claims: what each is judged by, with its verdict."""

from collections.abc import Hashable, Mapping
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.figures import GREY, STYLE, save_figure
from lightmill.transfer.claims import (
    CLAIMS,
    FROZEN_SUFFICES,
    GAIN,
    JOINT_WINS,
    MARGIN,
    MOST_AT_SIZE,
    SIZES,
    SUMMARY,
    WITH_BEST,
)
from lightmill.transfer.styles import STYLES, explain, percent, set_label_axis

# Characters in a line of a panel's title.
_WIDTH = 44
# What a panel shows, below its name.
_MEASURES = {
    JOINT_WINS: "joint training less the best other (filled),\nless from scratch (open)",
    FROZEN_SUFFICES: "frozen less the best other (filled),\nless fine-tuned (open)",
    MOST_AT_SIZE: "the best transfer less from scratch;\nshaded: 10 to 20 % of the source's size",
}


def draw_claims(path: str | Path, *, claims: pd.DataFrame, confidence: float) -> None:
    """Draw each claim of `check_claims` as a panel with its verdict, a line of panels for each source, as PNG.

    `confidence` is the coverage of the intervals.
    """
    with rc_context(STYLE):
        figure = claims_figure(claims, confidence)
    save_figure(path, figure, style=STYLE)


def claims_figure(claims: pd.DataFrame, confidence: float) -> Figure:
    """A panel for each of CLAIMS and each source: differences in average precision against numbers of labels.

    The colour of a dot tells the other strategy of the difference; of MOST_AT_SIZE the one whose gain it is.
    """
    sources = list(dict.fromkeys(claims["source"])) or [""]
    figure = Figure(figsize=(13.0, (3.9 if len(sources) > 1 else 3.7) * len(sources) + 1.1), layout="constrained")
    panels = figure.subplots(len(sources), len(CLAIMS), squeeze=False)
    for line, source in zip(panels, sources, strict=True):
        for axes, claim in zip(line, CLAIMS, strict=True):
            rows = claims[(claims["source"] == source) & (claims["claim"] == claim)]
            _draw(axes, claim, rows)
            named = f"\nfrom {source}" if len(sources) > 1 else ""
            title = fill(f"{claim[:1].upper()}{claim[1:]}:", _WIDTH)
            axes.set_title(f"{title}\n{_verdict(rows)}{named}", fontsize=9.5, fontweight="bold")
            axes.set_ylabel(_MEASURES[claim], fontsize=7.5)
    seen = {_coloured(row) for row in _by_fraction(claims).to_dict("records")}
    handles = [
        panels[0, 0].plot([], [], "o", color=STYLES[name].colour, label=STYLES[name].name)[0]
        for name in STYLES
        if name in seen
    ]
    text = (
        f"Differences in average precision with {percent(confidence)} intervals, against numbers of target labels. "
        f"The best is chosen by its value on the test split, which favours it.\n"
        "Colours: what is subtracted; on the right whose gain it is. Arrow heads: differences beyond the edge."
    )
    explain(figure, handles, text, len(STYLES))
    return figure


def _by_fraction(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["measure"] != SUMMARY]


def _verdict(rows: pd.DataFrame) -> str:
    summary = rows[rows["measure"] == SUMMARY]
    return str(summary["verdict"].iloc[0]) if len(summary) else "not asked"


def _coloured(row: Mapping[Hashable, Any]) -> str:
    """The strategy whose colour a row has."""
    return str(row["strategy"] if row["claim"] == MOST_AT_SIZE else row["other"])


def _draw(axes: Axes, claim: str, rows: pd.DataFrame) -> None:
    shown = _by_fraction(rows)
    if shown.empty:
        text = "no fraction to judge it by" if len(rows) else "the study lacks the strategies"
        axes.text(0.5, 0.5, text, ha="center", va="center", color=GREY, transform=axes.transAxes)
        axes.set_xticks([])
        axes.set_yticks([])
        return
    written = set_label_axis(axes, shown.groupby("fraction")["n_labels"].mean().sort_index())
    _draw_guides(axes, claim, shown)
    decisive = shown["measure"].isin([WITH_BEST, GAIN])
    bottom, top = _limits(shown[decisive])
    axes.set_ylim(bottom, top)
    for row, filled in zip(shown.to_dict("records"), decisive, strict=True):
        place = row["n_labels"] * (1.0 if filled else 1.07)
        colour = STYLES[_coloured(row)].colour
        if not bottom < row["value"] < top:
            _point_beyond(axes, place, row["value"], row["n_labels"] in written, colour)
            continue
        axes.vlines(place, row["low"], row["high"], color=colour, linewidth=1.5, zorder=2)
        axes.plot(place, row["value"], "o", color=colour, markersize=5, markerfacecolor=colour if filled else "white")
    axes.grid(axis="y", color="0.92", linewidth=0.6)


def _draw_guides(axes: Axes, claim: str, shown: pd.DataFrame) -> None:
    """What differences are held against: zero, MARGIN where it counts, and SIZES."""
    axes.axhline(0, color="black", linewidth=0.9, zorder=1)
    if claim == FROZEN_SUFFICES:
        axes.axhline(-MARGIN, color=GREY, linestyle=":", linewidth=1.1, zorder=1)
        axes.annotate(
            f"−{MARGIN:g}: worse by less suffices", (1, -MARGIN), xycoords=("axes fraction", "data"),
            xytext=(0, -2), textcoords="offset points", fontsize=7, color="0.35", ha="right", va="top",
        )  # fmt: skip
    if claim == MOST_AT_SIZE:
        n_source = float((shown["n_labels"] / shown["ratio"]).iloc[0])
        limits = axes.get_xlim()
        axes.axvspan(SIZES[0] * n_source, SIZES[1] * n_source, color="0.88", lw=0, zorder=0)
        axes.set_xlim(limits)


def _limits(decisive: pd.DataFrame) -> tuple[float, float]:
    """Ends of the y axis: room for the intervals that decide, for zero and for MARGIN, and a third more each way."""
    low, high = np.nanmin([*decisive["low"], -MARGIN]), np.nanmax([*decisive["high"], MARGIN])
    return low - 0.3 * (high - low), high + 0.3 * (high - low)


def _point_beyond(axes: Axes, place: float, value: float, written: bool, colour: str) -> None:
    """An arrow head at the edge, and the value of a dot that lies beyond it, if there is room."""
    up = value > 0
    at: Any = {"transform": axes.get_xaxis_transform(), "color": colour}
    axes.plot(place, 0.975 if up else 0.025, "^" if up else "v", markersize=5, markerfacecolor="white", **at)
    if written:
        level, side = (0.94, "top") if up else (0.06, "bottom")
        axes.text(place, level, f"{value:+.2f}".replace("-", "−"), ha="center", va=side, fontsize=7, **at)
