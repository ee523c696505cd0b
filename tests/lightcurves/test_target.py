"""One target: what it is asked again for, and what not."""

import pytest
from lightcurves.downloading import asked, fetch, light_curves, reasons, wanted
from lightcurves.made_fits import archive_name, write_target
from loopback import LoopbackArchive

from lightmill.lightcurves import read_stored, target
from lightmill.lightcurves.store import read_stored_file, store_path

NUMBER = 25155310
TARGET = f"TIC {NUMBER}"


@pytest.fixture
def archive(tmp_path):
    write_target(tmp_path / "archive", "TESS", NUMBER, (1, 2))
    return tmp_path / "archive"


@pytest.fixture
def server(archive):
    with LoopbackArchive(archive) as running:
        yield running


def named(*sectors):
    return wanted(TARGET, files={TARGET: ",".join(archive_name("TESS", NUMBER, n).rpartition("/")[2] for n in sectors)})


def get(tmp_path, server, *sectors, **more):
    return fetch(tmp_path, named(*sectors), server.url, "TESS", **more)[TARGET]


def test_a_file_that_a_list_names_and_the_archive_lacks_is_said_every_time(server, tmp_path):
    row = get(tmp_path, server, 1, 2, 3)
    missing = archive_name("TESS", NUMBER, 3)
    assert (row.outcome, row.segments) == ("ok", 2)
    assert row.detail == f"not in the archive, though a list names it: {missing}"
    origin = read_stored_file(tmp_path / "store", TARGET).origin
    assert [facts.name for facts in origin.absent] == [missing]
    server.clear()
    assert get(tmp_path, server, 1, 2, 3) == row
    assert asked(server) == []


def test_all_files_named_and_none_there_is_absent(server, tmp_path):
    row = get(tmp_path, server, 3, 4)
    assert (row.outcome, row.detail) == ("absent", "no light-curve file in the archive")
    assert list((tmp_path / "store").glob("staging/*/*")) == []


def test_what_was_left_out_is_said_every_time(server, archive, tmp_path):
    older = archive_name("TESS", NUMBER, 1)
    newer = older.replace("-0120-", "-0121-")
    write_target(archive, "TESS", NUMBER, (1,), primary={"DATA_REL": 26})
    (archive / newer).write_bytes((archive / older).read_bytes())
    write_target(archive, "TESS", NUMBER, (1,), primary={"DATA_REL": 1})
    files = ",".join(name.rpartition("/")[2] for name in (older, newer))
    rows = [fetch(tmp_path, wanted(TARGET, files={TARGET: files}), server.url, "TESS")[TARGET] for _ in range(2)]
    assert rows[0] == rows[1]
    assert rows[0].detail == f"left out, an older delivery of the same segment: {older}"
    assert read_stored(tmp_path / "store", TARGET).segments[0].file == newer
    assert len(asked(server)) == 2


def test_a_segment_that_is_taken_back_leaves_what_a_fresh_start_gives(server, tmp_path):
    get(tmp_path, server, 1, 2)
    server.clear()
    assert get(tmp_path, server, 2).segments == 1
    assert asked(server) == []
    get(tmp_path, server, 2, store="fresh", name="fresh")
    assert light_curves(tmp_path / "store") == light_curves(tmp_path / "fresh")


def test_a_corrupt_answer_is_forgotten_with_another_question(server, archive, tmp_path):
    write_target(archive, "TESS", NUMBER, (2,), columns={"PDCSAP_FLUX": None})
    assert get(tmp_path, server, 1, 2).outcome == "corrupt"
    answer = store_path(tmp_path / "store", TARGET).with_suffix(".json")
    assert answer.exists()
    server.clear()
    assert get(tmp_path, server, 1, 2).outcome == "corrupt"
    assert asked(server) == []
    assert get(tmp_path, server, 1).outcome == "ok"
    assert not answer.exists()


def test_other_code_judges_anew(server, archive, tmp_path, monkeypatch):
    write_target(archive, "TESS", NUMBER, (2,), columns={"PDCSAP_FLUX": None})
    assert get(tmp_path, server, 1, 2).outcome == "corrupt"
    write_target(archive, "TESS", NUMBER, (2,))
    monkeypatch.setattr(target, "_code", lambda: "other code")
    assert get(tmp_path, server, 1, 2).outcome == "ok"


def test_after_a_failure_the_files_that_came_are_not_asked_for_again(server, tmp_path):
    server.fault("s0002", 503, None)
    row = get(tmp_path, server, 1, 2)
    assert row.outcome == "transient"
    assert archive_name("TESS", NUMBER, 2) in row.detail
    server.clear_faults()
    server.clear()
    assert get(tmp_path, server, 1, 2).outcome == "ok"
    assert asked(server) == ["/" + archive_name("TESS", NUMBER, 2)]


def test_all_that_failed_is_counted(server, tmp_path):
    server.fault("_lc.fits", 503, None)
    assert get(tmp_path, server, 1, 2).detail.endswith("not to be had just now; the log says why (and 1 more)")
    assert reasons(tmp_path)[TARGET].count("HTTP 503 Service Unavailable") == 2


def test_a_fuller_archive_is_asked_for_what_the_first_one_lacked(server, archive, tmp_path):
    mirror = tmp_path / "mirror"
    write_target(mirror, "TESS", NUMBER, (1,))
    with LoopbackArchive(mirror) as poor:
        assert get(tmp_path, poor, 1, 2).segments == 1
        assert get(tmp_path, poor, 1, 2).segments == 1
        bases = [poor.url, server.url]
        row = fetch(tmp_path, named(1, 2), bases, "TESS")[TARGET]
    assert (row.segments, row.detail) == (2, "")
    assert asked(server) == ["/" + archive_name("TESS", NUMBER, 2)]
    assert light_curves(tmp_path / "store") == from_scratch(tmp_path, server, 1, 2)


def from_scratch(tmp_path, server, *sectors):
    get(tmp_path, server, *sectors, store="fresh", name="fresh")
    return light_curves(tmp_path / "fresh")


def test_another_layout_of_the_same_url_is_another_question(server, tmp_path):
    base = {"url": server.s3_url, "layout": "archive"}
    assert fetch(tmp_path, named(1), [base], "TESS")[TARGET].outcome == "absent"
    assert fetch(tmp_path, named(1), [{**base, "layout": "s3"}], "TESS")[TARGET].outcome == "ok"


def test_what_is_chosen_concerns_only_whose_files_are_not_listed(server, tmp_path):
    """A new sector in the configuration leaves alone the stars that were not observed in it."""
    get(tmp_path, server, 1, 2, archive={"segments": "1-2"})
    before = light_curves(tmp_path / "store")
    server.clear()
    for written in ("1 - 2", "1-3"):
        assert get(tmp_path, server, 1, 2, archive={"segments": written}).outcome == "ok"
    assert light_curves(tmp_path / "store") == before
    assert asked(server) == []


def test_what_manifests_say_of_a_failure_is_the_same_every_time(server, tmp_path):
    server.fault("s0002", 503, count=None)
    rows = [get(tmp_path, server, 1, 2) for _ in range(2)]
    missing = archive_name("TESS", NUMBER, 2)
    assert {row.detail for row in rows} == {f"{missing}: not to be had just now; the log says why"}
