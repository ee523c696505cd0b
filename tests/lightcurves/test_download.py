"""What is asked of servers, how often, and what is made of their answers."""

import os

import numpy as np
import pandas as pd
import pytest
from lightcurves.downloading import asked, fetch, fragments, light_curves, reasons, wanted
from lightcurves.made_fits import archive_name, write_fits, write_target
from loopback import LoopbackArchive
from urllib3.connection import HTTPConnection

from lightmill.files import sha256_file
from lightmill.lightcurves import read_stored, target
from lightmill.lightcurves.fetching.events import read_events

STARS = (757076, 757099, 8644288)
TARGETS = tuple(f"KIC {number}" for number in STARS)
TOLD = wanted(*TARGETS, segments="1,2")


@pytest.fixture
def archive(tmp_path):
    for number in STARS:
        write_target(tmp_path / "archive", "Kepler", number, (1, 2))
    return tmp_path / "archive"


@pytest.fixture
def server(archive):
    with LoopbackArchive(archive) as running:
        yield running


def outcomes(rows):
    return [row.outcome for row in rows.values()]


def test_over_the_network_and_from_disk_the_same_bytes(server, archive, tmp_path):
    fetch(tmp_path, TOLD, f"file://{archive}", store="disk", name="disk")
    fetch(tmp_path, TOLD, server.url, store="web", name="web")
    fetch(tmp_path, TOLD, {"url": server.s3_url, "layout": "s3"}, store="bucket", name="bucket")
    for name in ("web", "bucket"):
        assert light_curves(tmp_path / name) == light_curves(tmp_path / "disk")
        for end in ("parquet", "products.parquet"):
            assert (tmp_path / f"{name}.{end}").read_bytes() == (tmp_path / f"disk.{end}").read_bytes()


def test_what_is_kept_depends_on_the_content_alone(server, tmp_path):
    """Not on when, in which order, from which base and after how many failures it came."""
    fetch(tmp_path, TOLD, server.url, store="a", name="a")
    server.random_faults(0.3, 1, [503, "reset", "truncate"])
    fetch(tmp_path, TOLD, [server.s3_url + "/nothing", server.url], store="b", name="b", attempts=20, connections=3)
    assert light_curves(tmp_path / "a") == light_curves(tmp_path / "b")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
    assert (tmp_path / "a.products.parquet").read_bytes() == (tmp_path / "b.products.parquet").read_bytes()
    products = pd.read_parquet(tmp_path / "a.products.parquet")
    first = products.iloc[0]
    assert first["product"] == archive_name("Kepler", STARS[0], 1)
    assert first["sha256"] == sha256_file(tmp_path / "archive" / first["product"])
    assert first["size_bytes"] == os.stat(tmp_path / "archive" / first["product"]).st_size
    assert (first["author"], first["segment"], first["outcome"], first["data_release"]) == ("Kepler", 1, "ok", 25)


def test_the_log_has_what_the_manifests_have_not(server, tmp_path):
    server.fault(f"{STARS[1]:09d}-2009166043257", 503, 2)
    fetch(tmp_path, TOLD, server.url)
    events = list(read_events(tmp_path / "000.jsonl"))
    # Two quarters each, and quarter 0, which no list of quarters has.
    of_files = {event["product"]: event for event in events if event["event"] == "asked"}
    assert len(of_files) == 9
    event = of_files[archive_name("Kepler", STARS[1], 1)]
    assert (event["outcome"], event["attempts"], event["base"]) == ("ok", 3, server.url)
    assert event["bytes"] == os.stat(tmp_path / "archive" / event["product"]).st_size
    assert event["seconds"] >= 0
    assert event["time"].endswith("+00:00")
    of_targets = {event["target_id"]: event["outcome"] for event in events if event["event"] == "target"}
    assert of_targets == dict.fromkeys(TARGETS, "ok")


def test_who_asks_is_told_and_no_more(server, tmp_path):
    fetch(tmp_path, TOLD, server.url, contact="me@example.org")
    assert {request.user_agent.split(" python")[0] for request in server.requests()} == {
        f"lightmill/{__import__('lightmill').__version__} (me@example.org)"
    }
    assert {request.method for request in server.requests()} == {"GET"}


