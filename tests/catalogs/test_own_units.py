"""Units and clocks in lists of a user's own, and what spreadsheets make of numbers."""

import numpy as np
import pytest
from catalogs.frames import OWN_HEADER, reason

from lightmill.errors import CatalogError


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
            "TIC 1,3.3,2458327.1,3.2,planet",
            header=OWN_HEADER.replace("epoch_bjd", "epoch_btjd").replace("depth_ppm,", ""),
        )
    )
    assert why == (
        "epoch_btjd 2458327.1: not in BTJD (BJD less 2457000), but a full date; put it into a column epoch_bjd"
    )


def test_mjd_in_the_column_of_a_clock_says_both_steps(listed):
    why = reason(listed("KIC 1,3.3,54964.25,3.2,590,planet", header=OWN_HEADER.replace("bjd", "bkjd")))
    assert why.endswith("if it is JD - 2400000, add 2400000, and put it into a column epoch_bjd")


# Hours, days: two transits of Sun-like stars, as in the documentation.
TRANSITS = ((3.2, 3.28888), (1.64, 1.43037))


@pytest.mark.parametrize("rows", [1, 2, 8])
@pytest.mark.parametrize(
    ("per_hour", "message"),
    [
        (1 / 24, "look like days: .*; multiply them by 24"),
        (60, "look like minutes: .*; divide them by 60"),
        (3600, "look like seconds: .*; divide them by 3600"),
        (1e-4, "look like another unit: .*; write them in hours"),
    ],
)
def test_durations_in_another_unit_are_told_from_the_list(listed, rows, per_hour, message):
    transits = (TRANSITS * 4)[:rows]
    lines = [f"TIC {n},{period},2458327.1,{hours * per_hour:.6f},,EB" for n, (hours, period) in enumerate(transits, 1)]
    with pytest.raises(CatalogError, match=rf"my_targets.csv: the durations of TESS stars {message}") as refusal:
        listed(*lines)
    assert f"({rows} row" in str(refusal.value)
    assert "hours at these periods" in str(refusal.value)


def test_a_mission_in_another_unit_is_not_hidden_by_the_others(listed):
    kepler = [f"KIC {n},3.3,2454964.5,3.2,590,planet" for n in range(1, 20)]
    with pytest.raises(CatalogError, match="durations of TESS stars look like days"):
        listed(*kepler, "TIC 1,3.28888,2458327.1,0.133,590,planet")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("TIC 267574918,1.40794,2458779.38,0.133,,planet", "a planet of a white dwarf, eight minutes"),
        ("TIC 278892590,1.51083,2458327.1,0.6,7200,planet", "TRAPPIST-1 b"),
        ("KIC 1,1.9,2454964.5,14.5,420,EB", "a giant's eclipse"),
        ("KIC 2,100,2454964.5,,20,planet", "no duration"),
        ("TIC 3,,2458327.1,20,700,planet", "no period"),
        ("TIC 4,3.3,2458327.1,4,767910,EB", "a deep eclipse"),
        ("TIC 5,3.3,2457925.87,4,590,planet", "carried back before the mission began"),
    ],
)
def test_one_odd_row_is_no_other_unit(listed, line, what):
    assert len(listed(line).signals) == 1, what


def test_an_odd_row_among_many_stays(listed):
    lines = [f"TIC {n},3.3,2458327.1,3.2,590,planet" for n in range(1, 6)]
    assert len(listed(*lines, "TIC 6,3.28888,2458327.1,0.1,2.5,planet").signals) == 6


@pytest.mark.parametrize("rows", [1, 2, 8])
@pytest.mark.parametrize(("depth", "message"), [("2.5", "is 2.5,"), ("0.025", "is 0.025,"), ("5.9", "is 5.9,")])
def test_depths_in_per_cent_fractions_or_magnitudes_are_told_from_the_list(listed, rows, depth, message):
    remedy = "multiply a fraction of the star's light by 1000000, per cent by 10000, millimagnitudes by 921"
    with pytest.raises(CatalogError, match=rf"depths of TESS stars are not in ppm: .*{message} .*{remedy}"):
        listed(*(f"TIC {n},3.3,2458327.1,3.2,{depth},planet" for n in range(1, rows + 1)))


def test_what_is_left_of_the_light_is_no_depth(listed):
    with pytest.raises(CatalogError, match=r"is 9.9e\+05, expected 10 to 600000; a depth is what is missing"):
        listed(*(f"TIC {n},3.3,2458327.1,3.2,990000,planet" for n in range(1, 6)))


