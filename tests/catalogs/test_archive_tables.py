"""Answers of a TAP service, read closely: which are refused, and how cells become text. No network is used."""

import csv
from types import SimpleNamespace

import pytest

from lightmill.catalogs import archive_tables
from lightmill.catalogs.archive_tables import fetch_table
from lightmill.catalogs.reading import read_catalog
from lightmill.config.network import NetworkSettings
from lightmill.errors import CatalogError, LightmillError
from lightmill.network.errors import TransientError

TAP = "http://127.0.0.1:9/TAP"
SETTINGS = NetworkSettings(tap_url=TAP)

FIELDS = """
<FIELD name="rowid" datatype="int"/>
<FIELD name="kepid" datatype="double"><DESCRIPTION>KepID</DESCRIPTION></FIELD>
<FIELD name="kepoi_name" datatype="char" arraysize="*"><DESCRIPTION>KOI
   Name</DESCRIPTION></FIELD>
<FIELD name="koi_disposition" datatype="unicodeChar" arraysize="*"/>
<FIELD name="koi_period" datatype="double" unit="days"><DESCRIPTION>Orbital Period</DESCRIPTION></FIELD>
<FIELD name="koi_time0bk" datatype="double" unit="days"><DESCRIPTION>Transit Epoch [BKJD]</DESCRIPTION></FIELD>
<FIELD name="koi_duration" datatype="float" unit="hours"/>
<FIELD name="koi_depth" datatype="double" unit="ppm"/>
<FIELD name="koi_count" datatype="short"/>
<FIELD name="koi_comment" datatype="char" arraysize="*"/>
"""
ROWS = [
    ["1", "10797460", "K00752.02", "CANDIDATE", "54.4183827", "162.5138400", "4.507", "", "2", 'a "quoted", one'],
    ["2", "10797460", "K00752.01", "CONFIRMED", "9.488035570", "170.5387500", "2.9575", "615.8", "2", "#1 &lt;b&gt;"],
    ["3", "11446443", "K00001.01", "", "2.470613377", "122.763305", "1.5", "14230", "", "two\nlines"],
]


def votable(fields, rows, status='<INFO name="QUERY_STATUS" value="OK"/>', after=""):
    cells = "".join(f"<TR>{''.join(f'<TD>{cell}</TD>' for cell in row)}</TR>\n" for row in rows)
    return (
        f'<?xml version="1.0"?><VOTABLE version="1.3" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE '
        f'type="results">{status}<TABLE>{fields}<DATA><TABLEDATA>{cells}</TABLEDATA></DATA></TABLE>{after}'
        "</RESOURCE></VOTABLE>"
    )


def count(number):
    return votable('<FIELD name="count" datatype="int"/>', [[number]])


@pytest.fixture
def answers(monkeypatch):
    """A function: let the service give these answers, one after the other, and return the list of what it is asked."""

    def give(*bodies):
        left, asked = list(bodies), []

        def submit(query):
            asked.append(dict(query))
            return SimpleNamespace(content=left.pop(0).encode())

        monkeypatch.setattr(archive_tables.TAPQuery, "submit", submit)
        return asked

    return give


def fetched(settings=SETTINGS):
    return fetch_table("cumulative", ("kepoi_name",), settings)


def test_cells_become_text(answers):
    asked = answers(count(3), votable(FIELDS, ROWS))
    text = fetched()
    assert [query["QUERY"] for query in asked] == ["select count(*) from cumulative", "select * from cumulative"]
    assert asked[1]["MAXREC"] == 4  # one more than there are, so that a row too many would show
    above = [line for line in text.splitlines() if line.startswith("# COLUMN")]
    assert above == [
        "# COLUMN kepid: KepID",
        "# COLUMN kepoi_name: KOI Name",
        "# COLUMN koi_disposition: koi_disposition",
        "# COLUMN koi_period: Orbital Period [days]",
        "# COLUMN koi_time0bk: Transit Epoch [BKJD] [days]",
        "# COLUMN koi_duration: koi_duration [hours]",
        "# COLUMN koi_depth: koi_depth [ppm]",
        "# COLUMN koi_count: koi_count",
        "# COLUMN koi_comment: koi_comment",
    ]
    lines = text[text.index("\nkepid") + 1 :]
    rows = list(csv.reader(lines.splitlines(keepends=True)))
    assert rows[0] == [name.split(":")[0].split()[-1] for name in above]
    # Sorted by name, running numbers left out; numbers with their digits, none that they never had.
    assert rows[1:] == [
        ["11446443", "K00001.01", "", "2.470613377", "122.763305", "1.5", "14230", "", "two\nlines"],
        ["10797460", "K00752.01", "CONFIRMED", "9.48803557", "170.53875", "2.9575", "615.8", "2", "#1 <b>"],
        ["10797460", "K00752.02", "CANDIDATE", "54.4183827", "162.51384", "4.507", "", "2", 'a "quoted", one'],
    ]


