"""Reading one FITS light curve, and refusing what is not the one that was asked for."""

import hashlib
import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from io import BufferedReader

import numpy as np

from lightmill.errors import LightCurveError
from lightmill.lightcurves.authors import (
    AUTHORS,
    IDENTITY_KEY,
    OWN,
    SEGMENT_KEY,
    ZERO_BJD,
    Author,
    find_author,
    is_cadence,
    possible_authors,
)
from lightmill.lightcurves.columns import read_columns, timed_rows
from lightmill.lightcurves.hdus import Hdu, split_hdus, verify_complete, verify_sums
from lightmill.lightcurves.lightcurve import STAR, Segment
from lightmill.lightcurves.tables import table_fields
from lightmill.targets import PREFIX, Mission, mission_of, target_number

_DAY_S = 86400.0
# Light curves of 20 s over a sector have 15 MB; whatever is far larger is not read into memory.
MOST_BYTES = 256 * 2**20
_CLOCK_KEYS = ("BJDREFI", "BJDREFF", "TIMEDEL")
# How a column's unit states its zero point: `BJD - 2454833`, `BJD-2457000, days`.
_ZERO_IN_UNIT = re.compile(r"BJD *- *([0-9]+(?:\.[0-9]+)?)\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class SegmentRows:
    """One file's part of a light curve: its segment, and its rows as columns of `LightCurve` without `segment`."""

    segment: Segment
    columns: dict[str, np.ndarray]

    @property
    def star(self) -> dict[str, float]:
        """What the file says of the star."""
        return dict(zip(STAR, self.segment.star, strict=True))


def read_segment(
    file: BufferedReader, name: str, target_id: str, expected: int | None = None, author: str | None = None
) -> SegmentRows:
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
    author : str, optional
        The pipeline that must have made it, one of `authors.AUTHORS`; told from the file unless given. 20-second files
        are read only where they are asked for.

    Raises
    ------
    LightCurveError
        If the file is truncated, damaged (CHECKSUM, DATASUM), of another target, mission, author or segment, of
        another cadence, without rows or finite times, not in order of time, or lacks a column or header card that is
        needed: the message names the file and what is wrong or missing. Or if there is no such author.
    OSError
        If it cannot be read at all.
    """
    size = os.fstat(file.fileno()).st_size
    if size > MOST_BYTES:
        raise LightCurveError(f"{name}: {size} bytes, expected at most {MOST_BYTES}")
    raw = file.read()
    hdus = split_hdus(raw, name)
    verify_sums(raw, hdus, name)
    if len(hdus) < 2 or hdus[1].text("XTENSION") != "BINTABLE":
        raise LightCurveError(f"{name}: no table in its first extension; it has {len(hdus) - 1} extensions")
    primary, table = hdus[0], hdus[1]
    mission = mission_of(target_id)
    _check_target(primary, name, target_id)
    fields = table_fields(table)
    in_file = set(fields.by_name)
    made_by = _check_author(primary, table, mission, in_file, author, name)
    layout = _layout(made_by, in_file)
    time_field = fields.by_name.get(layout["time_bjd"])
    stated_zero = _stated_zero(table, made_by, time_field.unit if time_field else "", name)
    _check_nothing_missing(primary, table, made_by, layout, in_file, stated_zero, name)
    verify_complete(hdus, name)
    number = _check_segment(primary, mission, expected, name)
    cadence_s = table.number("TIMEDEL") * _DAY_S
    if made_by.states_clock:
        _check_cadence(cadence_s, primary, made_by, number, name)
    columns = read_columns(raw, table, fields, made_by, layout)
    columns["time_bjd"] = columns["time_bjd"] + stated_zero
    columns, without_time = timed_rows(columns, name)
    if not made_by.states_clock:
        cadence_s = _step_s(columns, cadence_s, name)
        _check_cadence(cadence_s, primary, made_by, number, name)
    return SegmentRows(
        segment=Segment(
            number=number,
            author=made_by.name,
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
            size_bytes=len(raw),
            date=primary.text("DATE"),
            star=_star(primary, mission),
        ),
        columns=columns,
    )


def _check_target(primary: Hdu, name: str, target_id: str) -> None:
    mission = mission_of(target_id)
    telescope = primary.text("TELESCOP")
    # Kepler's second mission says so in MISSION alone; TESS files have no MISSION.
    in_header = "TESS" if telescope == "TESS" else (primary.text("MISSION") or telescope)
    if in_header.upper() != mission.upper():
        raise LightCurveError(f"{name}: of mission {in_header!r} (TELESCOP {telescope!r}), expected {mission}")
    number = primary.get(IDENTITY_KEY[mission])
    if number is None:
        number = primary.text("OBJECT").rpartition(" ")[2]
    if str(number) != str(target_number(target_id)):
        raise LightCurveError(f"{name}: a light curve of {PREFIX[mission]} {number}, expected {target_id}")


def _check_author(
    primary: Hdu, table: Hdu, mission: Mission, columns: set[str], asked: str | None, name: str
) -> Author:
    """The author of a file: the one that was asked for, or told from the file."""
    possible = possible_authors(mission, primary.text("ORIGIN"), columns, table.number("TIMEDEL") * _DAY_S)
    if asked is None:
        return possible[0] if possible[0].name != "SPOC-20s" else AUTHORS[OWN[mission]]
    author = find_author(asked)
    if author not in possible:
        raise LightCurveError(f"{name}: a light curve by {possible[0].name}, expected one by {author.name}")
    return author


def _layout(author: Author, columns: set[str]) -> Mapping[str, str]:
    """The layout of an author that a file has: of several the one that lacks the fewest columns."""
    return min(author.columns, key=lambda layout: len(set(layout.values()) - columns))


def _stated_zero(table: Hdu, author: Author, unit: str, name: str) -> float:
    """The zero point of a file's times in BJD, NaN if it states none.

    Where the header may lack it, the unit of the time column tells it; both must agree.
    """
    in_header = table.number("BJDREFI") + table.number("BJDREFF")
    if author.states_clock:
        return in_header
    match = _ZERO_IN_UNIT.search(unit)
    in_unit = float(match[1]) if match else float("nan")
    documented = ZERO_BJD[author.mission]
    for stated, where in ((in_header, "its header"), (in_unit, f"the unit {unit!r} of its times")):
        if not math.isnan(stated) and stated != documented:
            raise LightCurveError(
                f"{name}: zero point {stated} in {where}, expected {documented} in one by {author.name}"
            )
    return in_unit if math.isnan(in_header) else in_header


def _check_nothing_missing(
    primary: Hdu,
    table: Hdu,
    author: Author,
    layout: Mapping[str, str],
    columns: set[str],
    stated_zero: float,
    name: str,
) -> None:
    if author.states_clock:
        keys = [key for key in _CLOCK_KEYS if math.isnan(table.number(key))]
    else:
        keys = ["BJDREFI"] if math.isnan(stated_zero) else []
    without = sorted((set(layout.values()) | set(author.flags)) - columns)
    missing = [f"column {column}" for column in without] + [f"header card {key}" for key in keys]
    if missing:
        creator = primary.text("CREATOR")
        raise LightCurveError(
            f"{name}: without {', '.join(missing)}{f' (written by {creator})' if creator else ''}: "
            f"not a light curve as {_pipeline(author)} writes it; get the original file"
        )
    time_system = table.text("TIMESYS") or "TDB"
    if time_system != "TDB":
        raise LightCurveError(f"{name}: times in {time_system}, expected TDB")


def _pipeline(author: Author) -> str:
    return "the mission's own pipeline" if author.name == OWN[author.mission] else author.name


def _check_segment(primary: Hdu, mission: Mission, expected: int | None, name: str) -> int:
    key = SEGMENT_KEY[mission]
    number = primary.whole(key)
    if number < 0:
        raise LightCurveError(f"{name}: without header card {key}")
    if expected is not None and number != expected:
        raise LightCurveError(f"{name}: of {key.lower()} {number}, expected {expected}")
    return number


def _check_cadence(cadence_s: float, primary: Hdu, author: Author, number: int, name: str) -> None:
    nominal_s, mode = author.cadence_s(number), primary.text("OBSMODE")
    if not is_cadence(cadence_s, nominal_s) or mode == "short cadence":
        raise LightCurveError(
            f"{name}: a cadence every {cadence_s:.1f} s{f' ({mode})' if mode else ''}, "
            f"expected {nominal_s:.1f} s ({author.cadence_name})"
        )


def _step_s(columns: dict[str, np.ndarray], stated_s: float, name: str) -> float:
    """The cadence in seconds by which times rise from one cadence number to the next: the median, NaN of one row.

    A cadence that the header states must agree with it, and counts then.
    """
    steps = np.diff(columns["time_bjd"]) / np.diff(columns["cadence_number"])
    step_s = float(np.median(steps)) * _DAY_S if len(steps) else float("nan")
    if math.isnan(stated_s):
        return step_s
    if len(steps) and not is_cadence(stated_s, step_s):
        raise LightCurveError(f"{name}: TIMEDEL says {stated_s:.1f} s, but its times are {step_s:.1f} s apart")
    return stated_s


def _star(primary: Hdu, mission: Mission) -> tuple[float, ...]:
    # Proper motions: arcsec/yr in Kepler's and K2's headers, mas/yr in TESS's.
    to_mas = 1.0 if mission == "TESS" else 1000.0
    said = {
        "ra_deg": primary.number("RA_OBJ"),
        "dec_deg": primary.number("DEC_OBJ"),
        "pm_ra_mas_yr": to_mas * primary.number("PMRA"),
        "pm_dec_mas_yr": to_mas * primary.number("PMDEC"),
        "magnitude": primary.number("TESSMAG" if mission == "TESS" else "KEPMAG"),
        "teff_k": primary.number("TEFF"),
        "logg": primary.number("LOGG"),
        "radius_rsun": primary.number("RADIUS"),
    }
    return tuple(said[key] for key in STAR)
