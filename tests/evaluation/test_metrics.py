import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as judge

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.metrics import calibration_bins, metric_names, score_metrics

SETTINGS = EvaluationSettings(bootstrap=200, minimum_positives=1)


def values(labels, probabilities, groups=None, settings=SETTINGS, **named):
    groups = np.arange(len(labels)) if groups is None else groups
    table = score_metrics(np.array(labels), np.array(probabilities), groups, settings, **named)
    return table.set_index("metric")


def test_average_precision_comes_first_and_accuracy_last():
    names = metric_names(SETTINGS)
    assert names[:4] == ["average_precision", *(f"recall_at_precision_{x}" for x in (0.9, 0.95, 0.99))]
    assert names[-1] == "accuracy"
    assert list(values([0, 1], [0.1, 0.9]).index) == names


def test_metrics_of_six_signals_worked_out_by_hand():
    # By probability: 1 1 0 1 0 0. Precision after each: 1, 1, 2/3, 3/4, 3/5, 1/2; recall 1/3, 2/3, 2/3, 1, 1, 1.
    labels = [1, 1, 0, 1, 0, 0]
    probabilities = [0.9, 0.8, 0.7, 0.6, 0.4, 0.1]
    settings = EvaluationSettings(bootstrap=100, minimum_positives=1, precisions=[0.75, 0.9])
    value = values(labels, probabilities, settings=settings, threshold=0.65)["value"]
    assert value["average_precision"] == pytest.approx(1 / 3 + 1 / 3 + 3 / 4 / 3)
    assert value["recall_at_precision_0.75"] == 1
    assert value["recall_at_precision_0.9"] == pytest.approx(2 / 3)
    assert value["roc_auc"] == pytest.approx(8 / 9)  # of nine pairs one is the wrong way round
    assert value["brier"] == pytest.approx((0.01 + 0.04 + 0.49 + 0.16 + 0.16 + 0.01) / 6)
    assert value["log_loss"] == pytest.approx(-np.log([0.9, 0.8, 0.3, 0.6, 0.6, 0.9]).mean())
    assert value["ece"] == pytest.approx((0.1 + 0.2 + 0.7 + 0.4 + 0.4 + 0.1) / 6)  # each a bin of its own
    assert value["mcc"] == pytest.approx((2 * 2 - 1 * 1) / 9)
    assert value["precision"] == pytest.approx(2 / 3)
    assert value["recall"] == pytest.approx(2 / 3)
    assert value["f1"] == pytest.approx(2 / 3)
    assert value["accuracy"] == pytest.approx(4 / 6)


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 10)), min_size=2, max_size=60).filter(
        lambda rows: len({label for label, _ in rows}) == 2
    )
)
def test_metrics_agree_with_scikit_learn_ties_included(rows):
    labels = np.array([int(label) for label, _ in rows])
    probabilities = np.array([tenths / 10 for _, tenths in rows])
    settings = EvaluationSettings(bootstrap=100, minimum_positives=1, precisions=[0.5])
    value = values(labels, probabilities, settings=settings, threshold=0.45)["value"]
    called = probabilities >= 0.45
    assert value["average_precision"] == pytest.approx(judge.average_precision_score(labels, probabilities))
    assert value["roc_auc"] == pytest.approx(judge.roc_auc_score(labels, probabilities))
    assert value["brier"] == pytest.approx(judge.brier_score_loss(labels, probabilities))
    of_classes = np.clip(np.column_stack([1 - probabilities, probabilities]), 1e-15, 1)
    assert value["log_loss"] == pytest.approx(judge.log_loss(labels, of_classes))
    assert value["mcc"] == pytest.approx(judge.matthews_corrcoef(labels, called))
    assert value["recall"] == pytest.approx(judge.recall_score(labels, called))
    assert value["f1"] == pytest.approx(judge.f1_score(labels, called))
    assert value["accuracy"] == pytest.approx(judge.accuracy_score(labels, called))
    if called.any():
        assert value["precision"] == pytest.approx(judge.precision_score(labels, called))
    else:
        assert np.isnan(value["precision"])
    precision, recall, _ = judge.precision_recall_curve(labels, probabilities)
    # The judge ends its curve with a point of precision 1 and recall 0 that no threshold gives; here that is 0, too.
    assert value["recall_at_precision_0.5"] == pytest.approx(recall[precision >= 0.5].max())


def test_recall_at_precision_is_not_measurable_with_few_positives():
    settings = EvaluationSettings(bootstrap=100, minimum_positives=3)
    row = values([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], settings=settings).loc["recall_at_precision_0.99"]
    assert np.isnan([row.value, row.low, row.high]).all()
    assert row.note == "not measurable below 3 positives; there are 2"


