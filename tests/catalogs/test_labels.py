import numpy as np
import pandas as pd
import pytest
from catalogs.frames import NAN, row, tables

from lightmill.catalogs.labels import CONFLICT_COLUMNS, label_signal_files, label_signals
from lightmill.catalogs.reading import read_catalog
from lightmill.catalogs.signals import COLUMNS, read_signals, write_signals
from lightmill.catalogs.splits import own_split
from lightmill.config.catalogs import LabelPolicy, LabelSettings, SplitSettings
from lightmill.errors import LabelError
from lightmill.targets import shard_of
from lightmill.training.dataset import META_COLUMNS, Dataset
from lightmill.training.examples import select_examples

EPOCH = 2454970.0
FP, PLANET = "FALSE POSITIVE", "CONFIRMED"


def label(*rows, labels=None, splits=None, shards=None, crosswalk=None):
    settings = labels or LabelSettings()
    return label_signals(tables(*rows), settings, splits or SplitSettings(), shards or {}, crosswalk or {})


def labelled(*rows, **settings):
    return label(*rows, **settings)[0].set_index("signal_id")


def koi(name="KOI K00001.01", target="KIC 1", disposition=PLANET, **others):
    return row("koi", name, target, disposition=disposition, **others)


def toi(name="TOI 1.01", target="TIC 9", disposition="KP", **others):
    return row("toi", name, target, disposition=disposition, **others)


def exominer(name="SPOC 9-1-S1-13", target="TIC 9", score=0.95, **others):
    rounded = {"period_err_d": 0.0005, "epoch_err_d": 0.0005, "flags": "low_precision_ephemeris"}
    return row("exominer", name, target, **{**rounded, "score": score, **others})


# --- merging


def test_one_signal_of_four_tables_is_one_row_with_the_best_ones_id_and_ephemeris():
    rows = labelled(
        row("dr24", "DR24 1-01", "KIC 1", period_d=3.5001, disposition="AFP"),
        row("dr25", "DR25 1-01", "KIC 1", period_d=3.49999, disposition="AFP"),
        koi(period_d=3.5, depth_ppm=120.0),
    )
    assert rows.index.tolist() == ["KOI K00001.01"]
    only = rows.iloc[0]
    assert (only["period_d"], only["depth_ppm"]) == (3.5, 120.0)
    assert only["aliases"] == "DR24 1-01; DR25 1-01"
    assert (only["label"], only["label_source"], only["disposition"]) == ("planet", "koi:CONFIRMED", PLANET)


def test_rows_of_one_table_are_never_merged_even_through_a_third():
    rows = labelled(
        row("dr25", "DR25 1-01", "KIC 1", disposition="PC"),
        row("dr25", "DR25 1-02", "KIC 1", epoch_bjd=EPOCH + 0.05, disposition="PC"),
        koi(epoch_bjd=EPOCH + 0.01),
    )
    assert rows.index.tolist() == ["DR25 1-02", "KOI K00001.01"]
    assert rows.loc["KOI K00001.01", "aliases"] == "DR25 1-01"  # the nearest; the table says that the other is another
    assert rows["flags"].tolist() == ["", ""]


def event(number, disposition="J", snr=NAN, **others):
    return row("yu2019", f"YU2019 9-{number}", "TIC 9", disposition=disposition, snr=snr, **others)


def test_an_event_that_yu2019_lists_for_each_search_is_one_signal_that_of_the_largest_snr():
    rows = labelled(
        event(1, "V", snr=20.0),
        event(2, "J", snr=50.0, period_d=3.5005, epoch_bjd=EPOCH + 17 * 3.5 + 0.01),
        event(3, "J", snr=NAN),
        event(4, "EB", snr=90.0, epoch_bjd=EPOCH + 1.75),  # the secondary
        event(5, "J", snr=90.0, period_d=7.0),
    )
    assert rows.index.tolist() == ["YU2019 9-2", "YU2019 9-4", "YU2019 9-5"]
    assert rows.loc["YU2019 9-2", ["period_d", "disposition", "label"]].tolist() == [3.5005, "J", "not_planet"]
    assert rows["aliases"].str.contains("YU2019 9-1; YU2019 9-3").tolist() == [True, False, False]
    assert not rows["flags"].str.contains("same_as").any()


