"""Several at once: threads within the limit on connections, and runs that leave each other's work alone."""

import multiprocessing
import threading
import time
from collections import Counter

import pytest
from lightcurves.downloading import asked, fetch, fragments, light_curves, wanted
from lightcurves.made_fits import archive_name, write_target
from loopback import LoopbackArchive

from lightmill.errors import StoreError
from lightmill.lightcurves.fetching import locks
from lightmill.lightcurves.fetching.locks import target_lock

NUMBERS = range(1, 31)
TARGETS = tuple(f"KIC {number}" for number in NUMBERS)


@pytest.fixture
def archive(tmp_path):
    for number in NUMBERS:
        write_target(tmp_path / "archive", "Kepler", number, (1, 2), rows=20)
    return tmp_path / "archive"


def at_once(*jobs):
    """Run functions in a process each, forked so that nothing is imported anew; their exit codes."""
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=job) for job in jobs]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    return [process.exitcode for process in processes]


def test_two_runs_on_one_shard_fetch_each_file_once(archive, tmp_path):
    targets = wanted(*TARGETS, segments="1,2")
    with LoopbackArchive(archive, latency_s=0.005, process=True) as server:
        codes = at_once(
            *(lambda name=name: fetch(tmp_path, targets, server.url, name=name, connections=3) for name in "ab")
        )
        assert codes == [0, 0]
        counts = Counter(path.lstrip("/") for path in asked(server, ".fits"))
        assert counts.pop(None, 0) == 0
        for number in NUMBERS:
            for quarter in (1, 2):
                assert counts[archive_name("Kepler", number, quarter)] == 1
        assert set(counts.values()) == {1}
        server.clear()
        fetch(tmp_path, targets, server.url, store="right", name="right")
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "right")
    for name in "ab":
        assert (tmp_path / f"{name}.parquet").read_bytes() == (tmp_path / "right.parquet").read_bytes()
    assert fragments(tmp_path / "store", archive) == []


def test_two_runs_that_want_different_quarters_of_the_same_stars(archive, tmp_path):
    with LoopbackArchive(archive, latency_s=0.002, process=True) as server:
        jobs = [
            lambda quarter=quarter: fetch(
                tmp_path, wanted(*TARGETS, segments="1,2"), server.url, name=quarter, archive={"segments": quarter}
            )
            for quarter in ("1", "2")
        ]
        assert at_once(*jobs) == [0, 0]
        # Whoever comes last has the store; each light curve is one of the two.
        alone = []
        for quarter in ("1", "2"):
            name = f"alone{quarter}"
            fetch(
                tmp_path,
                wanted(*TARGETS, segments="1,2"),
                server.url,
                store=name,
                name=name,
                archive={"segments": quarter},
            )
            alone.append(light_curves(tmp_path / name).items())
    assert set(light_curves(tmp_path / "store").items()) <= set(alone[0]) | set(alone[1])
    assert len(light_curves(tmp_path / "store")) == len(TARGETS)
    assert fragments(tmp_path / "store", archive) == []


@pytest.mark.parametrize("connections", [1, 3])
@pytest.mark.parametrize("segments", ["1,2", None])
def test_the_limit_on_connections_holds(archive, tmp_path, connections, segments):
    latency_s = 0.02
    with LoopbackArchive(archive, latency_s=latency_s) as server:
        fetch(tmp_path, wanted(*TARGETS[:12], segments=segments), server.url, connections=connections)
        # The server waits so long before it answers: whatever began meanwhile was asked at the same time.
        began = [request.began_s for request in server.requests()]
        assert max(sum(0 <= moment - one < latency_s for moment in began) for one in began) == connections


def test_the_limit_holds_over_all_bases_together(archive, tmp_path):
    (tmp_path / "mirror/missions").mkdir(parents=True)
    latency_s = 0.03
    with (
        LoopbackArchive(tmp_path / "mirror", latency_s=latency_s) as mirror,
        LoopbackArchive(archive, latency_s=latency_s) as server,
    ):
        fetch(tmp_path, wanted(*TARGETS[:12], segments="1,2"), [mirror.url, server.url], connections=2)
        began = [request.began_s for request in [*mirror.requests(), *server.requests()]]
        assert len(mirror.requests()) == len(server.requests()) == 3 * 12
        assert max(sum(0 <= moment - one < latency_s for moment in began) for one in began) == 2


def test_threads_do_not_change_the_bytes(archive, tmp_path):
    with LoopbackArchive(archive) as server:
        for name, connections in (("one", 1), ("many", 8)):
            fetch(tmp_path, TARGETS, server.url, store=name, name=name, connections=connections)
    assert light_curves(tmp_path / "one") == light_curves(tmp_path / "many")
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "many.parquet").read_bytes()


def test_who_waits_for_a_lock_says_so_and_gets_it(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(locks, "_SAY_AFTER_S", 0.05)
    order = []

    def second():
        with target_lock(tmp_path, "KIC 1"):
            order.append("second")

    with caplog.at_level("INFO", "lightmill"), target_lock(tmp_path, "KIC 1"):
        thread = threading.Thread(target=second)
        thread.start()
        time.sleep(0.3)
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert "KIC 1: another run is fetching it" in caplog.text


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    def hold():
        with target_lock(tmp_path, "KIC 1"):
            time.sleep(60)

    process = multiprocessing.get_context("fork").Process(target=hold)
    process.start()
    while not list(tmp_path.glob("locks/*.lock")):
        time.sleep(0.01)
    time.sleep(0.05)
    process.kill()
    process.join()
    with target_lock(tmp_path, "KIC 1"):
        pass


def test_a_lock_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "locks").write_text("a file")
    with (
        pytest.raises(StoreError, match=r"locks/[0-9a-f]{2}\.lock: cannot be written: File exists"),
        target_lock(tmp_path, "KIC 1"),
    ):
        pass
