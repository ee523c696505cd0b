"""Figure of what the networks see: the views of some planets and of some signals that are none."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.config.training import TaskLabels
from lightmill.config.views import LocalView
from lightmill.figures import BLUE, GREY, STYLE, VERMILLION, save_figure
from lightmill.training.dataset import Dataset, read_dataset, task_labels
from lightmill.views.binning import local_bins, local_extent
from lightmill.views.signal import Signal

SAMPLES = 4
_SCALE_UNITS = {
    "mad": "flux / scatter of the view",
    "min": "flux / deepest bin",
    "depth": "flux / transit depth",
}


def plot_sample_views(dataset: str | Path, labels: TaskLabels | None, path: str | Path) -> None:
    """Draw the global and local views of SAMPLES positives (left) and as many negatives (right) of a task."""
    data = read_dataset(dataset)
    rows = chosen_rows(data.meta, task_labels(data.meta, labels))
    captions = {int(row): caption(data.meta.iloc[row]) for row in np.concatenate(rows)}
    draw_sides(path, data, rows, captions, title(data, labels))


def draw_sides(
    path: str | Path, data: Dataset, sides: tuple[np.ndarray, np.ndarray], captions: Mapping[int, str], heading: str
) -> None:
    """Draw the global and local views of up to SAMPLES rows of a dataset on the left, and as many on the right.

    `captions` are by row.
    """
    description = data.manifest["description"]
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 2.1 * SAMPLES + 0.6), layout="constrained")
        grid = figure.subplots(SAMPLES, 4, squeeze=False, gridspec_kw={"width_ratios": [3, 2, 3, 2]})
        for first, rows, colour in ((0, sides[0], BLUE), (2, sides[1], VERMILLION)):
            for line in range(SAMPLES):
                pair = grid[line, first], grid[line, first + 1]
                if line < len(rows):
                    row = int(rows[line])
                    _draw_views(pair, data, row, captions[row], colour, _SCALE_UNITS[description["scale"]])
                else:
                    pair[0].axis("off")
                    pair[1].axis("off")
        figure.suptitle(heading, fontsize=11)
    save_figure(path, figure, style=STYLE)


def chosen_rows(meta: pd.DataFrame, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Up to SAMPLES rows with label 1, and as many with label 0: typical ones, not the best.

    Evenly spaced from low to high S/N, or in the order of their ids where S/N is unknown.
    """
    order = np.argsort(meta["snr"].to_numpy(np.float64), kind="stable")
    chosen = []
    for label in (1, 0):
        rows = order[labels[order] == label]
        places = np.linspace(0, len(rows) - 1, min(SAMPLES, len(rows)) + 2)[1:-1]
        chosen.append(rows[np.unique(np.round(places).astype(int))] if len(rows) > SAMPLES else rows)
    return chosen[0], chosen[1]


def _draw_views(axes: tuple[Axes, Axes], data: Dataset, row: int, text: str, colour: str, unit: str) -> None:
    signal = data.meta.iloc[row]
    of_period, of_transit = (np.asarray(data.views[name][row]) for name in ("global", "local"))
    phase = (np.arange(len(of_period)) + 0.5) / len(of_period) - 0.5
    axes[0].plot(phase, of_period, ".", color=colour, markersize=2)
    axes[0].set_xlabel("orbital phase")
    axes[0].set_ylabel(unit, fontsize=7)
    axes[0].set_title(text, fontsize=8, loc="left")
    hours = hours_from_transit(signal, data.manifest["description"]["settings"])
    place = np.arange(len(of_transit)) if hours is None else hours
    axes[1].plot(place, of_transit, ".-", color=colour, markersize=2.5, linewidth=0.5)
    axes[1].set_xlabel("bin of the local view" if hours is None else "hours from mid-transit")
    for panel in axes:
        panel.axhline(0, color=GREY, linewidth=0.5, zorder=0)


def hours_from_transit(signal: pd.Series, settings: dict[str, Any]) -> np.ndarray | None:
    """Centres of the bins of a signal's local view, (bins,) float64, in hours from mid-transit.

    `settings` are those of its dataset; None where they do not say how wide the view is: views made by others.
    """
    if "local" not in settings:
        return None
    local = LocalView(**settings["local"])
    ephemeris = Signal(signal["signal_id"], signal["period_d"], signal["epoch_bjd"], signal["duration_h"])
    extent = local_extent(
        ephemeris.period_d, ephemeris.duration_d, local.length, local.durations, local.bin_width_durations
    )
    return local_bins(local.length, *extent).centre * 24


def caption(signal: pd.Series) -> str:
    """Id, disposition and what is known of the ephemeris of one row of a dataset's meta."""
    known = []
    if np.isfinite(signal["period_d"]):
        known.append(f"P = {signal['period_d']:.4g} d")
    if np.isfinite(signal["depth_ppm"]):
        known.append(f"depth {signal['depth_ppm']:,.0f} ppm")
    if np.isfinite(signal["snr"]):
        known.append(f"S/N {signal['snr']:.3g}")
    return f"{signal['signal_id']} ({signal['disposition']})" + ("\n" + ", ".join(known) if known else "")


def title(data: Dataset, labels: TaskLabels | None) -> str:
    """What is left and what is right in a figure of samples."""
    positive = "planets" if labels is None else " + ".join(labels.positive)
    negative = "not planets" if labels is None else " + ".join(labels.negative)
    order = ", from low to high S/N" if data.meta["snr"].notna().any() else ""
    return f"{data.name}: {positive} (left) and {negative} (right){order}"
