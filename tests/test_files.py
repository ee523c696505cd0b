"""Files appear whole or not at all, and their bytes follow from their content."""

import signal
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from lightmill.files import atomic_path, digest, read_json, write_csv, write_json, write_npy, write_parquet


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")

    def write_half():
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def test_what_a_killed_writer_left_is_removed_and_a_living_ones_is_not(tmp_path):
    code = (
        "import os, signal, sys; from lightmill.files import atomic_path\n"
        "with atomic_path(sys.argv[1]):\n    os.kill(os.getpid(), signal.SIGKILL)"
    )
    path = tmp_path / "a [1].txt"
    killed = subprocess.run([sys.executable, "-c", code, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.suffix == ".part"
    with atomic_path(path) as first, atomic_path(path) as second:
        assert {entry.name for entry in tmp_path.iterdir()} == {first.name, second.name}
        first.write_text("1")
        second.write_text("2")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_written_files_have_the_usual_permissions(tmp_path):
    write_json(tmp_path / "a.json", {"b": 1, "a": [1.5]})
    plain = tmp_path / "plain"
    plain.write_text("")
    assert (tmp_path / "a.json").stat().st_mode == plain.stat().st_mode
    assert read_json(tmp_path / "a.json") == {"a": [1.5], "b": 1}


def test_nan_is_no_json(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})


def test_formulas_are_disarmed_in_csv(tmp_path):
    table = pd.DataFrame({"text": ["=cmd()", "a", "-1", "@x"], "number": [-1.0, 2.0, 3.0, 4.0]})
    write_csv(tmp_path / "a.csv", table)
    assert (tmp_path / "a.csv").read_text().splitlines()[1:] == ["'=cmd(),-1.0", "a,2.0", "'-1,3.0", "'@x,4.0"]


def test_the_same_content_gives_the_same_bytes(tmp_path):
    table = pd.DataFrame({"a": np.arange(1000.0), "b": [str(i) for i in range(1000)]})
    write_parquet(tmp_path / "1", table)
    write_parquet(tmp_path / "2", table.copy())
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    write_npy(tmp_path / "1.npy", np.arange(6).reshape(2, 3))
    assert np.load(tmp_path / "1.npy").tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1}) != digest({"a": 1, "b": 3})
