import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from lightmill.evaluation.baseline import OBSERVED, observed_features, scalar_features, scalars_baseline


def rows(n, seed):
    generator = np.random.default_rng(seed)
    labels = (generator.random(n) < 0.4).astype(float)
    features = generator.normal(size=(n, 3))
    features[:, 1] += 2 * labels
    return features, labels


def test_features_are_logs_and_unknown_where_there_is_none():
    meta = pd.DataFrame({"period_d": [10.0, np.nan], "depth_ppm": [1000.0, -5.0], "duration_h": [0.1, 0.0], "snr": 1.0})
    np.testing.assert_allclose(scalar_features(meta), [[1, 3, -1], [np.nan, np.nan, np.nan]])


def test_how_a_signal_was_observed_is_taken_as_it_is():
    meta = pd.DataFrame({name: [float(place), np.nan] for place, name in enumerate(OBSERVED)}).assign(snr=1.0)
    np.testing.assert_array_equal(observed_features(meta), [[0, 1, 2, 3, 4], [np.nan] * 5])


def test_it_learns_what_the_numbers_say():
    train, labels = rows(600, 1)
    test, truth = rows(400, 2)
    (probabilities,) = scalars_baseline(train, labels, (test,))
    assert roc_auc_score(truth, probabilities) > 0.85
    assert 0 <= probabilities.min() <= probabilities.max() <= 1


def test_that_a_number_is_missing_tells_nothing():
    train, labels = rows(600, 1)
    train[:, 1] = np.where(labels == 1, np.nan, 0.5)  # missing for planets alone, and otherwise constant
    train[:, [0, 2]] = 0
    (probabilities,) = scalars_baseline(train, labels, (train,))
    assert np.ptp(probabilities) < 1e-9


def test_without_any_number_there_is_no_baseline():
    assert scalars_baseline(np.full((20, 3), np.nan), np.arange(20) % 2.0, (np.zeros((2, 3)),)) is None


def test_the_same_rows_give_the_same_numbers():
    train, labels = rows(300, 3)
    first, again = (scalars_baseline(train, labels, (train,))[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
