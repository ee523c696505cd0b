"""ExoMiner: the sector runs of one planet become one signal."""

import numpy as np
import pytest

from lightmill.catalogs.exominer import ephemeris_errors
from lightmill.catalogs.reading import read_catalog


def run(sectors, planet=1, period="1.467", epoch="1928.225", transits="13.0", **other):
    return {
        "TCE ID": f"390651552-{planet}-S{sectors}",
        "Sector Run": sectors,
        "Planet Number": str(planet),
        "Orbital Period [day]": period,
        "Transit Epoch [BTJD]": epoch,
        "Number of transits observed": transits,
        **other,
    }


def test_the_longest_run_stands_for_the_others(table):
    later = f"{1928.225 + 500 * 1.467:.3f}"
    catalog = read_catalog(table("exominer", run("23"), run("14-60", epoch=later), run("50", period="1.468")))
    assert list(catalog.signals["signal_id"]) == ["SPOC 390651552-1-S14-60"]
    assert catalog.signals["aliases"][0] == "SPOC 390651552-1-S23; SPOC 390651552-1-S50"
    assert catalog.summary["merged"] == {"other sector runs of the same planet": 2}
    assert catalog.summary["by_disposition"] == {"none": {"rows": 1, "resolved": 1, "share": 1.0}}


def test_of_equal_runs_the_one_with_more_transits_stands(table):
    catalog = read_catalog(table("exominer", run("23", transits="9"), run("50", transits="12"), run("51", transits="")))
    assert list(catalog.signals["signal_id"]) == ["SPOC 390651552-1-S50"]


def test_planet_numbers_may_change_between_runs_but_ephemerides_tell(table):
    other = {"period": "7.3", "epoch": "1930.1"}
    catalog = read_catalog(table("exominer", run("1-9"), run("1-9", 2, **other), run("5", 1, **other), run("5", 2)))
    aliases = dict(zip(catalog.signals["signal_id"], catalog.signals["aliases"], strict=True))
    assert aliases == {
        "SPOC 390651552-1-S1-9": "SPOC 390651552-2-S5",
        "SPOC 390651552-2-S1-9": "SPOC 390651552-1-S5",
    }


def test_one_run_never_finds_one_planet_twice(table):
    catalog = read_catalog(table("exominer", run("1-9"), run("1-9", 2), run("5"), run("5", 2)))
    assert len(catalog.signals) == 2
    assert catalog.summary["merged"] == {"other sector runs of the same planet": 2}


def test_harmonics_and_other_phases_stay_apart(table):
    half_a_cycle = f"{1928.225 + 1.467 / 2:.3f}"
    catalog = read_catalog(
        table("exominer", run("1-9"), run("5", period="2.934"), run("7", epoch=half_a_cycle), run("8", period="0.489"))
    )
    assert len(catalog.signals) == 4


def test_other_stars_stay_apart(table):
    other = {"TCE ID": "12345-1-S50", "TIC ID": "12345", "Sector Run": "50"}
    assert len(read_catalog(table("exominer", run("23"), other)).signals) == 2


def test_rejected_rows_stand_for_nobody(table):
    catalog = read_catalog(table("exominer", run("1-60", period="-1"), run("23"), run("23")))
    assert list(catalog.signals["signal_id"]) == ["SPOC 390651552-1-S23"]
    assert list(catalog.rejected["reason"]) == [
        "Orbital Period [day] -1: a period cannot be negative",
        "SPOC 390651552-1-S23 repeats line 3",
    ]


def test_order_in_the_file_changes_only_line_numbers(table):
    rows = [run(str(sector), epoch=f"{1928.225 + k * 1.467:.3f}") for k, sector in enumerate(range(10, 22))]
    there = read_catalog(table("exominer", *rows)).signals.drop(columns="line")
    back = read_catalog(table("exominer", *rows[::-1])).signals.drop(columns="line")
    assert there.equals(back)


def test_errors_follow_a_straight_line_through_the_transit_times():
    transits, mes, duration_h = 9, 20.0, 3.0
    one = duration_h / 24 / 2 / (mes / np.sqrt(transits))
    times = np.arange(transits)
    covariance = np.linalg.inv(np.vander(times, 2).T @ np.vander(times, 2)) * one**2
    period, epoch = ephemeris_errors(np.array([duration_h]), np.array([mes]), np.array([float(transits)]))
    assert period[0] == pytest.approx(np.hypot(np.sqrt(covariance[0, 0]), 0.0005), rel=1e-12)
    # At an end of the line: within a tenth of 2 / sqrt(N), the limit of many transits.
    assert epoch[0] == pytest.approx(np.hypot(np.sqrt(covariance[1, 1]), 0.0005), rel=0.1)


def test_errors_of_rows_that_tell_nothing():
    period, epoch = ephemeris_errors(np.array([np.nan]), np.array([np.nan]), np.array([np.nan]))
    assert np.isfinite(period[0])
    assert np.isfinite(epoch[0])
