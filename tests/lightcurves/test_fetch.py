"""From an archive to the store: outcomes, what is made again and what is not, kills and company."""

import logging
import multiprocessing
import os
import re

import numpy as np
import pandas as pd
import pytest
from lightcurves.made_fits import archive_name, write_fits, write_target

from lightmill.config.archives import MISSION_ARCHIVES, KeplerArchive
from lightmill.errors import LightCurveError
from lightmill.files import sha256_file
from lightmill.lightcurves import read_stored, store_path, target
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.lightcurves.outcomes import MANIFEST_TYPES, PRODUCT_TYPES

STARS = (757076, 757099, 8644288)
TARGETS = [f"KIC {number}" for number in STARS]


@pytest.fixture
def archive(tmp_path):
    for number in STARS:
        write_target(tmp_path / "archive", "Kepler", number, (1, 2))
    return tmp_path / "archive"


@pytest.fixture
def shard(tmp_path, archive):
    """Runs one shard's fetch in a store of this test and returns the manifest."""

    def run(targets=tuple(TARGETS), mission="Kepler", store="store", name="000", bases=None):
        pd.DataFrame({"target_id": list(targets)}).to_parquet(tmp_path / "targets.parquet")
        manifest = tmp_path / f"{name}.parquet"
        settings = MISSION_ARCHIVES[mission](base_url=bases or [f"file://{archive}"])
        products = tmp_path / f"{name}.products.parquet"
        fetch_shard(tmp_path / "targets.parquet", mission, settings, tmp_path / store, manifest, products)
        return pd.read_parquet(manifest)

    return run


def rows(manifest):
    return {row.target_id: row for row in manifest.itertuples()}


def stored_bytes(store):
    return {str(path.relative_to(store)): path.read_bytes() for path in sorted(store.rglob("*")) if path.is_file()}


def test_a_shard(shard, tmp_path):
    manifest = shard([*reversed(TARGETS), "KIC 1"])
    assert list(manifest.columns) == list(MANIFEST_TYPES)
    assert list(manifest["target_id"]) == ["KIC 1", *TARGETS]
    assert list(manifest["outcome"]) == ["absent", "ok", "ok", "ok"]
    assert list(manifest["segments"]) == [0, 2, 2, 2]
    assert list(manifest["cadences"]) == [0, 120, 120, 120]
    assert manifest["detail"][0] == "no light-curve file in the archive"
    for target_id, row in rows(manifest).items():
        path = store_path(tmp_path / "store", target_id)
        assert row.sha256 == (sha256_file(path) if row.outcome == "ok" else "")
        assert path.exists() == (row.outcome == "ok")
    # From a folder nothing comes over the network, and nothing else is written.
    assert {path.suffix for path in (tmp_path / "store").rglob("*") if path.is_file()} == {".parquet"}


def test_the_files_of_a_shard(shard, archive, tmp_path):
    damage(archive / archive_name("Kepler", STARS[1], 2), "truncated")
    shard([*reversed(TARGETS), "KIC 1"])
    products = pd.read_parquet(tmp_path / "000.products.parquet")
    assert list(products.columns) == list(PRODUCT_TYPES)
    expected = [(f"KIC {number}", archive_name("Kepler", number, quarter)) for number in STARS for quarter in (1, 2)]
    assert list(zip(products["target_id"], products["product"], strict=True)) == expected
    assert list(products["outcome"]) == ["ok", "ok", "ok", "corrupt", "ok", "ok"]
    assert list(products["segment"]) == [1, 2] * 3
    for row in products.itertuples():
        path = archive / row.product
        whole = row.outcome == "ok"
        assert row.sha256 == (sha256_file(path) if whole else "")
        assert row.size_bytes == (path.stat().st_size if whole else 0)
        assert ("truncated" in row.detail) == (not whole)


@pytest.mark.parametrize(("mission", "target_id"), [("K2", "EPIC 201437844"), ("TESS", "TIC 9000000001")])
def test_the_other_missions(shard, archive, tmp_path, mission, target_id):
    write_target(archive, mission, int(target_id.split()[1]), (1, 12))
    assert list(shard([target_id], mission)["outcome"]) == ["ok"]
    assert [segment.number for segment in read_stored(tmp_path / "store", target_id).segments] == [1, 12]


