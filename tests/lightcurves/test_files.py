"""One star's light curve from files that somebody names."""

import numpy as np
import pytest
from lightcurves.made_fits import write_fits

from lightmill.errors import LightCurveError
from lightmill.lightcurves.files import read_light_curve_files, target_of_file


def test_files_in_any_order_are_one_light_curve(tmp_path):
    files = [write_fits(tmp_path / f"{quarter}.fits", segment=quarter, rows=50) for quarter in (3, 1, 2)]
    light_curve = read_light_curve_files(files)
    assert light_curve.target_id == "KIC 757076"
    assert sorted(segment.number for segment in light_curve.segments) == [1, 2, 3]
    assert len(light_curve.time_bjd) == 150
    assert np.all(np.diff(light_curve.time_bjd) > 0)
    again = read_light_curve_files(sorted(files))
    assert np.array_equal(again.pdcsap_flux, light_curve.pdcsap_flux)


def test_of_two_files_of_one_quarter_the_later_release_counts(tmp_path):
    flux = {release: np.full(60, 1000.0 * release, "f4") for release in (24, 25)}
    files = [
        write_fits(tmp_path / f"{release}.fits", primary={"DATA_REL": release}, columns={"PDCSAP_FLUX": flux[release]})
        for release in (25, 24)
    ]
    light_curve = read_light_curve_files(files)
    assert len(light_curve.segments) == 1
    assert set(light_curve.pdcsap_flux.tolist()) == {25_000.0}


@pytest.mark.parametrize(("mission", "target_id"), [("Kepler", "KIC 9"), ("K2", "EPIC 9"), ("TESS", "TIC 9")])
def test_a_file_says_of_which_star_it_is(tmp_path, mission, target_id):
    assert target_of_file(write_fits(tmp_path / "x.fits", mission, 9)) == target_id


def test_what_is_no_light_curve_of_the_first_files_star_is_refused_by_name(tmp_path):
    mine = write_fits(tmp_path / "mine.fits")
    others = write_fits(tmp_path / "others.fits", number=757099, segment=2)
    with pytest.raises(LightCurveError, match=r"others\.fits: a light curve of KIC 757099, expected KIC 757076"):
        read_light_curve_files([mine, others])
    with pytest.raises(LightCurveError, match=r"gone\.fits: cannot be read \(No such file"):
        read_light_curve_files([mine, tmp_path / "gone.fits"])
    with pytest.raises(LightCurveError, match="no file; expected the FITS light curves of one star"):
        read_light_curve_files([])
    elsewhere = write_fits(tmp_path / "x.fits", primary={"MISSION": "CoRoT", "TELESCOP": "CoRoT"})
    with pytest.raises(LightCurveError, match=r"x\.fits: of mission 'COROT', expected one of Kepler, K2, TESS"):
        read_light_curve_files([elsewhere])
