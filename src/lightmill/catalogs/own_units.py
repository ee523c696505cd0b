"""Whether the numbers in a list of somebody's own can be in the units and clocks that its columns name.

What only the whole list shows is asked of the median of each mission's rows, as of imported views. Of few rows less can
be said: there the limits are those beyond which next to no signal of any archive lies.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lightmill.catalogs.convert import BJD, BKJD, BTJD, MISSING, WRONG_ZERO_POINT, Clock, Floats
from lightmill.catalogs.matching import sun_like_duration_h
from lightmill.catalogs.rows import Rows
from lightmill.catalogs.unit_limits import DEPTHS_PPM, EPOCHS_BJD, UNIT_FACTOR, median_to_sun_like
from lightmill.errors import CatalogError
from lightmill.targets import MISSIONS

EPOCH_COLUMNS: dict[str, Clock] = {"epoch_bjd": BJD, "epoch_btjd": BTJD, "epoch_bkjd": BKJD}

_MANY = 5  # rows, from which on the median is no single odd signal
_FACTOR_OF_FEW = 16.0  # from a Sun-like transit: beyond lie 17 of 17,267 KOIs and TOIs; a white dwarf's planet is at 15
_DEEPEST_PPM = 1e6
_FAR_D = 400.0  # archives carry epochs back by up to a year from when a mission began
_HOURS = {"days": 24.0, "minutes": 1 / 60, "seconds": 1 / 3600}
_REMEDY = {"days": "multiply them by 24", "minutes": "divide them by 60", "seconds": "divide them by 3600"}


def check_units(
    rows: Rows, missions: Sequence[str], period_d: Floats, duration_h: Floats, depth_ppm: Floats, epoch_bjd: Floats
) -> None:
    """Raise CatalogError where the durations, depths or epochs of one mission's rows are in another unit or clock.

    `missions` are those of the rows, '' where the star is not known; the others (rows,) days, hours, ppm, BJD_TDB, NaN
    where unknown.
    """
    of_row = np.array(missions, dtype=object)
    for mission in MISSIONS:
        here = of_row == mission
        timed = here & (period_d > 0) & (duration_h > 0)
        _check_durations(rows.info.path, mission, period_d[timed], duration_h[timed])
        _check_depths(rows.info.path, mission, depth_ppm[here & (depth_ppm > 0)])
        _check_epochs(rows.info.path, mission, epoch_bjd[here & ~np.isnan(epoch_bjd)])


def reject_far_epochs(rows: Rows, missions: Sequence[str], epoch_bjd: Floats) -> None:
    """Reject rows whose epoch (rows,) in BJD_TDB lies more than 400 days outside the years of its star's mission."""
    first, last = _years(missions)

    def reason(row: int) -> str:
        column = next(name for name in EPOCH_COLUMNS if rows[name][row].lower() not in MISSING)
        early, epoch = epoch_bjd[row] < first[row], epoch_bjd[row]
        years = (first[row] - epoch if early else epoch - last[row]) / 365.25
        return (
            f"{column} {rows[column][row]}: BJD {epoch:.2f} is {years:.1f} years "
            f"{'before' if early else 'after'} {missions[row]}'s ({_span(missions[row])}); "
            f"{_other_clock(epoch - EPOCH_COLUMNS[column].zero_bjd, column, missions[row])}"
        )

    with np.errstate(invalid="ignore"):
        rows.reject((epoch_bjd < first - _FAR_D) | (epoch_bjd > last + _FAR_D), WRONG_ZERO_POINT, reason)


def _years(missions: Sequence[str]) -> NDArray[np.float64]:
    """(2, rows): the first and last BJD of the mission of each row, NaN where it has none."""
    spans = [EPOCHS_BJD.get(mission, (np.nan, np.nan)) for mission in missions]
    return np.array(spans, dtype=np.float64).reshape(-1, 2).T


def _span(mission: str) -> str:
    first, last = EPOCHS_BJD[mission]
    return f"BJD {first:.0f} to {last:.0f}"


def _other_clock(value: float, column: str, mission: str) -> str:
    """What to do with an epoch of `value` in a column whose clock it cannot have."""
    first, last = EPOCHS_BJD[mission]
    for name, clock in EPOCH_COLUMNS.items():
        if name != column and first <= value + clock.zero_bjd <= last:
            return f"it looks like {clock.name}: put it into a column {name}"
    return "check its clock and star; where both are right, carry it to those years by whole periods"


def _check_durations(path: str, mission: str, period_d: Floats, duration_h: Floats) -> None:
    if not len(duration_h):
        return
    ratio = median_to_sun_like(period_d, duration_h)
    factor = UNIT_FACTOR if len(duration_h) >= _MANY else _FACTOR_OF_FEW
    if 1 / factor < ratio < factor:
        return
    unit = min(_HOURS, key=lambda name: abs(np.log(ratio * _HOURS[name])))
    fits = 1 / UNIT_FACTOR < ratio * _HOURS[unit] < UNIT_FACTOR
    raise CatalogError(
        f"{path}: the durations of {mission} stars look like {unit if fits else 'another unit'}: the median of "
        f"duration_h ({_counted(duration_h)}) is {np.median(duration_h):.4g}, expected some "
        f"{np.median(sun_like_duration_h(period_d)):.2g} hours at these periods; "
        f"{_REMEDY[unit] if fits else 'write them in hours'}, or leave them empty where they really are so odd: the "
        "search measures them"
    )


def _check_depths(path: str, mission: str, depth_ppm: Floats) -> None:
    if not len(depth_ppm):
        return
    lowest, highest = DEPTHS_PPM
    highest = highest if len(depth_ppm) >= _MANY else _DEEPEST_PPM
    median = float(np.median(depth_ppm))
    if lowest <= median <= highest:
        return
    low = (
        "multiply a fraction of the star's light by 1000000, per cent by 10000, millimagnitudes by 921 (if small), or "
        "leave the column out"
    )
    high = "a depth is what is missing of the star's light, in millionths; leave it empty where it is not known"
    raise CatalogError(
        f"{path}: the depths of {mission} stars are not in ppm: the median of depth_ppm "
        f"({_counted(depth_ppm)}) is {median:.4g}, expected {lowest:.0f} to {highest:.0f}; "
        + (low if median < lowest else high)
    )


def _check_epochs(path: str, mission: str, epoch_bjd: Floats) -> None:
    """Few epochs are left to `reject_far_epochs`: they may have been carried out of a mission's years."""
    first, last = EPOCHS_BJD[mission]
    if len(epoch_bjd) < _MANY or first <= np.median(epoch_bjd) <= last:
        return
    raise CatalogError(
        f"{path}: the epochs of {mission} stars are not in the clock of their column: their median "
        f"({_counted(epoch_bjd)}) is BJD {np.median(epoch_bjd):.1f}, expected that mission's years, {_span(mission)}; "
        f"epoch_bjd is the full date, epoch_btjd less {BTJD.zero_bjd:.0f}, epoch_bkjd less {BKJD.zero_bjd:.0f}. Where "
        "clock and stars are right, carry the epochs to those years by whole periods"
    )


def _counted(values: Floats) -> str:
    return f"{len(values)} row{'s' if len(values) > 1 else ''}"
