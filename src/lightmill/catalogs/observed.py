"""In which quarters or campaigns a star was observed, where a catalog says so.

The numbers are those of the archive's light-curve files, joined by commas: `1,2,3,17`; '' where a catalog says nothing.
A cell that cannot be read is flagged, and its row kept: whoever fetches light curves then asks the archive.
"""

import re
from collections.abc import Callable, Iterable

import numpy as np

from lightmill.catalogs.convert import MISSING
from lightmill.catalogs.rows import Rows
from lightmill.catalogs.signals import UNREADABLE

# exoplanetarchive.ipac.caltech.edu/docs/API_kepcandidate_columns.html, `koi_quarters`: "Reading from left to right, the
# bits indicate the quarters, starting with quarter 1." The Archive's own rows bear it out: KOIs (of KIC 10601284, say)
# have 17 ones and 15 zeros; `tce_quarters` of DR25, whose search went from Q1 to Q17, has exactly 17 bits. So Q0 has no
# bit, and nothing is said of it. A string of any other length has lost digits on its way, as a number does.
LAST_QUARTER = 17
_BITS = re.compile(rf"([01]{{{LAST_QUARTER}}})(?:0{{15}})?", re.ASCII)

# docs/API_k2pandc_columns.html, `k2_campaigns`: "5,16,18", with or without blanks. Campaigns 9, 10 and 11 were broken
# off and resumed, and each half has light-curve files of its own (Data Release Notes of K2: C91 and C92, ...).
_HALVES = {number: (10 * number + 1, 10 * number + 2) for number in (9, 10, 11)}
_CAMPAIGNS = frozenset([*range(20), *(half for halves in _HALVES.values() for half in halves)])
_SEPARATORS = re.compile(r"[\s,;]+")
_CAMPAIGN = re.compile(r"[Cc]?(\d{1,3})", re.ASCII)


def quarters(rows: Rows, column: str) -> list[str]:
    """Quarters from a column of bit strings; what is none is flagged and left empty."""
    return _readable(rows, column, _quarters)


def campaigns(rows: Rows, column: str) -> list[str]:
    """Campaigns from a column of lists of their numbers; what is none is flagged and left empty."""
    return _readable(rows, column, _campaigns)


def joined(numbers: Iterable[int]) -> str:
    """Segment numbers as text: each once, sorted by number, joined by commas."""
    return ",".join(map(str, sorted(set(numbers))))


def united(segments: Iterable[str]) -> str:
    """All segments that any of several such texts names."""
    return joined(int(number) for text in segments for number in text.split(",") if number)


def _readable(rows: Rows, column: str, read: Callable[[str], str | None]) -> list[str]:
    known: dict[str, str | None] = {
        cell: "" if cell.lower() in MISSING else read(cell) for cell in dict.fromkeys(rows[column])
    }
    found = [known[cell] for cell in rows[column]]
    rows.flag(UNREADABLE + column, np.array([text is None for text in found], dtype=bool))
    return [text or "" for text in found]


def _quarters(cell: str) -> str | None:
    match = _BITS.fullmatch(cell)
    return joined(place for place, bit in enumerate(match[1], start=1) if bit == "1") if match else None


def _campaigns(cell: str) -> str | None:
    matches = [_CAMPAIGN.fullmatch(part) for part in _SEPARATORS.split(cell) if part]
    numbers = [int(match[1]) for match in matches if match]
    if len(numbers) < len(matches) or not _CAMPAIGNS.issuperset(numbers):
        return None
    return joined(half for number in numbers for half in _HALVES.get(number, (number,)))
