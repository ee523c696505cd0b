"""The configuration: what is read, what is refused, and what the refusal says."""

import subprocess
import sys
from pathlib import Path

import pytest

from lightmill.config import load_config, parse_config
from lightmill.config.documents import config_schema, config_table
from lightmill.config.views import MISSION_DETREND
from lightmill.errors import ConfigError

ROOT = Path(__file__).resolve().parents[2]
KEPLER = {"kepler": {"base_url": "file:///archive", "shards": 4}}


def refusal(**values):
    with pytest.raises(ConfigError) as error:
        parse_config({"run": "x", **values})
    return str(error.value)


def test_defaults_live_in_the_model_alone():
    config = parse_config({"run": "x"})
    assert config.views.global_.length == 2000
    assert config.views.local.length == 201
    assert config.simulation is None
    assert config.missions() == []


def test_a_misspelt_key_is_named_with_the_nearest_valid_one():
    assert refusal(vews={}).startswith("vews: no such key; did you mean 'views'?")
    assert "views.global.lenght: no such key; did you mean 'length'?" in refusal(views={"global": {"lenght": 3}})


def test_a_wrong_value_says_what_was_expected():
    assert "views.scale: Input should be 'mad', 'min' or 'depth', got 'mda'; did you mean 'mad'?" in refusal(
        views={"scale": "mda"}
    )
    assert "max_missing" in refusal(max_missing=3)
    assert "less than or equal to 1" in refusal(max_missing=3)


@pytest.mark.parametrize(
    ("detrend", "message"),
    [
        ({"window_d": 1.0}, "views.detrend: required key 'method' is not given"),
        (
            {"method": "savgoll"},
            "views.detrend.method: expected 'savgol' or 'biweight' or 'spline', got 'savgoll'; did",
        ),
        ({"method": "savgol", "window": 1}, "views.detrend.window: no such key; did you mean 'window_d'? Valid: mask"),
        ({"method": "spline", "window_d": 1}, "views.detrend.window_d: no such key; Valid: mask_durations, break_d, "),
        ({"method": "biweight", "window_d": -1}, "views.detrend.window_d: Input should be greater than 0.05, got '-1'"),
        (
            {"method": "spline", "shortest_knots_d": 5, "longest_knots_d": 1},
            "views.detrend: expected shortest_knots_d of at most longest_knots_d",
        ),
    ],
)
def test_what_a_method_of_detrending_does_not_know_is_refused(detrend, message):
    assert refusal(views={"detrend": detrend}).startswith(message)


def test_without_a_method_each_mission_has_its_own():
    views = parse_config({"run": "x", "views": {"more": ["even", "odd"]}}).views
    assert views.detrend is None
    assert views.more == ("odd", "even")
    for mission, detrend in MISSION_DETREND.items():
        assert views.of_mission(mission).detrend == detrend
    chosen = parse_config({"run": "x", "views": {"detrend": {"method": "spline"}}}).views
    assert chosen.of_mission("TESS").detrend.method == "spline"


def test_a_blind_search_needs_stars():
    assert "search: find: no stars to search" in refusal(search={"find": {}})


def test_what_scores_is_an_experiment_or_an_ensemble(tmp_path):
    def message(**score_with):
        search = {"find": {"catalog_targets": True, "score_with": score_with}}
        return refusal(archives=KEPLER, search=search, experiments={"kepler": {"dataset": "Kepler"}})

    assert "score_with.K2: no such mission under archives; there are Kepler" in message(K2="kepler")
    assert "score_with.Kepler: 'keplr' is no experiment that trains (kepler)" in message(Kepler="keplr")
    assert "did you mean 'kepler'?" in message(Kepler="keplr")
    (tmp_path / "model.json").write_text("{}")
    search = {"find": {"catalog_targets": True, "score_with": {"Kepler": str(tmp_path)}}}
    assert parse_config({"run": "x", "archives": KEPLER, "search": search}).search.find.score_with


def test_every_fault_gets_a_line_of_its_own():
    assert len(refusal(vews={}, max_missing=3).splitlines()) == 2


def test_a_key_inside_an_experiment_is_named_in_full():
    message = refusal(archives=KEPLER, experiments={"a": {"dataset": "Kepler", "training": {"epoch": 3}}})
    assert message.startswith("experiments.a.training.epoch: no such key; did you mean 'epochs'?")


