"""Dispositions in lists of a user's own: whose words they may be, and what two rows say of one signal."""

import pytest
from catalogs.frames import OWN_HEADER, reason

from lightmill.config.catalogs import LabelPolicy, LabelSettings


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


@pytest.mark.parametrize("word", ["no", "1", "x", "ok"])
def test_no_word_is_guessed_from_one_or_two_letters(listed, word):
    assert reason(listed(f"TIC 1,3.3,2458327.1,3.2,,{word}")).startswith(f"disposition {word!r}: expected planet, ")


def test_a_signal_that_stands_twice_is_rejected_unless_it_has_two_names(listed):
    lines = [
        "TIC 7,9.25,2458327.1,3.2,,planet",
        "TIC 8,9.25,2458327.1,3.2,,planet",
        "tic7,9.250000,2458331.7,3.2,,KP",
        "TIC 7,9.25,2458327.1,3.2,,",
    ]
    read = listed(*lines)
    assert read.signals["target_id"].tolist() == ["TIC 7", "TIC 8"]
    assert read.rejected["line"].tolist() == [4, 5]
    assert read.rejected["reason"][0] == (
        "OWN TIC 7 P9.25000 repeats line 2; where two rows are two signals, name each in a column signal_id"
    )
    named = listed(
        *(f"{name},{line}" for name, line in zip(["A primary", "", "OWN A secondary"], lines, strict=False)),
        header=f"signal_id,{OWN_HEADER}",
    )
    assert named.signals["signal_id"].tolist() == ["OWN A primary", "OWN A secondary", "OWN TIC 8 P9.25000"]


def test_of_rows_that_contradict_each_other_none_counts(listed):
    read = listed(
        "TIC 7,9.25,2458327.1,3.2,,planet",
        "TIC 8,9.25,2458327.1,3.2,,planet",
        "TIC 7,9.25,2458327.1,3.2,,eb",
        "TIC 7,9.25,2458327.1,3.2,,",
        "TIC 8,3.5,2458327.1,3.2,,PC",
        "TIC 8,3.5,2458327.1,3.2,,FP",
    )
    assert read.signals["signal_id"].tolist() == ["OWN TIC 8 P9.25000"]
    assert read.summary["rejected"] == {"signal repeated with another disposition": 5}
    said = [why.split(":")[0].removeprefix("OWN TIC ") for why in read.rejected["reason"]]
    assert said == [
        "7 P9.25000 repeats line 4 with another disposition (planet; line 4 has EB)",
        "7 P9.25000 repeats line 2 with another disposition (EB; line 2 has planet)",
        "7 P9.25000 repeats line 2 with another disposition (none; line 2 has planet)",
        "8 P3.50000 repeats line 7 with another disposition (PC; line 7 has FP)",
        "8 P3.50000 repeats line 6 with another disposition (FP; line 6 has PC)",
    ]
    assert all(why.endswith("name each in a column signal_id") for why in read.rejected["reason"])


def test_one_name_for_two_stars_is_a_slip_of_the_name_and_no_contradiction(listed):
    read = listed(
        "mine,TIC 7,9.25,2458327.1,3.2,,planet", "mine,TIC 8,9.25,2458327.1,3.2,,EB", header=f"signal_id,{OWN_HEADER}"
    )
    assert read.signals["target_id"].tolist() == ["TIC 7"]
    assert read.rejected["reason"][0].startswith("OWN mine repeats line 2; where two rows")


def test_a_row_with_a_word_in_no_map_takes_no_other_with_it(listed):
    read = listed("TIC 7,9.25,2458327.1,3.2,,planett", "TIC 7,9.25,2458327.1,3.2,,planet")
    assert read.signals["line"].tolist() == [3]
