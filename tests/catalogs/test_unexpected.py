"""Catalogs that would empty a training set without a word: they speak up."""

import pytest
from typer.testing import CliRunner

from lightmill.catalogs.policy import unexpected_dispositions
from lightmill.catalogs.reading import read_catalog, require_signals
from lightmill.cli import app
from lightmill.config.catalogs import LabelPolicy, LabelSettings
from lightmill.errors import CatalogError

HEADER = "kepid,kepoi_name,koi_disposition,koi_period,koi_time0bk,koi_duration,koi_depth"


@pytest.fixture
def koi(tmp_path):
    """Write a KOI table of rows (disposition, epoch) and return its path."""

    def write(*rows):
        lines = [f"1000{i},K0000{i}.01,{name},3.5,{epoch},2.0,500" for i, (name, epoch) in enumerate(rows, start=1)]
        path = tmp_path / "koi.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n")
        return path

    return write


def test_a_respelt_disposition_is_counted(koi):
    signals = read_catalog(koi(("Confirmed", 170.5), ("CANDIDATE", 170.5), ("Confirmed", 171.5))).signals
    assert unexpected_dispositions(signals, LabelSettings()) == {"Confirmed": 2}
    policy = LabelSettings(koi=LabelPolicy(planet=["Confirmed"]))
    assert unexpected_dispositions(signals, policy) == {}


def test_the_command_warns_of_it(koi):
    done = CliRunner().invoke(app, ["catalog", str(koi(("Confirmed", 170.5)))])
    assert done.exit_code == 0
    assert "warning: disposition 'Confirmed' (1 signals): no rule for it" in done.output


def test_a_table_without_one_good_row_is_an_error(koi):
    with pytest.raises(CatalogError, match=r"all 2 rows are rejected, the first \(line 2\) because"):
        require_signals(read_catalog(koi(("CONFIRMED", 2455003.5), ("CONFIRMED", 2455004.5))))


def test_the_command_fails_on_it_and_says_why(koi):
    done = CliRunner().invoke(app, ["catalog", str(koi(("CONFIRMED", 2455003.5)))])
    assert done.exit_code == 1
    assert "all 1 rows are rejected" in done.stderr


def test_the_command_never_overwrites_what_it_reads(koi):
    path = koi(("CONFIRMED", 170.5))
    before = path.read_bytes()
    done = CliRunner().invoke(app, ["catalog", str(path), "-o", str(path)])
    assert done.exit_code == 1
    assert path.read_bytes() == before
    same = str(path.with_name("out.csv"))
    assert CliRunner().invoke(app, ["catalog", str(path), "-o", same, "--rejected", same]).exit_code == 1
