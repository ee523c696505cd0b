"""Files of every pipeline in its own layout: what is read, told apart and refused; lightkurve's readers as judge."""

import warnings

import fitsio
import numpy as np
import pytest
from lightcurves.made_fits import archive_name, write_fits

from lightmill.errors import LightCurveError
from lightmill.lightcurves.authors import AUTHORS, OWN, find_author, possible_authors
from lightmill.lightcurves.lightcurve import COLUMNS, STAR
from lightmill.lightcurves.reader import read_segment

NUMBERS = {"Kepler": 757076, "K2": 201367065, "TESS": 25155310}
PREFIXES = {"Kepler": "KIC", "K2": "EPIC", "TESS": "TIC"}
# author, segment, its cadence in seconds; every layout and every cadence that an author has had
MADE = [
    ("Kepler", 1, 1765.46),
    ("K2", 3, 1765.46),
    ("K2SFF", 102, 1765.46),
    ("EVEREST", 102, 1765.46),
    ("SPOC", 60, 120),
    ("SPOC-20s", 27, 20),
    *[(author, sector, s) for author in ("TESS-SPOC", "QLP") for sector, s in ((26, 1800), (55, 600), (56, 200))],
]
FLUX = {"K2SFF": "FCOR", "EVEREST": "FLUX", ("QLP", 26): "KSPSAP_FLUX", ("QLP", 55): "KSPSAP_FLUX", "QLP": "DET_FLUX"}
# The header may lack the clock only where the author's files do.
WITHOUT_CLOCK = {"BJDREFI": None, "BJDREFF": None, "TIMEDEL": None}


def made(folder, author, segment=None, **changes):
    mission = AUTHORS[author].mission
    segment = segment or next(sector for name, sector, _ in MADE if name == author)
    path = folder / archive_name(mission, NUMBERS[mission], segment, author)
    return write_fits(path, mission, NUMBERS[mission], segment, author=author, **changes)


def read(path, author, asked=None, **options):
    mission = AUTHORS[author].mission
    with open(path, "rb") as file:
        target_id = f"{PREFIXES[mission]} {NUMBERS[mission]}"
        return read_segment(file, path.name, target_id, author=asked, **options)


@pytest.mark.parametrize(("author", "segment", "cadence_s"), MADE)
def test_every_authors_files_are_read(tmp_path, author, segment, cadence_s):
    path = made(tmp_path, author, segment)
    part, raw = read(path, author, author, expected=segment), fitsio.read(path, ext=1)
    assert (part.segment.author, part.segment.number) == (author, segment)
    assert part.segment.cadence_s == pytest.approx(cadence_s, abs=0.01)
    assert part.segment.exposure_s == pytest.approx(0.92 * cadence_s, abs=0.01)
    assert part.segment.size_bytes == path.stat().st_size
    assert part.columns.keys() == COLUMNS.keys() - {"segment"}
    assert {name: column.dtype for name, column in part.columns.items()} == {
        name: kind for name, kind in COLUMNS.items() if name != "segment"
    }
    zero = 2457000 if AUTHORS[author].mission == "TESS" else 2454833
    np.testing.assert_array_equal(part.columns["time_bjd"], raw["T" if author == "K2SFF" else "TIME"] + zero)
    np.testing.assert_array_equal(part.columns["cadence_number"], raw["CADN" if author == "EVEREST" else "CADENCENO"])
    flux = FLUX.get((author, segment), FLUX.get(author, "PDCSAP_FLUX"))
    np.testing.assert_array_equal(part.columns["pdcsap_flux"], raw[flux].astype("f4"))
    raw_flux = "FRAW" if author in ("K2SFF", "EVEREST") else "SAP_FLUX"
    np.testing.assert_array_equal(part.columns["sap_flux"], raw[raw_flux].astype("f4"))
    in_file = {"K2SFF": 4, "EVEREST": 6, "QLP": 10}.get(author, len(COLUMNS) - 1)
    finite = [name for name, column in part.columns.items() if np.isfinite(column).all()]
    assert len(finite) == in_file + (author == "K2SFF")


