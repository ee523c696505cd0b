"""The kinds of tables that can be read, and the columns by which they are told apart. Quick to import."""

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from lightmill.errors import CatalogError
from lightmill.targets import Mission


@dataclass(frozen=True)
class TableKind:
    """One kind of table: how it is called here and there, and the columns without which it cannot be read.

    `mission` is None where every row says its own. Of the columns `one_of`, where there are any, one must be there.
    """

    name: str
    title: str
    mission: Mission | None
    required: tuple[str, ...]
    one_of: tuple[str, ...] = ()


# How the deliveries of the Archive's TCE tables call themselves (`tce_delivname`): their columns are the same.
DR24_DELIVERY = "q1_q17_dr24_tce"
DR25_DELIVERY = "q1_q17_dr25_tce"
# A user's own list, which no archive has.
OWN = "own"
OWN_COLUMNS = (
    "signal_id",
    "target_id",
    "period_d",
    "period_err_d",
    "epoch_bjd",
    "epoch_btjd",
    "epoch_bkjd",
    "epoch_err_d",
    "duration_h",
    "depth_ppm",
    "disposition",
    "ra_deg",
    "dec_deg",
    "magnitude",
    "radius_rearth",
    "snr",
)

KINDS: dict[str, TableKind] = {
    kind.name: kind
    for kind in (
        TableKind(
            "koi",
            "Kepler Objects of Interest, cumulative table (NASA Exoplanet Archive)",
            "Kepler",
            ("kepid", "kepoi_name", "koi_disposition", "koi_period", "koi_time0bk", "koi_duration", "koi_depth"),
        ),
        TableKind(
            "k2pandc",
            "K2 Planets and Candidates (NASA Exoplanet Archive)",
            "K2",
            ("pl_name", "hostname", "default_flag", "disposition", "pl_orbper"),
        ),
        TableKind(
            "toi",
            "TESS Objects of Interest (NASA Exoplanet Archive)",
            "TESS",
            ("toi", "tid", "tfopwg_disp", "pl_orbper", "pl_tranmid", "pl_trandurh", "pl_trandep"),
        ),
        TableKind(
            "exofop_toi",
            "TESS Objects of Interest (ExoFOP)",
            "TESS",
            (
                "TIC ID",
                "TOI",
                "TFOPWG Disposition",
                "Epoch (BJD)",
                "Period (days)",
                "Duration (hours)",
                "Depth (ppm)",
            ),
        ),
        TableKind(
            "exominer",
            "ExoMiner vetting catalog of TESS SPOC TCEs",
            "TESS",
            (
                "TCE ID",
                "TIC ID",
                "Sector Run",
                "Planet Number",
                "ExoMiner Score",
                "Orbital Period [day]",
                "Transit Duration [hour]",
                "Transit Epoch [BTJD]",
                "Transit Depth [ppm]",
            ),
        ),
        TableKind(
            "dr24",
            "Kepler DR24 TCEs with the autovetter's training labels (NASA Exoplanet Archive)",
            "Kepler",
            ("kepid", "tce_plnt_num", "tce_period", "tce_time0bk", "tce_duration", "av_training_set"),
        ),
        TableKind(
            "dr25",
            "Kepler DR25 TCEs with ExoMiner's labels",
            "Kepler",
            (
                "target_id",
                "tce_plnt_num",
                "tce_period",
                "tce_time0bk",
                "tce_duration",
                "transit_depth",
                "label",
            ),
        ),
        TableKind(
            "dr25_tce",
            "Kepler DR25 TCEs, without labels (NASA Exoplanet Archive)",
            "Kepler",
            (
                "kepid",
                "tce_plnt_num",
                "tce_delivname",
                "tce_period",
                "tce_time0bk",
                "tce_duration",
                "tce_depth",
            ),
        ),
        TableKind(
            "yu2019",
            "TESS TCEs of sectors 1-5, labelled for triage (Yu et al. 2019)",
            "TESS",
            ("row_id", "tic_id", "Disposition", "Epoc", "Period", "Duration", "Transit_Depth"),
        ),
        TableKind(
            OWN,
            "a list of your own",
            None,
            ("target_id", "period_d", "duration_h", "disposition"),
            ("epoch_bjd", "epoch_btjd", "epoch_bkjd"),
        ),
    )
}


