import pandas as pd
import pytest
from catalogs.frames import row, tables

from lightmill.catalogs.labels import label_signals
from lightmill.catalogs.shards import (
    LABEL_COLUMNS,
    LISTED_COLUMNS,
    SIGNAL_COLUMNS,
    Searched,
    judge_resolved,
    linked_on_target,
    lists_of_shard,
    require_resolved,
    shard_catalog,
)
from lightmill.catalogs.signals import write_signals
from lightmill.config.catalogs import LabelSettings, SplitSettings
from lightmill.errors import LabelError
from lightmill.files import read_json, write_json
from lightmill.targets import shard_of

SHARDS = {"Kepler": 3, "K2": 2}


def counts(**shares):
    return {
        name.replace("_", " "): {"rows": rows, "resolved": known, "share": known / rows}
        for name, (known, rows) in shares.items()
    }


def write(folder, disposition="CONFIRMED", resolved=(570, 577), searched=None):
    stars = [(number, planet) for number in range(1, 9) for planet in (1, 2)]
    rows = [
        row("koi", f"KOI K{n:05d}.0{k}", f"KIC {n}", period_d=n + k, disposition="FALSE POSITIVE") for n, k in stars
    ]
    rows[0] |= {"disposition": disposition}
    rows.append(row("k2pandc", "K2 EPIC 5 b", "EPIC 5", disposition="CANDIDATE"))
    rows.append(row("toi", "TOI 1.01", "TIC 9", disposition="KP"))
    labels, _, _ = label_signals(tables(*rows), LabelSettings(), SplitSettings(), SHARDS, {})
    write_signals(folder / "labels.parquet", labels)
    shares = counts(CONFIRMED=resolved, FALSE_POSITIVE=(242, 242))
    write_json(folder / "k2.json", {"table": "k2pandc", "by_disposition": shares})
    write_json(folder / "koi.json", {"table": "koi", "by_disposition": counts(CONFIRMED=(9, 9))})
    shard_catalog(
        folder / "labels.parquet",
        [folder / "k2.json", folder / "koi.json"],
        folder / "shards",
        shards=SHARDS,
        max_resolved_difference=0.1,
        searched=searched,
    )
    return labels


def listed(folder, kind, mission):
    return [pd.read_parquet(folder / "shards" / kind / mission / f"{n:03d}.parquet") for n in range(SHARDS[mission])]


def test_every_signal_of_a_mission_stands_in_its_targets_shard(tmp_path):
    labels = write(tmp_path)
    kepler = labels.loc[labels["mission"] == "Kepler"]
    for number, (targets, signals, known) in enumerate(
        zip(*(listed(tmp_path, kind, "Kepler") for kind in ("targets", "signals", "labels")), strict=True)
    ):
        expected = sorted({target for target in kepler["target_id"] if shard_of(target, 3) == number})
        assert targets["target_id"].tolist() == expected
        assert sorted(signals["target_id"].unique()) == expected
        assert signals["signal_id"].is_monotonic_increasing
        assert known["signal_id"].tolist() == signals["signal_id"].tolist()
        assert tuple(signals.columns) == SIGNAL_COLUMNS
        assert tuple(known.columns) == LABEL_COLUMNS
    assert sum(map(len, listed(tmp_path, "signals", "Kepler"))) == len(kepler) == 16


def test_missions_without_an_archive_have_no_lists_and_empty_shards_have_files(tmp_path):
    write(tmp_path)
    assert sorted(path.name for path in (tmp_path / "shards" / "targets").iterdir()) == ["K2", "Kepler"]
    k2 = listed(tmp_path, "signals", "K2")
    assert sorted(map(len, k2)) == [0, 1]
    assert k2[0].dtypes.to_dict() == k2[1].dtypes.to_dict()


@pytest.mark.parametrize("of_the_catalogs", [False, True])
def test_searched_stars_are_listed_once_in_their_shard_and_downloaded(tmp_path, of_the_catalogs):
    named = ["KIC 2", "KIC 77", "EPIC 78", "TIC 79"]
    pd.DataFrame({"target_id": named}, dtype="string").to_parquet(tmp_path / "stars.parquet")
    labels = write(tmp_path, searched=Searched(tmp_path / "stars.parquet", of_the_catalogs))
    for mission, prefix in (("Kepler", "KIC "), ("K2", "EPIC ")):
        known = set(labels.loc[labels["mission"] == mission, "target_id"])
        wanted = {star for star in named if star.startswith(prefix)} | (known if of_the_catalogs else set())
        searched = listed(tmp_path, "searched", mission)
        targets = listed(tmp_path, "targets", mission)
        for number in range(SHARDS[mission]):
            own = sorted(star for star in wanted if shard_of(star, SHARDS[mission]) == number)
            assert sorted(searched[number]["target_id"]) == own
            expected = sorted(star for star in wanted | known if shard_of(star, SHARDS[mission]) == number)
            assert targets[number]["target_id"].tolist() == expected
        assert set(pd.concat(listed(tmp_path, "signals", mission))["target_id"]) == known
    assert not (tmp_path / "shards" / "searched" / "TESS").exists()


def test_without_a_search_there_are_no_lists_of_searched_stars(tmp_path):
    write(tmp_path)
    assert not (tmp_path / "shards" / "searched").exists()


def flagged(*rows):
    """signal_id, flags and, if it is another, the target."""
    filled = [(name, flags, *target) if target else (name, flags, "TIC 9") for name, flags, *target in rows]
    return pd.DataFrame(filled, columns=["signal_id", "flags", "target_id"])


