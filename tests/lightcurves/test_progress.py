"""How a download gets on, in words; and its log."""

import json
import logging
import re
import threading
import time

import pytest

from lightmill.lightcurves.fetching.events import EventLog, read_events
from lightmill.lightcurves.fetching.progress import FetchProgress


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still unless it is set."""

    class Clock:
        now = 1000.0

    monkeypatch.setattr("lightmill.lightcurves.fetching.progress.time.monotonic", lambda: Clock.now)
    return Clock


def test_the_line_tells_targets_outcomes_speed_and_what_is_left(clock):
    with FetchProgress("Kepler light curves", 10) as progress:
        assert progress.line() == "0 of 10 targets; 0 targets/s"
        clock.now += 2
        for outcome in ("ok", "ok", "absent", "transient"):
            progress.add(outcome, 1_500_000)
        assert progress.line() == (
            "4 of 10 targets; 1 absent, 2 ok, 1 transient; 2 targets/s; 6.0 MB at 3.00 MB/s; 0:03 left"
        )
        clock.now += 7200
        assert progress.line().endswith("3:00:03 left")
        for _ in range(6):
            progress.add("ok", 0)
        assert "left" not in progress.line()


def test_what_was_settled_before_says_nothing_of_the_time_that_is_left(clock):
    with FetchProgress("x", 10) as progress:
        for _ in range(6):
            progress.add("ok", 0, was_settled=True)
        assert "left" not in progress.line()
        clock.now += 5
        progress.add("ok", 1)
        assert progress.line().endswith("0:15 left")


def test_at_the_end_it_is_logged(caplog, capfd):
    with caplog.at_level(logging.INFO, "lightmill"), FetchProgress("K2 light curves", 1) as progress:
        progress.add("ok", 0)
    assert [record.message.split(";")[0] for record in caplog.records] == ["K2 light curves: 1 of 1 targets"]
    # No bar where there is no terminal.
    assert capfd.readouterr() == ("", "")


def test_it_is_logged_every_so_often(caplog):
    with caplog.at_level(logging.INFO, "lightmill"), FetchProgress("x", 2, log_every_s=0.02):
        time.sleep(0.3)
    assert len(caplog.records) >= 4
    assert all(record.message.startswith("x: 0 of 2 targets") for record in caplog.records)


def test_after_an_error_nothing_goes_on():
    before = threading.active_count()
    with pytest.raises(ValueError, match="x"), FetchProgress("x", 2, log_every_s=0.01):
        raise ValueError("x")
    assert threading.active_count() == before


def test_the_log_only_grows_and_a_cut_line_is_passed_over(tmp_path):
    log = EventLog(tmp_path / "deep/log.jsonl")
    log.write("asked", product="a", bytes=1)
    EventLog(tmp_path / "deep/log.jsonl").write("asked", product="b")
    with open(tmp_path / "deep/log.jsonl", "ab") as file:
        file.write(b'{"time": "2026\nnull\n\xff\n')
    log.write("asked", product="c")
    events = list(read_events(tmp_path / "deep/log.jsonl"))
    assert [event["product"] for event in events] == ["a", "b", "c"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", events[0]["time"])
    assert list(read_events(tmp_path / "none")) == []


def test_many_threads_write_whole_lines(tmp_path):
    log = EventLog(tmp_path / "log.jsonl")
    threads = [
        threading.Thread(target=lambda name=name: [log.write("e", name=name, text="x" * 500) for _ in range(50)])
        for name in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 400


def test_without_a_path_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    EventLog(None).write("asked")
    assert list(tmp_path.iterdir()) == []
