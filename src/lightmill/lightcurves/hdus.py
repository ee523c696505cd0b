"""The structure of a FITS file held in memory: where its parts lie, whether it is whole, whether its sums agree.

The sums are taken here because neither library does it for the missions' own files: these carry CHECKSUM without
DATASUM, which fitsio 1.4 and astropy 8.0 both report as a failure.
"""

import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning

from lightmill.errors import LightCurveError

_BLOCK = 2880
_CARD = 80
_ALL_ONES = 0xFFFFFFFF
# The missions' light curves have 3 parts, those of K2SFF 25.
_MOST_HDUS = 1000
_MOST_HEADER_BLOCKS = 200


# A card with a text, a whole number, a floating-point number, a truth value or no value at all, and perhaps a comment
# (FITS standard 4.0, 4.2). Long texts, which go on in further cards, end in an ampersand.
_ORDINARY = re.compile(
    rb"[A-Z0-9_-]{1,8} *= +"
    rb"(?:'(?P<text>(?:[^'&]|'')*)'|(?P<whole>[+-]?[0-9]+)|(?P<float>[+-]?[0-9]*\.[0-9]*(?:[ED][+-]?[0-9]+)?)|(?P<truth>[TF]))"
    rb" *(?:/[ -~]*)?"
)
_ASTROPY = threading.Lock()


class Cards(Mapping[str, Any]):
    """The cards of one header by keyword, the first where one stands twice.

    A card is parsed when it is asked for: of some hundred and fifty a reader looks at twenty.
    """

    def __init__(self, raw: bytes) -> None:
        """`raw` is the header as it stands in the file, END and padding included."""
        self._cards: dict[str, bytes] = {}
        for start in range(0, len(raw), _CARD):
            keyword = raw[start : start + 8].decode("latin-1").rstrip()
            self._cards.setdefault(keyword, raw[start : start + _CARD])

    def __getitem__(self, keyword: str) -> Any:
        card = self._cards[keyword]
        match = _ORDINARY.fullmatch(card)
        return _by_astropy(card) if match is None else _value(match)

    def __iter__(self) -> Iterator[str]:
        return iter(self._cards)

    def __len__(self) -> int:
        return len(self._cards)


