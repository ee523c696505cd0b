"""Bridges in the DAG: a training that is to look like another survey reads that survey's dataset, and no other does."""

import pytest
from workflow.running import TINY, jobs, run_to_the_end

pytestmark = pytest.mark.xdist_group("workflow")

OVERLAY = """
experiments:
  bridged: {dataset: Kepler, training: {seeds: [1]}, bridge: {to: TESS, noise: true, transits: 0.5, coarse_bins: 2}}
"""


def test_a_bridged_training_reads_the_dataset_that_it_is_to_look_like(finished_run, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(OVERLAY)
    models = [f"results/tiny/models/{name}/1/model.json" for name in ("bridged", "kepler")]
    announced = run_to_the_end(finished_run, "--cores", "1", "--dry-run", *models, config=[TINY, overlay])
    # The experiment without a bridge is not trained again.
    assert jobs(announced) == {"train_model": 1}
    assert "results/tiny/datasets/TESS/manifest.json, results/tiny/datasets/TESS/meta.parquet" in announced
