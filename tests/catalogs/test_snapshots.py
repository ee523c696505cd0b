"""Snapshots are whole, checksummed, written once, and only if there is news."""

import errno
import hashlib
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest

from lightmill.catalogs.snapshots import keep_snapshot, newest_snapshot
from lightmill.errors import CatalogError

MOMENT = datetime(2025, 10, 4, 11, 29, 34, tzinfo=UTC)
NAME = "cumulative_2025.10.04_11.29.34.csv"


@pytest.fixture
def content(table):
    """A function: the bytes of a KOI table of rows with these changes."""
    return lambda *changes: table("koi", *changes, name="made.csv").read_bytes()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "new" / "catalogs"


def keep(content, folder, kind="koi", moment=MOMENT):
    return keep_snapshot(content, "https://an.archive/TAP: table cumulative", kind, "cumulative", folder, moment)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_first_snapshot(content, folder):
    kept = keep(content(), folder)
    assert (kept.path, kept.is_new, kept.previous) == (folder / NAME, True, None)
    assert kept.catalog.info.path == str(kept.path)
    assert kept.catalog.info.snapshot_date == "2025-10-04T11:29:34"
    assert kept.path.read_bytes() == content()
    digest = hashlib.sha256(content()).hexdigest()
    assert kept.path.with_name(NAME + ".sha256").read_text() == f"{digest}  {NAME}\n"
    assert names(folder) == [NAME, NAME + ".sha256"]


def test_the_same_content_leaves_the_old_file_alone(content, folder):
    first = keep(content(), folder)
    before = first.path.stat()
    again = keep(content(), folder, moment=datetime(2025, 11, 1, tzinfo=UTC))
    assert (again.path, again.is_new, again.previous) == (first.path, False, first.path)
    after = first.path.stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert names(folder) == [NAME, NAME + ".sha256"]


def test_other_content_is_a_new_snapshot_beside_it(content, folder):
    first = keep(content(), folder)
    second = keep(content({"koi_period": "9.5"}), folder, moment=datetime(2025, 11, 1, tzinfo=UTC))
    assert (second.is_new, second.previous) == (True, first.path)
    assert second.path.name == "cumulative_2025.11.01_00.00.00.csv"
    # Back to what it was before the newest is news again.
    third = keep(content(), folder, moment=datetime(2025, 11, 2, tzinfo=UTC))
    assert (third.is_new, third.previous) == (True, second.path)
    assert newest_snapshot("koi", folder) == third.path


def test_two_snapshots_in_one_second_are_two(content, folder):
    keep(content(), folder)
    assert keep(content({"koi_period": "9.5"}), folder).path.name == "cumulative_2025.10.04_11.29.35.csv"


def test_the_newest_is_told_by_its_table_not_its_name(content, table, folder):
    folder.mkdir(parents=True)
    header = b"# Sat Oct  4 07:34:55 2025\n"
    (folder / "downloaded by hand.csv").write_bytes(header + content())
    (folder / "toi_2026.01.01.csv").write_bytes(table("toi").read_bytes())
    (folder / "notes.csv").write_text("a,b\n1,2\n")
    assert newest_snapshot("koi", folder).name == "downloaded by hand.csv"
    assert newest_snapshot("k2pandc", folder) is None
    assert keep(content(), folder).previous.name == "downloaded by hand.csv"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("<html>no</html>", "a web page or XML"),
        ("a,b\n1,2\n", "not a table that lightmill knows"),
        ("{header}\n", "no rows below them"),
        ("{header}\n1,K00001.01,CONFIRMED,-3,170.5,2.0,500\n", "all 1 rows are rejected"),
        ("kepid\n", "no comma"),
    ],
)
def test_what_the_reader_refuses_is_kept_nowhere(content, folder, text, message):
    keep(content(), folder)
    header = "kepid,kepoi_name,koi_disposition,koi_period,koi_time0bk,koi_duration,koi_depth"
    with pytest.raises(CatalogError, match=rf"^https://an.archive/TAP: table cumulative: refused.*{message}"):
        keep(text.format(header=header).encode(), folder)
    assert names(folder) == [NAME, NAME + ".sha256"]


def test_another_table_than_was_asked_for_is_refused(table, folder):
    with pytest.raises(CatalogError, match=r"refused, and not kept: this is TESS Objects of Interest .*\[toi\]"):
        keep(table("toi").read_bytes(), folder)
    assert names(folder) == []


def test_a_full_disk(content, folder, monkeypatch):
    keep(content(), folder)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("lightmill.files.os.fsync", full)
    with pytest.raises(CatalogError, match=r"No space left on device.*is not kept, older snapshots are untouched"):
        keep(content({"koi_period": "9.5"}), folder)
    assert names(folder) == [NAME, NAME + ".sha256"]


def test_a_folder_that_is_none(content, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match=r"cannot be written"):
        keep(content(), tmp_path / "file" / "catalogs")


KILLED = """
import os, signal, sys
from datetime import UTC, datetime
from pathlib import Path
import lightmill.files
from lightmill.catalogs import snapshots

content, folder, step = Path(sys.argv[1]).read_bytes(), sys.argv[2], int(sys.argv[3])
steps = iter(range(step))
for module, name in ((lightmill.files.os, "fsync"), (lightmill.files.os, "replace")):
    def until(*arguments, real=getattr(module, name)):
        if next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)
    setattr(module, name, until)
snapshots.keep_snapshot(content, "table", "koi", "cumulative", folder, datetime(2025, 10, 4, 11, 29, 34, tzinfo=UTC))
"""


def test_a_kill_at_any_step_leaves_nothing_half(content, tmp_path):
    made = tmp_path / "content.csv"
    made.write_bytes(content())
    finished, step = False, 0
    while not finished:
        folder = tmp_path / f"killed_{step}"
        killed = subprocess.run([sys.executable, "-c", KILLED, made, folder, str(step)], timeout=60)
        finished = killed.returncode == 0
        assert finished or killed.returncode == -signal.SIGKILL
        snapshots = list(folder.glob("[!.]*.csv"))
        assert all(path.read_bytes() == content() for path in snapshots)
        kept = keep(content(), folder, moment=datetime(2025, 11, 1, tzinfo=UTC))
        assert kept.path.read_bytes() == content()
        assert kept.is_new is not bool(snapshots)
        assert names(folder) == [kept.path.name, f"{kept.path.name}.sha256"]
        step += 1
    assert step > 6


def test_files_have_the_usual_permissions(content, folder):
    umask = os.umask(0)
    os.umask(umask)
    assert keep(content(), folder).path.stat().st_mode & 0o777 == 0o666 & ~umask
