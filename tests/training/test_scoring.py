import numpy as np
import pandas as pd
import pytest
from training.toys import LENGTHS, toy_dataset, toy_ensemble, toy_meta, toy_views
from typer.testing import CliRunner

from lightmill.cli import app
from lightmill.config.training import TrainingSettings
from lightmill.errors import LightmillError, ModelError, ViewError
from lightmill.files import sha256_file
from lightmill.training import load_ensemble, load_model, predict, predict_members, read_dataset
from lightmill.training.conformal import calls
from lightmill.training.dataset import write_dataset
from lightmill.training.dropout import dropout_spread
from lightmill.training.ensemble import ensemble_probability, members_by_seed
from lightmill.training.export import export_dataset
from lightmill.training.scoring import DETAILS, ID_COLUMNS, score_file, score_rows
from lightmill.training.shift import TOO_FEW
from lightmill.training.train import train_model
from lightmill.training.uncertainty import uncertainty
from lightmill.views.scale_check import rescaled

SETTINGS = TrainingSettings(epochs=1, batch_size=64)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "toy"
    toy_dataset(folder, n=120)
    return folder


@pytest.fixture(scope="module")
def model(data, tmp_path_factory):
    """Folder of models by seed, 1 and 2, and of their ensemble."""
    folder = tmp_path_factory.mktemp("models")
    toy_ensemble(data, folder, SETTINGS)
    return folder


def a_file(n=200, scale="min", seed=0):
    """Columns as published sets have them: views of the given scale, and the numbers of their stars."""
    generator = np.random.default_rng(seed)
    views = {name: rescaled(generator.normal(size=(n, bins)), scale) for name, bins in LENGTHS.items()}
    return {"kepid": np.arange(n) + 757000, **{f"{name}_view": view for name, view in views.items()}}


@pytest.fixture
def saved(tmp_path):
    """A function: save columns as `views.npz`, and return its path."""

    def save(columns):
        np.savez(tmp_path / "views.npz", **columns)
        return tmp_path / "views.npz"

    return save


def scores(path):
    return pd.read_csv(path, dtype={"star_id": str}, float_precision="round_trip")


def test_the_table_holds_what_the_members_say(model, saved, tmp_path):
    columns = a_file()
    scored = score_file(model / "ensemble", saved(columns), tmp_path / "scores.csv")
    ensemble = load_ensemble(model / "ensemble")
    members = predict_members(ensemble, {name: columns[f"{name}_view"] for name in LENGTHS}, "min")
    table = scores(tmp_path / "scores.csv")
    assert list(table.columns) == ["row", "star_id", "probability", "spread"]
    assert table["row"].tolist() == list(range(200))
    assert table["star_id"].tolist() == [str(star) for star in columns["kepid"]]
    np.testing.assert_array_equal(table["probability"], ensemble_probability(ensemble, members))
    np.testing.assert_array_equal(table["spread"], members.std(axis=0))
    assert (table["spread"] > 0).any()
    assert (len(scored.table), len(scored.rejected), scored.members) == (200, 0, 2)
    assert (tmp_path / "scores.rejected.csv").read_text() == "row,star_id,reason\n"


def test_a_prior_moves_all_probabilities_and_only_an_ensemble_has_one(model, saved, tmp_path):
    file = saved(a_file())
    usual = score_rows(model / "ensemble", file).table["probability"]
    rare = score_rows(model / "ensemble", file, prior=0.001).table["probability"]
    assert (rare < usual).all()
    assert (rare.rank() == usual.rank()).all()
    with pytest.raises(ModelError, match="needs an ensemble"):
        score_rows(model / "2", file, prior=0.001)
    asked = CliRunner().invoke(
        app,
        ["score", str(model / "ensemble"), "--views", str(file), "-o", str(tmp_path / "s.csv"), "--prior", "0.001"],
    )
    assert asked.exit_code == 0, asked.output
    np.testing.assert_array_equal(scores(tmp_path / "s.csv")["probability"], rare)