def test_a_second_run_asks_nothing(server, archive, tmp_path):
    write_target(archive, "Kepler", 5, (1,), columns={"PDCSAP_FLUX": None})
    targets = wanted(*TARGETS, "KIC 4", "KIC 5")
    first = fetch(tmp_path, targets, server.url)
    assert outcomes(first) == ["absent", "corrupt", "ok", "ok", "ok"]
    server.clear()
    assert fetch(tmp_path, targets, server.url) == first
    assert server.requests() == []
    # Not of another server either, for what is in the store; the others are another question.
    assert fetch(tmp_path, TOLD.drop(columns="segments"), "https://archive.invalid") == {
        name: row for name, row in first.items() if row.outcome == "ok"
    }
    with LoopbackArchive(archive) as mirror:
        fetch(tmp_path, targets, mirror.url)
        assert {path.split("/")[5] for path in asked(mirror, "kepler/lightcurves/0000/")} == {"000000004", "000000005"}
        assert asked(mirror, "/0007/") == []


def test_an_absent_star_that_comes_to_another_base_is_found(server, archive, tmp_path):
    assert outcomes(fetch(tmp_path, ["KIC 4"], server.url)) == ["absent"]
    write_target(tmp_path / "mirror", "Kepler", 4, (1,))
    assert outcomes(fetch(tmp_path, ["KIC 4"], [server.url, f"file://{tmp_path / 'mirror'}"])) == ["ok"]


def test_added_targets_make_only_their_requests(server, archive, tmp_path):
    fetch(tmp_path, TOLD, server.url)
    for number in range(11, 16):
        write_target(archive, "Kepler", number, (1, 2))
    server.clear()
    added = [f"KIC {number}" for number in range(11, 16)]
    assert set(outcomes(fetch(tmp_path, wanted(*TARGETS, *added, segments="1,2"), server.url))) == {"ok"}
    expected = [archive_name("Kepler", number, quarter) for number in range(11, 16) for quarter in (1, 2)]
    got = sorted(path.lstrip("/") for path in asked(server) if "2009131105131" not in path)
    assert got == sorted(expected)


def test_another_segment_makes_one_request_and_the_same_bytes_as_from_scratch(server, archive, tmp_path):
    sectors = {sector: archive_name("TESS", 25155310, sector) for sector in (1, 2, 27)}
    write_target(archive, "TESS", 25155310, (1, 2, 27))
    names = {sector: name.rpartition("/")[2] for sector, name in sectors.items()}

    def run(chosen, store, name="000"):
        files = {"TIC 25155310": ",".join(names[sector] for sector in chosen)}
        return fetch(tmp_path, wanted("TIC 25155310", files=files), server.url, "TESS", store=store, name=name)

    run((1, 27), "store")
    server.clear()
    assert next(iter(run((1, 2, 27), "store").values())).segments == 3
    assert asked(server) == ["/" + sectors[2]]
    run((1, 2, 27), "scratch", "scratch")
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "scratch")
    assert (tmp_path / "000.parquet").read_bytes() == (tmp_path / "scratch.parquet").read_bytes()


def test_another_quarter_asks_for_it_and_for_what_was_not_there(server, archive, tmp_path):
    fetch(tmp_path, wanted(TARGETS[0], segments="1,2"), server.url)
    write_target(archive, "Kepler", STARS[0], (3,))
    server.clear()
    fetch(tmp_path, wanted(TARGETS[0], segments="1,2,3"), server.url)
    assert [path.split("-")[1][:7] for path in asked(server)] == ["2009131", "2009350"]
    fetch(tmp_path, wanted(TARGETS[0], segments="1,2,3"), server.url, store="scratch", name="scratch")
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "scratch")


def test_fewer_segments_ask_nothing_new(server, archive, tmp_path):
    fetch(tmp_path, TOLD, server.url)
    server.clear()
    rows = fetch(tmp_path, TOLD, server.url, archive={"segments": "2"})
    assert {row.segments for row in rows.values()} == {1}
    assert asked(server) == []
    fetch(tmp_path, TOLD, server.url, store="scratch", name="scratch", archive={"segments": "2"})
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "scratch")