def test_of_equal_snr_the_first_id_stands():
    rows = labelled(event(2, snr=20.0), event(1, snr=20.0))
    assert rows["aliases"].to_dict() == {"YU2019 9-1": "YU2019 9-2"}


@pytest.mark.parametrize(("disposition", "result"), [("CP", "planet"), ("PC", "unknown"), ("FP", "not_planet")])
def test_all_that_yu2019_says_of_a_toi_is_under_the_toi(disposition, result):
    rows, conflicts, _ = label(toi(disposition=disposition), event(1, "PC", snr=9.0), event(2, "J", snr=8.0))
    assert rows[["signal_id", "label", "label_source", "aliases"]].to_numpy().tolist() == [
        ["TOI 1.01", result, f"toi:{disposition}", "YU2019 9-1; YU2019 9-2"]
    ]
    assert conflicts.empty


def test_a_secondary_eclipse_stays_a_signal_of_its_own():
    rows = labelled(koi(), row("dr25", "DR25 1-02", "KIC 1", epoch_bjd=EPOCH + 1.75, disposition="NTP"))
    assert rows["label"].to_dict() == {"KOI K00001.01": "planet", "DR25 1-02": "not_planet"}


def test_the_planets_of_one_star_stay_apart():
    periods = [7.008, 8.719, 14.449, 59.737, 91.939, 124.914, 210.607, 331.601]  # Kepler-90
    kois = [koi(f"KOI K00351.0{i}", "KIC 5", period_d=p, epoch_bjd=EPOCH + i) for i, p in enumerate(periods, start=1)]
    tces = [
        row("dr25", f"DR25 5-0{i}", "KIC 5", period_d=p * (1 + 1e-5), epoch_bjd=EPOCH + i, disposition="PC")
        for i, p in enumerate(periods, start=1)
    ]
    rows = labelled(*kois, *tces)
    assert len(rows) == 8
    assert rows["aliases"].tolist() == [f"DR25 5-0{i}" for i in range(1, 9)]
    assert rows["group_id"].unique().tolist() == ["KIC 5"]


def test_one_toi_in_both_its_lists_is_one_signal_whatever_their_ephemerides():
    rows = labelled(
        toi(period_d=5.0, disposition="FP"),
        row("exofop_toi", "TOI 1.01", "TIC 9", period_d=2.5, disposition="CP"),
    )
    assert len(rows) == 1
    assert (rows["table"].iloc[0], rows["period_d"].iloc[0], rows["label"].iloc[0]) == ("toi", 5.0, "not_planet")
    assert rows["aliases"].iloc[0] == ""


def test_harmonics_are_linked_and_not_merged():
    rows = labelled(koi(disposition=FP), row("dr25", "DR25 1-01", "KIC 1", period_d=7.0, disposition="AFP"))
    assert rows["aliases"].to_dict() == {"KOI K00001.01": "DR25 1-01", "DR25 1-01": "KOI K00001.01"}
    assert rows["flags"].to_dict() == {
        "KOI K00001.01": "harmonic_of:DR25 1-01",
        "DR25 1-01": "harmonic_of:KOI K00001.01",
    }


def test_the_sector_runs_of_one_planet_are_one_signal_and_a_toi_gives_the_ephemeris():
    runs = [
        exominer("SPOC 9-1-S1", period_d=3.500, epoch_bjd=EPOCH, snr=8.0),
        # 500 cycles later a period of three decimals is off by up to 0.25 d: the phase tells nothing
        exominer("SPOC 9-1-S27", period_d=3.501, epoch_bjd=EPOCH + 500 * 3.5004, snr=7.0),
        exominer("SPOC 9-1-S1-67", period_d=3.500, epoch_bjd=EPOCH, snr=30.0),
    ]
    alone = labelled(*runs)
    assert alone.index.tolist() == ["SPOC 9-1-S1-67"]
    assert alone["aliases"].iloc[0] == "SPOC 9-1-S1; SPOC 9-1-S27"
    with_toi = labelled(*runs, toi(period_d=3.50041))
    assert with_toi.index.tolist() == ["TOI 1.01"]
    assert with_toi["period_d"].iloc[0] == 3.50041
    assert "low_precision" not in with_toi["flags"].iloc[0]


