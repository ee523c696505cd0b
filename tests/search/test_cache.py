import math

import pytest

from lightmill.search.cache import cached_rows

ROWS = [{"signal_id": "a", "epoch_bjd": 2454964.5113251234, "snr": float("nan"), "transits": 3, "kept": True}]


class Made:
    """Counts how often it is asked."""

    def __init__(self, rows):
        self.rows, self.times = rows, 0

    def __call__(self):
        self.times += 1
        return self.rows


def test_the_same_key_is_computed_once_and_comes_back_bit_for_bit(tmp_path):
    made = Made(ROWS)
    first, second = (cached_rows(tmp_path, "KIC 757076", {"light_curve": "ab", "window": 2.0}, made) for _ in range(2))
    assert made.times == 1
    assert first == ROWS
    assert math.isnan(second[0].pop("snr"))
    assert second == [{name: value for name, value in ROWS[0].items() if name != "snr"}]
    assert (tmp_path / "Kepler" / "0007" / "000757076.json").is_file()


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), 5e-324, 0.1 + 0.2, None, "x"])
def test_every_value_survives(tmp_path, value):
    for _ in range(2):
        assert cached_rows(tmp_path, "TIC 1", {}, lambda: [{"value": value}]) == [{"value": value}]


def test_another_key_another_star_or_damage_are_made_anew(tmp_path):
    made = Made([])
    cached_rows(tmp_path, "TIC 1", {"a": 1}, made)
    cached_rows(tmp_path, "TIC 1", {"a": 2}, made)
    cached_rows(tmp_path, "TIC 2", {"a": 2}, made)
    assert made.times == 3
    (path,) = tmp_path.glob("TESS/0001/*.json")
    for damage in (path.read_text()[:-9], "[]", "{}", '{"key": 3}', "\x00"):
        path.write_text(damage)
        cached_rows(tmp_path, "TIC 1", {"a": 2}, made)
    assert made.times == 8
