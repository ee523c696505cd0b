"""TFRecord files of `tf.train.Example` records, read without TensorFlow.

A TFRecord file is a sequence of records: the length (8 bytes, little-endian), its masked CRC-32C (4), the data, and
their masked CRC-32C (4); https://www.tensorflow.org/tutorials/load_data/tfrecord describes the framing and the mask.
Each record here is an Example in protocol-buffer wire format (https://protobuf.dev/programming-guides/encoding):
a map from feature names to a list of bytes, of float32 or of int64.
"""

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from lightmill.errors import ViewError

Feature = np.ndarray | list[bytes]

_LENGTH = struct.Struct("<Q")
_CHECKSUM = struct.Struct("<I")
FIRST_BYTES = _LENGTH.size + _CHECKSUM.size
_FRAME = _LENGTH.size + 2 * _CHECKSUM.size
# Records whose checksums are computed together, and the bytes that may take.
_BATCH_RECORDS, _BATCH_BYTES = 1024, 32_000_000
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def read_examples(path: str | Path) -> Iterator[dict[str, Feature]]:
    """The Examples in a TFRecord file, in order: feature name → float32 or int64 array, or list of bytes.

    Raises ViewError, naming the file and the record (counted from 0), for a record that is cut short, whose checksum
    does not fit, or that is no Example.
    """
    for number, record in enumerate(read_records(path)):
        try:
            yield parse_example(record)
        except ValueError as error:
            raise ViewError(f"{path}: record {number} is no tf.train.Example: {error}") from None


def read_example_columns(path: str | Path, keys: Sequence[str]) -> dict[str, np.ndarray]:
    """The features named `keys` of all Examples in a TFRecord file as columns with one row per record.

    Features of several values become a float32 array (records, values); of one value, a float32, an int64, or, where
    some are bytes, or whole numbers that not every record has, a text array. A record that lacks a feature has NaN or
    an empty text there.

    Raises ViewError, naming the file, for a key that no record has, for a record whose feature has another length
    than the others', and like `read_examples`.
    """
    wanted: dict[str, list[Feature | None]] = {key: [] for key in keys}
    for example in read_examples(path):
        for key in keys:
            value = example.get(key)
            wanted[key].append(value if value is not None and len(value) else None)
    return {key: _column(path, key, values) for key, values in wanted.items()}


def _column(path: str | Path, key: str, values: list[Feature | None]) -> np.ndarray:
    there = {number: value for number, value in enumerate(values) if value is not None}
    if not there:
        raise ViewError(f"{path}: no record has a feature {key!r}")
    length = len(next(iter(there.values())))
    odd = next((number for number, value in there.items() if len(value) != length), None)
    if odd is not None:
        raise ViewError(f"{path}: record {odd}: feature {key!r} has {len(there[odd])} values, the first {length}")
    if length > 1:
        column = np.full((len(values), length), np.nan, np.float32)
        for number, value in there.items():
            if isinstance(value, list):
                raise ViewError(f"{path}: record {number}: feature {key!r} holds text, expected {length} numbers")
            column[number] = value
        return column
    kinds = {"S" if isinstance(value, list) else value.dtype.kind for value in there.values()}
    if kinds == {"f"} or (kinds == {"i"} and len(there) == len(values)):
        single = np.full(len(values), np.nan, np.float32) if kinds == {"f"} else np.zeros(len(values), np.int64)
        for number, value in there.items():
            single[number] = value[0]
        return single
    return np.array([_as_text(value) for value in values], np.str_)


def _as_text(value: Feature | None) -> str:
    if value is None:
        return ""
    return value[0].decode("utf-8", errors="replace") if isinstance(value, list) else str(value[0])


def read_records(path: str | Path) -> Iterator[bytes]:
    """The data of each record in a TFRecord file, checksums verified; raises ViewError like `read_examples`."""
    first = size = 0
    batch: list[bytes] = []
    checksums: list[int] = []
    with open(path, "rb") as file:
        left = Path(path).stat().st_size
        if left == 0:
            raise ViewError(f"{path}: empty, expected TFRecords")
        while left:
            number = first + len(batch)
            head = file.read(FIRST_BYTES)
            length = _record_length(head, left, f"{path}: record {number}")
            batch.append(file.read(length))
            checksums.append(_CHECKSUM.unpack(file.read(_CHECKSUM.size))[0])
            left -= length + _FRAME
            size += length
            if len(batch) == _BATCH_RECORDS or size > _BATCH_BYTES or not left:
                wrong = np.flatnonzero(masked_crc32c(batch) != np.array(checksums, np.uint32))
                if len(wrong):
                    raise ViewError(
                        f"{path}: record {first + wrong[0]}: its checksum does not fit; the file is damaged"
                    )
                yield from batch
                first, batch, size, checksums = number + 1, [], 0, []