def test_raw_bits_are_kept(tmp_path):
    for author, segment, bit in (("QLP", 26, 1 << 12), ("QLP", 56, 1 << 30), ("EVEREST", 3, 1 << 24)):
        path = made(tmp_path, author, segment)
        quality = read(path, author).columns["quality"]
        np.testing.assert_array_equal(quality, fitsio.read(path, ext=1)["QUALITY"])
        assert (quality & bit).any()


def test_what_a_file_says_of_itself_and_the_star(tmp_path):
    qlp, everest = read(made(tmp_path, "QLP"), "QLP"), read(made(tmp_path, "EVEREST"), "EVEREST")
    assert (qlp.segment.date, everest.segment.date) == ("2020-10-14", "2017-06-02")
    assert read(made(tmp_path, "SPOC"), "SPOC").segment.date == ""
    assert dict(zip(STAR, qlp.segment.star, strict=True)) == pytest.approx(qlp.star, nan_ok=True)
    assert (qlp.star["magnitude"], qlp.star["pm_ra_mas_yr"], everest.star["magnitude"]) == (10.5, 63.1, 13.04)
    assert np.isnan([everest.star["teff_k"], everest.segment.crowdsap, qlp.segment.crowdsap]).all()
    assert (qlp.segment.camera, qlp.segment.data_release, everest.segment.channel) == (4, -1, 11)


@pytest.mark.parametrize(("author", "segment", "cadence_s"), MADE)
def test_whose_a_file_is_can_be_told_from_it(tmp_path, author, segment, cadence_s):
    path = made(tmp_path, author, segment)
    if author == "SPOC-20s":
        with pytest.raises(LightCurveError, match=r"a cadence every 20\.0 s, expected 120\.0 s \(2-minute\)"):
            read(path, author)
    else:
        assert read(path, author).segment.author == author


@pytest.mark.parametrize("author", AUTHORS)
def test_a_file_of_another_author_is_refused_with_both_names(tmp_path, author):
    path = made(tmp_path, author)
    for other in AUTHORS.values():
        if other.name != author:
            with pytest.raises(LightCurveError) as refusal:
                read(path, author, other.name)
            assert str(refusal.value) == f"{path.name}: a light curve by {author}, expected one by {other.name}"


def test_nobody_s_files_are_asked_for(tmp_path):
    with pytest.raises(
        LightCurveError, match="author 'TGLC': expected one of Kepler, K2, K2SFF, EVEREST, SPOC, SPOC-20s"
    ):
        read(made(tmp_path, "QLP"), "QLP", "TGLC")


@pytest.mark.parametrize("author", ["EVEREST", "QLP"])
def test_a_clock_that_the_header_lacks_is_read_from_the_table(tmp_path, author):
    whole, bare = (
        read(made(tmp_path / "a", author), author),
        read(made(tmp_path / "b", author, header=WITHOUT_CLOCK), author),
    )
    np.testing.assert_array_equal(bare.columns["time_bjd"], whole.columns["time_bjd"])
    assert bare.segment.cadence_s == pytest.approx(whole.segment.cadence_s, rel=1e-6)


def test_steps_of_time_do_not_feel_gaps(tmp_path):
    whole = fitsio.read(made(tmp_path, "QLP"), ext=1)
    columns = {name: whole[name][::7].astype(whole[name].dtype.newbyteorder("=")) for name in whole.dtype.names}
    gappy = made(tmp_path, "QLP", header=WITHOUT_CLOCK, columns=columns)
    assert read(gappy, "QLP").segment.cadence_s == pytest.approx(1800)


