"""Folds in the DAG: suspect labels come between the members that find them and the training that leaves them out."""

import pytest
from workflow.running import TINY, jobs, run_to_the_end

pytestmark = pytest.mark.xdist_group("workflow")

OVERLAY = """
experiments:
  folds: {dataset: Kepler, training: {members: folds}}
  dropped: {dataset: Kepler, training: {seeds: [1]}, suspects: {of: folds, treatment: drop}}
"""


def test_suspect_labels_are_asked_for_by_who_leaves_them_out_and_by_the_evaluation(finished_run, tmp_path):
    overlay = tmp_path / "overlay.yaml"
    overlay.write_text(OVERLAY)
    model = "results/tiny/models/dropped/1/model.json"
    announced = jobs(run_to_the_end(finished_run, "--cores", "1", "--dry-run", model, config=[TINY, overlay]))
    assert announced == {"train_model": 3, "ensemble_models": 1, "suspect_labels": 1}
    announced = jobs(run_to_the_end(finished_run, "--cores", "1", "--dry-run", "evaluation", config=[TINY, overlay]))
    # The experiment that was there before is not trained again.
    assert (announced["train_model"], announced["suspect_labels"], announced["plot_suspects"]) == (3, 1, 1)
