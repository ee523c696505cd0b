"""Reading one FITS light curve, and refusing what is not the one that was asked for."""

import hashlib
import os
from dataclasses import dataclass
from io import BufferedReader

import fitsio
import numpy as np

from lightmill.errors import LightCurveError
from lightmill.lightcurves.hdus import Hdu, split_hdus, verify_complete, verify_sums
from lightmill.lightcurves.lightcurve import COLUMNS, Segment
from lightmill.targets import PREFIX, Mission, mission_of, target_number

_DAY_S = 86400.0
# Light curves of half a minute over a sector have 15 MB; whatever is far larger is not read into memory.
_MOST_BYTES = 256 * 2**20
# A table has at most 999 columns (FITS standard 4.0, 7.3.1).
_MOST_COLUMNS = 999
# Kepler's first light was in May 2009; anything outside says that TIME or BJDREFI is not what it should be.
_EARLIEST_BJD, _LATEST_BJD = 2454900.0, 2480000.0
# Time between cadences: 29.4 minutes (Kepler Archive Manual 2.1.3), 2 minutes (TESS Archive Manual 2.1).
_CADENCE_S: dict[Mission, float] = {"Kepler": 1765.5, "K2": 1765.5, "TESS": 120.0}

_SHARED = {
    "time_bjd": "TIME",
    "cadence_number": "CADENCENO",
    "pdcsap_flux": "PDCSAP_FLUX",
    "pdcsap_flux_err": "PDCSAP_FLUX_ERR",
    "sap_flux": "SAP_FLUX",
    "sap_flux_err": "SAP_FLUX_ERR",
    "sap_background": "SAP_BKG",
    "sap_background_err": "SAP_BKG_ERR",
    "mom_centr1": "MOM_CENTR1",
    "mom_centr2": "MOM_CENTR2",
    "pos_corr1": "POS_CORR1",
    "pos_corr2": "POS_CORR2",
}
_MISSION_COLUMNS: dict[Mission, dict[str, str]] = {
    "Kepler": {**_SHARED, "quality": "SAP_QUALITY"},
    "K2": {**_SHARED, "quality": "SAP_QUALITY"},
    "TESS": {**_SHARED, "quality": "QUALITY"},
}
# K2SFF (Vanderburg & Johnson 2014, archive.stsci.edu/hlsp/k2sff): flux with the roll taken out, divided by its median;
# MOVING marks thruster firings, in K2's own quality bits the 21st.
_K2SFF_COLUMNS = {"time_bjd": "T", "cadence_number": "CADENCENO", "pdcsap_flux": "FCOR", "sap_flux": "FRAW"}
_THRUSTER_FIRING = 1 << 20

_SEGMENT_KEY: dict[Mission, str] = {"Kepler": "QUARTER", "K2": "CAMPAIGN", "TESS": "SECTOR"}
_AUTHOR: dict[Mission, str] = {"Kepler": "Kepler", "K2": "K2", "TESS": "SPOC"}
_NEEDED_KEYS = ("BJDREFI", "BJDREFF", "TIMEDEL")


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """One file's part of a light curve: its rows as columns of `LightCurve`, its segment, what it says of the star."""

    segment: Segment
    columns: dict[str, np.ndarray]
    star: dict[str, float]