@pytest.mark.parametrize("author", [author for author in AUTHORS if author not in ("EVEREST", "QLP")])
@pytest.mark.parametrize("card", WITHOUT_CLOCK)
def test_nobody_else_s_clock_is_guessed(tmp_path, author, card):
    path = made(tmp_path, author, header={card: None})
    with pytest.raises(LightCurveError, match=f"without header card {card}"):
        read(path, author, author)


REFUSED = {
    "no zero point at all": ("QLP", dict(header=WITHOUT_CLOCK, time_unit="d"), "without header card BJDREFI"),
    "another zero point": (
        "QLP",
        dict(header={"BJDREFI": 2400000}),
        "zero point 2400000.0 in its header, expected 2457000",
    ),
    "another unit": (
        "QLP",
        dict(time_unit="BJD - 2454833"),
        r"zero point 2454833\.0 in the unit 'BJD - 2454833' of its times, expected 2457000\.0 in one by QLP",
    ),
    "another cadence in the header": (
        "QLP",
        dict(header={"TIMEDEL": 600 / 86400}),
        r"TIMEDEL says 600\.0 s, but its times are 1800\.0 s apart",
    ),
    "the cadence of another year": (
        "QLP",
        dict(primary={"SECTOR": 30}),
        r"a cadence every 1800\.0 s, expected 600\.0 s \(full frames\)",
    ),
    "of another year": (
        "TESS-SPOC",
        dict(primary={"SECTOR": 60}),
        r"a cadence every 1800\.0 s, expected 200\.0 s \(full frames\)",
    ),
    "one row": ("QLP", dict(rows=1, header={"TIMEDEL": None}), "a cadence every nan s, expected 1800.0 s"),
    "no flux": (
        "QLP",
        dict(columns={"KSPSAP_FLUX": None}),
        r"without column KSPSAP_FLUX: not a light curve as QLP writes",
    ),
    "no flux, new layout": ("QLP", dict(segment=60, columns={"DET_FLUX": None}), "without column DET_FLUX"),
    "no firings": ("K2SFF", dict(columns={"MOVING": None}), "without column MOVING: not a light curve as K2SFF writes"),
    "half a cadence": (
        "EVEREST",
        dict(columns={"CADN": np.arange(60) + 0.5}),
        "column CADN holds numbers that are not whole",
    ),
    "no cadence": (
        "EVEREST",
        dict(columns={"CADN": np.full(60, np.nan)}),
        "column CADN holds numbers that are not whole",
    ),
    "64 bits": ("EVEREST", dict(columns={"QUALITY": np.full(60, 1 << 40)}), "column QUALITY holds numbers .* 32 bits"),
    "another star": ("QLP", dict(primary={"TICID": 1}), "a light curve of TIC 1, expected TIC 25155310"),
    "another campaign": ("EVEREST", dict(primary={"CAMPAIGN": 101}), "of campaign 101, expected 102"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(tmp_path, case):
    author, changes, message = REFUSED[case]
    path = made(tmp_path, author, **changes)
    with pytest.raises(LightCurveError, match=message):
        read(path, author, author, expected=102 if author == "EVEREST" else None)


def test_64_bit_flags_that_fit_are_read(tmp_path):
    path = made(tmp_path, "EVEREST", columns={"QUALITY": np.full(60, 1 << 26)})
    assert (read(path, "EVEREST").columns["quality"] == 1 << 26).all()


def test_the_table_is_whole():
    for name, author in AUTHORS.items():
        assert find_author(name) is author
        assert [first for first, _ in author.cadences] == sorted({first for first, _ in author.cadences})
        for layout in author.columns:
            assert layout.keys() <= COLUMNS.keys() - {"segment"}
            assert "quality" in layout or author.flags
            assert {"time_bjd", "cadence_number", "pdcsap_flux", "sap_flux"} <= layout.keys()
    assert [AUTHORS["QLP"].cadence_s(sector) for sector in (1, 26, 27, 55, 56, 99)] == [1800, 1800, 600, 600, 200, 200]
    for mission, name in OWN.items():
        assert possible_authors(mission, "", set(), float("nan"))[0].name == name


@pytest.fixture(scope="module")
def lightkurve():
    with warnings.catch_warnings():
        # Deprecations within lightkurve are not ours.
        warnings.simplefilter("ignore")
        import lightkurve

        yield lightkurve


@pytest.mark.parametrize(("author", "segment", "cadence_s"), [case for case in MADE if case[0] not in OWN.values()])
def test_lightkurve_reads_the_same(tmp_path, lightkurve, author, segment, cadence_s):
    path = made(tmp_path, author, segment)
    # Its default for QLP is the flux before detrending.
    options = {} if author == "K2SFF" else {"quality_bitmask": "none"}
    if author == "QLP":
        options["flux_column"] = FLUX.get((author, segment), FLUX[author]).lower()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        judge = lightkurve.read(str(path), **options)
    part = read(path, author, author)
    assert judge.meta["AUTHOR"] == author.removesuffix("-20s")
    assert judge.targetid == NUMBERS[AUTHORS[author].mission]
    np.testing.assert_allclose(judge.time.jd, part.columns["time_bjd"], rtol=0, atol=1e-8)
    np.testing.assert_array_equal(np.asarray(judge.flux.value, "f4"), part.columns["pdcsap_flux"])
    np.testing.assert_array_equal(judge["cadenceno"], part.columns["cadence_number"])
    if author == "K2SFF":
        np.testing.assert_array_equal(np.asarray(judge["moving"]) != 0, part.columns["quality"] != 0)
    else:
        np.testing.assert_array_equal(judge["quality"], part.columns["quality"])
    if author == "QLP":
        np.testing.assert_array_equal(np.asarray(judge.flux_err.value, "f4"), part.columns["pdcsap_flux_err"])


def test_lightkurve_reads_the_same_real_k2sff(lightkurve, real_data):
    files = sorted((real_data / "other_light_curves" / "k2sff").glob("*.fits"))
    assert len(files) == 3
    for file in files:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            judge = lightkurve.read(str(file))
        with open(file, "rb") as opened:
            part = read_segment(opened, file.name, f"EPIC {judge.targetid}", judge.meta["CAMPAIGN"], author="K2SFF")
        np.testing.assert_allclose(judge.time.jd, part.columns["time_bjd"], rtol=0, atol=1e-8)
        np.testing.assert_array_equal(np.asarray(judge.flux.value, "f4"), part.columns["pdcsap_flux"])
        assert part.segment.date == fitsio.read_header(str(file), ext=0)["DATE"]
        with open(file, "rb") as opened, pytest.raises(LightCurveError, match=r"by K2SFF, expected one by K2$"):
            read_segment(opened, file.name, f"EPIC {judge.targetid}", author="K2")


NAMES = {
    "K2SFF": (12, "hlsps/k2sff/c12/201300000/67065/hlsp_k2sff_k2_lightcurve_201367065-c12_kepler_v1_llc.fits"),
    "EVEREST": (1, "hlsps/everest/v2/c01/201300000/67065/hlsp_everest_k2_llc_201367065-c01_kepler_v2.0_lc.fits"),
    "TESS-SPOC": (
        36,
        "hlsps/tess-spoc/s0036/target/0000/0000/2515/5310/hlsp_tess-spoc_tess_phot_0000000025155310-s0036_tess_v1_lc.fits",
    ),
    "QLP": (7, "hlsps/qlp/s0007/0000/0000/2515/5310/hlsp_qlp_tess_ffi_s0007-0000000025155310_tess_v01_llc.fits"),
}


@pytest.mark.parametrize("author", NAMES)
def test_places_of_made_files(author):
    segment, name = NAMES[author]
    mission = AUTHORS[author].mission
    assert archive_name(mission, NUMBERS[mission], segment, author) == name
