"""The store's upkeep: damage is found, nothing else is touched, and only what nobody needs goes."""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from lightcurves.made_fits import archive_name, write_fits

from lightmill.errors import LightCurveError, LightmillError, StoreError
from lightmill.files import sha256_file
from lightmill.lightcurves import LightCurve, Segment, read_stored, store_path, write_stored
from lightmill.lightcurves.archives.names import everest_name, k2sff_name
from lightmill.lightcurves.fetching.locks import is_held, lock_unless_held, target_lock
from lightmill.lightcurves.lightcurve import COLUMNS, STAR
from lightmill.lightcurves.outcomes import Outcome, answer_path, manifest_table, remember_answer
from lightmill.lightcurves.upkeep.answers import forget, targets_remembered_as
from lightmill.lightcurves.upkeep.contents import list_store
from lightmill.lightcurves.upkeep.counting import store_stats
from lightmill.lightcurves.upkeep.garbage import ABANDONED_S, find_garbage, remove_garbage
from lightmill.lightcurves.upkeep.verifying import verify_store
from lightmill.targets import mission_of

STORED = ("KIC 757076", "EPIC 201437844", "TIC 9000000001")


def made(target_id, seed=0):
    """A light curve of 50 cadences in two segments."""
    random = np.random.default_rng(seed)
    columns = {name: random.integers(0, 2, 50).astype(kind) for name, kind in COLUMNS.items()}
    columns["time_bjd"] = 2455000 + np.arange(50) / 48 + random.uniform(0, 0.001)
    columns["segment"] = np.repeat(np.arange(2, dtype="i2"), 25)
    author = {"Kepler": "Kepler", "K2": "K2SFF", "TESS": "SPOC"}[mission_of(target_id)]
    facts = {"cadence_s": 1765.5, "exposure_s": 1625.0, "crowdsap": 0.99, "flfrcsap": 0.9, "channel": 1, "camera": -1}
    facts |= {"ccd": -1, "data_release": 25, "rows_without_time": 0, "file": "x.fits", "sha256": "0" * 64}
    facts |= {"size_bytes": 1, "date": "", "star": (1.0,) * len(STAR)}
    segments = tuple(Segment(number=number, author=author, **facts) for number in (3, 4))
    return LightCurve(target_id=target_id, segments=segments, **columns, **dict.fromkeys(STAR, 1.0))


def gone_process():
    """The number of a process that has ended."""
    done = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    return int(done.stdout)


@pytest.fixture
def store(tmp_path):
    """A store with something of every kind, all of it as it should be."""
    store = tmp_path / "store"
    for target_id in STORED:
        write_stored(store, made(target_id))
    remember_answer(store, Outcome("KIC 3", "absent", "no light-curve file in the archive"), "question")
    remember_answer(store, Outcome("TIC 4", "corrupt", "x_lc.fits: truncated"), "question")
    write_fits(store / "fits" / archive_name("Kepler", 757076, 1))
    staged = store / "staging" / "Kepler" / "000757099"
    staged.mkdir(parents=True)
    (staged / "kplr000757099-2009166043257_llc.fits").write_bytes(b"SIMPLE  =")
    (staged / "kplr000757099-2009259160929_llc.fits.part").write_bytes(b"SIM")
    (staged / "kplr000757099-2009259160929_llc.fits.part.json").write_text("{}")
    with target_lock(store, "KIC 757099"):
        pass
    return store


@pytest.fixture
def results(tmp_path):
    """A function: write the manifest of a shard of the run `one`, {target: (outcome, sha256)}; its path."""

    def write(rows, shard="000", mission="Kepler"):
        path = tmp_path / "results" / "one" / "lightcurves" / mission / f"{shard}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        outcomes = [Outcome(target, outcome, "", sha256=sha256) for target, (outcome, sha256) in rows.items()]
        manifest_table(outcomes).to_parquet(path)
        return path

    return write


def everything(store):
    return {path: path.read_bytes() for path in sorted(store.parent.rglob("*")) if path.is_file()}


def kinds(store):
    return {str(entry.path.relative_to(store)): (entry.kind, entry.target_id) for entry in list_store(store)}


