import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from training.toys import toy_dataset, toy_meta
from transfer.toys import FRACTIONS, SEEDS, run_job, toy_job

from lightmill.config.training import EvaluationSettings
from lightmill.config.transfer import STRATEGIES, Comparison
from lightmill.errors import LabelError, ModelError
from lightmill.files import sha256_file
from lightmill.training.dataset import read_dataset, write_dataset
from lightmill.transfer import compare_transfer
from lightmill.transfer.grid import read_grid

pytestmark = pytest.mark.xdist_group("transfer")

EVALUATION = EvaluationSettings(bootstrap=100)
PRIMARY = [
    Comparison(strategy="fine_tuned", fraction=0.05),
    Comparison(strategy="joint", other="frozen", fraction=0.5),
]
TABLES = ("transfer_results", "curves", "differences", "best", "worth", "rates", "shared_stars")


@pytest.fixture(scope="module")
def folders(transferred):
    return [folder for of_strategy in transferred.values() for folder in of_strategy]


def compare(place, folders, to):
    compare_transfer(folders, [place / "there", place / "here"], to, EVALUATION, PRIMARY)
    return {name: pd.read_csv(to / f"{name}.csv") for name in TABLES}


@pytest.fixture(scope="module")
def tables(place, folders, tmp_path_factory):
    return compare(place, folders, tmp_path_factory.mktemp("compared"))


def test_there_is_a_row_for_every_cell_and_seed_and_for_their_mean(place, tables):
    table = tables["transfer_results"]
    assert list(dict.fromkeys(table["strategy"])) == list(STRATEGIES)
    # Two draws of the smallest fraction, and one of the others.
    assert len(table) == (5 * 4 + 1) * 3
    assert set(table["seed"]) == {"1", "2", "mean"}
    assert set(table["target"] + table["task"] + table["split"] + table["architecture"]) == {
        "thereplanettestdual_branch"
    }
    alone = table["strategy"] == "from_scratch"
    assert (set(table.loc[alone, "source"]), set(table.loc[~alone, "source"])) == ({"none"}, {"kepler"})
    zero = table[table["strategy"] == "zero_shot"]
    assert (zero[["fraction", "n_labels", "n_validation"]] == 0).all(axis=None)
    assert zero["rate"].isna().all()
    meta = read_dataset(place / "there").meta
    train = meta[meta["split"] == "train"]
    assert set(table.loc[table["fraction"] == 1, "n_labels"]) == {len(train)}
    assert set(table.loc[table["fraction"] == 1, "n_positives"]) == {int((train["label"] == "planet").sum())}
    assert (table["average_precision_low"] <= table["average_precision_high"]).all()


def test_the_mean_row_is_of_the_mean_probability(place, folders, tables):
    scores = [pd.read_parquet(folder / "scores.parquet") for folder in folders if folder.parent.name == "joint"]
    test = scores[0]["split"] == "test"
    truth = scores[0].loc[test, "truth"]
    means = {cell: np.mean([one.loc[test, cell] for one in scores], axis=0) for cell in ("0.05-0", "0.05-1", "1-0")}
    table = tables["transfer_results"].query("strategy == 'joint' and seed == 'mean'").set_index(["fraction", "draw"])
    for cell, mean in means.items():
        fraction, draw = (float(part) for part in cell.split("-"))
        row = table.loc[(fraction, int(draw))]
        assert row["average_precision"] == pytest.approx(average_precision_score(truth, mean))
        assert row["roc_auc"] == pytest.approx(roc_auc_score(truth, mean))
    curve = tables["curves"].query("strategy == 'joint' and fraction == 0.05 and metric == 'average_precision'")
    of_draws = [average_precision_score(truth, means[cell]) for cell in ("0.05-0", "0.05-1")]
    assert curve["value"].item() == pytest.approx(np.mean(of_draws))
    assert curve["low"].item() <= curve["value"].item() <= curve["high"].item()


def test_all_pairs_of_strategies_are_compared(tables):
    table = tables["differences"]
    assert len(table) == len(FRACTIONS) * 15 * 2
    assert table["difference"].to_numpy() == pytest.approx((table["value"] - table["other_value"]).to_numpy())
    assert ((table["low"] > 0) | (table["high"] < 0)).equals(table["excludes_zero"])
    curves = tables["curves"].set_index(["strategy", "fraction", "metric"])["value"]
    row = table.query("strategy == 'gradual' and other == 'from_scratch' and fraction == 0.5").iloc[0]
    assert row["value"] == curves["gradual", 0.5, "average_precision"]
    assert row["other_value"] == curves["from_scratch", 0.5, "average_precision"]
    with_alone = table[(table["strategy"] == "from_scratch") | (table["other"] == "from_scratch")]
    assert set(with_alone["other"]) == {"from_scratch"}


def test_comparisons_that_were_named_come_first_with_wider_intervals(tables):
    table = tables["differences"]
    named = table.head(2)
    assert named["primary"].all()
    assert not table.iloc[2:]["primary"].any()
    assert set(named["metric"]) == {"average_precision"}
    assert set(zip(named["strategy"], named["other"], named["fraction"], strict=True)) == {
        ("fine_tuned", "from_scratch", 0.05),
        ("joint", "frozen", 0.5),
    }
    assert named["confidence"].tolist() == pytest.approx([0.975] * 2)
    assert set(table.iloc[2:]["confidence"]) == {0.95}


def test_shares_of_the_best_are_shares(tables):
    table = tables["best"]
    assert table.groupby("fraction")["share_best"].sum().to_numpy() == pytest.approx(1)
    assert (table.groupby("fraction").size() == 6).all()


