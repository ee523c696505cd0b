"""K2 Planets and Candidates: the table of the NASA Exoplanet Archive (k2pandc).

Columns and units: exoplanetarchive.ipac.caltech.edu/docs/API_k2pandc_columns.html. One row per planet and reference;
`default_flag` marks the one that counts. The default download has no epoch, duration or depth; where a fuller one has
them, `pl_tranmid` is BJD, `pl_trandur` hours and `pl_trandep` percent. The BJD is not always TDB: authors differ, by
some minutes at most, and `pl_tsystemref` says how; such rows are flagged.

Light curves are found by EPIC number, which a default download holds only inside names: nearly always for candidates
and false positives, seldom for confirmed planets. It is taken, in this order, from the planet's or host's name, from
the columns `epic_hostname` and `epic_candname`, from the table of facts, and from another row of the same host.
"""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lightmill.catalogs.convert import (
    BAD_NUMBER,
    BJD,
    MISSING,
    Floats,
    depths,
    dispositions,
    durations,
    epochs,
    errors,
    optional,
    periods,
    without_limits,
)
from lightmill.catalogs.epics import known_epics
from lightmill.catalogs.observed import campaigns
from lightmill.catalogs.rows import Rows
from lightmill.catalogs.signals import NOT_TRANSITING, OTHER_TIME_SYSTEM

COLUMNS = (
    "pl_name",
    "hostname",
    "epic_hostname",
    "epic_candname",
    "tic_id",
    "default_flag",
    "disposition",
    "discoverymethod",
    "tran_flag",
    "pl_orbper",
    "pl_orbpererr1",
    "pl_orbpererr2",
    "pl_orbperlim",
    "pl_tranmid",
    "pl_tranmiderr1",
    "pl_tranmiderr2",
    "pl_tranmidlim",
    "pl_tsystemref",
    "pl_trandur",
    "pl_trandurlim",
    "pl_trandep",
    "pl_trandeplim",
    "pl_rade",
    "ra",
    "dec",
    "sy_kepmag",
    "sy_gaiamag",
    "k2_campaigns",
)

OTHER_REFERENCE = "other references of the same planet"
NO_DEFAULT = "planet without a default reference"
BJD_TDB = ("", "BJD", "BJD-TDB", "BJD_TDB", "TDB")
UNRESOLVED = "no EPIC number known for the host"

_EPIC = re.compile(r"EPIC\s*(\d{8,9})(?!\d)", re.ASCII)
_COMPONENT = re.compile(r"(\.\d{2}| [a-z])", re.ASCII)


def read_k2(rows: Rows) -> dict[str, Any]:
    """Columns of the signal table from rows of the K2 table, one per planet."""
    _keep_default_references(rows)
    epics = resolve_epics(rows)
    names, hosts = rows["pl_name"], rows["hostname"]
    rows.reject(
        epics == "",
        UNRESOLVED,
        lambda row: (
            f"no EPIC number known for host {hosts[row][:60]!r} (planet {names[row][:60]!r}): "
            "download the table with the column epic_hostname"
        ),
    )
    rows.flag(NOT_TRANSITING, _not_transiting(rows))
    rows.flag(OTHER_TIME_SYSTEM, np.array([system not in BJD_TDB for system in rows["pl_tsystemref"]], dtype=bool))
    return {
        "signal_id": [f"K2 EPIC {epic}{_component(name)}" for epic, name in zip(epics, names, strict=True)],
        "target_id": np.array([f"EPIC {epic}" if epic else "" for epic in epics], dtype=object),
        "period_d": without_limits(rows, periods(rows, "pl_orbper"), "pl_orbperlim"),
        "epoch_bjd": without_limits(rows, epochs(rows, "pl_tranmid", BJD), "pl_tranmidlim"),
        "duration_h": without_limits(rows, durations(rows, "pl_trandur"), "pl_trandurlim"),
        "depth_ppm": without_limits(rows, depths(rows, "pl_trandep", "percent"), "pl_trandeplim"),
        "segments": campaigns(rows, "k2_campaigns"),
        "disposition": dispositions(rows, "disposition"),
        "period_err_d": errors(rows, "pl_orbpererr1", "pl_orbpererr2"),
        "epoch_err_d": errors(rows, "pl_tranmiderr1", "pl_tranmiderr2"),
        "ra_deg": optional(rows, "ra", 0, 360),
        "dec_deg": optional(rows, "dec", -90, 90),
        "magnitude": _kepler_magnitudes(rows),
        "radius_rearth": optional(rows, "pl_rade"),
    }


def resolve_epics(rows: Rows) -> NDArray[np.object_]:
    """The EPIC number of each row's star as text, '' where none is known."""
    facts = known_epics()
    found = []
    columns = (rows["pl_name"], rows["hostname"], rows["epic_hostname"], rows["epic_candname"])
    for planet, host, epic_host, epic_candidate in zip(*columns, strict=True):
        match = next(filter(None, map(_EPIC.search, (planet, host, epic_host, epic_candidate))), None)
        found.append(str(int(match[1])) if match else facts.get(planet) or facts.get(host) or "")
    for column in ("hostname", "tic_id"):
        _fill_from_same(rows[column], found)
    return np.array(found, dtype=object)


def _fill_from_same(stars: list[str], found: list[str]) -> None:
    """Give rows without an EPIC number that of the other rows of their star, where those agree on one."""
    known: dict[str, set[str]] = {}
    for star, epic in zip(stars, found, strict=True):
        if epic and star.lower() not in MISSING:
            known.setdefault(star, set()).add(epic)
    for row, star in enumerate(stars):
        if not found[row] and len(known.get(star, ())) == 1:
            (found[row],) = known[star]


def _keep_default_references(rows: Rows) -> None:
    flags = np.array(rows["default_flag"], dtype=object)
    default, other = flags == "1", flags == "0"
    rows.reject(~default & ~other, BAD_NUMBER, lambda row: f"default_flag {flags[row][:60]!r}: expected 0 or 1")
    names = rows["pl_name"]
    with_default = {names[row] for row in np.flatnonzero(default)}
    alone = other & np.array([name not in with_default for name in names], dtype=bool)
    rows.reject(alone, NO_DEFAULT, lambda row: f"{names[row][:60]!r}: no row of this planet has default_flag 1")
    rows.merge(other, OTHER_REFERENCE)


def _component(name: str) -> str:
    """What names a planet on its star: `.01` or ` b` at the end of its name, else the whole name."""
    match = _COMPONENT.search(name[-3:])
    return match[1] if match and name.endswith(match[1]) else f" {name}"


def _not_transiting(rows: Rows) -> NDArray[np.bool_]:
    """Planets known not to transit, or, where the table does not tell, found by other means than transits."""
    tells = [flag in ("0", "1") for flag in rows["tran_flag"]]
    by_flag = [flag == "0" for flag in rows["tran_flag"]]
    by_method = [method not in ("", "Transit") for method in rows["discoverymethod"]]
    return np.where(tells, by_flag, by_method)


def _kepler_magnitudes(rows: Rows) -> Floats:
    """Kepler magnitudes, or Gaia's, whose band is nearly the same, where the download has none."""
    kepler = optional(rows, "sy_kepmag")
    return np.where(np.isnan(kepler), optional(rows, "sy_gaiamag"), kepler)