def kind_of(columns: tuple[str, ...], path: str | Path, first_row: str) -> TableKind:
    """The kind of table with these columns; its first row says which it is where two deliveries have the same ones.

    Raises CatalogError, naming the file at `path` and what to do, if it is none that is known.
    """
    present = set(columns)
    candidates = _candidates(columns, path, first_row)
    fitting = [kind for kind in candidates if not _missing(kind, present)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise CatalogError(f"{path}: fits several tables ({', '.join(kind.name for kind in fitting)}); split it")
    if {"pl_name", "hostname", "pl_orbper"} <= present and "disposition" not in present:
        which = "Planetary Systems" if "default_flag" in present else "Planetary Systems Composite Parameters"
        raise CatalogError(
            f"{path}: this is the {which} table (no `disposition` column), which holds confirmed planets only; "
            "fetch 'K2 Planets and Candidates' (table k2pandc of the NASA Exoplanet Archive) instead"
        )
    nearest = max(candidates, key=lambda kind: _share_present(kind, present))
    if _share_present(nearest, present) >= 0.5:
        missing = _missing(nearest, present)
        them = "them" if len(missing) > 1 else "it"
        raise CatalogError(
            f"{path}: looks like {nearest.title}, but lacks the column{'s' if len(missing) > 1 else ''} "
            f"{', '.join(missing)}; "
            + (f"add {them}{_renaming(missing, present)}" if nearest.name == OWN else f"download it with {them}")
        )
    shown = ", ".join(name[:40] for name in columns[:8]) + (", ..." if len(columns) > 8 else "")
    known = "; ".join(f"{kind.name}: {kind.title}" for kind in KINDS.values())
    raise CatalogError(
        f"{path}: not a table that lightmill knows (columns {shown}). Known are {known}. What their columns are called "
        "is in docs/catalogs.md"
    )


def _candidates(columns: tuple[str, ...], path: str | Path, first_row: str) -> list[TableKind]:
    """The kinds that a table may be: of the Archive's TCE tables, alike in their columns, that which its row names."""
    if not {"kepid", "tce_plnt_num", "tce_delivname"} <= set(columns):
        return list(KINDS.values())
    by_delivery = {DR24_DELIVERY: "dr24", DR25_DELIVERY: "dr25_tce"}
    cells = next(csv.reader([first_row]), [])
    place = columns.index("tce_delivname")
    name = cells[place].strip() if place < len(cells) else ""
    if name not in by_delivery:
        known = " or ".join(by_delivery)
        raise CatalogError(f"{path}: TCEs of the delivery {name[:60]!r}; expected {known}: download one of these")
    return [KINDS[by_delivery[name]]]


def _missing(kind: TableKind, present: set[str]) -> list[str]:
    """The columns that a table lacks for a kind; where one of several would do, the first, the others in brackets."""
    missing = [name for name in kind.required if name not in present]
    if kind.one_of and present.isdisjoint(kind.one_of):
        first, *others = kind.one_of
        missing.append(f"{first} (or {', '.join(others)})")
    return missing


def _renaming(missing: list[str], present: set[str]) -> str:
    """Which columns of a list of somebody's own may be the missing ones under nearly their names."""
    others = sorted(present.difference(OWN_COLUMNS))
    wanted = [name.split(" ")[0] for name in missing]
    near = {name: get_close_matches(name, others, n=1, cutoff=0.7) for name in wanted}
    renamed = [f"{found[0][:40]} to {name}" for name, found in near.items() if found]
    return f", or rename what is there in that unit: {', '.join(renamed)}" if renamed else ""


def _share_present(kind: TableKind, present: set[str]) -> float:
    return sum(name in present for name in kind.required) / len(kind.required)
