"""Which shards are fetched again and when; `make retry` asks for nothing but what an archive could not give."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest
import yaml
from loopback import LoopbackArchive
from workflow.running import ROOT, run_to_the_end

from lightmill.config.network import NetworkSettings
from lightmill.config.simulation import SimulationSettings
from lightmill.lightcurves.outcomes import Outcome, manifest_table
from lightmill.lightcurves.retry import due_shards, wait_s
from lightmill.simulate.catalogs import write_catalogs
from lightmill.simulate.light_curves import write_light_curves
from lightmill.simulate.paths import archive_folder, simulated_catalogs

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NETWORK = NetworkSettings(retry_wait_s=600)


@pytest.fixture
def run(tmp_path):
    """A function: write a shard's manifest, and its log of (minutes ago, target, outcome)."""
    folder = tmp_path / "results" / "survey"

    def write(shard, outcomes, events=None, mission="Kepler"):
        manifest = folder / "lightcurves" / mission / f"{shard}.parquet"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest_table(Outcome(target, outcome, "") for target, outcome in outcomes.items()).to_parquet(manifest)
        if events is not None:
            log = folder / "logs" / "fetch_light_curves" / f"{mission}-{shard}.jsonl"
            log.parent.mkdir(parents=True, exist_ok=True)
            times = [(NOW - timedelta(minutes=ago)).isoformat() for ago, *_ in events]
            rows = [
                {"time": time, "event": "target", "target_id": target, "outcome": outcome}
                for time, (_, target, outcome) in zip(times, events, strict=True)
            ]
            log.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return manifest

    write.folder = folder
    return write


def test_the_wait_doubles_up_to_a_day():
    assert [wait_s(failures, 900) for failures in (1, 2, 3, 7, 8, 5000)] == [900, 1800, 3600, 57_600, 86_400, 86_400]
    assert wait_s(5000, 0) == 0


@pytest.mark.parametrize(
    ("events", "minutes_left"),
    [
        ([(9, "KIC 1", "transient")], 1),
        ([(10, "KIC 1", "transient")], 0),
        ([(30, "KIC 1", "transient"), (19, "KIC 1", "transient")], 1),
        ([(30, "KIC 1", "transient"), (20, "KIC 1", "transient")], 0),
        # An answer in between ends the row of failures.
        ([(30, "KIC 1", "transient"), (20, "KIC 1", "ok"), (11, "KIC 1", "transient")], -1),
        ([(99, "KIC 1", "transient"), (5, "KIC 2", "transient"), (5, "KIC 3", "corrupt")], -79 - 10),
        # A clock that was ahead makes nobody wait for ever.
        ([(-600, "KIC 1", "transient")], 10),
    ],
)
def test_a_target_is_due_after_its_wait(run, events, minutes_left):
    manifest = run("000", {"KIC 1": "transient", "KIC 2": "ok", "KIC 3": "corrupt"}, events)
    found = due_shards(run.folder, NETWORK, NOW)
    (shard,) = found.due or found.waiting
    assert shard.manifest == manifest
    assert shard.targets == ("KIC 1",)
    assert shard.due_at == NOW + timedelta(minutes=minutes_left)
    assert bool(found.due) == (minutes_left <= 0)


def test_a_shard_waits_for_the_last_of_its_targets(run):
    both = {"KIC 1": "transient", "KIC 2": "transient"}
    early = run("000", both, [(20, "KIC 1", "transient"), (4, "KIC 2", "transient")])
    late = run("001", both, [(3, "KIC 1", "transient"), (99, "KIC 2", "transient")])
    due = run("002", both, [(20, "KIC 1", "transient"), (15, "KIC 2", "transient")])
    found = due_shards(run.folder, NETWORK, NOW)
    assert [shard.manifest for shard in found.due] == [due]
    assert [shard.manifest for shard in found.waiting] == [early, late]


def test_without_a_log_a_shard_is_due(run):
    first = run("000", {"KIC 1": "transient"})
    second = run("001", {"KIC 2": "transient"}, [])
    run("002", {"KIC 3": "ok", "KIC 4": "absent", "KIC 5": "corrupt"})
    found = due_shards(run.folder, NETWORK, NOW)
    assert [shard.manifest for shard in found.due] == [first, second]
    assert found.manifests == 3


