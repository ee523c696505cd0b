"""The table of EPIC numbers: well formed, right where it is known to be, and in order on the sky."""

import csv
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FACTS = files("lightmill.catalogs").joinpath("data/k2_epics.csv")


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    return list(csv.DictReader(FACTS.read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def epics(rows: list[dict[str, str]]) -> dict[str, int]:
    return {row["name"]: int(row["epic"]) for row in rows}


@pytest.fixture(scope="module")
def k2_table(real_data: Path, epics: dict[str, int]) -> pd.DataFrame:
    """The real table with a column `epic`: the number in the names, else that of the facts, else NaN."""
    path = next((real_data / "catalogs" / "k2").glob("k2pandc_*.csv"))
    with path.open(encoding="utf-8") as lines:
        head = next(number for number, line in enumerate(lines) if not line.startswith("#"))
    table = pd.read_csv(path, skiprows=head, low_memory=False)
    table["epic"] = [
        _number(host) or _number(planet) or epics.get(host) or epics.get(planet) or np.nan
        for host, planet in zip(table.hostname, table.pl_name, strict=True)
    ]
    return table


def _number(name: str) -> int | None:
    found = re.search(r"EPIC (\d{8,9})", name)
    return int(found[1]) if found else None


def test_lines_are_whole_unique_and_sorted(rows: list[dict[str, str]]) -> None:
    names = [row["name"] for row in rows]
    assert list(rows[0]) == ["name", "epic", "source"]
    assert names == sorted(set(names))
    assert all(name == name.strip() and row["source"].strip() for name, row in zip(names, rows, strict=True))


def test_numbers_are_epic_numbers(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert re.fullmatch(r"[1-9][0-9]{7,8}", row["epic"]), row
        epic = int(row["epic"])
        assert 200_000_000 < epic < 260_000_000 or 60_000_000 <= epic < 61_000_000, row


def test_no_line_contradicts_the_number_in_its_name(rows: list[dict[str, str]]) -> None:
    for row in rows:
        assert _number(row["name"]) in (None, int(row["epic"])), row


@pytest.mark.parametrize(
    ("name", "epic"),
    [
        ("K2-3", 201367065),  # Crossfield et al. 2015
        ("K2-18", 201912552),  # Montet et al. 2015
        ("K2-24", 203771098),  # Petigura et al. 2016
        ("K2-33", 205117205),  # David et al. 2016
        ("K2-98", 211391664),  # Barragán et al. 2016
        ("K2-136", 247589423),  # Ciardi et al. 2018
        ("K2-138", 245950175),  # Christiansen et al. 2018
        ("K2-315", 249631677),  # Niraula et al. 2020
        ("K2-323", 248616368),  # Castro González et al. 2020
        ("GJ 9827", 246389858),  # Niraula et al. 2017
        ("HD 89345", 248777106),  # Van Eylen et al. 2018
        ("Qatar-2", 212756297),  # Pope et al. 2016
        ("TRAPPIST-1", 246199087),  # Luger et al. 2017
        ("WASP-47", 206103150),  # Becker et al. 2015
        ("WASP-55", 212300977),  # Pope et al. 2016
    ],
)
def test_published_numbers(epics: dict[str, int], name: str, epic: int) -> None:
    assert epics[name] == epic


@pytest.mark.parametrize("pair", [("WASP-28", "K2-1"), ("GJ 9827", "K2-135"), ("BD+20 594", "K2-56")])
def test_two_names_of_one_star(epics: dict[str, int], pair: tuple[str, str]) -> None:
    assert epics[pair[0]] == epics[pair[1]]


def test_hardly_a_row_of_the_real_table_is_left_without_a_number(k2_table: pd.DataFrame) -> None:
    default = k2_table[k2_table.default_flag == 1]
    share = default.groupby("disposition").epic.agg(lambda epic: epic.notna().mean())
    assert share["CONFIRMED"] >= 0.99
    assert share["CANDIDATE"] == 1.0
    assert share["FALSE POSITIVE"] == 1.0
    left = set(default.loc[default.epic.isna(), "hostname"])
    assert left <= {"HD 137496", "K2-2016-BLG-0005L", "K2-399"}


def test_one_number_belongs_to_one_place_on_the_sky(k2_table: pd.DataFrame) -> None:
    stars = k2_table.dropna(subset=["epic", "ra", "dec"]).groupby("epic")
    assert (stars.dec.max() - stars.dec.min()).max() < 10 / 3600
    assert (stars.ra.max() - stars.ra.min()).max() < 15 / 3600


def test_numbers_rise_with_declination_as_the_input_catalog_was_made(k2_table: pd.DataFrame) -> None:
    """A wrong number would put a host between neighbours of another declination.

    The input catalog numbers each field in order of declination. Campaign 0 (below 203000000), stars whose
    neighbours in number lie more than half a degree apart, and the two ends say nothing.
    """
    stars = k2_table[k2_table.epic > 203_000_000].groupby("epic").dec.median().dropna()
    epic, dec = stars.index.to_numpy(), stars.to_numpy()
    before, after = dec[:-2], dec[2:]
    expected = before + (after - before) * (epic[1:-1] - epic[:-2]) / (epic[2:] - epic[:-2])
    telling = np.abs(after - before) < 0.5
    off = np.abs(dec[1:-1] - expected)[telling]
    assert telling.sum() > 1000
    assert np.median(off) < 3 / 3600
    assert off.max() < 0.02, epic[1:-1][telling][off.argmax()]
