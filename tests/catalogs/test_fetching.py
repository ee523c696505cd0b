"""Fresh catalogs, fetched from a TAP service on this machine: what is kept, what is said, what goes wrong."""

import socket

import pandas as pd
import pytest
from loopback import LoopbackArchive
from typer.testing import CliRunner

from lightmill.catalogs.fetching import SOURCES, fetch_catalog
from lightmill.catalogs.reading import read_catalog
from lightmill.cli import app
from lightmill.config.network import NetworkSettings
from lightmill.errors import CatalogError
from lightmill.network.errors import NetworkError, OfflineError, TransientError

SYNC = "POST /TAP/sync"
WHOLE = r"POST /TAP/sync.*select \*"


@pytest.fixture
def service(table, tmp_path):
    """A function: serve tables of sound rows, by their names at the Archive, with these changes."""
    running = []

    def serve(**tables):
        kinds = {"cumulative": "koi", "k2pandc": "k2pandc", "toi": "toi", "q1_q17_dr25_tce": "dr25_tce"}
        paths = {
            name: table(kinds[name], *changes, name=f"{name}_{len(running)}.csv") for name, changes in tables.items()
        }
        (tmp_path / "archive").mkdir(exist_ok=True)
        running.append(LoopbackArchive(tmp_path / "archive", tables=paths))
        running[-1].start()
        return running[-1]

    yield serve
    for server in running:
        server.stop()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "catalogs"


def settings(server, **others):
    url = server if isinstance(server, str) else server.tap_url
    return NetworkSettings(**{"tap_url": url, "backoff_s": 0, "attempts": 3, "deadline_s": 20, **others})


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


SECOND = {"kepoi_name": "K00752.02", "koi_period": "54.4183827"}


def test_every_table_of_the_archive_comes_back_as_signals(service, folder):
    server = service(
        cumulative=[{}, SECOND],
        k2pandc=[{}],
        toi=[{"toi": "100.10"}, {"toi": "100.01"}],
        q1_q17_dr25_tce=[{}],
    )
    expected = {
        "koi": ["KOI K00752.01", "KOI K00752.02"],
        "k2": ["K2 EPIC 201126503 b"],
        "toi": ["TOI 100.01", "TOI 100.10"],
        "dr25-tce": ["DR25 7904375-01"],
    }
    for name, signals in expected.items():
        fetched = fetch_catalog(name, settings(server), folder)
        path = fetched.snapshot.path
        assert path.name.startswith(f"{SOURCES[name].stem}_20")
        read = read_catalog(path)
        assert (read.info.table, read.rejected.empty) == (SOURCES[name].kind, True)
        assert read.signals["signal_id"].tolist() == signals
        assert read.info.snapshot_date is not None
        assert (fetched.snapshot.is_new, fetched.difference, fetched.unread) == (True, None, "")
    assert len(names(folder)) == 8


def test_values_are_those_of_the_table_to_the_last_digit(service, table, folder):
    rows = [{}, {**SECOND, "koi_time0bk": "170.53875123456", "koi_depth": "", "koi_prad": "1e-7"}]
    fetched = fetch_catalog("koi", settings(service(cumulative=rows)), folder)
    direct = read_catalog(table("koi", *rows, name="direct.csv"))
    pd.testing.assert_frame_equal(
        fetched.snapshot.catalog.signals.drop(columns="line"), direct.signals.drop(columns="line"), check_exact=True
    )


def test_unchanged_then_changed(service, folder):
    server = service(cumulative=[{}, SECOND])
    first = fetch_catalog("koi", settings(server), folder)
    again = fetch_catalog("koi", settings(server), folder)
    assert (again.snapshot.path, again.snapshot.is_new, again.difference) == (first.snapshot.path, False, None)
    changed = service(cumulative=[{"koi_disposition": "FALSE POSITIVE"}, {**SECOND, "kepoi_name": "K00752.03"}])
    third = fetch_catalog("koi", settings(changed), folder)
    assert third.snapshot.previous == first.snapshot.path
    assert third.difference.signals == {"new": 1, "gone": 1, "target": 0, "disposition": 1, "ephemeris": 0}


