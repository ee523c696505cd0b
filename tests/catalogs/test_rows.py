"""Damaged lines cost themselves and no other: what is rejected before any cell is understood."""

import gzip
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lightmill.catalogs.reading import read_catalog
from lightmill.catalogs.rows import MALFORMED
from lightmill.errors import CatalogError


def names(number, start=1):
    return [{"kepoi_name": f"K{start + i:05d}.01"} for i in range(number)]


def with_line(path, number, line):
    """Replace line `number` (from 1) of a file."""
    lines = path.read_bytes().split(b"\n")
    lines[number - 1] = line
    path.write_bytes(b"\n".join(lines))
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_change_nothing(table, end):
    catalog = read_catalog(table("koi", *names(3), above=["# a", "#"], end=end))
    assert list(catalog.signals["line"]) == [4, 5, 6]
    assert len(catalog.rejected) == 0


def test_gzip_and_blank_lines(table, tmp_path):
    packed = tmp_path / "packed.dat"
    packed.write_bytes(gzip.compress(table("koi", *names(2)).read_bytes().replace(b"\nK", b"\n\nK") + b"\n \n"))
    assert read_catalog(packed).summary["rows"] == 2


def test_damage_inside_a_gzip_file(table, tmp_path):
    packed = bytearray(gzip.compress(table("koi", *names(2000)).read_bytes(), compresslevel=0))
    packed[-4000] ^= 0xFF
    (tmp_path / "flipped.csv.gz").write_bytes(packed)
    with pytest.raises(CatalogError, match="damaged gzip file"):
        read_catalog(tmp_path / "flipped.csv.gz")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"10797460,K00009.01,CONFIRMED,9.4", "4 fields, expected 16"),
        (b",".join([b"1"] * 17), "17 fields, expected 16"),
        (b"107\x00460" + b"," * 15, "NUL bytes"),
        (b"# a comment in the middle", "1 fields, expected 16"),
        (b"x" * 20_000_000, "a line of 20,000,000 characters"),
        (b'"' + b"x" * 20_000_000 + b'"' + b"," * 15, "a line of 20,000,017 characters"),
        (b'"' + b"x" * 200_000 + b'"' + b"," * 15, "a field beyond 131,072 characters"),
        (b'"an open quote' + b"," * 15, "1 fields, expected 16"),
    ],
)
def test_a_damaged_line_costs_only_itself(table, line, reason):
    path = with_line(table("koi", *names(4)), 3, line)
    catalog = read_catalog(path)
    assert list(catalog.signals["line"]) == [2, 4, 5]
    assert list(catalog.rejected["line"]) == [3]
    assert reason in catalog.rejected["reason"][0]
    assert catalog.summary["rejected"] == {MALFORMED: 1}
    assert len(catalog.rejected["row"][0]) <= 2000


def test_quoted_cells_may_hold_commas_quotes_and_line_ends(table):
    comment = '"first, ""so-called""\nsecond # line"'
    path = table("exofop_toi", {"Comments": comment}, {"TOI": "102.01"})
    catalog = read_catalog(path)
    assert list(catalog.signals["signal_id"]) == ["TOI 101.01", "TOI 102.01"]
    assert list(catalog.signals["line"]) == [2, 4]


def test_an_inch_mark_is_no_quote(table):
    catalog = read_catalog(table("exofop_toi", {"Comments": 'companion at 3"'}, {"TOI": "102.01"}))
    assert len(catalog.signals) == 2


def test_a_hash_in_a_row_does_not_cut_it(table):
    catalog = read_catalog(table("exofop_toi", {"Comments": "alias #2 # three"}))
    assert catalog.signals["depth_ppm"][0] == pytest.approx(19151.2162143199)


def test_latin_1_is_read(table, tmp_path):
    path = table("exofop_toi", {"Comments": "é"})
    path.write_bytes(path.read_text(encoding="utf-8").encode("latin-1"))
    assert len(read_catalog(path).signals) == 1


def test_column_names_without_rows(table):
    path = table("koi")
    path.write_bytes(path.read_bytes().split(b"\n")[0] + b"\n\n")
    with pytest.raises(CatalogError, match="no rows below"):
        read_catalog(path)


def test_two_stray_quotes_take_no_row_between_them(table):
    path = table("koi", *names(4))
    path.write_bytes(
        path.read_bytes().replace(b"K00001.01,CONF", b'K00001.01,"CONF').replace(b"K00003.01,C", b'K00003.01,"C')
    )
    catalog = read_catalog(path)
    assert list(catalog.rejected["line"]) == [2, 4]
    assert list(catalog.signals["signal_id"]) == ["KOI K00002.01", "KOI K00004.01"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=4)), min_size=1, max_size=12))
def test_no_damage_makes_a_row_vanish(table, damage):
    path = table("koi", *names(8))
    head, _, body = path.read_bytes().partition(b"\n")
    for place, replacement in damage:
        place %= len(body)
        body = body[:place] + replacement + body[place + len(replacement) :]
    path.write_bytes(head + b"\n" + body)
    catalog = read_catalog(path)
    counts = catalog.summary
    assert counts["rows"] == counts["signals"] + sum(counts["rejected"].values())
    lines = [*catalog.signals["line"], *catalog.rejected["line"]]
    assert len(lines) == len(set(lines)) == counts["rows"]
    # A line that nothing touched is still read as it stands, unless a damaged one claims its name.
    sound = {line for line in table("koi", *names(8)).read_bytes().split(b"\n") if line in body.split(b"\n")} - {head}
    repeated = counts["rejected"].get("signal repeated in the file", 0)
    assert counts["signals"] >= len(sound - {b""}) - repeated


def test_many_open_quotes_stay_quick(table):
    path = table("koi", *names(20_000))
    path.write_bytes(path.read_bytes().replace(b",CONFIRMED,", b',"CONFIRMED,'))
    start = time.process_time()
    catalog = read_catalog(path)
    assert catalog.summary["rejected"] == {MALFORMED: 20_000}
    assert time.process_time() - start < 20


def test_two_hundred_thousand_rows_take_seconds(table):
    path = table("koi", *({"kepoi_name": f"K{i // 99:05d}.{i % 99 + 1:02d}"} for i in range(200_000)))
    start = time.process_time()
    assert len(read_catalog(path).signals) == 200_000
    assert time.process_time() - start < 30
