"""Whole runs of the DAG: what they make, that bytes repeat, and what reruns after a change."""

import os
import re
import shutil
import signal
import subprocess
import time

import pandas as pd
import pytest
from workflow.running import TINY, bytes_of, command, jobs, run_to_the_end, snakemake

pytestmark = pytest.mark.xdist_group("workflow")

STAGES = ("catalogs", "shards", "lightcurves", "views", "datasets", "models", "evaluation", "transfer")


@pytest.fixture
def copy_of_run(finished_run, tmp_path):
    """A finished run that a test may change; times of modification are kept."""
    folder = tmp_path / "copy"
    shutil.copytree(finished_run, folder, copy_function=shutil.copy2)
    return folder


def catalog_of(folder, start):
    return next((folder / "data" / "simulated_tiny" / "catalogs").glob(f"{start}*.csv"))


def started(folder):
    """The rules that the newest run in `folder` started jobs of."""
    log = max((folder / ".snakemake" / "log").glob("*.log"), key=lambda path: path.stat().st_mtime_ns)
    return set(re.findall(r"(?m)^(?:local)?(?:rule|checkpoint) (\w+):", log.read_text()))


def test_a_run_leaves_something_of_every_stage(finished_run):
    made = {name.split("/")[0] for name in bytes_of(finished_run)}
    assert made >= {*STAGES, "labels.parquet"}
    assert (finished_run / "results" / "tiny" / "provenance.json").is_file()


def test_nothing_is_left_to_do_after_a_run(finished_run):
    assert "Nothing to be done" in run_to_the_end(finished_run, "--cores", "2", "--dry-run")


def test_one_core_and_two_give_the_same_bytes(finished_run, tmp_path):
    run_to_the_end(tmp_path / "one", "--cores", "1")
    assert bytes_of(tmp_path / "one") == bytes_of(finished_run)


def test_no_part_of_a_file_is_left_behind(finished_run):
    assert not list(finished_run.rglob("*.part"))


def test_touched_files_rerun_nothing(copy_of_run):
    for path in (copy_of_run / "data" / "simulated_tiny" / "catalogs").glob("*.csv"):
        path.touch()
    assert "Nothing to be done" in run_to_the_end(copy_of_run, "--cores", "2", "--dry-run")


def test_a_new_date_line_reruns_nothing_that_costs(copy_of_run):
    path = catalog_of(copy_of_run, "cumulative")
    text = path.read_text()
    changed = re.sub(r"(?m)^(# .*)(20\d\d)", r"\g<1>2031", text, count=1)
    assert changed != text
    path.write_text(changed)
    before = bytes_of(copy_of_run)
    run_to_the_end(copy_of_run, "--cores", "2")
    assert bytes_of(copy_of_run) == before
    assert "read_catalog" in started(copy_of_run)
    costly = {"fetch_light_curves", "make_views", "assemble_dataset", "train_model", "rank_unknown"}
    costly |= {"choose_rates", "transfer_model", "ensemble_transfer", "compare_transfer"}
    assert not costly & started(copy_of_run)


def test_a_changed_disposition_reruns_no_download_and_no_view(copy_of_run):
    path = catalog_of(copy_of_run, "cumulative")
    lines = path.read_text().splitlines(keepends=True)
    row = next(i for i, line in enumerate(lines) if not line.startswith("#") and ",CANDIDATE,CANDIDATE," in line)
    lines[row] = lines[row].replace(",CANDIDATE,", ",CONFIRMED,", 1)
    path.write_text("".join(lines))
    run_to_the_end(copy_of_run, "--cores", "2")
    assert {"label_signals", "assemble_dataset", "train_model"} <= started(copy_of_run)
    assert not {"fetch_light_curves", "make_views"} & started(copy_of_run)


def test_a_removed_view_is_made_again_and_nothing_before_it(copy_of_run):
    manifest = next((copy_of_run / "results" / "tiny" / "views" / "Kepler").glob("*/manifest.json"))
    manifest.unlink()
    before = bytes_of(copy_of_run)
    announced = jobs(run_to_the_end(copy_of_run, "--cores", "2", "--dry-run"))
    assert announced["make_views"] == 1
    assert "fetch_light_curves" not in announced
    run_to_the_end(copy_of_run, "--cores", "2")
    assert {**before, **bytes_of(copy_of_run)} == bytes_of(copy_of_run)


def test_explanations_are_one_more_job_where_they_are_asked_for(copy_of_run, tmp_path):
    more = tmp_path / "explain.yaml"
    more.write_text("evaluation: {explain: 6}\n")
    before = bytes_of(copy_of_run)
    run_to_the_end(copy_of_run, "--cores", "2", config=[TINY, more])
    assert started(copy_of_run) & {"evaluate_model", "rank_unknown", "explain_signals"} == {"explain_signals"}
    made = {f"evaluation/kepler/explanations.{kind}" for kind in ("npz", "csv", "png")}
    assert set(bytes_of(copy_of_run)) - set(before) == made
    assert before.items() <= bytes_of(copy_of_run).items()


def test_a_killed_run_continues_to_the_same_bytes(finished_run, tmp_path):
    folder = tmp_path / "killed"
    folder.mkdir()
    every_job = finished_jobs(finished_run)
    for share in (0.3, 0.7):
        head = subprocess.Popen(
            [str(part) for part in command(folder, "--cores", "2")],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while finished_jobs(folder) < share * every_job:
            assert head.poll() is None, "the run ended before it could be killed"
            time.sleep(0.1)
        os.killpg(head.pid, signal.SIGKILL)
        head.wait()
        assert finished_jobs(folder) < every_job
        assert snakemake(folder, "--unlock").returncode == 0
    run_to_the_end(folder, "--cores", "2")
    assert bytes_of(folder) == bytes_of(finished_run)


def finished_jobs(folder):
    """How many jobs have left their benchmark file, which Snakemake writes when a job has ended."""
    return len(list((folder / "results" / "tiny" / "benchmarks").rglob("*.tsv")))


def test_labels_of_a_run_keep_their_promises(finished_run):
    labels = pd.read_parquet(finished_run / "results" / "tiny" / "labels.parquet")
    assert labels.signal_id.is_unique
    assert labels.signal_id.is_monotonic_increasing
    held_out = labels[labels.split != "none"]
    assert (held_out.groupby("group_id").split.nunique() == 1).all()
