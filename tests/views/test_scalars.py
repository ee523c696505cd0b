"""The numbers that networks are given beside the views."""

import numpy as np
import pytest

from lightmill.views.layout import MEASURES
from lightmill.views.scalars import SCALARS, network_scalars

NUMBERS = dict.fromkeys(MEASURES, np.nan)


def scalars(**known):
    return dict(zip(SCALARS, network_scalars(NUMBERS | known).tolist(), strict=True))


def test_depth_and_depth_over_scatter_are_logarithms():
    known = scalars(depth_ppm=1e4, scatter_ppm=100.0)
    assert known["log_depth"] == pytest.approx(1)
    assert known["log_depth_over_scatter"] == pytest.approx(2)


def test_what_could_not_be_measured_is_nothing_odd():
    assert set(scalars().values()) == {0.0}
    assert scalars(depth_ppm=100.0)["odd_even"] == 0


@pytest.mark.parametrize("depth", [0.0, -500.0])
def test_a_dip_that_is_none_is_shallow_and_finite(depth):
    known = scalars(depth_ppm=depth, scatter_ppm=100.0, secondary_depth_ppm=50.0)
    assert known["log_depth"] == pytest.approx(-6)
    assert known["log_depth_over_scatter"] == pytest.approx(-3)
    assert abs(known["secondary_over_depth"]) <= 2


def test_large_numbers_stay_of_the_size_of_a_few():
    known = scalars(
        depth_ppm=3e5,
        scatter_ppm=10.0,
        odd_even_sigma=1e4,
        secondary_snr=1e4,
        secondary_depth_ppm=1e6,
        shape=1.0,
        transit_depth_scatter_sigma=1e3,
        centroid_offset_sigma=1e3,
    )
    assert max(map(abs, known.values())) < 10