def test_broken_logs_and_manifests_are_said_and_passed_over(run):
    run("000", {"KIC 1": "transient"}, [(1, "KIC 1", "transient")])
    log = run.folder / "logs" / "fetch_light_curves" / "Kepler-000.jsonl"
    with log.open("a") as file:
        file.write('{"event": "target", "target_id": "KIC 1", "outcome": "ok"}\n')
        file.write('{"event": "target", "target_id": ["KIC 1"], "time": 3}\n[1]\nnull\n{"event": "target", "targ')
    run("001", {"KIC 2": "transient"}).write_bytes(b"PAR1 and no more")
    pd.DataFrame({"tic": [1]}).to_parquet(run.folder / "lightcurves" / "Kepler" / "002.parquet")
    pd.DataFrame({"tic": [1]}).to_parquet(run.folder / "lightcurves" / "Kepler" / "sectors.parquet")
    found = due_shards(run.folder, NETWORK, NOW)
    assert found.due == ()
    assert [shard.due_at for shard in found.waiting] == [NOW + timedelta(minutes=9)]
    first, second = found.unreadable
    assert "Kepler/001.parquet: no manifest that can be read" in first
    assert "Kepler/002.parquet: no manifest that can be read" in second


def test_shards_of_other_settings_are_passed_over(run):
    kept = run("001", {"KIC 1": "transient"})
    run("002", {"KIC 2": "transient"})
    run("0001", {"KIC 4": "transient"})
    run("000", {"TIC 3": "transient"}, mission="TESS")
    assert [shard.manifest for shard in due_shards(run.folder, NETWORK, NOW, {"Kepler": 2}).due] == [kept]


def test_no_run_yet_is_nothing_to_do(tmp_path):
    assert due_shards(tmp_path / "nothing", NETWORK, NOW).manifests == 0


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A folder with a small simulated survey of Kepler, without anything that tells a run that it is simulated."""
    folder = tmp_path_factory.mktemp("survey")
    settings = SimulationSettings(folder=str(folder), parts=1, n_kepler=10, n_k2=0, n_tess=0, quarters=[3, 4])
    write_catalogs(settings, simulated_catalogs(settings), folder / "truth.parquet")
    write_light_curves(settings, "Kepler", 0, folder / "files.json")
    return folder, Path(archive_folder(settings)), list(simulated_catalogs(settings).values())


def make_retry(folder, config):
    """`make retry` as in a checkout, with this Python instead of .venv's."""
    snakemake = f"{sys.executable} -m snakemake --snakefile {ROOT / 'Snakefile'} --configfile {config}"
    return subprocess.run(
        [
            *("make", "--file", ROOT / "Makefile", "--old-file", ".venv/installed", "retry"),
            *(f"CONFIG={config}", "CORES=2", f"BIN={Path(sys.executable).parent}", f"SNAKEMAKE={snakemake}"),
        ],
        cwd=folder,
        # Make tells those that it starts that they are inside of it, and they say so.
        env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_make_retry_asks_for_nothing_but_what_failed(survey, tmp_path):
    _, archive, catalogs = survey
    numbers = sorted({path.parent.name for path in archive.rglob("*_llc.fits")})
    late, broken = numbers[0], numbers[1]
    with LoopbackArchive(archive) as server:
        config = tmp_path / "config.yaml"
        network = {"attempts": 2, "backoff_s": 0.01, "retry_wait_s": 3600, "breaker_failures": 50}
        values = {
            "run": "late",
            "catalogs": catalogs,
            "archives": {"kepler": {"base_url": server.url, "shards": 2}},
            "network": network,
            "max_missing": 1.0,
        }
        config.write_text(yaml.safe_dump(values))
        server.fault(rf"GET .*kplr{late}-.*_llc\.fits", 503, count=None)
        server.fault(rf"GET .*kplr{broken}-.*_llc\.fits", "flip", count=None, at=0.9)
        run_to_the_end(tmp_path, "--cores", "2", "light_curves", config=config)
        before = outcomes(tmp_path)
        assert sorted(before.values()).count("ok") == len(before) - 2
        assert before[f"KIC {int(late)}"] == "transient"
        assert before[f"KIC {int(broken)}"] == "corrupt"
        server.clear_faults()
        server.clear()

        waiting = make_retry(tmp_path, config)
        assert waiting.returncode == 0, waiting.stderr
        assert waiting.stdout == ""
        due = re.search(
            r"to be left alone for now: 1 transient target in 1 shard; the next is due in (\S+) min", waiting.stderr
        )
        assert due, waiting.stderr
        assert 50 < float(due[1]) <= 60
        assert server.requests() == []

        # How to fetch is no reason to run anything again.
        config.write_text(yaml.safe_dump({**values, "network": {**network, "retry_wait_s": 0}}))
        done = make_retry(tmp_path, config)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
        asked = [request.path for request in server.requests()]
        assert asked
        assert all(late in path for path in asked), asked
        assert outcomes(tmp_path) == {**before, f"KIC {int(late)}": "ok"}

        server.clear()
        nothing = make_retry(tmp_path, config)
        assert nothing.returncode == 0
        assert nothing.stdout == ""
        assert "0 transient targets in 0 shards, of 2" in nothing.stderr
        assert server.requests() == []


def outcomes(folder):
    manifests = (folder / "results" / "late" / "lightcurves" / "Kepler").glob("0*[0-9].parquet")
    return {row.target_id: row.outcome for path in manifests for row in pd.read_parquet(path).itertuples()}
