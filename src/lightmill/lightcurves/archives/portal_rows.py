"""What the portal's rows say, believed only where it agrees with what was asked and with the archive's own names."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from lightmill.lightcurves.archives import names
from lightmill.lightcurves.archives.names import parse_tess_file
from lightmill.lightcurves.archives.products import Product

# Whose light curves the portal is asked for, and what it calls them.
PROVENANCE = {"SPOC": "SPOC", "SPOC-20s": "SPOC", "TESS-SPOC": "TESS-SPOC", "QLP": "QLP"}
_HLSP_AUTHORS = ("TESS-SPOC", "QLP")
_FAST_S = 20.0

Row = Mapping[str, Any]


class Observation(NamedTuple):
    """What a row says of one star, pipeline and sector."""

    number: int
    author: str
    sector: int | None
    observation_id: str
    """The portal's own number of the observation, digits; empty if it is something else."""
    uri: str
    """The file that the row names."""

    @property
    def names_light_curve(self) -> bool:
        """Whether the row itself names the light curve; otherwise it is one of the observation's files."""
        return self.uri.endswith("lc.fits")


def read_observation(row: Row, wanted: Collection[int], dropped: list[str]) -> Observation | None:
    """A row as far as it can be used; why it cannot is added to `dropped`, unless it is of another kind of file."""
    uri, shown = str(row.get("dataURL") or ""), f"target {str(row.get('target_name'))[:40]!r}"
    if uri.endswith("_dvt.fits"):
        return None
    number = re.fullmatch(r"(?:TIC )?0*([1-9][0-9]{0,10})", str(row.get("target_name")).strip(), re.ASCII)
    if number is None or int(number[1]) not in wanted:
        dropped.append(f"{shown} was not asked for")
        return None
    author = _author(row)
    if author is None:
        dropped.append(f"{shown}: unknown pipeline {str(row.get('provenance_name'))[:40]!r}")
        return None
    sector = row.get("sequence_number")
    known = sector if type(sector) is int and sector > 0 else None
    observation_id = re.fullmatch(r"[0-9]{1,20}", str(row.get("obsid")), re.ASCII)
    return Observation(int(number[1]), author, known, observation_id[0] if observation_id else "", uri)


def _author(row: Row) -> str | None:
    provenance = str(row.get("provenance_name"))
    if provenance != "SPOC":
        return provenance if provenance in PROVENANCE.values() else None
    try:
        return "SPOC-20s" if abs(float(row["t_exptime"]) - _FAST_S) < 1 else "SPOC"
    except (KeyError, TypeError, ValueError):
        return None


def read_product(one: Observation, uri: str) -> Product | None:
    """The file that a `mast:` URI names, if it is a light curve of the star, pipeline and sector of an observation.

    `mast:HLSP/...` is `hlsps/...` in the archive; `mast:TESS/product/...` does not tell the folder, but names do.
    """
    match = re.fullmatch(r"mast:(HLSP|TESS)/((?:[A-Za-z0-9][\w.-]*/)+)([A-Za-z0-9][\w.-]*)", uri, re.ASCII)
    parsed = parse_tess_file(match[3]) if match else None
    if match is None or parsed is None or parsed[:2] != (one.author, one.number):
        return None
    sector = parsed[2]
    if one.sector not in (None, sector):
        return None
    tree = names.TREES["TESS"][one.author] if one.author in _HLSP_AUTHORS else None
    if tree is not None:
        name = f"hlsps/{match[2]}{match[3]}"
        return Product(name, one.author, sector) if match[1] == "HLSP" and name.startswith(f"{tree}/") else None
    if (match[1], match[2]) != ("TESS", "product/"):
        return None
    return Product(f"{names.tess_folder(one.author, one.number, sector)}/{match[3]}", one.author, sector)
