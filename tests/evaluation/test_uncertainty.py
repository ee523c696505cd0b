"""What an ensemble's doubt is worth: on data made so that it is worth something, or nothing."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from training.toys import toy_dataset, toy_ensemble

from lightmill.config.training import EvaluationSettings, TrainingSettings
from lightmill.evaluation.uncertainty import (
    FEWEST_WRONG,
    MEASURES,
    UNCERTAINTY_COLUMNS,
    Doubt,
    areas_under_roc,
    finding_errors,
    uncertainty_table,
    with_noise,
)
from lightmill.training.dataset import read_dataset, task_labels
from lightmill.training.ensemble import ensemble_probability, load_ensemble, predict_members

SETTINGS = EvaluationSettings(bootstrap=200)


def made(n, seed, worth):
    """Probabilities that are right on average, labels, and a measure that tells what is worse than it says, or not."""
    generator = np.random.default_rng(seed)
    probability = generator.random(n)
    confused = generator.random(n) < 0.3
    truth = generator.random(n) < np.where(confused, 0.5, probability)
    measure = np.exp(generator.normal(0, 0.5, n) + (1.5 * confused if worth else 0))
    doubt = Doubt(probability, {"spread": measure})
    return doubt, doubt.wrong(truth)


@pytest.mark.parametrize("worth", [True, False])
def test_a_measure_gains_only_where_it_tells_more_than_the_probability(worth):
    validation, test = made(2000, 1, worth), made(2000, 2, worth)
    table = finding_errors(*validation, *test, np.arange(2000) // 2, SETTINGS).set_index("measure")
    assert list(table.index) == ["distance", "spread"]
    near = -np.abs(test[0].probability - 0.5)
    assert table.loc["distance", "auc"] == pytest.approx(roc_auc_score(test[1], near))
    assert table.loc["spread", "auc"] == pytest.approx(roc_auc_score(test[1], test[0].measures["spread"]))
    assert table.loc["spread", "gain"] == table.loc["spread", "together"] - table.loc["distance", "auc"]
    assert table["n_wrong"].tolist() == [test[1].sum()] * 2
    assert (table["low"] < table["auc"]).all()
    assert (table["auc"] < table["high"]).all()
    assert table.loc["distance", ["together", "gain"]].isna().all()
    if worth:
        assert table.loc["spread", "gain_low"] > 0.01
    else:
        assert table.loc["spread", "gain_low"] < 0 < table.loc["spread", "gain_high"] + 1e-3
        assert abs(table.loc["spread", "gain"]) < 0.005
    assert (table["note"] == "").all()


def test_a_rule_is_learned_on_validation_alone():
    """Where a large measure means a right call on validation and a wrong one on test, joining it does harm."""
    validation, (test, wrong) = made(2000, 1, True), made(2000, 2, True)
    turned = Doubt(test.probability, {"spread": 1 / test.measures["spread"]})
    table = finding_errors(*validation, turned, wrong, np.arange(2000), SETTINGS).set_index("measure")
    assert table.loc["spread", "gain_high"] < 0


def test_of_few_errors_nothing_is_said():
    doubt, _ = made(100, 1, True)
    few, many = np.arange(100) < FEWEST_WRONG - 1, np.arange(100) < 50
    for validation, test, split, count in ((few, many, "validation", 9), (many, few, "test", 9)):
        table = finding_errors(doubt, validation, doubt, test, np.arange(100), SETTINGS)
        assert table[["auc", "together", "gain"]].isna().all(axis=None)
        assert (table["note"].str.startswith(f"not measurable: {count} of 100 {split} calls are wrong")).all()


def test_areas_are_those_of_scikit_learn_ties_and_weights_among_them():
    generator = np.random.default_rng(5)
    positive = generator.random(200) < 0.3
    scores = np.stack([generator.random(200), generator.integers(0, 5, 200) / 2.0])
    weights = generator.integers(0, 4, (3, 200)).astype(float)
    expected = [[roc_auc_score(positive, score, sample_weight=one) for score in scores] for one in weights]
    np.testing.assert_allclose(areas_under_roc(positive, scores, weights), expected)
    assert np.isnan(areas_under_roc(np.ones(4, bool), scores[:, :4], np.ones((1, 4)))).all()


def test_noise_is_added_to_flux_by_its_scatter():
    views = {
        "global": np.random.default_rng(1).normal(0, [[0.1], [3.0]], (2, 20000)).astype(np.float32),
        "global_scatter": np.ones((2, 20000), np.float32),
    }
    noisy = with_noise(views, seed=2)
    np.testing.assert_allclose(noisy["global"].std(axis=1), np.sqrt(2) * np.array([0.1, 3.0]), rtol=0.03)
    assert noisy["global"].dtype == np.float32
    np.testing.assert_array_equal(noisy["global_scatter"], views["global_scatter"])
    np.testing.assert_array_equal(with_noise(views, seed=2)["global"], noisy["global"])


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("uncertain")
    toy_dataset(folder / "toy", n=600, noise=1.2)
    toy_ensemble(folder / "toy", folder, TrainingSettings(epochs=1, batch_size=64, dropout=0.3))
    return read_dataset(folder / "toy"), load_ensemble(folder / "ensemble")


def test_the_table_has_every_measure_of_a_real_ensemble(trained):
    data, models = trained
    truth = task_labels(data.meta, None)
    rows = {split: np.flatnonzero(data.meta["split"] == split) for split in ("validation", "test")}
    table = uncertainty_table(models, data, truth, rows, SETTINGS)
    assert list(table.columns) == list(UNCERTAINTY_COLUMNS)
    assert table["measure"].tolist() == ["distance", *MEASURES]
    views = {name: np.asarray(data.views[name][rows["test"]]) for name in ("global", "local")}
    members = predict_members(models, views, "min")
    probability = ensemble_probability(models, members)
    assert (table["n_wrong"] == np.sum((probability >= 0.5) != (truth[rows["test"]] == 1))).all()
    of_spread = table.set_index("measure").loc["spread"]
    assert of_spread["mean"] == pytest.approx(members.std(axis=0).mean())
    assert of_spread["rise"] == pytest.approx(of_spread["mean_noisy"] - of_spread["mean"])
    assert of_spread["rise_low"] < of_spread["rise"] < of_spread["rise_high"]
    assert table["mean"].notna().tolist() == [False, True, True, True, True]


def test_without_rows_to_learn_a_joint_rule_from_each_measure_stands_alone():
    generator = np.random.default_rng(4)
    wrong = generator.random(400) < 0.2
    test = Doubt(generator.random(400), {"spread": generator.random(400) + wrong})
    nothing = Doubt(np.zeros(0), {"spread": np.zeros(0)})
    table = finding_errors(nothing, np.zeros(0, bool), test, wrong, np.arange(400), SETTINGS).set_index("measure")
    assert table.loc["spread", "auc"] > 0.8
    assert table[["together", "gain", "gain_low"]].isna().all(axis=None)
    assert table["note"].str.startswith("folds have learned from validation").all()
