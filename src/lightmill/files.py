"""Writing files so that a reader never sees half of one.

Every writer goes to a temporary name in the same folder, is flushed to disk, and is renamed into place. The bytes
written depend on the content alone: no dates, no host, no order of arrival.
"""

import hashlib
import json
import math
import os
import platform
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from tempfile import mkstemp
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

# Between several values in one cell of a table.
SEPARATOR = "; "
# A zip archive has dates; the earliest it can hold makes its bytes depend on the arrays alone.
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success flush it and rename it to `path`, on failure remove it.

    Parent folders are made. The file gets the usual permissions (666 less the umask). What a process that was killed
    left behind of the same file is removed.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    handle, name = mkstemp(prefix=f"{_part_prefix(path)}{os.getpid()}.", suffix=".part", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with open(temporary, "rb") as written:
            os.fsync(written.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def _part_prefix(path: Path) -> str:
    return f".{path.name}.{platform.node()}."


def _sweep(path: Path) -> None:
    """Remove the temporary files of `path` whose writers, on this machine, are no longer alive."""
    prefix = _part_prefix(path)
    for part in path.parent.glob(f"{escape(prefix)}*.part"):
        writer = part.name.removeprefix(prefix).split(".", 1)[0]
        if writer.isdigit() and not _alive(int(writer)):
            part.unlink(missing_ok=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` (UTF-8) to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: Any) -> None:
    """Write `value` as indented JSON with sorted keys and a final newline; NaN and infinities are refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text(encoding="utf-8"))


def write_parquet(path: str | Path, table: "pd.DataFrame") -> None:
    """Write `table` without its index as zstd-compressed parquet, atomically."""
    with atomic_path(path) as temporary:
        table.to_parquet(temporary, index=False, compression="zstd")


def read_rows(path: str | Path, columns: list[str] | None = None) -> list[dict[str, Any]]:
    """The rows of a parquet file, for those who have no use for all that pandas brings; empty numbers are NaN.

    `columns` are those wanted, all of them unless given; OSError and pyarrow's own errors as they come.
    """
    import pyarrow.parquet as pq

    table = pq.read_table(path, columns=columns, use_threads=False)
    floating = {field.name for field in table.schema if str(field.type) in ("double", "float")}
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        for name in floating:
            if row[name] is None:
                row[name] = math.nan
    return rows


def write_rows(path: str | Path, rows: list[dict[str, Any]], columns: Mapping[str, str]) -> None:
    """Write rows as zstd-compressed parquet, atomically; `columns` are their names and types, as numpy calls them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    kinds = {"str": pa.string(), "bool": pa.bool_()}
    arrays = {
        name: pa.array([row[name] for row in rows], kinds.get(kind) or pa.from_numpy_dtype(np.dtype(kind)))
        for name, kind in columns.items()
    }
    with atomic_path(path) as temporary:
        pq.write_table(pa.table(arrays), temporary, compression="zstd")


def write_csv(path: str | Path, table: "pd.DataFrame") -> None:
    """Write `table` without its index as CSV, atomically.

    Text cells that a spreadsheet would run as a formula (leading = + - @, tab or carriage return) get an
    apostrophe in front. Floats are printed with all the digits that tell them apart: a BJD needs more than ten.
    """
    import pandas as pd

    safe = table.copy()
    for column in safe.columns:
        if not (pd.api.types.is_numeric_dtype(safe[column]) or pd.api.types.is_bool_dtype(safe[column])):
            safe[column] = [_without_formula(cell) for cell in safe[column]]
    with atomic_path(path) as temporary:
        safe.to_csv(temporary, index=False, lineterminator="\n")


def _without_formula(cell: Any) -> Any:
    return "'" + cell if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def write_npy(path: str | Path, array: np.ndarray) -> None:
    """Write a C-contiguous copy of `array` as `.npy`, atomically and without pickles."""
    with atomic_path(path) as temporary, open(temporary, "wb") as file:
        np.save(file, np.ascontiguousarray(array), allow_pickle=False)


def write_npz(path: str | Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Write arrays by name as one `.npz` file that `np.load(path, allow_pickle=False)` reads, atomically.

    Stored as they are: compressing the noise that most of ours hold saves some 8 %.
    """
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", _ZIP_DATE)
            entry.external_attr = 0o644 << 16
            with archive.open(entry, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def sha256_file(path: str | Path) -> str:
    """Hex SHA-256 of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(value: Any, size: int = 16) -> str:
    """Hex blake2b of the canonical JSON of `value`: the key of whatever `value` alone determines."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.blake2b(text.encode(), digest_size=size).hexdigest()
