"""Reading one table into the signal table: every row becomes a signal, is rejected with a reason, or merged."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from lightmill.catalogs import exominer, k2, koi, own, own_words, tce, toi
from lightmill.catalogs.convert import reject_repeated
from lightmill.catalogs.identify import TableInfo, identify_table
from lightmill.catalogs.kinds import OWN
from lightmill.catalogs.policy import apply_policy, unexpected_dispositions
from lightmill.catalogs.rows import MALFORMED, Rows, read_rows
from lightmill.catalogs.signals import (
    COLUMNS,
    DURATION_EXCEEDS_PERIOD,
    IMPLAUSIBLE_DEPTH,
    SINGLE_TRANSIT,
    WAITING_FOR_SEARCH,
    empty_signals,
    validate_signals,
    write_signals,
)
from lightmill.config.catalogs import LabelSettings
from lightmill.errors import CatalogError
from lightmill.files import SEPARATOR, write_csv, write_json
from lightmill.logs import logger

Reader = Callable[[Rows], dict[str, Any]]

READERS: dict[str, tuple[tuple[str, ...], Reader]] = {
    "koi": (koi.COLUMNS, koi.read_koi),
    "k2pandc": (k2.COLUMNS, k2.read_k2),
    "toi": (toi.TOI_COLUMNS, toi.read_toi),
    "exofop_toi": (toi.EXOFOP_COLUMNS, toi.read_exofop_toi),
    "exominer": (exominer.COLUMNS, exominer.read_exominer),
    "dr24": (tce.DR24_COLUMNS, tce.read_dr24),
    "dr25": (tce.DR25_COLUMNS, tce.read_dr25),
    "dr25_tce": (tce.DR25_TCE_COLUMNS, tce.read_dr25_tce),
    "yu2019": (tce.YU2019_COLUMNS, tce.read_yu2019),
    OWN: (own.COLUMNS, own.read_own),
}

NO_DISPOSITION = "none"
LONGEST_REJECTED_TEXT = 2_000


@dataclass(frozen=True)
class CatalogTable:
    """One catalog as read.

    `signals`: the signal table, one row per signal of the file. `rejected`: columns `line` (of the file), `reason`,
    `row` (its text). `summary`: counts by kind, nothing that depends on when or where the file was read.
    """

    info: TableInfo
    signals: pd.DataFrame
    rejected: pd.DataFrame
    summary: dict[str, Any]


def read_catalog(path: str | Path, labels: LabelSettings | None = None) -> CatalogTable:
    """Read the catalog at `path`, whichever known table it is, and label its signals by the policy of its table.

    Raises CatalogError if the file is not a table that is known, or is damaged as a whole. Rows that cannot be read
    are in `rejected` with their line and reason; every row is a signal, rejected, or merged with another.
    """
    info = identify_table(path)
    settings = labels or LabelSettings()
    columns, reader = READERS[info.table]
    rows = read_rows(info, columns)
    values = reader(rows)
    if info.table == OWN:
        values["disposition"] = own_words.settled_words(rows, values, settings)
    reject_repeated(rows, values["signal_id"])
    signals = validate_signals(apply_policy(_signals(rows, values), settings))
    return CatalogTable(info, signals, _rejected(rows), _summary(rows, values, signals))


def require_signals(catalog: CatalogTable) -> None:
    """Raise CatalogError if every row of a catalog was rejected: its numbers are then not what its columns say."""
    rejected = catalog.rejected
    if len(rejected) and not len(catalog.signals):
        raise CatalogError(
            f"{catalog.info.path}: all {len(rejected)} rows are rejected, the first (line {rejected['line'].iloc[0]}) "
            f"because: {rejected['reason'].iloc[0]}"
        )


def write_catalog(
    path: str | Path, labels: LabelSettings, *, signals: str | Path, rejected: str | Path, summary: str | Path
) -> None:
    """Read the catalog at `path` and write its signal table, its rejected rows (CSV) and its summary (JSON).

    Raises as `read_catalog` and `require_signals` do.
    """
    catalog = read_catalog(path, labels)
    require_signals(catalog)
    counts = catalog.summary
    logger.info("%s: %s, snapshot of %s", path, catalog.info.title, catalog.info.snapshot_date or "an unknown date")
    logger.info(
        "%d rows = %d signals + %d rejected + %d merged",
        counts["rows"],
        counts["signals"],
        sum(counts["rejected"].values()),
        sum(counts["merged"].values()),
    )
    for reason, count in counts["rejected"].items():
        logger.warning("rejected: %d %s", count, reason)
    for disposition, count in unexpected_dispositions(catalog.signals, labels).items():
        logger.warning("disposition %r (%d signals): no rule for it, they stay unknown", disposition, count)
    for disposition, found in counts["by_disposition"].items():
        logger.info("%s: %d rows, stars of %.1f %% known", disposition, found["rows"], 100 * found["share"])
    write_signals(signals, catalog.signals)
    write_csv(rejected, catalog.rejected)
    write_json(summary, counts)


def _signals(rows: Rows, values: dict[str, Any]) -> pd.DataFrame:
    """The kept rows as a signal table, unlabelled."""
    period, epoch, duration, depth = (
        np.asarray(values[name]) for name in ("period_d", "epoch_bjd", "duration_h", "depth_ppm")
    )
    with np.errstate(invalid="ignore"):
        rows.flag(SINGLE_TRANSIT, np.isnan(period))
        rows.flag(WAITING_FOR_SEARCH, np.isnan(epoch) | np.isnan(duration))
        rows.flag(DURATION_EXCEEDS_PERIOD, duration > period * 24)
        rows.flag(IMPLAUSIBLE_DEPTH, (depth <= 0) | (depth > 1e6))
    filled = {
        "mission": rows.info.mission,
        "segments": "",
        "disposition": "",
        "aliases": "",
        **values,
        "star_id": values["target_id"],
        "group_id": values["target_id"],
        "label": "unknown",
        "label_source": "",
        "split": "none",
        "shard": -1,
        "table": rows.info.table,
        "flags": _joined_flags(rows),
        "line": rows.line,
    }
    empty = empty_signals()
    table = pd.DataFrame({name: filled.get(name, np.nan) for name in COLUMNS}, index=range(len(rows)))
    return table[rows.kept].astype(empty.dtypes.to_dict()).reset_index(drop=True)


def _joined_flags(rows: Rows) -> list[str]:
    joined = [""] * len(rows)
    for name in sorted(rows.flags):
        for row in np.flatnonzero(rows.flags[name]):
            joined[row] += (SEPARATOR if joined[row] else "") + name
    return joined


def _rejected(rows: Rows) -> pd.DataFrame:
    where = np.flatnonzero(rows.kind != "")
    return pd.DataFrame(
        {
            "line": rows.line[where],
            "reason": rows.reason[where],
            "row": [rows.text[row][:LONGEST_REJECTED_TEXT] for row in where],
        }
    )


def _summary(rows: Rows, values: dict[str, Any], signals: pd.DataFrame) -> dict[str, Any]:
    """Counts: rows in, signals out, rejected and merged by kind, and the share of known stars by disposition."""
    disposition = np.asarray(values.get("disposition", [""] * len(rows)), dtype=object)
    known = np.asarray(values["target_id"], dtype=object) != ""
    counted = (rows.merged == "") & (rows.kind != MALFORMED)
    of_disposition = Counter(disposition[counted])
    resolved = Counter(disposition[counted & known])
    return {
        "table": rows.info.table,
        "rows": len(rows),
        "signals": len(signals),
        "rejected": dict(sorted(Counter(rows.kind[rows.kind != ""]).items())),
        "merged": dict(sorted(Counter(rows.merged[rows.merged != ""]).items())),
        "by_disposition": {
            name or NO_DISPOSITION: {
                "rows": count,
                "resolved": resolved[name],
                "share": round(resolved[name] / count, 6),
            }
            for name, count in sorted(of_disposition.items())
        },
    }
