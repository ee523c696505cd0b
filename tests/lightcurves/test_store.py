"""The store: what goes in comes out, and damage is noticed."""

import copy
import dataclasses
import hashlib
import pickle
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightmill.errors import LightCurveError, LightmillError
from lightmill.lightcurves import LightCurve, Segment, read_stored, store_path, write_stored
from lightmill.lightcurves.lightcurve import COLUMNS, STAR
from lightmill.lightcurves.store import SCHEMA_VERSION, FileFacts, Origin, facts_of, read_stored_file

SEGMENT = Segment(
    number=3,
    author="Kepler",
    cadence_s=1765.46,
    exposure_s=1625.35,
    crowdsap=0.99,
    flfrcsap=float("nan"),
    channel=11,
    camera=-1,
    ccd=-1,
    data_release=25,
    rows_without_time=2,
    file="missions/a_llc.fits",
    sha256="0" * 64,
    size_bytes=466_560,
    date="2015-08-26",
    star=tuple(float(place) if place else float("nan") for place in range(len(STAR))),
)
ORIGIN = Origin(
    code="c" * 32,
    request="r" * 32,
    left_out=(FileFacts("missions/b_llc.fits", "Kepler", 3, 14_400, "1" * 64, "2012-01-01", 21),),
    absent=(FileFacts("missions/c_llc.fits", "Kepler", 5),),
)


def made(target_id="KIC 757076", cadences=50, seed=0) -> LightCurve:
    random = np.random.default_rng(seed)
    columns = {
        name: (random.normal(1e4, 5, cadences) if kind.kind == "f" else random.integers(0, 9, cadences)).astype(kind)
        for name, kind in COLUMNS.items()
    }
    columns["time_bjd"] = 2455000 + np.sort(random.uniform(0, 90, cadences))
    columns["pdcsap_flux"][::7] = np.nan
    columns["segment"] = np.repeat(np.arange(2, dtype="i2"), [cadences // 2, cadences - cadences // 2])
    star = {name: 1.5 * place for place, name in enumerate(STAR)} | {"teff_k": float("nan")}
    segments = (SEGMENT, dataclasses.replace(SEGMENT, number=4))
    return LightCurve(target_id=target_id, segments=segments, **columns, **star)


def same(one: LightCurve, other: LightCurve) -> bool:
    arrays = all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=kind.kind == "f")
        for name, kind in COLUMNS.items()
    )
    star = [getattr(one, name) for name in STAR], [getattr(other, name) for name in STAR]
    # NaN has no equal, but one way to be printed.
    return arrays and repr(star[0]) == repr(star[1]) and repr(one.segments) == repr(other.segments)


@pytest.mark.parametrize(
    ("target_id", "path"),
    [
        ("KIC 757076", "Kepler/0007/000757076.parquet"),
        ("EPIC 201367065", "K2/2013/201367065.parquet"),
        ("TIC 261136679", "TESS/6679/0000000261136679.parquet"),
    ],
)
def test_places(target_id, path):
    assert store_path("s", target_id) == Path("s") / path


@pytest.mark.parametrize("target_id", ["../../x", "KIC ../../x", "KIC 12;rm", "KIC 0", "KOI 1", "", "TIC 1e9"])
def test_what_is_no_target_has_no_place(tmp_path, target_id):
    with pytest.raises(LightmillError, match="expected 'KIC n', 'EPIC n' or 'TIC n'"):
        store_path(tmp_path, target_id)
    with pytest.raises(LightmillError, match="expected 'KIC n'"):
        read_stored(tmp_path, target_id)
    with pytest.raises(LightmillError, match="expected 'KIC n'"):
        write_stored(tmp_path, dataclasses.replace(made(), target_id=target_id))
    assert list(tmp_path.rglob("*")) == []


@pytest.mark.parametrize("target_id", ["KIC 757076", "EPIC 201367065", "TIC 9000000001"])
def test_what_goes_in_comes_out(tmp_path, target_id):
    light_curve = made(target_id)
    write_stored(tmp_path, light_curve)
    back = read_stored(tmp_path, target_id)
    assert same(back, light_curve)
    assert back.mission == light_curve.mission
    assert len(back) == 50
    for name, kind in COLUMNS.items():
        assert getattr(back, name).dtype == kind
        with pytest.raises(ValueError, match="read-only"):
            getattr(back, name)[0] = 0


