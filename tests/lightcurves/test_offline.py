"""Offline nothing is asked of anybody, and what is in the store is used."""

import socket

import pytest
from lightcurves.downloading import asked, fetch, light_curves, quick, wanted
from lightcurves.made_fits import archive_name, write_target
from loopback import LoopbackArchive

from lightmill.network.errors import OfflineError
from lightmill.network.session import patient_session, plain_session


@pytest.fixture
def server(tmp_path):
    for number in (1, 2, 3):
        write_target(tmp_path / "archive", "Kepler", number, (1, 2))
    with LoopbackArchive(tmp_path / "archive") as running:
        yield running


@pytest.fixture
def no_network(monkeypatch):
    """Whatever opens a socket fails the test, and so does whatever resolves a name."""

    def refuse(*arguments, **named):
        raise AssertionError("a socket, though offline")

    def forbid():
        monkeypatch.setattr(socket, "socket", refuse)
        monkeypatch.setattr(socket, "create_connection", refuse)
        monkeypatch.setattr(socket, "getaddrinfo", refuse)

    return forbid


@pytest.mark.parametrize(
    ("mission", "target_id", "archive"),
    [
        ("Kepler", "KIC 1", {}),
        ("K2", "EPIC 201437844", {}),
        ("TESS", "TIC 25155310", {}),
        ("TESS", "TIC 25155310", {"authors": ["TESS-SPOC", "QLP"]}),
    ],
)
@pytest.mark.parametrize("segments", [None, "1"])
def test_no_socket_is_opened(tmp_path, no_network, mission, target_id, archive, segments):
    no_network()
    bases = ["https://archive.stsci.edu", {"url": "https://stpubdata.s3.amazonaws.com", "layout": "s3"}]
    rows = fetch(tmp_path, wanted(target_id, segments=segments), bases, mission, archive=archive, offline=True)
    assert rows[target_id].outcome == "transient"
    assert "offline (network.offline)" in rows[target_id].detail


def test_what_is_in_the_store_is_used(server, tmp_path, no_network):
    first = fetch(tmp_path, wanted("KIC 1", "KIC 2", "KIC 4", segments="1,2"), server.url)
    assert [row.outcome for row in first.values()] == ["ok", "ok", "absent"]
    before = light_curves(tmp_path / "store")
    server.clear()
    with pytest.MonkeyPatch.context() as patched:
        for name in ("socket", "create_connection", "getaddrinfo"):
            patched.delattr(socket, name)
        rows = fetch(tmp_path, wanted("KIC 1", "KIC 2", "KIC 3", "KIC 4", segments="1,2"), server.url, offline=True)
    assert [row.outcome for row in rows.values()] == ["ok", "ok", "transient", "absent"]
    assert {name: row for name, row in rows.items() if name != "KIC 3"} == first
    assert light_curves(tmp_path / "store") == before
    assert asked(server) == []


def test_a_folder_is_no_network(server, tmp_path, no_network):
    no_network()
    rows = fetch(tmp_path, wanted("KIC 1", "KIC 9", segments="1,2"), f"file://{tmp_path / 'archive'}", offline=True)
    assert [row.outcome for row in rows.values()] == ["ok", "absent"]


def test_a_light_curve_is_not_made_of_what_happens_to_be_on_disk(server, tmp_path):
    """A folder with some of the files, and a server that may have more: offline nobody knows, so nothing is made."""
    name = archive_name("Kepler", 1, 1)
    mirror = tmp_path / "mirror" / name
    mirror.parent.mkdir(parents=True)
    mirror.write_bytes((tmp_path / "archive" / name).read_bytes())
    bases = [f"file://{tmp_path / 'mirror'}", server.url]
    for targets in (wanted("KIC 1", segments="1,2"), wanted("KIC 1")):
        assert fetch(tmp_path, targets, bases, offline=True)["KIC 1"].outcome == "transient"
        assert light_curves(tmp_path / "store") == {}
    assert fetch(tmp_path, wanted("KIC 1"), bases)["KIC 1"].segments == 2
    # Only what the folder lacks was asked for.
    assert asked(server, ".fits") == ["/" + archive_name("Kepler", 1, 2)]


def test_nobody_opens_a_session():
    for session in (plain_session, patient_session):
        with pytest.raises(OfflineError, match="offline"):
            session(quick(offline=True))