def test_two_planets_of_one_sector_run_stay_two():
    rows = labelled(exominer("SPOC 9-1-S1-13"), exominer("SPOC 9-2-S1-13", epoch_bjd=EPOCH + 0.01))
    assert len(rows) == 2


# --- labels


def test_candidates_are_scored_only_whatever_a_tce_table_says():
    rows = labelled(koi(disposition="CANDIDATE"), row("dr25", "DR25 1-01", "KIC 1", disposition="PC"))
    assert rows[["label", "label_source", "split"]].to_numpy().tolist() == [["unknown", "koi:CANDIDATE", "none"]]


def test_a_row_without_disposition_leaves_the_say_to_the_next():
    rows = labelled(toi(disposition=""), row("yu2019", "YU2019 9-0", "TIC 9", disposition="EB"))
    assert rows[["label", "label_source", "disposition"]].to_numpy().tolist() == [["not_planet", "yu2019:EB", "EB"]]


@pytest.mark.parametrize(
    ("high", "low"),
    [
        (koi(disposition=PLANET), row("dr25", "DR25 1-01", "KIC 1", disposition="NTP")),
        (
            row("dr25", "DR25 1-01", "KIC 1", disposition="PC"),
            row("dr24", "DR24 1-01", "KIC 1", disposition="AFP"),
        ),
        (toi(disposition="CP"), row("yu2019", "YU2019 9-0", "TIC 9", disposition="J")),
        (toi(disposition="CP"), row("exofop_toi", "TOI 2.01", "TIC 9", disposition="FP")),
    ],
)
def test_the_better_table_is_right_and_no_conflict(high, low):
    rows, conflicts, _ = label(high, low)
    assert rows["label"].tolist() == ["planet"]
    assert conflicts.empty
    assert tuple(conflicts.columns) == CONFLICT_COLUMNS


def seen_twice(kepler, tess):
    star = {"TIC 9": "KIC 1"}
    return label(koi(disposition=kepler), toi(disposition=tess, epoch_bjd=EPOCH + 1200 * 3.5), crosswalk=star)


def test_two_missions_that_agree_stay_two_rows_of_one_group():
    rows, conflicts, _ = seen_twice(PLANET, "KP")
    assert rows["mission"].tolist() == ["Kepler", "TESS"]
    assert rows["group_id"].tolist() == ["KIC 1", "KIC 1"]
    assert rows["split"].nunique() == 1
    assert rows["flags"].tolist() == ["same_as:TOI 1.01", "same_as:KOI K00001.01"]
    assert conflicts.empty


def test_equals_that_contradict_each_other_leave_training():
    rows, conflicts, _ = seen_twice(PLANET, "FP")
    assert rows["label"].tolist() == ["unknown", "unknown"]
    assert rows["label_source"].tolist() == ["koi:conflict", "toi:conflict"]
    assert rows["split"].tolist() == ["none", "none"]
    assert conflicts["signal_id"].tolist() == ["KOI K00001.01", "TOI 1.01"]
    assert conflicts["label"].tolist() == ["planet", "not_planet"]
    assert conflicts["contradicts"].tolist() == ["TOI 1.01", "KOI K00001.01"]


@pytest.mark.parametrize("better", [[], [toi(disposition="")]])
def test_repeats_that_contradict_each_other_leave_training(better):
    rows, conflicts, _ = label(event(1, "PC", 9.0), event(2, "EB", 8.0), event(3, "J", 7.0), event(4, "O"), *better)
    assert rows[["label", "label_source", "split"]].to_numpy().tolist() == [["unknown", "yu2019:conflict", "none"]]
    assert conflicts["signal_id"].tolist() == [f"YU2019 9-{number}" for number in (1, 2, 3, 4)]
    assert conflicts["label"].tolist() == ["planet", "not_planet", "not_planet", "not_planet"]
    assert conflicts["label_source"].tolist() == ["yu2019:PC", "yu2019:EB", "yu2019:J", "yu2019:O"]
    assert conflicts["contradicts"].tolist() == ["YU2019 9-2; YU2019 9-3; YU2019 9-4", *["YU2019 9-1"] * 3]


