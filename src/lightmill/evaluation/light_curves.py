"""Figure of the raw light curves behind some of the views."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lightmill.config.training import TaskLabels
from lightmill.errors import LightCurveError
from lightmill.evaluation.samples import SAMPLES, caption, chosen_rows, title
from lightmill.figures import BLUE, STYLE, VERMILLION, save_figure
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.lightcurves.store import NotAsFetchedError, read_stored
from lightmill.targets import BKJD_ZERO_BJD, BTJD_ZERO_BJD
from lightmill.training.dataset import read_dataset, task_labels

_ZERO_BJD = {"Kepler": BKJD_ZERO_BJD, "K2": BKJD_ZERO_BJD, "TESS": BTJD_ZERO_BJD}


def plot_sample_light_curves(
    dataset: str | Path,
    labels: TaskLabels | None,
    manifests: Sequence[str | Path],
    store: str | Path,
    path: str | Path,
) -> None:
    """Draw the raw (SAP) light curves of the signals that `plot_sample_views` shows, transit times marked below.

    `manifests` are those of the mission's light curves. Raises NotAsFetchedError if the store does not hold them as
    they say: the figure would show other light curves than the views were made from.
    """
    data = read_dataset(dataset)
    positives, negatives = chosen_rows(data.meta, task_labels(data.meta, labels))
    shown = data.meta["target_id"].iloc[[*positives, *negatives]]
    curves = _fetched_light_curves(list(dict.fromkeys(shown)), manifests, store)
    with rc_context(STYLE):
        figure = Figure(figsize=(12, 2.1 * SAMPLES + 0.6), layout="constrained")
        grid = figure.subplots(SAMPLES, 2, squeeze=False)
        for column, rows, colour in ((0, positives, BLUE), (1, negatives, VERMILLION)):
            for line in range(SAMPLES):
                if line < len(rows):
                    signal = data.meta.iloc[int(rows[line])]
                    _draw_light_curve(grid[line, column], curves[signal["target_id"]], signal, colour)
                else:
                    grid[line, column].axis("off")
        figure.suptitle(title(data, labels) + ": raw light curves, transits marked below", fontsize=11)
    save_figure(path, figure, style=STYLE)


def _fetched_light_curves(
    target_ids: Sequence[str], manifests: Sequence[str | Path], store: str | Path
) -> dict[str, LightCurve]:
    """The light curves of some targets, as their manifests say that they were fetched."""
    fetched = pd.concat([pd.read_parquet(path, columns=["target_id", "sha256"]) for path in manifests])
    sha256 = dict(zip(fetched["target_id"], fetched["sha256"], strict=True))
    curves: dict[str, LightCurve] = {}
    lost: dict[str, str] = {}
    for target_id in target_ids:
        if not sha256.get(target_id):
            raise LightCurveError(f"{target_id}: has views, but no manifest says that it was fetched; make them again")
        try:
            curves[target_id] = read_stored(store, target_id, sha256[target_id])
        except NotAsFetchedError as error:
            lost |= error.lost
    if lost:
        raise NotAsFetchedError(lost)
    return curves


def _draw_light_curve(axes: Axes, curve: LightCurve, signal: pd.Series, colour: str) -> None:
    zero = _ZERO_BJD[curve.mission]
    flux = relative_percent(curve.sap_flux, curve.segment)
    axes.plot(curve.time_bjd - zero, flux, ".", color=colour, markersize=0.8, rasterized=True)
    times = transit_times(signal["period_d"], signal["epoch_bjd"], curve.time_bjd)
    at_bottom = axes.get_xaxis_transform()
    axes.plot(times - zero, np.full(len(times), 0.03), "|", color="black", markersize=5, transform=at_bottom)
    axes.set_title(f"{signal['target_id']}: {caption(signal)}", fontsize=8, loc="left")
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
