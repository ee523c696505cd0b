"""What experiments with folds may be used for."""

import pytest

from lightmill.config import parse_config
from lightmill.errors import ConfigError

FOLDS = {"dataset": "Kepler", "training": {"members": "folds"}}
DROP = {"of": "folds", "treatment": "drop"}


def parsed(**experiments):
    archives = {"kepler": {"base_url": "file:///a"}, "tess": {"base_url": "file:///a"}}
    return parse_config({"run": "x", "archives": archives, "experiments": experiments})


def refusal(**experiments):
    with pytest.raises(ConfigError) as raised:
        parsed(**experiments)
    return str(raised.value)


def test_suspects_of_folds_are_taken():
    config = parsed(folds=FOLDS, a={"dataset": "Kepler", "suspects": DROP})
    assert config.experiments["a"].suspects.of == "folds"
    assert config.experiment_training("folds").members == "folds"


def test_folds_need_two_seeds():
    alone = {"dataset": "Kepler", "training": {"members": "folds", "seeds": [1]}}
    assert refusal(a=alone).startswith("experiments.a.training.members: folds need two seeds or more")


def test_balanced_batches_and_class_weights_exclude_each_other():
    balanced = {"dataset": "Kepler", "training": {"batches": "balanced"}}
    message = refusal(a=balanced)
    assert message.startswith(
        "experiments.a.training.batches: with class_weights the rarer class would count more twice"
    )
    balanced["training"]["class_weights"] = False
    assert parsed(a=balanced).experiment_training("a").batches == "balanced"


@pytest.mark.parametrize(
    ("suspects", "message"),
    [
        ({"of": "folds", "treatment": "down_weight"}, "weight is what down_weight needs"),
        ({"of": "folds", "treatment": "drop", "weight": 0.5}, "drop has no use for it"),
        ({"of": "folds", "treatment": "down_weight", "weight": 1.0}, "weight: Input should be less than 1"),
        (
            {"of": "fold", "treatment": "drop"},
            "suspects.of: 'fold' is no experiment with members: folds; there are folds",
        ),
        ({"of": "a", "treatment": "drop"}, "suspects.of: 'a' is no experiment with members: folds; there are folds"),
    ],
)
def test_suspects_that_make_no_sense_are_refused(suspects, message):
    assert message in refusal(folds=FOLDS, a={"dataset": "Kepler", "suspects": suspects})


def test_suspects_are_those_of_one_question_to_one_set():
    labels = {"positive": ["CONFIRMED"], "negative": ["FALSE POSITIVE"]}
    for change, key in (({"dataset": "TESS"}, "dataset"), ({"task": "other"}, "task"), ({"labels": labels}, "labels")):
        message = refusal(folds=FOLDS, a={"dataset": "Kepler", "suspects": DROP, **change})
        assert f"experiments.a.suspects.of: 'folds' has another {key}" in message
    message = refusal(
        folds=FOLDS,
        again={**FOLDS, "suspects": DROP},
        a={"dataset": "Kepler", "suspects": {"of": "again", "treatment": "drop"}},
    )
    assert "'again' treats suspects itself" in message


def test_a_transfer_neither_starts_from_folds_nor_has_them_nor_treats_suspects():
    to_tess = {"dataset": "TESS", "source": "folds"}
    assert "experiments.b.source: 'folds' has members: folds, and a transfer chooses" in refusal(folds=FOLDS, b=to_tess)
    plain = {"dataset": "Kepler"}
    own = {"dataset": "TESS", "source": "a", "training": {"members": "folds"}}
    assert "experiments.b.training.members: 'b' has members: folds" in refusal(a=plain, b=own)
    treats = {"dataset": "TESS", "source": "a", "suspects": DROP}
    assert "suspects: a transfer trains on all labels" in refusal(folds=FOLDS, a=plain, b=treats)
