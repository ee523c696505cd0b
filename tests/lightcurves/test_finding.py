"""Which files are asked for, in as few requests as an archive allows."""

import pytest
from lightcurves.downloading import asked, fetch, quick, wanted
from lightcurves.made_fits import archive_name, write_target
from loopback import LoopbackArchive

from lightmill.config.archives import MISSION_ARCHIVES
from lightmill.errors import LightCurveError, LightmillError
from lightmill.lightcurves import read_stored
from lightmill.lightcurves.archives import names
from lightmill.lightcurves.archives.bases import Listings, open_bases
from lightmill.lightcurves.archives.finding import Finder
from lightmill.lightcurves.archives.names import parse_tess_file, s3_key, tree_of
from lightmill.lightcurves.archives.products import Product
from lightmill.lightcurves.archives.wanted import Wanted, read_wanted
from lightmill.network.breaker import Breakers

EPIC = 201437844


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "archive").mkdir()
    return tmp_path / "archive"


@pytest.fixture
def server(archive):
    with LoopbackArchive(archive) as running:
        yield running


def slots(mission, target, *bases, portal=None, **archive):
    settings = MISSION_ARCHIVES[mission](base_url=list(bases), **archive)
    places = open_bases(settings.base_url, quick())
    seen = Listings(places, Breakers((place.url for place in places if place.remote), 100))
    finder = Finder(mission, settings.authors, settings.chosen_segments, seen, portal)
    finder.prepare([target])
    return finder.slots(target)


def flat(found):
    return [
        (slot.segment, [[product.name for product in choice] for choice in slot.choices], slot.promised)
        for slot in found
    ]


def test_told_quarters_are_no_question(server):
    found = slots("Kepler", Wanted("KIC 757076", (1, 4)), server.url)
    folder = "missions/kepler/lightcurves/0007/000757076/kplr000757076"
    assert flat(found) == [
        # The searches that catalogs tell of began with quarter 1; the star may have been observed before.
        (0, [[f"{folder}-2009131105131_llc.fits"]], False),
        (1, [[f"{folder}-2009166043257_llc.fits"]], True),
        # Quarter 4 has a stamp of its own for the stars of module 3.
        (4, [[f"{folder}-2010078095331_llc.fits", f"{folder}-2010009091648_llc.fits"]], True),
    ]
    assert server.requests() == []


@pytest.mark.parametrize("stamp", ["2010078095331", "2010009091648"])
def test_one_of_quarter_4s_two_names_is_enough(server, archive, tmp_path, stamp):
    write_target(archive, "Kepler", 757076, (1,), primary={"QUARTER": 4})
    [path] = archive.rglob("*.fits")
    path.rename(path.with_name(f"kplr000757076-{stamp}_llc.fits"))
    row = fetch(tmp_path, wanted("KIC 757076", segments="4"), server.url)["KIC 757076"]
    assert (row.outcome, row.segments, row.detail) == ("ok", 1, "")
    assert len(asked(server)) == 3


def test_quarter_0_is_found_though_no_catalog_tells_it(server, archive, tmp_path):
    write_target(archive, "Kepler", 757076, (1, 2))
    write_target(archive, "Kepler", 757076, (3,), primary={"QUARTER": 0})
    first = archive / archive_name("Kepler", 757076, 3)
    first.rename(first.with_name("kplr000757076-2009131105131_llc.fits"))
    # Its cadences are those of quarter 3: later than the others, which does no harm.
    row = fetch(tmp_path, wanted("KIC 757076", segments="1,2"), server.url)["KIC 757076"]
    assert (row.outcome, row.segments) == ("ok", 3)


def test_listed_quarters_cost_one_request(server, archive):
    write_target(archive, "Kepler", 757076, (1, 2))
    found = slots("Kepler", Wanted("KIC 757076"), server.url)
    assert [slot.segment for slot in found] == [1, 2]
    assert asked(server) == ["/missions/kepler/lightcurves/0007/000757076/"]


def test_chosen_segments_are_all_that_is_asked_for(server, archive, tmp_path):
    write_target(archive, "Kepler", 757076, (1, 2, 3))
    for targets in (wanted("KIC 757076", segments="1,2,3"), wanted("KIC 757076")):
        server.clear()
        row = fetch(tmp_path, targets, server.url, archive={"segments": "2-3"}, store=str(len(targets.columns)))
        assert row["KIC 757076"].segments == 2
        assert asked(server, ".fits") == ["/" + archive_name("Kepler", 757076, quarter) for quarter in (2, 3)]


def k2(server, tmp_path, segments="1", **archive):
    row = fetch(tmp_path, wanted(f"EPIC {EPIC}", segments=segments), server.url, "K2", archive=archive)[f"EPIC {EPIC}"]
    return row, asked(server, ".fits")


