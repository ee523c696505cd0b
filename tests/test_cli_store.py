"""`lightmill store` and `lightmill retry`, as a user meets them."""

import json
from datetime import UTC, datetime

import pandas as pd
import pytest
from lightcurves.downloading import quick
from lightcurves.made_fits import archive_name, write_target
from loopback import LoopbackArchive
from typer.testing import CliRunner

from lightmill.cli import app
from lightmill.config.archives import KeplerArchive
from lightmill.lightcurves import store_path
from lightmill.lightcurves.fetch import fetch_shard
from lightmill.lightcurves.outcomes import answer_path

STARS = (757076, 757099, 8644288)


def run(*arguments):
    return CliRunner().invoke(app, ["store", *(str(argument) for argument in arguments)])


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    archive = tmp_path_factory.mktemp("archive")
    for number in STARS:
        write_target(archive, "Kepler", number, (1, 2))
    with LoopbackArchive(archive) as server:
        yield server


@pytest.fixture
def work(served, tmp_path, monkeypatch):
    """A working directory after a run `one` with a kept FITS file for every star, one star absent, one corrupt."""
    monkeypatch.chdir(tmp_path)
    served.clear_faults()
    served.fault("kplr008644288", "flip", count=None, at=0.9)
    pd.DataFrame({"target_id": [f"KIC {number}" for number in (*STARS, 5)]}).to_parquet("targets.parquet")
    (tmp_path / "survey.yaml").write_text(
        f"run: one\nstore: kept\narchives: {{kepler: {{base_url: '{served.url}', shards: 1}}}}\n"
    )
    folder = tmp_path / "results" / "one" / "lightcurves" / "Kepler"
    fetch_shard(
        "targets.parquet",
        "Kepler",
        KeplerArchive(base_url=served.url),
        "kept",
        folder / "000.parquet",
        folder / "000.products.parquet",
        network=quick(keep_fits=True),
        events=tmp_path / "results" / "one" / "logs" / "fetch_light_curves" / "Kepler-000.jsonl",
    )
    return tmp_path


def test_verify(work):
    whole = run("verify", "--config", "survey.yaml", "--run", "results/one")
    assert whole.exit_code == 0, whole.output
    assert whole.output.splitlines() == [
        "kept: 2 light curves, 2 remembered answers, 4 kept FITS files, 0 lists of sectors: 0 damaged",
        "1 manifests: 0 light curves or manifests not as they should be",
    ]
    damaged = store_path("kept", "KIC 757076")
    damaged.write_bytes(damaged.read_bytes()[:-100])
    fits = work / "kept" / "fits" / archive_name("Kepler", 757099, 1)
    fits.write_bytes(b"SIMPLE  =")
    (work / "kept" / "\x1b[31mnotes").write_text("mine")
    found = run("verify", "--store", "kept")
    assert found.exit_code == 1
    assert "kept/Kepler/0007/000757076.parquet: not a whole light curve" in found.output
    assert f"{archive_name('Kepler', 757099, 1)}: FITS: truncated" in found.output
    assert "4 kept FITS files, 0 lists of sectors: 2 damaged" in found.output
    assert "1 not the store's, left alone: kept/ [31mnotes" in found.output
    assert "--remove removes what is damaged" in found.output
    assert "--forcerun fetch_light_curves" in found.output
    assert damaged.exists()
    removed = run("verify", "--store", "kept", "--remove")
    assert removed.exit_code == 1
    assert removed.output.count("(removed)") == 2
    assert not damaged.exists()
    assert not fits.exists()
    missing = run("verify", "--store", "kept", "--run", "results/one")
    assert missing.exit_code == 1
    assert "000.parquet: KIC 757076: kept/Kepler/0007/000757076.parquet is missing" in missing.output


def test_stats(work):
    shown = run("stats", "--store", "kept")
    assert shown.exit_code == 0, shown.output
    rows = {line.rpartition("  ")[0].strip(): line.rpartition("  ")[2].strip() for line in shown.output.splitlines()}
    assert rows["targets"] == "2"
    assert rows["files of Kepler"] == "4"
    assert rows["remembered as absent"] == "1"
    assert rows["remembered as corrupt"] == "1"
    numbers = json.loads(run("stats", "--store", "kept", "--json").output)
    assert numbers["missions"]["Kepler"]["cadences"] == 240
    assert numbers["missions"]["Kepler"]["answers"] == {"absent": 1, "corrupt": 1}


