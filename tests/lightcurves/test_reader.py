"""Reading one file: what is read, and what is refused by name and reason."""

import subprocess
import sys
import warnings

import fitsio
import numpy as np
import pytest
from lightcurves.made_fits import write_fits

from lightmill.errors import LightCurveError
from lightmill.lightcurves.hdus import verify_sums
from lightmill.lightcurves.lightcurve import COLUMNS, STAR
from lightmill.lightcurves.reader import read_segment


def read(path, target_id="KIC 757076", expected=None):
    with open(path, "rb") as file:
        return read_segment(file, path.name, target_id, expected)


def test_times_are_bjd_and_columns_keep_their_numbers(tmp_path):
    path = write_fits(tmp_path / "a.fits", header={"BJDREFI": 2454833, "BJDREFF": 0.25})
    part, raw = read(path, expected=1), fitsio.read(path, ext=1)
    assert part.columns.keys() == COLUMNS.keys() - {"segment"}
    # BJD = TIME + BJDREFI + BJDREFF, of which only the sum is of use.
    np.testing.assert_allclose(part.columns["time_bjd"], raw["TIME"] + 2454833.25, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(part.columns["pdcsap_flux"], raw["PDCSAP_FLUX"])
    np.testing.assert_array_equal(part.columns["sap_background_err"], raw["SAP_BKG_ERR"])
    np.testing.assert_array_equal(part.columns["quality"], raw["SAP_QUALITY"])
    np.testing.assert_array_equal(part.columns["mom_centr2"], raw["MOM_CENTR2"].astype("f4"))
    for name, column in part.columns.items():
        assert column.dtype == COLUMNS[name]


def test_what_the_header_says(tmp_path):
    kepler = read(write_fits(tmp_path / "k.fits"))
    assert (kepler.segment.number, kepler.segment.author, kepler.segment.channel) == (1, "Kepler", 11)
    # 0.02043359821692 d are 1765.46 s, of which 92 % are exposed.
    assert kepler.segment.cadence_s == pytest.approx(1765.463, abs=1e-3)
    assert kepler.segment.exposure_s == pytest.approx(1624.226, abs=1e-3)
    assert (kepler.segment.crowdsap, kepler.segment.flfrcsap, kepler.segment.data_release) == (0.99, 0.87, 25)
    assert (kepler.segment.camera, kepler.segment.ccd) == (-1, -1)
    assert kepler.star["radius_rsun"] == 0.873
    tess = read(write_fits(tmp_path / "t.fits", "TESS", 25155310, 1), "TIC 25155310")
    assert (tess.segment.author, tess.segment.camera, tess.segment.ccd, tess.segment.channel) == ("SPOC", 4, 1, -1)
    assert tess.segment.cadence_s == pytest.approx(120)
    assert np.isnan(tess.star["logg"])
    # Kepler writes arcsec/yr, TESS mas/yr: the same motion either way.
    assert kepler.star["pm_ra_mas_yr"] == pytest.approx(63.1)
    assert tess.star["pm_ra_mas_yr"] == pytest.approx(63.1)


def test_rows_without_time_are_left_out_and_counted(tmp_path):
    time = 2000 + np.arange(60) * 0.02
    time[[0, 7, 59]] = np.nan
    part = read(write_fits(tmp_path / "a.fits", columns={"TIME": time}))
    assert part.segment.rows_without_time == 3
    assert {len(column) for column in part.columns.values()} == {57}
    assert np.isfinite(part.columns["time_bjd"]).all()


def test_numbers_come_from_the_bytes_that_were_checked(tmp_path, monkeypatch):
    """A file that another process replaces meanwhile is read as it was when its sums were taken."""
    path, other = write_fits(tmp_path / "a.fits"), write_fits(tmp_path / "b.fits", columns={"SAP_FLUX": np.ones(60)})
    expected = read(path).columns["sap_flux"]

    def replaced_meanwhile(*arguments):
        verify_sums(*arguments)
        path.write_bytes(other.read_bytes())

    monkeypatch.setattr("lightmill.lightcurves.reader.verify_sums", replaced_meanwhile)
    np.testing.assert_array_equal(read(path).columns["sap_flux"], expected)


def test_a_flux_beyond_all_numbers_is_infinite(tmp_path):
    flux = np.full(60, 1e4)
    flux[:2] = 1e300, -1e300
    found = read(write_fits(tmp_path / "a.fits", columns={"PDCSAP_FLUX": flux})).columns["pdcsap_flux"]
    assert list(found[:3]) == [np.inf, -np.inf, 1e4]


def test_columns_can_be_written_and_outlive_the_file(tmp_path):
    part = read(write_fits(tmp_path / "a.fits"))
    for column in part.columns.values():
        assert column.flags.writeable
        assert column.flags.c_contiguous


LEAN = """
import sys
import lightmill.lightcurves.assemble, lightmill.lightcurves.reader
print(sorted({"astropy", "fitsio", "pandas", "pyarrow", "requests", "scipy"} & set(sys.modules)))
"""


def test_a_reader_of_files_is_there_at_once():
    """What takes a second to import is not imported by what only reads files."""
    told = subprocess.run([sys.executable, "-c", LEAN], capture_output=True, text=True, check=True)
    assert told.stdout == "[]\n"


def test_a_folder_with_brackets_is_a_folder(tmp_path):
    assert len(read(write_fits(tmp_path / "a [1] (b)+c" / "a.fits")).columns["time_bjd"]) == 60


REPEATED = np.arange(60, dtype="i4")
REPEATED[30] = 29
REFUSED = {
    "another star": (dict(primary={"KEPLERID": 11442793}), r"a light curve of KIC 11442793, expected KIC 757076"),
    "another star by name": (dict(primary={"KEPLERID": None, "OBJECT": "KIC 1"}), "a light curve of KIC 1, expected"),
    "no star": (dict(primary={"KEPLERID": None, "OBJECT": None}), "a light curve of KIC , expected KIC 757076"),
    "another mission": (dict(primary={"MISSION": "K2"}), "of mission 'K2'"),
    "another telescope": (dict(primary={"TELESCOP": "TESS"}), "of mission 'TESS'"),
    "another quarter": (dict(primary={"QUARTER": 2}), "of quarter 2, expected 1"),
    "no quarter": (dict(primary={"QUARTER": None}), "without header card QUARTER"),
    "no zero point": (dict(header={"BJDREFI": None}), "without header card BJDREFI"),
    "half a zero point": (dict(header={"BJDREFF": None}), "without header card BJDREFF"),
    "a zero point in words": (dict(header={"BJDREFI": "BKJD"}), "without header card BJDREFI"),
    "a wrong zero point": (dict(header={"BJDREFI": 0}), r"times from BJD 1\d+\.\d to 1\d+\.\d, expected 2454900"),
    "no cadence": (dict(header={"TIMEDEL": None}), "without header card TIMEDEL"),
    "UTC": (dict(header={"TIMESYS": "UTC"}), "times in UTC, expected TDB"),
    "short cadence": (
        dict(primary={"OBSMODE": "short cadence"}, header={"TIMEDEL": 58.84 / 86400}),
        r"a cadence every 58\.8 s \(short cadence\), expected 1765\.5 s \(long cadence\)",
    ),
    "no PDCSAP": (
        dict(columns={"PDCSAP_FLUX": None, "POS_CORR1": None}),
        r"without column PDCSAP_FLUX, column POS_CORR1 \(written by a test\)",
    ),
    "no rows": (dict(rows=0), "no rows"),
    "no time": (dict(columns={"TIME": np.full(60, np.nan)}), "no finite TIME in 60 rows"),
    "time backwards": (dict(columns={"TIME": 2000 - np.arange(60.0)}), "TIME does not rise from cadence 6105"),
    "a cadence twice": (dict(columns={"CADENCENO": REPEATED}), "CADENCENO does not rise from cadence 29"),
    "cadences as floats": (dict(columns={"CADENCENO": REPEATED.astype("f4")}), "column CADENCENO holds"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path, case):
    changes, message = REFUSED[case]
    with pytest.raises(LightCurveError, match=r"^a\.fits: .*" + message):
        read(write_fits(tmp_path / "a.fits", **changes), expected=1)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    fitsio.write(tmp_path / "a.fits", np.ones((3, 3)))
    with pytest.raises(LightCurveError, match=r"a\.fits: no table in its first extension"):
        read(tmp_path / "a.fits")


def test_twenty_second_tess_files_are_refused(tmp_path):
    path = write_fits(tmp_path / "a.fits", "TESS", 25155310, 27, header={"TIMEDEL": 20 / 86400})
    with pytest.raises(LightCurveError, match=r"a cadence every 20\.0 s, expected 120\.0 s \(2-minute\)"):
        read(path, "TIC 25155310")


def test_every_real_file_reads_as_fitsio_reads_it(real_data):
    prefixes = {"kplr": "KIC", "ktwo": "EPIC"}
    files = sorted((real_data / "archive").rglob("*.fits"))
    for file in files:
        prefix = prefixes.get(file.name[:4])
        number = int(file.name[4:13]) if prefix else int(file.name.split("-")[2])
        part = read(file, f"{prefix or 'TIC'} {number}")
        assert part.segment.author == {"KIC": "Kepler", "EPIC": "K2", None: "SPOC"}[prefix]
        assert 0 < part.segment.exposure_s < part.segment.cadence_s
        assert np.isfinite(part.columns["pdcsap_flux"]).sum() > 100
        if file in files[::10]:
            raw = fitsio.read(file, ext=1)
            timed = np.isfinite(raw["TIME"])
            zero = 2454833 if prefix else 2457000
            np.testing.assert_array_equal(part.columns["time_bjd"], raw["TIME"][timed] + zero)
            np.testing.assert_array_equal(part.columns["pdcsap_flux"], raw["PDCSAP_FLUX"][timed])
            np.testing.assert_array_equal(part.columns["cadence_number"], raw["CADENCENO"][timed])
            assert part.segment.rows_without_time == np.count_nonzero(~timed)


def test_lightkurve_finds_the_same_fluxes_and_times(real_data):
    with warnings.catch_warnings():
        # Deprecations within lightkurve are not ours.
        warnings.simplefilter("ignore")
        import lightkurve

        paths = [
            ("missions/kepler/lightcurves/0114/011442793/kplr011442793-2010174085026_llc.fits", "KIC 11442793"),
            (
                "missions/tess/tid/s0001/0000/0002/6113/6679/tess2018206045859-s0001-0000000261136679-0120-s_lc.fits",
                "TIC 261136679",
            ),
        ]
        for name, target_id in paths:
            judge = lightkurve.read(str(real_data / "archive" / name), quality_bitmask="none")
            part = read(real_data / "archive" / name, target_id)
            np.testing.assert_allclose(judge.time.jd, part.columns["time_bjd"], rtol=0, atol=1e-8)
            np.testing.assert_array_equal(judge.flux.value.filled(np.nan), part.columns["pdcsap_flux"])
            np.testing.assert_array_equal(judge.quality, part.columns["quality"])


def test_k2sff_files_are_read(real_data):
    files = sorted((real_data / "other_light_curves" / "k2sff").glob("*.fits"))
    assert len(files) == 3
    for file in files:
        number, campaign = int(file.name.split("_")[4][:9]), int(file.name.split("-c")[1][:2])
        part, raw = read(file, f"EPIC {number}"), fitsio.read(file, ext=1)
        assert (part.segment.author, part.segment.number) == ("K2SFF", campaign)
        np.testing.assert_array_equal(part.columns["time_bjd"], raw["T"] + 2454833)
        np.testing.assert_array_equal(part.columns["pdcsap_flux"], raw["FCOR"].astype("f4"))
        np.testing.assert_array_equal(part.columns["sap_flux"], raw["FRAW"].astype("f4"))
        np.testing.assert_array_equal(part.columns["quality"] == 1048576, raw["MOVING"] != 0)
        assert np.isnan(part.columns["pdcsap_flux_err"]).all()
        assert np.nanmedian(part.columns["pdcsap_flux"]) == pytest.approx(1, abs=0.05)


def test_rewritten_files_are_refused_with_what_they_lack(real_data):
    folder = real_data / "other_light_curves"
    kepler, tess = sorted(folder.glob("kepler_to_fits/*")), sorted(folder.glob("tess_to_fits/*"))
    assert (len(kepler), len(tess)) == (8, 15)
    for file in [*kepler, *tess]:
        prefix, number = (
            ("KIC", file.name[3:].split("_")[0]) if file in kepler else ("TIC", file.name[3:].split("_")[0])
        )
        with pytest.raises(LightCurveError) as refusal:
            read(file, f"{prefix} {number}")
        message = str(refusal.value)
        assert message.startswith(f"{file.name}: without column")
        for missing in ("column PDCSAP_FLUX", "column SAP_FLUX", "header card BJDREFI", "header card TIMEDEL"):
            assert missing in message
        assert "written by lightkurve.LightCurve.to_fits()" in message


def test_what_the_file_is(tmp_path):
    path = write_fits(tmp_path / "a.fits", primary={"DATE": "2016-01-31"})
    segment = read(path).segment
    assert (segment.size_bytes, segment.date) == (path.stat().st_size, "2016-01-31")
    assert dict(zip(STAR, segment.star, strict=True)) == read(path).star
    assert segment.star[STAR.index("teff_k")] == 5192
