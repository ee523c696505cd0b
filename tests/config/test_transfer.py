"""What makes a transfer, and what its sources must have in common."""

import re

import pytest

from lightmill.config import parse_config
from lightmill.config.transfer import STRATEGIES
from lightmill.errors import ConfigError

KEPLER, K2 = {"dataset": "Kepler"}, {"dataset": "K2"}
ELSEWHERE = {"ensemble": "results/a/models/b/ensemble", "dataset": "results/a/datasets/Kepler"}


def parsed(trained=None, **experiments):
    archives = {mission: {"base_url": "file:///a"} for mission in ("kepler", "k2", "tess")}
    values = {"run": "x", "archives": archives, "trained_models": trained or {}, "experiments": experiments}
    return parse_config(values)


def refusal(trained=None, **experiments):
    with pytest.raises(ConfigError) as raised:
        parsed(trained, **experiments)
    return str(raised.value)


def to_tess(**keys):
    return {"dataset": "TESS", "source": "kepler", **keys}


def test_a_transfer_has_one_source_or_several():
    assert parsed(kepler=KEPLER, to=to_tess()).experiments["to"].sources == ["kepler"]
    several = parsed(kepler=KEPLER, k2=K2, to=to_tess(source=["kepler", "k2"]))
    assert several.experiments["to"].sources == ["kepler", "k2"]
    assert several.experiments["kepler"].sources == []
    assert tuple(several.experiments["to"].strategies) == STRATEGIES
    elsewhere = parsed({"far": ELSEWHERE}, to=to_tess(source="far", training={"seeds": [4]}))
    assert elsewhere.experiment_training("to").seeds == [4]


def test_fractions_and_rates_are_put_in_order():
    experiment = parsed(kepler=KEPLER, to=to_tess(fractions=[1.0, 0.1], rates=[1, 0.3])).experiments["to"]
    assert (experiment.fractions, experiment.rates) == ([0.1, 1.0], [0.3, 1.0])


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"source": "keppler"}, "experiments.to.source: no trained experiment 'keppler'.*there are kepler"),
        ({"source": ["kepler", "kepler"]}, "source: the same stands twice"),
        ({"source": []}, "experiments.to.source"),
        ({"source": "to"}, "experiments.to.source: 'to' is a transfer itself; name an experiment that trains"),
        ({"dataset": "Kepler"}, "experiments.to.dataset: 'Kepler' is what 'kepler' was trained on"),
        ({"task": "triage"}, "experiments.to.task: 'triage', but its source asks 'planet'"),
        ({"fractions": [0.1, 0.1]}, "fractions: the same stands twice"),
        ({"fractions": [0.0]}, "fractions"),
        ({"fractions": [1.5]}, "fractions"),
        ({"draws": 0}, "draws"),
        ({"rates": []}, "rates"),
        ({"training": {"seeds": [1]}}, "training.seeds: a transfer has the seeds of its source"),
        ({"training": {"dropout": 0.1}}, "training.dropout: a transfer has the dropout of its source"),
        ({"primary": [{"strategy": "joint", "fraction": 0.3}]}, "primary: 0.3 is none of the fractions"),
        (
            {"strategies": ["frozen"], "primary": [{"strategy": "frozen", "fraction": 0.1}]},
            "primary: from_scratch is none of the strategies; there are frozen",
        ),
        ({"fractions": [1 / 7]}, "0.14285714285714285 has too many digits; write 0.142857"),
        ({"rates": [1, 600]}, "rates"),
        ({"rates": [1.0, 1.0000001]}, "1.0000001 has too many digits; write 1"),
        ({"training": {"learning_rate": 0.5}}, "experiments.to.rates: 3 times the learning rate, 0.5, is above 1"),
        (
            {
                "primary": [
                    {"strategy": "joint", "other": "frozen", "fraction": 0.1},
                    {"strategy": "frozen", "other": "joint", "fraction": 0.1},
                ]
            },
            "primary: the same comparison stands twice",
        ),
        (
            {"primary": [{"strategy": "joint", "other": "joint", "fraction": 0.1}]},
            "primary: joint is compared with itself",
        ),
    ],
)
def test_what_is_wrong_with_a_transfer_is_told(keys, message):
    assert re.search(message, refusal(kepler=KEPLER, to=to_tess(**keys)))


@pytest.mark.parametrize(
    "key", ["strategies", "fractions", "draws", "rates", "primary", "mismatched", "fine_tune_rate"]
)
def test_the_keys_of_a_transfer_need_a_source(key):
    value = {"strategies": ["frozen"], "fractions": [0.1], "draws": 2, "rates": [1], "primary": []}.get(key, True)
    value = 0.5 if key == "fine_tune_rate" else value
    assert f"{key} make sense only with source" in refusal(kepler={**KEPLER, key: value})


def test_sources_of_one_transfer_have_one_network():
    other = {**K2, "training": {"architecture": "astronet"}}
    message = refusal(kepler=KEPLER, k2=other, to=to_tess(source=["kepler", "k2"]))
    assert "experiments.to.source: kepler and k2 have another architecture (dual_branch and astronet)" in message


def test_a_name_is_an_experiment_or_stands_under_trained_models():
    assert "'kepler' is an experiment and stands under trained_models; rename one" in refusal(
        {"kepler": ELSEWHERE}, kepler=KEPLER, to=to_tess()
    )
    assert "'none' is where models without a source stand" in refusal({"none": ELSEWHERE}, to=to_tess(source="none"))