def test_every_file_is_known_by_its_place(store):
    (store / "sectors").mkdir()
    (store / "sectors" / "s0001.parquet").write_bytes(b"")
    for name in ("notes.txt", "Kepler/0007/notes.parquet", "Kepler/9999/000757076.parquet", "fits/readme.fits"):
        (store / name).parent.mkdir(exist_ok=True)
        (store / name).write_text("mine")
    (store / "backup").mkdir()
    (store / "backup" / "much.bin").write_bytes(b"not looked at")
    (store / "Kepler" / "0007" / ".000757076.parquet.host.1.x.part").write_bytes(b"")
    k2 = [k2sff_name(201437844, 1), everest_name(201437844, 1)]
    tess = [archive_name("TESS", 4, 1, author) for author in ("SPOC", "SPOC-20s", "TESS-SPOC", "QLP")]
    for name in (*k2, *tess, f"{tess[0]}.part"):
        (store / "fits" / name).parent.mkdir(parents=True, exist_ok=True)
        (store / "fits" / name).write_bytes(b"")
    staged = "staging/Kepler/000757099/kplr000757099"
    assert kinds(store) == {
        "Kepler/0000/000000003.json": ("answer", "KIC 3"),
        "Kepler/0007/.000757076.parquet.host.1.x.part": ("temporary", ""),
        "Kepler/0007/000757076.parquet": ("light_curve", "KIC 757076"),
        "Kepler/0007/notes.parquet": ("foreign", ""),
        "Kepler/9999/000757076.parquet": ("foreign", ""),
        "K2/2014/201437844.parquet": ("light_curve", "EPIC 201437844"),
        "TESS/0001/0000009000000001.parquet": ("light_curve", "TIC 9000000001"),
        "TESS/0004/0000000000000004.json": ("answer", "TIC 4"),
        "backup": ("foreign", ""),
        f"fits/{archive_name('Kepler', 757076, 1)}": ("kept", "KIC 757076"),
        **{f"fits/{name}": ("kept", "EPIC 201437844") for name in k2},
        **{f"fits/{name}": ("kept", "TIC 4") for name in tess},
        f"fits/{tess[0]}.part": ("staged", "TIC 4"),
        "fits/readme.fits": ("foreign", ""),
        next(iter(path for path in kinds(store) if path.startswith("locks/"))): ("lock", ""),
        "notes.txt": ("foreign", ""),
        "sectors/s0001.parquet": ("sector_list", ""),
        f"{staged}-2009166043257_llc.fits": ("staged", "KIC 757099"),
        f"{staged}-2009259160929_llc.fits.part": ("staged", "KIC 757099"),
        f"{staged}-2009259160929_llc.fits.part.json": ("staged", "KIC 757099"),
    }


def test_the_locks_are_those_of_fetching(store):
    for number in range(1, 600, 7):
        target_id = f"KIC {number}"
        assert not is_held(store, target_id)
        with target_lock(store, target_id):
            assert is_held(store, target_id)
            with lock_unless_held(store, target_id) as held:
                assert not held
        with lock_unless_held(store, target_id) as held:
            assert held
            assert is_held(store, target_id)


def test_a_whole_store_is_whole(store):
    before = everything(store)
    found = verify_store(store, remove=True)
    assert (found.damaged, found.lost, found.links, found.foreign) == ([], [], [], [])
    assert [found.counts[kind] for kind in ("light_curve", "answer", "kept")] == [3, 2, 1]
    assert everything(store) == before