def test_a_single_model_scores_without_spread(model, saved, tmp_path):
    columns = a_file()
    score_file(model / "2", saved(columns), tmp_path / "scores.csv")
    table = scores(tmp_path / "scores.csv")
    alone = predict(load_model(model / "2"), {name: columns[f"{name}_view"] for name in LENGTHS}, "min")
    np.testing.assert_array_equal(table["probability"], alone)
    assert (table["spread"] == 0).all()


def test_an_exported_dataset_is_scored_as_the_dataset_is(model, data, tmp_path):
    export_dataset(data, tmp_path / "preprocessed_data.npz")
    score_file(model / "ensemble", tmp_path / "preprocessed_data.npz", tmp_path / "scores.csv")
    table, dataset = scores(tmp_path / "scores.csv"), read_dataset(data)
    ensemble = load_ensemble(model / "ensemble")
    members = predict_members(ensemble, dataset.views, "min")
    np.testing.assert_array_equal(table["probability"], ensemble_probability(ensemble, members))
    assert table["star_id"].tolist() == dataset.meta["signal_id"].tolist()


def test_the_same_file_gives_the_same_bytes(model, saved, tmp_path):
    columns = a_file()
    columns["local_view"][5, 0] = np.nan
    for folder in ("one", "two"):
        score_file(model / "ensemble", saved(columns), tmp_path / folder / "scores.csv")
    for name in ("scores.csv", "scores.rejected.csv"):
        assert sha256_file(tmp_path / "one" / name) == sha256_file(tmp_path / "two" / name)


def test_rows_that_are_not_finite_are_rejected_and_the_others_go_on(model, saved, tmp_path):
    whole = a_file()
    score_file(model / "ensemble", saved(whole), tmp_path / "whole.csv")
    columns = a_file()
    columns["global_view"] = columns["global_view"].astype(np.float64)
    columns["global_view"][3, 1] = 1e300  # too large for float32
    columns["local_view"][[3, 7], 0] = np.nan
    score_file(model / "ensemble", saved(columns), tmp_path / "scores.csv")
    rejected = scores(tmp_path / "scores.rejected.csv")
    assert rejected.to_dict("list") == {
        "row": [3, 7],
        "star_id": ["757003", "757007"],
        "reason": [f"{view} view holds values that are not finite" for view in ("global", "local")],
    }
    expected = scores(tmp_path / "whole.csv").drop([3, 7]).reset_index(drop=True)
    pd.testing.assert_frame_equal(scores(tmp_path / "scores.csv"), expected, rtol=1e-5)


def test_a_row_that_is_flat_or_of_another_scale_is_rejected(model, saved, tmp_path):
    columns = a_file()
    columns["local_view"][4] = 0
    columns["global_view"][9] *= 2
    score_file(model / "ensemble", saved(columns), tmp_path / "scores.csv")
    rejected = scores(tmp_path / "scores.rejected.csv")
    assert rejected["row"].tolist() == [4, 9]
    assert rejected["reason"].tolist() == ["local view is flat", "global view is not of the scale 'min'"]


def test_nothing_to_score_gives_tables_without_rows(model, saved, tmp_path):
    columns = a_file(n=2)
    columns["local_view"][:] = np.nan
    scored = score_file(model / "ensemble", saved(columns), tmp_path / "scores.csv")
    assert (len(scored.table), len(scored.rejected)) == (0, 2)
    assert (tmp_path / "scores.csv").read_text() == "row,star_id,probability,spread\n"
    score_file(model / "1", saved({key: column[:0] for key, column in columns.items()}), tmp_path / "scores.csv")
    assert (tmp_path / "scores.rejected.csv").read_text() == "row,star_id,reason\n"


@pytest.mark.parametrize("name", ID_COLUMNS)
def test_every_usual_id_is_found(model, saved, tmp_path, name):
    columns = a_file(n=3)
    columns[name] = columns.pop("kepid")
    score_file(model / "1", saved(columns), tmp_path / "scores.csv")
    assert scores(tmp_path / "scores.csv")["star_id"].tolist() == ["757000", "757001", "757002"]


