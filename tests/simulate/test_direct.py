"""Views made straight from simulated light curves: the same bytes as through FITS files, archive and store."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lightmill.config.archives import MISSION_ARCHIVES
from lightmill.config.views import ViewSettings
from lightmill.errors import LightCurveError
from lightmill.files import read_json
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.simulate.light_curves import light_curve_files
from lightmill.simulate.paths import simulated_target
from lightmill.simulate.survey import draw_targets, target_of
from lightmill.views import make_shard_views, stored_light_curves

ROOT = Path(__file__).resolve().parents[2]
SMALL = ViewSettings(**{"global": {"length": 301}, "local": {"length": 61}})


def write_signals(path, targets):
    """A shard's list of signals: what is on the stars, as truth has it."""
    rows = [
        (f"{target.target_id} {number}", target.target_id, found.period_d, found.epoch_bjd, found.duration_h)
        for target in targets
        for number, found in enumerate((signal.found for signal in target.signals), start=1)
    ]
    table = pd.DataFrame(rows, columns=["signal_id", "target_id", "period_d", "epoch_bjd", "duration_h"])
    table.assign(depth_ppm=np.nan, linked="").to_parquet(path)


def fold_stored(folder, settings, mission, targets):
    """The long way: FITS files, archive, store, views."""
    for target in targets:
        for name, content in light_curve_files(settings, target):
            path = folder / "archive" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    pd.DataFrame({"target_id": [target.target_id for target in targets]}).to_parquet(folder / "targets.parquet")
    archive = MISSION_ARCHIVES[mission](base_url=f"file://{folder}/archive")
    manifest, products = folder / "fetched.parquet", folder / "products.parquet"
    fetch_shard(folder / "targets.parquet", mission, archive, folder / "store", manifest, products)
    light_curves = stored_light_curves(folder / "fetched.parquet", folder / "store")
    make_shard_views(folder / "signals.parquet", light_curves, folder / "stored", SMALL)


def fold_directly(folder, settings):
    """The script of the rule `simulate_views`."""
    job = SimpleNamespace(
        input=SimpleNamespace(signals=folder / "signals.parquet"),
        output=SimpleNamespace(manifest=folder / "direct" / "manifest.json"),
        params=SimpleNamespace(simulation=settings.model_dump(), settings=SMALL.model_dump(by_alias=True)),
        log=[folder / "log"],
    )
    runpy.run_path(str(ROOT / "scripts" / "simulate_views.py"), init_globals={"snakemake": job})


@pytest.mark.parametrize("mission", ["Kepler", "K2", "TESS"])
def test_views_are_those_of_the_files_to_the_byte(tmp_path, settings, mission):
    settings = settings.model_copy(update={"sectors": [1, 4, 15], "two_sectors": 0.5})
    targets = list(draw_targets(settings, mission))
    missing = next(target for target in targets if target.missing)
    present = [target for target in targets if target.signals and not target.missing]
    # The first, one of several segments where there are such, and in TESS's list a star of Kepler's.
    special = next((target for target in present if target.twin), present[-1])
    chosen = [present[0], max(present[1:-1], key=lambda target: len(target.segments)), special, missing]
    assert mission == "K2" or len(chosen[1].segments) > 1
    assert bool(special.twin) == (mission == "TESS")
    assert len({target.target_id for target in chosen}) == 4
    write_signals(tmp_path / "signals.parquet", chosen)
    fold_stored(tmp_path, settings, mission, chosen)
    fold_directly(tmp_path, settings)
    for name in ("global.npy", "local.npy", "meta.parquet", "manifest.json"):
        assert (tmp_path / "direct" / name).read_bytes() == (tmp_path / "stored" / name).read_bytes(), name
    manifest = read_json(tmp_path / "direct" / "manifest.json")
    assert manifest["counts"]["ok"] >= 3
    assert manifest["outcomes"][f"{missing.target_id} 1"] == {"outcome": "no_light_curve", "detail": "absent"}


def test_a_target_is_found_by_its_id(settings, targets):
    for mission, drawn in targets.items():
        assert [target_of(settings, target.target_id) for target in drawn] == list(draw_targets(settings, mission))


@pytest.mark.parametrize("stranger", ["KIC 11442793", "KIC 90000002", simulated_target("Kepler", 30), "TIC 261136679"])
def test_a_star_that_is_not_in_the_survey_is_refused(settings, stranger):
    with pytest.raises(LightCurveError, match=f"{stranger}: not one of the .* stars of the simulated survey"):
        target_of(settings, stranger)


def test_a_stranger_stops_the_job_and_is_named(tmp_path, settings, targets):
    write_signals(tmp_path / "signals.parquet", [targets["Kepler"][0]])
    listed = pd.read_parquet(tmp_path / "signals.parquet")
    listed.assign(target_id="KIC 11442793").to_parquet(tmp_path / "signals.parquet")
    with pytest.raises(SystemExit, match="KIC 11442793: not one of the 30 Kepler stars"):
        fold_directly(tmp_path, settings)
    assert not (tmp_path / "direct").exists()