def test_a_better_table_of_another_mission_settles_what_repeats_contradict():
    there = EPOCH + 1000 * 3.5
    rows, conflicts, _ = label(
        koi(disposition=PLANET),
        event(1, "EB", 9.0, epoch_bjd=there),
        event(2, "PC", 8.0, epoch_bjd=there),
        crosswalk={"TIC 9": "KIC 1"},
    )
    assert rows[["label", "label_source"]].to_numpy().tolist() == [["planet", "koi:CONFIRMED"]] * 2
    assert conflicts.empty


def test_repeats_without_a_label_contradict_nothing():
    policy = LabelSettings(yu2019=LabelPolicy(planet=["PC"], not_planet=["J"]))
    rows, conflicts, _ = label(event(1, "PC", 9.0), event(2, "O", 8.0), labels=policy)
    assert rows["label"].tolist() == ["planet"]
    unsure, none, _ = label(event(1, "PC", 8.0), event(2, "O", 9.0), event(3, "J", 7.0), labels=policy)
    assert unsure["label"].tolist() == ["unknown"]  # the best row says that nobody knows
    assert conflicts.empty
    assert none.empty


def test_unknown_contradicts_nothing_and_is_taught_nothing():
    rows, conflicts, _ = seen_twice(PLANET, "PC")
    assert rows["label"].tolist() == ["planet", "unknown"]
    assert conflicts.empty


def test_a_better_table_of_another_mission_corrects_the_worse():
    rows, conflicts, _ = label(
        koi(disposition=PLANET),
        row("yu2019", "YU2019 9-0", "TIC 9", disposition="J", epoch_bjd=EPOCH + 1000 * 3.5),
        crosswalk={"TIC 9": "KIC 1"},
    )
    assert rows[["label", "label_source"]].to_numpy().tolist() == [["planet", "koi:CONFIRMED"]] * 2
    assert conflicts.empty


def test_policies_are_the_callers():
    settings = LabelSettings(toi=LabelPolicy(planet=["KP"], not_planet=["FP", "FA"]))
    rows = labelled(toi(disposition="FA"), toi("TOI 2.01", "TIC 8", "CP"), labels=settings)
    assert rows["label"].to_dict() == {"TOI 1.01": "not_planet", "TOI 2.01": "unknown"}


def test_exominer_scores_are_no_labels_without_a_threshold():
    rows = labelled(exominer(score=0.999))
    assert rows[["label", "split"]].to_numpy().tolist() == [["unknown", "none"]]


@pytest.mark.parametrize("method", ["hash", "stratified"])
def test_pseudo_labels_are_trained_on_or_not_used(method):
    stars = [f"TIC {number}" for number in range(1, 60)]
    runs = [exominer(f"SPOC {star[4:]}-1-S1", star, period_d=2 + 0.1 * i) for i, star in enumerate(stars)]
    settings = LabelSettings(exominer_planet_above=0.9)
    splits = SplitSettings(method=method)
    rows = labelled(*runs, exominer("SPOC 99-1-S1", "TIC 99", score=0.9), labels=settings, splits=splits)
    pseudo = rows.loc[rows["label"] == "planet"]
    assert len(pseudo) == 59  # the threshold itself is not above it
    assert set(pseudo["label_source"]) == {"exominer:score>0.9"}
    expected = [
        "train" if method == "stratified" or own_split(star, splits) == "train" else "none"
        for star in pseudo["star_id"]
    ]
    assert pseudo["split"].tolist() == expected


@pytest.mark.parametrize("method", ["hash", "stratified"])
def test_a_training_set_takes_pseudo_labels_and_no_test_does(method):
    signals = many(200)
    for number in range(200, 400):  # by itself, under a TOI that says nothing, and beside a planet that is known
        star, period_d = f"TIC {number}", 1 + number / 97
        signals.append(exominer(f"SPOC {number}-1-S1", star, period_d=period_d))
        if number % 3:
            signals.append(toi(f"TOI {number}.01", star, "" if number % 3 == 1 else "KP", period_d=period_d))
    settings = LabelSettings(exominer_planet_above=0.9)
    rows, _, _ = label(*signals, labels=settings, splits=SplitSettings(method=method))
    pseudo = rows["label_source"].str.startswith("exominer:")
    assert set(rows.loc[pseudo, "table"]) == {"exominer", "toi"}
    assert {"train"} <= set(rows.loc[pseudo, "split"]) <= {"train", "none"}
    meta = rows.reindex(columns=list(META_COLUMNS))
    dataset = Dataset("all", {"global": np.zeros((len(rows), 4), np.float32)}, meta, {})
    examples = select_examples(dataset, None, ["global"])
    trained_on = examples["train"].meta["label_source"].str.startswith("exominer:")
    assert trained_on.sum() == (rows.loc[pseudo, "split"] == "train").sum() > 50