def read_segment(file: BufferedReader, name: str, target_id: str, expected: int | None = None) -> SegmentRows:
    """Read and check one light-curve file of a target.

    Parameters
    ----------
    file : BufferedReader
        Open for reading, on disk (its `fileno` is used).
    name : str
        What the file is called in errors and in the segment: its name relative to the archive.
    target_id : str
        Whose light curve it must be.
    expected : int, optional
        The quarter, campaign or sector it must be of.

    Raises
    ------
    LightCurveError
        If the file is truncated, damaged (CHECKSUM, DATASUM), of another target, mission or segment, of another
        cadence, without rows or finite times, not in order of time, or lacks a column or header card that is needed:
        the message names the file and what is wrong or missing.
    OSError
        If it cannot be read at all.
    """
    size = os.fstat(file.fileno()).st_size
    if size > _MOST_BYTES:
        raise LightCurveError(f"{name}: {size} bytes, expected at most {_MOST_BYTES}")
    raw = file.read()
    hdus = split_hdus(raw, name)
    verify_sums(raw, hdus, name)
    if len(hdus) < 2 or hdus[1].text("XTENSION") != "BINTABLE":
        raise LightCurveError(f"{name}: no table in its first extension; it has {len(hdus) - 1} extensions")
    primary, table = hdus[0], hdus[1]
    mission = mission_of(target_id)
    _check_target(primary, name, target_id)
    in_file = {
        table.text(f"TTYPE{index}").upper() for index in range(1, min(table.whole("TFIELDS"), _MOST_COLUMNS) + 1)
    }
    is_k2sff = mission == "K2" and set(_K2SFF_COLUMNS.values()) <= in_file
    wanted = _K2SFF_COLUMNS if is_k2sff else _MISSION_COLUMNS[mission]
    _check_nothing_missing(primary, table, sorted(set(wanted.values()) - in_file), name)
    verify_complete(hdus, name)
    number = _check_segment(primary, mission, expected, name)
    cadence_s = _check_cadence(primary, table, mission, name)
    rows = _read_table(file, name)
    columns = _columns(rows, wanted, name)
    if is_k2sff:
        columns = _complete_k2sff(columns, rows)
    columns["time_bjd"] = columns["time_bjd"] + (table.number("BJDREFI") + table.number("BJDREFF"))
    columns, without_time = _timed_rows(columns, name)
    return SegmentRows(
        segment=Segment(
            number=number,
            author="K2SFF" if is_k2sff else _AUTHOR[mission],
            cadence_s=cadence_s,
            exposure_s=cadence_s * table.number("DEADC"),
            crowdsap=table.number("CROWDSAP"),
            flfrcsap=table.number("FLFRCSAP"),
            channel=primary.whole("CHANNEL"),
            camera=primary.whole("CAMERA"),
            ccd=primary.whole("CCD"),
            data_release=primary.whole("DATA_REL"),
            rows_without_time=without_time,
            file=name,
            sha256=hashlib.sha256(raw).hexdigest(),
        ),
        columns=columns,
        star=_star(primary, mission),
    )


def _check_target(primary: Hdu, name: str, target_id: str) -> None:
    mission = mission_of(target_id)
    telescope = primary.text("TELESCOP")
    # Kepler's second mission says so in MISSION alone; TESS files have no MISSION.
    in_header = "TESS" if telescope == "TESS" else (primary.text("MISSION") or telescope)
    if in_header.upper() != mission.upper():
        raise LightCurveError(f"{name}: of mission {in_header!r} (TELESCOP {telescope!r}), expected {mission}")
    number = primary.get("TICID" if mission == "TESS" else "KEPLERID")
    if number is None:
        number = primary.text("OBJECT").rpartition(" ")[2]
    if str(number) != str(target_number(target_id)):
        raise LightCurveError(f"{name}: a light curve of {PREFIX[mission]} {number}, expected {target_id}")


def _check_nothing_missing(primary: Hdu, table: Hdu, columns: list[str], name: str) -> None:
    keys = [key for key in _NEEDED_KEYS if np.isnan(table.number(key))]
    missing = [f"column {column}" for column in columns] + [f"header card {key}" for key in keys]
    if missing:
        creator = primary.text("CREATOR")
        raise LightCurveError(
            f"{name}: without {', '.join(missing)}{f' (written by {creator})' if creator else ''}: "
            "not a light curve as the mission's own pipeline writes it; get the original file"
        )
    time_system = table.text("TIMESYS") or "TDB"
    if time_system != "TDB":
        raise LightCurveError(f"{name}: times in {time_system}, expected TDB")


def _check_segment(primary: Hdu, mission: Mission, expected: int | None, name: str) -> int:
    key = _SEGMENT_KEY[mission]
    number = primary.whole(key)
    if number < 0:
        raise LightCurveError(f"{name}: without header card {key}")
    if expected is not None and number != expected:
        raise LightCurveError(f"{name}: of {key.lower()} {number}, expected {expected}")
    return number