def test_a_snapshot_that_cannot_be_read_is_not_compared_with(service, folder):
    folder.mkdir()
    head = "kepid,kepoi_name,koi_disposition,koi_period,koi_time0bk,koi_duration,koi_depth\n"
    (folder / "broken_2020.01.01.csv").write_text(head)
    fetched = fetch_catalog("koi", settings(service(cumulative=[{}])), folder)
    assert fetched.snapshot.is_new
    assert fetched.difference is None
    assert "no rows below them" in fetched.unread


def test_news_of_a_mirror_are_none(service, folder):
    """The same table from another address makes the same bytes."""
    one, other = service(toi=[{}]), service(toi=[{}])
    assert fetch_catalog("toi", settings(one), folder).snapshot.is_new
    assert not fetch_catalog("toi", settings(other), folder).snapshot.is_new


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        (503, {}),
        (503, {"retry_after": 0}),
        (429, {}),
        ("reset", {}),
        ("truncate", {}),
        ("truncate_nolength", {}),
        ("zero", {}),
        ("html", {}),
    ],
)
def test_what_passes_is_tried_again(service, folder, kind, options):
    server = service(cumulative=[{}, SECOND])
    server.fault(WHOLE, kind, count=2, **options)
    assert len(fetch_catalog("koi", settings(server), folder).snapshot.catalog.signals) == 2
    assert len(server.requests()) == 4


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (503, "HTTP 503"),
        ("html", "a web page, expected a whole VOTable"),
        ("zero", "empty answer"),
        ("truncate_nolength", "a VOTable cut short"),
        (404, "HTTP 404"),
        (403, "HTTP 403"),
    ],
)
def test_what_does_not_pass_is_said_and_nothing_is_kept(service, folder, kind, said):
    server = service(cumulative=[{}, SECOND])
    fetch_catalog("koi", settings(server), folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    server.fault(WHOLE, kind, count=None)
    with pytest.raises(NetworkError, match=said) as caught:
        fetch_catalog("koi", settings(server), folder)
    assert f"{server.tap_url}/sync" in str(caught.value)
    assert "expected the table cumulative of the NASA Exoplanet Archive by TAP" in str(caught.value)
    assert "check network.tap_url, or try again later" in str(caught.value)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_server_that_hangs_is_given_up(service, folder):
    server = service(cumulative=[{}])
    server.fault(SYNC, "hang", count=None)
    with pytest.raises(TransientError, match="expected the table cumulative"):
        fetch_catalog("koi", settings(server, read_timeout_s=0.2, deadline_s=1), folder)
    assert names(folder) == []


def test_a_table_that_the_service_does_not_have(service, folder):
    server = service(toi=[{}])
    with pytest.raises((CatalogError, NetworkError), match=r"TAP/sync.*cumulative"):
        fetch_catalog("koi", settings(server), folder)
    assert len(server.requests()) == 1
    assert names(folder) == []


def test_a_service_that_is_not_there(folder):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/TAP"
        with pytest.raises(TransientError, match=r"check network.tap_url, or try again later") as caught:
            fetch_catalog("toi", settings(url), folder)
    assert url in str(caught.value)


def test_offline_no_socket_is_opened(service, folder, monkeypatch):
    server = service(toi=[{}])
    fetch_catalog("toi", settings(server), folder)

    def no_socket(*_, **__):
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    monkeypatch.setattr(socket, "create_connection", no_socket)
    for name in ("toi", "exominer"):
        with pytest.raises(OfflineError, match=r"offline \(network.offline\)"):
            fetch_catalog(name, settings(server, offline=True), folder)
    assert len(names(folder)) == 2


def test_a_catalog_that_is_none():
    with pytest.raises(CatalogError, match="no catalog 'kic' to fetch; there are koi, k2, toi, exominer, dr25-tce"):
        fetch_catalog("kic", NetworkSettings())


class TestExoMiner:
    """A file of a repository, served here as a file of the archive's tree."""

    PATH = "hlsps/exominer/vetting.csv"

    @pytest.fixture
    def served(self, service, table, tmp_path):
        """The server, and the file it serves."""
        server = service()
        path = tmp_path / "archive" / self.PATH
        path.parent.mkdir(parents=True)
        path.write_bytes(table("exominer", {}, {"TCE ID": "390651552-2-S23", "Planet Number": "2"}).read_bytes())
        return server, path

    def test_it_is_kept_byte_for_byte(self, served, folder):
        server, path = served
        fetched = fetch_catalog("exominer", settings(server, exominer_url=f"{server.url}/{self.PATH}"), folder)
        assert fetched.snapshot.path.read_bytes() == path.read_bytes()
        assert fetched.snapshot.path.name.startswith("exominer_vetting_20")
        assert read_catalog(fetched.snapshot.path).info.table == "exominer"
        assert not fetch_catalog(
            "exominer", settings(server, exominer_url=f"{server.url}/{self.PATH}"), folder
        ).snapshot.is_new

    @pytest.mark.parametrize("kind", ["html", "truncate_nolength", "zero", 503])
    def test_only_whole(self, served, folder, kind):
        server, _ = served
        server.fault("vetting", kind, count=None)
        with pytest.raises(TransientError, match=r"the ExoMiner vetting catalog as CSV: check network\.exominer"):
            fetch_catalog("exominer", settings(server, exominer_url=f"{server.url}/{self.PATH}"), folder)
        assert names(folder) == []

    def test_another_table_in_its_place(self, served, table, folder):
        server, path = served
        path.write_bytes(table("toi").read_bytes())
        with pytest.raises(CatalogError, match=r"vetting.csv: refused, and not kept: this is TESS Objects"):
            fetch_catalog("exominer", settings(server, exominer_url=f"{server.url}/{self.PATH}"), folder)


def run(*arguments):
    return CliRunner().invoke(app, ["catalog", "fetch", *map(str, arguments)])


def test_the_command(service, folder, tmp_path):
    server = service(cumulative=[{}, {**SECOND, "koi_period": "-1"}])
    config = tmp_path / "config.yaml"
    config.write_text(f"run: x\nnetwork: {{tap_url: '{server.tap_url}', backoff_s: 0}}\n")
    done = run("koi", "--config", config, "--folder", folder)
    assert done.exit_code == 0, done.output
    assert f"new snapshot {folder}/cumulative_20" in done.output
    assert "2 = 1 signals + 1 rejected + 0 merged" in done.output
    assert "koi_period -1: a period cannot be negative" in done.output
    assert "the first snapshot of this table here" in done.output

    changes = tmp_path / "changes.csv"
    done = run("koi", "--config", config, "--folder", folder, "--changes", changes)
    assert "unchanged: " in done.output
    assert len(pd.read_csv(changes)) == 0

    other = service(cumulative=[{"koi_disposition": "CANDIDATE"}])
    done = run("koi", "--config", config, "--tap-url", other.tap_url, "--folder", folder, "--changes", changes)
    assert done.exit_code == 0, done.output
    assert "changed dispositions      1" in done.output
    assert pd.read_csv(changes)["new"].tolist() == ["CANDIDATE"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kic"], "no catalog 'kic' to fetch"),
        (["koi", "--tap-url", "http://an.archive/TAP"], "expected https://"),
        (["koi", "--tap-url", "ftp://an.archive/TAP"], "expected a URL that starts with https://"),
        (["koi", "--config", "nothing.yaml"], "nothing.yaml"),
    ],
)
def test_errors_of_the_command_take_one_line(arguments, message, tmp_path):
    done = run(*arguments, "--folder", tmp_path)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert message in done.stderr
    assert done.stderr.strip().count("\n") == 1  # what is fetched, and what came of it


def test_a_service_that_is_down_ends_the_command_with_one_line(service, folder):
    server = service(cumulative=[{}])
    server.fault(SYNC, 404, count=None)
    done = run("koi", "--tap-url", server.tap_url, "--folder", folder)
    assert done.exit_code == 1
    error = done.stderr.strip().splitlines()[-1]
    assert error.startswith(f"error: {server.tap_url}/sync: HTTP 404")
    assert names(folder) == []