# --- ephemerides


def test_a_row_without_epoch_takes_that_of_another_mission():
    k2 = row("k2pandc", "K2 EPIC 5 b", "EPIC 5", epoch_bjd=NAN, duration_h=NAN, period_d=3.5001, disposition=PLANET)
    seen = toi(period_d=3.5, period_err_d=1e-6, epoch_bjd=2459500.0, epoch_err_d=1e-3, duration_h=2.0)
    rows = labelled(k2, seen, crosswalk={"TIC 9": "EPIC 5"})
    filled = rows.loc["K2 EPIC 5 b"]
    assert filled[["period_d", "epoch_bjd", "duration_h", "epoch_err_d"]].tolist() == [3.5, 2459500.0, 2.0, 1e-3]
    assert filled["flags"] == "ephemeris_from:TOI 1.01; same_as:TOI 1.01"


def test_an_epoch_that_would_arrive_at_the_wrong_hour_is_not_taken():
    k2 = row("k2pandc", "K2 EPIC 5 b", "EPIC 5", epoch_bjd=NAN, duration_h=NAN, disposition=PLANET)
    rough = toi(period_err_d=1e-3, epoch_bjd=2459500.0, duration_h=2.0)  # 540 cycles: half a day
    filled = labelled(k2, rough, crosswalk={"TIC 9": "EPIC 5"}).loc["K2 EPIC 5 b"]
    assert np.isnan(filled["epoch_bjd"])
    assert filled["duration_h"] == 2.0
    assert filled["flags"] == "ephemeris_from:TOI 1.01; same_as:TOI 1.01; waiting_for_search"


@pytest.mark.parametrize(
    ("period_err_d", "epoch_err_d", "arrives"),
    # To the middle of K2, BJD 2457604, are 541.7 cycles of 3.5 d; half of 2 h is 0.04167 d, a third of that 0.01389 d.
    [(2.5e-5, 1e-4, True), (2.6e-5, 1e-4, False), (7.5e-5, 1e-4, False), (1e-6, 0.0138, True), (1e-6, 0.0140, False)],
)
def test_three_errors_of_an_epoch_that_is_taken_stay_within_half_a_duration(period_err_d, epoch_err_d, arrives):
    k2 = row("k2pandc", "K2 EPIC 5 b", "EPIC 5", epoch_bjd=NAN, duration_h=NAN, disposition=PLANET)
    seen = toi(period_err_d=period_err_d, epoch_bjd=2459500.0, epoch_err_d=epoch_err_d, duration_h=2.0)
    filled = labelled(k2, seen, crosswalk={"TIC 9": "EPIC 5"}).loc["K2 EPIC 5 b"]
    assert np.isfinite(filled["epoch_bjd"]) == arrives
    assert ("waiting_for_search" in filled["flags"]) == (not arrives)


def test_an_epoch_of_three_decimals_is_never_taken():
    seen = toi(epoch_bjd=NAN, duration_h=NAN, disposition="PC")
    filled = labelled(seen, exominer(duration_h=2.5)).loc["TOI 1.01"]
    assert np.isnan(filled["epoch_bjd"])
    assert filled["duration_h"] == 2.5


def test_the_same_target_gives_before_another_mission_and_the_better_table_first():
    waiting = toi(epoch_bjd=NAN, duration_h=NAN, disposition="PC")
    rows = labelled(
        waiting,
        row("yu2019", "YU2019 9-0", "TIC 9", epoch_bjd=2458350.0, duration_h=4.0, period_err_d=1e-5, disposition="PC"),
        koi(epoch_bjd=2454970.0, duration_h=3.0, period_err_d=1e-6),
        crosswalk={"TIC 9": "KIC 1"},
    )
    assert rows.loc["TOI 1.01", ["epoch_bjd", "duration_h"]].tolist() == [2458350.0, 4.0]


