"""Lists of a user's own: of any mission, and written by hand."""

import re

import pandas as pd
import pytest
from catalogs.frames import OWN_HEADER, reason
from typer.testing import CliRunner

from lightmill.catalogs.reading import read_catalog
from lightmill.cli import app


def test_every_row_says_which_mission_it_is_of(listed):
    read = listed(
        "KIC 11904151,0.837491,2454964.57513,1.8,152,CONFIRMED",
        "EPIC 201367065,10.05449,2456813.4177,2.5,,planet",
        "TIC 25155310,3.28888,2458327.05207,3.2,5890,not_planet",
    )
    assert read.info.mission is None
    assert read.signals[["mission", "target_id", "epoch_bjd", "label"]].to_numpy().tolist() == [
        ["K2", "EPIC 201367065", 2456813.4177, "planet"],
        ["Kepler", "KIC 11904151", 2454964.57513, "planet"],
        ["TESS", "TIC 25155310", 2458327.05207, "not_planet"],
    ]
    assert set(read.signals["table"]) == {"own"}


@pytest.mark.parametrize("cell", ["TIC 25155310", "tic 25155310", "TIC25155310", "Tic  025155310", "  TIC 25155310 "])
def test_a_star_is_known_however_it_is_spelt(listed, cell):
    assert listed(f"{cell},3.3,2458327.1,3.2,,planet").signals["target_id"].tolist() == ["TIC 25155310"]


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("25155310", "a number of which catalog? Write TIC 25155310 (TESS), KIC 25155310 (Kepler) or EPIC 25155310"),
        ("HIP 116158", "'HIP 116158': expected `TIC n` (TESS), `KIC n` (Kepler) or `EPIC n` (K2)"),
        ("TOI 100.01", "expected `TIC n`"),
        ("25155310.0", "a number of which catalog? Write TIC 25155310 (TESS)"),
        ("TIC 25155310.0", "'TIC 25155310.0': write TIC 25155310, with one plain space and nothing else"),
        ("tic-25155310", "write TIC 25155310, with one plain space"),
        ("TIC\xa025155310", r"'TIC\xa025155310': write TIC 25155310, with one plain space"),
        ("=EPIC 2", "write EPIC 2, with one plain space"),
        ("TIC 25155310.5", "expected `TIC n`"),
        ("TIC ../x", "expected `TIC n`"),
        ("TIC 0", "expected 1 to 11 digits, above zero"),
        ("", "expected `TIC n`"),
        ("KIC", "expected `TIC n`"),
    ],
)
def test_a_star_that_is_none_is_rejected_saying_what_to_write(listed, cell, message):
    why = reason(listed(f"{cell},3.3,2458327.1,3.2,,planet"))
    assert why.startswith("target_id ")
    assert message in why


def test_what_a_spreadsheet_adds_changes_nothing(tmp_path):
    plain, odd = tmp_path / "plain.csv", tmp_path / "odd.csv"
    plain.write_text(f"{OWN_HEADER}\nTIC 1,3.3,2458327.1,3.2,590,planet\nTIC 2,4.5,2458327.9,,,EB\n")
    cells = (
        ' target_id ,period_d, epoch_bjd,duration_h,depth_ppm,disposition\r\n"TIC 1", 3.3 ,2458327.1,3.2,590,Planet\r\n'
    )
    odd.write_bytes(b"\xef\xbb\xbf" + f"{cells}\r\nTIC 2,4.5,2458327.9, ,nan,eb\r\n".encode())
    read = read_catalog(odd)
    assert read.rejected.empty
    assert read.signals["line"].tolist() == [2, 4]
    pd.testing.assert_frame_equal(read.signals.drop(columns="line"), read_catalog(plain).signals.drop(columns="line"))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            'TIC 1,3.3,2458327.1,3.2,"5,890",planet',
            "depth_ppm '5,890': expected a number with a decimal point and no co",
        ),
        (
            'TIC 1,"3,3",2458327.1,3.2,590,planet',
            "period_d '3,3': expected a number with a decimal point and no commas",
        ),
        ("TIC 1,3.3,2458327.1,3.2,5,890,planet", "7 fields, expected 6: cut short, or a stray comma or quote"),
        ("TIC 1,3.3,2458327.1,3.2,0.00589,planet", "depth_ppm 0.00589: below 1 ppm; multiply a fraction"),
        ("TIC 1,three,2458327.1,3.2,590,planet", "period_d 'three': expected a number"),
    ],
)
def test_numbers_that_are_not_what_their_column_says(listed, line, message):
    read = listed(line, "TIC 2,3.3,2458327.1,3.2,590,planet")
    assert read.rejected["line"].tolist() == [2]
    assert message in read.rejected["reason"][0]
    assert read.signals["target_id"].tolist() == ["TIC 2"]


def test_a_number_without_a_comma_is_told_nothing_of_commas(listed):
    assert reason(listed("TIC 1,three,2458327.1,3.2,590,planet")) == "period_d 'three': expected a number"


def test_ids_are_made_of_what_a_row_says_not_of_where_it_stands(listed):
    rows = ["TIC 7,9.25,2458327.1,3.2,,planet", "TIC 7,1.5,2458327.1,3.2,,EB", "TIC 7,,2458327.125,3.2,,", "TIC 7,,,,,"]
    ids = ["OWN TIC 7", "OWN TIC 7 P1.50000", "OWN TIC 7 P9.25000", "OWN TIC 7 T2458327.12"]
    assert listed(*rows).signals["signal_id"].tolist() == ids
    assert listed(*rows[:1]).signals["signal_id"].tolist() == ids[2:3]
    assert listed(*rows[::-1], "TIC 7,0.5,2458327.1,1,,EB").signals["signal_id"].tolist() == [
        ids[0],
        "OWN TIC 7 P0.50000",
        *ids[1:],
    ]


@pytest.mark.parametrize("name", ["a; b", "../x", "a/b", "é", "x" * 61, " b\tc"])
def test_a_name_that_no_file_or_list_could_hold_is_rejected(listed, name):
    why = reason(listed(f"{name},TIC 7,9.25,2458327.1,3.2,,planet", header=f"signal_id,{OWN_HEADER}"))
    assert "letters, digits, spaces and . _ + -" in why


def test_what_else_is_known_comes_along(listed):
    more = "period_err_d,epoch_err_d,ra_deg,dec_deg,magnitude,radius_rearth,snr,notes"
    read = listed("TIC 7,9.25,2458327.1,3.2,500,EB,0.001,0.02,112.5,-12,9.5,1.5,12,mine", header=f"{OWN_HEADER},{more}")
    names = more.split(",")[:-1]
    assert read.signals.loc[0, names].tolist() == [0.001, 0.02, 112.5, -12.0, 9.5, 1.5, 12.0]


def test_the_command_says_which_missions_a_list_is_of(listed, tmp_path):
    listed("KIC 1,3.3,2454964.5,3.2,590,planet", "TIC 2,3.3,2458327.1,3.2,590,EB")
    done = CliRunner().invoke(app, ["catalog", str(tmp_path / "my_targets.csv")])
    assert done.exit_code == 0
    assert re.search(r"mission\s+Kepler, TESS\n", done.output)
