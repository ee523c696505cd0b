"""FITS files byte by byte: cards, headers, blocks and checksums, with nothing in them but what they are given.

A library would do, but stamps the day into its checksum comments and takes longer over the headers than over the data.
Follows the FITS Standard 4.0, sections 3 to 7 and appendix J.
"""

import numpy as np

BLOCK = 2880
_CHECKSUM_DATE = "2026-01-01T00:00:00Z"
_ZEROS = "'0000000000000000'"
# ASCII characters that the checksum's encoding steps around: punctuation between digits and letters.
_EXCLUDED = frozenset([*range(0x3A, 0x41), *range(0x5B, 0x61)])


def card(keyword: str, value: str, comment: str) -> bytes:
    """One 80-byte card: text in quotes left-aligned, numbers right-aligned to column 30, a comment cut to what fits."""
    padded = value.ljust(20) if value.startswith("'") else value.rjust(20)
    return f"{keyword:<8}= {padded} / {comment}"[:80].ljust(80).encode("ascii")


def quoted(text: str) -> str:
    """A text value as it stands in a card: in quotes, at least eight characters."""
    return "'" + text.replace("'", "''").ljust(8) + "'"


def hdu(cards: list[bytes], data: bytes = b"", filler: bytes = b"\0") -> bytes:
    """A header-data unit: `cards`, then CHECKSUM and END, then `data` filled up to whole blocks."""
    comment = f"HDU checksum updated {_CHECKSUM_DATE}"
    body = data + filler * (-len(data) % BLOCK)
    header = _header([*cards, card("CHECKSUM", _ZEROS, comment)])
    total = _add(word_sum(header), word_sum(body))
    return _header([*cards, card("CHECKSUM", f"'{encode_checksum(total ^ 0xFFFFFFFF)}'", comment)]) + body


def _header(cards: list[bytes]) -> bytes:
    text = b"".join([*cards, b"END".ljust(80)])
    return text + b" " * (-len(text) % BLOCK)


def _add(first: int, second: int) -> int:
    total = first + second
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def word_sum(block: bytes) -> int:
    """The ones' complement sum of the big-endian 32-bit words of `block`, whose length is a multiple of four."""
    words = np.frombuffer(block, dtype=">u4")
    return _add(int(words.sum(dtype=np.uint64)), 0)


def encode_checksum(value: int) -> str:
    """Sixteen letters and digits that, as four words, add `value` to a block (FITS Standard 4.0, appendix J)."""
    letters = [0] * 16
    for place in range(4):
        byte = (value >> (24 - 8 * place)) & 0xFF
        quarter, rest = divmod(byte, 4)
        four = [quarter + 0x30] * 4
        four[0] += rest
        for pair in (0, 2):
            while four[pair] in _EXCLUDED or four[pair + 1] in _EXCLUDED:
                four[pair] += 1
                four[pair + 1] -= 1
        for row in range(4):
            letters[4 * row + place] = four[row]
    return "".join(map(chr, letters[-1:] + letters[:-1]))


def rows(columns: dict[str, np.ndarray], types: dict[str, str]) -> bytes:
    """The rows of a binary table: `columns` (n,) each in the big-endian type that `types` (in order) says."""
    layout = np.dtype([(name, f">{kind}") for name, kind in types.items()])
    table = np.empty(len(next(iter(columns.values()))), dtype=layout)
    for name in types:
        table[name] = columns[name]
    return table.tobytes()