def test_single_transits_and_lonely_rows_stay_as_they_are():
    rows = labelled(
        toi(period_d=NAN, flags="single_transit"),
        toi("TOI 2.01", "TIC 8", epoch_bjd=NAN),
        toi("TOI 3.01", "TIC 9", period_d=4.0),
    )
    assert rows["flags"].to_dict() == {
        "TOI 1.01": "single_transit",
        "TOI 2.01": "waiting_for_search",
        "TOI 3.01": "",
    }


# --- groups, splits, shards


def test_one_binary_on_many_stars_is_one_group():
    sky = {"ra_deg": 290.0}
    rows = labelled(
        koi("KOI K00001.01", "KIC 10", FP, dec_deg=44.0, **sky),
        koi("KOI K00002.01", "KIC 11", FP, dec_deg=44.1, **sky),
        koi("KOI K00003.01", "KIC 12", FP, dec_deg=44.2, period_d=5.0, **sky),
        koi("KOI K00004.01", "KIC 13", FP, dec_deg=46.0, **sky),
    )
    assert rows["group_id"].tolist() == ["KIC 10", "KIC 10", "KIC 12", "KIC 13"]


def test_a_star_in_one_place_is_one_group_across_missions_without_any_crosswalk():
    place = {"ra_deg": 290.0, "dec_deg": 44.0}
    rows = labelled(koi(**place), toi(period_d=11.0, **place))
    assert rows["group_id"].tolist() == ["KIC 1", "KIC 1"]
    assert rows["star_id"].tolist() == ["KIC 1", "TIC 9"]
    assert rows["split"].nunique() == 1


def test_places_of_one_table_count_for_the_rows_of_another():
    rows, _, _ = label(
        row("dr24", "DR24 1-01", "KIC 1", disposition="AFP"),
        row("dr24", "DR24 2-01", "KIC 2", disposition="AFP"),
        koi("KOI K00001.01", "KIC 1", FP, period_d=50.0, ra_deg=290.0, dec_deg=44.0),
        koi("KOI K00002.01", "KIC 2", FP, period_d=70.0, ra_deg=290.0, dec_deg=44.1),
    )
    assert rows["group_id"].unique().tolist() == ["KIC 1"]


def many(count=400):
    return [
        koi(f"KOI K{n:05d}.01", f"KIC {n}", PLANET if n % 3 == 0 else FP, period_d=1 + n / 97) for n in range(1, count)
    ]


def test_splits_do_not_depend_on_what_else_is_loaded():
    alone = labelled(*many())
    others = [toi(f"TOI {n}.01", f"TIC {n}", period_d=1 + n / 91) for n in range(1, 200)]
    together = labelled(*many(), *others)
    assert together.loc[alone.index, "split"].equals(alone["split"])


def test_every_order_of_rows_gives_the_same_table():
    rows = many(60) + [
        row("dr25", f"DR25 {n}-01", f"KIC {n}", period_d=1 + n / 97, disposition="AFP") for n in range(1, 60)
    ]
    first, second = labelled(*rows), labelled(*rows[::-1])
    pd.testing.assert_frame_equal(first, second)


def test_a_new_line_of_the_crosswalk_trains_on_nobody_who_was_tested():
    splits = SplitSettings()
    dealt = {(own_split(f"KIC {n}", splits), own_split(f"TIC {n}", splits)): n for n in range(1, 2000)}
    for own_kic, own_tic in (("train", "test"), ("test", "train"), ("validation", "test"), ("train", "validation")):
        n = dealt[own_kic, own_tic]
        rows = [koi("KOI K00001.01", f"KIC {n}"), toi("TOI 1.01", f"TIC {n}", period_d=11.0)]
        before, _, none = label(*rows)
        assert before["split"].tolist() == [own_kic, own_tic]
        assert none.empty
        held_out = "test" if "test" in (own_kic, own_tic) else "validation"
        for loaded in (rows, rows[:1], rows[1:]):
            after, _, moves = label(*loaded, crosswalk={f"TIC {n}": f"KIC {n}"})
            assert set(after["split"]) == {held_out}
            moved, own = (f"KIC {n}", own_kic) if own_kic != held_out else (f"TIC {n}", own_tic)
            assert moves.to_dict("records") == [
                {
                    "target_id": moved,
                    "star_id": f"KIC {n}",
                    "group_id": f"KIC {n}",
                    "own_split": own,
                    "split": held_out,
                }
            ]


