"""Signals matched with the rows of later tables: one row each, or a reason."""

import numpy as np
import pandas as pd
import pytest

from lightmill.catalogs.later import match_later, read_later
from lightmill.errors import CatalogError

from .frames import NAN, frame, row

EPOCH_BJD = 2454970.0


def matched(old, later, repeats=False):
    """By signal id, the later signal's id ('' for none) and how."""
    place, how = match_later(old, later, repeats=repeats)
    names = np.append(later["signal_id"].to_numpy(object), "")[place]
    return dict(zip(old["signal_id"], zip(names, how, strict=True), strict=True))


def test_one_dip_is_found_and_a_harmonic_is_not_the_same():
    old = frame(
        row("dr24", "DR24 1-01", "KIC 1", 3.5),
        row("dr24", "DR24 1-02", "KIC 1", 7.0),
        row("dr24", "DR24 2-01", "KIC 2", 3.5),
        row("dr24", "DR24 3-01", "KIC 3", 3.5),
        row("dr24", "DR24 4-01", "KIC 4", NAN),
    )
    later = frame(
        row("koi", "KOI K00001.01", "KIC 1", 3.5001, EPOCH_BJD + 3.5),
        # Half a period away: another dip.
        row("koi", "KOI K00003.01", "KIC 3", 3.5, EPOCH_BJD + 1.75),
        row("koi", "KOI K00004.01", "KIC 4", 3.5),
    )
    assert matched(old, later) == {
        "DR24 1-01": ("KOI K00001.01", "ephemeris"),
        "DR24 1-02": ("", "harmonic"),
        "DR24 2-01": ("", "absent"),
        "DR24 3-01": ("", "absent"),
        "DR24 4-01": ("", "no_period"),
    }


def test_two_signals_of_a_star_get_each_their_own():
    old = frame(row("dr24", "DR24 1-01", "KIC 1", 3.5), row("dr24", "DR24 1-02", "KIC 1", 11.3))
    later = frame(row("koi", "KOI K00001.02", "KIC 1", 3.5), row("koi", "KOI K00001.01", "KIC 1", 11.3))
    assert matched(old, later) == {
        "DR24 1-01": ("KOI K00001.02", "ephemeris"),
        "DR24 1-02": ("KOI K00001.01", "ephemeris"),
    }


def test_what_is_left_of_a_dip_is_not_the_dip_unless_searches_repeat():
    rest = row("dr24", "DR24 1-01", "KIC 1", 3.5, EPOCH_BJD + 0.05)
    old = frame(rest, row("dr24", "DR24 1-02", "KIC 1", 3.5, EPOCH_BJD))
    later = frame(row("koi", "KOI K00001.01", "KIC 1", 3.5, EPOCH_BJD))
    assert matched(old, later) == {"DR24 1-01": ("", "taken"), "DR24 1-02": ("KOI K00001.01", "ephemeris")}
    both = {name: ("KOI K00001.01", "ephemeris") for name in ("DR24 1-01", "DR24 1-02")}
    assert matched(old, later, repeats=True) == both


def test_the_same_id_comes_first_and_the_better_table_next():
    old = frame(row("toi", "TOI 1.01", "TIC 1", 3.5), row("yu2019", "YU2019 2-1", "TIC 2", 5.0))
    later = pd.concat(
        [
            # Its period was found to be twice as long: still the TOI of that name.
            frame(
                row("toi", "TOI 1.01", "TIC 1", 7.0, disposition="CP"),
                row("toi", "TOI 2.01", "TIC 2", 5.001, disposition="FP"),
            ),
            frame(row("exominer", "SPOC 2-1-S1", "TIC 2", 5.0)),
        ],
        ignore_index=True,
    )
    assert matched(old, later) == {"TOI 1.01": ("TOI 1.01", "id"), "YU2019 2-1": ("TOI 2.01", "ephemeris")}


def test_later_tables_are_read_newest_first_and_without_brackets(tmp_path):
    head = "kepid,kepoi_name,koi_disposition,koi_period,koi_time0bk,koi_duration,koi_depth\n"
    for year, disposition in (("2024", "CANDIDATE"), ("2025", "FALSE POSITIVE [CANDIDATE]")):
        path = tmp_path / f"cumulative_{year}.01.01_00.00.00.csv"
        path.write_text(f"{head}757450,K00889.01,{disposition},8.88,169.99,2.08,16053\n")
    later = read_later(tmp_path.glob("*.csv"))
    assert later["disposition"].tolist() == ["FALSE POSITIVE"]
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(CatalogError, match=r"other\.csv: not a table"):
        read_later(tmp_path.glob("*.csv"))


def test_the_undecided_of_2020(real_data):
    folder = real_data / "catalogs" / "tess"
    old = read_later(folder.glob("TOI_2020*.csv"))
    # ExoFOP's list has the same ids, and is older: it adds nothing to them.
    later = read_later([*folder.glob("TOI_2025*.csv"), *folder.glob("exofop_*.csv")])
    old = old[old["disposition"] == ""].reset_index(drop=True)
    place, how = match_later(old, later, repeats=False)
    assert set(how) == {"id"}
    now = later["disposition"].iloc[place].value_counts()
    assert (now["CP"], now["FP"]) == (372, 261)


def test_dr24_against_the_kois_of_2025(real_data):
    old = read_later((real_data / "catalogs" / "tce").glob("q1_q17_dr24_tce_*.csv"))
    later = read_later((real_data / "catalogs" / "kepler").glob("cumulative_*.csv"))
    place, how = match_later(old, later, repeats=False)
    assert len(set(place[place >= 0])) == (place >= 0).sum()
    now = np.append(later["disposition"].to_numpy(object), "")[place]
    candidates = (old["disposition"] == "PC").to_numpy()
    # 3,600 candidates of 2014, of which next to all are listed, and one in thirty was found out.
    assert (now[candidates] == "CONFIRMED").sum() > 2600
    assert 90 < (now[candidates] == "FALSE POSITIVE").sum() < 130
    assert (how[candidates] == "absent").sum() < 10
    # What was not like a transit is on no list.
    assert (how[old["disposition"] == "NTP"] == "absent").mean() > 0.9
