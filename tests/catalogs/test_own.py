"""Lists of a user's own: of any mission, in any of three clocks, and written by hand."""

import re

import numpy as np
import pandas as pd
import pytest
from catalogs.frames import row, tables
from typer.testing import CliRunner

from lightmill.catalogs.identify import identify_table, newest
from lightmill.catalogs.labels import label_signals
from lightmill.catalogs.reading import read_catalog
from lightmill.catalogs.shards import shard_catalog
from lightmill.catalogs.signals import write_signals
from lightmill.cli import app
from lightmill.config.catalogs import LabelPolicy, LabelSettings, SplitSettings
from lightmill.errors import CatalogError
from lightmill.files import read_json, write_json

HEADER = "target_id,period_d,epoch_bjd,duration_h,depth_ppm,disposition"


@pytest.fixture
def listed(tmp_path):
    """A function: write lines of text as a list, under a header, and read it."""

    def read(*lines, header=HEADER, settings=None):
        path = tmp_path / "my_targets.csv"
        path.write_text("\n".join([header, *lines]) + "\n")
        return read_catalog(path, settings)

    return read


def reason(catalog):
    """The reason for which the one row was rejected."""
    assert catalog.signals.empty
    (why,) = catalog.rejected["reason"]
    return why


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
        ("TIC 25155310.0", "expected `TIC n`"),
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
    plain.write_text(f"{HEADER}\nTIC 1,3.3,2458327.1,3.2,590,planet\nTIC 2,4.5,2458327.9,,,EB\n")
    cells = (
        ' target_id ,period_d, epoch_bjd,duration_h,depth_ppm,disposition\r\n"TIC 1", 3.3 ,2458327.1,3.2,590,Planet\r\n'
    )
    odd.write_bytes(b"\xef\xbb\xbf" + f"{cells}\r\nTIC 2,4.5,2458327.9, ,nan,eb\r\n".encode())
    read = read_catalog(odd)
    assert read.rejected.empty
    assert read.signals["line"].tolist() == [2, 4]
    pd.testing.assert_frame_equal(read.signals.drop(columns="line"), read_catalog(plain).signals.drop(columns="line"))


def test_one_clock_in_every_column(listed):
    header = "target_id,period_d,epoch_bjd,epoch_btjd,epoch_bkjd,duration_h,disposition"
    read = listed(
        "TIC 1,3.3,2458327.25,,,3.2,planet",
        "TIC 2,3.3,,1327.25,,3.2,planet",
        "KIC 3,3.3,,,131.5,3.2,planet",
        "KIC 4,3.3,,,,3.2,planet",
        "TIC 5,3.3,2458327.25,1327.25,,3.2,planet",
        header=header,
    )
    found = read.signals.set_index("target_id")["epoch_bjd"]
    assert found.to_dict() == pytest.approx(
        {"KIC 3": 2454964.5, "KIC 4": np.nan, "TIC 1": 2458327.25, "TIC 2": 2458327.25}, nan_ok=True, abs=0
    )
    assert read.signals.set_index("target_id").loc["KIC 4", "flags"] == "waiting_for_search"
    assert read.rejected["reason"].tolist() == ["an epoch in epoch_bjd and in epoch_btjd; leave one of them empty"]


@pytest.mark.parametrize(
    ("star", "epoch", "message"),
    [
        ("TIC 1", "1327.25", "if it is BTJD, put it into a column epoch_btjd, or add 2457000"),
        ("KIC 1", "131.5", "if it is BKJD, put it into a column epoch_bkjd, or add 2454833"),
        ("EPIC 1", "-3.5", "if it is BKJD, put it into a column epoch_bkjd, or add 2454833"),
        ("TIC 1", "58326.75", "if it is MJD, add 2400000.5; if it is JD - 2400000, add 2400000"),
        ("TIC 1", "24583.27", "not in BJD (which lies between 2400000 and 2500000)"),
    ],
)
def test_an_epoch_in_a_missions_own_clock_is_rejected_saying_how_to_convert(listed, star, epoch, message):
    why = reason(listed(f"{star},3.3,{epoch},3.2,,planet"))
    assert why.startswith(f"epoch_bjd {epoch}: not in BJD")
    assert message in why