def test_the_id_column_is_the_most_telling_one_or_the_one_that_is_named(model, saved, tmp_path):
    columns = a_file(n=2) | {"row_id": np.arange(2), "signal_id": np.array([" K1.01", "=1+1"]), "toi": [b"a", b"b"]}
    score_file(model / "1", saved(columns), tmp_path / "scores.csv")
    assert scores(tmp_path / "scores.csv")["star_id"].tolist() == ["K1.01", "'=1+1"]
    score_file(model / "1", saved(columns), tmp_path / "scores.csv", id_column="toi")
    assert scores(tmp_path / "scores.csv")["star_id"].tolist() == ["a", "b"]


def test_ids_that_cannot_be_used_are_refused(model, saved, tmp_path):
    columns = a_file(n=2)
    columns["star"] = columns.pop("kepid")
    with pytest.raises(ViewError, match=r"views\.npz: none of .* it has global_view, local_view, star: .* --id"):
        score_file(model / "1", saved(columns), tmp_path / "scores.csv")
    with pytest.raises(ViewError, match=r"no id column 'kepid'; it has global_view, local_view, star"):
        score_file(model / "1", saved(columns), tmp_path / "scores.csv", id_column="kepid")
    with pytest.raises(ViewError, match=r"id column 'kepid' is float64 \(2,\), expected one whole number or text"):
        score_file(model / "1", saved(columns | {"kepid": np.ones(2)}), tmp_path / "scores.csv")
    with pytest.raises(ViewError, match=r"differ in their number of rows"):
        score_file(model / "1", saved(columns | {"kepid": np.arange(3)}), tmp_path / "scores.csv")


def test_views_go_by_their_bare_names_too(model, saved, tmp_path):
    columns = a_file(n=5)
    score_file(model / "1", saved(columns), tmp_path / "one.csv")
    score_file(model / "1", saved({key.removesuffix("_view"): columns[key] for key in columns}), tmp_path / "two.csv")
    assert sha256_file(tmp_path / "one.csv") == sha256_file(tmp_path / "two.csv")


def test_a_scatter_that_the_model_looks_at_is_found(saved, tmp_path):
    meta = toy_meta(60)
    views = toy_views(meta)
    scatters = {f"{name}_scatter": np.full_like(view, 0.3) for name, view in views.items()}
    write_dataset(tmp_path / "toy", views | scatters, meta, {"scale": "min", "settings": {}, "labels": {}})
    settings = SETTINGS.model_copy(update={"architecture": "lightmill"})
    train_model(tmp_path / "toy", tmp_path / "model", "planet", None, settings, 1)
    columns = a_file(n=60)
    with pytest.raises(ViewError, match=r"no global_scatter view, .* Add it under the key 'global_scatter'"):
        score_file(tmp_path / "model", saved(columns), tmp_path / "scores.csv")
    score_file(tmp_path / "model", saved(columns | scatters), tmp_path / "scores.csv")
    arrays = {name: columns[f"{name}_view"] for name in LENGTHS} | scatters
    expected = predict(load_model(tmp_path / "model"), arrays, "min")
    np.testing.assert_array_equal(scores(tmp_path / "scores.csv")["probability"], expected)


def test_views_that_do_not_fit_are_refused(model, saved, tmp_path):
    columns = a_file(n=4)

    def refusal(**changed):
        with pytest.raises(ViewError) as refused:
            score_file(model / "ensemble", saved(columns | changed), tmp_path / "scores.csv")
        assert not (tmp_path / "scores.csv").exists()
        return str(refused.value)

    assert "local view (key 'local_view') has 61 bins, but the model was trained on 20" in refusal(
        local_view=np.zeros((4, 61))
    )
    assert "global view (key 'global_view') is <U1 (4, 32), but the model takes numbers (rows, 32)" in refusal(
        global_view=np.full((4, 32), "1")
    )
    assert "is float64 (4,), but the model takes numbers (rows, 32)" in refusal(global_view=np.zeros(4))
    assert "holds Python objects" in refusal(global_view=np.full((4, 32), None))
    columns.pop("local_view")
    assert "no local view, of which the model needs 20 bins; it has global_view, kepid" in refusal()


