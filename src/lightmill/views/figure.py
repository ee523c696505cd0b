"""Figure of one signal's views."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.config.views import ViewSettings
from lightmill.figures import BLUE, GREEN, GREY, ORANGE, STYLE, VERMILLION, save_figure
from lightmill.views.binning import local_bins, local_extent
from lightmill.views.making import SignalViews
from lightmill.views.signal import Signal

_UNITS = {"mad": "flux / scatter", "min": "flux / deepest bin", "depth": "flux / depth"}


def plot_signal_views(path: str | Path, made: SignalViews, signal: Signal, settings: ViewSettings, title: str) -> None:
    """Draw the views that a signal has, one panel each, as PNG; `title` stands above them."""
    panels = [name for name in ("global", "local", *settings.more) if made.present.get(name, True)]
    if {"odd", "even"} <= set(panels):
        panels.remove("even")
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 2.4 * -(-len(panels) // 2) + 0.6), layout="constrained")
        grid = figure.subplots(-(-len(panels) // 2), 2, squeeze=False).ravel()
        for axes, name in zip(grid, panels, strict=False):
            _draw(axes, name, made, signal, settings)
        for axes in grid[len(panels) :]:
            axes.axis("off")
        figure.suptitle(title, fontsize=11)
    save_figure(path, figure, style=STYLE)


def _draw(axes: Axes, name: str, made: SignalViews, signal: Signal, settings: ViewSettings) -> None:
    """One view in its panel."""
    hours = _hours_from_transit(signal, settings)
    axes.set_title(_caption(name, made.numbers), fontsize=8, loc="left")
    axes.set_ylabel(_UNITS[settings.scale], fontsize=7)
    if name == "unfolded":
        _draw_stack(axes, made, hours)
    elif name == "centroid":
        for row, colour, label in ((0, BLUE, "columns"), (1, ORANGE, "rows")):
            _draw_bins(axes, hours, made, "centroid", colour, label, row)
        axes.set_ylabel("offset / scatter", fontsize=7)
        axes.set_xlabel("hours from mid-transit")
        axes.legend(loc="lower right", fontsize=6)
    elif name in ("global", "half_period", "twice_period"):
        bins = made.arrays[name].shape[-1]
        _draw_bins(axes, (np.arange(bins) + 0.5) / bins - 0.5, made, name, BLUE, "")
        axes.set_xlabel({"global": "orbital phase"}.get(name, f"phase of {name.replace('_', ' the ')}"))
    else:
        _draw_bins(axes, hours, made, name, GREEN if name == "secondary" else BLUE, "odd" if name == "odd" else "")
        if name == "odd" and "even" in made.arrays and made.present["even"]:
            _draw_bins(axes, hours, made, "even", VERMILLION, "even")
            axes.legend(loc="lower right", fontsize=6)
        axes.set_xlabel("hours from mid-transit" if name != "secondary" else "hours from the secondary")


def _draw_bins(
    axes: Axes, place: np.ndarray, made: SignalViews, name: str, colour: str, label: str, row: int | None = None
) -> None:
    """One row of bins with the standard error of each, empty bins left out."""
    chosen = slice(None) if row is None else row
    values, scatter, counts = (made.arrays[f"{name}{part}"][chosen] for part in ("", "_scatter", "_count"))
    filled = counts > 0
    error = scatter[filled] / np.sqrt(counts[filled])
    axes.vlines(place[filled], values[filled] - error, values[filled] + error, color=GREY, linewidth=0.4)
    axes.plot(place[filled], values[filled], ".", color=colour, markersize=2.5, label=label)
    axes.axhline(0, color=GREY, linewidth=0.5, zorder=0)


def _draw_stack(axes: Axes, made: SignalViews, hours: np.ndarray) -> None:
    """Single transits, one line each, the first on top."""
    stack = np.ma.masked_where(made.arrays["unfolded_count"] == 0, made.arrays["unfolded"])
    used = np.flatnonzero((made.arrays["unfolded_count"] > 0).any(axis=1))
    last = int(used[-1]) + 1 if used.size else 1
    extent: Any = (hours[0], hours[-1], last, 0)
    axes.imshow(stack[:last], aspect="auto", interpolation="nearest", cmap="viridis", extent=extent)
    axes.set_ylabel("transit", fontsize=7)
    axes.set_xlabel("hours from mid-transit")


def _hours_from_transit(signal: Signal, settings: ViewSettings) -> np.ndarray:
    local = settings.local
    extent = local_extent(signal.period_d, signal.duration_d, local.length, local.durations, local.bin_width_durations)
    return local_bins(local.length, *extent).centre * 24


def _caption(name: str, numbers: dict[str, Any]) -> str:
    """The name of a view and what was measured that it shows."""
    said = {
        "local": f"depth {numbers['depth_ppm']:,.0f} ppm, S/N {numbers['snr']:.1f}",
        "odd": f"odd {numbers['odd_depth_ppm']:,.0f}, even {numbers['even_depth_ppm']:,.0f} ppm, "
        f"{numbers['odd_even_sigma']:.1f} sigma apart",
        "secondary": f"at phase {numbers['secondary_phase']:.3f}: {numbers['secondary_depth_ppm']:,.0f} ppm, "
        f"S/N {numbers['secondary_snr']:.1f}",
        "centroid": f"offset {numbers['centroid_offset_arcsec']:.3f} arcsec, "
        f"{numbers['centroid_offset_sigma']:.1f} sigma",
    }
    label = "odd and even" if name == "odd" else name.replace("_", " ")
    return f"{label}: {said[name]}" if name in said else label