def test_an_experiment_needs_a_dataset_that_exists():
    assert "experiments.a.dataset: no dataset 'TESS'; there are Kepler" in refusal(
        archives=KEPLER, experiments={"a": {"dataset": "TESS"}}
    )


def test_a_transfer_asks_the_question_of_its_source():
    experiments = {
        "a": {"dataset": "Kepler", "task": "triage"},
        "b": {"dataset": "Kepler", "source": "a", "task": "planet"},
    }
    assert "both sides of a transfer ask the same question" in refusal(archives=KEPLER, experiments=experiments)


def test_transfer_keys_without_a_source_are_refused():
    assert "strategies make sense only with source" in refusal(
        archives=KEPLER, experiments={"a": {"dataset": "Kepler", "strategies": ["frozen"]}}
    )


def test_a_run_has_at_most_256_shards():
    assert "at most 256" in refusal(
        archives={"kepler": {"base_url": "file:///a", "shards": 200}, "k2": {"base_url": "file:///a", "shards": 57}}
    )


def test_an_experiments_training_lies_on_top_of_the_runs():
    config = parse_config(
        {
            "run": "x",
            "archives": KEPLER,
            "training": {"epochs": 7, "batch_size": 16},
            "experiments": {"a": {"dataset": "Kepler", "training": {"epochs": 3}}},
        }
    )
    assert config.experiment_training("a").epochs == 3
    assert config.experiment_training("a").batch_size == 16


def test_variables_of_the_environment_are_put_in(monkeypatch):
    monkeypatch.setenv("SOMEWHERE", "here")
    monkeypatch.delenv("NOWHERE", raising=False)
    assert parse_config({"run": "x", "store": "${SOMEWHERE}/lc"}).store == "here/lc"
    assert parse_config({"run": "x", "store": "${NOWHERE:-there}/lc"}).store == "there/lc"
    assert "the environment has no NOWHERE" in refusal(store="${NOWHERE}/lc")


def test_names_cannot_leave_the_results_folder():
    assert "run" in refusal(run="../x")
    assert "letters, digits" in refusal(archives=KEPLER, experiments={"../a": {"dataset": "Kepler"}})


@pytest.mark.parametrize(
    "path", [*sorted((ROOT / "configs").glob("*.yaml")), ROOT / "config.yaml"], ids=lambda p: p.name
)
def test_every_shipped_configuration_is_valid(path):
    assert load_config(path).run


def test_the_exported_schema_and_table_are_current():
    assert (ROOT / "configs" / "schema.json").read_text() == config_schema(), "run make docs"
    assert (ROOT / "docs" / "config.md").read_text() == config_table(), "run make docs"


def test_a_typo_stops_the_run_before_anything_else_is_looked_at(tmp_path):
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("run: x\nmax_mising: 0.5\ncatalogs: [nowhere.csv]\n")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--configfile", wrong, "--dry-run"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "max_mising: no such key; did you mean 'max_missing'?" in done.stdout + done.stderr
    assert "nowhere.csv" not in done.stdout + done.stderr


def test_checking_a_configuration_loads_nothing_heavy():
    code = "import sys; import lightmill.config.model; print(sorted({'numpy', 'pandas', 'torch'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("run: x\n5: 6\n", "5: a key must be text"),
        ("run: x\nviews: {1: 2}\n", "views.1: a key must be text"),
        ("run: x\nrun: y\n", "line 2: the key 'run' stands twice"),
        ("run: [\n", "expected the node content"),
        ("", "expected a mapping"),
    ],
)
def test_files_that_are_no_configuration(tmp_path, text, message):
    path = tmp_path / "wrong.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"wrong\.yaml") as error:
        load_config(path)
    assert message in str(error.value)


def test_a_file_that_is_not_there_is_named_with_what_to_do(tmp_path):
    path = tmp_path / "gone.yaml"
    with pytest.raises(ConfigError) as error:
        load_config(path)
    said = "cannot be read (No such file or directory); expected a configuration file, check the path"
    assert str(error.value) == f"{path}: {said}"


def test_a_binary_file_is_no_configuration(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(ConfigError, match="not a text file"):
        load_config(path)


@pytest.mark.parametrize("seeds", [[-1], [2**32], [1, 1], []])
def test_seeds_are_distinct_and_of_32_bits(seeds):
    assert "training.seeds" in refusal(training={"seeds": seeds})