def test_rates_are_told_with_their_strategies(tables):
    table = tables["rates"]
    assert list(dict.fromkeys(table["strategy"])) == list(STRATEGIES[1:])
    assert len(table) == 5 * len(FRACTIONS) * 2
    assert (table.groupby(["strategy", "fraction"])["chosen"].sum() == 1).all()


def test_a_comparison_repeats_to_the_byte(place, folders, tables, tmp_path):
    compare(place, folders, tmp_path / "a")
    compare(place, folders, tmp_path / "b")
    names = sorted(path.name for path in (tmp_path / "a").iterdir())
    assert {f"{name}.csv" for name in TABLES} <= set(names)
    for name in names:
        assert sha256_file(tmp_path / "a" / name) == sha256_file(tmp_path / "b" / name), name


def test_two_sources_stand_side_by_side_and_what_has_none_once(place, folders, tmp_path):
    others = [
        folder
        for strategy in ("zero_shot", "joint")
        for folder in run_job(toy_job(place, strategy, source="other"), tmp_path / "other" / strategy)
    ]
    tables = compare(place, [*folders, *others], tmp_path / "compared")
    results = tables["transfer_results"]
    assert len(results) == (5 * 4 + 1) * 3 + (4 + 1) * 3
    differences = tables["differences"].query("metric == 'average_precision' and not primary")
    of_other = differences[differences["source"] == "other"]
    # Two comparisons were named, and each is made from both sources.
    named = tables["differences"].query("primary")
    assert set(named["confidence"].round(6)) == {1 - 0.05 / 4}
    assert set(of_other["strategy"] + " " + of_other["other"]) == {
        "zero_shot from_scratch",
        "joint from_scratch",
        "joint zero_shot",
    }


def test_strategies_without_a_network_from_scratch_are_compared_with_each_other(place, folders, tmp_path):
    two = [folder for folder in folders if folder.parent.name in ("zero_shot", "frozen")]
    compare_transfer(two, [place / "there", place / "here"], tmp_path, EVALUATION)
    assert pd.read_csv(tmp_path / "worth.csv").empty
    assert set(pd.read_csv(tmp_path / "differences.csv")["strategy"]) == {"frozen"}
    assert len(pd.read_csv(tmp_path / "differences.csv")) == len(FRACTIONS) * 2


def test_a_source_as_it_is_can_be_looked_at_alone(place, folders, tmp_path):
    alone = [folder for folder in folders if folder.parent.name == "zero_shot"]
    tables = compare_alone(place, alone, tmp_path)
    assert len(tables["transfer_results"]) == 3
    assert tables["rates"].empty
    assert tables["differences"].empty
    assert (tmp_path / "advice.html").is_file()


def compare_alone(place, folders, to):
    compare_transfer(folders, [place / "there", place / "here"], to, EVALUATION)
    return {name: pd.read_csv(to / f"{name}.csv") for name in TABLES}


def test_few_test_positives_tell_nothing(place, folders, tmp_path):
    meta = toy_meta(300, mission="TESS", prefix="FAR")
    test = meta.index[(meta["split"] == "test") & (meta["label"] == "planet")]
    meta.loc[test[9:], "split"] = "none"
    toy_dataset(tmp_path / "there", meta=meta, noise=0.8)
    two = [
        folder
        for strategy in ("frozen", "from_scratch")
        for folder in run_job(
            toy_job(place, strategy, target_dataset=tmp_path / "there", fractions=(1.0,)),
            tmp_path / strategy,
            rates=(1.0,),
        )
    ]
    compare_transfer(two, [tmp_path / "there", place / "here"], tmp_path, EVALUATION)
    table = pd.read_csv(tmp_path / "differences.csv")
    assert table[["low", "high", "better"]].isna().all(axis=None)
    assert not table["excludes_zero"].any()
    assert table["difference"].notna().all()
    claims = pd.read_csv(tmp_path / "claims.csv")
    assert set(claims["verdict"]) == {"cannot tell"}
    assert "too few to tell any way from another" in (tmp_path / "advice.html").read_text()


def test_models_of_another_target_are_not_compared(place, folders, tmp_path):
    meta = read_dataset(place / "there").meta.assign(label_source="another")
    views = {name: np.array(view) for name, view in read_dataset(place / "there").views.items()}
    write_dataset(tmp_path / "there", views, meta, {"scale": "min", "settings": {}, "labels": {}})
    job = toy_job(place, "zero_shot", target_dataset=tmp_path / "there")
    other = run_job(job, tmp_path / "zero_shot", seeds=(1,))
    with pytest.raises(ModelError, match=r"differ in dataset: no comparison.*Run the transfer again"):
        read_grid([*folders, *other])


def test_a_model_that_stands_twice_is_refused(folders):
    with pytest.raises(ModelError, match="another model of zero_shot from kepler has the same seed"):
        read_grid([*folders[: len(SEEDS)], folders[0].parent / "../zero_shot/1"])


def test_a_star_in_two_splits_across_all_sets_is_refused(place, folders, tmp_path):
    meta = read_dataset(place / "here").meta
    meta.loc[meta.index[meta["split"] == "test"][0], ["star_id", "group_id"]] = "FAR star 0"
    toy_dataset(tmp_path / "third", meta=meta)
    with pytest.raises(LabelError, match="there and third share 1 stars"):
        compare_transfer(folders, [place / "there", place / "here", tmp_path / "third"], tmp_path, EVALUATION)
