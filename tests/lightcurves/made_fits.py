"""Small FITS files in each pipeline's own layout, right or wrong on purpose, under the archives' folder trees."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

KEPLER_STAMPS = {1: "2009166043257", 2: "2009259160929", 3: "2009350155506"}
# Cadence numbers and times rise from quarter to quarter, as they do in life.
FIRST_CADENCE = {"Kepler": 1105, "K2": 86_000, "TESS": 70_444}
CADENCE_D = {"Kepler": 0.02043359821692, "K2": 0.02043359821692, "TESS": 0.001388888888888889}
ZERO_BJD = {"Kepler": 2454833, "K2": 2454833, "TESS": 2457000}
OWN = {"Kepler": "Kepler", "K2": "K2", "TESS": "SPOC"}
FULL_FRAMES = {"TESS-SPOC", "QLP"}


def archive_name(mission: str, number: int, segment: int, author: str | None = None) -> str:
    """Where the file of one segment lies below the archive's folder, written out by hand from the archives' manuals."""
    nine, sixteen = f"{number:09d}", f"{number:016d}"
    folders = "/".join(sixteen[start : start + 4] for start in (0, 4, 8, 12))
    match author or OWN[mission]:
        case "Kepler":
            return f"missions/kepler/lightcurves/{nine[:4]}/{nine}/kplr{nine}-{KEPLER_STAMPS[segment]}_llc.fits"
        case "K2":
            tail = f"{nine[:4]}00000/{nine[4:6]}000/ktwo{nine}-c{segment:02d}_llc.fits"
            return f"missions/k2/lightcurves/c{segment}/{tail}"
        case "K2SFF":
            name = f"hlsp_k2sff_k2_lightcurve_{nine}-c{segment:02d}_kepler_v1_llc.fits"
            return f"hlsps/k2sff/c{segment:02d}/{nine[:4]}00000/{nine[4:]}/{name}"
        case "EVEREST":
            name = f"hlsp_everest_k2_llc_{nine}-c{segment:02d}_kepler_v2.0_lc.fits"
            return f"hlsps/everest/v2/c{segment:02d}/{nine[:4]}00000/{nine[4:]}/{name}"
        case "SPOC" | "SPOC-20s" as spoc:
            kind = "s_lc" if spoc == "SPOC" else "a_fast-lc"
            name = f"tess2018206045859-s{segment:04d}-{sixteen}-0120-{kind}.fits"
            return f"missions/tess/tid/s{segment:04d}/{folders}/{name}"
        case "TESS-SPOC":
            name = f"hlsp_tess-spoc_tess_phot_{sixteen}-s{segment:04d}_tess_v1_lc.fits"
            return f"hlsps/tess-spoc/s{segment:04d}/target/{folders}/{name}"
        case "QLP":
            return f"hlsps/qlp/s{segment:04d}/{folders}/hlsp_qlp_tess_ffi_s{segment:04d}-{sixteen}_tess_v01_llc.fits"
        case other:
            raise ValueError(f"no files by {other}")


def cadence_d(mission: str, segment: int, author: str | None = None) -> float:
    """Days from one cadence to the next: of TESS's full frames 30 minutes, 10 since sector 27, 200 s since 56."""
    if author == "SPOC-20s":
        return 20 / 86400
    if author in FULL_FRAMES:
        return (1800 if segment < 27 else 600 if segment < 56 else 200) / 86400
    return CADENCE_D[mission]


