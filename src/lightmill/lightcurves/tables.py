"""Binary tables of FITS files (standard 4.0, 7.3): their columns as arrays, from the bytes of the file.

They are read here because that is several times as quick as opening the file again with a library, and because a
library would read what is on disk by then, not the bytes whose sums were checked.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lightmill.errors import LightCurveError
from lightmill.lightcurves.hdus import Cards, Hdu

# A table has at most 999 columns (7.3.1).
_MOST_COLUMNS = 999
# What a column holds (table 18): how many elements, and of which type; what follows does not concern its place.
_FORM = re.compile(r"([0-9]{0,9})([LXBIJKAEDCMPQ]).*", re.ASCII)
_ELEMENT_BITS = {
    **{"X": 1, "L": 8, "A": 8, "B": 8, "I": 16, "J": 32, "K": 64, "E": 32, "D": 64, "C": 64, "M": 128},
    # References into what follows the table: two whole numbers each.
    **{"P": 64, "Q": 128},
}
_NUMBERS: dict[str, np.dtype[Any]] = {
    kind: np.dtype(numpy)
    for kind, numpy in {"B": "u1", "I": ">i2", "J": ">i4", "K": ">i8", "E": ">f4", "D": ">f8"}.items()
}
# Whole numbers without a sign are written as numbers with one and this or a smaller zero point (7.3.2, table 19).
_MOST_ZERO = 2**32
# The cards that describe columns; files of one pipeline have the same.
_DESCRIBING = frozenset([b"TTYPE", b"TUNIT", b"TFORM", b"TSCAL", b"TZERO"])
_TABLES_REMEMBERED = 32


class Field(NamedTuple):
    """One column of a binary table as the header describes it."""

    unit: str
    holds: str
    """What it holds in words of the header, for errors."""
    number: np.dtype[Any] | None
    """How its numbers are written; None if it does not hold one number a row."""
    place: int
    """Where it begins among the bytes of a row."""
    scale: float
    zero: float
    """A number's value is scale times what is written, plus zero."""


class Fields(NamedTuple):
    """The columns of a binary table as the header describes them."""

    by_name: dict[str, Field]
    """By name, in capitals."""
    row_bytes: int
    """Bytes of all columns of a row together."""
    flaw: str
    """Why it cannot be said where the columns are; empty if it can."""


def table_fields(table: Hdu) -> Fields:
    """The columns of a binary table; LightCurveError if a card that names or describes them cannot be parsed."""
    fields = min(table.whole("TFIELDS"), _MOST_COLUMNS)
    try:
        return _fields(table.header.beginning_with(_DESCRIBING), fields)
    except ValueError as error:
        raise LightCurveError(f"{table.file}: unreadable header card {error}") from None


def table_columns(raw: bytes, table: Hdu, fields: Fields, wanted: Iterable[str]) -> dict[str, np.ndarray]:
    """Columns of a binary table by their names: (n,) arrays, most of them views of `raw`, in the types of the file.

    `raw` is the whole file, `wanted` are names of columns that there are. Raises LightCurveError if the header does not
    say where the columns are, or if one of them does not hold one number a row. Nothing is read but the table's own
    bytes.
    """
    row_bytes, rows = table.whole("NAXIS1"), table.whole("NAXIS2")
    flaw = fields.flaw
    if not flaw and (table.whole("BITPIX"), table.whole("NAXIS")) != (8, 2):
        flaw = "it is not made of rows of bytes"
    if not flaw and fields.row_bytes != row_bytes:
        flaw = f"its columns make rows of {fields.row_bytes} bytes, NAXIS1 says {row_bytes}"
    if not flaw and not 0 <= row_bytes * rows <= table.end - table.data_start:
        flaw = f"{rows} rows of {row_bytes} bytes are not its size"
    if flaw:
        raise LightCurveError(f"{table.file}: its table cannot be read ({flaw})")
    columns = {}
    for name in wanted:
        field = fields.by_name[name]
        if field.number is None:
            raise LightCurveError(f"{table.file}: column {name} holds {field.holds}, expected one number a row")
        written = np.ndarray(rows, field.number, raw, table.data_start + field.place, (row_bytes,))
        columns[name] = written if (field.scale, field.zero) == (1, 0) else _scaled(written, field)
    return columns


def _scaled(written: np.ndarray, field: Field) -> np.ndarray:
    """The values of numbers (7.3.2, equation 7): whole ones stay whole if only their zero point is another."""
    whole_zero = float(field.zero).is_integer() and abs(field.zero) <= _MOST_ZERO
    if written.dtype.kind in "iu" and field.scale == 1 and whole_zero:
        return written.astype(np.int64) + int(field.zero)
    # Whatever is beyond all numbers is infinite or none.
    with np.errstate(over="ignore", invalid="ignore"):
        return float(field.zero) + float(field.scale) * written.astype(np.float64)


@lru_cache(_TABLES_REMEMBERED)
def _fields(cards: bytes, fields: int) -> Fields:
    header = Cards(cards)
    by_name: dict[str, Field] = {}
    row_bytes, flaw = 0, ""
    for place in range(1, fields + 1):
        name = _text(_value(header, f"TTYPE{place}")).upper()
        unit = _text(_value(header, f"TUNIT{place}"))
        try:
            field, field_bytes = _field(header, place, unit, row_bytes)
        except ValueError as error:
            field, field_bytes = Field(unit, "", None, row_bytes, 1, 0), 0
            flaw = flaw or str(error)
        if name in by_name:
            field = field._replace(holds="what two columns of that name hold", number=None)
        by_name[name] = field
        row_bytes += field_bytes
    return Fields(by_name, row_bytes, flaw)


def _field(header: Cards, place: int, unit: str, start: int) -> tuple[Field, int]:
    """One column, and how many bytes of a row it takes; ValueError if it cannot be said."""
    form = _text(_value(header, f"TFORM{place}"))
    match = _FORM.fullmatch(form)
    if match is None:
        raise ValueError(f"TFORM{place} is {form!r}")
    elements, kind = int(match[1] or 1), match[2]
    scale, zero = _value(header, f"TSCAL{place}", 1), _value(header, f"TZERO{place}", 0)
    numeric = {type(scale), type(zero)} <= {int, float}
    as_written = numeric and (scale, zero) == (1, 0)
    # Whole numbers of 64 bits with another scale or zero point fit no type that the others fit.
    is_number = elements == 1 and numeric and (as_written or kind != "K")
    holds = form if as_written else f"{form} with TSCAL {scale!r} and TZERO {zero!r}"
    number = _NUMBERS.get(kind) if is_number else None
    return Field(unit, holds, number, start, scale, zero), -(-elements * _ELEMENT_BITS[kind] // 8)


def _value(header: Cards, key: str, default: Any = None) -> Any:
    try:
        return header.get(key, default)
    except ValueError as error:
        raise ValueError(f"{key} ({error})") from None


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
