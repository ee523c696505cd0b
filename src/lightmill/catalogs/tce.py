"""Threshold-crossing events: Kepler DR24 and DR25, and the TESS events that Yu et al. (2019) labelled."""

from typing import Any

import numpy as np

from lightmill.catalogs.convert import (
    BAD_ID,
    BKJD,
    BTJD,
    depths,
    dispositions,
    durations,
    epochs,
    errors,
    identifiers,
    optional,
    periods,
    targets,
    without_sentinel,
)
from lightmill.catalogs.kinds import DR25_DELIVERY
from lightmill.catalogs.observed import quarters
from lightmill.catalogs.rows import Rows

DR24_COLUMNS = (
    "kepid",
    "tce_plnt_num",
    "tce_period",
    "tce_period_err",
    "tce_time0bk",
    "tce_time0bk_err",
    "tce_duration",
    "tce_depth",
    "tce_prad",
    "tce_model_snr",
    "av_training_set",
)

DR25_COLUMNS = (
    "target_id",
    "tce_plnt_num",
    "tce_period",
    "tce_time0bk",
    "tce_duration",
    "transit_depth",
    "tce_prad",
    "tce_model_snr",
    "mag",
    "ra",
    "dec",
    "label",
)

DR25_TCE_COLUMNS = (
    "kepid",
    "tce_plnt_num",
    "tce_delivname",
    "tce_period",
    "tce_period_err",
    "tce_time0bk",
    "tce_time0bk_err",
    "tce_duration",
    "tce_depth",
    "tce_quarters",
    "tce_prad",
    "tce_model_snr",
    "ra",
    "dec",
)

YU2019_COLUMNS = (
    "row_id",
    "tic_id",
    "Disposition",
    "Epoc",
    "Period",
    "Duration",
    "Transit_Depth",
    "RA",
    "Dec",
    "Tmag",
    "SN",
)


def read_dr24(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from the DR24 TCE table with `av_training_set` (PC, AFP, NTP, UNK).

    Epochs are BKJD, durations hours, depths (where downloaded) ppm; an error of 0 means that there is none.
    """
    return {
        "signal_id": _signal_ids(rows, "DR24", "kepid"),
        "target_id": targets(rows, "kepid", "Kepler"),
        "period_d": periods(rows, "tce_period"),
        "epoch_bjd": epochs(rows, "tce_time0bk", BKJD),
        "duration_h": durations(rows, "tce_duration"),
        "depth_ppm": depths(rows, "tce_depth"),
        "disposition": dispositions(rows, "av_training_set"),
        "period_err_d": errors(rows, "tce_period_err"),
        "epoch_err_d": errors(rows, "tce_time0bk_err"),
        "radius_rearth": optional(rows, "tce_prad"),
        "snr": without_sentinel(optional(rows, "tce_model_snr")),
    }


def read_dr25(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from the DR25 TCEs as ExoMiner's authors publish them, by `label` (PC, AFP, NTP).

    Epochs are BKJD, durations hours, depths ppm; `tce_model_snr` is -1 where no model was fitted. The file carries
    KOI columns too, which are the KOI table's to tell.
    """
    return {
        "signal_id": _signal_ids(rows, "DR25", "target_id"),
        "target_id": targets(rows, "target_id", "Kepler"),
        "period_d": periods(rows, "tce_period"),
        "epoch_bjd": epochs(rows, "tce_time0bk", BKJD),
        "duration_h": durations(rows, "tce_duration"),
        "depth_ppm": depths(rows, "transit_depth"),
        "disposition": dispositions(rows, "label"),
        "ra_deg": optional(rows, "ra", 0, 360),
        "dec_deg": optional(rows, "dec", -90, 90),
        "magnitude": optional(rows, "mag"),
        "radius_rearth": optional(rows, "tce_prad"),
        "snr": without_sentinel(optional(rows, "tce_model_snr")),
    }


def read_dr25_tce(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from the Archive's DR25 TCE table, which has no labels.

    Epochs are BKJD, durations hours, depths ppm. The events are those of `read_dr25`, under the same ids.
    """
    other = np.array([name != DR25_DELIVERY for name in rows["tce_delivname"]], dtype=bool)
    rows.reject(other, BAD_ID, lambda row: f"tce_delivname {rows['tce_delivname'][row][:60]!r}: not {DR25_DELIVERY}")
    return {
        "signal_id": _signal_ids(rows, "DR25", "kepid"),
        "target_id": targets(rows, "kepid", "Kepler"),
        "period_d": periods(rows, "tce_period"),
        "epoch_bjd": epochs(rows, "tce_time0bk", BKJD),
        "duration_h": durations(rows, "tce_duration"),
        "depth_ppm": depths(rows, "tce_depth"),
        "segments": quarters(rows, "tce_quarters"),
        "period_err_d": errors(rows, "tce_period_err"),
        "epoch_err_d": errors(rows, "tce_time0bk_err"),
        "ra_deg": optional(rows, "ra", 0, 360),
        "dec_deg": optional(rows, "dec", -90, 90),
        "radius_rearth": optional(rows, "tce_prad"),
        "snr": without_sentinel(optional(rows, "tce_model_snr")),
    }


def read_yu2019(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from the triage table of Yu et al. (2019, AJ 158, 25).

    `Epoc` is BTJD and `Duration` hours. The table names no unit for `Transit_Depth`; it is ppm: over the 378 events
    that a TOI with the same period (1e-3) stands for, its median ratio to the TOI's depth in ppm is 1.000.
    `row_id` repeats between sectors, so that only star and row together name an event.
    """
    numbers = identifiers(rows, "row_id", r"\d{1,9}", "16438")
    stars = targets(rows, "tic_id", "TESS")
    return {
        "signal_id": [f"YU2019 {star[4:]}-{number}" for star, number in zip(stars, numbers, strict=True)],
        "target_id": stars,
        "period_d": periods(rows, "Period"),
        "epoch_bjd": epochs(rows, "Epoc", BTJD),
        "duration_h": durations(rows, "Duration"),
        "depth_ppm": depths(rows, "Transit_Depth"),
        "disposition": dispositions(rows, "Disposition"),
        "ra_deg": optional(rows, "RA", 0, 360),
        "dec_deg": optional(rows, "Dec", -90, 90),
        "magnitude": optional(rows, "Tmag"),
        "snr": without_sentinel(optional(rows, "SN"), lowest=0.0),
    }


def _signal_ids(rows: Rows, release: str, star_column: str) -> list[str]:
    stars = targets(rows, star_column, "Kepler")
    numbers = identifiers(rows, "tce_plnt_num", r"0?[1-9]|[1-9]\d", "1")
    return [f"{release} {star[4:]}-{number.zfill(2)}" for star, number in zip(stars, numbers, strict=True)]
