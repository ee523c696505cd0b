"""Places: folders, web servers, buckets; what they list, and what they say that they do not."""

import pytest
from lightcurves.downloading import QUICK, fetch, quick, reasons
from lightcurves.made_fits import archive_name, write_target
from loopback import LoopbackArchive

from lightmill.config.archives import KeplerArchive
from lightmill.lightcurves.archives.bases import FolderBase, Listings, NotListableError, WebBase, open_bases
from lightmill.lightcurves.archives.listings import names_in_index, read_bucket_page
from lightmill.lightcurves.archives.products import ArchiveUnavailableError
from lightmill.network.breaker import Breakers
from lightmill.network.errors import RefusedError, TransientError

TREE = "missions/kepler/lightcurves"
FOLDER = f"{TREE}/0007/000757076"
HERE = "https://archive/missions/x/"


@pytest.fixture
def archive(tmp_path):
    for quarter in (1, 2):
        path = tmp_path / "archive" / archive_name("Kepler", 757076, quarter)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / "archive"


@pytest.fixture
def server(archive):
    with LoopbackArchive(archive) as running:
        yield running


def opened(*bases, **network):
    return open_bases(KeplerArchive(base_url=list(bases)).base_url, quick(**network))


def listings(*bases, **network):
    places = opened(*bases, **network)
    return Listings(places, Breakers((base.url for base in places if base.remote), QUICK["breaker_failures"]))


def bucket(server):
    return {"url": server.s3_url, "layout": "s3"}


FILES = sorted(archive_name("Kepler", 757076, quarter).rpartition("/")[2] for quarter in (1, 2))


def test_all_places_list_the_same(server, archive):
    for base in opened(f"file://{archive}", server.url, bucket(server)):
        assert base.listed(FOLDER) == FILES
        assert base.listed(TREE) == ["0007"]
        assert base.listed(FOLDER, FILES[1][:20]) == FILES[1:]
        assert base.listed(f"{TREE}/0008/000857076") is None


def test_where_a_product_is(server, archive):
    name = f"{FOLDER}/{FILES[0]}"
    assert [base.locate(name) for base in opened(f"file://{archive}", server.url, bucket(server))] == [
        f"file://{archive}/{name}",
        f"{server.url}/{name}",
        f"{server.s3_url}/kepler/public/lightcurves/0007/000757076/{FILES[0]}",
    ]
    hlsp = archive_name("K2", 201437844, 1, "K2SFF")
    assert opened(bucket(server))[0].locate(hlsp) is None
    assert opened(bucket(server))[0].listed("hlsps/k2sff") is None
    keys = {
        archive_name("K2", 201437844, 102): "k2/public/lightcurves/c102/201400000/37000/ktwo201437844-c102_llc.fits",
        archive_name("TESS", 25155310, 1): "tess/public/tid/s0001/0000/0000/2515/5310/",
    }
    for name, key in keys.items():
        assert opened(bucket(server))[0].locate(name).startswith(f"{server.s3_url}/{key}")


def test_a_name_is_quoted_in_a_url(server):
    assert opened(server.url)[0].locate("a b/c#d?e%") == f"{server.url}/a%20b/c%23d%3Fe%25"


def test_a_bucket_is_listed_to_its_last_page(server, archive):
    for number in range(2_500):
        (archive / TREE / f"{number:04d}").mkdir(exist_ok=True)
        (archive / TREE / f"{number:04d}" / "x").touch()
    assert opened(bucket(server))[0].listed(TREE) == [f"{number:04d}" for number in range(2_500)]
    assert len(server.requests()) == 3
    assert {request.query.split("&continuation")[0] for request in server.requests()} == {
        "list-type=2&delimiter=/&prefix=kepler/public/lightcurves/"
    }


def test_a_page_that_fails_fails_the_list(server, archive):
    for number in range(1_200):
        (archive / TREE / f"{number:04d}").mkdir(exist_ok=True)
        (archive / TREE / f"{number:04d}" / "x").touch()
    server.fault("continuation-token", 503, None)
    with pytest.raises(TransientError, match="HTTP 503"):
        opened(bucket(server))[0].listed(TREE)
    server.clear_faults()
    server.fault("continuation-token", 503, 2)
    assert len(opened(bucket(server))[0].listed(TREE)) == 1_200


