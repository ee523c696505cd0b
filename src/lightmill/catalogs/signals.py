"""The signal table: the one schema that everything speaks, validated whenever it is written or read.

One row per signal, sorted by `signal_id`. Times are BJD_TDB, periods days, durations hours, depths parts per million;
`segments` are the quarters or campaigns in which the catalog says that the star was observed (`observed`).
"""

from pathlib import Path

import numpy as np
import pandas as pd
import pandera.pandas as pa

from lightmill.errors import CatalogError
from lightmill.files import write_parquet
from lightmill.targets import MISSION_OF_PREFIX, MISSIONS

LABELS = ("planet", "not_planet", "unknown")
SPLITS = ("train", "validation", "test", "none")

# Flags: what is odd about a row that was kept all the same.
WAITING_FOR_SEARCH = "waiting_for_search"
SINGLE_TRANSIT = "single_transit"
DURATION_EXCEEDS_PERIOD = "duration_exceeds_period"
LOW_PRECISION_EPHEMERIS = "low_precision_ephemeris"
IMPLAUSIBLE_DEPTH = "implausible_depth"
OTHER_TIME_SYSTEM = "other_time_system"
NOT_TRANSITING = "not_transiting"
EPHEMERIS_FROM = "ephemeris_from:"
# Why a catalog's people or programs call a row a false positive: verdicts, for evaluation alone to group errors by.
FALSE_POSITIVE = "false_positive:"
UNREADABLE = "unreadable:"


def _text(*checks: pa.Check, unique: bool = False) -> pa.Column:
    return pa.Column(object, [_ALL_TEXT, *checks], unique=unique)


def _number(*checks: pa.Check) -> pa.Column:
    return pa.Column(np.float64, list(checks), nullable=True)


_ALL_TEXT = pa.Check(lambda column: pd.api.types.infer_dtype(column, skipna=False) in ("string", "empty"), name="text")
_POSITIVE = pa.Check.gt(0)
_FINITE = pa.Check(lambda column: ~np.isinf(column), name="finite")

_COLUMNS = {
    "signal_id": _text(pa.Check.str_length(min_value=1), unique=True),
    "mission": _text(pa.Check.isin(MISSIONS)),
    "target_id": _text(pa.Check.str_matches(r"^(?:KIC|EPIC|TIC) [1-9][0-9]{0,10}\Z")),
    "star_id": _text(pa.Check.str_length(min_value=1)),
    "group_id": _text(pa.Check.str_length(min_value=1)),
    "period_d": _number(_POSITIVE, _FINITE),
    # Any BJD_TDB of a space mission lies here; a forgotten zero point does not.
    "epoch_bjd": _number(pa.Check.in_range(2_400_000.0, 2_500_000.0)),
    "duration_h": _number(_POSITIVE, _FINITE),
    "depth_ppm": _number(_FINITE),
    "segments": _text(pa.Check.str_matches(r"^(?:[0-9]{1,3}(?:,[0-9]{1,3})*)?\Z")),
    "disposition": _text(),
    "label": _text(pa.Check.isin(LABELS)),
    "label_source": _text(),
    "aliases": _text(),
    "split": _text(pa.Check.isin(SPLITS)),
    "shard": pa.Column(np.int16, pa.Check.in_range(-1, 999)),
    "table": _text(pa.Check.str_length(min_value=1)),
    "period_err_d": _number(_FINITE),
    "epoch_err_d": _number(_FINITE),
    "ra_deg": _number(_FINITE),
    "dec_deg": _number(_FINITE),
    "magnitude": _number(_FINITE),
    "radius_rearth": _number(_FINITE),
    "snr": _number(_FINITE),
    "score": _number(_FINITE),
    "flags": _text(),
    "line": pa.Column(np.int64),
}

COLUMNS = tuple(_COLUMNS)


def _mission_fits_target(table: pd.DataFrame) -> pd.Series:
    return table["target_id"].str.split(" ", n=1).str[0].map(MISSION_OF_PREFIX) == table["mission"]


SCHEMA = pa.DataFrameSchema(
    _COLUMNS,
    checks=pa.Check(_mission_fits_target, name="target_id is of the row's mission"),
    strict=True,
    ordered=True,
)


def empty_signals() -> pd.DataFrame:
    """A signal table without rows, every column of its right type."""
    return pd.DataFrame({name: pd.Series(dtype=column.dtype.type) for name, column in _COLUMNS.items()})


def validate_signals(table: pd.DataFrame) -> pd.DataFrame:
    """The table with its columns in the schema's order, sorted by `signal_id`, checked against the schema.

    Raises CatalogError naming the first few columns, rules and values that do not fit.
    """
    missing = [name for name in COLUMNS if name not in table]
    extra = [str(name) for name in table if name not in _COLUMNS]
    if missing or extra:
        parts = [f"{what} {', '.join(names)}" for what, names in (("lacks", missing), ("has unknown", extra)) if names]
        raise CatalogError(f"signal table: {' and '.join(parts)}")
    ordered = table[list(COLUMNS)].sort_values("signal_id", kind="stable", ignore_index=True)
    try:
        SCHEMA.validate(ordered, lazy=True)
    except pa.errors.SchemaErrors as error:
        raise CatalogError(f"signal table: {_explain(error.failure_cases, ordered)}") from None
    return ordered


def _explain(cases: pd.DataFrame, table: pd.DataFrame) -> str:
    # A rule about whole rows is reported once for every column of the row: keep one of them.
    of_rows = cases["schema_context"] == "DataFrameSchema"
    cases = cases[~(of_rows & cases.duplicated(["index", "check"]))]
    lines = []
    for case in cases.sort_values(["check", "index"], kind="stable").head(5).to_dict("records"):
        row = case["index"]
        where = f"{table['signal_id'].iloc[int(row)]}: " if pd.notna(row) else ""
        of_row = case["schema_context"] == "DataFrameSchema"
        value = "" if of_row else f"{case['column']} {str(case['failure_case'])[:80]!r} "
        lines.append(f"{where}{value}breaks the rule '{case['check']}'")
    more = f" (and {len(cases) - 5} more)" if len(cases) > 5 else ""
    return "; ".join(lines) + more


def read_signals(path: str | Path) -> pd.DataFrame:
    """Read and validate a signal table; raises CatalogError naming the file if it is none."""
    try:
        table = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise CatalogError(f"{path}: not a readable signal table: {error}") from None
    try:
        return validate_signals(table)
    except CatalogError as error:
        raise CatalogError(f"{path}: {error}") from None


def write_signals(path: str | Path, table: pd.DataFrame) -> None:
    """Validate a signal table and write it as parquet, sorted, atomically; raises CatalogError if it does not fit."""
    write_parquet(path, validate_signals(table))
