"""EPIC numbers of K2 planets and hosts that the Archive lists under other names: a table of facts, with sources.

Quick to import: the rule that reads the K2 table watches the facts through `epics_digest`.
"""

import csv
import re
from functools import cache
from hashlib import blake2b
from importlib.resources import files

from lightmill.errors import CatalogError

_FACTS = "data/k2_epics.csv"
_EPIC = re.compile(r"[1-9][0-9]{7,8}", re.ASCII)


@cache
def known_epics() -> dict[str, str]:
    """EPIC numbers by planet or host name, as the K2 table writes the names.

    Raises CatalogError if a line of the facts is no EPIC number, or gives one name two numbers.
    """
    found: dict[str, str] = {}
    for line, row in enumerate(csv.DictReader(_text().splitlines()), start=2):
        name, epic = (row.get("name") or "").strip(), (row.get("epic") or "").strip()
        if not name or not _EPIC.fullmatch(epic) or found.get(name, epic) != epic:
            raise CatalogError(f"{_FACTS}, line {line}: {name!r} with EPIC number {epic!r}")
        found[name] = epic
    return found


def epics_digest() -> str:
    """Hex digest of the facts."""
    return blake2b(_text().encode(), digest_size=16).hexdigest()


def _text() -> str:
    facts = files("lightmill.catalogs").joinpath(_FACTS)
    return facts.read_text(encoding="utf-8") if facts.is_file() else ""
