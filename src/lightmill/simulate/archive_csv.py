"""CSV files as the NASA Exoplanet Archive serves them: a `#` header that explains every column, then the rows."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

from lightmill.files import write_text
from lightmill.simulate.paths import SNAPSHOT

_DATE_LINE = datetime.strptime(SNAPSHOT, "%Y.%m.%d_%H.%M.%S").strftime("# %a %b %e %H:%M:%S %Y")
ROW_DATE = "2025-12-01"

_COLUMN = re.compile(r"(\w+)\|(.*)\|([.\w]*)")

Value = str | int | float | None


def write_archive_csv(path: str | Path, columns: str, rows: Iterable[Mapping[str, Value]]) -> None:
    """Write a table with its header. `columns` has a line `name | label | number format` for each; a row's missing
    values are left empty.
    """
    parsed = [_COLUMN.fullmatch(line).groups() for line in columns.split("\n") if line]  # type: ignore[union-attr]
    lines = ["# This file was simulated in the format of the NASA Exoplanet Archive", _DATE_LINE, "#"]
    lines += [f"# COLUMN {name + ':':<15} {label}" for name, label, _ in parsed]
    lines += ["#", ",".join(name for name, *_ in parsed)]
    lines += [",".join(_cell(row.get(name), form) for name, _, form in parsed) for row in rows]
    write_text(path, "\n".join(lines) + "\n")


def _cell(value: Value, form: str) -> str:
    if value is None:
        return ""
    return format(value, form) if form and not isinstance(value, str) else str(value)


def measured(
    name: str, value: float, error: float | None = None, suffixes: str = "err", limit: bool = True
) -> dict[str, Value]:
    """The columns of a measured value: itself, upper and lower error, and the flag that says it is no limit."""
    columns: dict[str, Value] = {name: value}
    if error is not None:
        columns |= {f"{name}{suffixes}1": error, f"{name}{suffixes}2": -error}
    if limit:
        columns[f"{name}lim"] = 0
    return columns


def sexagesimal(ra_deg: float, dec_deg: float) -> tuple[str, str]:
    """Right ascension and declination as `07h29m25.85s`, `-12d41m45.46s`."""
    return _sixty(ra_deg / 15, "h", "").replace("24h", "00h"), _sixty(abs(dec_deg), "d", "-" if dec_deg < 0 else "+")


def _sixty(value: float, unit: str, sign: str) -> str:
    hundredths = round(value * 360_000)
    minutes, seconds = divmod(hundredths, 6000)
    whole, minutes = divmod(minutes, 60)
    return f"{sign}{whole:02d}{unit}{minutes:02d}m{seconds / 100:05.2f}s"