def test_a_full_date_in_the_column_of_a_clock_is_rejected(listed):
    why = reason(
        listed(
            "TIC 1,3.3,2458327.1,3.2,planet", header=HEADER.replace("epoch_bjd", "epoch_btjd").replace("depth_ppm,", "")
        )
    )
    assert why == "epoch_btjd 2458327.1: not in BTJD (which lies between -10000 and 10000)"


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


@pytest.mark.parametrize(
    ("word", "written", "label"),
    [
        ("planet", "planet", "planet"),
        ("Confirmed", "CONFIRMED", "planet"),
        ("kp", "KP", "planet"),
        ("NOT PLANET", "not_planet", "not_planet"),
        ("false_positive", "FALSE POSITIVE", "not_planet"),
        ("FALSE POSITIVE [CANDIDATE]", "FALSE POSITIVE", "not_planet"),
        ("eb", "EB", "not_planet"),
        ("FA", "FA", "not_planet"),
        ("PC", "PC", "unknown"),
        ("unknown", "unknown", "unknown"),
        ("", "", "unknown"),
        ("n/a", "", "unknown"),
    ],
)
def test_words_are_the_archives_own_in_any_case(listed, word, written, label):
    (signal,) = listed(f"TIC 1,3.3,2458327.1,3.2,,{word}").signals.itertuples()
    assert (signal.disposition, signal.label, signal.label_source) == (written, label, f"own:{written or 'none'}")


def test_a_word_in_no_map_is_rejected_and_a_map_may_have_more(listed):
    lines = ["TIC 1,3.3,2458327.1,3.2,,planett", "TIC 2,3.3,2458327.1,3.2,,Blend"]
    read = listed(*lines)
    assert read.summary["rejected"] == {"disposition without a label": 2}
    assert read.rejected["line"].tolist() == [2, 3]
    near, far = read.rejected["reason"]
    assert near.startswith("disposition 'planett': did you mean 'planet'? expected planet, not_planet or unknown")
    assert far.startswith("disposition 'Blend': expected planet, not_planet or unknown")
    assert far.endswith("other words go into labels.own.planet or labels.own.not_planet")
    more = LabelSettings(own=LabelPolicy(planet=["planett"], not_planet=["blend"]))
    taught = listed(*lines, settings=more).signals
    assert taught[["disposition", "label"]].to_numpy().tolist() == [["planett", "planet"], ["blend", "not_planet"]]


def test_words_that_differ_in_case_alone_are_two_where_the_map_has_two(listed):
    both = LabelSettings(own=LabelPolicy(planet=["P"], not_planet=["p"]))
    read = listed("TIC 1,3.3,2458327.1,3.2,,P", "TIC 2,3.3,2458327.1,3.2,,p", settings=both)
    assert read.signals["label"].tolist() == ["planet", "not_planet"]


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


def test_a_signal_that_stands_twice_is_rejected_unless_it_has_two_names(listed):
    lines = ["TIC 7,9.25,2458327.1,3.2,,planet", "TIC 8,9.25,2458327.1,3.2,,planet", "tic7,9.250000,2458331.7,3.2,,EB"]
    read = listed(*lines)
    assert read.rejected["line"].tolist() == [4]
    assert read.rejected["reason"][0] == (
        "OWN TIC 7 P9.25000 repeats line 2; where two rows are two signals, name each in a column signal_id"
    )
    named = listed(
        *(f"{name},{line}" for name, line in zip(["A primary", "", "OWN A secondary"], lines, strict=True)),
        header=f"signal_id,{HEADER}",
    )
    assert named.signals["signal_id"].tolist() == ["OWN A primary", "OWN A secondary", "OWN TIC 8 P9.25000"]