def k2_names(campaign=1):
    return {author: archive_name("K2", EPIC, campaign, author) for author in ("K2SFF", "EVEREST", "K2")}


@pytest.mark.parametrize("there", [("K2SFF", "EVEREST", "K2"), ("EVEREST", "K2"), ("K2",)])
def test_of_k2s_pipelines_the_first_that_has_the_star_is_used(server, archive, tmp_path, there):
    for author in there:
        write_target(archive, "K2", EPIC, (1,), author=author)
    row, paths = k2(server, tmp_path)
    assert (row.outcome, row.segments, row.detail) == ("ok", 1, "")
    [segment] = read_stored(tmp_path / "store", f"EPIC {EPIC}").segments
    assert (segment.author, segment.file) == (there[0], k2_names()[there[0]])
    order = ["K2SFF", "EVEREST", "K2"]
    assert paths == ["/" + k2_names()[author] for author in order[: order.index(there[0]) + 1]]


def test_the_order_of_pipelines_is_the_configurations(server, archive, tmp_path):
    for author in ("K2SFF", "EVEREST", "K2"):
        write_target(archive, "K2", EPIC, (1,), author=author)
    row, paths = k2(server, tmp_path, authors=["K2", "EVEREST"])
    assert row.outcome == "ok"
    assert paths == ["/" + k2_names()["K2"]]


def test_a_pipeline_that_fails_is_not_replaced_by_the_next(server, archive, tmp_path):
    """Which flux a star has must not depend on who was down."""
    for author in ("K2SFF", "EVEREST", "K2"):
        write_target(archive, "K2", EPIC, (1,), author=author)
    server.fault("k2sff", 503, None)
    row, paths = k2(server, tmp_path)
    assert row.outcome == "transient"
    assert {path.split("/")[2] for path in paths} == {"k2sff"}


def test_split_campaigns_have_their_own_numbers(server, archive, tmp_path):
    halves = (91, 92, 101, 102, 111, 112)
    write_target(archive, "K2", EPIC, halves, author="K2SFF")
    row, paths = k2(server, tmp_path, segments=",".join(map(str, halves)))
    assert (row.outcome, row.segments) == ("ok", 6)
    assert [path.split("/")[3] for path in paths] == [f"c{half}" for half in halves]
    server.clear()
    row, paths = k2(server, tmp_path, segments=None)
    assert (row.outcome, row.segments) == ("ok", 6)


def test_k2_campaigns_are_found_by_listing_from_the_outer_folder_to_the_inner(server, archive, tmp_path):
    write_target(archive, "K2", EPIC, (1, 102))
    write_target(archive, "K2", EPIC, (1,), author="EVEREST")
    # In other campaigns are other stars only.
    write_target(archive, "K2", EPIC + 1, (3,))
    write_target(archive, "K2", 211000000, (5,))
    row, paths = k2(server, tmp_path, segments=None)
    assert (row.outcome, row.segments) == ("ok", 2)
    assert [segment.author for segment in read_stored(tmp_path / "store", f"EPIC {EPIC}").segments] == ["EVEREST", "K2"]
    assert {path.split("/")[-4] for path in paths if "ktwo" in path} == {"c102"}
    listed = [path for path in asked(server) if not path.endswith(".fits")]
    tree = "/missions/k2/lightcurves"
    assert sorted(listed) == sorted(
        [f"{tree}/"]
        + [f"{tree}/c{campaign}/" for campaign in (1, 102, 3, 5)]
        + [f"{tree}/c{campaign}/201400000/37000/" for campaign in (1, 102, 3)]
    )


@pytest.mark.parametrize(("mission", "target"), [("Kepler", "KIC 757076"), ("K2", f"EPIC {EPIC}")])
def test_a_bucket_and_a_web_server_find_the_same(server, archive, mission, target):
    write_target(archive, mission, int(target.split()[1]), (1, 2) if mission == "Kepler" else (1, 102))
    bucket = {"url": server.s3_url, "layout": "s3"}
    authors = {} if mission == "Kepler" else {"authors": ["K2"]}
    assert slots(mission, Wanted(target), bucket, **authors) == slots(mission, Wanted(target), server.url, **authors)


def test_the_files_of_sector_lists_are_no_question(server, archive):
    files = tuple(archive_name("TESS", 25155310, sector).rpartition("/")[2] for sector in (1, 27))
    others = (
        archive_name("TESS", 25155311, 1).rpartition("/")[2],
        archive_name("TESS", 25155310, 1, "SPOC-20s").rpartition("/")[2],
        "../../../../etc/passwd",
        "",
    )
    found = slots("TESS", Wanted("TIC 25155310", files=files + others), server.url)
    assert [(slot.segment, slot.choices[0][0].name) for slot in found] == [
        (sector, archive_name("TESS", 25155310, sector)) for sector in (1, 27)
    ]
    assert slots("TESS", Wanted("TIC 25155310", files=()), server.url) == []
    assert server.requests() == []