def test_same_content_same_bytes_and_anyone_can_read_them(tmp_path):
    first, second = (write_stored(tmp_path / name, made(), ORIGIN) for name in "ab")
    paths = [store_path(tmp_path / name, "KIC 757076") for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert first.sha256 == second.sha256 == hashlib.sha256(paths[0].read_bytes()).hexdigest()
    assert [path.name for path in paths[0].parent.iterdir()] == ["000757076.parquet"]
    table = pq.read_table(paths[0])
    assert table.column_names == list(COLUMNS)
    np.testing.assert_array_equal(table["time_bjd"].to_numpy(), made().time_bjd)


def test_compression_is_what_the_docs_say(tmp_path):
    write_stored(tmp_path, made())
    row_group = pq.ParquetFile(store_path(tmp_path, "KIC 757076")).metadata.row_group(0)
    for place in range(row_group.num_columns):
        column = row_group.column(place)
        often = ("time_bjd", "pdcsap_flux", "quality", "segment")
        read_often = column.path_in_schema in often or column.path_in_schema.startswith(("mom_centr", "pos_corr"))
        assert column.compression == ("LZ4" if read_often else "ZSTD")
        assert ("BYTE_STREAM_SPLIT" in column.encodings) == (COLUMNS[column.path_in_schema].kind == "f")


def test_the_origin_and_the_sum_are_kept(tmp_path):
    written = write_stored(tmp_path, made(), ORIGIN)
    stored = read_stored_file(tmp_path, "KIC 757076")
    assert (stored.origin, stored.sha256) == (ORIGIN, written.sha256)
    assert same(stored.light_curve, made())
    assert write_stored(tmp_path, made()).origin == Origin()
    assert read_stored_file(tmp_path, "KIC 757076").origin == Origin()
    written = write_stored(tmp_path, made(), ORIGIN)
    assert len(read_stored(tmp_path, "KIC 757076", written.sha256)) == 50
    with pytest.raises(LightCurveError, match=f"has SHA-256 {written.sha256}, the manifest says 123"):
        read_stored(tmp_path, "KIC 757076", "123")


def test_columns_of_the_file_that_is_expected_are_decoded_when_asked_for(tmp_path, monkeypatch):
    written = write_stored(tmp_path, made(), ORIGIN)
    decoded = []

    def spy(self, columns, **options):
        decoded.extend(columns)
        return read(self, columns=columns, **options)

    read = pq.ParquetFile.read
    monkeypatch.setattr(pq.ParquetFile, "read", spy)
    back = read_stored(tmp_path, "KIC 757076", written.sha256)
    assert isinstance(back, LightCurve)
    assert (back.target_id, back.mission, repr(back.segments)) == ("KIC 757076", "Kepler", repr(made().segments))
    assert decoded == []
    first = back.pdcsap_flux
    assert back.pdcsap_flux is first
    assert decoded == ["pdcsap_flux"]
    assert same(back, made())
    assert sorted(decoded) == sorted(COLUMNS)
    for name, kind in COLUMNS.items():
        assert getattr(back, name).dtype == kind
        with pytest.raises(ValueError, match="read-only"):
            getattr(back, name)[0] = 0
    with pytest.raises(AttributeError, match="has no attribute 'flux'"):
        back.flux  # noqa: B018
    with pytest.raises(dataclasses.FrozenInstanceError):
        back.pdcsap_flux = first


def test_a_light_curve_that_is_not_decoded_can_be_copied(tmp_path):
    written = write_stored(tmp_path, made(), ORIGIN)

    def fresh() -> LightCurve:
        return read_stored(tmp_path, "KIC 757076", written.sha256)

    assert len(fresh()) == 50
    assert same(copy.copy(fresh()), made())
    assert same(copy.deepcopy(fresh()), made())
    assert same(pickle.loads(pickle.dumps(fresh())), made())
    other = dataclasses.replace(fresh(), quality=np.zeros(50, "i4"))
    assert (other.quality == 0).all()
    np.testing.assert_array_equal(other.time_bjd, made().time_bjd)
    # It is stored with the same bytes as the one that it was read from.
    assert write_stored(tmp_path / "again", fresh(), ORIGIN).sha256 == written.sha256


@pytest.mark.parametrize("cadences", [0, 1, 200_000])
def test_any_number_of_cadences(tmp_path, cadences):
    written = write_stored(tmp_path, made(cadences=cadences))
    for expected in (None, written.sha256):
        back = read_stored(tmp_path, "KIC 757076", expected)
        assert len(back) == cadences
        assert same(back, made(cadences=cadences))


def test_of_the_file_that_is_expected_the_target_and_the_schema_count_too(tmp_path, monkeypatch):
    monkeypatch.setattr("lightmill.lightcurves.store.SCHEMA_VERSION", 1)
    written = write_stored(tmp_path, made())
    monkeypatch.undo()
    with pytest.raises(LightCurveError, match=f"schema version 1, expected {SCHEMA_VERSION}.; fetch"):
        read_stored(tmp_path, "KIC 757076", written.sha256)
    written = write_stored(tmp_path, made())
    store_path(tmp_path, "KIC 757076").rename(store_path(tmp_path, "KIC 757077"))
    with pytest.raises(LightCurveError, match=r"000757077\.parquet: .*holds KIC 757076, not KIC 757077"):
        read_stored(tmp_path, "KIC 757077", written.sha256)


def test_a_file_laid_out_as_it_used_to_be_is_read(tmp_path):
    """Everything compressed with zstd, and the description within Arrow's schema: the same light curve."""
    write_stored(tmp_path, made(), ORIGIN)
    path = store_path(tmp_path, "KIC 757076")
    told = pq.read_metadata(path).metadata[b"lightmill"]
    table = pq.read_table(path).replace_schema_metadata({b"lightmill": told})
    pq.write_table(table, path, compression="zstd", use_dictionary=["quality", "segment"], write_statistics=False)
    stored = read_stored_file(tmp_path, "KIC 757076")
    assert same(stored.light_curve, made())
    assert stored.origin == ORIGIN
    assert same(read_stored(tmp_path, "KIC 757076", stored.sha256), made())


def test_another_origin_is_another_file(tmp_path):
    sums = {
        write_stored(tmp_path, made(), origin).sha256
        for origin in (Origin(), ORIGIN, dataclasses.replace(ORIGIN, absent=()), dataclasses.replace(ORIGIN, code="d"))
    }
    assert len(sums) == 4


def test_the_facts_of_a_file_are_its_segments():
    assert facts_of(SEGMENT) == FileFacts("missions/a_llc.fits", "Kepler", 3, 466_560, "0" * 64, "2015-08-26", 25)


@pytest.mark.parametrize("version", [1, 3])
def test_another_schema_is_told(tmp_path, monkeypatch, version):
    monkeypatch.setattr("lightmill.lightcurves.store.SCHEMA_VERSION", version)
    write_stored(tmp_path, made())
    monkeypatch.undo()
    with pytest.raises(LightCurveError, match=f"schema version {version}, expected {SCHEMA_VERSION}.; fetch"):
        read_stored(tmp_path, "KIC 757076")


def test_a_store_of_the_first_schema_is_told(tmp_path, monkeypatch):
    """Its description had other fields, and says so first."""
    monkeypatch.setattr("lightmill.lightcurves.store.asdict", lambda value: {"key": "k"})
    monkeypatch.setattr("lightmill.lightcurves.store._plain", lambda segment: {"number": segment.number})
    monkeypatch.setattr("lightmill.lightcurves.store.SCHEMA_VERSION", 1)
    write_stored(tmp_path, made())
    monkeypatch.undo()
    with pytest.raises(LightCurveError, match="schema version 1, expected 2"):
        read_stored(tmp_path, "KIC 757076")


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(LightCurveError, match=r"000757076\.parquet: no stored light curve of KIC 757076; fetch"):
        read_stored(tmp_path, "KIC 757076")


def test_another_targets_file_is_refused(tmp_path):
    write_stored(tmp_path, made())
    store_path(tmp_path, "KIC 757076").rename(store_path(tmp_path, "KIC 757077"))
    with pytest.raises(LightCurveError, match=r"000757077\.parquet: .*holds KIC 757076, not KIC 757077"):
        read_stored(tmp_path, "KIC 757077")


@pytest.fixture(scope="module")
def encoded(tmp_path_factory) -> bytes:
    store = tmp_path_factory.mktemp("store")
    write_stored(store, made(), ORIGIN)
    return store_path(store, "KIC 757076").read_bytes()


def read_bytes(folder, damaged: bytes) -> LightCurve:
    path = store_path(folder, "KIC 757076")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(damaged)
    return read_stored(folder, "KIC 757076")


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_a_file_cut_anywhere_is_refused(tmp_path_factory, encoded, data):
    length = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(LightCurveError, match="not a whole light curve"):
        read_bytes(tmp_path_factory.getbasetemp(), encoded[:length])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_flipped_bit_is_noticed_or_changes_nothing(tmp_path_factory, encoded, data):
    position, bit = data.draw(st.integers(0, len(encoded) - 1)), data.draw(st.integers(0, 7))
    damaged = bytearray(encoded)
    damaged[position] ^= 1 << bit
    try:
        back = read_bytes(tmp_path_factory.getbasetemp(), bytes(damaged))
    except LightCurveError as error:
        assert "fetch the light curves again" in str(error)  # noqa: PT017
    else:
        assert same(back, made())
