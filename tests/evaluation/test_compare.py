"""Experiments that ask the same question, from their tables of test scores."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from lightmill.config import parse_config
from lightmill.config.questions import same_questions
from lightmill.config.training import EvaluationSettings
from lightmill.errors import ModelError
from lightmill.evaluation.compare import COMPARISON_COLUMNS, compare_experiments

SETTINGS = EvaluationSettings(bootstrap=100, minimum_positives=1000)


def scores(folder, name, strength, n=200, seed=1):
    """A `test_scores.csv` of n signals, the same for all experiments of a seed but for what the ensemble says."""
    generator = np.random.default_rng(seed)
    labels = (generator.random(n) < 0.4).astype(int)
    noise = generator.normal(0, 1, n)
    table = pd.DataFrame(
        {
            "signal_id": [f"{seed} {place:03d}" for place in range(n)],
            "group_id": [f"star {place // 2}" for place in range(n)],
            "task_label": labels,
            "ensemble_mean": 1 / (1 + np.exp(-strength * (2 * labels - 1) - noise)),
        }
    )
    table.to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{name}.csv"


def compare(folder, paths, questions):
    compare_experiments(paths, questions, folder / "comparison.csv", folder / "comparison.png", SETTINGS)
    table = pd.read_csv(folder / "comparison.csv", keep_default_na=False)
    assert tuple(table.columns) == COMPARISON_COLUMNS
    return table


def test_the_first_of_a_question_is_compared_with_all_others_and_none_across_questions(tmp_path):
    paths = [scores(tmp_path, name, strength) for name, strength in (("a", 2.0), ("b", 1.0), ("c", 1.0))]
    paths += [scores(tmp_path, name, 1.0, n=50, seed=2) for name in ("d", "e")]
    table = compare(tmp_path, paths, [["a", "b", "c"], ["d", "e"]])
    precision = table[table["metric"] == "average_precision"].set_index(["model", "other"])
    assert precision.index.tolist() == [("a", "b"), ("a", "c"), ("d", "e")]
    assert precision["better"].tolist() == ["a", "a", ""]
    assert precision["n"].tolist() == [200, 200, 50]
    assert precision["n_groups"].tolist() == [100, 100, 25]
    assert imread(tmp_path / "comparison.png").std() > 0.01


def test_the_same_again_gives_the_same_bytes(tmp_path):
    paths = [scores(tmp_path, name, strength) for name, strength in (("a", 2.0), ("b", 1.0))]
    first = []
    for _ in range(2):
        compare(tmp_path, paths, [["a", "b"]])
        first.append([(tmp_path / f"comparison.{kind}").read_bytes() for kind in ("csv", "png")])
    assert first[0] == first[1]


def test_other_signals_or_labels_are_refused(tmp_path):
    one, other = scores(tmp_path, "a", 1.0), scores(tmp_path, "b", 1.0)
    table = pd.read_csv(other)
    table.loc[3, "task_label"] = 1 - table.loc[3, "task_label"]
    table.to_csv(other, index=False)
    with pytest.raises(ModelError, match="experiments a and b were not tested on the same signals"):
        compare(tmp_path, [one, other], [["a", "b"]])


def test_which_experiments_ask_the_same_question():
    policy = {"planet": ["PC"], "not_planet": ["EB", "J"]}
    imported = {"files": ["x.npz"], "mission": "TESS", "star": "tic_id", "disposition": "D", "labels": policy}
    config = parse_config(
        {
            "run": "test",
            "archives": {"kepler": {"base_url": "file://nowhere", "shards": 2}},
            "imported_views": {"yu": imported, "other": imported},
            "experiments": {
                "planet": {"dataset": "yu"},
                "triage": {"dataset": "yu", "task": "triage", "labels": {"positive": ["PC", "EB"], "negative": ["J"]}},
                "spelt_out": {"dataset": "yu", "labels": {"positive": ["PC"], "negative": ["J", "EB"]}},
                "elsewhere": {"dataset": "other"},
                "kepler": {"dataset": "Kepler"},
                "kepler_again": {"dataset": "Kepler"},
                "transfer": {"dataset": "yu", "source": "kepler"},
            },
        }
    )
    assert same_questions(config) == [["planet", "spelt_out"], ["kepler", "kepler_again"]]