class Portal:
    """Answers for one star."""

    def __init__(self):
        self.questions = []

    def products(self, target_ids, authors):
        self.questions.append((list(target_ids), list(authors)))
        return {
            "TIC 25155310": [
                Product(archive_name("TESS", 25155310, sector, author), author, sector)
                for sector, author in ((1, "QLP"), (1, "TESS-SPOC"), (2, "QLP"))
            ]
        }


def test_other_pipelines_are_asked_of_the_portal_once_a_shard(server):
    portal = Portal()
    files = (archive_name("TESS", 25155310, 3).rpartition("/")[2],)
    authors = ["SPOC", "TESS-SPOC", "QLP"]
    found = slots("TESS", Wanted("TIC 25155310", files=files), server.url, portal=portal, authors=authors)
    assert portal.questions == [(["TIC 25155310"], ["TESS-SPOC", "QLP"])]
    assert [(slot.segment, [choice[0].author for choice in slot.choices]) for slot in found] == [
        (1, ["TESS-SPOC", "QLP"]),
        (2, ["QLP"]),
        (3, ["SPOC"]),
    ]
    assert server.requests() == []


def test_two_minute_files_alone_are_no_question_to_the_portal(server):
    portal = Portal()
    slots("TESS", Wanted("TIC 25155310", files=()), server.url, portal=portal)
    assert portal.questions == []


@pytest.mark.parametrize("author", ["SPOC", "SPOC-20s", "TESS-SPOC", "QLP"])
def test_every_tess_pipeline_is_found_in_a_folder(archive, author):
    write_target(archive, "TESS", 25155310, (1, 60), author=author)
    found = slots("TESS", Wanted("TIC 25155310"), f"file://{archive}", authors=[author])
    assert [(slot.segment, slot.choices) for slot in found] == [
        (sector, ((Product(archive_name("TESS", 25155310, sector, author), author, sector),),)) for sector in (1, 60)
    ]
    assert parse_tess_file(found[0].choices[0][0].file) == (author, 25155310, 1)


@pytest.mark.parametrize(
    "file", ["", "x_lc.fits", "../tess2018206045859-s0001-0000000025155310-0120-s_lc.fits", "tess２018206045859-s0001"]
)
def test_what_is_no_tess_light_curve(file):
    assert parse_tess_file(file) is None


@pytest.mark.parametrize(
    ("path", "key", "tree"),
    [
        ("missions/kepler/lightcurves", "kepler/public/lightcurves", names.KEPLER_TREE),
        ("missions/k2/lightcurves/c1/x", "k2/public/lightcurves/c1/x", names.K2_TREE),
        ("missions/tess/tid/s0001", "tess/public/tid/s0001", names.TESS_TREE),
        ("hlsps/everest/v2/c01", None, names.EVEREST_TREE),
        ("missions/kepler/lightcurves2", None, "missions/kepler/lightcurves2"),
    ],
)
def test_keys_and_trees(path, key, tree):
    assert s3_key(path) == key
    assert tree_of(path) == tree


@pytest.mark.parametrize(
    "target_id",
    ["../../etc/x", "KIC 12;rm", "KIC 1\0", "KIC １２３", f"KIC {10**30}", "KIC -1", "KIC nan", "nan", "", "KIC 0"],
)
def test_hostile_targets_get_into_no_path_and_no_url(server, archive, tmp_path, target_id):
    with pytest.raises(LightCurveError, match=r"000\.targets\.parquet: .*expected 'KIC n'"):
        fetch(tmp_path, wanted("KIC 1", target_id), server.url)
    assert server.requests() == []
    assert not (tmp_path / "store").exists()
    with pytest.raises(LightmillError, match="expected 'KIC n'"):
        slots("Kepler", Wanted(target_id), server.url)
    assert server.requests() == []


@pytest.mark.parametrize("cell", ["1,x", "1;2", "1.5", "../..", "１x"])
def test_hostile_segments_are_refused(server, tmp_path, cell):
    with pytest.raises(LightCurveError, match=r"targets\.parquet: "):
        fetch(tmp_path, wanted("KIC 1", segments=cell), server.url)
    assert server.requests() == []


def test_what_is_wanted_is_read_as_it_is_written(tmp_path):
    table = wanted("TIC 2", "TIC 1", "TIC 3", files={"TIC 1": "b, a", "TIC 2": ""})
    table["segments"] = ["2,1", "", None]
    table.to_parquet(tmp_path / "t.parquet")
    assert read_wanted(tmp_path / "t.parquet", "TESS") == [
        Wanted("TIC 1", None, ("a", "b")),
        Wanted("TIC 2", (1, 2), ()),
        Wanted("TIC 3", None, None),
    ]
