import numpy as np
import pytest
from training.toys import toy_dataset, toy_meta

from lightmill.config.training import TaskLabels
from lightmill.errors import LabelError, ModelError
from lightmill.training.examples import class_counts, counts_table, examples_digest, select_examples

VIEWS = ("global", "local")


def test_examples_are_the_rows_of_the_task_by_split(tmp_path):
    meta = toy_meta(60)
    meta.loc[[0, 1], "split"] = "none"
    meta.loc[[3, 4], "label"] = "unknown"
    dataset = toy_dataset(tmp_path / "toy", meta=meta)
    examples = select_examples(dataset, None, VIEWS)
    kept = dataset.meta[(dataset.meta["split"] != "none") & (dataset.meta["label"] != "unknown")]
    assert sum(len(one) for one in examples.values()) == len(kept) == 56
    for split, one in examples.items():
        assert list(one.meta["signal_id"]) == list(kept.loc[kept["split"] == split, "signal_id"])
        assert list(one.labels) == [float(label == "planet") for label in one.meta["label"]]
        rows = dataset.meta["signal_id"].isin(one.meta["signal_id"]).to_numpy()
        np.testing.assert_array_equal(one.views["local"], dataset.views["local"][rows])


def test_a_label_map_chooses_by_disposition(tmp_path):
    dataset = toy_dataset(tmp_path / "toy", n=90)
    examples = select_examples(dataset, TaskLabels(positive=["PC", "AFP"], negative=["NTP"]), VIEWS)
    for one in examples.values():
        np.testing.assert_array_equal(one.labels, one.meta["disposition"].isin(["PC", "AFP"]).astype(float))


def test_the_counts_are_a_table(tmp_path):
    counts = class_counts(select_examples(toy_dataset(tmp_path / "toy", n=60), None, VIEWS))
    assert counts["train"] == {"positive": 12, "negative": 24}
    assert [line.split() for line in counts_table(counts).splitlines()][2] == ["train", "12", "24"]


def test_a_split_without_one_class_is_refused(tmp_path):
    meta = toy_meta(60)
    meta.loc[(meta["split"] == "validation") & (meta["label"] == "planet"), "label"] = "unknown"
    dataset = toy_dataset(tmp_path / "toy", meta=meta)
    with pytest.raises(LabelError, match=r"toy: no positive example in the validation split(.|\n)*stratified"):
        select_examples(dataset, None, VIEWS)


def test_a_group_in_two_splits_is_refused(tmp_path):
    dataset = toy_dataset(tmp_path / "toy", n=60)
    dataset.meta.loc[dataset.meta["split"] == "test", "group_id"] = dataset.meta["group_id"].iloc[0]
    with pytest.raises(LabelError, match="TOY star 0"):
        select_examples(dataset, None, VIEWS)


@pytest.mark.parametrize("split", ["validation", "test"])
def test_labels_given_by_a_model_may_only_train(tmp_path, split):
    meta = toy_meta(60)
    meta.loc[meta["split"] == "train", "label_source"] = "exominer:score>0.9"
    select_examples(toy_dataset(tmp_path / "good", meta=meta), None, VIEWS)
    meta.loc[meta["split"] == split, "label_source"] = "exominer:score>0.9"
    with pytest.raises(LabelError, match=f"{split} split were given by a model"):
        select_examples(toy_dataset(tmp_path / "bad", meta=meta), None, VIEWS)


def test_a_view_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match="no view 'odd'; it has global, local"):
        select_examples(toy_dataset(tmp_path / "toy", n=60), None, ("odd",))


def test_the_digest_sees_labels_views_and_signals(tmp_path):
    train = select_examples(toy_dataset(tmp_path / "toy", n=60), None, VIEWS)["train"]
    digests = {examples_digest([train])}
    train.views["local"][3, 7] += 1
    digests.add(examples_digest([train]))
    train.labels[0] = 1 - train.labels[0]
    digests.add(examples_digest([train]))
    train.meta.loc[0, "signal_id"] = "another"
    digests.add(examples_digest([train]))
    assert len(digests) == 4
