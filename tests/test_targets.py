"""Target ids end up in paths: only numbers get through."""

import pytest

from lightmill.errors import LightmillError
from lightmill.targets import mission_of, shard_of, target_name, target_number


def test_names_and_numbers():
    assert target_name("Kepler", "011442793") == "KIC 11442793"
    assert target_number("TIC 261136679") == 261136679
    assert mission_of("EPIC 201367065") == "K2"


@pytest.mark.parametrize("number", ["../../x", "12;rm", "１２３", "1" * 30, "-5", "nan", "", "0", "1.0", "1\x00"])
def test_anything_but_a_plain_number_is_refused(number):
    with pytest.raises(LightmillError, match="expected 1 to 11 digits"):
        target_name("TESS", number)


@pytest.mark.parametrize("target", ["../../x", "KIC ../x", "KIC 1/2", "KIC 012", "kic 1", "KIC 1 ", "TOI 5"])
def test_anything_but_a_target_is_refused(target):
    with pytest.raises(LightmillError):
        target_number(target)


def test_a_target_never_moves():
    # The last byte of `printf 'KIC 11442793' | b2sum --length 64` is 0xf1; modulo 64 that is 49.
    assert shard_of("KIC 11442793", 64) == 49


def test_shards_are_of_even_size():
    counts = [0] * 16
    for number in range(1, 16001):
        counts[shard_of(f"KIC {number}", 16)] += 1
    assert 880 < min(counts) <= max(counts) < 1120
