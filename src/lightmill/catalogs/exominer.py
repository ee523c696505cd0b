"""The ExoMiner vetting catalog: TESS SPOC events with the score of a network, one row per event and sector run.

Epochs are BTJD, durations hours, depths ppm. Periods and epochs are printed with three decimals, too coarse to fold
years of data on, so every row is flagged. The table gives no errors; they are estimated (`ephemeris_errors`). It has
scores above 0.1 only and no dispositions.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightmill.catalogs.convert import (
    BAD_ID,
    BTJD,
    Floats,
    depths,
    durations,
    epochs,
    identifiers,
    optional,
    periods,
    reject_repeated,
    targets,
    without_sentinel,
)
from lightmill.catalogs.matching import match_ephemerides
from lightmill.catalogs.rows import Rows
from lightmill.catalogs.signals import LOW_PRECISION_EPHEMERIS
from lightmill.files import SEPARATOR

COLUMNS = (
    "TCE ID",
    "TIC ID",
    "Sector Run",
    "ExoMiner Score",
    "Orbital Period [day]",
    "Transit Duration [hour]",
    "Transit Epoch [BTJD]",
    "Transit Depth [ppm]",
    "Planet Radius [Earth Radii]",
    "MES",
    "Transit Model SNR",
    "Number of transits observed",
)

OTHER_RUN = "other sector runs of the same planet"
ROUNDING_D = 0.0005  # half the last of the three decimals
WEAKEST_MES = 7.1  # the pipeline's threshold; stands in where no MES is given

_RUN = re.compile(r"(\d+)-\d+-S(\d{1,3}(?:-\d{1,3})?)", re.ASCII)


def read_exominer(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table, one row per planet: the longest sector run stands for the others."""
    names = identifiers(rows, "TCE ID", r"\d{1,11}-\d{1,3}-S\d{1,3}(-\d{1,3})?", "390651552-1-S1-67")
    stars = targets(rows, "TIC ID", "TESS")
    runs = [_RUN.fullmatch(name) for name in names]
    other_star = np.array(
        [run is not None and f"TIC {int(run[1])}" != star for run, star in zip(runs, stars, strict=True)]
    )
    rows.reject(other_star, BAD_ID, lambda row: f"TCE ID {names[row]} belongs to another star than {stars[row]}")
    signal_ids = [f"SPOC {name}" for name in names]
    reject_repeated(rows, signal_ids)
    rows.flag(LOW_PRECISION_EPHEMERIS, np.ones(len(rows), dtype=bool))
    duration_h = durations(rows, "Transit Duration [hour]")
    period_err_d, epoch_err_d = ephemeris_errors(
        duration_h, optional(rows, "MES"), optional(rows, "Number of transits observed")
    )
    columns: dict[str, Any] = {
        "signal_id": signal_ids,
        "target_id": stars,
        "period_d": periods(rows, "Orbital Period [day]"),
        "epoch_bjd": epochs(rows, "Transit Epoch [BTJD]", BTJD),
        "duration_h": duration_h,
        "depth_ppm": depths(rows, "Transit Depth [ppm]"),
        "period_err_d": period_err_d,
        "epoch_err_d": epoch_err_d,
        "radius_rearth": optional(rows, "Planet Radius [Earth Radii]"),
        "snr": without_sentinel(optional(rows, "Transit Model SNR"), lowest=0.0),
        "score": optional(rows, "ExoMiner Score", 0, 1),
    }
    run_names = [run[2] if run else "" for run in runs]
    stands_for = _one_per_planet(rows, columns, run_names)
    rows.merge(stands_for != np.arange(len(rows)), OTHER_RUN)
    columns["aliases"] = _aliases(signal_ids, stands_for)
    return columns


def ephemeris_errors(duration_h: Floats, mes: Floats, transits: Floats) -> tuple[Floats, Floats]:
    """Estimated errors of period and epoch in days, for arrays (n,) of duration, total S/N and number of transits.

    One transit is timed to about half its duration over its S/N, which is `mes` over the root of their number N. A
    straight line through N equally spaced times then has a slope good to sqrt(12 / (N (N^2 - 1))) of that, and a value
    at its end good to 2 / sqrt(N) of it. The rounding of the printed numbers is added in quadrature. An unknown MES
    counts as the weakest the pipeline reports, fewer than two transits as two, an unknown duration as a day.
    """
    number = np.fmax(transits, 2)
    strength = np.fmax(mes, WEAKEST_MES)
    one_transit_d = np.where(np.isnan(duration_h), 24, duration_h) / 48 / strength * np.sqrt(number)
    period = one_transit_d * np.sqrt(12 / (number * (number**2 - 1)))
    epoch = one_transit_d * 2 / np.sqrt(number)
    return np.hypot(period, ROUNDING_D), np.hypot(epoch, ROUNDING_D)


def _one_per_planet(rows: Rows, columns: dict[str, Any], runs: list[str]) -> NDArray[np.intp]:
    """For each row the row of the same planet that stands for it: itself, unless a longer sector run has the planet.

    In every round the best row left of each star takes what agrees with it, at most one row of each other sector run:
    one run never finds one planet twice.
    """
    length = [_run_length(run) for run in runs]
    transits = np.nan_to_num(optional(rows, "Number of transits observed"))
    score = np.nan_to_num(columns["score"])
    order = sorted(
        np.flatnonzero(rows.kept), key=lambda row: (-length[row], -transits[row], -score[row], rows["TCE ID"][row])
    )
    left = np.array(order, dtype=np.intp)
    _, star = np.unique(columns["target_id"].astype(str), return_inverse=True)
    _, run = np.unique(runs, return_inverse=True)
    stands_for = np.arange(len(rows))
    while len(left):
        _, first, of_star = np.unique(star[left], return_index=True, return_inverse=True)
        best = left[first][of_star]
        agrees = (_match(columns, best, left) == "same") & (run[best] != run[left])
        _, first_of_run = np.unique(np.column_stack([star[left], run[left], ~agrees]), axis=0, return_index=True)
        once = np.zeros(len(left), dtype=bool)
        once[first_of_run] = True
        taken = agrees & once
        stands_for[left[taken]] = best[taken]
        left = left[~taken & (best != left)]
    return stands_for


def _match(columns: dict[str, Any], a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.str_]:
    names = ("period_d", "epoch_bjd", "duration_h", "period_err_d", "epoch_err_d")
    return match_ephemerides(*(columns[name][a] for name in names), *(columns[name][b] for name in names))


def _run_length(run: str) -> int:
    """The number of sectors from the first to the last of a run such as `14-60` or `23`."""
    first, _, last = run.partition("-")
    return int(last or first) - int(first) + 1 if first else 0


def _aliases(signal_ids: list[str], stands_for: NDArray[np.intp]) -> list[str]:
    others: dict[int, list[str]] = {}
    for row in np.flatnonzero(stands_for != np.arange(len(stands_for))):
        others.setdefault(int(stands_for[row]), []).append(signal_ids[row])
    return [SEPARATOR.join(sorted(others.get(row, []))) for row in range(len(signal_ids))]
