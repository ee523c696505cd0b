"""Figures of what the networks see: raw light curves and views of some planets and some that are none."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.config.training import TaskLabels
from lightmill.evaluation.figures import BLUE, GREY, ORANGE, STYLE, save_figure
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import read_stored
from lightmill.targets import BKJD_ZERO_BJD, BTJD_ZERO_BJD
from lightmill.training.dataset import Dataset, read_dataset, task_labels

SAMPLES = 4
_ZERO_BJD = {"Kepler": BKJD_ZERO_BJD, "K2": BKJD_ZERO_BJD, "TESS": BTJD_ZERO_BJD}
_SCALE_UNITS = {
    "mad": "flux / scatter of the view",
    "min": "flux / deepest bin",
    "depth": "flux / transit depth",
}


def plot_sample_views(dataset: str | Path, labels: TaskLabels | None, path: str | Path) -> None:
    """Draw the global and local views of SAMPLES positives (left) and as many negatives (right) of a task."""
    data = read_dataset(dataset)
    positives, negatives = chosen_rows(data.meta, task_labels(data.meta, labels))
    description = data.manifest["description"]
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 2.1 * SAMPLES + 0.6), layout="constrained")
        grid = figure.subplots(SAMPLES, 4, squeeze=False, gridspec_kw={"width_ratios": [3, 2, 3, 2]})
        for first, rows, colour in ((0, positives, BLUE), (2, negatives, ORANGE)):
            for line in range(SAMPLES):
                pair = grid[line, first], grid[line, first + 1]
                if line < len(rows):
                    _draw_views(pair, data, int(rows[line]), colour, _SCALE_UNITS[description["scale"]])
                else:
                    pair[0].axis("off")
                    pair[1].axis("off")
        figure.suptitle(_title(data, labels), fontsize=11)
    save_figure(path, figure)


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


def _draw_views(axes: tuple[Axes, Axes], data: Dataset, row: int, colour: str, unit: str) -> None:
    signal = data.meta.iloc[row]
    of_period, of_transit = (np.asarray(data.views[name][row]) for name in ("global", "local"))
    phase = (np.arange(len(of_period)) + 0.5) / len(of_period) - 0.5
    axes[0].plot(phase, of_period, ".", color=colour, markersize=2)
    axes[0].set_xlabel("orbital phase")
    axes[0].set_ylabel(unit, fontsize=7)
    axes[0].set_title(_caption(signal), fontsize=8, loc="left")
    half_h = _half_width_h(signal, data.manifest["description"])
    place = (np.arange(len(of_transit)) + 0.5) / len(of_transit) - 0.5
    if np.isfinite(half_h):
        axes[1].plot(2 * half_h * place, of_transit, ".-", color=colour, markersize=2.5, linewidth=0.5)
        axes[1].set_xlabel("hours from mid-transit")
    else:
        axes[1].plot(np.arange(len(of_transit)), of_transit, ".-", color=colour, markersize=2.5, linewidth=0.5)
        axes[1].set_xlabel("bin of the local view")
    for panel in axes:
        panel.axhline(0, color=GREY, linewidth=0.5, zorder=0)


def _half_width_h(signal: pd.Series, description: dict[str, Any]) -> float:
    """Half-width of the local view in hours; NaN for imported views, which do not say it."""
    if description["kind"] != "assembled":
        return float("nan")
    durations: float = description["settings"]["local"]["durations"]
    return float(min(signal["period_d"] * 12, durations * signal["duration_h"]))


def _caption(signal: pd.Series) -> str:
    known = []
    if np.isfinite(signal["period_d"]):
        known.append(f"P = {signal['period_d']:.4g} d")
    if np.isfinite(signal["depth_ppm"]):
        known.append(f"depth {signal['depth_ppm']:,.0f} ppm")
    if np.isfinite(signal["snr"]):
        known.append(f"S/N {signal['snr']:.3g}")
    return f"{signal['signal_id']} ({signal['disposition']})" + ("\n" + ", ".join(known) if known else "")


def _title(data: Dataset, labels: TaskLabels | None) -> str:
    positive = "planets" if labels is None else " + ".join(labels.positive)
    negative = "not planets" if labels is None else " + ".join(labels.negative)
    order = ", from low to high S/N" if data.meta["snr"].notna().any() else ""
    return f"{data.name}: {positive} (left) and {negative} (right){order}"


def plot_sample_light_curves(
    dataset: str | Path, labels: TaskLabels | None, store: str | Path, path: str | Path
) -> None:
    """Draw the raw (SAP) light curves of the signals that `plot_sample_views` shows, transit times marked below."""
    data = read_dataset(dataset)
    positives, negatives = chosen_rows(data.meta, task_labels(data.meta, labels))
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 2.1 * SAMPLES + 0.6), layout="constrained")
        grid = figure.subplots(SAMPLES, 2, squeeze=False)
        for column, rows, colour in ((0, positives, BLUE), (1, negatives, ORANGE)):
            for line in range(SAMPLES):
                if line < len(rows):
                    signal = data.meta.iloc[int(rows[line])]
                    _draw_light_curve(grid[line, column], read_stored(store, signal["target_id"]), signal, colour)
                else:
                    grid[line, column].axis("off")
        figure.suptitle(_title(data, labels) + ": raw light curves", fontsize=11)
    save_figure(path, figure)


def _draw_light_curve(axes: Axes, curve: LightCurve, signal: pd.Series, colour: str) -> None:
    zero = _ZERO_BJD[curve.mission]
    flux = relative_percent(curve.sap_flux, curve.segment)
    axes.plot(curve.time_bjd - zero, flux, ".", color=colour, markersize=0.8, rasterized=True)
    times = transit_times(signal["period_d"], signal["epoch_bjd"], curve.time_bjd)
    seen = np.isfinite(flux)
    bottom = np.nanpercentile(flux, 0.05) if seen.any() else 0.0
    axes.plot(times - zero, np.full(len(times), bottom), "|", color="black", markersize=5)
    axes.set_title(f"{signal['target_id']}: {_caption(signal)}", fontsize=8, loc="left")
    axes.set_xlabel(f"BJD - {zero:.0f} (d)")
    axes.set_ylabel("SAP flux (%)")


def relative_percent(flux: np.ndarray, segment: np.ndarray) -> np.ndarray:
    """Flux (n,) less the median of its own segment, in percent of that; NaN where a segment has no positive median."""
    relative = np.full(len(flux), np.nan)
    for number in np.unique(segment):
        rows = segment == number
        if np.isfinite(flux[rows]).any() and (median := float(np.nanmedian(flux[rows]))) > 0:
            relative[rows] = (flux[rows] / median - 1) * 100
    return relative


def transit_times(period_d: float, epoch_bjd: float, time_bjd: np.ndarray) -> np.ndarray:
    """The mid-transit times (BJD) between the first and the last of `time_bjd` that fall on data.

    On data: a cadence lies within 0.1 d. With more than 200 transits, none: marks would be a bar.
    """
    if not np.isfinite([period_d, epoch_bjd]).all() or len(time_bjd) == 0:
        return np.zeros(0)
    first = np.ceil((time_bjd[0] - epoch_bjd) / period_d)
    last = np.floor((time_bjd[-1] - epoch_bjd) / period_d)
    if last - first > 200:
        return np.zeros(0)
    times = epoch_bjd + period_d * np.arange(first, last + 1)
    after = np.searchsorted(time_bjd, times).clip(1, max(1, len(time_bjd) - 1))
    nearest = np.minimum(
        np.abs(time_bjd[after - 1] - times), np.abs(time_bjd[np.minimum(after, len(time_bjd) - 1)] - times)
    )
    return times[nearest < 0.1]