def _check_cadence(primary: Hdu, table: Hdu, mission: Mission, name: str) -> float:
    cadence_s = table.number("TIMEDEL") * _DAY_S
    mode = primary.text("OBSMODE")
    if abs(cadence_s / _CADENCE_S[mission] - 1) > 0.01 or mode == "short cadence":
        raise LightCurveError(
            f"{name}: a cadence every {cadence_s:.1f} s{f' ({mode})' if mode else ''}, "
            f"expected {_CADENCE_S[mission]:.1f} s ({'2-minute' if mission == 'TESS' else 'long cadence'})"
        )
    return cadence_s


def _read_table(file: BufferedReader, name: str) -> np.ndarray:
    # By its descriptor: fitsio takes brackets and other signs in a path for its filter language.
    try:
        with fitsio.FITS(f"/dev/fd/{file.fileno()}") as opened:
            return opened[1].read()
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise LightCurveError(f"{name}: its table cannot be read ({' '.join(str(error).split())})") from None


def _columns(rows: np.ndarray, wanted: dict[str, str], name: str) -> dict[str, np.ndarray]:
    if len(rows) == 0:
        raise LightCurveError(f"{name}: no rows")
    in_file = {str(column).upper(): str(column) for column in rows.dtype.names or ()}
    columns = {}
    for ours, theirs in wanted.items():
        column, kind = rows[in_file[theirs]], COLUMNS[ours]
        fitting = "iu" if kind.kind == "i" else "fiu"
        if column.ndim != 1 or column.dtype.kind not in fitting:
            raise LightCurveError(f"{name}: column {theirs} holds {column.dtype.str}, expected one number a row")
        with np.errstate(over="ignore"):
            columns[ours] = column.astype(kind)
    return columns


def _complete_k2sff(columns: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, np.ndarray]:
    moving = rows["MOVING"] if "MOVING" in (rows.dtype.names or ()) else np.zeros(len(rows))
    filled = {
        name: np.full(len(rows), np.nan, kind)
        for name, kind in COLUMNS.items()
        if kind.kind == "f" and name not in columns
    }
    return {**columns, **filled, "quality": np.where(moving != 0, _THRUSTER_FIRING, 0).astype(COLUMNS["quality"])}


def _timed_rows(columns: dict[str, np.ndarray], name: str) -> tuple[dict[str, np.ndarray], int]:
    """The rows that have a time, and how many have none; their times must be plausible and rise."""
    time_bjd = columns["time_bjd"]
    timed = np.isfinite(time_bjd)
    if not timed.any():
        raise LightCurveError(f"{name}: no finite TIME in {len(time_bjd)} rows")
    first, last = time_bjd[timed].min(), time_bjd[timed].max()
    if first < _EARLIEST_BJD or last > _LATEST_BJD:
        raise LightCurveError(
            f"{name}: times from BJD {first:.1f} to {last:.1f}, expected {_EARLIEST_BJD:.0f} to {_LATEST_BJD:.0f}"
        )
    columns = {key: column[timed] for key, column in columns.items()}
    for key, what in (("time_bjd", "TIME"), ("cadence_number", "CADENCENO")):
        falls = np.flatnonzero(np.diff(columns[key]) <= 0)
        if len(falls):
            raise LightCurveError(
                f"{name}: {what} does not rise from cadence {columns['cadence_number'][falls[0]]} "
                "to the next: repeated or misplaced rows"
            )
    return columns, int(np.count_nonzero(~timed))


def _star(primary: Hdu, mission: Mission) -> dict[str, float]:
    # Proper motions: arcsec/yr in Kepler's and K2's headers, mas/yr in TESS's.
    to_mas = 1.0 if mission == "TESS" else 1000.0
    return {
        "ra_deg": primary.number("RA_OBJ"),
        "dec_deg": primary.number("DEC_OBJ"),
        "pm_ra_mas_yr": to_mas * primary.number("PMRA"),
        "pm_dec_mas_yr": to_mas * primary.number("PMDEC"),
        "magnitude": primary.number("TESSMAG" if mission == "TESS" else "KEPMAG"),
        "teff_k": primary.number("TEFF"),
        "logg": primary.number("LOGG"),
        "radius_rsun": primary.number("RADIUS"),
    }
