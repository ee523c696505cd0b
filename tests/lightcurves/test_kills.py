"""Killed at any moment, a download goes on where it was: nothing is lost, and nothing whole is asked for again."""

import multiprocessing
import os
import platform
import random
import signal
import time
from pathlib import Path

import pandas as pd
import pytest
from lightcurves.downloading import asked, fetch, fragments, light_curves, wanted
from lightcurves.made_fits import archive_name, write_target
from loopback import LoopbackArchive

from lightmill.errors import LightCurveError
from lightmill.lightcurves import read_stored, store_path
from lightmill.lightcurves.fetching.events import read_events

NUMBERS = range(1_000_001, 1_000_201)
KILLS = 20


@pytest.fixture
def small(tmp_path):
    """Two stars with two quarters each, and a server of this process."""
    for number in (1, 2):
        write_target(tmp_path / "archive", "Kepler", number, (1, 2))
    with LoopbackArchive(tmp_path / "archive") as server:
        yield server


SMALL = wanted("KIC 1", "KIC 2", segments="1,2")
# Of each star two files, which are flushed and renamed, and a light curve; then two tables: of these the folder is
# flushed as well.
STEPS = 2 * (2 * 2 + 3) + 2 * 3


def started(folder, targets, url):
    """A process of its own group that fetches the shard; a fork, so that it need not import everything anew.

    It has its group, and can be interrupted, when it is returned: a busy machine may start a process late.
    """
    context = multiprocessing.get_context("fork")
    ready = context.Event()

    def run():
        os.setsid()
        # What a terminal does; a run in the background may have been told to ignore it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        ready.set()
        fetch(folder, targets, url, breaker_failures=5)

    process = context.Process(target=run)
    process.start()
    assert ready.wait(60), "the process did not start within a minute"
    return process


def contents(folder: Path) -> dict[str, bytes]:
    """The archive's files by their names."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.fits")}


def whole_files(store: Path, archive: dict[str, bytes]) -> set[str]:
    """Names of the archive's files that a store has, whole: in a light curve, staged, or not yet renamed."""
    found = set()
    for path in store.glob("Kepler/*/*.parquet"):
        if not path.name.startswith("."):
            try:
                found |= {segment.file for segment in read_stored(store, f"KIC {int(path.stem)}").segments}
            except LightCurveError:
                pytest.fail(f"{path} is no whole light curve")
    by_file = {name.rpartition("/")[2]: name for name in archive}
    for path in store.glob("staging/Kepler/*/*"):
        name = by_file.get(path.name.removesuffix(".part"))
        if name and path.read_bytes() == archive[name]:
            found.add(name)
        else:
            assert path.name.endswith((".part", ".part.json")), f"{path} has its name, and is not whole"
    return found


def asked_by(log: Path, offset: int) -> int:
    """How many files were asked for and came, as a log shows it after its first `offset` events.

    Files that the archive does not have are asked for again by every run, and are no way forward.
    """
    return sum(event["event"] == "asked" and event["outcome"] == "ok" for event in list(read_events(log))[offset:])