def table_columns(mission: str, segment: int, rows: int, author: str | None = None) -> dict[str, np.ndarray]:
    """The columns of one segment's table, all finite."""
    author = author or OWN[mission]
    random = np.random.default_rng([segment, rows])
    step = cadence_d(mission, segment, author)
    if author == "SPOC-20s" or author in FULL_FRAMES:
        # Sectors are 27 days apart, whatever the cadence.
        first = round((1325.3 + 27 * (segment - 1)) / step)
        cadence = first + np.arange(rows, dtype="i4")
        time = cadence * step
    else:
        cadence = FIRST_CADENCE[mission] + 5000 * segment + np.arange(rows, dtype="i4")
        time = 1000 + cadence * step

    def near(level: float, scatter: float, kind: str = "f4") -> np.ndarray:
        return random.normal(level, scatter, rows).astype(kind)

    if author == "K2SFF":
        moving = random.choice(np.array([0, 0, 0, 1], "i2"), rows)
        columns = {"T": time, "FRAW": near(1, 1e-2, "f8"), "FCOR": near(1, 1e-4, "f8"), "ARCLENGTH": near(0, 1, "f8")}
        return {**columns, "MOVING": moving, "CADENCENO": cadence}
    if author == "EVEREST":
        bits = random.choice(np.array([0, 128, 1 << 20, 1 << 22 | 128, 1 << 24], "i4"), rows)
        columns = {"CADN": cadence.astype("f8"), "FLUX": near(1e4, 1, "f8"), "FRAW": near(1e4, 30, "f8")}
        columns |= {"FRAW_ERR": near(3, 0.1, "f8"), "QUALITY": bits, "TIME": time, "FCOR": near(1e4, 1, "f8")}
        return {**columns, "CBV01": near(0, 1, "f8")}
    if author == "QLP":
        detrended = "KSPSAP_FLUX" if segment < 56 else "DET_FLUX"
        low = 1 << 12 if segment < 56 else 1 << 30
        columns = {"TIME": time, "CADENCENO": cadence, "SAP_FLUX": near(1, 1e-3), detrended: near(1, 1e-4)}
        columns |= {f"{detrended}_ERR": np.full(rows, 2e-4, "f4"), "QUALITY": random.choice([0, 128, low], rows)}
        columns["QUALITY"] = columns["QUALITY"].astype("i4")
        columns |= {"ORBITID": np.full(rows, 2 * segment + 7, "i4"), "SAP_X": near(500, 1e-3), "SAP_Y": near(9, 1e-3)}
        columns |= {"SAP_BKG": near(20, 1), "SAP_BKG_ERR": near(3, 0.1)}
        columns |= {f"{detrended}_{size}": near(1, 1e-4) for size in ("SML", "LAG")}
        return columns if segment < 56 else {**columns, "SYS_RM_FLUX": near(1, 1e-4)}

    quality = "QUALITY" if mission == "TESS" else "SAP_QUALITY"
    columns = {"TIME": time, "TIMECORR": np.zeros(rows, "f4"), "CADENCENO": cadence}
    for name in ("SAP_FLUX", "SAP_FLUX_ERR", "SAP_BKG", "SAP_BKG_ERR", "PDCSAP_FLUX", "PDCSAP_FLUX_ERR"):
        columns[name] = near(1e4, 3)
    columns[quality] = random.choice(np.array([0, 128, 8192], "i4"), rows)
    for name in ("MOM_CENTR1", "MOM_CENTR2"):
        columns[name] = near(500, 1e-3, "f8")
    for name in ("POS_CORR1", "POS_CORR2"):
        columns[name] = near(0, 1e-3)
    return columns


