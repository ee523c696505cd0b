"""A run whose views come straight from the simulation: what it plans."""

import pytest
import yaml
from workflow.running import ROOT, TINY, jobs, run_to_the_end

from lightmill.config import load_config


def test_a_direct_run_makes_no_light_curves(tmp_path):
    values = yaml.safe_load(TINY.read_text())
    values["simulation"]["direct"] = True
    config = tmp_path / "direct.yaml"
    config.write_text(yaml.safe_dump(values))
    planned = jobs(run_to_the_end(tmp_path, "--cores", "1", "--dry-run", config=config))
    assert planned["simulate_views"] == 5
    assert planned["assemble_dataset"] >= 1
    absent = {"simulate_light_curves", "fetch_light_curves", "check_light_curves", "make_views", "plot_light_curves"}
    assert not absent & planned.keys()


def test_any_other_run_makes_views_from_the_store(tmp_path):
    planned = jobs(run_to_the_end(tmp_path, "--cores", "1", "--dry-run"))
    assert planned["make_views"] == planned["fetch_light_curves"] == 5
    assert planned["check_light_curves"] >= 1
    assert "simulate_views" not in planned


@pytest.mark.parametrize("mission", ["kepler", "k2", "tess"])
def test_the_large_survey_is_what_it_says(mission):
    config = load_config(ROOT / "configs" / "simulated_large.yaml")
    assert config.simulation.direct
    assert sum(config.simulation.targets().values()) >= 5000
    assert getattr(config.archives, mission).shards >= 32
