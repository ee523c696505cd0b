"""What has changed between two snapshots of one table, signal by signal."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lightmill.catalogs.reading import CatalogTable, read_catalog
from lightmill.errors import CatalogError
from lightmill.files import write_csv

NEW, GONE, TARGET, DISPOSITION, EPHEMERIS = "new", "gone", "target", "disposition", "ephemeris"
CHANGES = (NEW, GONE, TARGET, DISPOSITION, EPHEMERIS)
CHANGE_COLUMNS = ("change", "signal_id", "target_id", "column", "old", "new")

# Less than this is how a number was printed, not what was measured: relative, but for epochs, which are days. A period
# that moves by 1e-7 carries a transit by a minute in twenty years.
_ROUNDING = {"period_d": 1e-7, "epoch_bjd": 1e-5, "duration_h": 1e-5, "depth_ppm": 1e-5}
_ABSOLUTE = "epoch_bjd"


@dataclass(frozen=True)
class Difference:
    """What became of the signals of one table.

    `changes`: CHANGE_COLUMNS, one row per signal and column that differs, all text, sorted by change and signal.
    `before`, `after`: numbers of signals. `signals`: the number of signals by kind of change.
    """

    before: int
    after: int
    changes: pd.DataFrame

    @property
    def signals(self) -> dict[str, int]:
        """The number of signals by kind of change."""
        counts = self.changes.drop_duplicates(["change", "signal_id"])["change"].value_counts()
        return {change: int(counts.get(change, 0)) for change in CHANGES}


def compare_files(old: str | Path, new: str | Path) -> Difference:
    """Compare two files of one table; raises CatalogError if they are not, or cannot be read."""
    before, after = read_catalog(old), read_catalog(new)
    if before.info.table != after.info.table:
        raise CatalogError(
            f"{old} is {before.info.title} [{before.info.table}], {new} is {after.info.title} [{after.info.table}]; "
            "expected two files of one table"
        )
    return compare_catalogs(before, after)


def compare_catalogs(before: CatalogTable, after: CatalogTable) -> Difference:
    """Compare two snapshots of one table as they were read.

    Signals are told by their ids. Dispositions and targets differ if their text does; numbers of the ephemeris if they
    differ by more than rounding, or one of them is missing.
    """
    old, new = (catalog.signals.set_index("signal_id") for catalog in (before, after))
    both = old.index.intersection(new.index)
    parts = [
        _listed(NEW, new.loc[new.index.difference(old.index)], new=True),
        _listed(GONE, old.loc[old.index.difference(new.index)], new=False),
    ]
    left, right = old.loc[both], new.loc[both]
    for column, change in (("target_id", TARGET), ("disposition", DISPOSITION)):
        parts.append(_differing(change, column, left, right, (left[column] != right[column]).to_numpy(bool)))
    parts += [_differing(EPHEMERIS, name, left, right, _beyond_rounding(name, left, right)) for name in _ROUNDING]
    changes = pd.concat(parts, ignore_index=True)
    rank = changes["change"].map({change: place for place, change in enumerate(CHANGES)})
    changes = changes.assign(_rank=rank).sort_values(["_rank", "signal_id"], kind="stable", ignore_index=True)
    return Difference(len(old), len(new), changes[list(CHANGE_COLUMNS)])


def empty_difference(catalog: CatalogTable) -> Difference:
    """That nothing has changed."""
    return compare_catalogs(catalog, catalog)


def write_changes(path: str | Path, difference: Difference) -> None:
    """Write all changes as CSV, one row per signal and column."""
    write_csv(path, difference.changes)


def _beyond_rounding(column: str, left: pd.DataFrame, right: pd.DataFrame) -> NDArray[np.bool_]:
    old, new = left[column].to_numpy(np.float64), right[column].to_numpy(np.float64)
    scale = 1.0 if column == _ABSOLUTE else np.fmax(np.abs(old), np.abs(new))
    with np.errstate(invalid="ignore"):
        apart = np.abs(new - old) > _ROUNDING[column] * scale
    return apart | (np.isnan(old) != np.isnan(new))


def _listed(change: str, rows: pd.DataFrame, new: bool) -> pd.DataFrame:
    dispositions = rows["disposition"].tolist()
    blank = [""] * len(rows)
    return _frame(change, rows, "", *((blank, dispositions) if new else (dispositions, blank)))


def _differing(
    change: str, column: str, left: pd.DataFrame, right: pd.DataFrame, where: NDArray[np.bool_]
) -> pd.DataFrame:
    old, new = (list(map(_shown, rows[column][where])) for rows in (left, right))
    return _frame(change, right[where], column, old, new)


def _frame(change: str, rows: pd.DataFrame, column: str, old: list[str], new: list[str]) -> pd.DataFrame:
    values = {
        "change": change,
        "signal_id": rows.index.to_numpy(object),
        "target_id": rows["target_id"].to_numpy(object),
        "column": column,
        "old": old,
        "new": new,
    }
    return pd.DataFrame(values, index=range(len(rows)), columns=list(CHANGE_COLUMNS)).astype(object)


def _shown(value: object) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else repr(float(value))
    return str(value)
