"""Old labels and later ones: who is judged by what, and how much a perfect knower of today's truth could reach."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from catalogs.frames import NAN, frame, row
from sklearn.metrics import average_precision_score, roc_auc_score
from training.toys import toy_dataset, toy_ensemble, toy_meta

from lightmill.config.training import EvaluationSettings, LaterLabels, TrainingSettings
from lightmill.errors import CatalogError, ModelError
from lightmill.evaluation.ceiling import ceiling, expected_average_precision, todays_metrics
from lightmill.evaluation.today import judge_today, todays_labels
from lightmill.files import sha256_file

KOI = LaterLabels(positive=["CONFIRMED"], negative=["FALSE POSITIVE"], absent="negative")
SETTINGS = EvaluationSettings(bootstrap=100, minimum_positives=10)


def signals(*rows):
    """Rows of a dataset: star number, old disposition, period."""
    meta = toy_meta(len(rows))
    stars = [f"KIC {star}" for star, _, _ in rows]
    return meta.assign(
        target_id=stars,
        star_id=stars,
        disposition=[disposition for _, disposition, _ in rows],
        period_d=[period for _, _, period in rows],
        epoch_bjd=2454970.0,
        duration_h=3.0,
    )


LATER = frame(
    row("koi", "KOI K00001.01", "KIC 1", 3.5, disposition="CONFIRMED"),
    row("koi", "KOI K00002.01", "KIC 2", 3.5, disposition="FALSE POSITIVE"),
    row("koi", "KOI K00003.01", "KIC 3", 3.5, disposition="CANDIDATE"),
    row("koi", "KOI K00004.01", "KIC 4", 3.5, disposition="CONFIRMED"),
    row("koi", "KOI K00004.02", "KIC 4", 11.3, disposition="FALSE POSITIVE"),
)


def test_labels_stand_flip_or_stay_undecided():
    old = signals(
        (1, "PC", 3.5),
        (2, "PC", 3.5),
        (3, "PC", 3.5),
        (4, "PC", 3.5),
        (4, "PC", 11.3),
        (1, "AFP", 7.0),
        (5, "NTP", 3.5),
        (6, "NTP", NAN),
    )
    found = todays_labels(old, LATER, None, KOI)
    np.testing.assert_array_equal(found["todays_label"], [1, 0, NAN, 1, 0, NAN, NAN, NAN])
    # Only what has an ephemeris, and is on no list at any period, may be taken for none.
    np.testing.assert_array_equal(found["todays_label_or_absent"], [1, 0, NAN, 1, 0, NAN, 0, NAN])
    assert found["how"].tolist() == [*["ephemeris"] * 5, "harmonic", "absent", "no_period"]
    assert found["later_signal_id"].tolist()[3:6] == ["KOI K00004.01", "KOI K00004.02", ""]


def test_rows_without_ephemerides_are_judged_where_all_their_events_agree():
    events = frame(
        row("dr24", "DR24 1-01", "KIC 1", 3.5, disposition="PC"),
        row("dr24", "DR24 1-02", "KIC 1", 9.0, disposition="NTP"),
        row("dr24", "DR24 4-01", "KIC 4", 3.5, disposition="PC"),
        row("dr24", "DR24 4-02", "KIC 4", 11.3, disposition="PC"),
        row("dr24", "DR24 2-01", "KIC 2", 3.5, disposition="AFP"),
        row("dr24", "DR24 2-02", "KIC 2", 9.0, disposition="AFP"),
    )
    old = signals(*((star, kind, NAN) for star, kind in ((1, "PC"), (1, "NTP"), (4, "PC"), (2, "AFP"), (2, "PC"))))
    found = todays_labels(old, LATER, events, KOI)
    np.testing.assert_array_equal(found["todays_label"], [1, NAN, NAN, NAN, NAN])
    # KIC 2 has a false positive and something that is on no list: not a planet, whichever it is.
    np.testing.assert_array_equal(found["todays_label_or_absent"], [1, 0, NAN, 0, NAN])
    assert found["events"].tolist() == [1, 1, 2, 2, 0]
    assert found["how"].tolist() == ["ephemeris", "absent", "ephemeris", "absent; ephemeris", "no_event"]
    with pytest.raises(CatalogError, match=r"today\.events"):
        todays_labels(old, LATER, None, KOI)


def flipped(n=4000, seed=0):
    """Test rows of which a known share has changed its label: 10 % of the positives, 2 % of the negatives."""
    random = np.random.default_rng(seed)
    old = (np.arange(n) % 4 == 0).astype(float)
    flips = random.random(n) < np.where(old == 1, 0.10, 0.02)
    today = np.where(flips, 1 - old, old)
    return pd.DataFrame(
        {
            "old_label": old,
            "todays_label": np.where(np.arange(n) % 10 == 0, NAN, today),
            "todays_label_or_absent": today,
            "probability": np.clip(0.2 + 0.6 * today + random.normal(0, 0.2, n), 0, 1),
            "group_id": [f"star {i // 2}" for i in range(n)],
        }
    )


def test_the_ceiling_of_known_flips_is_what_brute_force_finds():
    truth = flipped()
    keys = ["rows", "model", "labels", "metric"]
    table = todays_metrics(truth, KOI, SETTINGS, 0.5).set_index(keys)["value"].sort_index()
    judged = truth.dropna(subset=["todays_label"])
    old, today = judged["old_label"], judged["todays_label"]
    highest = table["listed", "todays_truth", "old"]
    assert highest["roc_auc"] == pytest.approx(roc_auc_score(old, today), abs=1e-12)
    random = np.random.default_rng(1)
    orders = [average_precision_score(old, today + 0.5 * random.random(len(today))) for _ in range(300)]
    assert highest["average_precision"] == pytest.approx(np.mean(orders), abs=1e-3)
    assert "brier" not in highest.index
    # The network knows today's truth better than the old labels do, and is taken to be worse by them.
    network = table.xs("average_precision", level="metric")["listed", "ensemble_mean"]
    assert network["today"] > network["old"] + 0.05


@pytest.mark.filterwarnings("error")
def test_samples_without_an_old_positive_do_not_count():
    stars = np.array(list("abcd"))
    today = np.array([1.0, 1.0, 0.0, 0.0])
    # One old positive, first or second: a sample without it says nothing, and one with it only is always right.
    value, low, high = ceiling(np.array([1.0, 0, 0, 0]), today, stars, SETTINGS)
    assert value == pytest.approx(0.75)
    assert 0 < low <= value <= high <= 1
    assert np.isnan(ceiling(np.zeros(4), today, stars, SETTINGS)).all()


@pytest.mark.parametrize(("first", "then"), [((1, 1, 0), (1, 0, 0)), ((1,), (0, 0)), ((0, 0), (1,)), ((), (1, 0))])
def test_the_mean_over_all_orders(first, then):
    labels = [
        [*one, *other] for one in permutations(first) for other in permutations(then)
    ]  # each a ranking, the best first
    places = -np.arange(len(first) + len(then))
    mean = np.mean([average_precision_score(ranked, places) for ranked in labels])
    found = expected_average_precision(len(first), sum(first), len(then), sum(then))
    assert found == pytest.approx(mean, abs=1e-12)


def test_counts_say_who_is_left_out_and_who_has_changed():
    truth = flipped(400)
    table = todays_metrics(truth, KOI, SETTINGS, 0.5)
    one = table[table["metric"] == "roc_auc"].groupby("rows").first()
    assert one.loc["listed", ["n", "n_left_out"]].tolist() == [360, 40]
    judged = truth.dropna(subset=["todays_label"])
    assert one.loc["listed", "n_now_negative"] == ((judged["old_label"] == 1) & (judged["todays_label"] == 0)).sum()
    assert one.loc["listed_or_absent", "n"] == one.loc["all", "n"] == 400
    # What no table decides keeps its label.
    assert one.loc["all", "n_now_positive"] == one.loc["listed", "n_now_positive"]
    assert "undecided" not in one.index


def test_what_was_undecided_is_scored_by_what_is_known_now():
    truth = flipped(400)
    truth.loc[:99, "old_label"] = NAN
    table = todays_metrics(truth, LaterLabels(positive=["CP"], negative=["FP"]), SETTINGS, 0.5)
    one = table[table["rows"] == "undecided"].set_index("metric").loc["average_precision"]
    then = truth[:100].dropna(subset=["todays_label"])
    assert (one["n"], one["n_left_out"]) == (90, 10)
    assert one["value"] == pytest.approx(average_precision_score(then["todays_label"], then["probability"]), abs=1e-12)
    assert set(table["rows"]) == {"listed", "all", "undecided"}


@pytest.fixture(scope="module")
def judged(tmp_path_factory):
    """A toy experiment, of whose 300 signals half are in a later KOI table; every 14th of these has changed sides."""
    folder = tmp_path_factory.mktemp("today")
    meta = toy_meta(300).assign(period_d=3.5, epoch_bjd=2454970.0, duration_h=3.0)
    meta["star_id"] = meta["group_id"] = meta["target_id"]
    toy_dataset(folder / "toy", meta=meta)
    toy_ensemble(folder / "toy", folder, TrainingSettings(epochs=1, batch_size=32))
    lines = ["kepid,kepoi_name,koi_disposition,koi_period,koi_time0bk,koi_duration,koi_depth"]
    for i in range(0, 300, 2):
        planet = (meta["label"].iloc[i] == "planet") != (i % 28 == 0)
        lines.append(f"{i + 1},K{i:05d}.01,{'CONFIRMED' if planet else 'FALSE POSITIVE'},3.5,137.0,3.0,500")
    (folder / "cumulative_2025.01.01_00.00.00.csv").write_text("\n".join(lines) + "\n")
    judge(folder, folder / "judged")
    return folder


def judge(folder, out, **others):
    arguments = {"dataset": folder / "toy", "tables": list(folder.glob("cumulative*.csv")), "events": []}
    judge_today(**arguments | others, ensemble=folder / "ensemble", folder=out, settings=KOI, evaluation=SETTINGS)


def test_an_experiment_is_judged(judged):
    truth = pd.read_csv(judged / "judged" / "todays_truth.csv")
    assert (truth["split"] == "test").all()
    assert len(truth) == 60
    listed = truth["how"] == "ephemeris"
    assert listed.sum() == 30
    changed = truth[listed & (truth["todays_label"] != truth["old_label"])]
    assert (changed["signal_id"].str[4:].astype(int) % 28 == 0).all()
    assert len(changed) == sum(i % 28 == 0 for i in truth["signal_id"].str[4:].astype(int))
    table = pd.read_csv(judged / "judged" / "todays_metrics.csv")
    assert len(changed) == table.loc[0, ["n_now_positive", "n_now_negative"]].sum() > 0
    assert table["value"].between(0, 40).sum() > 50


def test_the_same_again_gives_the_same_bytes(judged, tmp_path):
    judge(judged, tmp_path)
    for name in ("todays_truth.csv", "todays_metrics.csv"):
        assert sha256_file(tmp_path / name) == sha256_file(judged / "judged" / name)


def test_tables_of_other_stars_and_other_datasets_are_refused(judged, tmp_path):
    head = "kepid,kepoi_name,koi_disposition,koi_period,koi_time0bk,koi_duration,koi_depth\n"
    (tmp_path / "cumulative.csv").write_text(f"{head}99757450,K00889.01,CONFIRMED,8.88,169.99,2.08,16053\n")
    with pytest.raises(CatalogError, match=r"none is listed as CONFIRMED or FALSE POSITIVE in .*cumulative\.csv"):
        judge(judged, tmp_path, tables=[tmp_path / "cumulative.csv"])
    toy_dataset(tmp_path / "other", n=200)
    with pytest.raises(ModelError, match="not the dataset"):
        judge(judged, tmp_path, dataset=tmp_path / "other")
