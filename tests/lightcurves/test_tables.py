"""Binary tables from the bytes of a file: astropy reads the same numbers, and what is no plain number is refused."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given, settings
from hypothesis import strategies as st

from lightmill.errors import LightCurveError
from lightmill.lightcurves.hdus import split_hdus
from lightmill.lightcurves.tables import table_columns, table_fields

ROWS = 7
# A value for each row in every format that holds one number, extremes among them.
NUMBERS = {
    "B": np.array([0, 1, 2, 127, 128, 254, 255], "u1"),
    "I": np.array([0, 1, -1, 300, -300, -(2**15), 2**15 - 1], "i2"),
    "J": np.array([0, 1, -1, 2**20, -(2**20), -(2**31), 2**31 - 1], "i4"),
    "K": np.array([0, 1, -1, 2**40, -(2**40), -(2**63), 2**63 - 1], "i8"),
    "E": np.array([0, -1.5, 3.4e38, 1e-40, np.nan, np.inf, 1 / 3], "f4"),
    "D": np.array([0, -1.5, 1.7e308, 5e-324, np.nan, -np.inf, 1 / 3], "f8"),
}
# What may stand between them, with what is in it.
OTHERS = {
    "3J": np.arange(3 * ROWS, dtype="i4").reshape(ROWS, 3),
    "5A": np.array(["abcde"] * ROWS),
    "L": np.array([True, False] * 3 + [True]),
    "11X": np.ones((ROWS, 11), bool),
    "C": np.full(ROWS, 1 + 2j, "c8"),
    "2M": np.full((ROWS, 2), 1 + 2j, "c16"),
    "PE()": np.array([np.arange(row, dtype="f4") for row in range(ROWS)], dtype=object),
    "QJ()": np.array([np.arange(row, dtype="i4") for row in range(ROWS)], dtype=object),
}


def written(path, columns, **cards) -> bytes:
    """A file with a table of columns `(name, format, array)`, and cards of its header set besides."""
    table = fits.BinTableHDU.from_columns([fits.Column(name, form, array=array) for name, form, array in columns])
    fits.HDUList([fits.PrimaryHDU(), table]).writeto(path, overwrite=True)
    raw = path.read_bytes()
    for key, value in cards.items():
        raw = with_card(raw, key, value)
    return raw


def with_card(raw: bytes, key: str, value: object) -> bytes:
    """The same file with another value in a card of its last header; a new one goes before its END."""
    card = fits.Card(key, value).image.encode()
    start = raw.index(b"XTENSION")
    places = range(start, len(raw), 80)
    old = next((place for place in places if raw[place : place + 8] == key.ljust(8).encode()), None)
    if old is not None:
        return raw[:old] + card + raw[old + 80 :]
    end = next(place for place in places if raw[place : place + 8] == b"END     ")
    return raw[:end] + card + raw[end : end + 80] + raw[end + 160 :]


def read(raw: bytes, *wanted: str) -> dict[str, np.ndarray]:
    table = split_hdus(raw, "x.fits")[1]
    return table_columns(raw, table, table_fields(table), wanted)


def as_astropy_reads(path, raw: bytes) -> fits.FITS_rec:
    path.write_bytes(raw)
    with fits.open(path, memmap=False) as hdus:
        return hdus[1].data


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("tables") / "x.fits"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([*NUMBERS, *OTHERS]), min_size=1, max_size=8))
def test_numbers_are_where_astropy_finds_them_whatever_stands_between(path, forms):
    columns = [(f"c{place}", form, {**NUMBERS, **OTHERS}[form]) for place, form in enumerate(forms)]
    raw = written(path, columns)
    judge = as_astropy_reads(path, raw)
    wanted = [name for name, form, _ in columns if form in NUMBERS]
    found = read(raw, *[name.upper() for name in wanted])
    for name, form, values in columns:
        if form in NUMBERS:
            np.testing.assert_array_equal(found[name.upper()], values)
            np.testing.assert_array_equal(found[name.upper()], judge[name])
            assert found[name.upper()].dtype.newbyteorder("=") == values.dtype
        else:
            with pytest.raises(LightCurveError, match=rf"x\.fits: column {name.upper()} holds .*, expected one number"):
                read(raw, name.upper())


@pytest.mark.parametrize(
    ("form", "scale", "zero"),
    [("I", 1, 2**15), ("J", 1, 2**31), ("B", 1, -128), ("J", 1, 5), ("J", 0.25, 3.5), ("E", 2.0, -1.0), ("D", 1, 2.5)],
)
def test_scale_and_zero_point_are_applied(path, form, scale, zero):
    raw = written(path, [("a", "D", NUMBERS["D"]), ("b", form, NUMBERS[form])])
    raw = with_card(with_card(raw, "TSCAL2", scale), "TZERO2", zero)
    with np.errstate(over="ignore"):
        found, by_hand = read(raw, "A", "B"), zero + scale * NUMBERS[form].astype("f8")
        judge = as_astropy_reads(path, raw)["b"]
    np.testing.assert_array_equal(found["B"], by_hand)
    np.testing.assert_array_equal(found["A"], NUMBERS["D"])
    finite = np.isfinite(judge)
    np.testing.assert_allclose(found["B"][finite], judge[finite], rtol=1e-7)
    # Whole numbers without a sign are whole.
    assert (found["B"].dtype.kind == "i") == (form in "BIJ" and scale == 1)


REFUSED = {
    "64 bits and scaled": ({"TZERO1": 2**63}, r"column A holds K with TSCAL 1 and TZERO 9223372036854775808, expected"),
    "a scale in words": ({"TSCAL2": "2"}, "column B holds J with TSCAL '2' and TZERO 0, expected one number a row"),
    "a truth value as scale": ({"TSCAL2": True}, "column B holds J with TSCAL True and TZERO 0, expected"),
    "two of one name": ({"TTYPE3": "B"}, "column B holds what two columns of that name hold, expected one number"),
    "no such format": ({"TFORM3": "Z"}, r"its table cannot be read \(TFORM3 is 'Z'\)"),
    "no format": ({"TFORM3": 4}, r"its table cannot be read \(TFORM3 is ''\)"),
    "longer rows": ({"NAXIS1": 21}, r"cannot be read \(its columns make rows of 20 bytes, NAXIS1 says 21\)"),
    "more columns": ({"TFIELDS": 4}, r"its table cannot be read \(TFORM4 is ''\)"),
    "fewer columns": ({"TFIELDS": 2}, r"cannot be read \(its columns make rows of 12 bytes, NAXIS1 says 20\)"),
    "no element": ({"TFORM3": "0D"}, r"cannot be read \(its columns make rows of 12 bytes, NAXIS1 says 20\)"),
    "another format": ({"TFORM3": "1E"}, r"cannot be read \(its columns make rows of 16 bytes, NAXIS1 says 20\)"),
    "an endless format": ({"TFORM3": "999999999D"}, r"cannot be read \(its columns make rows of 8000000004 bytes"),
    "no data at all": ({"GCOUNT": 0}, r"cannot be read \(7 rows of 20 bytes are not its size\)"),
    "words of 16 bits": ({"BITPIX": 16, "GCOUNT": 1}, r"cannot be read \(it is not made of rows of bytes\)"),
    "a cube": ({"NAXIS": 3, "NAXIS3": 1}, r"cannot be read \(it is not made of rows of bytes\)"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(path, case):
    changes, message = REFUSED[case]
    columns = [("a", "K", NUMBERS["K"]), ("b", "J", NUMBERS["J"]), ("c", "D", NUMBERS["D"])]
    raw = written(path, columns, **changes)
    # Room for the data that some of these promise.
    with pytest.raises(LightCurveError, match=r"^x\.fits: .*" + message):
        read(raw + bytes(2880), "A", "B")


def test_an_unreadable_card_is_named(path):
    raw = written(path, [("a", "D", NUMBERS["D"])])
    for key, message in (
        (b"TTYPE1  =", r"x\.fits: unreadable header card TTYPE1 \("),
        (b"TFORM1  =", r"x\.fits: its table cannot be read \(TFORM1 \("),
    ):
        spoilt = raw.replace(key + b" '", key + b" \x01")
        assert spoilt != raw
        with pytest.raises(LightCurveError, match=message):
            read(spoilt, "A")


def test_what_is_not_asked_for_may_be_anything(path):
    columns = [("a", "K", NUMBERS["K"]), ("b", "J", NUMBERS["J"]), ("d", "D", NUMBERS["D"]), ("c", "D", NUMBERS["D"])]
    raw = written(path, columns, TZERO1=2**63, TTYPE3="b")
    np.testing.assert_array_equal(read(raw, "C")["C"], NUMBERS["D"])


def test_the_units_and_names_are_the_header_s(path):
    raw = with_card(written(path, [("time", "D", NUMBERS["D"])]), "TUNIT1", "BJD - 2454833")
    fields = table_fields(split_hdus(raw, "x.fits")[1])
    assert {name: field.unit for name, field in fields.by_name.items()} == {"TIME": "BJD - 2454833"}
    # Another table with the same columns, then one with another unit: nothing of the first is left.
    other = with_card(raw, "TUNIT1", "d")
    assert table_fields(split_hdus(other, "y.fits")[1]).by_name["TIME"].unit == "d"
    assert table_fields(split_hdus(raw, "z.fits")[1]) == fields


def test_numbers_are_views_of_the_file(path):
    raw = written(path, [("a", "D", NUMBERS["D"]), ("b", "J", NUMBERS["J"])])
    found = read(raw, "B")["B"]
    assert np.shares_memory(found, np.frombuffer(raw, "u1"))
    assert not found.flags.writeable
