import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from sklearn.metrics import average_precision_score, log_loss, roc_auc_score
from training.toys import toy_dataset, toy_ensemble, toy_meta

from lightmill.config.training import EvaluationSettings, TaskLabels, TrainingSettings
from lightmill.errors import ModelError
from lightmill.evaluation.baseline import LISTED
from lightmill.evaluation.evaluate import evaluate_model
from lightmill.evaluation.figures import reliability_figure
from lightmill.evaluation.light_curves import relative_percent, transit_times
from lightmill.evaluation.paired import DIFFERENCE_COLUMNS, paired_differences
from lightmill.evaluation.samples import SAMPLES, chosen_rows, hours_from_transit, plot_sample_views
from lightmill.evaluation.tables import METRICS_COLUMNS, metrics_table, sampled_models
from lightmill.training.dataset import read_dataset
from lightmill.training.ensemble import ensemble_models, ensemble_probability, load_ensemble
from lightmill.training.train import train_model

SETTINGS = EvaluationSettings(bootstrap=100, minimum_positives=300)
SEEDS = (1, 2)
TABLES = (
    "test_scores.csv",
    "test_predictions.csv",
    "model_metrics.csv",
    "comparison.csv",
    "recall_by.csv",
    "calibration.csv",
    "uncertainty.csv",
    "classification_report.txt",
)
FIGURES = (
    "confusion_matrix.png",
    "roc_curve.png",
    "precision_recall_curve.png",
    "reliability.png",
    "comparison.png",
    "recall_by.png",
    "training_history.png",
)
MODELS = ["ensemble_mean", "seed 1", "seed 2", "scalars", "catalog_scalars", "observed", "majority"]


def known_meta(n):
    """Toy rows whose depth, and how often they were observed, say something about the label; periods and such none."""
    meta = toy_meta(n)
    generator = np.random.default_rng(8)
    meta["period_d"] = 10 ** generator.uniform(0, 2, n)
    meta["duration_h"] = 10 ** generator.uniform(0, 1, n)
    meta["depth_ppm"] = 10 ** (2 + (meta["label"] == "planet") + generator.uniform(0, 1.5, n))
    meta["snr"] = np.arange(n, dtype=float)
    meta["transits_observed"] = generator.integers(1, 20, n) + 10.0 * (meta["label"] == "planet")
    return meta


