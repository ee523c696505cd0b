"""The structure of a FITS file held in memory: where its parts lie, whether it is whole, whether its sums agree.

The sums are taken here because neither library does it for the missions' own files: these carry CHECKSUM without
DATASUM, which fitsio 1.4 and astropy 8.0 both report as a failure.
"""

import math
import re
import threading
import warnings
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

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
    rb"(?:'(?P<text>[^'&]*(?:''[^'&]*)*)'|(?P<whole>[+-]?[0-9]+)"
    rb"|(?P<float>[+-]?[0-9]*\.[0-9]*(?:[ED][+-]?[0-9]+)?)|(?P<truth>[TF]))?"
    rb" *(?:/[ -~]*)?"
)
_KEYWORD = 8
# Files of one pipeline have most of their cards in common, and a light curve has up to a hundred files.
_CARDS_REMEMBERED = 4096
_ASTROPY = threading.Lock()


class Cards(Mapping[str, Any]):
    """The cards of one header by keyword, the first where one stands twice.

    A card is parsed when it is asked for: of some hundred and fifty a reader looks at fifty.
    """

    __slots__ = ("_raw", "_starts")

    def __init__(self, raw: bytes) -> None:
        """`raw` is the header as it stands in the file, END and padding included."""
        self._raw = raw
        keywords = np.ndarray(len(raw) // _CARD, f"S{_KEYWORD}", raw, strides=(_CARD,)).tolist()
        # From the last to the first, which stays.
        self._starts = dict(zip(reversed(keywords), range((len(keywords) - 1) * _CARD, -1, -_CARD), strict=True))

    def __getitem__(self, keyword: str) -> Any:
        start = self._starts.get(keyword.encode().ljust(_KEYWORD))
        if start is None:
            raise KeyError(keyword)
        return _value(self._raw[start : start + _CARD])

    def get(self, keyword: str, default: Any = None) -> Any:
        """The value of a card, `default` if there is no such card."""
        start = self._starts.get(keyword.encode().ljust(_KEYWORD))
        return default if start is None else _value(self._raw[start : start + _CARD])

    def __contains__(self, keyword: object) -> bool:
        return isinstance(keyword, str) and keyword.encode().ljust(_KEYWORD) in self._starts

    def beginning_with(self, starts: Set[bytes]) -> bytes:
        """The cards whose keywords begin with one of some texts of five letters, one after the other."""
        raw = self._raw
        return b"".join([raw[start : start + _CARD] for key, start in self._starts.items() if key[:5] in starts])

    def __iter__(self) -> Iterator[str]:
        in_order = sorted(self._starts, key=self._starts.__getitem__)
        return (keyword.decode("latin-1").rstrip() for keyword in in_order)

    def __len__(self) -> int:
        return len(self._starts)


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
        except ValueError as error:
            raise LightCurveError(f"{self.file}: unreadable header card {key} ({error})") from None

    def number(self, key: str) -> float:
        """The finite number of a header card, NaN if it states none."""
        value = self.get(key)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if is_number and math.isfinite(value) else math.nan

    def whole(self, key: str) -> int:
        """The whole number of a header card, -1 if it states none."""
        value = self.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else -1

    def text(self, key: str) -> str:
        """The text of a header card, empty if it states none."""
        value = self.get(key)
        return value.strip() if isinstance(value, str) else ""


@lru_cache(_CARDS_REMEMBERED)
def _value(card: bytes) -> Any:
    """The value of a card, None if it has none; ValueError if it cannot be parsed."""
    match = _ORDINARY.fullmatch(card)
    if match is None:
        return _by_astropy(card)
    kind = match.lastgroup
    if kind is None:
        return None
    value = match[kind]
    if kind == "text":
        return value.decode("latin-1").replace("''", "'").rstrip()
    if kind == "whole":
        return int(value)
    if kind == "float":
        return float(value.replace(b"D", b"E"))
    return value == b"T"


def _by_astropy(card: bytes) -> Any:
    """The value of a card that is out of the ordinary, None if it has none; ValueError if it cannot be parsed."""
    # None of the missions' own files has such cards: they need not wait for the import.
    from astropy.io import fits
    from astropy.utils.exceptions import AstropyWarning

    # Odd but readable cards are no reason to refuse a file: values are checked where they are used. Filters of warnings
    # are all threads' together.
    with _ASTROPY, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        try:
            value = fits.Card.fromstring(card).value
        except fits.VerifyError as error:
            raise ValueError(str(error)) from None
    return None if isinstance(value, fits.card.Undefined) else value


def split_hdus(raw: bytes, name: str) -> list[Hdu]:
    """Find the header and data units of a FITS file.

    `raw` is the whole file, `name` what to call it in errors. Raises LightCurveError if this is no FITS file, or if
    it ends before the sizes in its headers do.
    """
    if not raw.startswith(b"SIMPLE  ="):
        raise LightCurveError(f"{name}: not a FITS file ({len(raw)} bytes, starting {raw[:16]!r}); download it again")
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
        raise LightCurveError(f"{name}: truncated: {len(hdus) - 1} of {promised} extensions; download it again")


def verify_sums(raw: bytes, hdus: list[Hdu], name: str) -> None:
    """Check CHECKSUM and DATASUM of every part that has them (FITS standard 4.0, 4.4.2.7 and appendix J).

    Raises LightCurveError if the bytes are not those that were written.
    """
    for index, hdu in enumerate(hdus):
        data_sum = None
        if "CHECKSUM" in hdu.header:
            data_sum = _ones_complement_sum(raw, hdu.data_start, hdu.end)
            if _carried(_ones_complement_sum(raw, hdu.start, hdu.data_start) + data_sum) != _ALL_ONES:
                raise LightCurveError(
                    f"{name}: damaged: CHECKSUM of part {index} does not fit its bytes; download it again"
                )
        stated = hdu.text("DATASUM")
        if stated and data_sum is None:
            data_sum = _ones_complement_sum(raw, hdu.data_start, hdu.end)
        if stated and stated != str(data_sum):
            raise LightCurveError(f"{name}: damaged: DATASUM of part {index} does not fit its bytes; download it again")


def _hdu_at(raw: bytes, start: int, name: str) -> Hdu:
    data_start = _end_of_header(raw, start, name)
    try:
        header = Cards(raw[start:data_start])
        size = _data_size(header)
    except (KeyError, ValueError, TypeError) as error:
        raise LightCurveError(f"{name}: unreadable header at byte {start} ({type(error).__name__}: {error})") from None
    end = data_start + -(-size // _BLOCK) * _BLOCK
    if end > len(raw):
        raise LightCurveError(
            f"{name}: truncated: its headers promise {end} bytes, it has {len(raw)}; download it again"
        )
    return Hdu(name, header, start, data_start, end)


def _end_of_header(raw: bytes, start: int, name: str) -> int:
    most = min(len(raw), start + _MOST_HEADER_BLOCKS * _BLOCK)
    place = raw.find(b"END     ", start, most)
    while place >= 0 and (place - start) % _CARD:
        place = raw.find(b"END     ", place + 1, most)
    if place < 0:
        raise LightCurveError(
            f"{name}: truncated: the header at byte {start} has no END in {len(raw)} bytes; download it again"
        )
    return start + ((place - start) // _BLOCK + 1) * _BLOCK


def _data_size(header: Mapping[str, Any]) -> int:
    """Bytes of data that a header promises (FITS standard 4.0, equations 1 and 2)."""
    axes = [header[f"NAXIS{axis}"] for axis in range(1, header["NAXIS"] + 1)]
    sizes = [header["BITPIX"], *axes, header.get("PCOUNT", 0), header.get("GCOUNT", 1)]
    if {*map(type, sizes)} != {int} or min(sizes[1:]) < 0:
        raise ValueError(f"sizes {sizes}: expected whole numbers")
    if not axes:
        return 0
    parameters, groups = sizes[-2:]
    return abs(sizes[0]) // 8 * groups * (parameters + math.prod(axes))


def _ones_complement_sum(raw: bytes, start: int, end: int) -> int:
    return _carried(int(np.frombuffer(raw, ">u4", (end - start) // 4, start).sum(dtype=np.uint64)))


def _carried(total: int) -> int:
    """A sum of 32-bit words whose carries are added at its lower end."""
    while total >> 32:
        total = (total & _ALL_ONES) + (total >> 32)
    return total
