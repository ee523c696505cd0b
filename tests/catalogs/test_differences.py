"""What has changed between two snapshots of one table."""

import pandas as pd
import pytest
from typer.testing import CliRunner

from lightmill.catalogs.differences import CHANGE_COLUMNS, compare_files
from lightmill.cli import app
from lightmill.errors import CatalogError

STAYS = {"kepoi_name": "K00001.01", "kepid": "1"}


def changed(difference):
    return [tuple(row) for row in difference.changes.drop(columns="target_id").itertuples(index=False)]


def test_each_kind_of_change(table):
    moves = {"kepoi_name": "K00010.01", "kepid": "5"}
    old = table("koi", STAYS, {}, {"kepoi_name": "K00009.01"}, moves, name="old.csv")
    new = table(
        "koi",
        {**STAYS, "koi_disposition": "FALSE POSITIVE", "koi_period": "9.5"},
        {},
        {**moves, "kepid": "6", "koi_depth": ""},
        {"kepoi_name": "K00011.01", "koi_disposition": "CANDIDATE"},
        name="new.csv",
    )
    difference = compare_files(old, new)
    assert (difference.before, difference.after) == (4, 4)
    assert difference.signals == {"new": 1, "gone": 1, "target": 1, "disposition": 1, "ephemeris": 2}
    assert changed(difference) == [
        ("new", "KOI K00011.01", "", "", "CANDIDATE"),
        ("gone", "KOI K00009.01", "", "CONFIRMED", ""),
        ("target", "KOI K00010.01", "target_id", "KIC 5", "KIC 6"),
        ("disposition", "KOI K00001.01", "disposition", "CONFIRMED", "FALSE POSITIVE"),
        ("ephemeris", "KOI K00001.01", "period_d", "9.48803557", "9.5"),
        ("ephemeris", "KOI K00010.01", "depth_ppm", "615.8", ""),
    ]


def test_other_digits_and_another_order_are_no_change(table):
    old = table("koi", STAYS, {}, name="old.csv")
    new = table("koi", {"koi_period": "9.4880355999", "koi_duration": "2.957502", "koi_depth": "615.8"}, STAYS)
    assert compare_files(old, new).changes.empty
    assert set(compare_files(old, new).signals.values()) == {0}


@pytest.mark.parametrize(
    ("column", "cell"),
    [("koi_period", "9.48804"), ("koi_time0bk", "170.53878"), ("koi_duration", "2.9577"), ("koi_depth", "616.1")],
)
def test_more_than_rounding_is(table, column, cell):
    assert len(compare_files(table("koi", name="old.csv"), table("koi", {column: cell})).changes) == 1


def test_two_tables_cannot_be_compared(table):
    with pytest.raises(CatalogError, match=r"old.csv is Kepler .*\[koi\].*\[toi\]; expected two files of one table"):
        compare_files(table("koi", name="old.csv"), table("toi"))


def test_the_command_prints_the_numbers_and_writes_all(table, tmp_path):
    dispositions = [{"kepoi_name": f"K{n:05d}.01", "koi_disposition": "CANDIDATE"} for n in range(1, 26)]
    old = table("koi", *dispositions, name="old.csv")
    new = table("koi", *({**one, "koi_disposition": "=planet()"} for one in dispositions), name="new.csv")
    changes = tmp_path / "changes.csv"
    done = CliRunner().invoke(app, ["catalog", "diff", str(old), str(new), "--changes", str(changes)])
    assert done.exit_code == 0, done.output
    assert "25 signals before, 25 after" in done.output
    assert "changed dispositions     25" in done.output
    assert "KOI K00010.01" in done.output
    assert "KOI K00011.01" not in done.output
    assert "... and 15 more; --changes writes them all" in done.output
    written = pd.read_csv(changes, dtype=str, keep_default_na=False)
    assert tuple(written) == CHANGE_COLUMNS
    assert len(written) == 25
    assert set(written["new"]) == {"'=planet()"}


def test_the_command_does_not_overwrite_what_it_compares(table):
    old = table("koi", name="old.csv")
    before = old.read_bytes()
    done = CliRunner().invoke(app, ["catalog", "diff", str(old), str(table("koi")), "--changes", str(old)])
    assert done.exit_code == 1
    assert "would overwrite what is compared" in done.stderr
    assert old.read_bytes() == before


def test_real_toi_snapshots(real_data):
    old, new = (next((real_data / "catalogs/tess").glob(f"TOI_2025.{date}*")) for date in ("09.17", "10.04"))
    difference = compare_files(old, new)
    assert difference.signals == {"new": 35, "gone": 0, "target": 0, "disposition": 35, "ephemeris": 18}
    periods = difference.changes[difference.changes["column"] == "period_d"]
    assert ((periods["old"] != "") & (periods["new"] != "")).sum() == 14
    assert len(periods) == 16  # two planets whose period was found or given up


def test_a_new_date_line_of_a_real_table_is_no_change(real_data):
    old, new = (next((real_data / "catalogs/kepler").glob(f"cumulative_2025.10.04_{hour}*")) for hour in ("07", "11"))
    assert compare_files(old, new).changes.empty