def begins_record(head: bytes) -> bool:
    """Whether the first FIRST_BYTES of a file are the head of a record: a length that its checksum fits."""
    if len(head) < FIRST_BYTES:
        return False
    return bool(masked_crc32c([head[: _LENGTH.size]])[0] == _CHECKSUM.unpack_from(head, _LENGTH.size)[0])


def _record_length(head: bytes, left: int, place: str) -> int:
    """The length in the head of a record, of which `left` bytes are in the file."""
    if len(head) < FIRST_BYTES:
        raise ViewError(f"{place} is cut short: {left} bytes left, a record has at least {_FRAME}; get the file again")
    length = int(_LENGTH.unpack_from(head)[0])
    if not begins_record(head):
        raise ViewError(f"{place}: the checksum of its length does not fit; no TFRecord file, or a damaged one")
    if length + _FRAME > left:
        raise ViewError(f"{place} is cut short: {length + _FRAME} bytes expected, {left} left; get the file again")
    return length


def _crc32c_table() -> np.ndarray:
    """The CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) of each byte."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(0x82F63B78), table >> 1)
    return table


_TABLE = _crc32c_table()


def crc32c(records: list[bytes]) -> np.ndarray:
    """CRC-32C of each of `records`, (n,) uint32; all are worked on at once, byte position by byte position."""
    lengths = np.array([len(record) for record in records])
    longest_first = np.argsort(-lengths, kind="stable")
    columns = np.zeros((int(lengths.max(initial=0)), len(records)), np.uint8)
    for column, index in enumerate(longest_first):
        columns[: lengths[index], column] = np.frombuffer(records[index], np.uint8)
    active = np.searchsorted(-lengths[longest_first], -np.arange(len(columns)), side="left")
    checksums = np.full(len(records), 0xFFFFFFFF, np.uint32)
    for position, running in enumerate(active):
        so_far = checksums[:running]
        checksums[:running] = _TABLE[(so_far & 0xFF) ^ columns[position, :running]] ^ (so_far >> 8)
    result = np.empty_like(checksums)
    result[longest_first] = ~checksums
    return result


def masked_crc32c(records: list[bytes]) -> np.ndarray:
    """TFRecord's mask over `crc32c`: rotated right by 15 bits, plus a constant."""
    checksums = crc32c(records)
    return ((checksums >> 15) | (checksums << 17)) + np.uint32(0xA282EAD8)


def parse_example(record: bytes) -> dict[str, Feature]:
    """The features of one serialised `tf.train.Example`; raises ValueError where it is none."""
    features: dict[str, Feature] = {}
    for field, example in _fields(record):
        if field != 1:
            continue
        for inner, entry in _fields(_message(example)):
            if inner == 1:
                parts = dict(_fields(_message(entry)))
                features[bytes(_message(parts.get(1, b""))).decode("utf-8")] = _feature(_message(parts.get(2, b"")))
    return features


def _message(value: int | bytes | memoryview) -> memoryview:
    if isinstance(value, int):
        raise ValueError("a number stands where a message should")
    return memoryview(value)


def _feature(data: memoryview) -> Feature:
    """The one list in a Feature message: 1 bytes, 2 float32, 3 int64; packed or not."""
    for kind, content in _fields(data):
        values = [value for field, value in _fields(_message(content)) if field == 1]
        if kind == 1:
            return [bytes(_message(value)) for value in values]
        if kind == 2:
            return np.frombuffer(b"".join(bytes(_message(value)) for value in values), "<f4").astype(np.float32)
        if kind == 3:
            numbers = [
                number for value in values for number in ([value] if isinstance(value, int) else _varints(value))
            ]
            return np.array(numbers, np.uint64).astype(np.int64)
    return []


def _fields(data: bytes | memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Field number and value of each field of a message: an int for varints, bytes for all else."""
    data = memoryview(data)
    position = 0
    while position < len(data):
        tag, position = _varint(data, position)
        field, wire = tag >> 3, tag & 7
        if wire == _VARINT:
            number, position = _varint(data, position)
            yield field, number
            continue
        if wire == _BYTES:
            length, position = _varint(data, position)
        elif wire in (_FIXED64, _FIXED32):
            length = 8 if wire == _FIXED64 else 4
        else:
            raise ValueError(f"wire type {wire} at byte {position}")
        if position + length > len(data):
            raise ValueError(f"field {field} runs over the end of its message")
        yield field, data[position : position + length]
        position += length


def _varints(data: memoryview) -> list[int]:
    numbers, position = [], 0
    while position < len(data):
        number, position = _varint(data, position)
        numbers.append(number)
    return numbers


def _varint(data: memoryview, position: int) -> tuple[int, int]:
    """The variable-length integer at `position`, and the position after it."""
    number = shift = 0
    while True:
        if position >= len(data) or shift > 63:
            raise ValueError(f"a number runs over its end at byte {position}")
        byte = data[position]
        number |= (byte & 0x7F) << shift
        position += 1
        shift += 7
        if byte < 0x80:
            return number & 0xFFFFFFFFFFFFFFFF, position