@pytest.mark.parametrize("name", ["a; b", "../x", "a/b", "é", "x" * 61, " b\tc"])
def test_a_name_that_no_file_or_list_could_hold_is_rejected(listed, name):
    why = reason(listed(f"{name},TIC 7,9.25,2458327.1,3.2,,planet", header=f"signal_id,{HEADER}"))
    assert "letters, digits, spaces and . _ + -" in why


def test_what_else_is_known_comes_along(listed):
    more = "period_err_d,epoch_err_d,ra_deg,dec_deg,magnitude,radius_rearth,snr,notes"
    read = listed("TIC 7,9.25,2458327.1,3.2,500,EB,0.001,0.02,112.5,-12,9.5,1.5,12,mine", header=f"{HEADER},{more}")
    names = more.split(",")[:-1]
    assert read.signals.loc[0, names].tolist() == [0.001, 0.02, 112.5, -12.0, 9.5, 1.5, 12.0]


def test_a_list_without_an_epoch_or_with_semicolons_is_refused(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text("target_id,period_d,epoch,duration_h,disposition\nTIC 1,2,3,4,planet\n")
    with pytest.raises(
        CatalogError, match=r"list of your own, but lacks the column epoch_bjd \(or epoch_btjd, epoch_bk.*add it"
    ):
        identify_table(path)
    path.write_text("target_id,period,epoch,duration,disposition\n")
    with pytest.raises(CatalogError, match=r"lacks the columns period_d, duration_h, epoch_bjd \(or .*; add them"):
        identify_table(path)
    path.write_text(HEADER.replace(",", ";") + "\n")
    with pytest.raises(CatalogError, match="save the table as CSV, with commas"):
        identify_table(path)


def test_two_lists_are_refused_unless_they_are_versions_of_one(table):
    first, second = table("own", name="a.csv"), table("own", name="b.csv")
    with pytest.raises(CatalogError, match=r"a.csv: one of 2 lists of your own.*put all rows into one file"):
        newest([first, second])
    versions = [table("own", name=f"mine_2026.0{month}.01.csv") for month in (2, 1)]
    assert newest(versions) == str(versions[0])


def test_the_command_says_which_missions_a_list_is_of(listed, tmp_path):
    listed("KIC 1,3.3,2454964.5,3.2,590,planet", "TIC 2,3.3,2458327.1,3.2,590,EB")
    done = CliRunner().invoke(app, ["catalog", str(tmp_path / "my_targets.csv")])
    assert done.exit_code == 0
    assert re.search(r"mission\s+Kepler, TESS\n", done.output)


def labelled(*rows):
    return label_signals(tables(*rows), LabelSettings(), SplitSettings(), {"TESS": 1}, {"TIC 5": "KIC 5"})[0]


def own(target="TIC 9", disposition="planet", name="OWN mine", **others):
    return row("own", name, target, disposition=disposition, epoch_bjd=2458327.1, **others)


def test_the_user_has_the_say_over_an_archive_on_one_planet():
    theirs = row("toi", "TOI 1.01", "TIC 9", 3.5001, 2458327.11, disposition="FP")
    (signal,) = labelled(own(), theirs).itertuples()
    assert (signal.signal_id, signal.aliases, signal.period_d) == ("OWN mine", "TOI 1.01", 3.5)
    assert (signal.label, signal.label_source) == ("planet", "own:planet")


def test_a_user_without_a_word_leaves_the_say_and_takes_what_is_missing():
    theirs = row("toi", "TOI 1.01", "TIC 9", 3.5001, 2458327.11, disposition="FP")
    (signal,) = labelled(own(disposition="", duration_h=np.nan), theirs).itertuples()
    assert (signal.label, signal.label_source, signal.duration_h) == ("not_planet", "toi:FP", 3.0)
    assert "ephemeris_from:TOI 1.01" in signal.flags
    (silent,) = labelled(own(disposition="unknown"), theirs).itertuples()
    assert (silent.label, silent.label_source) == ("unknown", "own:unknown")


def test_another_planet_of_the_star_stays_what_the_archive_says():
    rows = labelled(own(), row("toi", "TOI 1.02", "TIC 9", 11.3, 2458331.0, disposition="FP"))
    assert dict(zip(rows["signal_id"], rows["label"], strict=True)) == {"OWN mine": "planet", "TOI 1.02": "not_planet"}
    assert rows["group_id"].nunique() == 1


def test_the_user_has_the_say_in_another_mission_too():
    rows = labelled(own("TIC 5"), row("koi", "KOI K00005.01", "KIC 5", 3.5, 2458327.1, disposition="FALSE POSITIVE"))
    assert rows["label_source"].tolist() == ["own:planet", "own:planet"]
    assert rows["star_id"].tolist() == ["KIC 5", "KIC 5"]


def test_one_planet_twice_in_a_list_is_two_rows_that_may_contradict_each_other():
    rows = labelled(own(), own(name="OWN again", disposition="EB", period_d=3.50001))
    assert rows["label_source"].tolist() == ["own:conflict", "own:conflict"]
    assert rows["flags"].tolist() == ["same_as:OWN mine", "same_as:OWN again"]


def test_stars_that_a_list_leaves_unnamed_stop_each_of_its_missions(listed, tmp_path):
    named = [f"TIC {n},3.3,2458327.1,3.2,,EB" for n in range(1, 9)]
    read = listed(*named, *(f"{n},3.3,2458327.1,3.2,,planet" for n in range(11, 19)), "KIC 3,3.3,2454964.5,3.2,,planet")
    write_signals(tmp_path / "labels.parquet", read.signals.assign(shard=np.int16(0)))
    write_json(tmp_path / "summary.json", read.summary)
    shard_catalog(
        tmp_path / "labels.parquet",
        [tmp_path / "summary.json"],
        tmp_path,
        shards={"TESS": 1, "Kepler": 1},
        max_resolved_difference=0.1,
    )
    for mission, signals in (("TESS", 8), ("Kepler", 1)):
        assert len(pd.read_parquet(tmp_path / "labels" / mission / "000.parquet")) == signals
        verdict = read_json(tmp_path / "resolved" / f"{mission}.json")
        assert not verdict["assemble"]
        assert verdict["reason"].endswith("write every row's star as `TIC n`, `KIC n` or `EPIC n`")


def test_real_tois_in_a_list_of_ones_own_are_the_tois(real_data, tmp_path):
    (path,) = (real_data / "catalogs/tess").glob("TOI_2025.10.04*")
    tois = read_catalog(path).signals
    mine = tois.loc[(tois["period_d"] > 0) & (tois["duration_h"] > 0)].drop_duplicates(["target_id", "period_d"])
    columns = ["target_id", "period_d", "period_err_d", "duration_h", "depth_ppm", "disposition"]
    listed = mine[columns].assign(epoch_btjd=mine["epoch_bjd"] - 2457000)
    listed.loc[listed["depth_ppm"] < 1, "depth_ppm"] = np.nan
    listed.to_csv(tmp_path / "mine.csv", index=False)
    read = read_catalog(tmp_path / "mine.csv")
    assert read.rejected.empty
    rows, conflicts, _ = label_signals({"own": read.signals, "toi": tois}, LabelSettings(), SplitSettings(), {})
    merged = rows.loc[rows["table"] == "own"]
    merged = merged.set_index(merged["aliases"].str.extract(r"(TOI [0-9.]+)")[0])
    theirs = mine.set_index("signal_id").loc[merged.index]
    assert len(merged) == len(mine)
    assert len(rows) == len(tois)
    assert len(conflicts) == 0
    assert (merged["disposition"] == theirs["disposition"]).all()
    assert (merged["epoch_bjd"] - theirs["epoch_bjd"]).abs().max() < 1e-8
    by_word = mine["disposition"].value_counts()
    by_label = merged["label"].value_counts()
    assert by_label["planet"] == by_word[["KP", "CP"]].sum() > 1200
    assert by_label["not_planet"] == by_word[["FP", "FA"]].sum() > 1200