def test_segments_are_joined_in_order_of_time(shard, tmp_path):
    shard()
    light_curve = read_stored(tmp_path / "store", TARGETS[0])
    assert (np.diff(light_curve.time_bjd) > 0).all()
    np.testing.assert_array_equal(light_curve.segment, np.repeat([0, 1], 60))
    assert [segment.number for segment in light_curve.segments] == [1, 2]
    assert [segment.file for segment in light_curve.segments] == [
        archive_name("Kepler", STARS[0], 1),
        archive_name("Kepler", STARS[0], 2),
    ]


def test_an_empty_shard_has_an_empty_manifest(shard):
    manifest = shard([], bases=["file:///nowhere"])
    assert list(manifest.columns) == list(MANIFEST_TYPES)
    assert len(manifest) == 0
    numbers = {name: kind for name, kind in MANIFEST_TYPES.items() if kind != "str"}
    assert numbers.items() <= manifest.dtypes.astype(str).to_dict().items()


def damage(path, how):
    raw = bytearray(path.read_bytes())
    if how == "truncated":
        raw = raw[: len(raw) * 2 // 3]
    elif how == "flipped":
        raw[8000] ^= 16
    elif how == "emptied":
        raw = bytearray()
    elif how == "a web page":
        raw = bytearray(b"<html><body>503 Service Unavailable</body></html>")
    path.write_bytes(raw)


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("truncated", "truncated: its headers promise 14400 bytes, it has 13440; download it again$"),
        ("flipped", "damaged: CHECKSUM of part 1 does not fit its bytes; download it again$"),
        ("emptied", r"not a FITS file \(0 bytes, starting b''\); download it again$"),
        ("a web page", r"not a FITS file \(49 bytes, starting b'<html>"),
    ],
)
def test_one_bad_file_fails_its_target_alone_and_is_named(shard, archive, tmp_path, how, message):
    name = archive_name("Kepler", STARS[1], 2)
    damage(archive / name, how)
    manifest = shard()
    assert list(manifest["outcome"]) == ["ok", "corrupt", "ok"]
    row = rows(manifest)[TARGETS[1]]
    assert re.match(f"{name}: {message}", row.detail)
    assert str(archive) not in row.detail
    assert (row.segments, row.cadences, row.sha256) == (0, 0, "")
    assert not store_path(tmp_path / "store", TARGETS[1]).exists()


def test_a_file_of_another_star_is_corrupt(shard, archive):
    name = archive_name("Kepler", STARS[1], 2)
    (archive / archive_name("Kepler", STARS[0], 2)).replace(archive / name)
    assert rows(shard())[TARGETS[1]].detail == f"{name}: a light curve of KIC 757076, expected KIC 757099"


def test_a_quarter_under_another_quarters_name_is_corrupt(shard, archive):
    name = archive_name("Kepler", STARS[1], 2)
    (archive / archive_name("Kepler", STARS[1], 1)).replace(archive / name)
    assert rows(shard())[TARGETS[1]].detail == f"{name}: of quarter 1, expected 2"


def test_a_star_without_one_finite_flux_is_corrupt_a_quarter_without_is_kept(shard, archive):
    nothing = {"PDCSAP_FLUX": np.full(60, np.nan, "f4")}
    write_target(archive, "Kepler", STARS[0], (1, 2), columns=nothing)
    write_target(archive, "Kepler", STARS[1], (1,), columns=nothing)
    manifest = rows(shard())
    first = archive_name("Kepler", STARS[0], 1)
    assert manifest[TARGETS[0]].outcome == "corrupt"
    said = "no finite PDCSAP_FLUX in 120 cadences, expected some; other segments may have it"
    assert manifest[TARGETS[0]].detail == f"{first} and 1 more: {said}"
    assert (manifest[TARGETS[1]].outcome, manifest[TARGETS[1]].segments) == ("ok", 2)


