"""Box least squares as others have it: each the highest peak of flat arrays, over one range of periods."""

import contextlib
import io
import warnings
from typing import NamedTuple

import gerbls
import numpy as np

from benchmarks.records import release

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from astropy.timeseries import BoxLeastSquares
    from transitleastsquares import period_grid, transitleastsquares

ASTROPY, GERBLS, TLS = release("astropy"), release("gerbls"), release("transitleastsquares")
# Durations that astropy tries, hours: a factor of two apart costs a box 3 % of its S/N on average.
DURATIONS_H = (1.5, 3.0, 6.0, 12.0)
# Of the grid of periods that is even in the cube root of the frequency (Ofir 2014, A&A 561, A138).
OVERSAMPLING = 3
# Blocks in which a periodogram's median and scatter are taken.
BLOCKS = 60


class Highest(NamedTuple):
    """The highest peak."""

    height: float
    period_d: float
    epoch_bjd: float
    duration_h: float


def periods_for(time_bjd: np.ndarray, shortest_d: float, longest_d: float) -> np.ndarray:
    """The grid of periods for a star like the Sun: (m,) float64, ascending."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.sort(period_grid(1, 1, np.ptp(time_bjd), shortest_d, longest_d, oversampling_factor=OVERSAMPLING))


def astropy_peaks(
    time_bjd: np.ndarray, flux: np.ndarray, shortest_d: float, longest_d: float
) -> tuple[dict[str, Highest], int]:
    """The highest peaks by likelihood, S/N of the depth and height over the peaks about it; and how many periods.

    Of equal durations at each period the likeliest is kept; brightenings are no peaks.
    """
    periods = periods_for(time_bjd, shortest_d, longest_d)
    scatter = 1.4826 * float(np.median(np.abs(flux - np.median(flux))))
    found = BoxLeastSquares(time_bjd, flux, dy=scatter).power(
        periods, np.array(DURATIONS_H) / 24, objective="likelihood"
    )
    dips = np.asarray(found.depth) > 0
    # Its likelihood is half of the fall of chi squared.
    root = np.sqrt(2 * np.where(dips, np.asarray(found.power), 0.0))
    snr = np.where(dips, np.asarray(found.depth_snr), 0.0)
    heights = {"S/N by likelihood": root, "S/N of the depth": snr, "over the median about it": normalised(root)}
    peaks = {}
    for name, height in heights.items():
        best = int(np.argmax(height))
        peaks[name] = Highest(
            float(height[best]),
            float(found.period[best]),
            float(found.transit_time[best]),
            24 * float(found.duration[best]),
        )
    return peaks, periods.size


def normalised(height: np.ndarray) -> np.ndarray:
    """Heights less the median of their block, over its robust scatter; 0 where a block does not scatter."""
    result = np.zeros(height.shape)
    for block in np.array_split(np.arange(height.size), BLOCKS):
        median = np.median(height[block])
        scatter = 1.4826 * np.median(np.abs(height[block] - median))
        result[block] = (height[block] - median) / scatter if scatter > 1e-6 else 0.0
    return result


def gerbls_peak(time_bjd: np.ndarray, flux: np.ndarray, shortest_d: float, longest_d: float) -> Highest:
    """The highest peak of gerbls' fast folding, sampled no finer than 10 minutes; epoch and duration in its own sense.

    Times are given in units of the shortest period, without which it leaves periods out.
    """
    scatter = 1.4826 * float(np.median(np.abs(flux - np.median(flux))))
    sample_d = max(float(np.median(np.diff(time_bjd))), 10 / 1440)
    data, star, model = gerbls.pyDataContainer(), gerbls.pyTarget(), gerbls.pyFastBLS()
    data.store((time_bjd - time_bjd[0]) / shortest_d, flux + 1.0, np.full(flux.shape, scatter))
    star.M, star.R = 1.0, shortest_d ** (-2 / 3)
    model.setup(
        data,
        1.0,
        longest_d / shortest_d,
        star,
        sample_d / shortest_d,
        False,
        "physical",
        [0.27, 0.4, 0.55, 0.8, 1.1, 1.6, 2.15],
        downsample=True,
    )
    model.run(False)
    found = gerbls.pyBLSAnalyzer(model)
    best = int(np.argmax(np.where(found.dmag > 0, found.dchi2, 0.0)))
    return Highest(
        float(found.snr[best]),
        float(found.P[best]) * shortest_d,
        float(found.t0[best]) * shortest_d + time_bjd[0],
        24 * float(found.dur[best]) * shortest_d,
    )


def tls_peak(time_bjd: np.ndarray, flux: np.ndarray, shortest_d: float, longest_d: float) -> tuple[Highest, int]:
    """The highest peak of transitleastsquares, and how many periods it tried."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        found = transitleastsquares(time_bjd, 1.0 + flux, verbose=False).power(
            period_min=shortest_d,
            period_max=longest_d,
            oversampling_factor=OVERSAMPLING,
            use_threads=1,
            show_progress_bar=False,
        )
    return Highest(
        float(found.SDE), float(found.period), float(found.T0), 24 * float(found.duration)
    ), found.periods.size