def test_other_code_asks_for_files_but_for_no_list(server, tmp_path, monkeypatch):
    targets = TOLD.drop(columns="segments")
    fetch(tmp_path, targets, server.url)
    assert len(asked(server)) == 3 + 6
    server.clear()
    monkeypatch.setattr(target, "_code", lambda: "other code")
    assert set(outcomes(fetch(tmp_path, targets, server.url))) == {"ok"}
    assert len(asked(server)) == len(asked(server, ".fits")) == 6


def test_with_files_kept_other_code_asks_nothing(server, archive, tmp_path, monkeypatch):
    fetch(tmp_path, TOLD, server.url, keep_fits=True)
    kept = {str(path.relative_to(tmp_path / "store/fits")) for path in (tmp_path / "store/fits").rglob("*.*")}
    assert kept == {archive_name("Kepler", number, quarter) for number in STARS for quarter in (1, 2)}
    server.clear()
    monkeypatch.setattr(target, "_code", lambda: "other code")
    assert set(outcomes(fetch(tmp_path, TOLD, server.url, keep_fits=True))) == {"ok"}
    assert asked(server) == []
    # The tree is an archive itself.
    fetch(tmp_path, TOLD, f"file://{tmp_path / 'store/fits'}", store="other", name="other")
    assert light_curves(tmp_path / "other") == light_curves(tmp_path / "store")
    # And what is damaged in it is fetched again.
    monkeypatch.setattr(target, "_code", lambda: "yet other code")
    bad = tmp_path / "store/fits" / archive_name("Kepler", STARS[0], 1)
    bad.write_bytes(bad.read_bytes()[:5000])
    assert set(outcomes(fetch(tmp_path, TOLD, server.url, keep_fits=True))) == {"ok"}
    assert [path.lstrip("/") for path in asked(server)] == [archive_name("Kepler", STARS[0], 1)]
    assert bad.read_bytes() == (archive / archive_name("Kepler", STARS[0], 1)).read_bytes()
    assert fragments(tmp_path / "store", archive) == []


def test_a_damaged_kept_file_leaves_no_part_where_its_archive_fails(server, archive, tmp_path, monkeypatch):
    fetch(tmp_path, TOLD, server.url, keep_fits=True)
    bad = tmp_path / "store/fits" / archive_name("Kepler", STARS[0], 1)
    bad.write_bytes(b"nothing")
    monkeypatch.setattr(target, "_code", lambda: "other code")
    server.fault(bad.name, "truncate", None)
    assert outcomes(fetch(tmp_path, TOLD, server.url, keep_fits=True)) == ["transient", "ok", "ok"]
    assert fragments(tmp_path / "store", archive) == []


def test_without_keeping_nothing_but_light_curves_stays(server, tmp_path):
    fetch(tmp_path, wanted(*TARGETS, "KIC 4"), server.url)
    files = [path for path in (tmp_path / "store").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert sorted(path.suffix for path in files) == [".json", ".parquet", ".parquet", ".parquet"]
    assert list((tmp_path / "store").glob("staging/*/*")) == []


def test_the_next_base_gives_what_the_first_has_not_or_fails_to_give(server, archive, tmp_path):
    with LoopbackArchive(archive) as first:
        first.fault(f"{STARS[0]:09d}", 404, None)
        first.fault(f"{STARS[1]:09d}-2009(166|259)", 503, None)  # not quarter 0, which nobody has
        first.fault(f"{STARS[2]:09d}", "flip", None)
        assert outcomes(fetch(tmp_path, TOLD, [first.url, server.url])) == ["ok", "ok", "ok"]
    fetch(tmp_path, TOLD, server.url, store="right", name="right")
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "right")


def test_a_base_that_fails_makes_nothing_absent(server, archive, tmp_path):
    """The one that may have it failed; that another has not does not say that it is nowhere."""
    with LoopbackArchive(archive) as failing:
        failing.fault("", 503, None)
        server.fault(f"{STARS[0]:09d}", 404, None)
        for bases in ([failing.url, server.url], [server.url, failing.url]):
            rows = fetch(tmp_path, TOLD, bases)
            # Quarter 0 is not there, or so says one of two.
            assert outcomes(rows) == ["transient"] * 3
            assert "HTTP 503" in reasons(tmp_path)[TARGETS[0]]