def test_of_two_deliveries_of_a_sector_the_newer_counts(shard, archive, tmp_path):
    names = [archive_name("TESS", 25155310, 1), archive_name("TESS", 25155310, 1).replace("-0120-", "-0121-")]
    for name, release in zip(names, (42, 30), strict=True):
        write_fits(archive / name, "TESS", 25155310, 1, primary={"DATA_REL": release})
    [row] = shard(["TIC 25155310"], "TESS").itertuples()
    assert (row.outcome, row.segments, row.cadences) == ("ok", 1, 60)
    assert row.detail == f"left out, an older delivery of the same segment: {names[1]}"
    assert read_stored(tmp_path / "store", "TIC 25155310").segments[0].file == names[0]
    # And the same row when nothing has to be done.
    assert next(shard(["TIC 25155310"], "TESS").itertuples()) == row


def test_an_aperture_that_missed_its_star_is_told(shard, archive, caplog):
    write_target(archive, "Kepler", STARS[0], (2,), header={"CROWDSAP": 0.1772, "FLFRCSAP": 0.0006})
    write_target(archive, "Kepler", STARS[1], (1,), header={"CROWDSAP": 0.299, "FLFRCSAP": 0.1})
    write_target(archive, "Kepler", STARS[1], (2,), header={"CROWDSAP": 0.3, "FLFRCSAP": 0.099})
    write_target(archive, "Kepler", STARS[2], (1,), header={"CROWDSAP": 0.3, "FLFRCSAP": 0.1})
    write_target(archive, "Kepler", STARS[2], (2,), header={"CROWDSAP": None, "FLFRCSAP": None})
    with caplog.at_level(logging.WARNING, "lightmill"):
        manifest = rows(shard())
    first = (
        f"crowdsap 0.18 / flfrcsap 0.0006 in {archive_name('Kepler', STARS[0], 2)}: PDCSAP depths are not to be trusted"
    )
    assert {row.outcome for row in manifest.values()} == {"ok"}
    assert manifest[TARGETS[0]].detail == first
    assert f"{TARGETS[0]}: ok: {first}" in caplog.text
    assert [part.split(" in ")[0] for part in manifest[TARGETS[1]].detail.split("; ")] == [
        "crowdsap 0.3 / flfrcsap 0.1",
        "crowdsap 0.3 / flfrcsap 0.099",
    ]
    assert manifest[TARGETS[2]].detail == ""
    # And the same when nothing has to be done.
    assert rows(shard()) == manifest


def test_segments_that_share_a_time_are_corrupt(shard, archive):
    time = 1000 + np.arange(60) * 0.0204
    write_target(archive, "Kepler", STARS[0], (1, 2), columns={"TIME": time})
    names = [archive_name("Kepler", STARS[0], quarter) for quarter in (1, 2)]
    assert rows(shard())[TARGETS[0]].detail == f"{names[0]} and {names[1]}: both have a cadence at BJD 2455833.0"


def test_an_unreadable_file_is_worth_trying_again(shard, archive):
    name = archive_name("Kepler", STARS[1], 2)
    (archive / name).unlink()
    # A folder of that name cannot be read as a file, by nobody.
    (archive / name).mkdir()
    manifest = rows(shard())
    assert manifest[TARGETS[1]].outcome == "transient"
    assert manifest[TARGETS[1]].detail == f"{name}: Is a directory"
    (archive / name).rmdir()
    assert rows(shard())[TARGETS[1]].outcome == "ok"


def test_an_archive_that_is_not_there_fails_the_shard(shard, tmp_path):
    with pytest.raises(LightCurveError, match=r"no folder .*archives\.kepler\.base_url"):
        shard(bases=["file:///nowhere"])
    assert not (tmp_path / "000.parquet").exists()


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (["KIC 1", "../../x"], r"targets\.parquet: target '\.\./\.\./x': expected 'KIC n'"),
        (["KIC 1", "TIC 1"], r"targets\.parquet: TIC 1 is a target of TESS, expected Kepler"),
        (["KIC 1", "KIC 1"], r"targets\.parquet: KIC 1 stands in the list more than once"),
    ],
)
def test_a_list_of_something_else_is_refused(shard, tmp_path, targets, message):
    with pytest.raises(LightCurveError, match=message):
        shard(targets)
    assert not (tmp_path / "store").exists()