def test_what_needs_a_class_that_is_absent_says_so():
    table = values([0, 0, 0], [0.9, 0.2, 0.1])
    for metric in ("average_precision", "roc_auc", "recall", "f1", "mcc", "recall_at_precision_0.9"):
        assert np.isnan(table.loc[metric, "value"]), metric
    assert table.loc["average_precision", "note"] == "undefined: no positives"
    assert table.loc["accuracy", "value"] == pytest.approx(2 / 3)
    for metric in ("roc_auc", "mcc"):
        assert values([1, 1], [0.9, 0.2]).loc[metric, "note"] == "undefined: no negatives"


def test_nothing_called_positive_has_no_precision_and_no_recall():
    table = values([0, 1], [0.1, 0.2], threshold=0.5)
    assert np.isnan(table.loc["precision", "value"])
    assert "nothing reaches the threshold" in table.loc["precision", "note"]
    assert table.loc["recall", "value"] == table.loc["f1", "value"] == table.loc["mcc", "value"] == 0
    assert values([0, 1], [0.1, 0.2], threshold=0.0).loc["mcc", "value"] == 0


def test_a_sure_probability_that_is_wrong_costs_much_but_not_infinitely_much():
    assert values([1, 0], [0.0, 0.0])["value"]["log_loss"] == pytest.approx(-np.log(1e-15) / 2)
    assert values([1, 0], [1.0, 0.0])["value"]["log_loss"] == pytest.approx(0, abs=1e-14)


def test_bins_are_as_even_as_ties_allow():
    generator = np.random.default_rng(7)
    assert set(np.bincount(calibration_bins(generator.random(1000)))) == {66, 67}
    # A third of the rows has one probability, and stands in one bin; the thirds below and above it have five each.
    tied = np.where(np.arange(300) % 3 == 0, 0.5, generator.random(300) * 0.4 + (np.arange(300) % 3 == 1) * 0.6)
    bins = calibration_bins(tied)
    assert len(set(bins[tied == 0.5])) == 1
    assert (np.diff(bins[np.argsort(tied, kind="stable")]) >= 0).all()
    assert set(bins) == set(range(bins.max() + 1))
    assert bins.max() + 1 == 5 + 1 + 5
    assert calibration_bins(np.full(40, 0.3)).tolist() == [0] * 40
    assert calibration_bins(np.array([0.9, 0.1])).tolist() == [1, 0]


def test_calibration_error_of_thirty_signals_worked_out_by_hand():
    # Two signals in a bin: 0.01 and 0.03 with none positive, and so on; in the last both are.
    probabilities = np.arange(30) * 0.02 + 0.01
    labels = np.zeros(30, int)
    labels[-2:] = 1
    means = np.arange(15) * 0.04 + 0.02
    expected = (means[:-1].sum() + 1 - means[-1]) / 15
    assert values(labels, probabilities)["value"]["ece"] == pytest.approx(expected)
    # The same share for all signals is as well calibrated as can be.
    assert values(labels, np.full(30, 2 / 30))["value"]["ece"] == pytest.approx(0, abs=1e-15)


def plain_scores(labels, probabilities, times, threshold):
    """Log loss, calibration error and Matthews correlation of rows that count `times` each, one after the other."""
    loss, bins = 0.0, {}
    for label, probability, weight, place in zip(
        labels, probabilities, times, calibration_bins(probabilities), strict=True
    ):
        loss -= weight * np.log(probability if label else 1 - probability)
        total, says, is_so = bins.get(place, (0, 0.0, 0))
        bins[place] = (total + weight, says + weight * probability, is_so + weight * label)
    error = sum(total * abs(says / total - is_so / total) for total, says, is_so in bins.values() if total)
    mcc = judge.matthews_corrcoef(labels, probabilities >= threshold, sample_weight=times)
    return loss / times.sum(), error / times.sum(), mcc


def test_samples_of_the_metrics_agree_with_a_plain_loop_under_weights():
    generator = np.random.default_rng(11)
    groups = generator.integers(0, 50, 120)
    group_of_row = np.unique(groups, return_inverse=True)[1]
    labels = (generator.random(120) < 0.4).astype(int)
    probabilities = np.clip(generator.normal(0.3 + 0.3 * labels, 0.2), 0.01, 0.99).round(2)
    table = values(labels, probabilities, groups, threshold=0.4, seed=3)
    draws, count = np.random.default_rng(3), group_of_row.max() + 1
    samples = [
        plain_scores(labels, probabilities, np.bincount(drawn, minlength=count)[group_of_row], 0.4)
        for drawn in draws.integers(0, count, size=(SETTINGS.bootstrap, count))
    ]
    whole = plain_scores(labels, probabilities, np.ones(120), 0.4)
    expected = np.column_stack([whole, *np.quantile(samples, [0.025, 0.975], axis=0)])
    found = table.loc[["log_loss", "ece", "mcc"], ["value", "low", "high"]].to_numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-10)