def test_gc(work):
    nothing = run("gc", "--store", "kept")
    assert nothing.output == "kept: nothing to remove\n"
    listed = run("gc", "--store", "kept", "--fits", "--unused", "results")
    assert listed.exit_code == 0
    assert "would go: 4 files" in listed.output
    assert listed.output.endswith("nothing was removed; --yes removes it\n")
    done = run("gc", "--store", "kept", "--fits", "--yes")
    assert "removed: 4 files" in done.output
    assert "4 kept FITS" not in run("verify", "--store", "kept").output
    pd.read_parquet("results/one/lightcurves/Kepler/000.parquet").iloc[:2].to_parquet(
        "results/one/lightcurves/Kepler/000.parquet"
    )
    unused = run("gc", "--store", "kept", "--unused", "results", "--yes")
    assert unused.exit_code == 0
    assert "each a light curve that no run has in use" in unused.output
    wrong = run("gc", "--store", "kept", "--unused", "kept", "--yes")
    assert wrong.exit_code == 1
    assert "no manifest of light curves in any run below it" in wrong.stderr


def test_forget_and_ask_again(work, served):
    done = run("forget", "--store", "kept", "--outcome", "corrupt")
    assert done.exit_code == 0
    assert "forgotten what was remembered of 1 targets" in done.output
    assert "--forcerun fetch_light_curves" in done.output
    assert not answer_path("kept", "KIC 8644288").exists()
    # With and without quotes.
    done = run("forget", "--store", "kept", "KIC", "000000005", "KIC 757076", "KIC8644288")
    assert "forgotten what was remembered of 1 targets" in done.output
    assert "nothing was remembered of KIC 757076, KIC 8644288" in done.output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["verify", "--store", "nowhere"], "nowhere: there is no such folder"),
        (["stats", "--store", "survey.yaml"], "survey.yaml: is no folder"),
        (["gc", "--store", "kept", "--config", "survey.yaml"], "give one of the two"),
        (["stats"], "data/light_curves: there is no such folder"),
        (["verify", "--config", "nowhere.yaml"], "nowhere.yaml"),
        (["verify", "--store", "kept", "--run", "nowhere"], "nowhere: no manifest of light curves below it"),
        (["forget", "--store", "kept"], "name TARGETs, or one --outcome"),
        (["forget", "--store", "kept", "KIC 5", "--outcome", "absent"], "name TARGETs, or one --outcome"),
        (["forget", "--store", "kept", "--outcome", "ok"], "expected absent or corrupt"),
        (["forget", "--store", "kept", "../x"], "expected 'KIC n'"),
    ],
)
def test_errors_take_one_line_and_exit_with_1(work, arguments, message):
    done = run(*arguments)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert message in done.stderr


def retry(*arguments):
    return CliRunner().invoke(app, ["retry", *arguments])


def test_retry_names_what_is_due(work):
    nothing = retry("survey.yaml")
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "results/one: 0 transient targets in 0 shards, of 1" in nothing.stderr
    manifest = work / "results/one/lightcurves/Kepler/000.parquet"
    table = pd.read_parquet(manifest)
    table.loc[0, "outcome"] = "transient"
    table.to_parquet(manifest)
    due = retry("survey.yaml")
    assert (due.exit_code, due.stdout) == (0, "results/one/lightcurves/Kepler/000.parquet\n")
    assert "worth fetching again now: 1 transient target in 1 shard" in due.stderr
    event = {"time": datetime.now(UTC).isoformat(), "event": "target", "outcome": "transient"}
    with open(work / "results/one/logs/fetch_light_curves/Kepler-000.jsonl", "a") as file:
        file.write(json.dumps({**event, "target_id": table["target_id"][0]}) + "\n")
    waiting = retry("survey.yaml")
    assert (waiting.exit_code, waiting.stdout) == (0, "")
    assert "to be left alone for now: 1 transient target in 1 shard; the next is due in 15.0 min" in waiting.stderr
    offline = work / "offline.yaml"
    offline.write_text((work / "survey.yaml").read_text() + "network: {offline: true, retry_wait_s: 0}\n")
    silent = retry("offline.yaml")
    assert (silent.exit_code, silent.stdout) == (0, "")
    assert "network.offline" in silent.stderr


def test_retry_says_what_it_cannot_read(work):
    (work / "results/one/lightcurves/Kepler/000.parquet").write_bytes(b"PAR1")
    done = retry("survey.yaml")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "warning: results/one/lightcurves/Kepler/000.parquet: no manifest that can be read" in done.stderr
    missing = retry()
    assert missing.exit_code == 1
    assert "config.yaml" in missing.stderr
    (work / "config.yaml").write_text("run: another\n")
    fresh = retry()
    assert (fresh.exit_code, fresh.stdout) == (0, "")
    assert "results/another: no manifest of light curves yet" in fresh.stderr
