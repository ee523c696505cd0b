import numpy as np
import pandas as pd
import pytest

from lightmill.catalogs.crosswalk import (
    COLUMNS,
    CROSSWALK,
    FILE_COLUMNS,
    crosswalk_digest,
    other_names,
    read_crosswalk,
    star_ids,
)
from lightmill.catalogs.identities import extend_crosswalk, find_identities, stated_identities
from lightmill.errors import LabelError, LightmillError

ARCSEC = 1 / 3600


def written(path, *lines):
    path.write_text("\n".join([",".join(FILE_COLUMNS), *(f"{line},1" for line in lines)]) + "\n")
    return path


def test_a_star_is_its_own_target_unless_the_crosswalk_says_otherwise():
    found = star_ids(["TIC 1", "KIC 2", "TIC 3"], {"TIC 1": "KIC 2"})
    assert found.tolist() == ["KIC 2", "KIC 2", "TIC 3"]
    assert star_ids([]).tolist() == []


def test_the_shipped_crosswalk_knows_well_known_stars():
    # KOI-13, HAT-P-7, TrES-2, HAT-P-11: their TIC numbers as in the TOI list
    known = star_ids(["TIC 158324245", "TIC 424865156", "TIC 399860444", "TIC 28230919"])
    assert known.tolist() == ["KIC 9941662", "KIC 10666592", "KIC 11446443", "KIC 10748390"]


def test_the_shipped_crosswalk_is_small_and_goes_from_later_to_earlier_missions():
    assert CROSSWALK.stat().st_size < 400_000
    order = ["KIC", "EPIC", "TIC"]
    for target, star in read_crosswalk().items():
        assert order.index(star.split()[0]) < order.index(target.split()[0])
    assert len(crosswalk_digest()) == 32


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["TIC 1,KIC 1,x", "TIC 1,KIC 2,x"], "line 3: TIC 1 stands there twice"),
        (["TIC 1,TIC 1,x"], "line 2: TIC 1 stands there twice, or is its own star"),
        (["EPIC 5,KIC 1,x", "TIC 1,EPIC 5,x"], "line 3: EPIC 5 goes by KIC 1 itself"),
    ],
)
def test_bad_lines_are_named(tmp_path, lines, message):
    with pytest.raises(LabelError, match=message):
        read_crosswalk(written(tmp_path / "crosswalk.csv", *lines))


def test_ids_that_are_none_are_refused(tmp_path):
    with pytest.raises(LightmillError, match=r"'\.\./\.\./x'"):
        read_crosswalk(written(tmp_path / "crosswalk.csv", "../../x,KIC 1,x"))


def targets(*rows):
    return pd.DataFrame(rows, columns=["target_id", "ra_deg", "dec_deg", "magnitude"])


@pytest.mark.parametrize(
    ("arcsec", "tess_magnitude", "same"),
    [
        (0.3, 11.5, True),
        (1.9, 12.9, True),  # 0.9 mag brighter for Kepler: odd, but so near
        (1.9, 13.5, False),  # far too faint: a neighbour
        (0.3, np.nan, True),
        (4.1, 11.5, True),  # a fast star
        (4.1, 12.2, False),  # fainter for TESS than for Kepler, and not near
        (4.1, np.nan, False),
        (5.5, 11.5, False),
    ],
)
def test_place_and_brightness_make_one_star(arcsec, tess_magnitude, same):
    found = find_identities(
        targets(("KIC 1", 290.0, 44.0, 12.0), ("TIC 9", 290.0, 44.0 + arcsec * ARCSEC, tess_magnitude))
    )
    assert found[["target_id", "star_id"]].to_numpy().tolist() == ([["TIC 9", "KIC 1"]] if same else [])


def test_of_two_neighbours_the_nearest_is_the_star():
    found = find_identities(
        targets(
            ("KIC 1", 290.0, 44.0, 12.0),
            ("TIC 8", 290.0, 44.0 + 1.5 * ARCSEC, 11.5),
            ("TIC 9", 290.0, 44.0 - 0.5 * ARCSEC, 11.5),
            ("TIC 7", np.nan, np.nan, 11.5),
        )
    )
    assert found[["target_id", "star_id"]].to_numpy().tolist() == [["TIC 9", "KIC 1"]]


def test_the_earliest_mission_names_the_star():
    place = (290.0, 44.0, 12.0)
    found = find_identities(targets(("TIC 9", *place), ("EPIC 5", *place), ("KIC 1", *place)))
    assert dict(zip(found["target_id"], found["star_id"], strict=True)) == {"EPIC 5": "KIC 1", "TIC 9": "KIC 1"}


def table(*rows):
    return pd.DataFrame(rows, columns=list(COLUMNS))


def test_growing_changes_no_line():
    before = table(("TIC 1", "KIC 1", "old"))
    after = extend_crosswalk(before, table(("TIC 1", "KIC 99", "new"), ("TIC 2", "KIC 2", "new")))
    assert after.to_numpy().tolist() == [["TIC 1", "KIC 1", "old"], ["TIC 2", "KIC 2", "new"]]


def test_growing_never_makes_chains():
    before = table(("EPIC 5", "KIC 1", "old"), ("TIC 3", "EPIC 7", "old"))
    after = extend_crosswalk(before, table(("EPIC 7", "KIC 2", "new"), ("TIC 4", "EPIC 5", "new")))
    # EPIC 7 already names a star, and goes on doing so; TIC 4 goes by the name of EPIC 5's star
    assert after["target_id"].tolist() == ["EPIC 5", "TIC 3", "TIC 4"]
    assert after["star_id"].tolist()[-1] == "KIC 1"


def test_a_k2_table_states_tic_numbers(table):
    path = table(
        "k2pandc",
        {"pl_name": "K2-1 b", "hostname": "EPIC 201126503", "tic_id": "TIC 77"},
        {"pl_name": "EPIC 201126503.02", "hostname": "EPIC 201126503", "tic_id": "TIC 77"},
        {"pl_name": "EPIC 201126504.01", "hostname": "EPIC 201126504", "tic_id": "TIC 77"},
        {"pl_name": "EPIC 201126505.01", "hostname": "EPIC 201126505", "tic_id": ""},
        columns=["tic_id"],
        above=["# Sat Oct 22 10:17:24 2022"],
    )
    found = stated_identities(str(path))
    assert found.to_numpy().tolist() == [["TIC 77", "EPIC 201126503", "tic_id of the Archive's K2 table, 2022-10-22"]]


def test_tables_that_state_no_tic_numbers(table):
    assert stated_identities(str(table("k2pandc"))).empty
    assert stated_identities(str(table("koi"))).empty


def test_only_growth_of_the_crosswalk_counts_as_another_name(tmp_path, monkeypatch):
    path = tmp_path / "crosswalk.csv"
    path.write_text("\n".join([",".join(FILE_COLUMNS), "TIC 1,KIC 1,x,1", "TIC 2,KIC 2,x,2", "TIC 3,KIC 2,x,3"]) + "\n")
    monkeypatch.setattr("lightmill.catalogs.crosswalk.CROSSWALK", path)
    assert other_names() == {"KIC 2": ["TIC 2", "TIC 3"]}
    assert other_names({"TIC 1": "KIC 1"}) == {"KIC 1": ["TIC 1"]}


def test_the_shipped_crosswalk_numbers_its_growths():
    versions = pd.read_csv(CROSSWALK, dtype=str)["version"].astype(int)
    assert versions.min() == 1
    assert versions.is_monotonic_increasing
