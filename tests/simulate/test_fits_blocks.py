import fitsio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightmill.simulate.fits_blocks import BLOCK, card, encode_checksum, hdu, quoted, word_sum


@given(st.binary(max_size=20_000))
def test_every_part_adds_up_to_ones(data):
    part = hdu([card("SIMPLE", "T", "conforms to FITS standards")], data)
    assert len(part) % BLOCK == 0
    assert word_sum(part) == 0xFFFFFFFF


@given(st.integers(0, 2**32 - 1))
def test_the_checksum_is_letters_and_digits_and_can_be_decoded(value):
    text = encode_checksum(value)
    assert text.isalnum()
    assert text.isascii()
    letters = text[1:] + text[0]
    columns = [sum(ord(letters[4 * row + place]) - ord("0") for row in range(4)) for place in range(4)]
    assert sum(byte << (24 - 8 * place) for place, byte in enumerate(columns)) == value


def test_cfitsio_finds_the_sums_right_and_one_changed_bit_wrong(tmp_path):
    primary = [card("SIMPLE", "T", ""), card("BITPIX", "8", ""), card("NAXIS", "0", ""), card("EXTEND", "T", "")]
    image = [card("XTENSION", quoted("IMAGE"), ""), card("BITPIX", "32", ""), card("NAXIS", "1", "")]
    image += [card("NAXIS1", "3", ""), card("PCOUNT", "0", ""), card("GCOUNT", "1", "")]
    content = bytearray(hdu(primary) + hdu(image, np.array([1, 2, 3], ">i4").tobytes()))
    for change, right in ((0, 1), (1, -1)):
        content[2 * BLOCK] ^= change
        path = tmp_path / f"{change}.fits"
        path.write_bytes(content)
        with fitsio.FITS(str(path)) as file:
            assert file[1]._FITS.verify_checksum(2)["hduok"] == right


def test_cards_have_eighty_bytes_and_the_places_of_the_standard():
    assert card("NAXIS1", "100", "length") == b"NAXIS1  =                  100 / length".ljust(80)
    assert card("OBJECT", quoted("KIC 1"), "x") == b"OBJECT  = 'KIC 1   '           / x".ljust(80)
    assert len(card("A", "1", "c" * 200)) == 80
    assert quoted("it's") == "'it''s   '"


def test_words_are_added_with_the_carry_brought_round():
    assert word_sum(b"\xff\xff\xff\xff\x00\x00\x00\x02") == 2
    with pytest.raises(ValueError, match="multiple"):
        word_sum(b"abc")