def test_hlsps_are_not_asked_of_the_bucket(server, archive, tmp_path):
    write_target(archive, "K2", 201437844, (1,), author="K2SFF")
    bases = [{"url": server.s3_url, "layout": "s3"}, server.url]
    assert outcomes(fetch(tmp_path, wanted("EPIC 201437844", segments="1"), bases, "K2")) == ["ok"]
    assert asked(server) == ["/" + archive_name("K2", 201437844, 1, "K2SFF")]


def down(server, tmp_path, targets, **network):
    rows = fetch(tmp_path, targets, server.url, breaker_failures=4, connections=1, **network)
    assert set(outcomes(rows)) == {"transient"}
    return rows


def test_an_archive_that_is_down_is_soon_left_alone(server, archive, tmp_path):
    many = [f"KIC {number}" for number in range(1, 41)]
    for number in range(1, 41):
        write_target(archive, "Kepler", number, (1,))
    server.fault("", 503, None)
    for targets in (wanted(*many, segments="1"), wanted(*many)):
        server.clear()
        rows = down(server, tmp_path, targets)
        # Four failures of three attempts each, and what was under way.
        assert 12 <= len(server.requests()) <= 15
        assert rows["KIC 9"].outcome == "transient"
        assert "later: " in reasons(tmp_path)["KIC 9"]
        assert "not asked any more in this job after 4 failures in a row" in reasons(tmp_path)["KIC 9"]
    server.clear_faults()
    assert set(outcomes(fetch(tmp_path, wanted(*many, segments="1"), server.url))) == {"ok"}


def test_when_one_base_is_down_the_other_does(server, archive, tmp_path):
    for number in range(1, 21):
        write_target(archive, "Kepler", number, (1,), rows=20)
    with LoopbackArchive(archive) as first:
        first.fault("", 503, None)
        targets = [f"KIC {number}" for number in range(1, 21)]
        rows = fetch(tmp_path, targets, [first.url, server.url], breaker_failures=2, attempts=1, connections=1)
        assert outcomes(rows) == ["ok"] * 20
        # Two, and what was under way.
        assert 2 <= len(first.requests()) <= 4


def test_failures_with_answers_between_do_not_open_the_breaker(server, archive, tmp_path):
    for number in range(1, 9):
        write_target(archive, "Kepler", number, (1, 2))
    targets = wanted(*(f"KIC {number}" for number in range(1, 9)), segments="1,2")
    server.fault("2009259160929", 503, None)
    # Two stars at a time: at most two failures in a row.
    rows = fetch(tmp_path, targets, server.url, breaker_failures=3, connections=1)
    assert outcomes(rows) == ["transient"] * 8
    assert all("HTTP 503" in reason for reason in reasons(tmp_path).values())
    # What came is kept for the next run.
    server.clear_faults()
    server.clear()
    assert outcomes(fetch(tmp_path, targets, server.url)) == ["ok"] * 8
    assert asked(server, "2009166043257") == []


@pytest.fixture
def big(archive):
    """A file large enough to be gone on with: 1.7 MB."""
    number, rows = 9, 25_000
    name = archive_name("Kepler", number, 1)
    write_fits(archive / name, "Kepler", number, 1, rows=rows)
    assert os.stat(archive / name).st_size > 1_600_000
    return name


BIG = wanted("KIC 9", segments="1")


def test_a_large_file_is_gone_on_with(server, archive, tmp_path, big):
    size = os.stat(archive / big).st_size
    server.fault(big, "truncate", 1, at=0.9)
    assert outcomes(fetch(tmp_path, BIG, server.url)) == ["ok"]
    first, second = (request for request in server.requests() if request.path == "/" + big)
    assert (first.range, second.status) == (None, 206)
    assert second.range == f"bytes={int(size * 0.9)}-"
    assert first.sent + second.sent == size
    [event] = [event for event in read_events(tmp_path / "000.jsonl") if event.get("product") == big]
    assert (event["bytes"], event["attempts"]) == (size, 2)


