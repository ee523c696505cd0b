"""Where files lie on their way, and whose turn it is."""

import errno
import fcntl

import pytest

from lightmill.errors import StoreError
from lightmill.lightcurves.archives.products import Product
from lightmill.lightcurves.fetching.locks import target_lock
from lightmill.lightcurves.fetching.staging import Staging, on_disk

PRODUCT = Product("missions/kepler/lightcurves/0000/000000001/a.fits", "Kepler", 1)


@pytest.fixture
def staging(tmp_path):
    return Staging(tmp_path, "KIC 1")


def put(path, content=b"x"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_places(staging, tmp_path):
    assert staging.path(PRODUCT) == tmp_path / "staging/Kepler/000000001/a.fits"
    assert staging.kept(PRODUCT) == tmp_path / "fits" / PRODUCT.name
    assert not staging.exists()
    put(staging.path(PRODUCT))
    assert staging.exists()


def test_parts_are_dropped_and_whole_files_are_not(staging):
    whole = put(staging.path(PRODUCT))
    for end in (".part", ".part.json"):
        put(whole.with_name("b.fits" + end))
    staging.drop_parts()
    assert list(whole.parent.iterdir()) == [whole]
    whole.unlink()
    staging.drop_parts()
    assert not staging.exists()
    staging.drop_parts()


@pytest.mark.parametrize("keep", [True, False])
def test_finishing_keeps_files_or_not_and_leaves_no_others(staging, keep):
    put(staging.path(PRODUCT), b"content")
    put(staging.path(PRODUCT).with_name("of another quarter.fits"))
    staging.finish([PRODUCT, Product("missions/x.fits", "Kepler", 2)], keep)
    assert not staging.exists()
    assert staging.kept(PRODUCT).exists() == keep
    if keep:
        assert staging.kept(PRODUCT).read_bytes() == b"content"
        assert [path.name for path in staging.kept(PRODUCT).parent.iterdir()] == ["a.fits"]


def test_stars_with_the_same_lock_do_not_wait_for_ever(tmp_path):
    """256 locks for all stars: one after the other."""
    for number in range(1, 600):
        with target_lock(tmp_path, f"KIC {number}"):
            pass
    assert 200 < len(list((tmp_path / "locks").iterdir())) <= 256


@pytest.mark.parametrize("code", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
@pytest.mark.filterwarnings("ignore:flock not supported")
def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch, code):
    def flock(*arguments):
        raise OSError(code, "no")

    monkeypatch.setattr(fcntl, "flock", flock)
    with (
        pytest.raises(StoreError, match=r"no locks \(flock\).*put the `store` on one that has"),
        target_lock(tmp_path, "KIC 1"),
    ):
        pytest.fail("nobody holds it")


@pytest.mark.parametrize(
    ("code", "advice"),
    [
        (errno.ENOSPC, "free some space"),
        (errno.EDQUOT, "free some space"),
        (errno.EFBIG, "free some space"),
        (errno.EROFS, "make sure that it can be written"),
        (errno.EACCES, "make sure that it can be written"),
    ],
)
def test_what_the_disk_says(tmp_path, code, advice):
    with (
        pytest.raises(StoreError, match=f"a: cannot be written: .*; {advice}, then run again"),
        on_disk(tmp_path / "a"),
    ):
        raise OSError(code, "no")
    with pytest.raises(ValueError, match="else"), on_disk(tmp_path / "a"):
        raise ValueError("else")
