from io import BytesIO

import fitsio
import numpy as np
import pytest
from astropy.io import fits

from lightmill.lightcurves.assemble import join_segments
from lightmill.lightcurves.lightcurve import STAR, Segment
from lightmill.lightcurves.reader import SegmentRows, read_segment
from lightmill.simulate.direct import light_curve_parts
from lightmill.simulate.instrument import barycentric_correction_d
from lightmill.simulate.light_curves import light_curve_files
from lightmill.targets import target_number

REAL = {
    "Kepler": "missions/kepler/lightcurves/0064/006462863/kplr006462863-2009166043257_llc.fits",
    "K2": "missions/k2/lightcurves/c3/206100000/03000/ktwo206103150-c03_llc.fits",
    "TESS": "missions/tess/tid/s0001/0000/0002/6113/6679/tess2018206045859-s0001-0000000261136679-0120-s_lc.fits",
}


@pytest.fixture(params=["Kepler", "K2", "TESS"])
def target(request, targets):
    return next(target for target in targets[request.param] if target.kind == "planet" and not target.missing)


def write(folder, files):
    for name, content in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        yield path


def test_headers_have_the_cards_of_real_files_in_their_order(real_data, settings, target):
    _, content = next(light_curve_files(settings, target))
    with (
        fits.open(BytesIO(content), checksum=False) as ours,
        fits.open(real_data / "archive" / REAL[target.mission]) as real,
    ):
        ours.verify("exception")
        assert len(ours) == len(real) == 3
        for mine, theirs in zip(ours, real, strict=True):
            # After the checksum the TESS pipeline adds cards, in part named after the camera.
            names = list(theirs.header)
            assert list(mine.header) == names[: names.index("CHECKSUM") + 1]
            for key in ("EXTNAME", "TIMESYS", "BJDREFI", "BJDREFF", "TIMEDEL", "INSTRUME", "TELESCOP", "MISSION"):
                assert mine.header.get(key) == theirs.header.get(key)
        for mine, theirs in zip(ours[1].columns, real[1].columns, strict=True):
            assert (mine.name, mine.format, mine.unit, mine.disp) == (
                theirs.name,
                theirs.format,
                theirs.unit,
                theirs.disp,
            )
        assert set(np.unique(ours[2].data)) <= {1, 3, 7, 257, 267}


def test_the_barycentric_correction_is_near_the_missions_own(real_data):
    # The eccentricity of the orbit and readout offsets make some seconds of difference.
    for mission, name in REAL.items():
        path = str(real_data / "archive" / name)
        header = fitsio.read_header(path, ext=1)
        rows = fitsio.read(path, ext=1, columns=["TIME", "TIMECORR"])
        timed = np.isfinite(rows["TIME"])
        ours = barycentric_correction_d(
            mission, rows["TIME"][timed] + header["BJDREFI"], header["RA_OBJ"], header["DEC_OBJ"]
        )
        assert np.abs(ours - rows["TIMECORR"][timed]).max() * 86400 < 25


def test_cfitsio_finds_every_sum_right(tmp_path, settings, target):
    for path in write(tmp_path, light_curve_files(settings, target)):
        with fitsio.FITS(str(path)) as file:
            assert [file[part]._FITS.verify_checksum(part + 1)["hduok"] for part in range(3)] == [1, 1, 1]


@pytest.mark.filterwarnings("ignore")
def test_lightkurve_reads_the_files(tmp_path, settings, target):
    # It warns as it is imported.
    import lightkurve

    for path, segment in zip(write(tmp_path, light_curve_files(settings, target)), target.segments, strict=True):
        curve = lightkurve.read(str(path))
        assert curve.targetid == target_number(target.target_id)
        assert curve.meta["OBJECT"] == target.target_id
        assert curve.meta["RA"] == pytest.approx(target.star.ra_deg)
        number = {"Kepler": "QUARTER", "K2": "CAMPAIGN", "TESS": "SECTOR"}[target.mission]
        assert curve.meta[number] == segment.number
        rows = fitsio.read(str(path), ext=1)
        times = rows["TIME"][np.isin(rows["CADENCENO"], curve["cadenceno"].value)]
        np.testing.assert_array_equal(curve.time.value, times)
        zero = 2457000 if target.mission == "TESS" else 2454833
        assert curve.time.jd[0] == pytest.approx(times[0] + zero, abs=1e-6)
        assert curve.flux.unit == "electron / s"
        assert len(curve) > 0.7 * segment.cadences


def test_the_reader_takes_them_and_memory_holds_the_same(tmp_path, settings, target):
    paths = list(write(tmp_path, light_curve_files(settings, target)))
    parts = list(light_curve_parts(settings, target))
    read = []
    for path, part in zip(paths, parts, strict=True):
        name = str(path.relative_to(tmp_path))
        with open(path, "rb") as file:
            rows = read_segment(file, name, target.target_id, expected=int(part.segment["number"]))
        read.append(rows)
        assert part.segment["file"] == name
        assert rows.columns.keys() == part.columns.keys()
        for column, values in rows.columns.items():
            np.testing.assert_array_equal(values, part.columns[column], err_msg=column)
        # There is no file in memory.
        of_content = part.segment.keys() - {"sha256", "size_bytes", "date"}
        stated = {key: getattr(rows.segment, key) for key in of_content}
        assert stated == pytest.approx({key: part.segment[key] for key in of_content})
        assert rows.star == pytest.approx(part.star, nan_ok=True)
    straight = [
        SegmentRows(Segment(**part.segment, star=tuple(part.star[key] for key in STAR)), part.columns) for part in parts
    ]
    curve, direct = join_segments(target.target_id, read), join_segments(target.target_id, straight)
    np.testing.assert_array_equal(curve.pdcsap_flux, direct.pdcsap_flux)
    assert len(direct) == sum(len(part.columns["time_bjd"]) for part in parts)


def test_a_missing_star_has_no_files(settings, targets):
    missing = [target for mission in targets for target in targets[mission] if target.missing]
    assert missing
    for target in missing:
        assert list(light_curve_files(settings, target)) == []
        assert list(light_curve_parts(settings, target)) == []
