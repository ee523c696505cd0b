"""What the catalogs hold, drawn: to look at before believing any label."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from numpy.typing import NDArray

from lightmill.catalogs.signals import LABELS, read_signals
from lightmill.figures import save_figure
from lightmill.targets import MISSIONS

_PALETTE = sns.color_palette("colorblind")
LABEL_COLOURS = {"planet": _PALETTE[0], "not_planet": _PALETTE[1], "unknown": (0.6, 0.6, 0.6)}
LABEL_NAMES = {"planet": "planet", "not_planet": "not a planet", "unknown": "unknown"}
LABEL_LINES: dict[str, Literal["-", "--", ":"]] = {"planet": "-", "not_planet": "--", "unknown": ":"}
MISSION_COLOURS = {"Kepler": _PALETTE[2], "K2": _PALETTE[4], "TESS": (0.45, 0.45, 0.45)}

# Column, axis label, range drawn; what lies outside stands in the outermost bin.
QUANTITIES = (
    ("period_d", "Period (d)", (0.1, 1000.0)),
    ("depth_ppm", "Depth (ppm)", (10.0, 1e6)),
    ("duration_h", "Duration (h)", (0.3, 100.0)),
    ("radius_rearth", "Radius (Earth radii)", (0.1, 300.0)),
)
_BINS = 40
_FEWEST = 10
_DPI = 110
_STYLE: dict[str, Any] = {"axes.grid": True, "grid.color": "0.9", "axes.axisbelow": True, "axes.titlesize": 11}


def explore_catalogs(
    tables: Mapping[str, str | Path],
    labels: str | Path,
    *,
    dispositions: str | Path,
    distributions: str | Path,
    missions: str | Path,
    sky: str | Path,
) -> None:
    """Draw the four figures from the as-read tables (by kind) and the labelled signal table, as PNG."""
    read = {name: read_signals(path) for name, path in sorted(tables.items())}
    signals = read_signals(labels)
    with sns.axes_style("ticks", rc=_STYLE):
        save_figure(dispositions, draw_dispositions(read), _DPI)
        save_figure(distributions, draw_distributions(signals), _DPI)
        save_figure(missions, draw_missions(signals), _DPI)
        save_figure(sky, draw_sky(signals), _DPI)


def draw_dispositions(tables: Mapping[str, pd.DataFrame]) -> Figure:
    """How many signals each table has of each disposition, and what label the policy makes of it."""
    columns = min(4, max(1, len(tables)))
    rows = max(1, -(-len(tables) // columns))
    figure = Figure(figsize=(3.6 * columns, 0.7 + 2.5 * rows), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, (name, table) in zip(axes, sorted(tables.items()), strict=False):
        _bars_by_disposition(axis, table)
        axis.set_title(f"{name}: {len(table):,} signals")
    for axis in axes[len(tables) :]:
        axis.set_axis_off()
    _label_legend(figure, filled=True)
    return figure


def _bars_by_disposition(axis: Axes, table: pd.DataFrame) -> None:
    counts = table.groupby([table["disposition"].replace("", "(none)"), "label"]).size().unstack(fill_value=0)
    counts = counts.reindex(columns=list(LABELS), fill_value=0)
    counts = counts.loc[counts.sum(axis=1).sort_values(kind="stable").index]
    start = np.zeros(len(counts))
    for label in LABELS:
        axis.barh(counts.index, counts[label], left=start, color=LABEL_COLOURS[label])
        start += counts[label].to_numpy()
    for place, total in enumerate(start):
        axis.annotate(f"{int(total):,}", (total, place), (3, 0), textcoords="offset points", va="center", fontsize=8)
    axis.set_xlim(0, 1.25 * max(start, default=1))
    axis.tick_params(labelsize=8)
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axis.grid(visible=False, axis="y")
    axis.set_xlabel("Signals", fontsize=9)
    sns.despine(ax=axis)


def draw_distributions(signals: pd.DataFrame) -> Figure:
    """Period, depth, duration and radius by label: a row for each mission, each label normalised by itself."""
    present = _present(signals)
    figure = Figure(figsize=(14, 0.8 + 2.7 * len(present)), layout="constrained")
    axes = figure.subplots(len(present), len(QUANTITIES), squeeze=False, sharex="col")
    for row, mission in zip(axes, present, strict=True):
        part = signals.loc[signals["mission"] == mission]
        for axis, (column, name, limits) in zip(row, QUANTITIES, strict=True):
            for label in LABELS:
                _draw_shares(axis, part.loc[part["label"] == label, column].to_numpy(np.float64), limits, label)
            axis.set(xscale="log", xlim=limits, xlabel=name)
            axis.set_ylim(bottom=0)
            _say_if_empty(axis, part[column] > 0)
            sns.despine(ax=axis)
        row[0].set_ylabel(f"{mission}\nShare of the label's signals (%)")
    _label_legend(figure)
    return figure


def _draw_shares(axis: Axes, values: NDArray[np.float64], limits: tuple[float, float], label: str) -> None:
    """A step histogram over logarithmic bins, in per cent of the values that are known; none for a handful of them."""
    edges = np.geomspace(*limits, _BINS + 1)
    known = values[values > 0]
    if len(known) >= _FEWEST:
        share = 100 * np.histogram(np.clip(known, *limits), edges)[0] / len(known)
        axis.stairs(share, edges, color=LABEL_COLOURS[label], linestyle=LABEL_LINES[label], linewidth=1.6)


def _say_if_empty(axis: Axes, known: pd.Series) -> None:
    if not known.any():
        axis.annotate("none given", (0.5, 0.5), xycoords="axes fraction", ha="center", color="0.4")


def draw_missions(signals: pd.DataFrame) -> Figure:
    """Period against depth and against radius, missions side by side; planets on top, what lies outside left out."""
    present = _present(signals)
    figure = Figure(figsize=(0.6 + 4.6 * len(present), 9), layout="constrained")
    axes = figure.subplots(2, len(present), squeeze=False, sharex=True, sharey="row")
    period, depth, _, radius = QUANTITIES
    for column, mission in enumerate(present):
        part = signals.loc[signals["mission"] == mission]
        for row, (name, title, limits) in enumerate((depth, radius)):
            axis = axes[row, column]
            shown = part.loc[part["period_d"].between(*period[2]) & part[name].between(*limits)]
            for label in ("not_planet", "unknown", "planet"):
                of_label = shown.loc[shown["label"] == label]
                axis.scatter(
                    of_label["period_d"],
                    of_label[name],
                    s=4 if len(shown) > 3000 else 12,
                    color=LABEL_COLOURS[label],
                    alpha=0.6 if label == "planet" else 0.35,
                    linewidths=0,
                    rasterized=True,
                )
            axis.set(xscale="log", yscale="log", xlim=period[2], ylim=limits)
            axis.set_title(f"{mission}: {len(shown):,} of {len(part):,} signals")
            axis.set_xlabel(period[1])
            axis.set_ylabel(title if column == 0 else "")
            _say_if_empty(axis, part[name] > 0)
            sns.despine(ax=axis)
    _label_legend(figure, filled=True)
    return figure


def draw_sky(signals: pd.DataFrame) -> Figure:
    """Where the targets are: equatorial coordinates, Mollweide's projection, right ascension growing to the left."""
    targets = signals.dropna(subset=["ra_deg", "dec_deg"]).drop_duplicates("target_id")
    figure = Figure(figsize=(11, 6.2), layout="constrained")
    axis = figure.add_subplot(projection="mollweide")
    handles: list[Artist] = []
    for mission in reversed(MISSIONS):
        part = targets.loc[targets["mission"] == mission]
        if part.empty:
            continue
        ra = -np.radians((part["ra_deg"] + 180) % 360 - 180)
        axis.scatter(
            ra,
            np.radians(part["dec_deg"]),
            s=3,
            color=MISSION_COLOURS[mission],
            alpha=0.5,
            linewidths=0,
            rasterized=True,
        )
        named = f"{mission}: {len(part):,} targets"
        handles.insert(0, Line2D([], [], marker="o", linestyle="none", color=MISSION_COLOURS[mission], label=named))
    axis.set_xticks(np.radians(np.arange(-150, 180, 30)), [f"{-hour % 24} h" for hour in range(-10, 12, 2)], fontsize=8)
    axis.set_xlabel("Right ascension (h)")
    axis.set_ylabel("Declination (deg)")
    axis.grid(visible=True, color="0.85")
    missing = signals["target_id"].nunique() - len(targets)
    figure.suptitle(f"Targets with a known place ({missing:,} others have none in these tables)", fontsize=11)
    figure.legend(handles=handles, loc="outside lower center", ncols=len(MISSIONS), frameon=False)
    return figure


def _present(signals: pd.DataFrame) -> list[str]:
    """The missions that the signals are of, in the usual order; all of them if there is no signal at all."""
    return [mission for mission in MISSIONS if (signals["mission"] == mission).any()] or list(MISSIONS)


def _label_legend(figure: Figure, *, filled: bool = False) -> None:
    handles: list[Artist] = [
        Patch(color=LABEL_COLOURS[label], label=LABEL_NAMES[label])
        if filled
        else Line2D([], [], color=LABEL_COLOURS[label], linestyle=LABEL_LINES[label], label=LABEL_NAMES[label])
        for label in LABELS
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=len(LABELS), frameon=False)
