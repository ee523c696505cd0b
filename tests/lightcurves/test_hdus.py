"""FITS structure and sums: every cut and every flipped bit must be noticed."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from lightcurves.made_fits import write_fits

from lightmill.errors import LightCurveError
from lightmill.lightcurves.hdus import Cards, split_hdus, verify_complete, verify_sums

SUM_CARDS = {b"CHECKSUM="[:end] for end in range(1, 10)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> bytes:
    return write_fits(tmp_path_factory.mktemp("fits") / "whole.fits").read_bytes()


def check(raw: bytes) -> None:
    hdus = split_hdus(raw, "x.fits")
    verify_sums(raw, hdus, "x.fits")
    verify_complete(hdus, "x.fits")


def test_parts_lie_end_to_end(whole):
    hdus = split_hdus(whole, "x.fits")
    assert [hdu.start for hdu in hdus] == [0, hdus[0].end, hdus[1].end]
    assert hdus[-1].end == len(whole)
    assert hdus[1].header["NAXIS2"] == 60
    check(whole)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_file_cut_anywhere_is_truncated(whole, data):
    length = data.draw(st.integers(1, len(whole) - 1))
    with pytest.raises(LightCurveError, match=r"x\.fits: (truncated|not a FITS file)"):
        check(whole[:length])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_bit_flipped_anywhere_is_noticed(whole, data):
    position, bit = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 7))
    # A card whose very name is hit is no CHECKSUM any more; what it vouched for is untouched.
    assume(whole[position // 80 * 80 :][: position % 80 + 1] not in SUM_CARDS)
    flipped = bytearray(whole)
    flipped[position] ^= 1 << bit
    with pytest.raises(LightCurveError, match=r"x\.fits: "):
        check(bytes(flipped))


@pytest.mark.parametrize("raw", [b"", b"<html>503</html>", b"\0" * 2880, b"SIMPLE  =                    T"])
def test_other_bytes_are_refused(raw):
    with pytest.raises(LightCurveError, match=r"x\.fits: "):
        split_hdus(raw, "x.fits")


def test_a_promise_of_more_rows_than_there_are_costs_no_memory(whole):
    lying = whole.replace(b"NAXIS2  =                   60", b"NAXIS2  =         999999999999")
    assert lying != whole
    with pytest.raises(LightCurveError, match=r"truncated: its headers promise \d{14,} bytes"):
        split_hdus(lying, "x.fits")


def test_the_sums_of_the_missions_own_files_agree(real_data):
    files = sorted((real_data / "archive").rglob("*.fits"))
    assert len(files) >= 100
    for file in files[::9]:
        raw = file.read_bytes()
        hdus = split_hdus(raw, file.name)
        assert len(hdus) == 3
        assert all("CHECKSUM" in hdu.header for hdu in hdus)
        verify_sums(raw, hdus, file.name)
        spoilt = bytearray(raw)
        spoilt[hdus[1].data_start + 1000] ^= 4
        with pytest.raises(LightCurveError, match="CHECKSUM of part 1"):
            verify_sums(bytes(spoilt), hdus, file.name)


def test_every_card_of_the_missions_own_files_is_read_as_astropy_reads_it(real_data):
    files = sorted((real_data / "archive").rglob("*.fits"))[::9]
    files += sorted((real_data / "other_light_curves" / "k2sff").glob("*.fits"))[:1]
    read = 0
    for file in files:
        hdus = split_hdus(file.read_bytes(), file.name)
        with fits.open(file) as theirs:
            for ours, hdu in zip(hdus, theirs, strict=True):
                for keyword in hdu.header:
                    if keyword in ("", "COMMENT", "HISTORY"):
                        continue
                    value = hdu.header[keyword]
                    assert (ours.header[keyword], type(ours.header[keyword])) == (value, type(value)), keyword
                    read += 1
    assert read > 3000


@pytest.mark.parametrize(
    ("card", "value"),
    [
        ("KEY     = 'it''s so  '           / of a text", "it's so"),
        ("KEY     =                   -7", -7),
        ("KEY     =               1.5D-3 / older programs write D", 1.5e-3),
        ("KEY     =                    T", True),
        ("KEY     = ''", ""),
        ("KEY     =                   .5", 0.5),
        ("KEY     = (1.0, 2.0)", 1 + 2j),
        ("KEY     =                      / no value", None),
        ("KEY     =  / no value", None),
        ("KEY     = ", None),
        ("KEY     = 'it''s'   / a quote", "it's"),
        ("KEY     = '  two''''  '", "  two''"),
    ],
)
def test_values_of_cards(card, value):
    found = Cards(card.ljust(80).encode())["KEY"]
    assert (found, type(found)) == (value, type(value))


def test_of_a_keyword_that_stands_twice_the_first_card_counts():
    cards = Cards(b"".join(line.ljust(80).encode() for line in ("A       = 1", "B       = 2", "A       = 3", "END")))
    assert (cards["A"], cards.get("B"), cards.get("C"), cards.get("C", 7)) == (1, 2, None, 7)
    assert (list(cards), len(cards)) == (["A", "B", "END"], 3)
    assert "A" in cards
    assert "C" not in cards
    with pytest.raises(KeyError, match="'C'"):
        cards["C"]


def test_a_card_that_nobody_can_read_is_a_value_error():
    cards = Cards(b"KEY     = \x01".ljust(80))
    # It is there nonetheless.
    assert "KEY" in cards
    for _ in range(2):
        with pytest.raises(ValueError, match="Unparsable card"):
            cards["KEY"]


def test_an_end_that_is_no_card_ends_nothing(whole):
    comments = b"COMMENT = 'the END     of it'".ljust(80) * 36
    hdus = split_hdus(whole[:80] + comments + whole[80:], "x.fits")
    assert hdus[0].data_start == split_hdus(whole, "x.fits")[0].data_start + 2880
    with pytest.raises(LightCurveError, match="the header at byte 0 has no END"):
        split_hdus(whole[:80] + 200 * comments + whole[80:], "x.fits")


def test_a_wrong_datasum_is_noticed_without_checksum(tmp_path):
    raw = write_fits(tmp_path / "x.fits").read_bytes()
    raw = raw.replace(b"CHECKSUM=", b"COMMENT  ")
    hdus = split_hdus(raw, "x.fits")
    verify_sums(raw, hdus, "x.fits")
    spoilt = bytearray(raw)
    spoilt[hdus[1].data_start] ^= 1
    with pytest.raises(LightCurveError, match="DATASUM of part 1"):
        verify_sums(bytes(spoilt), hdus, "x.fits")


def test_sum_of_known_words():
    # One card's worth of zeros but for two words: 0xFFFFFFFF + 2 carries round to 2.
    from lightmill.lightcurves.hdus import _ones_complement_sum

    words = np.zeros(20, ">u4")
    words[0], words[1] = 0xFFFFFFFF, 2
    assert _ones_complement_sum(words.tobytes(), 0, 80) == 2
