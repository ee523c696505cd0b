import numpy as np
import pytest
from training.toys import toy_dataset, toy_meta

from lightmill.config.training import TrainingSettings
from lightmill.errors import LabelError, ModelError
from lightmill.files import read_json
from lightmill.training import load_ensemble, load_model, predict, read_dataset
from lightmill.training.calibration import calibrated
from lightmill.training.ensemble import ensemble_models
from lightmill.training.examples import select_examples
from lightmill.training.folds import Fold, fold_examples, parts_of_groups
from lightmill.training.out_of_fold import folds_of_members, out_of_fold
from lightmill.training.progress import best_threshold
from lightmill.training.train import train_model

SETTINGS = TrainingSettings(epochs=2, batch_size=32, members="folds")
VIEWS = ("global", "local")


def crowded_meta(n=180):
    """Toy rows of which three and more share a group, none of them of two splits."""
    meta = toy_meta(n)
    meta["group_id"] = [f"{split} {number // 20}" for number, split in enumerate(meta["split"])]
    meta["star_id"] = meta["group_id"]
    return meta


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "toy"
    toy_dataset(folder, n=180)
    return folder


@pytest.fixture(scope="module")
def members(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("models")
    for number, seed in enumerate((1, 2, 7)):
        train_model(data, folder / str(seed), "planet", None, SETTINGS, seed, Fold(number, 3))
    return [folder / str(seed) for seed in (1, 2, 7)]


@pytest.fixture(scope="module")
def ensemble(data, members, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ensemble")
    ensemble_models(members, data, folder)
    return folder


def test_a_group_is_in_one_part_and_every_part_has_its_share_of_both_classes():
    generator = np.random.default_rng(0)
    groups = np.array([f"star {number}" for number in generator.integers(0, 200, 500)])
    labels = (generator.random(500) < 0.1).astype(float)
    parts = parts_of_groups(groups, labels, 4)
    by_group = dict(zip(groups, parts, strict=True))
    assert all(by_group[group] == part for group, part in zip(groups, parts, strict=True))
    with_positive = set(groups[labels == 1])
    for kind in (with_positive, set(groups) - with_positive):
        sizes = np.bincount([by_group[group] for group in kind], minlength=4)
        assert sizes.max() - sizes.min() <= 1
    shuffled = generator.permutation(500)
    np.testing.assert_array_equal(parts_of_groups(groups[shuffled], labels[shuffled], 4), parts[shuffled])


def test_a_part_without_a_class_is_refused():
    groups, labels = np.array(["a", "b", "c", "d", "e", "f"]), np.array([1, 1, 0, 0, 0, 0])
    with pytest.raises(LabelError, match=r"no positive example in part 3 of 3: 2 groups have one\. Name fewer seeds"):
        parts_of_groups(groups, labels, 3)


def test_what_is_left_out_is_not_learned_from_and_all_is_left_out_once(tmp_path):
    dataset = toy_dataset(tmp_path / "toy", meta=crowded_meta())
    examples = select_examples(dataset, None, VIEWS)
    left_out = []
    for number in range(3):
        fold = fold_examples(examples, Fold(number, 3))
        assert not set(fold["train"].meta["group_id"]) & set(fold["validation"].meta["group_id"])
        assert len(fold["train"]) + len(fold["validation"]) == len(examples["train"]) + len(examples["validation"])
        assert fold["test"] is examples["test"]
        rows = dataset.meta["signal_id"].isin(fold["validation"].meta["signal_id"]).to_numpy()
        np.testing.assert_array_equal(fold["validation"].views["local"], dataset.views["local"][rows])
        left_out += list(fold["validation"].meta["signal_id"])
    assert sorted(left_out) == sorted(dataset.meta.loc[dataset.meta["split"] != "test", "signal_id"])


def test_labels_that_a_model_gave_only_train_and_not_beside_their_own_star(tmp_path):
    meta = crowded_meta()
    pseudo = (meta["split"] == "train") & (np.arange(len(meta)) % 5 == 0)
    alone = meta.index[meta["split"] == "train"][:2]
    meta.loc[alone, ["star_id", "group_id"]] = "a star of pseudo-labels alone"
    pseudo[alone] = True
    meta.loc[pseudo, "label_source"] = "exominer:score>0.9"
    examples = select_examples(toy_dataset(tmp_path / "toy", meta=meta), None, VIEWS)
    given = set(meta.loc[pseudo, "signal_id"])
    learned = []
    for number in range(2):
        fold = fold_examples(examples, Fold(number, 2))
        assert not given & set(fold["validation"].meta["signal_id"])
        train = fold["train"].meta
        assert not set(train["group_id"]) & set(fold["validation"].meta["group_id"])
        assert set(meta.loc[alone, "signal_id"]) <= set(train["signal_id"])
        learned.append(given & set(train["signal_id"]))
    assert learned[0] | learned[1] == given
    assert learned[0] != learned[1]


def test_a_member_says_which_part_it_left_out(data, members):
    description = read_json(members[1] / "model.json")
    fold = fold_examples(select_examples(read_dataset(data), None, VIEWS), Fold(1, 3))
    assert (description["fold"]["number"], description["fold"]["of"]) == (1, 3)
    assert description["fold"]["counts"]["validation"] == {
        "positive": int(fold["validation"].labels.sum()),
        "negative": int((1 - fold["validation"].labels).sum()),
    }
    assert sum(description["fold"]["counts"]["train"].values()) == len(fold["train"])
    others = [read_json(member / "model.json")["rows"] for member in members]
    assert others[0] == others[1] == others[2]


def test_every_row_is_scored_by_the_member_that_did_not_see_it(data, members):
    models = [load_model(member) for member in members]
    examples = select_examples(read_dataset(data), None, VIEWS)
    folds = folds_of_members([model.description for model in models])
    found = out_of_fold([model.network for model in models], folds, examples)
    assert found.examples.meta["signal_id"].is_monotonic_increasing
    assert len(found.probability) == len(examples["train"]) + len(examples["validation"])
    for number, model in enumerate(models):
        seen = set(fold_examples(examples, Fold(number, 3))["train"].meta["group_id"])
        by_this_one = found.parts == number
        assert not seen & set(found.examples.meta.loc[by_this_one, "group_id"])
        expected = predict(model, {name: view[by_this_one] for name, view in found.examples.views.items()}, "min")
        np.testing.assert_allclose(found.probability[by_this_one], expected, rtol=1e-6)


def test_the_ensemble_is_calibrated_on_what_its_members_left_out(data, members, ensemble):
    description = load_ensemble(ensemble).description
    assert [member["fold"]["number"] for member in description["members"]] == [0, 1, 2]
    examples = select_examples(read_dataset(data), None, VIEWS)
    networks = [load_model(member).network for member in members]
    found = out_of_fold(networks, [Fold(number, 3) for number in range(3)], examples)
    assert description["calibration"]["rows"] == len(found.probability) == 144
    probability = calibrated(found.probability, description["calibration"])
    assert description["threshold"] == best_threshold(found.examples.labels, probability)


def test_an_ensemble_needs_every_part_left_out_once(data, members, tmp_path):
    with pytest.raises(ModelError, match="2 members leave out the parts 1 of 3, 2 of 3; each part must be"):
        ensemble_models(members[:2], data, tmp_path / "ensemble")


def test_folds_and_settings_go_together(data, tmp_path):
    plain = TrainingSettings(epochs=1)
    for settings, fold in ((SETTINGS, None), (plain, Fold(0, 2))):
        with pytest.raises(ModelError, match=f"members: {settings.members}, but the fold is"):
            train_model(data, tmp_path / "model", "planet", None, settings, 1, fold)
