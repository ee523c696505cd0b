"""Kepler Objects of Interest: the cumulative table of the NASA Exoplanet Archive.

Columns and units: exoplanetarchive.ipac.caltech.edu/docs/API_kepcandidate_columns.html. `koi_time0bk` is BKJD,
`koi_duration` hours, `koi_depth` ppm; `koi_quarters`, in full downloads only, says which quarters were searched.
`koi_score` and `koi_pdisposition` are verdicts of the people and programs whose labels are to be learned; they are not
read at all. `koi_fpflag_*` are verdicts too; they become flags, by which evaluation groups errors, and nothing else
looks at them.
"""

from typing import Any

import numpy as np

from lightmill.catalogs.convert import (
    BKJD,
    depths,
    dispositions,
    durations,
    epochs,
    errors,
    identifiers,
    numbers,
    optional,
    periods,
    targets,
)
from lightmill.catalogs.observed import quarters
from lightmill.catalogs.rows import Rows
from lightmill.catalogs.signals import FALSE_POSITIVE

# Not transit-like, a stellar eclipse, the star's neighbour, contaminated by another's ephemeris.
FALSE_POSITIVE_FLAGS = ("nt", "ss", "co", "ec")
COLUMNS = (
    "kepid",
    "kepoi_name",
    "koi_disposition",
    "koi_period",
    "koi_period_err1",
    "koi_period_err2",
    "koi_time0bk",
    "koi_time0bk_err1",
    "koi_time0bk_err2",
    "koi_duration",
    "koi_depth",
    "koi_prad",
    "koi_model_snr",
    "koi_tce_delivname",
    "koi_kepmag",
    "koi_quarters",
    "ra",
    "dec",
    *(f"koi_fpflag_{name}" for name in FALSE_POSITIVE_FLAGS),
)


def read_koi(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from rows of the KOI table."""
    for name in FALSE_POSITIVE_FLAGS:
        rows.flag(FALSE_POSITIVE + name, np.equal(numbers(rows, f"koi_fpflag_{name}")[0], 1.0))
    return {
        "signal_id": [f"KOI {name}" for name in identifiers(rows, "kepoi_name", r"K\d{5}\.\d{2}", "K00752.01")],
        "target_id": targets(rows, "kepid", "Kepler"),
        "period_d": periods(rows, "koi_period"),
        "epoch_bjd": epochs(rows, "koi_time0bk", BKJD),
        "duration_h": durations(rows, "koi_duration"),
        "depth_ppm": depths(rows, "koi_depth"),
        "segments": _observed_quarters(rows),
        "disposition": dispositions(rows, "koi_disposition"),
        "period_err_d": errors(rows, "koi_period_err1", "koi_period_err2"),
        "epoch_err_d": errors(rows, "koi_time0bk_err1", "koi_time0bk_err2"),
        "ra_deg": optional(rows, "ra", 0, 360),
        "dec_deg": optional(rows, "dec", -90, 90),
        "magnitude": optional(rows, "koi_kepmag"),
        "radius_rearth": optional(rows, "koi_prad"),
        "snr": optional(rows, "koi_model_snr"),
    }


def _observed_quarters(rows: Rows) -> list[str]:
    """Quarters in which the star was observed, '' where that is not known.

    `koi_quarters` says which quarters were searched. Only of the searches of all seventeen does that tell which were
    observed; were it believed of earlier ones, their stars would lose quarters, and false positives more than planets.
    """
    searched = quarters(rows, "koi_quarters")
    return [
        found if search.lower().startswith("q1_q17") else ""
        for found, search in zip(searched, rows["koi_tce_delivname"], strict=True)
    ]
