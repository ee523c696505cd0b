"""Where the files of an archive on disk are, and what is said when they are not there."""

import pandas as pd
import pytest
from lightcurves.downloading import fetch
from lightcurves.made_fits import archive_name, write_target

from lightmill.config.archives import MISSION_ARCHIVES
from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError, LightmillError
from lightmill.lightcurves.archives.bases import Listings, open_bases
from lightmill.lightcurves.archives.finding import Finder
from lightmill.lightcurves.archives.products import ArchiveUnavailableError
from lightmill.lightcurves.archives.wanted import Wanted
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.lightcurves.fetching.attempts import CorruptProductError
from lightmill.lightcurves.fetching.download import Downloader
from lightmill.lightcurves.reader import read_segment
from lightmill.network.breaker import Breakers
from lightmill.network.errors import NotThereError

TREES = ("missions/kepler/lightcurves", "missions/k2/lightcurves", "missions/tess/tid")
NETWORK = NetworkSettings()


@pytest.fixture
def archive(tmp_path):
    """An archive of empty files: what is in them is of no concern here."""
    for tree in TREES:
        (tmp_path / tree).mkdir(parents=True)
    return tmp_path


def touch(archive, name):
    (archive / name).parent.mkdir(parents=True, exist_ok=True)
    (archive / name).touch()
    return name


def slots(mission, target_id, *folders, **archive):
    settings = MISSION_ARCHIVES[mission](base_url=[f"file://{folder}" for folder in folders], **archive)
    listings = Listings(open_bases(settings.base_url, NETWORK), Breakers([], 1))
    return Finder(mission, settings.authors, settings.chosen_segments, listings).slots(Wanted(target_id))


def found(archive, mission, target_id, **settings):
    return [
        (product.name, slot.segment)
        for slot in slots(mission, target_id, archive, **settings)
        for choice in slot.choices
        for product in choice
    ]


def test_kepler_quarters_are_known_by_their_stamps(archive):
    names = [touch(archive, archive_name("Kepler", 757076, quarter)) for quarter in (2, 1)]
    folder = names[0].rpartition("/")[0]
    assert folder == "missions/kepler/lightcurves/0007/000757076"
    early_quarter_4 = touch(archive, f"{folder}/kplr000757076-2010009091648_llc.fits")
    of_another_time = touch(archive, f"{folder}/kplr000757076-2020000000000_llc.fits")
    for other in ("kplr000757076-2009166043257_slc.fits", "kplr000757076_lc_Q111.tar", ".x_llc.fits.part"):
        touch(archive, f"{folder}/{other}")
    touch(archive, f"{folder}/kplr000757077-2009166043257_llc.fits")
    assert found(archive, "Kepler", "KIC 757076") == [
        (names[1], 1),
        (names[0], 2),
        (early_quarter_4, 4),
        (of_another_time, None),
    ]
    assert found(archive, "Kepler", "KIC 757077") == []


def test_k2_campaigns_are_found_by_listing(archive):
    names = [touch(archive, archive_name("K2", 201437844, campaign)) for campaign in (1, 102, 91)]
    # Another star of the same thousand, in the same folder.
    touch(archive, archive_name("K2", 201437845, 102))
    (archive / TREES[1] / "tarfiles").mkdir()
    expected = [(names[0], 1), (names[2], 91), (names[1], 102)]
    assert found(archive, "K2", "EPIC 201437844", authors=["K2"]) == expected
    assert names[1] == "missions/k2/lightcurves/c102/201400000/37000/ktwo201437844-c102_llc.fits"
    # Of each campaign the files of the other pipelines come first.
    by_author = found(archive, "K2", "EPIC 201437844")
    assert [name for name, campaign in by_author if campaign == 91] == [
        archive_name("K2", 201437844, 91, author) for author in ("K2SFF", "EVEREST", "K2")
    ]


def test_k2_campaigns_of_another_pipeline_alone_are_found_too(archive):
    name = touch(archive, archive_name("K2", 201437844, 5, "EVEREST"))
    assert (name, 5) in found(archive, "K2", "EPIC 201437844")


def test_tess_sectors_are_found_by_listing_and_only_two_minute_files(archive):
    names = [touch(archive, archive_name("TESS", 9_000_000_001, sector)) for sector in (1, 27)]
    touch(archive, names[1].replace("-0120-s_lc", "-0120-a_fast-lc"))
    assert found(archive, "TESS", "TIC 9000000001") == [(names[0], 1), (names[1], 27)]
    assert names[0].startswith("missions/tess/tid/s0001/0000/0090/0000/0001/tess")


def downloader(*folders):
    settings = MISSION_ARCHIVES["Kepler"](base_url=[f"file://{folder}" for folder in folders])
    return Downloader(open_bases(settings.base_url, NETWORK), NETWORK, Breakers([], 1))