def test_linked_are_all_rows_of_the_dip_and_their_harmonics():
    signals = flagged(
        ("TOI 1.01", "same_as:KOI K00001.01; same_as:YU2019 9-1; same_as:YU2019 9-2"),
        ("YU2019 9-1", "low_precision_ephemeris; same_as:TOI 1.01"),
        ("YU2019 9-2", "harmonic_of:SPOC 9-1-S1; same_as:TOI 1.01"),
        ("SPOC 9-1-S1", "harmonic_of:SPOC 9-2-S1; harmonic_of:YU2019 9-2"),
        ("SPOC 9-2-S1", "harmonic_of:SPOC 9-1-S1"),
        ("TOI 1.02", "ephemeris_from:TOI 1.01"),
        ("KOI K00001.01", "same_as:TOI 1.01", "KIC 1"),
    )
    assert linked_on_target(signals) == [
        "SPOC 9-1-S1; YU2019 9-1; YU2019 9-2",
        "SPOC 9-1-S1; TOI 1.01; YU2019 9-2",
        "SPOC 9-1-S1; TOI 1.01; YU2019 9-1",
        "SPOC 9-2-S1; TOI 1.01; YU2019 9-1; YU2019 9-2",
        "SPOC 9-1-S1",  # a harmonic of a harmonic is no longer the same dip
        "",
        "",
    ]
    assert linked_on_target(signals.iloc[:0]) == []


def test_lists_of_signals_name_the_linked_ones():
    twice = [
        row("toi", "TOI 1.01", "TIC 9", period_d=3.5, disposition="CP"),
        row("toi", "TOI 1.02", "TIC 9", period_d=3.501, disposition="PC"),
    ]
    for disposition in ("CP", "FP", ""):
        twice[0]["disposition"] = disposition
        labels, _, _ = label_signals(tables(*twice), LabelSettings(), SplitSettings(), {"TESS": 1}, {})
        signals = lists_of_shard(labels)["signals"]
        assert signals["signal_id"].tolist() == ["TOI 1.01", "TOI 1.02"]
        assert signals["linked"].tolist() == ["TOI 1.02", "TOI 1.01"]


def test_a_changed_disposition_changes_only_its_label_list(tmp_path):
    folders = [tmp_path / "before", tmp_path / "after"]
    for folder, disposition in zip(folders, ("CONFIRMED", "FALSE POSITIVE"), strict=True):
        folder.mkdir()
        write(folder, disposition)
    changed = {
        str(path.relative_to(folders[0]))
        for path in sorted((folders[0] / "shards").rglob("*.*"))
        if path.read_bytes() != (folders[1] / path.relative_to(folders[0])).read_bytes()
    }
    assert changed == {f"shards/labels/Kepler/{shard_of('KIC 1', 3):03d}.parquet"}


def test_a_mission_whose_planets_are_lost_is_not_learned_from(tmp_path):
    write(tmp_path, resolved=(40, 577))
    verdict = read_json(tmp_path / "shards/resolved/K2.json")
    assert verdict["assemble"] is False
    assert verdict["tables"]["k2pandc"]["CONFIRMED"] == {"rows": 577, "resolved": 40, "share": 40 / 577}
    message = r"no dataset of K2 .*6\.9% of the CONFIRMED rows .*100\.0% of the FALSE POSITIVE .*epic_hostname"
    with pytest.raises(LabelError, match=message):
        require_resolved(tmp_path / "shards/resolved/K2.json", 0.1)
    require_resolved(tmp_path / "shards/resolved/K2.json", 0.95)
    kepler = read_json(tmp_path / "shards/resolved/Kepler.json")
    assert (kepler["assemble"], kepler["reason"], list(kepler["tables"])) == (True, "", ["koi"])
    require_resolved(tmp_path / "shards/resolved/Kepler.json", 0.1)


@pytest.mark.parametrize(
    ("shares", "allowed"),
    [
        ({"CONFIRMED": (91, 100), "FALSE_POSITIVE": (100, 100)}, True),
        ({"CONFIRMED": (88, 100), "FALSE_POSITIVE": (100, 100)}, False),
        ({"CONFIRMED": (100, 100), "REFUTED": (7, 8)}, True),  # one star of eight is no pattern
        ({"CONFIRMED": (100, 100), "REFUTED": (6, 8)}, False),
        ({"CONFIRMED": (1, 5), "FALSE_POSITIVE": (5, 5)}, False),
        ({"CONFIRMED": (50, 100), "FALSE_POSITIVE": (50, 100)}, True),
        ({"CONFIRMED": (0, 0), "FALSE_POSITIVE": (5, 5)}, True),
        ({}, True),
    ],
)
def test_how_far_apart_the_shares_may_be(shares, allowed):
    by_disposition = {
        name.replace("_", " "): {"rows": rows, "resolved": known} for name, (known, rows) in shares.items()
    }
    assert (judge_resolved({"k2pandc": by_disposition}, 0.1) == "") is allowed


def test_what_catalogs_say_stands_in_a_list_of_its_own(tmp_path):
    labels = write(tmp_path)
    listed_rows = pd.concat(listed(tmp_path, "listed", "Kepler"), ignore_index=True)
    assert tuple(listed_rows.columns) == LISTED_COLUMNS
    assert sorted(listed_rows["signal_id"]) == sorted(labels.loc[labels["mission"] == "Kepler", "signal_id"])
    assert set(listed_rows["false_positive_flags"]) == {""}
    flagged = labels.assign(flags="false_positive:co; false_positive:ss; single_transit")
    assert set(lists_of_shard(flagged)["listed"]["false_positive_flags"]) == {"co; ss"}