@pytest.mark.parametrize(
    ("column", "star", "epoch", "message"),
    [
        ("epoch_bjd", "TIC 1", "2454964.05207", "BJD 2454964.05 is 9.1 years before TESS's (BJD 2458300 to 2470000)"),
        ("epoch_btjd", "TIC 1", "131.5", "BJD 2457131.50 is 3.2 years before TESS's"),
        ("epoch_btjd", "KIC 1", "1327.05", "after Kepler's (BJD 2454800 to 2456600); it looks like BKJD: put it into"),
        ("epoch_btjd", "KIC 1", "131.5", "after Kepler's (BJD 2454800 to 2456600); it looks like BKJD: put it into"),
        ("epoch_bkjd", "TIC 1", "1327.05", "before TESS's (BJD 2458300 to 2470000); it looks like BTJD: put it into"),
        ("epoch_btjd", "EPIC 1", "2300.5", "after K2's (BJD 2456600 to 2458500); it looks like BKJD: put it into"),
        ("epoch_bjd", "EPIC 1", "2459300.5", "where both are right, carry it to those years by whole periods"),
    ],
)
def test_an_epoch_years_from_the_mission_is_rejected(listed, column, star, epoch, message):
    columns = {"target_id": star, "period_d": "3.3", "duration_h": "3.2", "disposition": "EB", "epoch_bjd": "nan"}
    columns[column] = epoch
    why = reason(listed(",".join(columns.values()), header=",".join(columns)))
    assert why.startswith(f"{column} {epoch}: BJD ")
    assert message in why


def test_many_epochs_before_a_mission_refuse_the_list_and_one_does_not(listed):
    old = [f"TIC {n},3.3,2458200.5,3.2,590,planet" for n in range(1, 5)]
    assert len(listed(*old).signals) == 4
    with pytest.raises(CatalogError, match=r"epochs of TESS stars .* \(5 rows\) is BJD 2458200.5, .*by whole periods"):
        listed(*old, "TIC 5,3.3,2458200.5,3.2,590,planet")
    read = listed(*(f"TIC {n},3.3,2458327.5,3.2,590,planet" for n in range(1, 5)), "TIC 9,3.3,2454964.5,3.2,590,planet")
    assert read.rejected["line"].tolist() == [6]


@pytest.mark.parametrize(
    ("period", "epoch", "why"),
    [
        (
            "3.3",
            "2.46E+06",
            "epoch_bjd 2.46E+06: the spreadsheet has rounded it to so few digits; format the column as a",
        ),
        ("3.3", "2.458327E+06", "epoch_bjd 2.458327E+06: the spreadsheet"),
        ("3.3", "+24583.2e2", "epoch_bjd +24583.2e2: the spreadsheet"),
        ("1.3E+03", "2458327.1", "period_d 1.3E+03: the spreadsheet"),
        ("3.3", "2.4583271E+06", ""),
        ("3.3", "2.458327000E+06", ""),
        ("1.321E+03", "2458327.1", ""),
        ("3.3e0", "24583271e-1", ""),
        ("3e-1", "2458327", ""),
        ("9.6E+00", "2458327.1", ""),
    ],
)
def test_a_number_that_a_spreadsheet_has_rounded_is_rejected(listed, period, epoch, why):
    read = listed(f"TIC 1,{period},{epoch},,590,planet")
    assert len(read.signals) == (not why)
    assert "".join(read.rejected["reason"]).startswith(why)


@pytest.mark.parametrize("error", ["#N/A", "#DIV/0!", "#VALUE!", "#n/a"])
def test_a_spreadsheets_error_is_a_depth_that_is_not_known_and_no_epoch(listed, error):
    (signal,) = listed(f"TIC 1,3.3,2458327.1,3.2,{error},planet").signals.itertuples()
    assert np.isnan(signal.depth_ppm)
    assert signal.flags == "unreadable:depth_ppm"
    why = reason(listed(f"TIC 1,3.3,{error},3.2,590,planet"))
    assert why.startswith(f"epoch_bjd {error!r}: the spreadsheet has no number there")


def test_a_column_too_narrow_for_its_numbers(listed):
    why = reason(listed("TIC 1,3.3,########,3.2,590,planet"))
    assert why == (
        "epoch_bjd '########': the spreadsheet has no number there, or no room to show it; correct the formula, widen "
        "the column, or leave the cell empty"
    )
