from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from views.records import example, frame, mask, plain_crc32c, tfrecord

from lightmill.errors import ViewError
from lightmill.views.tfrecord import crc32c, masked_crc32c, parse_example, read_example_columns, read_examples


def some(number):
    return {"view": np.arange(5, dtype="f4") + number, "tic": np.array(10005000338 + number), "label": b"PC"}


def test_the_checksum_of_the_standard_s_example():
    # RFC 3720 appendix B.4 and the usual check value of CRC-32C.
    assert crc32c([b"123456789"])[0] == 0xE3069283
    assert crc32c([bytes(32)])[0] == 0x8A9136AA
    assert crc32c([bytes([255] * 32)])[0] == 0x62A8AB43


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=8))
def test_checksums_of_many_records_at_once_are_those_of_each(records):
    assert crc32c(records).tolist() == [plain_crc32c(record) for record in records]
    assert masked_crc32c(records).tolist() == [mask(record) for record in records]


@pytest.mark.parametrize("packed", [True, False])
def test_an_example_is_read_as_it_was_written(tmp_path, packed):
    path = tfrecord(tmp_path / "a.tfrecord", [example(some(i), packed) for i in range(3)])
    for number, found in enumerate(read_examples(path)):
        np.testing.assert_array_equal(found["view"], np.arange(5, dtype="f4") + number)
        assert found["view"].dtype == np.float32
        assert found["tic"].tolist() == [10005000338 + number]
        assert found["label"] == [b"PC"]


def test_negative_integers_and_empty_features(tmp_path):
    found = parse_example(example({"a": np.array([-1, 2, -(2**40)]), "b": np.zeros(0, "f4")}))
    assert found["a"].tolist() == [-1, 2, -(2**40)]
    assert len(found["b"]) == 0


def test_many_records_of_different_lengths(tmp_path):
    records = [example({"view": np.zeros(i % 7 + 1, "f4"), "i": np.array(i)}) for i in range(2500)]
    found = [int(one["i"][0]) for one in read_examples(tfrecord(tmp_path / "a.tfrecord", records))]
    assert found == list(range(2500))


def test_columns(tmp_path):
    odd = {"view": np.zeros(5, "f4"), "label": b"EB"}
    path = tfrecord(tmp_path / "a.tfrecord", [example(some(0)), example(odd)])
    columns = read_example_columns(path, ["view", "tic", "label"])
    assert columns["view"].shape == (2, 5)
    assert columns["label"].tolist() == ["PC", "EB"]
    assert columns["tic"].tolist() == ["10005000338", ""]


def test_single_numbers_keep_their_kind(tmp_path):
    records = [example({"n": np.array(3), "x": np.array([0.5], "f4")}), example({"n": np.array(4)})]
    columns = read_example_columns(tfrecord(tmp_path / "a.tfrecord", records), ["n", "x"])
    assert columns["n"].dtype == np.int64
    np.testing.assert_array_equal(columns["x"], np.float32([0.5, np.nan]))


def test_a_missing_feature_is_named(tmp_path):
    path = tfrecord(tmp_path / "a.tfrecord", [example(some(0))])
    with pytest.raises(ViewError, match=r"a\.tfrecord: no record has a feature 'kepid'"):
        read_example_columns(path, ["kepid"])


def test_views_of_another_length_are_named(tmp_path):
    records = [example({"view": np.zeros(5, "f4")}), example({"view": np.zeros(4, "f4")})]
    with pytest.raises(ViewError, match=r"record 1: feature 'view' has 4 values, the first 5"):
        read_example_columns(tfrecord(tmp_path / "a.tfrecord", records), ["view"])


@pytest.mark.parametrize("left", [1, 8, 11, 12, 13, 40])
def test_a_truncated_record_is_named(tmp_path, left):
    whole = tfrecord(tmp_path / "a.tfrecord", [example(some(0)), example(some(1))]).read_bytes()
    start = len(frame(example(some(0))))
    (tmp_path / "a.tfrecord").write_bytes(whole[: start + left])
    with pytest.raises(ViewError, match=r"a\.tfrecord: record 1 is cut short"):
        list(read_examples(tmp_path / "a.tfrecord"))


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.tfrecord").touch()
    with pytest.raises(ViewError, match="empty, expected TFRecords"):
        list(read_examples(tmp_path / "a.tfrecord"))


def test_a_flipped_bit_anywhere_is_found(tmp_path):
    whole = tfrecord(tmp_path / "a.tfrecord", [example(some(0)), example(some(1))]).read_bytes()
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << place % 8
        (tmp_path / "a.tfrecord").write_bytes(damaged)
        with pytest.raises(ViewError, match=rf"record {int(place >= len(whole) // 2)}[ :]"):
            list(read_examples(tmp_path / "a.tfrecord"))


@pytest.mark.parametrize("record", [b"\x0a\xff\x01", b"\x0b", b"\x0a\x02\x08\x01\x0f", b"\xff" * 12, b"\x0a\x80"])
def test_a_record_that_is_no_example_is_named(tmp_path, record):
    path = tfrecord(tmp_path / "a.tfrecord", [example(some(0)), record])
    with pytest.raises(ViewError, match=r"record 1 is no tf\.train\.Example"):
        list(read_examples(path))


@given(st.binary(max_size=80))
def test_no_bytes_whatever_crash_the_parser(record):
    with suppress(ValueError):
        parse_example(record)
