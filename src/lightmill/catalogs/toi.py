"""TESS Objects of Interest: the table of the NASA Exoplanet Archive, and ExoFOP's own.

Both hold epochs in BJD, durations in hours, depths in ppm. An id is text: TOI 100.10 and TOI 100.01 are two planets,
and as a number the first loses its last digit. Where a program did that to a file (`100.1`), the digit is put back:
TOI numbers have two decimals, so only `.10` can have been meant.
"""

import re
from typing import Any

from lightmill.catalogs.convert import (
    BJD,
    depths,
    dispositions,
    durations,
    epochs,
    errors,
    identifiers,
    optional,
    periods,
    sexagesimal,
    targets,
    without_limits,
)
from lightmill.catalogs.rows import Rows

TOI_COLUMNS = (
    "toi",
    "tid",
    "tfopwg_disp",
    "pl_orbper",
    "pl_orbpererr1",
    "pl_orbpererr2",
    "pl_orbperlim",
    "pl_tranmid",
    "pl_tranmiderr1",
    "pl_tranmiderr2",
    "pl_tranmidlim",
    "pl_trandurh",
    "pl_trandurhlim",
    "pl_trandep",
    "pl_trandeplim",
    "pl_rade",
    "st_tmag",
    "ra",
    "dec",
)

EXOFOP_COLUMNS = (
    "TIC ID",
    "TOI",
    "TFOPWG Disposition",
    "Epoch (BJD)",
    "Epoch (BJD) err",
    "Period (days)",
    "Period (days) err",
    "Duration (hours)",
    "Depth (ppm)",
    "Planet Radius (R_Earth)",
    "Planet SNR",
    "TESS Mag",
    "RA",
    "Dec",
)


def read_toi(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from rows of the Archive's TOI table."""
    return {
        "signal_id": _signal_ids(rows, "toi"),
        "target_id": targets(rows, "tid", "TESS"),
        "period_d": without_limits(rows, periods(rows, "pl_orbper"), "pl_orbperlim"),
        "epoch_bjd": without_limits(rows, epochs(rows, "pl_tranmid", BJD), "pl_tranmidlim"),
        "duration_h": without_limits(rows, durations(rows, "pl_trandurh"), "pl_trandurhlim"),
        "depth_ppm": without_limits(rows, depths(rows, "pl_trandep"), "pl_trandeplim"),
        "disposition": dispositions(rows, "tfopwg_disp"),
        "period_err_d": errors(rows, "pl_orbpererr1", "pl_orbpererr2"),
        "epoch_err_d": errors(rows, "pl_tranmiderr1", "pl_tranmiderr2"),
        "ra_deg": optional(rows, "ra", 0, 360),
        "dec_deg": optional(rows, "dec", -90, 90),
        "magnitude": optional(rows, "st_tmag"),
        "radius_rearth": optional(rows, "pl_rade"),
    }


def read_exofop_toi(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from rows of ExoFOP's TOI table (positions sexagesimal, period 0 for none)."""
    return {
        "signal_id": _signal_ids(rows, "TOI"),
        "target_id": targets(rows, "TIC ID", "TESS"),
        "period_d": periods(rows, "Period (days)"),
        "epoch_bjd": epochs(rows, "Epoch (BJD)", BJD),
        "duration_h": durations(rows, "Duration (hours)"),
        "depth_ppm": depths(rows, "Depth (ppm)"),
        "disposition": dispositions(rows, "TFOPWG Disposition"),
        "period_err_d": errors(rows, "Period (days) err"),
        "epoch_err_d": errors(rows, "Epoch (BJD) err"),
        "ra_deg": sexagesimal(rows, "RA", 15.0, 360),
        "dec_deg": sexagesimal(rows, "Dec", 1.0, 90),
        "magnitude": optional(rows, "TESS Mag"),
        "radius_rearth": optional(rows, "Planet Radius (R_Earth)"),
        "snr": optional(rows, "Planet SNR"),
    }


def _signal_ids(rows: Rows, column: str) -> list[str]:
    names = identifiers(rows, column, r"[1-9]\d{0,5}\.(?:0[1-9]|[1-9]\d|[1-9])", "1000.01")
    return [f"TOI {name}0" if re.fullmatch(r"\d+\.\d", name) else f"TOI {name}" for name in names]