def test_twenty_kills(tmp_path):
    for number in NUMBERS:
        write_target(tmp_path / "archive", "Kepler", number, (1, 2), rows=20)
    archive = {
        str(path.relative_to(tmp_path / "archive")): path.read_bytes()
        for path in (tmp_path / "archive").rglob("*.fits")
    }
    targets = wanted(*(f"KIC {number}" for number in NUMBERS), segments="1,2")
    moments = random.Random(20)
    store, log = tmp_path / "store", tmp_path / "000.jsonl"
    with LoopbackArchive(tmp_path / "archive", latency_s=0.015, process=True) as server:
        fetch(tmp_path, targets, server.url, store="right", name="right")
        assert len(light_curves(tmp_path / "right")) == len(NUMBERS)
        for kill in range(KILLS):
            whole, events = whole_files(store, archive), len(list(read_events(log)))
            server.clear()
            process = started(tmp_path, targets, server.url)
            # Every fifth kill comes while the run still looks at what it has, the others while files come in: after
            # some have been asked for, however slow the machine.
            files = moments.randint(1, 6) if kill % 5 else 0
            while process.is_alive() and asked_by(log, events) < files:
                time.sleep(0.002)
            time.sleep(moments.uniform(0, 0.05))
            os.killpg(process.pid, signal.SIGKILL)
            process.join()
            assert process.exitcode == -signal.SIGKILL, "the run was over before it was killed: raise its latency"
            repeated = whole & {path.lstrip("/") for path in asked(server)}
            assert repeated == set(), f"kill {kill}: files that were whole were asked for again"
            assert not (tmp_path / "000.parquet").exists()
        whole = whole_files(store, archive)
        assert 20 < len(whole) < len(archive)
        server.clear()
        rows = fetch(tmp_path, targets, server.url)
        last = asked(server, ".fits")
        assert whole & {path.lstrip("/") for path in last} == set()
        assert {row.outcome for row in rows.values()} == {"ok"}
        server.clear()
        fetch(tmp_path, targets, server.url)
        assert asked(server) == []
    assert light_curves(store) == light_curves(tmp_path / "right")
    for end in ("parquet", "products.parquet"):
        assert (tmp_path / f"000.{end}").read_bytes() == (tmp_path / f"right.{end}").read_bytes()
    assert fragments(store, tmp_path / "archive") == []
    assert list(store.glob("staging/*/*")) == []


@pytest.mark.parametrize("moment", range(1, STEPS))
def test_a_kill_at_any_step(small, tmp_path, monkeypatch, moment):
    """At every fsync and rename: of the file, of its folder, of the light curve, of the manifests."""
    steps = iter(range(1, 1000))

    class Killed(BaseException):
        """What no handler catches."""

    def stepped(real):
        def step(*arguments, **named):
            # Nothing is done any more from then on, in no thread.
            if next(steps) >= moment:
                raise Killed
            return real(*arguments, **named)

        return step

    fetch(tmp_path, SMALL, small.url, store="right", name="right", connections=1)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", stepped(os.fsync))
        patched.setattr(os, "replace", stepped(os.replace))
        with pytest.raises(Killed):
            fetch(tmp_path, SMALL, small.url, connections=1)
    assert not (tmp_path / "000.parquet").exists()
    archive = {
        str(path.relative_to(tmp_path / "archive")): path.read_bytes()
        for path in (tmp_path / "archive").rglob("*.fits")
    }
    whole = whole_files(tmp_path / "store", archive)
    small.clear()
    fetch(tmp_path, SMALL, small.url, connections=1)
    assert whole & {path.lstrip("/") for path in asked(small)} == set()
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "right")
    assert (tmp_path / "000.parquet").read_bytes() == (tmp_path / "right.parquet").read_bytes()
    assert fragments(tmp_path / "store", tmp_path / "archive") == []
    assert list((tmp_path / "store").glob("staging/*/*")) == []


def test_there_are_no_more_steps_than_these(small, tmp_path, monkeypatch):
    """But the last, when the manifest has its name."""
    steps = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *arguments, real=real: (steps.append(1), real(*arguments))[1])
    fetch(tmp_path, SMALL, small.url, connections=1)
    assert len(steps) == STEPS


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_to_end_it_ends_and_goes_on_later(tmp_path, number):
    for star in NUMBERS[:30]:
        write_target(tmp_path / "archive", "Kepler", star, (1, 2), rows=20)
    archive = {
        str(path.relative_to(tmp_path / "archive")): path.read_bytes()
        for path in (tmp_path / "archive").rglob("*.fits")
    }
    targets = wanted(*(f"KIC {star}" for star in NUMBERS[:30]), segments="1,2")
    with LoopbackArchive(tmp_path / "archive", latency_s=0.02, process=True) as server:
        fetch(tmp_path, targets, server.url, store="right", name="right")
        process = started(tmp_path, targets, server.url)
        while process.is_alive() and not asked_by(tmp_path / "000.jsonl", 0):
            time.sleep(0.002)
        os.kill(process.pid, number)
        process.join(20)
        assert process.exitcode not in (None, 0)
        whole = whole_files(tmp_path / "store", archive)
        assert len(whole) < len(archive)
        server.clear()
        fetch(tmp_path, targets, server.url)
        assert whole & {path.lstrip("/") for path in asked(server)} == set()
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "right")
    assert fragments(tmp_path / "store", tmp_path / "archive") == []


