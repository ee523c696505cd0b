"""A light curve whose columns are decoded when they are first asked for."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lightmill.lightcurves.lightcurve import COLUMNS, LightCurve


class StoredLightCurve(LightCurve):
    """A light curve in the bytes of its file: each column is decoded when it is first asked for, and then kept.

    Whoever makes views looks at four of fourteen columns. The bytes are kept as long as the light curve is. Only for
    files that are known to be whole: what is damaged would not be noticed before a column is asked for.
    """

    __slots__ = ("_file",)

    _file: pq.ParquetFile

    @classmethod
    def of_file(cls, file: pq.ParquetFile, described: Mapping[str, Any]) -> LightCurve:
        """The light curve in an open file; `described` are all attributes of `LightCurve` but its columns."""
        light_curve = object.__new__(cls)
        for name, value in described.items():
            object.__setattr__(light_curve, name, value)
        object.__setattr__(light_curve, "_file", file)
        return light_curve

    def __getattr__(self, name: str) -> np.ndarray:
        """A column that is not there yet; Python asks here for what it finds nowhere else."""
        if name not in COLUMNS:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        # In one thread: parallelism is across jobs.
        column = as_array(self._file.read(columns=[name], use_threads=False).column(name))
        object.__setattr__(self, name, column)
        return column


def as_array(column: pa.ChunkedArray) -> np.ndarray:
    """A column of a table as an array, (n,), read-only: its own memory, unless it lies in several pieces."""
    return (column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()).to_numpy()
