import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, log_loss, precision_score, recall_score

from lightmill.config.training import TrainingSettings
from lightmill.training.progress import METRICS, best_threshold, class_weights, epoch_metrics, standing


def history(*values):
    return [{"validation_average_precision": value, "validation_loss": -value} for value in values]


SETTINGS = TrainingSettings(epochs=20, learning_rate=0.01, patience=4, plateau_patience=2, plateau_factor=0.5)


@pytest.mark.parametrize(
    ("values", "best", "rate", "finished"),
    [
        ((), 0, 0.01, False),
        ((0.5,), 1, 0.01, False),
        ((0.5, 0.6, 0.6), 2, 0.01, False),  # no better is not better
        ((0.5, 0.6, 0.6, 0.1), 2, 0.005, False),
        ((0.5, 0.6, 0.6, 0.1, 0.7), 5, 0.005, False),  # a rate that dropped stays there
        ((0.5, 0.6, 0.1, 0.1, 0.1, 0.1), 2, 0.0025, True),
        (tuple(np.linspace(0, 1, 20)), 20, 0.01, True),
    ],
)
@pytest.mark.parametrize("monitor", ["average_precision", "loss"])
def test_standing_follows_the_history(values, best, rate, finished, monitor):
    now = standing(history(*values), SETTINGS.model_copy(update={"monitor": monitor}))
    assert (now.best_epoch, now.finished) == (best, finished)
    assert now.learning_rate == pytest.approx(rate)


def test_class_weights_make_both_classes_weigh_the_same():
    labels = np.array([1, 0, 0, 0], np.float32)
    weights = class_weights(labels)
    np.testing.assert_allclose(weights, [4 / 6, 2])
    assert np.sum(weights[labels.astype(int)]) == pytest.approx(4)


def test_epoch_metrics_agree_with_scikit_learn():
    generator = np.random.default_rng(1)
    labels = (generator.random(200) < 0.3).astype(np.float32)
    logits = (generator.normal(size=200) + labels).astype(np.float32)
    metrics = epoch_metrics(labels, logits, np.array([0.7, 1.9], np.float32))
    called = logits >= 0
    probabilities = 1 / (1 + np.exp(-logits.astype(float)))
    weights = np.where(labels == 1, 1.9, 0.7)
    assert set(metrics) == set(METRICS)
    assert metrics["accuracy"] == pytest.approx(accuracy_score(labels, called))
    assert metrics["precision"] == pytest.approx(precision_score(labels, called))
    assert metrics["recall"] == pytest.approx(recall_score(labels, called))
    mean = log_loss(labels, probabilities, sample_weight=weights) * weights.mean()
    assert metrics["loss"] == pytest.approx(mean, rel=1e-6)


def test_extreme_logits_have_a_finite_loss():
    metrics = epoch_metrics(np.array([1.0, 0.0]), np.array([-2000.0, 2000.0], np.float32), np.ones(2))
    assert metrics["loss"] == pytest.approx(2000)
    assert metrics["precision"] == 0


def test_the_threshold_lies_between_the_classes_if_anything_does():
    assert best_threshold(np.array([0, 1, 0, 1]), np.array([0.1, 0.7, 0.3, 0.9])) == pytest.approx(0.5)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=2, max_size=40))
def test_no_threshold_has_a_larger_f1(rows):
    labels = np.array([1.0, *[float(label) for label, _ in rows]])
    probabilities = np.array([0.5, *[tenth / 20 for _, tenth in rows]])
    reached = f1_score(labels, probabilities >= best_threshold(labels, probabilities))
    others = [f1_score(labels, probabilities >= cut, zero_division=0) for cut in probabilities]
    assert reached == pytest.approx(max(others))
