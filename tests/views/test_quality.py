"""Quality bits against lightkurve's masks, and the traps between missions and pipelines."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from views.stars import light_curve, segment

from lightmill.errors import ViewError
from lightmill.lightcurves.authors import AUTHORS, THRUSTER_FIRING
from lightmill.views.quality import (
    EXCLUDED,
    EverestQuality,
    KeplerQuality,
    QlpQuality,
    TessQuality,
    good_cadences,
)


@pytest.fixture(scope="module")
def lightkurve():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import lightkurve.utils

        return lightkurve.utils


def judged(bits, *authors):
    """Whether cadences with these bits are good, in segments by each of the authors."""
    curve = light_curve(days=1.0)
    rows = np.arange(len(bits) * len(authors))
    columns = {name: getattr(curve, name)[: len(rows)] for name in ("time_bjd", "pdcsap_flux")}
    short = replace(
        curve,
        **columns,
        segments=tuple(segment(number, author) for number, author in enumerate(authors)),
        segment=(rows // len(bits)).astype(np.int16),
        quality=np.tile(np.array(bits, dtype=np.int32), len(authors)),
    )
    return good_cadences(short).tolist()


def test_masks_are_lightkurves_defaults(lightkurve):
    assert EXCLUDED["Kepler"] == EXCLUDED["K2"] == lightkurve.KeplerQualityFlags.DEFAULT_BITMASK == 1130799
    for author in ("SPOC", "SPOC-20s", "TESS-SPOC", "QLP"):
        assert EXCLUDED[author] == lightkurve.TessQualityFlags.DEFAULT_BITMASK == 17087
    # lightkurve leaves cadences without flux in.
    assert EXCLUDED["EVEREST"] == 1130799 + EverestQuality.NO_FLUX


def test_every_bit_is_named_as_lightkurve_has_it(lightkurve):
    assert {int(bit) for bit in KeplerQuality} == set(lightkurve.KeplerQualityFlags.STRINGS)
    assert {int(bit) for bit in TessQuality} == set(lightkurve.TessQualityFlags.STRINGS)


def test_every_author_has_a_mask():
    assert EXCLUDED.keys() == AUTHORS.keys()
    assert EXCLUDED["K2SFF"] == THRUSTER_FIRING


def test_one_bit_means_different_things():
    bits = [0, 128, 512, 1 << 20]
    assert judged(bits, "Kepler") == [True, True, True, False]
    assert judged(bits, "SPOC") == [True, False, False, True]
    assert judged(bits, "K2", "K2SFF", "EVEREST") == [True, True, True, False] * 3
    assert judged(bits, "QLP", "SPOC-20s", "TESS-SPOC") == [True, False, False, True] * 3


def test_a_segment_has_the_mask_of_its_own_author():
    bits = [0, int(KeplerQuality.SAFE_MODE), int(KeplerQuality.THRUSTER_FIRE), int(EverestQuality.NO_FLUX)]
    kepler, k2sff, everest = [True, False, False, True], [True, True, False, True], [True, False, False, False]
    assert judged(bits, "K2SFF", "K2", "EVEREST", "K2SFF") == [*k2sff, *kepler, *everest, *k2sff]


def test_bits_that_pipelines_add_do_not_spoil_a_cadence_by_themselves():
    everest = [int(EverestQuality.FLAGGED), int(EverestQuality.OUTLIER), int(EverestQuality.IN_TRANSIT)]
    assert judged(everest, "EVEREST") == [True] * 3
    assert judged([int(bit) for bit in QlpQuality], "QLP") == [True] * 2


def test_any_excluded_bit_spoils_a_cadence():
    spoilt = KeplerQuality.APERTURE_COSMIC | KeplerQuality.SAFE_MODE
    assert judged([int(spoilt)], "K2") == [False]


def test_bits_of_nobody_known_are_refused():
    with pytest.raises(
        ViewError, match="KIC 1: a segment by 'TGLC', whose quality bits are not known; expected one by"
    ):
        judged([0], "SPOC", "TGLC")
