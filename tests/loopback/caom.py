"""Observations and products, as MAST's portal has them, of the light curves in a folder tree."""

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

_STAMPS = """
2009131105131 2009166043257 2009259160929 2009350155506 2010078095331 2010009091648 2010174085026 2010265121752
2010355172524 2011073133259 2011177032512 2011271113734 2012004120508 2012088054726 2012179063303 2012277125453
2013011073258 2013098041711 2013131215648
"""
# Quarter of each long-cadence stamp; the fourth has two.
KEPLER_STAMPS = dict(zip(_STAMPS.split(), [0, 1, 2, 3, 4, 4, *range(5, 18)], strict=True))
# Name of a light curve: author, name with its groups `id`, `segment` (or a Kepler `stamp`), and `kind` where it tells.
NAMES = [
    ("Kepler", r"kplr(?P<id>\d{9})-(?P<stamp>\d{13})_(?P<kind>[ls])lc\.fits"),
    ("K2", r"ktwo(?P<id>\d{9})-c(?P<segment>\d{2,3})_(?P<kind>[ls])lc\.fits"),
    ("K2SFF", r"hlsp_k2sff_k2_lightcurve_(?P<id>\d{9})-c(?P<segment>\d{2,3})_kepler_v1_llc\.fits"),
    ("EVEREST", r"hlsp_everest_k2_llc_(?P<id>\d{9})-c(?P<segment>\d{2,3})_kepler_v2\.0_lc\.fits"),
    ("SPOC", r"tess\d{13}-s(?P<segment>\d{4})-(?P<id>\d{16})-\d{4}-(?P<kind>s_|a_fast-)lc\.fits"),
    ("TESS-SPOC", r"hlsp_tess-spoc_tess_phot_(?P<id>\d{16})-s(?P<segment>\d{4})_tess_v1_lc\.fits"),
    ("QLP", r"hlsp_qlp_tess_ffi_s(?P<segment>\d{4})-(?P<id>\d{16})_tess_v01_llc\.fits"),
]
NAMES = [(author, re.compile(expression)) for author, expression in NAMES]
MISSION = {"Kepler": "Kepler", "K2": "K2", "K2SFF": "K2", "EVEREST": "K2"}


@dataclass
class Found:
    """One light curve file of the tree."""

    path: Path
    name: str  # below the tree's folder
    author: str
    number: int
    segment: int
    kind: str

    @property
    def mission(self) -> str:
        return MISSION.get(self.author, "TESS")

    @property
    def collection(self) -> str:
        return "HLSP" if self.name.startswith("hlsps/") else self.mission

    @property
    def target(self) -> str:
        prefix = {"Kepler": "kplr", "K2": "ktwo", "TESS": ""}[self.mission]
        return f"{prefix}{self.number:09d}" if prefix else str(self.number)

    @property
    def exposure_s(self) -> float:
        if self.author == "SPOC":
            return 20.0 if "fast" in self.kind else 120.0
        if self.mission != "TESS":
            return 60.0 if self.kind == "s" else 1800.0
        return 1800.0 if self.segment < 27 else 600.0 if self.segment < 56 else 200.0

    @property
    def uri(self) -> str:
        """The address that MAST's download service knows."""
        if self.author == "SPOC":
            return f"mast:TESS/product/{self.path.name}"
        if self.collection == "HLSP":
            return "mast:HLSP/" + self.name.removeprefix("hlsps/")
        return f"mast:{self.mission.upper()}/url/{self.name}"


@dataclass
class Observation:
    """A row of the portal's observations with the files that belong to it."""

    row: dict[str, Any]
    files: list[Found] = field(default_factory=list)


def scan(folder: Path) -> Iterator[Found]:
    """The light curves of a tree, by their names; other files are passed over."""
    for here, folders, files in os.walk(folder, followlinks=True):
        folders.sort()
        for file in sorted(files):
            author, parts = recognised(file)
            if author is None:
                continue
            path = Path(here, file)
            if "stamp" in parts:
                segment = KEPLER_STAMPS.get(parts["stamp"], -1)
                segment = segment if segment >= 0 else int(primary_header(path).get("QUARTER", 0))
            else:
                segment = int(parts["segment"])
            name = f"{here[len(str(folder)) + 1 :]}/{file}".lstrip("/")
            yield Found(path, name, author, int(parts["id"]), segment, parts.get("kind", ""))


@lru_cache(maxsize=100_000)
def recognised(file: str) -> tuple[str | None, dict[str, str]]:
    """The author of a file and the parts of its name; no author where no pattern fits."""
    for author, expression in NAMES:
        match = expression.fullmatch(file)
        if match:
            return author, match.groupdict()
    return None, {}


def primary_header(path: Path) -> dict[str, Any]:
    """The cards of a file's primary header that are numbers or words."""
    return _cards(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=100_000)
def _cards(path: Path, changed_ns: int) -> dict[str, Any]:
    cards: dict[str, Any] = {}
    with path.open("rb") as file:
        while block := file.read(2880):
            for start in range(0, len(block), 80):
                card = block[start : start + 80].decode("latin-1")
                if card.rstrip() == "END":
                    return cards
                value = card[10:].split("/")[0].strip()
                if card[8:10] == "= " and value:
                    try:
                        cards[card[:8].strip()] = float(value)
                    except ValueError:
                        cards[card[:8].strip()] = value.strip("' ")
    return cards