def damage(path, how):
    raw = bytearray(path.read_bytes())
    if how == "flip":
        raw[len(raw) // 2] ^= 1
    elif how == "cut":
        del raw[len(raw) // 2 :]
    elif how == "other":
        store = next(folder for folder in path.parents if folder.name == "store")
        raw = bytearray(store_path(store, STORED[1]).read_bytes())
    else:
        raw = bytearray(how)
    path.write_bytes(raw)


@pytest.mark.parametrize("how", ["flip", "cut", "other", b"", b"{}", b"null", b'{"digest": 1}'])
@pytest.mark.parametrize("place", ["light_curve", "answer", "kept"])
def test_damage_is_found_and_goes_only_if_asked(store, place, how):
    path = {
        "light_curve": store_path(store, STORED[0]),
        "answer": answer_path(store, "KIC 3"),
        "kept": store / "fits" / archive_name("Kepler", 757076, 1),
    }[place]
    damage(path, how)
    before = everything(store)
    found = verify_store(store)
    assert [(fault.path, fault.removed) for fault in found.damaged] == [(path, False)]
    assert found.damaged[0].reason
    assert str(path) not in found.damaged[0].reason
    assert everything(store) == before
    found = verify_store(store, remove=True)
    assert [(fault.path, fault.removed) for fault in found.damaged] == [(path, True)]
    del before[path]
    assert {path: raw for path, raw in everything(store).items() if path.parent.name != "locks"} == {
        path: raw for path, raw in before.items() if path.parent.name != "locks"
    }
    assert verify_store(store).damaged == []


def test_damage_that_a_run_works_on_stays(store):
    path = store_path(store, STORED[0])
    damage(path, "flip")
    with target_lock(store, STORED[0]):
        (fault,) = verify_store(store, remove=True).damaged
    assert not fault.removed
    assert "a run works on KIC 757076" in fault.reason
    assert path.exists()


def test_what_cannot_be_read_is_not_removed(store, monkeypatch):
    path = store_path(store, STORED[0])
    read_bytes = Path.read_bytes

    def unreadable(self):
        if self == path:
            raise PermissionError(13, "Permission denied", str(self))
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", unreadable)
    (fault,) = verify_store(store, remove=True).damaged
    assert fault.reason == "cannot be read: Permission denied; not removed"
    assert path.exists()


def test_lists_of_sectors_are_checked(store):
    (store / "sectors").mkdir()
    table = pd.DataFrame({"tic": [1], "sector": [2], "url": ["https://x/y"]})
    for sector in (2, 3):
        table.to_parquet(store / "sectors" / f"s{sector:04d}.parquet")
    (store / "sectors" / "s0004.parquet").write_bytes(b"PAR1")
    found = verify_store(store, remove=True)
    assert [fault.path.name for fault in found.damaged] == ["s0003.parquet", "s0004.parquet"]
    assert "not the list of this sector, but of s0002" in found.damaged[0].reason
    assert [path.name for path in (store / "sectors").iterdir()] == ["s0002.parquet"]


def test_manifests_are_compared(store, results, tmp_path):
    write_stored(store, made("KIC 9", seed=1))
    right = {target_id: ("ok", sha256_file(store_path(store, target_id))) for target_id in (*STORED, "KIC 9")}
    results(right | {"KIC 3": ("absent", ""), "KIC 5": ("transient", "")})
    found = verify_store(store, [tmp_path / "results" / "one"])
    assert (found.lost, found.manifests) == ([], 1)

    write_stored(store, made("KIC 9", seed=2))
    store_path(store, STORED[1]).unlink()
    damage(store_path(store, STORED[0]), "flip")
    results({"nonsense/../..": ("ok", "0")}, "001")
    results({}, "002").write_bytes(b"PAR1")
    found = verify_store(store, [tmp_path / "results" / "one"], remove=True)
    assert [fault.path for fault in found.damaged] == [store_path(store, STORED[0])]
    reasons = [f"{fault.path.stem}: {fault.reason}" for fault in found.lost]
    assert len(reasons) == 4
    for beginning, part in (
        ("000: EPIC 201437844: ", " is missing"),
        ("000: KIC 9: ", " is another light curve"),
        ("001: target 'nonsense/../..'", "expected 'KIC n'"),
        ("002: no manifest that can be read", "remove it, and the next run makes it anew"),
    ):
        assert [reason for reason in reasons if reason.startswith(beginning) and part in reason], reasons
    # Another whole light curve is not damaged.
    assert read_stored(store, "KIC 9").target_id == "KIC 9"
    with pytest.raises(LightCurveError, match="no manifest of light curves below it"):
        verify_store(store, [tmp_path / "nowhere"])


def test_stats(store):
    damage(store_path(store, STORED[1]), b"PAR1")
    damage(answer_path(store, "TIC 4"), "cut")
    (store / "mine.txt").write_text("mine")
    found = store_stats(store)
    kepler, k2, tess = (found.missions[mission] for mission in ("Kepler", "K2", "TESS"))
    assert (kepler.targets, kepler.segments, kepler.cadences, kepler.damaged) == (1, 2, 50, 0)
    assert kepler.files_by_author == {"Kepler": 2}
    assert kepler.light_curve_bytes == store_path(store, STORED[0]).stat().st_size
    assert (kepler.kept_fits, kepler.staged_files, kepler.staged_bytes) == (1, 3, 14)
    assert kepler.answers == {"absent": 1}
    assert (k2.targets, k2.damaged) == (0, 1)
    assert tess.answers == {"damaged": 1}
    assert found.foreign_files == 1
    assert store_stats_of_nothing(store) == {}


def store_stats_of_nothing(store):
    empty = store.parent / "empty"
    empty.mkdir()
    return store_stats(empty).missions


def remaining(store):
    return {entry.kind for entry in list_store(store)}


def test_gc_lists_first_and_then_removes(store):
    before = everything(store)
    found = find_garbage(store)
    assert [(garbage.reason, len(garbage.entries), garbage.size_bytes) for garbage in found] == [("staged", 3, 14)]
    assert everything(store) == before
    removed, left = remove_garbage(store, found)
    assert (removed, left) == (found, [])
    assert not (store / "staging" / "Kepler" / "000757099").exists()
    assert remaining(store) == {"light_curve", "answer", "kept", "lock"}
    assert verify_store(store).damaged == []
    assert find_garbage(store) == []


def test_gc_leaves_alone_what_a_run_works_on(store):
    before = everything(store)
    with target_lock(store, "KIC 757099"):
        (garbage,) = find_garbage(store)
        assert garbage.in_use
        assert remove_garbage(store, [garbage]) == ([], [garbage])
    assert everything(store) == before


def test_gc_takes_what_writers_that_are_gone_left(store):
    folder, node = store_path(store, STORED[0]).parent, platform.node()
    dead = folder / f".000757076.parquet.{node}.{gone_process()}.abc_9.part"
    alive = folder / f".000757076.json.{node}.{os.getpid()}.abc_9.part"
    elsewhere = folder / ".000757076.parquet.another.host.1.abc_9.part"
    old = folder / ".000757076.parquet.another.host.2.abc_9.part"
    for path in (dead, alive, elsewhere, old):
        path.write_bytes(b"half")
    long_ago = time.time() - ABANDONED_S - 60
    os.utime(old, (long_ago, long_ago))
    found = [garbage for garbage in find_garbage(store) if garbage.reason == "temporary"]
    assert {garbage.place for garbage in found} == {dead, old}
    remove_garbage(store, found)
    assert [path.exists() for path in (dead, alive, elsewhere, old)] == [False, True, True, False]


def test_gc_takes_answers_that_a_light_curve_followed(store):
    target_id = STORED[0]
    stored = store_path(store, target_id)
    remember_answer(store, Outcome(target_id, "corrupt", "since then"), "another question")
    # The light curve is of an older request: the answer to the newer one counts.
    os.utime(stored, (1e9, 1e9))
    assert [garbage.reason for garbage in find_garbage(store)] == ["staged"]
    os.utime(answer_path(store, target_id), (1e9 - 5, 1e9 - 5))
    found = [garbage for garbage in find_garbage(store) if garbage.reason == "answered"]
    assert [garbage.place for garbage in found] == [answer_path(store, target_id)]
    os.utime(answer_path(store, target_id), (1e9 + 5, 1e9 + 5))
    assert remove_garbage(store, found) == ([], found)
    os.utime(answer_path(store, target_id), (1e9 - 5, 1e9 - 5))
    assert remove_garbage(store, found) == (found, [])
    assert answer_path(store, "KIC 3").exists()


def test_gc_takes_fits_if_asked(store):
    found = [garbage for garbage in find_garbage(store, fits=True) if garbage.reason == "fits"]
    assert [garbage.target_id for garbage in found] == ["KIC 757076"]
    remove_garbage(store, found)
    assert "kept" not in remaining(store)


def test_gc_takes_light_curves_that_no_run_has_in_use(store, results, tmp_path):
    folder = tmp_path / "results"
    for wrong in (folder, tmp_path):
        with pytest.raises(LightCurveError, match="no manifest of light curves in any run below it"):
            find_garbage(store, results=[wrong])
    manifest = results({STORED[0]: ("ok", "0"), STORED[1]: ("transient", "")})
    # Beside manifests lie tables that are none.
    for name in ("000.products.parquet", "sectors.parquet"):
        pd.DataFrame({"target_id": [STORED[2]], "outcome": ["ok"]}).to_parquet(manifest.parent / name)
    found = [garbage for garbage in find_garbage(store, results=[folder]) if garbage.reason == "unused"]
    assert {garbage.target_id for garbage in found} == {STORED[1], STORED[2]}

    # A shard that has no manifest yet is being fetched, or will be.
    listed = folder / "two" / "shards" / "targets" / "TESS" / "003.parquet"
    listed.parent.mkdir(parents=True)
    pd.DataFrame({"target_id": [STORED[2]]}).to_parquet(listed)
    found = [garbage for garbage in find_garbage(store, results=[folder]) if garbage.reason == "unused"]
    assert {garbage.target_id for garbage in found} == {STORED[1]}
    remove_garbage(store, found)
    assert [store_path(store, target_id).exists() for target_id in STORED] == [True, False, True]

    # Where a manifest cannot be read, nobody knows what is in use.
    manifest.write_bytes(b"PAR1")
    with pytest.raises(LightCurveError, match=r"000\.parquet: no manifest that can be read"):
        find_garbage(store, results=[folder])


def test_a_light_curve_that_was_written_meanwhile_stays(store, results, tmp_path):
    results({STORED[1]: ("ok", "0")})
    found = [garbage for garbage in find_garbage(store, results=[tmp_path / "results"]) if garbage.reason == "unused"]
    os.utime(store_path(store, STORED[0]), (1e9, 1e9))
    removed, left = remove_garbage(store, found)
    assert [garbage.target_id for garbage in removed] == [STORED[2]]
    assert [garbage.target_id for garbage in left] == [STORED[0]]


def test_links_are_not_followed(store, tmp_path):
    outside = tmp_path / "outside"
    (outside / "000757100").mkdir(parents=True)
    (outside / "000757100" / "kplr000757100-2009166043257_llc.fits").write_bytes(b"keep")
    (outside / "keep.fits").write_bytes(b"keep")
    (store / "staging" / "TESS").symlink_to(outside)
    (store / "staging" / "Kepler" / "000757100").symlink_to(outside / "000757100")
    (store / "staging" / "Kepler" / "000757099" / "kplr000757099-x_llc.fits").symlink_to(outside / "keep.fits")
    (store / "fits" / "hlsps").symlink_to(outside)
    before = everything(store)
    found = find_garbage(store, fits=True)
    remove_garbage(store, found)
    after = everything(store)
    assert all(after[path] == raw for path, raw in before.items() if store not in path.parents)
    assert len(verify_store(store).links) == 4
    linked = tmp_path / "linked"
    linked.symlink_to(store)
    assert len(verify_store(linked).links) == 4


def test_forgetting(store):
    assert targets_remembered_as(store, "absent") == ["KIC 3"]
    assert targets_remembered_as(store, "corrupt") == ["TIC 4"]
    assert forget(store, ["KIC 3", "KIC 3", "KIC 5"]) == (["KIC 3"], ["KIC 5"], [])
    assert targets_remembered_as(store, "absent") == []
    with target_lock(store, "TIC 4"):
        assert forget(store, ["TIC 4"]) == ([], [], ["TIC 4"])
    assert answer_path(store, "TIC 4").exists()
    damage(answer_path(store, "TIC 4"), "cut")
    assert targets_remembered_as(store, "corrupt") == []
    assert forget(store, ["TIC 4"]).forgotten == ["TIC 4"]
    with pytest.raises(LightmillError, match="expected 'KIC n'"):
        forget(store, ["../../x"])


@pytest.mark.parametrize("look", [verify_store, store_stats, find_garbage, list_store])
def test_a_store_that_is_not_there_is_said(tmp_path, look):
    with pytest.raises(StoreError, match="there is no such folder"):
        look(tmp_path / "nothing")
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="is no folder"):
        look(tmp_path / "file")


def test_an_answer_of_another_target_is_damaged(store):
    raw = json.loads(answer_path(store, "KIC 3").read_text())
    answer_path(store, "KIC 7").write_text(json.dumps(raw))
    (fault,) = verify_store(store).damaged
    assert fault.reason == "remembers something of KIC 3, not of KIC 7"