def naive_bootstrap(labels, probabilities, groups, samples, seed):
    """Average precision of samples of whole groups, one at a time."""
    generator = np.random.default_rng(seed)
    names = np.unique(groups)
    scores = []
    for _ in range(samples):
        rows = np.concatenate([np.flatnonzero(groups == name) for name in generator.choice(names, len(names))])
        if labels[rows].any():
            scores.append(judge.average_precision_score(labels[rows], probabilities[rows]))
    return np.quantile(scores, [0.025, 0.975])


def test_intervals_agree_with_a_plain_bootstrap_of_groups():
    generator = np.random.default_rng(5)
    groups = np.repeat(np.arange(60), 4)
    quality = generator.normal(size=60)[groups]
    labels = (generator.random(240) < 0.4).astype(int)
    probabilities = 1 / (1 + np.exp(-(labels + 0.8 * quality)))
    row = values(labels, probabilities, groups, EvaluationSettings(bootstrap=2000)).loc["average_precision"]
    low, high = naive_bootstrap(labels, probabilities, groups, 1000, seed=9)
    assert row.low == pytest.approx(low, abs=0.02)
    assert row.high == pytest.approx(high, abs=0.02)
    assert row.low < row.value < row.high


def test_rows_of_one_group_make_the_interval_wider():
    generator = np.random.default_rng(2)
    labels = np.repeat((generator.random(50) < 0.5).astype(int), 10)
    probabilities = np.clip(0.5 + 0.2 * (labels - 0.5) + np.repeat(generator.normal(0, 0.2, 50), 10), 0, 1)
    by_row = values(labels, probabilities).loc["roc_auc"]
    by_group = values(labels, probabilities, np.repeat(np.arange(50), 10)).loc["roc_auc"]
    assert by_group.high - by_group.low > 2 * (by_row.high - by_row.low)


def test_the_same_seed_gives_the_same_table_and_another_one_other_intervals():
    generator = np.random.default_rng(3)
    labels, probabilities = (generator.random(100) < 0.5).astype(int), generator.random(100)
    first, again, other = (values(labels, probabilities, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first["low"].equals(other["low"])
    assert first["value"].equals(other["value"])


def test_the_order_of_rows_does_not_matter():
    generator = np.random.default_rng(4)
    labels, probabilities = (generator.random(80) < 0.5).astype(int), generator.random(80).round(1)
    order = generator.permutation(80)
    groups = np.array([f"star {i // 3}" for i in range(80)])
    straight = values(labels, probabilities, groups)
    shuffled = values(labels[order], probabilities[order], groups[order])
    np.testing.assert_allclose(straight[["value", "low", "high"]], shuffled[["value", "low", "high"]], rtol=1e-12)


def test_a_sample_without_positives_is_left_out_and_said():
    table = values([1, 0, 0], [0.9, 0.2, 0.1])
    assert "of 200 samples" in table.loc["average_precision", "note"]
    assert table.loc["average_precision", ["low", "high"]].tolist() == [1, 1]


def test_a_thousand_samples_of_thousands_of_rows_take_seconds():
    generator = np.random.default_rng(6)
    labels, probabilities = (generator.random(4000) < 0.3).astype(int), generator.random(4000)
    started = time.perf_counter()
    values(labels, probabilities, generator.integers(0, 2500, 4000), EvaluationSettings())
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(
    ("labels", "probabilities", "groups", "message"),
    [
        ([0, 1], [0.5], [1, 2], "expected one of each per row"),
        ([], [], [], "expected one of each per row"),
        ([0, 2], [0.5, 0.5], [1, 2], "0 and 1 only"),
        ([0, np.nan], [0.5, 0.5], [1, 2], "0 and 1 only"),
        ([0, 1], [0.5, np.nan], [1, 2], "between 0 and 1"),
        ([0, 1], [0.5, 1.5], [1, 2], "between 0 and 1"),
        ([0, 1], [0.5, 0.5], [1], "1 groups for 2 labels"),
    ],
)
def test_bad_input_is_refused(labels, probabilities, groups, message):
    with pytest.raises(ValueError, match=message):
        values(labels, probabilities, np.array(groups))
