"""The archive's download script of a TESS sector, read as a list of files. It is never executed."""

import re

import numpy as np
import pyarrow as pa

from lightmill.lightcurves.archives.names import parse_tess_file
from lightmill.logs import logger
from lightmill.network.errors import TransientError

SCHEMA = pa.schema([("tic", pa.int64()), ("sector", pa.int16()), ("url", pa.string())])

_SCRIPT = re.compile(r"tesscurl_sector_([1-9][0-9]{0,3})_lc\.sh", re.ASCII)
# The name of the file is repeated in the address that it is fetched from, and nothing may follow.
_FETCHED = re.compile(
    r"curl (?:-[A-Za-z-]+ (?:- )?)*(?:-o|--output) (?P<file>[a-z0-9_-]+\.fits) "
    r"(?P<quote>[\"']?)(?P<url>https://(?:mast|archive)\.stsci\.edu/api/v0\.1/Download/file/?\?uri=mast:TESS/product/"
    r"(?P=file))(?P=quote)",
    re.ASCII,
)


def script_name(sector: int) -> str:
    """The file name of a sector's script for two-minute light curves."""
    return f"tesscurl_sector_{sector}_lc.sh"


def script_sector(name: str) -> int | None:
    """The sector of a script by its file name; None if it is none for two-minute light curves."""
    match = _SCRIPT.fullmatch(name)
    return int(match[1]) if match else None


def read_script(text: str, sector: int, where: str) -> pa.Table:
    """The two-minute light curves that a sector's script fetches, sorted by TIC number and URL (see SCHEMA).

    Lines that fetch anything else are counted and named in the log. Raises TransientError, naming `where`, if no line
    is good, or if the script breaks off in the middle of one.
    """
    listed, odd = set[tuple[int, str]](), []
    lines = text.split("\n")
    for line in map(str.rstrip, lines):
        match = _FETCHED.fullmatch(line)
        parsed = parse_tess_file(match["file"]) if match else None
        if match is not None and parsed is not None and (parsed[0], parsed[2]) == ("SPOC", sector):
            listed.add((parsed[1], match["url"]))
        elif line and not line.startswith("#"):
            odd.append(line)
    if not listed:
        raise TransientError(f"{where}: no line that fetches a light curve of sector {sector} ({text[:60]!r})")
    if odd and odd[-1] == lines[-1].rstrip():
        raise TransientError(f"{where}: breaks off in the middle of a line ({lines[-1][:150]!r})")
    if odd:
        logger.warning(
            "%s: %d lines that fetch no light curve of sector %d are passed over, the first %r",
            where, len(odd), sector, odd[0][:150],
        )  # fmt: skip
    numbers, urls = zip(*sorted(listed), strict=True)
    columns = [np.array(numbers, "i8"), np.full(len(numbers), sector, "i2"), list(urls)]
    return pa.table(dict(zip(SCHEMA.names, columns, strict=True)), schema=SCHEMA)