def get(archive_or_archives, product, tmp_path):
    """Fetch a product; nothing is staged of what lies on disk."""

    def verify(file):
        return read_segment(file, product.name, "KIC 757076", product.segment, product.author)

    fetched = downloader(*archive_or_archives).fetch(product, tmp_path / "staged.fits", verify)
    assert not (tmp_path / "staged.fits").exists()
    assert fetched.received_bytes == 0
    return fetched.rows


def test_each_file_comes_from_the_first_archive_that_has_it(tmp_path):
    first, second = tmp_path / "mirror", tmp_path / "archive"
    for folder, quarters, release in ((first, (2,), 26), (second, (1, 2, 3), 25)):
        write_target(folder, "Kepler", 757076, quarters, primary={"DATA_REL": release})
    quarters = slots("Kepler", "KIC 757076", first, second)
    assert [slot.segment for slot in quarters] == [1, 2, 3]
    rows = [get((first, second), slot.choices[0][0], tmp_path) for slot in quarters]
    assert [one.segment.data_release for one in rows] == [25, 26, 25]


def test_a_relative_folder_counts_from_the_working_directory(tmp_path, monkeypatch):
    write_target(tmp_path / "archive", "Kepler", 757076, (1,))
    monkeypatch.chdir(tmp_path)
    [slot] = slots("Kepler", "KIC 757076", "archive")
    assert get(["archive"], slot.choices[0][0], tmp_path).segment.number == 1


@pytest.mark.parametrize(("mission", "target_id"), [("Kepler", "KIC 1"), ("K2", "EPIC 1"), ("TESS", "TIC 1")])
def test_an_archive_that_is_not_there_is_an_error_not_an_absence(tmp_path, mission, target_id):
    pd.DataFrame({"target_id": [target_id]}).to_parquet(tmp_path / "targets.parquet")
    archive = MISSION_ARCHIVES[mission](base_url=f"file://{tmp_path}/gone")
    with pytest.raises(LightCurveError, match=rf"base URL 'file://{tmp_path}/gone': .*archives\.{mission.lower()}"):
        fetch_shard(
            tmp_path / "targets.parquet", mission, archive, tmp_path / "store", tmp_path / "m", tmp_path / "products"
        )
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("url", ["ftp://example.org", "http://example.org", "/archive", "", "file://"])
def test_what_is_no_place_is_refused(url):
    with pytest.raises(ValueError, match=r"expected a URL that starts with https://|expected https|expected a folder"):
        MISSION_ARCHIVES["Kepler"](base_url=url)


@pytest.mark.parametrize("target_id", ["../../x", "KIC ../1", "KIC 0", "KIC 1\n", "KIC １２", "KIC 123456789012"])
def test_what_is_no_target_gets_into_no_path(archive, target_id):
    with pytest.raises(LightmillError, match="expected 'KIC n'"):
        found(archive, "Kepler", target_id)


def test_what_cannot_be_listed_or_opened_is_unavailable(archive):
    folder = archive / "missions/kepler/lightcurves/0007"
    # A file where a folder should be stands for every reason not to be able to list it (root may list anything).
    folder.touch()
    with pytest.raises(ArchiveUnavailableError, match="missions/kepler/lightcurves/0007/000757076: Not a directory"):
        found(archive, "Kepler", "KIC 757076")
    folder.unlink()
    name = touch(archive, archive_name("Kepler", 757076, 1))
    [slot] = slots("Kepler", "KIC 757076", archive)
    with pytest.raises(CorruptProductError, match=f"^{name}: not a FITS file"):
        get([archive], slot.choices[0][0], archive)
    (archive / name).unlink()
    with pytest.raises(NotThereError, match=f"^{name}: no archive has it"):
        get([archive], slot.choices[0][0], archive)
    (archive / name).mkdir()
    with pytest.raises(ArchiveUnavailableError, match=f"^{name}: Is a directory"):
        get([archive], slot.choices[0][0], archive)


def test_a_file_that_vanishes_between_list_and_reading_is_told(tmp_path, monkeypatch):
    """On disk a list is as good as a promise."""
    write_target(tmp_path / "archive", "Kepler", 757076, (1, 2))
    real = Finder.slots

    def vanishing(self, wanted):
        found = real(self, wanted)
        (tmp_path / "archive" / archive_name("Kepler", 757076, 2)).unlink()
        return found

    monkeypatch.setattr(Finder, "slots", vanishing)
    row = fetch(tmp_path, ["KIC 757076"], f"file://{tmp_path / 'archive'}")["KIC 757076"]
    assert row.segments == 1
    assert row.detail.startswith("not in the archive, though a list names it: missions/kepler")


def test_the_real_archive(real_data):
    archive = real_data / "archive"
    quarters = [segment for _, segment in found(archive, "Kepler", "KIC 11442793")]
    assert quarters == [3, 4, 5]
    assert len(found(archive, "Kepler", "KIC 10666592")) == 18
    assert [segment for _, segment in found(archive, "K2", "EPIC 201437844", authors=["K2"])] == [102]
    assert [segment for _, segment in found(archive, "TESS", "TIC 261136679")] == [1]