def begin_mjd(found: Found) -> float:
    """About when a segment began, MJD; portal users tell a year from it."""
    first, length = {"Kepler": (54953.0, 93.0), "K2": (56725.0, 80.0), "TESS": (58324.8 - 27.4, 27.4)}[found.mission]
    campaign = found.segment // 10 if found.mission == "K2" and found.segment > 90 else found.segment
    return first + length * campaign


def observation_id(found: Found, quarters: set[int]) -> str:
    """`obs_id`: one a target for Kepler, with a digit for each quarter; one a file for all others."""
    stem = found.path.name.removesuffix(".fits")
    if found.author == "Kepler":
        digits = "".join("1" if quarter in quarters else "0" for quarter in range(18))
        return f"kplr{found.number:09d}_{'sc' if found.kind == 's' else 'lc'}_Q{digits}"
    if found.author == "K2":
        return stem[: -len("_llc")] + ("_sc" if found.kind == "s" else "_lc")
    if found.author == "SPOC":
        return stem.removesuffix("_lc").removesuffix("-lc")
    if found.author == "TESS-SPOC":
        return stem.removesuffix("_lc") + "_tp"
    return stem.removesuffix("_llc") if found.author == "K2SFF" else stem


def observations(files: list[Found]) -> list[Observation]:
    """The observations that files make up, in the order of the files."""
    groups: dict[tuple, list[Found]] = {}
    for found in files:
        kepler = found.author == "Kepler"
        groups.setdefault((found.author, found.number, found.kind) if kepler else (found.name,), []).append(found)
    made = []
    for group in groups.values():
        first = group[0]
        name = observation_id(first, {found.segment for found in group})
        header = primary_header(first.path)
        sequence = first.segment // 10 if first.mission == "K2" and first.segment > 90 else first.segment
        url = first.uri
        if first.author == "Kepler":
            url = f"mast:KEPLER/url/{first.name.rpartition('/')[0]}/{name}.tar"
        row = {
            "intentType": "science",
            "obs_collection": first.collection,
            "provenance_name": first.author,
            "instrument_name": "Photometer" if first.mission == "TESS" else "Kepler",
            "project": first.mission,
            "filters": "TESS" if first.mission == "TESS" else "KEPLER",
            "wavelength_region": "Optical",
            "target_name": first.target,
            "obs_id": name,
            "s_ra": header.get("RA_OBJ"),
            "s_dec": header.get("DEC_OBJ"),
            "dataproduct_type": "timeseries",
            "calib_level": 4 if first.collection == "HLSP" else 3,
            "t_min": begin_mjd(group[0]),
            "t_max": begin_mjd(group[-1]) + 27.0,
            "t_exptime": first.exposure_s,
            "sequence_number": None if first.author == "Kepler" else sequence,
            "dataURL": url,
            "dataRights": "PUBLIC",
            "mtFlag": False,
            "srcDen": None,
            "obsid": str(10_000_000 + zlib.crc32(name.encode()) % 80_000_000),
            "objID": str(100_000_000 + zlib.crc32(name.encode()) % 800_000_000),
        }
        made.append(Observation(row, group))
    return made


def products(observation: Observation) -> list[dict[str, Any]]:
    """The rows of an observation's products: the light curves, and the pixels, which are not served."""
    rows = []
    for found in observation.files:
        described = {"Kepler": f"Lightcurve {'Short' if found.kind == 's' else 'Long'} Cadence"}
        described |= {"K2": described["Kepler"], "SPOC": "Light curves"}
        kind = " (CSC)" if found.kind == "s" else " (CLC)"
        text = described.get(found.author, "FITS light curve")
        if found.author in ("Kepler", "K2"):
            text += f"{kind} - {'Q' if found.author == 'Kepler' else 'C'}{found.segment}"
        row = {
            "obsID": observation.row["obsid"],
            "obs_collection": found.collection,
            "dataproduct_type": "timeseries",
            "obs_id": observation.row["obs_id"],
            "description": text,
            "type": "S",
            "dataURI": found.uri,
            "productType": "SCIENCE",
            "productGroupDescription": "Minimum Recommended Products",
            "productSubGroupDescription": "FAST-LC"
            if "fast" in found.kind
            else "LC"
            if found.author == "SPOC"
            else "LLC",
            "productDocumentationURL": "",
            "project": found.mission if found.author != "SPOC" else "SPOC",
            "prvversion": "",
            "proposal_id": "N/A",
            "productFilename": found.path.name,
            "size": found.path.stat().st_size,
            "parent_obsid": observation.row["obsid"],
            "dataRights": "PUBLIC",
            "calib_level": observation.row["calib_level"],
        }
        rows.append(row)
        pixels = {
            "Kepler": ("lc.fits", "pd-targ.fits.gz"),
            "K2": ("lc.fits", "pd-targ.fits.gz"),
            "SPOC": ("lc.fits", "tp.fits"),
        }
        if found.author in pixels:
            names = {key: row[key].replace(*pixels[found.author]) for key in ("dataURI", "productFilename")}
            shown = {
                "description": text.replace("Lightcurve", "Target Pixel").replace("Light curves", "Target pixel files")
            }
            rows.append({**row, **names, **shown, "productSubGroupDescription": "TP", "size": 4 * row["size"]})
    return rows
