"""Transfer in the DAG: from several sources, and from models that another run has trained."""

import re

import pytest
import yaml
from workflow.running import TINY, jobs, run_to_the_end, snakemake

pytestmark = pytest.mark.xdist_group("workflow")

TRAINED = {
    "far": {"ensemble": "results/tiny/models/kepler/ensemble", "dataset": "results/tiny/datasets/Kepler"},
}


def planned(run, tmp_path, trained, **experiments):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(yaml.safe_dump({"trained_models": trained, "experiments": experiments}))
    return run_to_the_end(run, "--cores", "1", "--dry-run", "transfer", config=[TINY, overlay])


def test_what_has_no_source_is_made_once_for_all_of_them(finished_run, tmp_path):
    transfer = {"dataset": "TESS", "source": ["kepler", "far"], "fractions": [1.0], "rates": [1.0]}
    announced = planned(finished_run, tmp_path, TRAINED, both=transfer)
    made = jobs(announced)
    # Two seeds; four strategies that learn from either source, and from_scratch.
    assert made["choose_rates"] == 4 * 2 + 1
    assert made["ensemble_transfer"] == 4 * 2 + 1
    assert made["transfer_model"] == 2 * (5 * 2 + 1)
    assert made["compare_transfer"] == 1
    assert "train_model" not in made
    assert "results/tiny/transfer/both/none/from_scratch/1/model.json" in announced
    assert "results/tiny/transfer/both/far/joint/rates.csv" in announced
    assert "both/kepler/from_scratch" not in announced


@pytest.mark.parametrize(
    ("key", "folder", "message"),
    [
        ("ensemble", "results/tiny/models/kepler", r"trained_models\.far\.ensemble: no model\.json in 'results"),
        ("dataset", "results/tiny/datasets", r"trained_models\.far\.dataset: no manifest\.json in 'results"),
    ],
)
def test_models_that_are_not_there_are_named(finished_run, tmp_path, key, folder, message):
    overlay = tmp_path / "overlay.yaml"
    values = {"trained_models": {"far": {**TRAINED["far"], key: folder}}}
    overlay.write_text(yaml.safe_dump({**values, "experiments": {"to": {"dataset": "TESS", "source": "far"}}}))
    done = snakemake(finished_run, "--cores", "1", "--dry-run", "transfer", config=[TINY, overlay])
    assert done.returncode != 0
    assert re.search(message, done.stdout), done.stdout[-2000:]
    assert "Traceback" not in done.stdout


def test_models_of_the_same_run_may_be_of_an_experiment_that_is_gone(finished_run, tmp_path):
    config = yaml.safe_load(TINY.read_text())
    transfer = {"dataset": "TESS", "source": "far", "training": {"seeds": [2]}, "strategies": ["zero_shot"]}
    config |= {"trained_models": TRAINED, "experiments": {"to": transfer}}
    path = tmp_path / "config.yaml"
    path.write_text(yaml.safe_dump(config))
    announced = run_to_the_end(finished_run, "--cores", "1", "--dry-run", "transfer", config=path)
    assert jobs(announced) == {"compare_transfer": 1, "transfer": 1, "transfer_model": 1}