@dataclass(frozen=True, slots=True)
class Hdu:
    """One header and data unit: its header, and where its bytes lie in the file."""

    file: str
    """What the file is called in errors."""
    header: Cards
    start: int
    data_start: int
    end: int

    def get(self, key: str) -> Any:
        """The value of a header card, None if there is none; LightCurveError if the card cannot be parsed."""
        try:
            return self.header.get(key)
        except (ValueError, fits.VerifyError) as error:
            raise LightCurveError(f"{self.file}: unreadable header card {key} ({error})") from None

    def number(self, key: str) -> float:
        """The finite number of a header card, NaN if it states none."""
        value = self.get(key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number and np.isfinite(value) else float("nan")

    def whole(self, key: str) -> int:
        """The whole number of a header card, -1 if it states none."""
        value = self.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else -1

    def text(self, key: str) -> str:
        """The text of a header card, empty if it states none."""
        value = self.get(key)
        return value.strip() if isinstance(value, str) else ""


def _value(match: re.Match[bytes]) -> Any:
    """The value of an ordinary card."""
    if (text := match["text"]) is not None:
        return text.decode("latin-1").replace("''", "'").rstrip()
    if (whole := match["whole"]) is not None:
        return int(whole)
    if (number := match["float"]) is not None:
        return float(number.replace(b"D", b"E"))
    return match["truth"] == b"T"


def _by_astropy(card: bytes) -> Any:
    """The value of a card that is out of the ordinary; raises VerifyError or ValueError if it cannot be parsed."""
    # Odd but readable cards are no reason to refuse a file: values are checked where they are used. Filters of warnings
    # are all threads' together.
    with _ASTROPY, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        value = fits.Card.fromstring(card).value
    return None if isinstance(value, fits.card.Undefined) else value


def split_hdus(raw: bytes, name: str) -> list[Hdu]:
    """Find the header and data units of a FITS file.

    `raw` is the whole file, `name` what to call it in errors. Raises LightCurveError if this is no FITS file, or if
    it ends before the sizes in its headers do.
    """
    if not raw.startswith(b"SIMPLE  ="):
        raise LightCurveError(f"{name}: not a FITS file ({len(raw)} bytes, starting {raw[:16]!r})")
    hdus: list[Hdu] = []
    start = 0
    while start < len(raw) and len(hdus) < _MOST_HDUS:
        # What follows the last extension is no part of the file's data (FITS standard 4.0, 3.5).
        if hdus and not raw.startswith(b"XTENSION", start):
            break
        hdus.append(_hdu_at(raw, start, name))
        start = hdus[-1].end
    return hdus


def verify_complete(hdus: list[Hdu], name: str) -> None:
    """Check that a file has as many extensions as its NEXTEND says; LightCurveError if it was cut between two."""
    promised = hdus[0].whole("NEXTEND")
    if len(hdus) - 1 < promised:
        raise LightCurveError(f"{name}: truncated: {len(hdus) - 1} of {promised} extensions")


def verify_sums(raw: bytes, hdus: list[Hdu], name: str) -> None:
    """Check CHECKSUM and DATASUM of every part that has them (FITS standard 4.0, 4.4.2.7 and appendix J).

    Raises LightCurveError if the bytes are not those that were written.
    """
    for index, hdu in enumerate(hdus):
        if "CHECKSUM" in hdu.header and _ones_complement_sum(raw, hdu.start, hdu.end) != _ALL_ONES:
            raise LightCurveError(f"{name}: damaged: CHECKSUM of part {index} does not fit its bytes")
        stated = hdu.text("DATASUM")
        if stated and stated != str(_ones_complement_sum(raw, hdu.data_start, hdu.end)):
            raise LightCurveError(f"{name}: damaged: DATASUM of part {index} does not fit its bytes")


def _hdu_at(raw: bytes, start: int, name: str) -> Hdu:
    data_start = _end_of_header(raw, start, name)
    try:
        header = Cards(raw[start:data_start])
        size = _data_size(header)
    except (KeyError, ValueError, TypeError, fits.VerifyError) as error:
        raise LightCurveError(f"{name}: unreadable header at byte {start} ({type(error).__name__}: {error})") from None
    end = data_start + -(-size // _BLOCK) * _BLOCK
    if end > len(raw):
        raise LightCurveError(f"{name}: truncated: its headers promise {end} bytes, it has {len(raw)}")
    return Hdu(name, header, start, data_start, end)


def _end_of_header(raw: bytes, start: int, name: str) -> int:
    for block in range(start, min(len(raw), start + _MOST_HEADER_BLOCKS * _BLOCK), _BLOCK):
        for card in range(block, block + _BLOCK, _CARD):
            if raw.startswith(b"END     ", card):
                return block + _BLOCK
    raise LightCurveError(f"{name}: truncated: the header at byte {start} has no END in {len(raw)} bytes")


def _data_size(header: Mapping[str, Any]) -> int:
    """Bytes of data that a header promises (FITS standard 4.0, equations 1 and 2)."""
    axes = [header[f"NAXIS{axis}"] for axis in range(1, header["NAXIS"] + 1)]
    sizes = [header["BITPIX"], *axes, header.get("PCOUNT", 0), header.get("GCOUNT", 1)]
    if not all(isinstance(size, int) for size in sizes) or min(sizes[1:]) < 0:
        raise ValueError(f"sizes {sizes}: expected whole numbers")
    if not axes:
        return 0
    elements = 1
    for axis in axes:
        elements *= axis
    return abs(sizes[0]) // 8 * header.get("GCOUNT", 1) * (header.get("PCOUNT", 0) + elements)


def _ones_complement_sum(raw: bytes, start: int, end: int) -> int:
    total = int(np.frombuffer(raw, ">u4", (end - start) // 4, start).sum(dtype=np.uint64))
    while total >> 32:
        total = (total & _ALL_ONES) + (total >> 32)
    return total