def test_the_reader_reads_it(answers, tmp_path):
    answers(count(3), votable(FIELDS, ROWS))
    path = tmp_path / "table.csv"
    path.write_text(fetched())
    catalog = read_catalog(path)
    assert catalog.rejected.empty
    assert catalog.signals["signal_id"].tolist() == ["KOI K00001.01", "KOI K00752.01", "KOI K00752.02"]
    assert catalog.signals["epoch_bjd"].tolist() == [2454955.763305, 2455003.53875, 2454995.51384]
    assert catalog.info.units["koi_duration"] == "hours"
    assert catalog.info.snapshot_date is None  # in the name, never in the content


def test_content_depends_on_neither_order_nor_running_numbers(answers):
    answers(count(3), votable(FIELDS, ROWS))
    first = fetched()
    answers(count(3), votable(FIELDS, [[str(7 - place), *row[1:]] for place, row in enumerate(ROWS[::-1])]))
    assert fetched(NetworkSettings(tap_url="http://127.0.0.1:8/a/mirror")) == first


def test_keys_are_sorted_by_value(answers):
    fields = '<FIELD name="kepid" datatype="long"/><FIELD name="tce_plnt_num" datatype="short"/>'
    answers(count(4), votable(fields, [[10, 1], [9, 10], [9, 2], [100, 1]]))
    text = fetch_table("q1_q17_dr25_tce", ("kepid", "tce_plnt_num"), SETTINGS)
    assert text.splitlines()[-4:] == ["9,2", "9,10", "10,1", "100,1"]


ERROR = '<INFO name="QUERY_STATUS" value="ERROR">ORA-00942: table or view\n does not exist</INFO>'
OVERFLOW = '<INFO name="QUERY_STATUS" value="OVERFLOW"/>'


@pytest.mark.parametrize(
    ("bodies", "message"),
    [
        ((votable("", [], ERROR),), r"cannot answer 'select count\(\*\) from cumulative': ORA-00942.*does not exist"),
        ((count(3), votable("", [], ERROR)), r"cannot answer 'select \* from cumulative'"),
        ((count(3), votable(FIELDS, ROWS, after=OVERFLOW)), r"limits its answer to 'select \*.*whole tables"),
        ((count(3), votable(FIELDS, ROWS, status=OVERFLOW)), r"limits its answer"),
        ((count(4), votable(FIELDS, ROWS)) * 2, r"3 rows of the table cumulative, expected the 4 that the service"),
        ((count("x"), ""), r"no VOTable with a table|no number of rows"),
        (("<html><body>hello</body></html>",), r"no VOTable with a table in it .*; check network.tap_url"),
        (("",), r"no VOTable with a table in it"),
        ((count(3), votable(FIELDS, ROWS)[:-400]), r"no VOTable with a table in it"),
        ((count(1), votable('<FIELD name="kepid" datatype="int"/>', [[1]])), r"has no column kepoi_name"),
        (('<VOTABLE version="1.3"><RESOURCE/></VOTABLE>',), r"no VOTable with a table in it"),
    ],
)
def test_anything_but_the_whole_table_is_refused(answers, bodies, message):
    answers(*bodies)
    with pytest.raises(CatalogError, match=message) as caught:
        fetched()
    assert TAP in str(caught.value)


def test_a_row_that_comes_in_between_is_waited_for(answers):
    answers(count(2), votable(FIELDS, ROWS), count(3), votable(FIELDS, ROWS))
    assert fetched().count("K00752.0") == 2


def test_entities_are_no_bomb(answers):
    """An answer that would unfold to gigabytes is refused at once."""
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    bomb = f'<?xml version="1.0"?><!DOCTYPE v [<!ENTITY e0 "lol">{levels}]>' + count("&e11;").split("?>")[1]
    answers(bomb)
    with pytest.raises(LightmillError, match="no VOTable"):
        fetched()


@pytest.mark.parametrize(
    "data", ['<BINARY><STREAM encoding="base64" href="file:///etc/passwd"/></BINARY>', '<FITS extnum="1"></FITS>']
)
def test_rows_that_are_elsewhere_are_not_followed(data):
    whole = votable(FIELDS, ROWS)
    start, end = whole.index("<TABLEDATA>"), whole.index("</TABLEDATA>") + len("</TABLEDATA>")
    body = (whole[:start] + data + whole[end:]).encode()
    with pytest.raises(TransientError, match="whose rows are elsewhere"):
        archive_tables._check_whole(SimpleNamespace(content=body, url=TAP))
    archive_tables._check_whole(SimpleNamespace(content=whole.encode(), url=TAP))