def written(monkeypatch):
    """Counts the light curves that are made, by target."""
    made = []
    real = target.write_stored

    def write(store, light_curve, origin):
        made.append(light_curve.target_id)
        return real(store, light_curve, origin)

    monkeypatch.setattr(target, "write_stored", write)
    return made


def test_only_what_is_missing_changed_or_damaged_is_made_again(shard, archive, tmp_path, monkeypatch, caplog):
    first = shard()
    before = stored_bytes(tmp_path / "store")
    made = written(monkeypatch)

    pd.testing.assert_frame_equal(shard(), first)
    assert made == []

    # Poisoned: half of it is gone, or one byte is another.
    store_path(tmp_path / "store", TARGETS[0]).write_bytes(b"PAR1 half of it")
    path = store_path(tmp_path / "store", TARGETS[1])
    path.write_bytes(path.read_bytes()[:-9] + b"x" + path.read_bytes()[-8:])
    store_path(tmp_path / "store", TARGETS[2]).unlink()
    with caplog.at_level(logging.WARNING, "lightmill"):
        pd.testing.assert_frame_equal(shard(), first)
    assert made == TARGETS
    assert stored_bytes(tmp_path / "store") == before
    assert "000757076.parquet: not a whole light curve" in caplog.text

    # A file delivered again, with the same name.
    made.clear()
    write_target(archive, "Kepler", STARS[1], (2,), primary={"DATA_REL": 26})
    second = shard()
    assert made == [TARGETS[1]]
    assert second["sha256"].eq(first["sha256"]).tolist() == [True, False, True]

    # Another quarter.
    made.clear()
    write_target(archive, "Kepler", STARS[2], (3,))
    assert list(shard()["segments"]) == [2, 2, 3]
    assert made == [TARGETS[2]]

    # Other code.
    made.clear()
    monkeypatch.setattr(target, "_code", lambda: "other code")
    shard()
    assert made == TARGETS


def test_a_file_gone_bad_leaves_what_was_stored(shard, archive, tmp_path):
    shard()
    before = stored_bytes(tmp_path / "store")
    damage(archive / archive_name("Kepler", STARS[1], 2), "flipped")
    assert rows(shard())[TARGETS[1]].outcome == "corrupt"
    assert stored_bytes(tmp_path / "store") == before


def test_same_bytes_in_two_stores_and_manifests(shard, tmp_path):
    shard(store="a", name="a")
    shard(store="b", name="b", targets=list(reversed(TARGETS)))
    assert stored_bytes(tmp_path / "a") == stored_bytes(tmp_path / "b")
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


@pytest.mark.parametrize("moment", range(1, 15))
def test_a_kill_at_any_step_leaves_nothing_half_done(shard, tmp_path, monkeypatch, moment):
    whole = shard(store="whole", name="whole")
    steps = iter(range(1, 100))

    class Killed(BaseException):
        """What no handler catches."""

    def stepped(real):
        def step(*arguments, **named):
            if next(steps) == moment:
                raise Killed
            return real(*arguments, **named)

        return step

    # Between a file's bytes and its name, and before the manifest: fsync, rename, next target.
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", stepped(os.fsync))
        patched.setattr(os, "replace", stepped(os.replace))
        with pytest.raises(Killed):
            shard()
    assert not (tmp_path / "000.parquet").exists()
    complete = {name: content for name, content in stored_bytes(tmp_path / "store").items() if "part" not in name}
    assert complete.items() <= stored_bytes(tmp_path / "whole").items()
    made = written(monkeypatch)
    pd.testing.assert_frame_equal(shard(), whole)
    assert len(made) == len(TARGETS) - len(complete)
    assert stored_bytes(tmp_path / "store") == stored_bytes(tmp_path / "whole")


def one_shard(targets, url, store, manifest):
    products = manifest.with_suffix(".products.parquet")
    fetch_shard(targets, "Kepler", KeplerArchive(base_url=url), store, manifest, products)