@pytest.mark.parametrize("kind", ["truncate", "truncate_nolength", "html", "null", "zero", "bad_gzip", "reset"])
def test_a_list_with_a_fault_is_no_list(server, kind):
    """Never a shorter one: what is missing in a list is absent."""
    for base in opened(server.url, bucket(server)):
        server.clear_faults()
        server.fault("", kind, None)
        with pytest.raises((TransientError, NotListableError)):
            base.listed(FOLDER)
        server.clear_faults()
        server.fault("", kind, 1)
        try:
            assert base.listed(FOLDER) == FILES
        except NotListableError:
            assert kind in ("html", "null", "zero", "truncate_nolength")
            assert isinstance(base, WebBase)


def test_what_is_listed_is_remembered(server, archive):
    names = listings(f"file://{archive}", server.url)
    for _ in range(3):
        assert names.names(FOLDER) == set(FILES)
        assert names.names(f"{TREE}/0008") is None
    # The tree, to know whether folders are shown at all.
    assert [request.path for request in server.requests()] == [f"/{FOLDER}/", f"/{TREE}/0008/", f"/{TREE}/"]


def test_a_failure_is_not_remembered(server):
    names = listings(server.url)
    server.fault("", 503, 3)
    with pytest.raises(TransientError, match="503"):
        names.names(FOLDER)
    assert names.names(FOLDER) == set(FILES)


def test_the_first_server_that_has_a_folder_answers_for_it(server, archive, tmp_path):
    other = tmp_path / "other"
    (other / FOLDER).mkdir(parents=True)
    (other / FOLDER / "of another").touch()
    disk = tmp_path / "disk"
    (disk / FOLDER).mkdir(parents=True)
    (disk / FOLDER / "on disk").touch()
    with LoopbackArchive(other) as second:
        assert listings(server.url, second.url).names(FOLDER) == set(FILES)
        assert second.requests() == []
        assert listings(second.url, server.url).names(FOLDER) == {"of another"}
        assert listings(f"file://{disk}", second.url).names(FOLDER) == {"of another", "on disk"}
        assert listings(f"file://{disk}", second.url).names_on_disk(FOLDER) == {"on disk"}
        # One that fails does not make the next one's answer an absence.
        second.fault("", 503, None)
        assert listings(second.url, server.url).names(FOLDER) == set(FILES)
        with pytest.raises(TransientError, match="503"):
            listings(second.url, server.url).names(f"{TREE}/0008/000857076")


@pytest.mark.parametrize("status", [403, 404])
def test_a_server_that_shows_no_folder_says_of_none_that_it_is_not_there(server, status):
    server.set(index=status)
    with pytest.raises(NotListableError, match=r"does not list its folders|shows no folder missions/kepler"):
        listings(server.url).names(FOLDER)


@pytest.mark.parametrize("status", [403, 404])
def test_where_nothing_is_listed_files_are_tried_by_name(tmp_path, status):
    archive = tmp_path / "archive"
    write_target(archive, "Kepler", 757076, (1, 2, 3))
    write_target(archive, "K2", 201437844, (1,))
    write_target(archive, "TESS", 25155310, (1,))
    with LoopbackArchive(archive, index=status) as server:
        rows = fetch(tmp_path, ["KIC 757076", "KIC 1"], server.url)
        assert [(row.outcome, row.segments) for row in rows.values()] == [("absent", 0), ("ok", 3)]
        # Every quarter of both by all its names.
        assert len([request for request in server.requests() if request.path.endswith(".fits")]) == 2 * 19
        rows = fetch(tmp_path, ["EPIC 201437844", "EPIC 201437845"], server.url, "K2")
        assert [(row.outcome, row.segments) for row in rows.values()] == [("ok", 1), ("absent", 0)]
        # TESS's names have a time in them that nobody can know: nothing is said, and nothing remembered.
        row = fetch(tmp_path, ["TIC 25155310"], server.url, "TESS")["TIC 25155310"]
        assert row.outcome == "transient"
        assert "missions/tess/tid" in reasons(tmp_path)["TIC 25155310"]
        server.set(index=200)
        assert fetch(tmp_path, ["TIC 25155310"], server.url, "TESS")["TIC 25155310"].outcome == "ok"