def staged(tmp_path, number, quarter):
    name = archive_name("Kepler", number, quarter)
    path = tmp_path / "store/staging/Kepler" / f"{number:09d}" / name.rpartition("/")[2]
    path.parent.mkdir(parents=True, exist_ok=True)
    return path, (tmp_path / "archive" / name).read_bytes()


def test_a_body_that_came_whole_but_was_not_renamed_is_taken(small, tmp_path):
    path, content = staged(tmp_path, 2, 1)
    path.with_name(path.name + ".part").write_bytes(content)
    assert fetch(tmp_path, SMALL, small.url)["KIC 2"].outcome == "ok"
    assert asked(small, path.name) == []
    assert len(asked(small, "kplr000000002")) == 2  # quarters 0 and 2
    assert fragments(tmp_path / "store", tmp_path / "archive") == []


def test_stale_parts_are_swept(small, tmp_path):
    path, content = staged(tmp_path, 2, 1)
    path.with_name(path.name + ".part").write_bytes(content[:9000])
    path.with_name(path.name + ".part.json").write_text("{}")
    path.with_name("kplr000000002-2013131215648_llc.fits.part").write_bytes(b"of a file that is not wanted any more")
    light_curve = store_path(tmp_path / "store", "KIC 2")
    light_curve.parent.mkdir(parents=True)
    process = multiprocessing.get_context("fork").Process(target=int)
    process.start()
    process.join()
    dead = light_curve.parent / f".{light_curve.name}.{platform.node()}.{process.pid}.x.part"
    dead.write_bytes(b"PAR1")
    assert fetch(tmp_path, SMALL, small.url)["KIC 2"].outcome == "ok"
    assert len(asked(small, path.name)) == 1
    assert fragments(tmp_path / "store", tmp_path / "archive") == []


def test_a_staged_file_that_was_damaged_meanwhile_is_fetched_again(small, tmp_path):
    path, content = staged(tmp_path, 2, 1)
    path.write_bytes(content[:8000] + bytes([content[8000] ^ 16]) + content[8001:])
    assert fetch(tmp_path, SMALL, small.url)["KIC 2"].outcome == "ok"
    assert len(asked(small, path.name)) == 1
    fetch(tmp_path, SMALL, small.url, store="right", name="right")
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "right")


def test_a_kill_between_light_curve_and_clearing_up_leaves_nothing_behind(small, tmp_path):
    fetch(tmp_path, SMALL, small.url)
    path, content = staged(tmp_path, 2, 1)
    path.write_bytes(content)
    small.clear()
    fetch(tmp_path, SMALL, small.url)
    assert asked(small) == []
    assert list((tmp_path / "store").glob("staging/*/*")) == []
    # Or its file is kept, where files are.
    path, content = staged(tmp_path, 2, 1)
    path.write_bytes(content)
    fetch(tmp_path, SMALL, small.url, keep_fits=True)
    assert (tmp_path / "store/fits" / archive_name("Kepler", 2, 1)).read_bytes() == content
    assert list((tmp_path / "store").glob("staging/*/*")) == []


def test_the_manifest_is_written_last(small, tmp_path, monkeypatch):
    fetch(tmp_path, SMALL, small.url)
    times = [os.stat(tmp_path / name).st_mtime_ns for name in ("000.products.parquet", "000.parquet")]
    assert times == sorted(times)
    assert len(pd.read_parquet(tmp_path / "000.products.parquet")) == 4