@pytest.mark.parametrize("scale", ["mad", "depth"])
def test_views_of_another_scale_are_refused(model, saved, tmp_path, scale):
    columns = a_file(scale="mad")
    with pytest.raises(ViewError, match=r"200 of 200 global views \(key 'global_view'\) are not scaled by 'min', as"):
        score_file(model / "1", saved(columns), tmp_path / "scores.csv")
    said = columns | {"scale": np.array([scale])}
    with pytest.raises(ViewError, match=rf"scaled by .{scale}., says its key .scale., but .* by .min.; make the views"):
        score_file(model / "1", saved(said), tmp_path / "scores.csv")


def test_a_file_may_say_its_scale(model, saved, tmp_path):
    columns = a_file(n=3) | {"scale": np.array("min")}
    columns["local_view"][1] = 0
    assert len(score_file(model / "1", saved(columns), tmp_path / "scores.csv").table) == 3
    for wrong in (np.ones(3), np.array(["min", "mad"])):
        with pytest.raises(ViewError, match=r"key 'scale' holds \d values of .*, expected one text"):
            score_file(model / "1", saved(columns | {"scale": wrong}), tmp_path / "scores.csv")


@pytest.mark.parametrize("scale", ["mad", "depth"])
def test_a_model_of_another_scale_asks_the_numbers_for_it(saved, tmp_path, scale):
    toy_dataset(tmp_path / "toy", n=60, scale=scale)
    train_model(tmp_path / "toy", tmp_path / "model", "planet", None, SETTINGS, 1)
    columns = a_file(scale="mad")
    assert len(score_file(tmp_path / "model", saved(columns), tmp_path / "scores.csv").table) == 200
    columns["local_view"] += 1
    with pytest.raises(ViewError, match=rf"200 of 200 local views .* not scaled by '{scale}'"):
        score_file(tmp_path / "model", saved(columns), tmp_path / "scores.csv")


def test_files_that_are_not_there_are_named(model, saved, tmp_path):
    file = saved(a_file(n=2))
    with pytest.raises(ModelError, match=r"nowhere/model\.json: missing"):
        score_file(tmp_path / "nowhere", file, tmp_path / "scores.csv")
    with pytest.raises(ViewError, match=r"nothing\.npz: cannot be read \(No such file"):
        score_file(model / "1", tmp_path / "nothing.npz", tmp_path / "scores.csv")
    (tmp_path / "text.npz").write_text("no archive")
    with pytest.raises(ViewError, match=r"text\.npz: not a readable \.npz file"):
        score_file(model / "1", tmp_path / "text.npz", tmp_path / "scores.csv")
    with pytest.raises(LightmillError, match=r"scores: the name of the table must end in \.csv"):
        score_file(model / "1", file, tmp_path / "scores")


def run(*arguments):
    return CliRunner().invoke(app, ["score", *map(str, arguments)])


def test_the_command_says_how_many(model, saved, tmp_path):
    columns = a_file()
    columns["local_view"][7] = np.inf
    output = tmp_path / "scores.csv"
    result = run(model / "ensemble", "--views", saved(columns), "-o", output)
    assert result.exit_code == 0, result.output
    assert result.output.splitlines()[-1].endswith(
        f"views.npz: 199 rows scored by 2 models, in {output}; "
        f"1 rejected, reasons in {tmp_path / 'scores.rejected.csv'}"
    )
    assert len(scores(output)) == 199
    columns["mine"] = np.arange(200)
    result = run(model / "1", "--views", saved(columns), "--id", "mine", "-o", output)
    assert "199 rows scored by 1 model," in result.output
    assert scores(output)["star_id"].tolist()[:2] == ["0", "1"]


def test_the_command_refuses_on_one_line(model, saved, tmp_path):
    result = run(model / "1", "--views", saved(a_file() | {"local_view": np.zeros((200, 3))}), "-o", tmp_path / "s.csv")
    assert result.exit_code == 1
    assert result.output.startswith("error: ")
    assert result.output.count("\n") == 1
    result = run(model / "1", "--views", saved(a_file()), "-o", tmp_path / "views.npz" / "s.csv")
    assert result.exit_code == 1
    assert "s.csv: cannot be written" in result.output


