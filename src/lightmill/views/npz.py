"""Columns of an `.npz` file, read without trusting it.

An `.npz` file is a zip archive of `.npy` arrays. Their headers are read first: object arrays, which would run code
when unpickled, and arrays whose size on paper is not their size in the archive never get as far as memory.
"""

import math
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tokenize import TokenError
from typing import IO

import numpy as np
from numpy.lib import format as npy_format

from lightmill.errors import ViewError

# Largest size of the arrays wanted from one file, unpacked: 450,000 signals of 2,201 bins.
MAX_BYTES = 4 * 10**9


def read_npz_columns(path: str | Path, keys: Sequence[str], max_bytes: int = MAX_BYTES) -> dict[str, np.ndarray]:
    """The arrays named `keys` in an `.npz` file, all with the same number of rows.

    Raises ViewError, naming file and key, for a file that is no `.npz`, a key it lacks, an array of objects, a size
    that does not fit its header or passes `max_bytes` in all, and rows that differ between keys.
    """
    columns = _read_arrays(path, keys, max_bytes)
    for key, array in columns.items():
        if not array.ndim:
            raise ViewError(f"{path}: key {key!r} is a single value, expected one row for each signal")
    rows = {key: len(array) for key, array in columns.items()}
    if len(set(rows.values())) > 1:
        listed = ", ".join(f"{key} {count}" for key, count in rows.items())
        raise ViewError(f"{path}: the keys differ in their number of rows: {listed}")
    return columns


def read_npz_text(path: str | Path, key: str) -> str:
    """The text in the array `key` of an `.npz` file: a single value, or the same in all rows.

    Raises ViewError as `read_npz_columns` does, and for an array that holds no text, or several.
    """
    array = _read_arrays(path, [key], MAX_BYTES)[key]
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8", "replace")
    texts = np.unique(array)
    if array.dtype.kind != "U" or len(texts) != 1:
        raise ViewError(f"{path}: key {key!r} holds {len(texts)} values of {array.dtype}, expected one text")
    return str(texts[0])


def npz_keys(path: str | Path) -> list[str]:
    """The keys of an `.npz` file, sorted; raises ViewError if it is none, or cannot be read."""
    try:
        with _opened(path) as archive:
            return _keys(archive)
    except OSError as error:
        raise ViewError(f"{path}: cannot be read ({error.strerror or error}); expected a .npz file") from None


def _read_arrays(path: str | Path, keys: Sequence[str], max_bytes: int) -> dict[str, np.ndarray]:
    with _opened(path) as archive:
        _require_keys(path, archive, keys)
        _require_sizes(path, archive, keys, max_bytes)
        return {key: _read_array(path, archive, key) for key in keys}


@contextmanager
def _opened(path: str | Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise ViewError(f"{path}: not a readable .npz file ({error}); get it again") from None


def _keys(archive: zipfile.ZipFile) -> list[str]:
    return sorted(name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy"))


def _require_keys(path: str | Path, archive: zipfile.ZipFile, keys: Sequence[str]) -> None:
    members = archive.namelist()
    present = _keys(archive)
    for key in keys:
        if key in present:
            continue
        if key in members:
            raise ViewError(f"{path}: the member {key!r} must be named '{key}.npy', as numpy.savez names it")
        raise ViewError(f"{path}: no key {key!r}; it has {', '.join(present)[:500] or 'no .npy array'}")


def _require_sizes(path: str | Path, archive: zipfile.ZipFile, keys: Sequence[str], max_bytes: int) -> None:
    declared = {key: archive.getinfo(f"{key}.npy").file_size for key in keys}
    total = sum(declared.values())
    if total > max_bytes:
        largest = max(declared, key=lambda key: declared[key])
        raise ViewError(
            f"{path}: {total:,} bytes when unpacked, {largest!r} alone {declared[largest]:,}; at most {max_bytes:,}. "
            "Split the file"
        )
    for key in keys:
        with archive.open(f"{key}.npy") as member:
            shape, dtype = _header(path, key, member)
            header = member.tell()
        if dtype.hasobject:
            raise ViewError(f"{path}: key {key!r} holds Python objects; save it as numbers or text")
        expected = header + dtype.itemsize * math.prod(shape)
        if expected != declared[key]:
            raise ViewError(
                f"{path}: key {key!r} declares {dtype} {shape}, {expected:,} bytes, but holds {declared[key]:,}"
            )


def _header(path: str | Path, key: str, member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype]:
    try:
        version = npy_format.read_magic(member)
        if version == (1, 0):
            shape, _, dtype = npy_format.read_array_header_1_0(member)
        else:
            shape, _, dtype = npy_format.read_array_header_2_0(member)
    except (ValueError, TypeError, SyntaxError, TokenError) as error:
        raise ViewError(f"{path}: key {key!r} is no .npy array: {str(error)[:200]}") from None
    return shape, dtype


def _read_array(path: str | Path, archive: zipfile.ZipFile, key: str) -> np.ndarray:
    try:
        with archive.open(f"{key}.npy") as member:
            return np.asarray(npy_format.read_array(member, allow_pickle=False))
    except ValueError as error:
        raise ViewError(f"{path}: key {key!r}: {str(error)[:200]}") from None
