"""Small FITS files in the missions' own layout, right or wrong on purpose, under the archives' folder trees."""

from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

KEPLER_STAMPS = {1: "2009166043257", 2: "2009259160929", 3: "2009350155506"}
# Cadence numbers and times rise from quarter to quarter, as they do in life.
FIRST_CADENCE = {"Kepler": 1105, "K2": 86_000, "TESS": 70_444}
CADENCE_D = {"Kepler": 0.02043359821692, "K2": 0.02043359821692, "TESS": 0.001388888888888889}
ZERO_BJD = {"Kepler": 2454833, "K2": 2454833, "TESS": 2457000}


def archive_name(mission: str, number: int, segment: int) -> str:
    """Where the file of one segment lies below the archive's folder, written out by hand from the archives' manuals."""
    if mission == "Kepler":
        nine = f"{number:09d}"
        return f"missions/kepler/lightcurves/{nine[:4]}/{nine}/kplr{nine}-{KEPLER_STAMPS[segment]}_llc.fits"
    if mission == "K2":
        tail = f"{str(number)[:4]}00000/{str(number)[4:6]}000/ktwo{number}-c{segment:02d}_llc.fits"
        return f"missions/k2/lightcurves/c{segment}/{tail}"
    digits = f"{number:016d}"
    folders = f"{digits[:4]}/{digits[4:8]}/{digits[8:12]}/{digits[12:]}"
    return f"missions/tess/tid/s{segment:04d}/{folders}/tess2018206045859-s{segment:04d}-{digits}-0120-s_lc.fits"


def table_columns(mission: str, segment: int, rows: int) -> dict[str, np.ndarray]:
    """The columns of one segment's table, all finite."""
    random = np.random.default_rng([segment, rows])
    quality = "QUALITY" if mission == "TESS" else "SAP_QUALITY"
    cadence = FIRST_CADENCE[mission] + 5000 * segment + np.arange(rows, dtype="i4")
    columns = {"TIME": 1000 + cadence * CADENCE_D[mission], "TIMECORR": np.zeros(rows, "f4"), "CADENCENO": cadence}
    for name in ("SAP_FLUX", "SAP_FLUX_ERR", "SAP_BKG", "SAP_BKG_ERR", "PDCSAP_FLUX", "PDCSAP_FLUX_ERR"):
        columns[name] = random.normal(1e4, 3, rows).astype("f4")
    columns[quality] = random.choice(np.array([0, 128, 8192], "i4"), rows)
    for name in ("MOM_CENTR1", "MOM_CENTR2"):
        columns[name] = random.normal(500, 1e-3, rows)
    for name in ("POS_CORR1", "POS_CORR2"):
        columns[name] = random.normal(0, 1e-3, rows).astype("f4")
    return columns


def write_fits(
    path: Path,
    mission: str = "Kepler",
    number: int = 757076,
    segment: int = 1,
    rows: int = 60,
    primary: dict[str, Any] | None = None,
    header: dict[str, Any] | None = None,
    columns: dict[str, np.ndarray | None] | None = None,
) -> Path:
    """Write one light curve with right sums; None as a value takes a header card or column away."""
    head: dict[str, Any] = {"NEXTEND": 2, "CREATOR": "a test", "DATA_REL": 25, "RA_OBJ": 290.5, "DEC_OBJ": 44.5}
    if mission == "TESS":
        head |= {"TELESCOP": "TESS", "OBJECT": f"TIC {number}", "TICID": number, "SECTOR": segment}
        head |= {"CAMERA": 4, "CCD": 1, "TESSMAG": 10.5, "PMRA": 63.1, "PMDEC": -5.0, "TEFF": 5600.0}
    else:
        prefix, key = ("KIC", "QUARTER") if mission == "Kepler" else ("EPIC", "CAMPAIGN")
        head |= {"TELESCOP": "Kepler", "MISSION": mission, "OBJECT": f"{prefix} {number}", "KEPLERID": number}
        head |= {key: segment, "CHANNEL": 11, "OBSMODE": "long cadence", "KEPMAG": 13.04}
        head |= {"PMRA": 0.0631, "PMDEC": -0.005, "TEFF": 5192, "LOGG": 4.489, "RADIUS": 0.873}
    table_head: dict[str, Any] = {"TIMESYS": "TDB", "BJDREFI": ZERO_BJD[mission], "BJDREFF": 0.0, "DEADC": 0.92}
    table_head |= {"TIMEDEL": CADENCE_D[mission], "CROWDSAP": 0.99, "FLFRCSAP": 0.87}
    table = {**table_columns(mission, segment, rows), **(columns or {})}
    formats = {"f8": "D", "f4": "E", "i4": "J", "i2": "I"}
    hdus = fits.HDUList(
        [
            fits.PrimaryHDU(),
            fits.BinTableHDU.from_columns(
                [
                    fits.Column(name, formats[column.dtype.str[1:]], array=column)
                    for name, column in table.items()
                    if column is not None
                ],
                name="LIGHTCURVE",
            ),
            fits.ImageHDU(np.ones((5, 5), "i4"), name="APERTURE"),
        ]
    )
    for hdu, cards in ((hdus[0], {**head, **(primary or {})}), (hdus[1], {**table_head, **(header or {})})):
        hdu.header.update({key: value for key, value in cards.items() if value is not None})
    path.parent.mkdir(parents=True, exist_ok=True)
    hdus.writeto(path, checksum=True, overwrite=True)
    return path


def write_target(archive: Path, mission: str, number: int, segments: tuple[int, ...], **changes: Any) -> list[Path]:
    """Write one target's files into an archive folder."""
    return [
        write_fits(archive / archive_name(mission, number, segment), mission, number, segment, **changes)
        for segment in segments
    ]