@pytest.fixture(scope="module")
def experiment(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experiment")
    toy_dataset(folder / "toy", meta=known_meta(300), noise=0.9)
    toy_ensemble(folder / "toy", folder, TrainingSettings(epochs=2, batch_size=64), SEEDS)
    return folder


def evaluate(experiment, out, dataset="toy"):
    histories = {seed: experiment / str(seed) / "training_history.csv" for seed in SEEDS}
    evaluate_model(experiment / dataset, experiment / "ensemble", histories, out, SETTINGS)
    return out


@pytest.fixture(scope="module")
def evaluated(experiment):
    return evaluate(experiment, experiment / "evaluation")


def test_there_is_one_prediction_per_test_signal_and_seed(experiment, evaluated):
    predictions = pd.read_csv(evaluated / "test_predictions.csv")
    meta = read_dataset(experiment / "toy").meta
    test = meta[meta["split"] == "test"].set_index("signal_id")
    assert len(predictions) == len(test) * 2
    assert not predictions.duplicated(["signal_id", "seed"]).any()
    assert predictions[["signal_id", "seed"]].apply(tuple, axis=1).is_monotonic_increasing
    for column in ("star_id", "group_id", "mission", "label"):
        assert (predictions[column] == test.loc[predictions["signal_id"], column].to_numpy()).all()
    assert (predictions["task_label"] == (predictions["label"] == "planet")).all()


def test_the_metrics_follow_from_the_predictions(experiment, evaluated):
    predictions = pd.read_csv(evaluated / "test_predictions.csv")
    metrics = pd.read_csv(evaluated / "model_metrics.csv").set_index(["model", "metric"])
    assert list(metrics.reset_index().columns) == list(METRICS_COLUMNS)
    assert list(dict.fromkeys(metrics.index.get_level_values(0))) == MODELS
    wide = predictions.pivot(index="signal_id", columns="seed", values="probability")
    truth = predictions.drop_duplicates("signal_id").set_index("signal_id")["task_label"].loc[wide.index]
    together = ensemble_probability(load_ensemble(experiment / "ensemble"), wide.to_numpy().T)
    for model, scores in (("seed 1", wide[1]), ("seed 2", wide[2]), ("ensemble_mean", together)):
        value = metrics.loc[model]["value"]
        assert value["average_precision"] == pytest.approx(average_precision_score(truth, scores))
        assert value["roc_auc"] == pytest.approx(roc_auc_score(truth, scores))
        assert value["log_loss"] == pytest.approx(log_loss(truth, scores))
        called = scores >= metrics.loc[(model, "recall"), "threshold"]
        assert value["recall"] == pytest.approx(called[truth == 1].mean())
    row = metrics.loc[("ensemble_mean", "recall_at_precision_0.9")]
    assert np.isnan(row["value"])
    assert row["note"].startswith("not measurable")
    assert (metrics["n"] == 60).all()
    assert (metrics["n_positives"] == 20).all()
    assert metrics.loc[("scalars", "roc_auc"), "value"] > 0.7
    assert metrics.loc[("catalog_scalars", "roc_auc"), "value"] < 0.7
    assert metrics.loc["catalog_scalars", "note"].str.startswith("a warning").all()
    assert metrics.loc[("observed", "roc_auc"), "value"] > 0.7
    assert metrics.loc["observed", "note"].str.startswith("what numbers of transits, cadences").all()
    assert metrics.loc[("observed", "recall_at_precision_0.9"), "note"].endswith("there are 20")


def test_the_table_of_scores_holds_what_everything_else_follows_from(experiment, evaluated):
    scores = pd.read_csv(evaluated / "test_scores.csv", float_precision="round_trip").set_index("signal_id")
    predictions = pd.read_csv(evaluated / "test_predictions.csv", float_precision="round_trip")
    wide = predictions.pivot(index="signal_id", columns="seed", values="probability")
    assert scores.index.tolist() == wide.index.tolist()
    expected = ensemble_probability(load_ensemble(experiment / "ensemble"), wide.to_numpy().T)
    np.testing.assert_array_equal(scores["ensemble_mean"], expected)
    meta = read_dataset(experiment / "toy").meta.set_index("signal_id").loc[scores.index]
    for column in ("star_id", "group_id", "mission", "label", "disposition", "period_d", "depth_ppm", "snr"):
        assert scores[column].tolist() == meta[column].tolist()
    metrics = pd.read_csv(evaluated / "model_metrics.csv").set_index(["model", "metric"])["value"]
    for model in ("ensemble_mean", "scalars", "catalog_scalars", "observed"):
        found = average_precision_score(scores["task_label"], scores[model])
        assert metrics[(model, "average_precision")] == pytest.approx(found)
    assert "holes" not in scores
    pairs = [("ensemble_mean", other) for other in ("scalars", "catalog_scalars", "observed")]
    of_models = {model: scores[model].to_numpy() for model in ("ensemble_mean", *(other for _, other in pairs))}
    again = paired_differences(
        scores["task_label"].to_numpy(), of_models, scores["group_id"].to_numpy(str), pairs, SETTINGS
    )
    written = pd.read_csv(evaluated / "comparison.csv", keep_default_na=False, na_values={"value": [""]})
    assert written[["model", "other", "metric", "better"]].equals(again[["model", "other", "metric", "better"]])
    for column in ("difference", "low", "high"):
        np.testing.assert_allclose(pd.to_numeric(written[column]), again[column], rtol=1e-9, atol=1e-12)


def test_slices_and_checks_are_of_the_ensemble_at_its_threshold(evaluated):
    scores = pd.read_csv(evaluated / "test_scores.csv")
    metrics = pd.read_csv(evaluated / "model_metrics.csv").set_index(["model", "metric"])
    slices = pd.read_csv(evaluated / "recall_by.csv").set_index(["by", "slice"])
    whole = slices.loc[("all", "all")]
    assert whole["recall"] == pytest.approx(metrics.loc[("ensemble_mean", "recall"), "value"])
    assert whole["precision"] == pytest.approx(metrics.loc[("ensemble_mean", "precision"), "value"])
    assert slices.loc["snr"]["n"].sum() == len(scores)
    checks = pd.read_csv(evaluated / "calibration.csv").set_index(["model", "check"])
    after = ["ece", "brier_skill", "slope", "intercept", "conformal_positives", "conformal_negatives"]
    assert checks.loc["ensemble_mean"].index.tolist() == after
    assert checks.loc["plain_mean"].index.tolist() == after[:4]
    assert checks.loc[("ensemble_mean", "ece"), "value"] == pytest.approx(
        metrics.loc[("ensemble_mean", "ece"), "value"]
    )
    assert (checks["n"] == len(scores)).all()
    assert "calibration: ece 0." in (evaluated / "classification_report.txt").read_text()


def test_false_positive_flags_come_from_the_lists_of_catalogs(experiment, tmp_path):
    meta = read_dataset(experiment / "toy").meta
    listed = meta[["signal_id"]].assign(**dict.fromkeys(LISTED, np.nan))
    listed["snr"] = np.where(meta["label"] == "planet", 20.0, 5.0)
    listed["false_positive_flags"] = np.where(meta["disposition"] == "NTP", "nt", "")
    listed.iloc[::2].to_parquet(tmp_path / "000.parquet")
    listed.iloc[1::2].to_parquet(tmp_path / "001.parquet")
    histories = {seed: experiment / str(seed) / "training_history.csv" for seed in SEEDS}
    lists = [tmp_path / "001.parquet", tmp_path / "000.parquet"]
    evaluate_model(experiment / "toy", experiment / "ensemble", histories, tmp_path / "out", SETTINGS, lists)
    slices = pd.read_csv(tmp_path / "out" / "recall_by.csv", keep_default_na=False).set_index(["by", "slice"])
    counts = pd.read_csv(tmp_path / "out" / "test_scores.csv")["disposition"].value_counts()
    assert slices.loc[("false_positive_flag", "nt"), "n"] == counts["NTP"]
    metrics = pd.read_csv(tmp_path / "out" / "model_metrics.csv").set_index(["model", "metric"])["value"]
    assert metrics[("catalog_scalars", "roc_auc")] == 1


def test_majority_is_the_commoner_class_at_the_share_of_training(evaluated):
    majority = pd.read_csv(evaluated / "model_metrics.csv").set_index(["model", "metric"]).loc["majority"]
    value = majority["value"]
    share, prevalence = 1 / 3, 20 / 60
    assert value["average_precision"] == pytest.approx(prevalence)
    assert value["roc_auc"] == 0.5
    assert value["accuracy"] == pytest.approx(1 - prevalence)
    assert value["mcc"] == value["recall"] == value["f1"] == 0
    assert value["log_loss"] == pytest.approx(-prevalence * np.log(share) - (1 - prevalence) * np.log(1 - share))
    assert value["ece"] == pytest.approx(abs(share - prevalence), abs=1e-12)
    assert np.isnan(value["precision"])
    assert (majority["threshold"] == 0.5).all()
    assert majority["note"].str.startswith("the share of positives in training").all()


def test_the_spread_of_the_seeds_stands_with_their_mean(evaluated):
    metrics = pd.read_csv(evaluated / "model_metrics.csv").set_index(["model", "metric"])
    ensemble, first, second = (metrics.loc[model] for model in MODELS[:3])
    expected = (first["value"] - second["value"]).abs() / np.sqrt(2)
    np.testing.assert_allclose(ensemble["seed_spread"], expected, rtol=1e-9, atol=1e-12)
    assert ensemble["seed_spread"].notna().sum() >= 8
    assert np.isnan(ensemble.loc["recall_at_precision_0.9", "seed_spread"])
    assert metrics.drop("ensemble_mean", level="model")["seed_spread"].isna().all()


def test_one_seed_has_no_spread_and_models_come_in_their_order():
    generator = np.random.default_rng(1)
    truth = np.arange(40) % 2.0
    names = ["majority", "holes", "observed", "seed 7", "ensemble_mean"]
    scores = {name: generator.random(40) for name in names}
    thresholds, groups = dict.fromkeys(names, 0.5), np.arange(40)
    sampled = sampled_models(truth, scores, thresholds, groups, SETTINGS)
    table = metrics_table(truth, sampled, thresholds, groups, SETTINGS)
    in_order = ["ensemble_mean", "seed 7", "scalars", "observed", "holes", "majority"]
    assert list(dict.fromkeys(table["model"])) == in_order
    assert table["seed_spread"].isna().all()


def test_the_reliability_figure_shows_shares_of_bins_with_wilson_intervals():
    generator = np.random.default_rng(4)
    probabilities = generator.random(600)
    labels = (generator.random(600) < probabilities).astype(float)
    figure = reliability_figure(labels, probabilities, 0.95, "network", "title")
    _, (line, _, (bars,)) = figure.axes[0].lines, figure.axes[0].containers[0]
    order = np.argsort(probabilities).reshape(15, 40)
    np.testing.assert_allclose(line.get_xdata(), probabilities[order].mean(axis=1))
    shares = labels[order].mean(axis=1)
    np.testing.assert_allclose(line.get_ydata(), shares)
    ends = np.array([segment[:, 1] for segment in bars.get_segments()])
    z, n = 1.959964, 40
    middle, half = shares + z**2 / 2 / n, z * np.sqrt(shares * (1 - shares) / n + z**2 / 4 / n**2)
    expected = np.column_stack([middle - half, middle + half]) / (1 + z**2 / n)
    np.testing.assert_allclose(ends, expected, atol=1e-6)
    assert sum(patch.get_height() for patch in figure.axes[1].patches) == 600


def test_the_report_says_what_it_is_about(evaluated):
    report = (evaluated / "classification_report.txt").read_text()
    assert "toy, task planet (dataset version " in report
    assert "60 signals of 60 groups, 20 positive" in report
    assert "not planet" in report


def test_figures_are_pictures_without_dates(evaluated):
    for name in FIGURES:
        assert (evaluated / name).stat().st_size > 5000
        assert imread(evaluated / name).std() > 0.01
        content = (evaluated / name).read_bytes()
        assert b"Software" not in content
        assert matplotlib.__version__.encode() not in content


def test_a_second_evaluation_gives_the_same_bytes(experiment, evaluated, tmp_path):
    evaluate(experiment, tmp_path / "again")
    for name in TABLES + FIGURES:
        assert (evaluated / name).read_bytes() == (tmp_path / "again" / name).read_bytes(), name


def test_another_dataset_is_refused(experiment, tmp_path):
    toy_dataset(experiment / "other", meta=known_meta(303))
    with pytest.raises(ModelError, match=r"not the dataset that the models in .* were trained on"):
        evaluate(experiment, tmp_path, dataset="other")


def test_without_numbers_the_baseline_says_so(tmp_path):
    toy_dataset(tmp_path / "toy", n=150)
    train_model(tmp_path / "toy", tmp_path / "1", "planet", None, TrainingSettings(epochs=1), 1)
    ensemble_models([tmp_path / "1"], tmp_path / "toy", tmp_path / "ensemble")
    histories = {1: tmp_path / "1" / "training_history.csv"}
    evaluate_model(tmp_path / "toy", tmp_path / "ensemble", histories, tmp_path / "out", SETTINGS)
    metrics = pd.read_csv(tmp_path / "out" / "model_metrics.csv")
    scalars = metrics[metrics["model"] == "scalars"]
    assert scalars["value"].isna().all()
    assert set(scalars["note"]) == {"not available: nothing was measured on the folded light curves"}
    comparison = pd.read_csv(tmp_path / "out" / "comparison.csv")
    assert list(comparison.columns) == list(DIFFERENCE_COLUMNS)
    assert len(comparison) == 0
    assert imread(tmp_path / "out" / "comparison.png").std() > 0.01


def test_a_task_by_disposition_is_judged_by_it(tmp_path):
    toy_dataset(tmp_path / "toy", n=150)
    triage = TaskLabels(positive=["PC", "AFP"], negative=["NTP"])
    train_model(tmp_path / "toy", tmp_path / "1", "triage", triage, TrainingSettings(epochs=1), 1)
    ensemble_models([tmp_path / "1"], tmp_path / "toy", tmp_path / "ensemble")
    histories = {1: tmp_path / "1" / "training_history.csv"}
    evaluate_model(tmp_path / "toy", tmp_path / "ensemble", histories, tmp_path / "out", SETTINGS)
    predictions = pd.read_csv(tmp_path / "out" / "test_predictions.csv")
    assert (predictions["task_label"] == predictions["disposition"].isin(["PC", "AFP"])).all()
    assert "PC + AFP" in (tmp_path / "out" / "classification_report.txt").read_text()


def test_samples_are_typical_of_each_class():
    meta = known_meta(90)
    labels = (meta["label"] == "planet").to_numpy().astype(float)
    labels[5] = np.nan
    positives, negatives = chosen_rows(meta, labels)
    assert len(positives) == len(negatives) == SAMPLES
    assert (labels[positives] == 1).all()
    assert (labels[negatives] == 0).all()
    assert meta["snr"].iloc[positives].is_monotonic_increasing
    assert positives[0] > 0
    few = chosen_rows(meta.iloc[:4], labels[:4])
    assert [rows.tolist() for rows in few] == [[0, 3], [1, 2]]


def test_sample_views_are_drawn_also_where_samples_are_few(experiment, tmp_path):
    plot_sample_views(experiment / "toy", None, tmp_path / "many.png")
    meta = toy_meta(30)
    meta.loc[6:, "label"] = "unknown"
    toy_dataset(tmp_path / "few", meta=meta)
    plot_sample_views(tmp_path / "few", None, tmp_path / "few.png")
    for name in ("many.png", "few.png"):
        assert imread(tmp_path / name).std() > 0.01


def test_the_local_view_lies_where_its_bins_do():
    settings = {"local": {"length": 201, "durations": 4.0, "bin_width_durations": 0.16}}
    signal = pd.Series({"signal_id": "a", "period_d": 10.0, "epoch_bjd": 0.0, "duration_h": 5.0})
    hours = hours_from_transit(signal, settings)
    # 20 hours to either side, the outermost bins 0.8 hours wide and inside.
    np.testing.assert_allclose(hours[[0, 1, 100, 200]], [-19.6, -19.404, 0, 19.6], atol=1e-12)
    # At most half a period: 6 hours.
    signal["period_d"] = 0.5
    assert hours_from_transit(signal, settings)[0] == pytest.approx(-5.6)
    assert hours_from_transit(signal, {}) is None


def test_each_segment_is_relative_to_its_own_median():
    flux = np.array([100, 101, 99, 50, 51, np.nan, np.nan, -5])
    segment = np.array([0, 0, 0, 1, 1, 1, 2, 3])
    found = relative_percent(flux, segment)
    np.testing.assert_allclose(found[:3], [0, 1, -1])
    np.testing.assert_allclose(found[3:5], [-100 / 101, 100 / 101])
    assert np.isnan(found[5:]).all()


def test_transits_are_marked_where_there_are_data():
    time = np.concatenate([np.arange(0, 4.5, 0.02), np.arange(8, 12, 0.02)])
    np.testing.assert_allclose(transit_times(2.0, 1.0, time), [1, 3, 9, 11])
    np.testing.assert_allclose(transit_times(2.0, 101.0, time), [1, 3, 9, 11])
    assert len(transit_times(0.01, 0.0, time)) == 0
    assert len(transit_times(np.nan, 0.0, time)) == 0
    assert len(transit_times(3.0, 1.0, time[:0])) == 0