def test_stratified_splits_put_each_class_in_each_split():
    rows = labelled(*many(40), splits=SplitSettings(method="stratified"))
    counts = rows.groupby(["label", "split"]).size()
    assert counts.to_dict() == {
        ("planet", "test"): 2,
        ("planet", "validation"): 2,
        ("planet", "train"): 9,
        ("not_planet", "test"): 4,
        ("not_planet", "validation"): 4,
        ("not_planet", "train"): 18,
    }


def test_shards_only_for_missions_with_an_archive():
    rows = labelled(koi(), toi(), shards={"Kepler": 64})
    assert rows["shard"].to_dict() == {"KOI K00001.01": shard_of("KIC 1", 64), "TOI 1.01": -1}


def test_a_table_without_rank_is_refused():
    with pytest.raises(LabelError, match=r"table 'kepler_names' has no rank.*koi"):
        labelled(row("kepler_names", "X 1", "KIC 1"))


def test_no_rows_give_an_empty_table():
    rows, conflicts, moves = label_signals({}, LabelSettings(), SplitSettings(), {})
    assert (len(rows), len(conflicts), len(moves)) == (0, 0, 0)
    assert tuple(rows.columns) == COLUMNS


def test_files_are_the_same_bytes_each_time(tmp_path):
    for name, table in tables(*many(30), toi(disposition="FP")).items():
        write_signals(tmp_path / f"{name}.parquet", table)
    written = []
    for attempt in ("a", "b"):
        paths = [tmp_path / f"{attempt}{name}" for name in ("labels.parquet", "conflicts.csv", "moves.csv")]
        label_signal_files(
            {name: tmp_path / f"{name}.parquet" for name in ("koi", "toi")},
            *paths,
            labels=LabelSettings(),
            splits=SplitSettings(),
            shards={"Kepler": 4},
        )
        written.append([path.read_bytes() for path in paths])
    assert written[0] == written[1]
    assert len(read_signals(tmp_path / "alabels.parquet")) == 30


# --- the real catalogs


@pytest.fixture(scope="module")
def real(real_data):
    names = [
        "kepler/cumulative_2025.10.04_11.29.34.csv",
        "k2/k2pandc_2025.09.17_06.42.42.csv",
        "tess/TOI_2025.10.04_07.29.48.csv",
        "tess/exofop_tess_tois_20230112.csv",
        "tce/exominer_kepler_q1_q17_dr25_tce_cvfolds.csv.gz",
    ]
    read = [read_catalog(real_data / "catalogs" / name) for name in names]
    as_read = {table.info.table: table.signals for table in read}
    return as_read, label_signals(as_read, LabelSettings(), SplitSettings(), {"Kepler": 64})


def test_real_rows_in_are_rows_out_plus_merged(real):
    as_read, (rows, _, _) = real
    merged = {name for cell in rows["aliases"] for name in cell.split("; ")} - {""} - set(rows["signal_id"])
    in_both_lists = set(as_read["toi"]["signal_id"]) & set(as_read["exofop_toi"]["signal_id"])
    assert sum(map(len, as_read.values())) == len(rows) + len(merged) + len(in_both_lists)
    assert (rows["table"] == "koi").sum() == len(as_read["koi"]) == 9564
    assert (rows["table"] == "toi").sum() == len(as_read["toi"]) == 7703


def test_real_labels_are_what_the_catalogs_say(real):
    _, (rows, conflicts, _) = real
    kois = rows.loc[rows["table"] == "koi"]
    contradicted = conflicts.loc[conflicts["table"] == "koi", "label"].value_counts()
    assert (kois["label"] == "planet").sum() == 2746 - contradicted.get("planet", 0)
    assert (kois["label"] == "not_planet").sum() == 4839 - contradicted.get("not_planet", 0)
    assert len(conflicts) < 30


