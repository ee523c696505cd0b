"""TFRecords written by the book, for the reader to read."""

import struct

import numpy as np


def plain_crc32c(data):
    """Bit by bit, as the polynomial division that it is."""
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0x82F63B78 if register & 1 else 0)
    return register ^ 0xFFFFFFFF


def varint(number):
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def example(features, packed=True):
    """A serialised tf.train.Example, written by the book."""
    entries = b""
    for name, value in features.items():
        if isinstance(value, bytes):
            kind, content = 1, field(1, value)
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
            raw = value.astype("<f4").tobytes()
            loose = b"".join(varint(1 << 3 | 5) + raw[i : i + 4] for i in range(0, len(raw), 4))
            kind, content = 2, field(1, raw) if packed else loose
        else:
            numbers = [varint(int(n) & 0xFFFFFFFFFFFFFFFF) for n in np.atleast_1d(value)]
            kind = 3
            content = field(1, b"".join(numbers)) if packed else b"".join(varint(1 << 3) + n for n in numbers)
        entries += field(1, field(1, name.encode()) + field(2, field(kind, content)))
    return field(1, entries)


def frame(record):
    length = struct.pack("<Q", len(record))
    return length + struct.pack("<I", mask(length)) + record + struct.pack("<I", mask(record))


def mask(data):
    crc = plain_crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def tfrecord(path, records):
    path.write_bytes(b"".join(frame(record) for record in records))
    return path
