import gzip
import re
import subprocess
import sys

import pytest

from lightmill.catalogs.identify import identify_table, newest
from lightmill.catalogs.kinds import KINDS
from lightmill.errors import CatalogError

DATE = "# Sat Oct  4 07:34:55 2025"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_tables_are_told_apart_by_columns(table, kind):
    info = identify_table(table(kind, name="renamed.txt"))
    assert (info.table, info.mission) == (kind, KINDS[kind].mission)
    assert set(info.columns) >= set(KINDS[kind].required)


@pytest.mark.parametrize(
    ("kind", "column"), [(kind.name, column) for kind in KINDS.values() for column in kind.required]
)
def test_a_missing_column_is_named(table, kind, column):
    with pytest.raises(CatalogError, match=rf"short.csv.*(lacks the column |no `){re.escape(column)}"):
        identify_table(table(kind, without=[column], name="short.csv"))


def test_deliveries_of_one_tce_table_are_told_apart_by_their_first_row(table):
    full = ("tce_delivname", "av_training_set", "tce_depth")
    for delivery, kind in (("q1_q17_dr25_tce", "dr25_tce"), ("q1_q17_dr24_tce", "dr24")):
        path = table("dr24", {"tce_delivname": delivery}, columns=full, above=["# a line"])
        assert identify_table(path).table == kind
    with pytest.raises(CatalogError, match=r"delivery 'q1_q16_tce'; expected q1_q17_dr24_tce or q1_q17_dr25_tce"):
        identify_table(table("dr24", {"tce_delivname": "q1_q16_tce"}, columns=full))
    with pytest.raises(CatalogError, match=r"lacks the column tce_depth"):
        identify_table(table("dr24", {"tce_delivname": "q1_q17_dr25_tce"}, columns=full[:2]))


def test_the_header_gives_date_lines_and_units(table):
    above = ["# produced by an archive", DATE, "#", "# COLUMN koi_time0bk:    Transit Epoch [BKJD]", "#"]
    info = identify_table(table("koi", above=above, name="cumulative_2020.01.02_03.04.05.csv"))
    assert info.snapshot_date == "2025-10-04T07:34:55"
    assert info.header_lines == 5
    assert info.units == {"koi_time0bk": "BKJD"}


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("exofop_tess_tois_20230112.csv", "2023-01-12"),
        ("k2pandc_2025.09.17_06.42.42.csv", "2025-09-17T06:42:42"),
        ("TOI_2020.10.12_toi-tfopwg_101220.csv", "2020-10-12"),
        ("toi-2024-02-29.csv.gz", "2024-02-29"),
        ("exominer_s1s67.csv", None),
        ("tois_20231340.csv", None),
        ("run1202301123.csv", None),
    ],
)
def test_the_file_name_gives_the_date_where_the_header_has_none(table, name, date):
    assert identify_table(table("toi", name=name)).snapshot_date == date


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(table, end):
    info = identify_table(table("koi", above=["# a", DATE], end=end))
    assert (info.table, info.header_lines, info.columns[-1]) == ("koi", 2, "koi_kepmag")
    assert info.snapshot_date == "2025-10-04T07:34:55"


def test_gzip_is_known_by_its_bytes(table, tmp_path):
    packed = tmp_path / "packed.csv"
    packed.write_bytes(gzip.compress(table("dr25").read_bytes()))
    assert identify_table(packed).table == "dr25"
    packed.write_bytes(packed.read_bytes()[:-40])
    with pytest.raises(CatalogError, match=r"packed.csv: damaged gzip file"):
        identify_table(packed)


def test_byte_order_mark_and_quoted_comments(table, tmp_path):
    marked = tmp_path / "marked.csv"
    marked.write_bytes(b'\xef\xbb\xbf"# saved by a spreadsheet, perhaps",,\n' + table("koi").read_bytes())
    assert identify_table(marked).header_lines == 1


