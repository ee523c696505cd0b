"""The numbers that come with imported views: into our units, and checked against what nature allows."""

import numpy as np
import pandas as pd

from lightmill.catalogs.matching import sun_like_duration_h
from lightmill.catalogs.unit_limits import DEPTHS_PPM, EPOCHS_BJD, UNIT_FACTOR, median_to_sun_like
from lightmill.config.views import ImportedNumber, ImportedViews, ScalarColumn
from lightmill.errors import ViewError
from lightmill.targets import BKJD_ZERO_BJD, BTJD_ZERO_BJD

NUMBERS: tuple[ImportedNumber, ...] = ("period_d", "epoch_bjd", "duration_h", "depth_ppm", "snr")
_DAYS: dict[str, float] = {"d": 1.0, "h": 1 / 24, "min": 1 / 1440}
_PPM: dict[str, float] = {"ppm": 1.0, "percent": 1e4, "fraction": 1e6}
_ZEROS_BJD: dict[str, float] = {"BJD": 0.0, "BKJD": BKJD_ZERO_BJD, "BTJD": BTJD_ZERO_BJD}

_MAX_TOO_LONG = 0.01


def in_our_unit(values: np.ndarray, number: ImportedNumber, scalar: ScalarColumn) -> np.ndarray:
    """`values` (n,) in the unit that the name of `number` says, float64; NaN if not finite or not above zero."""
    ours = values.astype(np.float64)
    if number == "epoch_bjd":
        ours += _ZEROS_BJD[scalar.unit]
    elif number == "period_d":
        ours *= _DAYS[scalar.unit]
    elif number == "duration_h":
        ours *= 24 * _DAYS[scalar.unit]
    elif number == "depth_ppm":
        ours = (1 - ours) * 1e6 if scalar.unit == "flux" else ours * _PPM[scalar.unit]
    return np.where(np.isfinite(ours) & (ours > 0), ours, np.nan)


def check_units(key: str, signals: pd.DataFrame, settings: ImportedViews) -> None:
    """Raise ViewError where the numbers of a set cannot have the units that the config declares under `key`.

    Durations are judged by the transit of a Sun-like star at the same period, depths and epochs by their medians.
    """

    def refuse(number: ImportedNumber, found: str, expected: str) -> None:
        scalar = settings.scalars[number]
        raise ViewError(
            f"{key}.{number}: column {scalar.column!r} cannot be in {scalar.unit!r}: {found}, expected {expected}. "
            "Name the unit it has"
        )

    timed = signals[["period_d", "duration_h"]].dropna()
    if len(timed):
        period, duration = timed["period_d"], timed["duration_h"]
        if not 1 / UNIT_FACTOR < median_to_sun_like(period, duration) < UNIT_FACTOR:
            refuse(
                "duration_h",
                f"the median duration is {duration.median():.4g} h at a median period of {period.median():.4g} d",
                f"some {np.median(sun_like_duration_h(period)):.2g} h",
            )
        too_long = (duration / 24 > period).mean()
        if too_long > _MAX_TOO_LONG:
            refuse("duration_h", f"{too_long:.0%} of the durations are longer than the period", "next to none")
    depths = signals["depth_ppm"].dropna()
    lowest, highest = DEPTHS_PPM
    if len(depths) and not lowest <= depths.median() <= highest:
        refuse("depth_ppm", f"the median depth is {depths.median():.4g} ppm", f"{lowest:g} to {highest:g} ppm")
    epochs = signals["epoch_bjd"].dropna()
    first, last = EPOCHS_BJD[settings.mission]
    if len(epochs) and not first <= epochs.median() <= last:
        years = f"the years of {settings.mission}, BJD {first:.0f} to {last:.0f}"
        refuse("epoch_bjd", f"the median epoch is BJD {epochs.median():.1f}", years)
