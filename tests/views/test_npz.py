import io
import zipfile

import numpy as np
import pytest

from lightmill.errors import ViewError
from lightmill.views.npz import read_npz_columns


def npy(array, allow_pickle=False):
    out = io.BytesIO()
    np.lib.format.write_array(out, array, allow_pickle=allow_pickle)
    return out.getvalue()


def archive(path, members, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(f"{name}.npy", content)
    return path


def test_wanted_arrays_are_read_and_others_left_alone(tmp_path):
    path = archive(
        tmp_path / "a.npz", {"x": npy(np.arange(6.0).reshape(3, 2)), "s": npy(np.array(list("abc"))), "y": b"junk"}
    )
    columns = read_npz_columns(path, ["x", "s"])
    np.testing.assert_array_equal(columns["x"], np.arange(6.0).reshape(3, 2))
    assert columns["s"].tolist() == ["a", "b", "c"]


def test_what_numpy_saves_is_read(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", f=np.asfortranarray(np.arange(6).reshape(2, 3)), b=np.array([b"x", b"y"]))
    columns = read_npz_columns(tmp_path / "a.npz", ["f", "b"])
    np.testing.assert_array_equal(columns["f"], [[0, 1, 2], [3, 4, 5]])


def test_a_missing_key_is_named_with_those_there_are(tmp_path):
    path = archive(tmp_path / "a.npz", {"x": npy(np.zeros(3))})
    with pytest.raises(ViewError, match=r"a\.npz: no key 'view'; it has x"):
        read_npz_columns(path, ["view"])


def test_objects_are_never_unpickled(tmp_path):
    path = archive(tmp_path / "a.npz", {"x": npy(np.array([{}, set()], object), allow_pickle=True)})
    with pytest.raises(ViewError, match=r"a\.npz: key 'x' holds Python objects"):
        read_npz_columns(path, ["x"])


def test_different_numbers_of_rows_are_refused(tmp_path):
    path = archive(tmp_path / "a.npz", {"x": npy(np.zeros(3)), "y": npy(np.zeros(4))})
    with pytest.raises(ViewError, match=r"a\.npz: the keys differ in their number of rows: x 3, y 4"):
        read_npz_columns(path, ["x", "y"])


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = archive(tmp_path / "a.npz", {"x": npy(np.zeros(2_000_000))}, zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 40_000
    with pytest.raises(ViewError, match=r"a\.npz: 16,000,128 bytes when unpacked, 'x' alone"):
        read_npz_columns(path, ["x"], max_bytes=10**6)


def test_a_header_that_promises_more_than_there_is_is_refused(tmp_path):
    path = archive(tmp_path / "a.npz", {"x": npy(np.zeros(10)).replace(b"(10,)", b"(99,)")})
    with pytest.raises(ViewError, match=r"key 'x' declares float64 \(99,\), 920 bytes, but holds 208"):
        read_npz_columns(path, ["x"])


def test_a_single_value_is_no_column(tmp_path):
    with pytest.raises(ViewError, match="key 'x' is a single value"):
        read_npz_columns(archive(tmp_path / "a.npz", {"x": npy(np.array(3.0))}), ["x"])


@pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00\x05\x00{'a':", b"\x93NUMPY\x09\x00"])
def test_a_member_that_is_no_array_is_named(tmp_path, content):
    with pytest.raises(ViewError, match=r"a\.npz: key 'x'"):
        read_npz_columns(archive(tmp_path / "a.npz", {"x": content}), ["x"])


def test_a_damaged_archive_is_named(tmp_path):
    path = archive(tmp_path / "a.npz", {"x": npy(np.arange(1000.0))})
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ViewError, match=r"a\.npz: not a readable \.npz file"):
        read_npz_columns(path, ["x"])
    flipped = bytearray(whole)
    flipped[4000] ^= 1
    path.write_bytes(flipped)
    with pytest.raises(ViewError, match=r"a\.npz: not a readable \.npz file"):
        read_npz_columns(path, ["x"])


def test_a_member_without_the_suffix_is_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as file:
        file.writestr("x", npy(np.zeros(3)))
    with pytest.raises(ViewError, match=r"a\.npz: the member 'x' must be named 'x\.npy'"):
        read_npz_columns(tmp_path / "a.npz", ["x"])
    with pytest.raises(ViewError, match=r"a\.npz: no key 'y'; it has no \.npy array"):
        read_npz_columns(tmp_path / "a.npz", ["y"])