def test_characters_across_the_reading_window_do_not_confuse(table, tmp_path):
    # 256 KiB of comments, then a two-byte character on the edge of the first chunk read.
    path = tmp_path / "long.csv"
    head = ("# " + "x" * 997 + "\n").encode() * 262
    head += b"# " + b"y" * ((1 << 18) - len(head) - 6) + "é\n".encode()  # after the mark's 3 bytes and these 2
    path.write_bytes(b"\xef\xbb\xbf" + head + table("koi").read_bytes())
    assert identify_table(path).columns[0] == "kepid"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b" \n\n", "the file is empty"),
        (b"# only\n# comments\n", "no row of column names"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"PK\x03\x04rest", "spreadsheet"),
        (b"\\fixlen = T\n|kepid|", "IPAC"),
        ("kepid,x".encode("utf-16"), "UTF-16"),
        (b"kepid\tkepoi_name\n1\t2\n", "no comma"),
        (b"kepid,kepoi_name\0,koi_period\n", "NUL bytes"),
        (b"kepid,ra,dec,ra\n1,2,3,4\n", "column 'ra' stands there twice"),
        (b"a,b,c\n1,2,3\n", "not a table that lightmill knows"),
        (b"#" + b"x" * 20_000_000, "longer than 1,000,000 characters"),
        (b"a," + b"x" * 20_000_000 + b"\n1,2\n", "longer than 1,000,000 characters"),
    ],
)
def test_what_is_no_catalog_is_refused_by_name(tmp_path, content, message):
    path = tmp_path / "odd.csv"
    path.write_bytes(content)
    with pytest.raises(CatalogError, match=message) as refusal:
        identify_table(path)
    assert "odd.csv" in str(refusal.value)


def test_planetary_systems_is_refused_saying_what_to_fetch(table):
    with pytest.raises(CatalogError, match=r"Planetary Systems table .*K2 Planets and Candidates"):
        identify_table(table("k2pandc", without=["disposition"]))


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(CatalogError, match=r"nothing.csv: cannot be read"):
        identify_table(tmp_path / "nothing.csv")
    with pytest.raises(CatalogError, match="is a folder"):
        identify_table(tmp_path)


def test_newest_goes_by_date_not_by_name(table):
    older = table("koi", above=["# Sat Oct  4 07:34:55 2025"], name="z.csv")
    newer = table("koi", above=["# Sat Oct  4 11:29:34 2025"], name="a.csv")
    undated = table("koi", name="zz.csv")
    assert newest([older, newer, undated]) == str(newer)
    assert newest([newer, undated, older]) == str(newer)


def test_newest_of_one_path_does_not_read_it(tmp_path):
    assert newest([tmp_path / "to_be_made.csv"]) == str(tmp_path / "to_be_made.csv")


def test_newest_refuses_nothing_and_mixtures(table):
    with pytest.raises(CatalogError, match="no catalog file"):
        newest([])
    with pytest.raises(CatalogError, match=r"different tables \(koi, toi\)"):
        newest([table("koi", name="a.csv"), table("toi", name="b.csv")])


def test_telling_tables_apart_loads_nothing_heavy():
    script = "import sys, lightmill.catalogs.identify; print({'pandas', 'pandera', 'numpy'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_public_face_loads_what_it_names():
    import lightmill.catalogs as catalogs

    for name in catalogs.__all__:
        assert getattr(catalogs, name).__name__ == name
    with pytest.raises(AttributeError, match="read_everything"):
        _ = catalogs.read_everything


def test_real_tables(real_data):
    found = {}
    for path in sorted((real_data / "catalogs").glob("*/*")):
        if "planetary_systems" not in path.name:
            info = identify_table(path)
            found.setdefault(info.table, []).append((info.snapshot_date, info.header_lines))
    assert found == {
        "k2pandc": [("2025-09-17T06:42:42", 98)],
        "koi": [("2025-09-21T04:31:43", 53), ("2025-10-04T07:34:55", 53), ("2025-10-04T11:29:34", 53)],
        "dr25": [(None, 0)],
        "dr24": [("2020-01-28T08:52:13", 15)],
        "yu2019": [(None, 0)],
        "toi": [("2020-10-12T17:22:43", 69), ("2025-09-17T06:36:05", 69), ("2025-10-04T07:29:48", 69)],
        "exofop_toi": [("2023-01-12", 0)],
        "exominer": [(None, 0)],
    }


def test_the_real_wrong_table(real_data):
    with pytest.raises(CatalogError, match="Planetary Systems table"):
        identify_table(real_data / "catalogs" / "k2" / "planetary_systems_k2.csv")
