"""The lightmill command, as a user meets it."""

import pandas as pd
import pytest
from typer.testing import CliRunner

import lightmill
from lightmill.catalogs.signals import read_signals
from lightmill.cli import app

KOI = {
    "kepid": "10797460",
    "kepoi_name": "K00752.01",
    "koi_disposition": "CONFIRMED",
    "koi_period": "9.488035570",
    "koi_time0bk": "170.5387512",
    "koi_duration": "2.95750",
    "koi_depth": "6.1580e+02",
}


@pytest.fixture
def koi(tmp_path):
    """A function: write a small KOI table and return its path."""

    def write(*changes):
        rows = [",".join({**KOI, **change}.values()) for change in changes or ({},)]
        path = tmp_path / "cumulative_2025.10.04_07.34.55.csv"
        path.write_text("\n".join(["# made for a test", ",".join(KOI), *rows]) + "\n")
        return path

    return write


def run(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_version_and_help():
    assert run("--version").output.strip() == f"lightmill {lightmill.__version__}"
    for arguments in (["--help"], ["-h"], ["catalog", "--help"]):
        shown = run(*arguments)
        assert shown.exit_code == 0
        assert "catalog" in shown.output


def test_reading_a_catalog_may_go_unnamed(koi, tmp_path):
    path = koi()
    short, long = run("catalog", path), run("catalog", "read", path)
    assert short.exit_code == long.exit_code == 0
    assert short.output == long.output
    assert run("catalog", "-o", tmp_path / "first.csv", path).exit_code == 0
    assert (tmp_path / "first.csv").exists()
    shown = run("catalog", "--help").output
    assert all(name in shown for name in ("read", "fetch", "diff"))
    assert "FILE" in run("catalog", "read", "--help").output
    assert run("catalog", "--no-such-option").exit_code == 2


def test_a_catalog_is_described(koi):
    rejected = [{"kepoi_name": f"K{i:05d}.01", "koi_period": "-1"} for i in range(1, 8)]
    shown = run("catalog", koi({}, {"kepoi_name": "K00753.01", "koi_disposition": "CANDIDATE"}, *rejected))
    assert shown.exit_code == 0
    text = shown.output
    assert "Kepler Objects of Interest, cumulative table (NASA Exoplanet Archive) [koi]" in text
    assert "2025-10-04 07:34:55" in text
    assert "9 = 2 signals + 7 rejected + 0 merged" in text
    assert "planet 1, unknown 1" in text
    assert "rejected: 7 negative period" in text
    assert "line 5: koi_period -1: a period cannot be negative" in text
    assert "line 10" not in text
    assert "... and 2 more" in text


def test_signals_and_rejected_rows_are_written(koi, tmp_path):
    out, rejected = tmp_path / "new" / "out.parquet", tmp_path / "rejected.csv"
    formula = {"kepoi_name": "K00753.01", "koi_disposition": "=cmd()"}
    path = koi({}, formula, {"kepid": "=cmd()"})
    shown = run("catalog", path, "-o", out, "--rejected", rejected)
    assert shown.exit_code == 0, shown.output
    assert list(read_signals(out)["disposition"]) == ["CONFIRMED", "=cmd()"]
    rows = pd.read_csv(rejected, dtype=str)
    assert list(rows["line"]) == ["5"]
    assert rows["row"][0].startswith("'=cmd(),K00752.01")
    csv = tmp_path / "out.csv"
    assert run("catalog", path, "--output", csv).exit_code == 0
    table = pd.read_csv(csv, dtype=str)
    assert list(table["disposition"]) == ["CONFIRMED", "'=cmd()"]
    assert table["epoch_bjd"][0] == "2455003.5387512"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["{folder}/nothing.csv"], "nothing.csv: cannot be read"),
        (["{folder}"], "is a folder"),
        (["{empty}"], "the file is empty"),
        (["{koi}", "-o", "{folder}/out.txt"], "must end in .parquet or .csv"),
        (["{koi}", "-o", "{empty}/out.parquet"], "cannot be written"),
    ],
)
def test_errors_take_one_line_and_exit_with_1(koi, tmp_path, arguments, message):
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    places = {"folder": tmp_path, "empty": empty, "koi": koi()}
    done = run("catalog", *(argument.format(**places) for argument in arguments))
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


def test_cells_cannot_drive_the_terminal(koi):
    shown = run("catalog", koi({"koi_disposition": "\x1b[31m[bold]RED"}, {"kepid": "\x1b]0;title\x07"}))
    assert shown.exit_code == 0
    assert "\x1b" not in shown.output
    assert "\x07" not in shown.output
    assert "[bold]RED" in shown.output


def test_real_k2_table(real_data):
    (path,) = (real_data / "catalogs" / "k2").glob("k2pandc*")
    shown = run("catalog", path)
    assert shown.exit_code == 0
    assert "3,906 = " in shown.output
    assert "2,103 other references of the same planet" in shown.output


def test_real_wrong_table(real_data):
    done = run("catalog", real_data / "catalogs" / "k2" / "planetary_systems_k2.csv")
    assert done.exit_code == 1
    assert "Planetary Systems table" in done.stderr


def test_config_names_what_is_wrong(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("run: x\nmax_mising: 0.5\nviews: {scale: mda}\n")
    done = CliRunner().invoke(app, ["config", str(wrong)])
    assert done.exit_code == 1
    assert "max_mising: no such key; did you mean 'max_missing'?" in done.output
    assert "views.scale" in done.output


def test_config_says_what_a_file_asks_for(tmp_path):
    right = tmp_path / "right.yaml"
    right.write_text("run: x\narchives: {k2: {base_url: 'file:///a'}}\n")
    done = CliRunner().invoke(app, ["config", str(right)])
    assert done.exit_code == 0
    assert "run 'x'; light curves of K2; 0 imported sets of views; 0 experiments" in done.output