def test_a_bucket_that_refuses_to_list_is_not_listable(server):
    server.fault("list-type", 403, None)
    with pytest.raises(NotListableError, match="does not list its keys"):
        opened(bucket(server))[0].listed(FOLDER)


def test_a_bucket_whose_pages_never_end_is_given_up(server, monkeypatch):
    monkeypatch.setattr("lightmill.lightcurves.archives.bases._MOST_PAGES", 1)
    monkeypatch.setattr(
        "lightmill.lightcurves.archives.bases.read_bucket_page",
        lambda *page: read_bucket_page(*page)._replace(token="again"),
    )
    with pytest.raises(ArchiveUnavailableError, match="more than 1 pages"):
        opened(bucket(server))[0].listed(FOLDER)


def test_of_folders_on_disk_all_are_looked_at(archive, tmp_path):
    (tmp_path / "b" / FOLDER).mkdir(parents=True)
    (tmp_path / "b" / FOLDER / "z").touch()
    assert listings(f"file://{archive}", f"file://{tmp_path}/b").names(FOLDER) == {*FILES, "z"}


def test_what_is_left_out_offline(server, archive):
    bases = opened(f"file://{archive}", server.url, offline=True)
    assert [type(base) for base in bases] == [FolderBase]
    assert [type(base) for base in opened(f"file://{archive}", server.url)] == [FolderBase, WebBase]


def test_a_refusal_to_list_is_no_refusal_to_give(server):
    assert not issubclass(NotListableError, RefusedError)


INDEX = "<html><title>Index of /x</title>{}</html>"


@pytest.mark.parametrize(
    ("links", "names"),
    [
        ('<a href="a.fits">a.f..</a><a href="b/">b</a>', ["a.fits", "b"]),
        ('<a href="?C=N;O=D">Name</a><a href="/missions/">Parent Directory</a>', []),
        ('<a href="./a.fits">a</a><A HREF="A%20b">x</A>', ["A b", "a.fits"]),
        ('<a href="../../etc/passwd">x</a><a href="..">x</a><a href=".">x</a><a href="">x</a><a>x</a>', []),
        ('<a href="%2e%2e%2fpasswd">x</a><a href="..%2Fx">x</a><a href="%2fetc">x</a>', []),
        ('<a href="https://example.org/a.fits">x</a><a href="//example.org/a.fits">x</a>', []),
        ('<a href="javascript:a">x</a><a href="file:a">x</a><a href="a.fits?x=1">x</a>', []),
        ('<a href="a.fits"><a href="a.fits">', ["a.fits"]),
        ('<a href="a.fits', []),
    ],
)
def test_links_of_an_index_page(links, names):
    assert names_in_index(INDEX.format(links), HERE) == names


@pytest.mark.parametrize(
    "page", ["", "null", "<html><h1>Down for maintenance</h1><a href='x'>x</a></html>", INDEX[:-7], "\0" * 9]
)
def test_what_is_no_index_page(page):
    assert names_in_index(page, HERE) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "<html></html>",
        "<ListBucketResult>",
        "<Error><Code>AccessDenied</Code></Error>",
        '<!DOCTYPE a [<!ENTITY b "c">]><ListBucketResult><Contents><Key>&b;</Key></Contents></ListBucketResult>',
        "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
    ],
)
def test_what_is_no_page_of_a_bucket(text):
    with pytest.raises(TransientError, match=r"^https://b/\?x: "):
        read_bucket_page(text, "https://b/?x")


@pytest.mark.parametrize("start", ["/missions/x/", "https://archive/missions/x/", "//archive/missions/x/", "../x/"])
def test_links_may_be_written_in_full(start):
    """Some servers write addresses in place of names: taken for none, every folder would be empty."""
    page = INDEX.format(
        f'<a href="/missions/">Parent Directory</a><a href="{start}a.fits">a</a><a href="{start}b/">b</a>'
    )
    assert names_in_index(page, HERE) == ["a.fits", "b"]