def _primary_cards(mission: str, number: int, segment: int, author: str) -> dict[str, Any]:
    cards: dict[str, Any] = {"NEXTEND": 2, "CREATOR": "a test", "DATA_REL": 25, "RA_OBJ": 290.5, "DEC_OBJ": 44.5}
    if mission == "TESS":
        cards |= {"TELESCOP": "TESS", "OBJECT": f"TIC {number}", "TICID": number, "SECTOR": segment}
        cards |= {"CAMERA": 4, "CCD": 1, "TESSMAG": 10.5, "PMRA": 63.1, "PMDEC": -5.0, "TEFF": 5600.0}
    else:
        prefix, key = ("KIC", "QUARTER") if mission == "Kepler" else ("EPIC", "CAMPAIGN")
        cards |= {"TELESCOP": "Kepler", "MISSION": mission, "OBJECT": f"{prefix} {number}", "KEPLERID": number}
        cards |= {key: segment, "CHANNEL": 11, "OBSMODE": "long cadence", "KEPMAG": 13.04}
        cards |= {"PMRA": 0.0631, "PMDEC": -0.005, "TEFF": 5192, "LOGG": 4.489, "RADIUS": 0.873}
    without = dict.fromkeys(("CREATOR", "PMRA", "PMDEC", "TEFF", "LOGG", "RADIUS"))
    match author:
        case "K2SFF":
            cards |= {**without, "DATE": "2015-03-08"}
        case "EVEREST":
            cards |= {**without, "NEXTEND": None, "MISSION": "k2", "VERSION": "2.0", "DATE": "2017-06-02"}
            cards |= {"COMMENT": "*     EVEREST INFO     *"}
        case "QLP":
            cards |= {"NEXTEND": 1, "ORIGIN": "MIT/QLP", "DATE": "2020-10-14", "DATA_REL": None, "CREATOR": None}
        case "TESS-SPOC" | "SPOC-20s":
            cards |= {"ORIGIN": "NASA/Ames", "DATE": "2020-07-11", "CREATOR": "1 LightCurveExporterPipelineModule"}
    return cards


def _table_cards(mission: str, segment: int, author: str) -> dict[str, Any]:
    cards: dict[str, Any] = {"TIMESYS": "TDB", "BJDREFI": ZERO_BJD[mission], "BJDREFF": 0.0, "DEADC": 0.92}
    cards |= {"TIMEDEL": cadence_d(mission, segment, author), "CROWDSAP": 0.99, "FLFRCSAP": 0.87}
    if author in ("K2SFF", "EVEREST", "QLP"):
        cards |= {"CROWDSAP": None, "FLFRCSAP": None}
    return cards


_EXTENSION = {"K2SFF": "BESTAPER", "EVEREST": "LC ARRAYS"}
_TIME_UNIT = {"EVEREST": "BJD - 2454833", "QLP": "BJD-2457000, days"}


def write_fits(
    path: Path,
    mission: str = "Kepler",
    number: int = 757076,
    segment: int = 1,
    rows: int = 60,
    primary: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    columns: dict[str, np.ndarray | None] | None = None,
    author: str | None = None,
    time_unit: str | None = None,
) -> Path:
    """Write one light curve with right sums; None as a value takes a header card or column away.

    `author` is the pipeline whose layout it has, unless given the mission's own; `time_unit` what the unit of its
    times says instead of that pipeline's.
    """
    author = author or OWN[mission]
    head = {**_primary_cards(mission, number, segment, author), **(primary or {})}
    table_head = {**_table_cards(mission, segment, author), **(header or {})}
    table = {**table_columns(mission, segment, rows, author), **(columns or {})}
    formats = {"f8": "D", "f4": "E", "i8": "K", "i4": "J", "i2": "I"}
    parts = [
        fits.PrimaryHDU(),
        fits.BinTableHDU.from_columns(
            [
                fits.Column(
                    name,
                    formats[column.dtype.str[1:]],
                    unit=(time_unit or _TIME_UNIT.get(author)) if name == "TIME" else None,
                    array=column,
                )
                for name, column in table.items()
                if column is not None
            ],
            name=_EXTENSION.get(author, "LIGHTCURVE"),
        ),
    ]
    if author != "QLP":
        parts.append(fits.ImageHDU(np.ones((5, 5), "i4"), name="APERTURE"))
    for hdu, cards in zip(parts, (head, table_head), strict=False):
        hdu.header.update({key: value for key, value in cards.items() if value is not None})
    path.parent.mkdir(parents=True, exist_ok=True)
    fits.HDUList(parts).writeto(path, checksum=True, overwrite=True)
    return path


def write_target(archive: Path, mission: str, number: int, segments: tuple[int, ...], **changes: Any) -> list[Path]:
    """Write one target's files into an archive folder."""
    author = changes.get("author")
    return [
        write_fits(archive / archive_name(mission, number, segment, author), mission, number, segment, **changes)
        for segment in segments
    ]
