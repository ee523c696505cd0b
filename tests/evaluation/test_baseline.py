import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from lightmill.errors import ViewError
from lightmill.evaluation.baseline import (
    LISTED,
    MEASURED,
    OBSERVED,
    boosted_baseline,
    catalog_features,
    observed_features,
    read_listed,
    scalar_features,
)


def rows(n, seed):
    generator = np.random.default_rng(seed)
    labels = (generator.random(n) < 0.4).astype(float)
    features = generator.normal(size=(n, 3))
    features[:, 1] += 2 * labels
    return features, labels


def known(ephemeris="given"):
    """Two signals, of the second of which the depth and the scatter are no such."""
    numbers = {name: [float(place), np.nan] for place, name in enumerate(MEASURED, start=1)}
    numbers |= {"depth_ppm": [500.0, -5.0], "scatter_ppm": [100.0, 0.0], "secondary_depth_ppm": [50.0, 9.0]}
    numbers |= {"period_d": [10.0, 20.0], "duration_h": [3.0, np.nan], "snr": [7.0, 8.0]}
    return pd.DataFrame({"signal_id": ["a", "b"], "ephemeris": ephemeris, **numbers})


def test_our_scalars_are_what_was_measured_and_no_catalog_number_is_among_them():
    features = scalar_features(known())
    np.testing.assert_array_equal(features[0], [500, 2, 3, 4, 5, 6, 7, 5, 0.1])
    assert np.isnan(features[1, 1:]).all()
    other = known().assign(period_d=1.0, duration_h=1.0, epoch_bjd=1.0, snr=1.0)
    np.testing.assert_array_equal(scalar_features(other), features)


def test_numbers_that_came_with_views_are_not_ours():
    assert np.isnan(scalar_features(known("imported"))).all()
    np.testing.assert_array_equal(
        catalog_features(known("imported"), None), [[10, 3, 500, np.nan, 7], [20, np.nan, -5, np.nan, 8]]
    )
    # Of views of our own the catalog's depth and S/N stand in its lists alone.
    np.testing.assert_array_equal(catalog_features(known(), None)[:, 2:], np.full((2, 3), np.nan))


def test_what_catalogs_list_is_joined_by_signal(tmp_path):
    for place, name in enumerate(("b", "a")):
        numbers = {column: [10.0 * place + number] for number, column in enumerate(LISTED)}
        pd.DataFrame({"signal_id": [name], **numbers, "false_positive_flags": [name * place]}).to_parquet(
            tmp_path / f"{place}.parquet"
        )
    paths = [tmp_path / "1.parquet", tmp_path / "0.parquet"]
    listed = read_listed(paths, known())
    assert listed["signal_id"].tolist() == ["a", "b"]
    assert listed["false_positive_flags"].tolist() == ["a", ""]
    np.testing.assert_array_equal(catalog_features(known(), listed), [[10, 11, 12, 13, 14], [0, 1, 2, 3, 4]])
    assert read_listed([], known()) is None
    with pytest.raises(ViewError, match="signal 'c' is in the dataset, but in no list"):
        read_listed(paths, known().assign(signal_id=["a", "c"]))


def test_how_a_signal_was_observed_is_taken_as_it_is():
    meta = pd.DataFrame({name: [float(place), np.nan] for place, name in enumerate(OBSERVED)}).assign(snr=1.0)
    np.testing.assert_array_equal(observed_features(meta), [[0, 1, 2, 3, 4], [np.nan] * 5])


def test_it_learns_what_the_numbers_say():
    train, labels = rows(600, 1)
    test, truth = rows(400, 2)
    (probabilities,) = boosted_baseline(train, labels, (test,))
    assert roc_auc_score(truth, probabilities) > 0.85
    assert 0 <= probabilities.min() <= probabilities.max() <= 1


def test_that_a_number_is_missing_tells_nothing():
    train, labels = rows(600, 1)
    train[:, 1] = np.where(labels == 1, np.nan, 0.5)  # missing for planets alone, and otherwise constant
    train[:, [0, 2]] = 0
    (probabilities,) = boosted_baseline(train, labels, (train,))
    assert np.ptp(probabilities) < 1e-9


def test_without_any_number_there_is_no_baseline():
    assert boosted_baseline(np.full((20, 3), np.nan), np.arange(20) % 2.0, (np.zeros((2, 3)),)) is None


def test_the_same_rows_give_the_same_numbers():
    train, labels = rows(300, 3)
    first, again = (boosted_baseline(train, labels, (train,))[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