def test_real_stars_across_missions_are_one_group(real):
    _, (rows, _, _) = real
    rows = rows.set_index("signal_id")
    koi_13, toi_1161 = rows.loc["KOI K00013.01"], rows.loc["TOI 1161.01"]
    assert (koi_13["star_id"], toi_1161["star_id"]) == ("KIC 9941662", "KIC 9941662")
    assert koi_13["split"] == toi_1161["split"]
    assert "same_as:TOI 1161.01" in koi_13["flags"]
    kepler_90 = rows.loc[(rows["star_id"] == "KIC 11442793") & (rows["table"] == "koi")]
    assert len(kepler_90) == 7
    assert kepler_90["aliases"].str.startswith("DR25 11442793-0").all()


def test_real_planets_have_one_row_in_each_mission(real):
    _, (rows, _, _) = real
    mission = dict(zip(rows["signal_id"], rows["mission"], strict=True))
    links = [(name, flag.removeprefix("same_as:")) for name, cell in zip(rows["signal_id"], rows["flags"], strict=True)
             for flag in cell.split("; ") if flag.startswith("same_as:")]  # fmt: skip
    across = [(name, mission[other]) for name, other in links if mission[name] != mission[other]]
    assert len(across) == len(set(across)) > 400
    # HAT-P-7 b, and what the pipeline found when it had taken out its transits, 6,700 ppm deep.
    rows = rows.set_index("signal_id")
    assert rows.loc["TOI 1265.01", "flags"] == "same_as:KOI K00002.01"
    assert rows.loc["DR25 10666592-03", ["label", "label_source", "flags"]].tolist() == ["not_planet", "dr25:NTP", ""]
    assert (rows.loc[rows["table"] == "dr25", "label_source"].str.startswith("dr25:")).all()


def test_real_tces_join_the_kois_that_their_own_table_names(real, real_data):
    _, (rows, _, _) = real
    named = pd.read_csv(real_data / "catalogs/tce/exominer_kepler_q1_q17_dr25_tce_cvfolds.csv.gz").dropna(
        subset=["kepoi_name", "koi_period"]
    )
    named = named.loc[np.abs(named["tce_period"] / named["koi_period"] - 1) < 1e-3]  # the rest are harmonics
    cells = zip(rows["signal_id"], rows["aliases"], strict=True)
    owner = {name: own for own, cell in cells for name in cell.split("; ")}
    tce = [f"DR25 {star}-{number:02d}" for star, number in zip(named["target_id"], named["tce_plnt_num"], strict=True)]
    right = [owner.get(name) == f"KOI {koi_name}" for name, koi_name in zip(tce, named["kepoi_name"], strict=True)]
    assert np.mean(right) > 0.98


def test_real_events_of_yu2019_are_counted_once(real_data, real):
    as_read, _ = real
    (path,) = (real_data / "catalogs/tce").glob("yu2019*")
    events = read_catalog(path).signals
    rows, conflicts, _ = label_signals({"yu2019": events}, LabelSettings(), SplitSettings(), {})
    aliases = [name for cell in rows["aliases"] for name in cell.split("; ")]
    merged = {name for name in aliases if name} - set(rows["signal_id"])
    assert (len(events), len(rows), len(merged)) == (16734, 15471, 1263)
    assert not rows["flags"].str.contains("same_as:").any()
    assert (rows["label_source"] == "yu2019:conflict").sum() == 10
    assert len(conflicts) == 24
    by_id = events.set_index("signal_id")["snr"]
    for own, cell in zip(rows["signal_id"], rows["aliases"], strict=True):
        repeats = [by_id[name] for name in cell.split("; ") if name in merged]
        assert not any(snr > by_id[own] for snr in repeats)
    with_toi, _, _ = label_signals(as_read | {"yu2019": events}, LabelSettings(), SplitSettings(), {})
    assert (with_toi["table"] == "yu2019").sum() == 15190


def test_real_groups_stay_small_but_for_known_variables(real):
    _, (rows, _, _) = real
    sizes = rows.groupby("group_id")["star_id"].nunique().sort_values(ascending=False)
    # RR Lyrae itself (P = 0.567 d) stands in the Kepler field and shines into some 250 targets
    assert sizes.index[0] in set(rows.loc[rows["period_d"].between(0.5666, 0.5671), "group_id"])
    assert sizes.iloc[0] < 400
    assert sizes.iloc[1] < 100
    assert sizes.gt(1).mean() < 0.05
