"""Where an archive's files are, and what is said when they are not there."""

import pytest
from lightcurves.made_fits import archive_name

from lightmill.errors import LightCurveError, LightmillError
from lightmill.lightcurves.archives import ArchiveUnavailableError, find_products, open_archives

TREES = ("missions/kepler/lightcurves", "missions/k2/lightcurves", "missions/tess/tid")


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


def found(archive, mission, target_id):
    archives = open_archives(mission, [f"file://{archive}"])
    return [(product.name, product.segment) for _, product in find_products(archives, target_id)]


def test_kepler_quarters_are_known_by_their_stamps(archive):
    names = [touch(archive, archive_name("Kepler", 757076, quarter)) for quarter in (2, 1)]
    folder = names[0].rpartition("/")[0]
    assert folder == "missions/kepler/lightcurves/0007/000757076"
    early_quarter_4 = touch(archive, f"{folder}/kplr000757076-2010009091648_llc.fits")
    of_another_time = touch(archive, f"{folder}/kplr000757076-2020000000000_llc.fits")
    for other in ("kplr000757076-2009166043257_slc.fits", "kplr000757076_lc_Q111.tar", ".x_llc.fits.part"):
        touch(archive, f"{folder}/{other}")
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
    assert found(archive, "K2", "EPIC 201437844") == [(names[0], 1), (names[1], 102), (names[2], 91)]
    assert names[1] == "missions/k2/lightcurves/c102/201400000/37000/ktwo201437844-c102_llc.fits"


def test_tess_sectors_are_found_by_listing_and_only_two_minute_files(archive):
    names = [touch(archive, archive_name("TESS", 9_000_000_001, sector)) for sector in (1, 27)]
    touch(archive, names[1].replace("-0120-s_lc", "-0120-a_fast-lc"))
    assert found(archive, "TESS", "TIC 9000000001") == [(names[0], 1), (names[1], 27)]
    assert names[0].startswith("missions/tess/tid/s0001/0000/0090/0000/0001/tess")


def test_each_file_comes_from_the_first_archive_that_has_it(tmp_path):
    first, second = tmp_path / "mirror", tmp_path / "archive"
    names = [archive_name("Kepler", 757076, quarter) for quarter in (1, 2, 3)]
    for folder, here in ((first, names[1:2]), (second, names)):
        for name in here:
            touch(folder, name)
    archives = open_archives("Kepler", [f"file://{first}", f"file://{second}"])
    urls = [product.url for _, product in find_products(archives, "KIC 757076")]
    assert urls == [f"file://{second}/{names[0]}", f"file://{first}/{names[1]}", f"file://{second}/{names[2]}"]


def test_a_relative_folder_counts_from_the_working_directory(archive, monkeypatch):
    touch(archive, archive_name("Kepler", 757076, 1))
    monkeypatch.chdir(archive.parent)
    archives = open_archives("Kepler", [f"file://{archive.name}"])
    [(owner, product)] = find_products(archives, "KIC 757076")
    with owner.open(product) as file:
        assert file.read() == b""


@pytest.mark.parametrize("mission", ["Kepler", "K2", "TESS"])
def test_an_archive_that_is_not_there_is_an_error_not_an_absence(tmp_path, mission):
    with pytest.raises(LightCurveError, match=rf"base URL 'file://{tmp_path}/gone': .*archives\.{mission.lower()}"):
        open_archives(mission, [f"file://{tmp_path}/gone"])
    with pytest.raises(LightCurveError, match="expected file://"):
        open_archives(mission, ["ftp://example.org"])


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
    [(owner, product)] = find_products(open_archives("Kepler", [f"file://{archive}"]), "KIC 757076")
    (archive / name).unlink()
    with pytest.raises(ArchiveUnavailableError, match=f"^{name}: No such file"):
        owner.open(product)


def test_the_real_archive(real_data):
    archive = real_data / "archive"
    quarters = [segment for _, segment in found(archive, "Kepler", "KIC 11442793")]
    assert quarters == [3, 4, 5]
    assert len(found(archive, "Kepler", "KIC 10666592")) == 18
    assert [segment for _, segment in found(archive, "K2", "EPIC 201437844")] == [102]
    assert [segment for _, segment in found(archive, "TESS", "TIC 261136679")] == [1]