def test_a_large_file_that_changed_meanwhile_is_fetched_anew(server, archive, tmp_path, big, monkeypatch):
    server.fault(big, "truncate", 1, at=0.9)
    from lightmill.network import waiting

    def change(*arguments):
        write_fits(archive / big, "Kepler", 9, 1, rows=25_000, primary={"DATA_REL": 26})
        return 0.0

    monkeypatch.setattr(waiting, "backoff_s", change)
    assert outcomes(fetch(tmp_path, BIG, server.url)) == ["ok"]
    last = [request for request in server.requests() if request.path == "/" + big][-1]
    assert last.range is not None
    assert (last.status, last.sent) == (200, os.stat(archive / big).st_size)
    assert read_stored(tmp_path / "store", "KIC 9").segments[0].sha256 == sha256_file(archive / big)


def test_a_killed_run_s_large_part_is_gone_on_with(server, archive, tmp_path, big):
    """As after a kill: the part and its note are there."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lightmill.lightcurves.target.Staging.drop_parts", lambda self: None)
        server.fault(big, "truncate", 1, at=0.8)
        assert outcomes(fetch(tmp_path, BIG, server.url, attempts=1)) == ["transient"]
    assert len(list((tmp_path / "store").rglob("*.part"))) == 1
    server.clear()
    assert outcomes(fetch(tmp_path, BIG, server.url)) == ["ok"]
    [request] = [request for request in server.requests() if request.path == "/" + big]
    assert request.status == 206
    assert fragments(tmp_path / "store", archive) == []


@pytest.mark.parametrize("note", ["", "[]", '{"url": "x", "tag": "y"}', None])
def test_a_part_of_who_knows_what_is_not_gone_on_with(server, archive, tmp_path, big, note):
    part = tmp_path / "store/staging/Kepler/000000009" / (big.rpartition("/")[2] + ".part")
    part.parent.mkdir(parents=True)
    part.write_bytes(bytes(1_200_000))
    if note is not None:
        part.with_name(part.name + ".json").write_text(note)
    assert outcomes(fetch(tmp_path, BIG, server.url)) == ["ok"]
    [request] = [request for request in server.requests() if request.path == "/" + big]
    assert (request.range, request.status) == (None, 200)


def test_a_wrong_part_with_the_right_note_costs_one_more_attempt(server, archive, tmp_path, big):
    server.fault(big, "truncate", 1, at=0.8)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("lightmill.lightcurves.target.Staging.drop_parts", lambda self: None)
        fetch(tmp_path, BIG, server.url, attempts=1)
    [part] = (tmp_path / "store").rglob("*.part")
    content = part.read_bytes()
    part.write_bytes(content[:9000] + bytes([content[9000] ^ 16]) + content[9001:])
    server.clear()
    assert outcomes(fetch(tmp_path, BIG, server.url)) == ["ok"]
    assert [request.status for request in server.requests() if request.path == "/" + big] == [206, 200]


def test_a_small_file_is_fetched_anew(server, tmp_path):
    server.fault(f"{STARS[0]:09d}-2009166043257", "truncate", 1, at=0.9)
    assert outcomes(fetch(tmp_path, TOLD, server.url)) == ["ok"] * 3
    assert {request.range for request in server.requests()} == {None}


def test_a_light_curve_that_fails_to_be_made_again_stays_as_it_was(server, archive, tmp_path):
    fetch(tmp_path, TOLD, server.url)
    before = light_curves(tmp_path / "store")
    write_target(archive, "Kepler", STARS[0], (3,), columns={"TIME": np.full(60, np.nan)})
    write_target(archive, "Kepler", STARS[1], (3,))
    server.fault(f"{STARS[1]:09d}-2009350155506", 503, None)
    rows = fetch(tmp_path, wanted(*TARGETS, segments="1,2,3"), server.url)
    assert outcomes(rows) == ["corrupt", "transient", "ok"]
    assert {name: before[name] for name in list(before)[:2]}.items() <= light_curves(tmp_path / "store").items()


def test_a_quarter_that_is_not_there_costs_no_connection(server, tmp_path, monkeypatch):
    """With TLS each would be a handshake."""
    opened = []
    real = HTTPConnection.connect
    monkeypatch.setattr(HTTPConnection, "connect", lambda self: (opened.append(1), real(self))[1])
    rows = fetch(tmp_path, wanted(*TARGETS, segments="1,2,3,4,5,6"), server.url, connections=1)
    assert outcomes(rows) == ["ok"] * 3
    assert len([request for request in server.requests() if request.status == 404]) == 3 * 6
    assert len(opened) == 1
