"""Quality bits against lightkurve's masks, and the traps between missions."""

import warnings

import numpy as np
import pytest

from lightmill.views.quality import EXCLUDED, KeplerQuality, TessQuality, good_cadences


@pytest.fixture(scope="module")
def lightkurve():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lightkurve.utils

        return lightkurve.utils


def test_masks_are_lightkurves_defaults(lightkurve):
    assert EXCLUDED["Kepler"] == EXCLUDED["K2"] == lightkurve.KeplerQualityFlags.DEFAULT_BITMASK == 1130799
    assert EXCLUDED["TESS"] == lightkurve.TessQualityFlags.DEFAULT_BITMASK == 17087


def test_every_bit_is_named_as_lightkurve_has_it(lightkurve):
    assert {int(bit) for bit in KeplerQuality} == set(lightkurve.KeplerQualityFlags.STRINGS)
    assert {int(bit) for bit in TessQuality} == set(lightkurve.TessQualityFlags.STRINGS)


def test_one_bit_means_different_things():
    quality = np.array([0, 128, 512, 1 << 20], dtype=np.int32)
    assert good_cadences(quality, "Kepler").tolist() == [True, True, True, False]
    assert good_cadences(quality, "TESS").tolist() == [True, False, False, True]


def test_any_excluded_bit_spoils_a_cadence():
    spoilt = KeplerQuality.APERTURE_COSMIC | KeplerQuality.SAFE_MODE
    assert not good_cadences(np.array([int(spoilt)]), "K2")[0]