def test_details_say_how_sure_and_whether_the_calibration_holds(model, data, saved, tmp_path):
    columns = a_file()
    plain = score_rows(model / "ensemble", saved(columns)).table
    detailed = score_rows(model / "ensemble", saved(columns), prior=0.001, details=True)
    table = detailed.table
    assert list(table.columns) == ["row", "star_id", "probability", "spread", *DETAILS]
    ensemble = load_ensemble(model / "ensemble")
    views = {name: columns[f"{name}_view"] for name in LENGTHS}
    doubt = uncertainty(predict_members(ensemble, views, "min"))
    np.testing.assert_array_equal(table["aleatoric"], doubt.aleatoric)
    np.testing.assert_array_equal(table["epistemic"], doubt.epistemic)
    # Calls are those of the probabilities without another prior.
    assert table["call"].tolist() == calls(plain["probability"].to_numpy(), ensemble.description["conformal"]).tolist()
    # 24 rows are no calibration to compare with.
    assert set(table["calibration"]) == {TOO_FEW}
    assert table["dropout_spread"].isna().all()
    alone = score_rows(model / "1", saved(columns), details=True)
    assert (alone.table["epistemic"] == 0).all()
    assert (alone.table["calibration"] == "").all()
    assert alone.shift is None
    result = run(model / "ensemble", "--views", saved(columns), "-o", tmp_path / "s.csv", "--details")
    assert result.exit_code == 0, result.output
    assert list(scores(tmp_path / "s.csv").columns) == list(table.columns)
    assert "calibration: too few to tell (a check takes 50 stars)" in result.output.splitlines()


def test_a_network_that_drops_out_says_how_far_its_passes_are_apart(data, saved, tmp_path):
    settings = SETTINGS.model_copy(update={"dropout": 0.4})
    toy_ensemble(data, tmp_path, settings)
    columns = a_file(n=20)
    table = score_rows(tmp_path / "ensemble", saved(columns), details=True).table
    networks = members_by_seed(load_ensemble(tmp_path / "ensemble"))
    expected = dropout_spread(networks, {name: columns[f"{name}_view"] for name in LENGTHS})
    np.testing.assert_array_equal(table["dropout_spread"], expected)
    assert (expected > 0).all()


def test_another_kind_of_views_is_told_from_those_of_the_calibration(saved, tmp_path):
    toy_dataset(tmp_path / "toy", n=600)
    toy_ensemble(tmp_path / "toy", tmp_path, SETTINGS, seeds=[1])
    # Noise that is of the scale, but has no dip in it.
    result = run(tmp_path / "ensemble", "--views", saved(a_file()), "-o", tmp_path / "s.csv")
    assert "calibration: not valid here (AUC 0." in result.output
    views = toy_views(toy_meta(600), seed=5)
    alike = {"kepid": np.arange(600), "scale": np.array("min"), **views}
    result = run(tmp_path / "ensemble", "--views", saved(alike), "-o", tmp_path / "s.csv")
    assert "calibration: valid (AUC 0." in result.output


def test_the_check_of_shifts_counts_stars_and_not_their_signals(saved, tmp_path):
    toy_dataset(tmp_path / "toy", n=600)
    toy_ensemble(tmp_path / "toy", tmp_path, SETTINGS, seeds=[1])
    views = toy_views(toy_meta(600), seed=5)
    columns = {"signal_id": np.array([f"s{i}" for i in range(600)]), "scale": np.array("min"), **views}
    assert score_rows(tmp_path / "ensemble", saved(columns)).shift.calibration == "valid"
    few = score_rows(tmp_path / "ensemble", saved({**columns, "star_id": np.arange(600) % 20}))
    assert few.shift.calibration == "too few to tell"
    assert few.table["star_id"].tolist() == columns["signal_id"].tolist()
    # Who names a key has said whose the rows are.
    named = score_rows(tmp_path / "ensemble", saved({**columns, "epic": np.full(600, 0.5)}), "signal_id")
    assert named.shift.calibration == "valid"