def test_a_process_killed_outright_loses_only_what_it_had_not_finished(shard, archive, tmp_path, monkeypatch):
    numbers = range(1001, 1041)
    for number in numbers:
        write_target(archive, "Kepler", number, (1,))
    targets = [f"KIC {number}" for number in numbers]
    whole = shard(targets, store="whole", name="whole")
    arguments = (tmp_path / "targets.parquet", f"file://{archive}", tmp_path / "store", tmp_path / "000.parquet")
    process = multiprocessing.get_context("spawn").Process(target=one_shard, args=arguments)
    process.start()
    while process.is_alive() and len(list((tmp_path / "store").rglob("*.parquet"))) < 5:
        process.join(0.001)
    process.kill()
    process.join()
    complete = [path for path in (tmp_path / "store").rglob("*.parquet") if not path.name.startswith(".")]
    assert len(complete) >= 4
    made = written(monkeypatch)
    pd.testing.assert_frame_equal(shard(targets), whole)
    assert len(made) == len(targets) - len(complete)
    after = {name: content for name, content in stored_bytes(tmp_path / "store").items() if ".part" not in name}
    assert after == stored_bytes(tmp_path / "whole")


def one_process(targets, url, store, manifest):
    for _ in range(5):
        one_shard(targets, url, store, manifest)
        # Making each anew keeps both processes writing.
        for target_id in TARGETS:
            store_path(store, target_id).unlink(missing_ok=True)
    one_shard(targets, url, store, manifest)


def test_two_processes_on_the_same_targets(shard, archive, tmp_path):
    whole = shard(store="whole", name="whole")
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(
            target=one_process,
            args=(tmp_path / "targets.parquet", f"file://{archive}", tmp_path / "store", tmp_path / f"{name}.parquet"),
        )
        for name in ("one", "two")
    ]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0]
    for name in ("one", "two"):
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), whole)
    assert list((tmp_path / "store").rglob("*.part")) == []


def test_the_real_archive_through_the_store(real_data, shard, tmp_path):
    bases = [f"file://{real_data / 'archive'}"]
    manifest = rows(shard(["KIC 11442793", "KIC 6462863"], bases=bases))
    assert {row.outcome for row in manifest.values()} == {"ok"}
    assert manifest["KIC 6462863"].segments == 9
    kepler_90 = read_stored(tmp_path / "store", "KIC 11442793", manifest["KIC 11442793"].sha256)
    assert [segment.number for segment in kepler_90.segments] == [3, 4, 5]
    # What the archive and the literature say of Kepler-90 (KOI-351): 18h 57m 44s +49° 18', Kp 13.80.
    assert (kepler_90.ra_deg, kepler_90.dec_deg) == pytest.approx((284.4335, 49.3052), abs=1e-3)
    assert kepler_90.magnitude == pytest.approx(13.80, abs=0.01)
    # Quarter 3 began on 2009 September 18 (JD 2455093), quarter 5 ended on 2010 June 23 (JD 2455371).
    assert 2455092 < kepler_90.time_bjd[0] < 2455094
    assert 2455370 < kepler_90.time_bjd[-1] < 2455372
    trappist = "missions/k2/lightcurves/c12/246100000/99000/ktwo246199087-c12_llc.fits"
    k2 = shard(["EPIC 201437844", "EPIC 246199087"], "K2", bases=bases)
    assert list(k2["outcome"]) == ["ok", "ok"]
    # TRAPPIST-1, red and moving fast: its aperture holds hardly any of it.
    missed = f"crowdsap 0.18 / flfrcsap 0.0006 in {trappist}: PDCSAP depths are not to be trusted"
    assert list(k2["detail"]) == ["", missed]
    assert list(shard(["TIC 261136679", "TIC 25155310"], "TESS", bases=bases)["outcome"]) == ["ok", "ok"]
    pi_mensae = read_stored(tmp_path / "store", "TIC 261136679")
    assert (pi_mensae.segments[0].camera, pi_mensae.segments[0].ccd) == (4, 2)
    # Gaia DR2: 311.19 and 1048.84 mas/yr.
    assert (pi_mensae.pm_ra_mas_yr, pi_mensae.pm_dec_mas_yr) == pytest.approx((311.2, 1048.8), abs=1)
