"""Lists of a user's own beside an archive's tables: who has the say."""

import numpy as np
import pandas as pd
from catalogs.frames import row, tables

from lightmill.catalogs.labels import label_signals
from lightmill.catalogs.reading import read_catalog
from lightmill.catalogs.shards import shard_catalog
from lightmill.catalogs.signals import write_signals
from lightmill.config.catalogs import LabelSettings, SplitSettings
from lightmill.files import read_json, write_json


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
