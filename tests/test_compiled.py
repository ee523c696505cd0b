"""Compiled code: kept for the next process, made by several at once, and never older than its source."""

import os
import subprocess
import sys
from pathlib import Path

from lightmill.compiled import cache_folder

FOLD = "from lightmill.views.fold import fold; import numpy as np; print(fold(np.array([7.25]), 2.0, 0.0)[0])"


def test_several_processes_that_compile_at_once_agree_and_leave_it_to_the_next(tmp_path):
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, "-c", FOLD]
    running = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert [process.communicate()[0] for process in running] == ["-0.75\n"] * 3
    assert [process.returncode for process in running] == [0, 0, 0]
    made = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb?")}
    assert made
    assert not list(tmp_path.rglob("*.tmp*"))
    again = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert again.stdout == "-0.75\n"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.nb?")} == made


def test_the_folder_follows_processor_and_source_of_all_that_is_compiled(tmp_path, monkeypatch):
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    (tmp_path / "one.py").write_text("@compiled('f8(f8)')\ndef one(x):\n    return x\n")
    (tmp_path / "two.py").write_text("plain = 1\n")
    first = cache_folder(tmp_path)
    (tmp_path / "two.py").write_text("plain = 2\n")
    assert cache_folder(tmp_path) == first
    (tmp_path / "one.py").write_text("@compiled('f8(f8)')\ndef one(x):\n    return 2 * x\n")
    assert cache_folder(tmp_path) != first
    assert cache_folder(tmp_path).parent == first.parent == tmp_path / "__pycache__"
    assert cache_folder(tmp_path, "another") != cache_folder(tmp_path)
    monkeypatch.setenv("NUMBA_CACHE_DIR", "/elsewhere")
    assert cache_folder(tmp_path).parent.as_posix() == "/elsewhere"


def test_without_a_home_the_folder_is_that_of_the_users_cache_or_beside_the_source(tmp_path, monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", homeless)
    monkeypatch.delenv("NUMBA_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    assert cache_folder(tmp_path).parent == tmp_path / "__pycache__"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder(tmp_path).parent == Path("/caches/lightmill")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", lambda: Path("/home/somebody"))
    assert cache_folder(tmp_path).parent == Path("/home/somebody/.cache/lightmill")


def test_a_job_does_not_load_what_it_does_not_need():
    heavy = {"astropy", "lightkurve", "matplotlib", "pandas", "requests", "seaborn", "sklearn", "torch", "wotan"}
    for module in ("lightmill.views.shards", "lightmill.search.shards"):
        code = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
        loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
        assert not heavy & set(loaded), module
