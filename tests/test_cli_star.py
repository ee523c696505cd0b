"""`lightmill search` and `lightmill views`: from one star's files to signals, and to views of one of them."""

import numpy as np
import pandas as pd
import pytest
from lightcurves.made_fits import write_fits
from training.toys import toy_ensemble, toy_meta
from typer.testing import CliRunner

from lightmill.cli import app
from lightmill.config.simulation import SimulationSettings
from lightmill.config.training import TrainingSettings
from lightmill.config.views import MoreView, ViewSettings
from lightmill.simulate.light_curves import light_curve_files
from lightmill.simulate.survey import draw_targets
from lightmill.training.dataset import write_dataset
from lightmill.views.layout import MEASURES, STAR_COLUMNS, array_layout, exported_name

SETTINGS = SimulationSettings(seed=4, n_kepler=150, n_k2=0, n_tess=0, overlap=0, quarters=[3, 4])


@pytest.fixture(scope="module")
def star(tmp_path_factory):
    """A simulated star with one strong planet: its files, and its signal."""
    folder = tmp_path_factory.mktemp("star")
    target = next(
        target
        for target in draw_targets(SETTINGS, "Kepler")
        if target.kind == "planet"
        and len(target.signals) == 1
        and target.signals[0].found.snr > 60
        and target.signals[0].found.transits >= 5
    )
    files = []
    for name, content in light_curve_files(SETTINGS, target):
        files.append(folder / name.rpartition("/")[2])
        files[-1].write_bytes(content)
    return [str(file) for file in files], target.signals[0].found


def run(*arguments):
    return CliRunner().invoke(app, list(map(str, arguments)))


def ephemeris(found):
    return ["--period-d", found.period_d, "--epoch-bjd", found.epoch_bjd, "--duration-h", found.duration_h]


def test_a_strong_planet_is_found_and_its_numbers_written(star, tmp_path):
    files, truth = star
    result = run("search", *files, "-o", tmp_path / "signals.csv")
    assert result.exit_code == 0, result.output
    found = pd.read_csv(tmp_path / "signals.csv")
    assert list(found.columns)[:5] == ["period_d", "epoch_bjd", "duration_h", "depth_ppm", "snr"]
    assert found["snr"].is_monotonic_decreasing
    first = found.iloc[0]
    assert first["period_d"] == pytest.approx(truth.period_d, rel=1e-3)
    away = (first["epoch_bjd"] - truth.epoch_bjd) / truth.period_d
    assert abs(away - round(away)) * truth.period_d < 0.25 * truth.duration_h / 24
    assert f"P = {first['period_d']:.6g} d" in result.output


def test_its_views_are_written_and_drawn(star, tmp_path):
    files, truth = star
    result = run("views", *files, *ephemeris(truth), "-o", tmp_path / "b.npz")
    assert result.exit_code == 0, result.output
    with np.load(tmp_path / "b.npz", allow_pickle=False) as made:
        layout = array_layout(ViewSettings())
        for name, form in layout.items():
            array = made[exported_name(name)]
            assert (array.shape, array.dtype) == ((1, *form.shape), form.dtype), name
        assert made["local_view"][0, 100] < 0.7 * made["local_view"].min()
        assert made["depth_ppm"][0] == pytest.approx(1e6 * truth.depth, rel=0.15)
        of_signal = {"signal_id", "target_id", "mission", "ephemeris", "period_d", "epoch_bjd", "duration_h", "scale"}
        flags = {f"present_{name}" for name in MoreView.__args__}
        assert set(made.files) == {*map(exported_name, layout), *of_signal, *MEASURES, *STAR_COLUMNS, *flags}
        assert (made["mission"].tolist(), made["ephemeris"].tolist()) == (["Kepler"], ["given"])
    assert (tmp_path / "b.png").read_bytes().startswith(b"\x89PNG")


def test_a_configuration_says_how_they_are_made(star, tmp_path):
    files, truth = star
    (tmp_path / "c.yaml").write_text("run: x\nviews: {global: {length: 301}, more: [odd], scale: depth}\n")
    result = run("views", *files, *ephemeris(truth), "-o", tmp_path / "b.npz", "--config", tmp_path / "c.yaml")
    assert result.exit_code == 0, result.output
    with np.load(tmp_path / "b.npz", allow_pickle=False) as made:
        assert made["global_view"].shape == (1, 301)
        assert "odd_view" in made.files
        assert "even_view" not in made.files
        assert made["scale"].tolist() == ["depth"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"--period-d": 0.01}, "cannot be folded: period of 0.01 d, expected at least 0.05 d"),
        ({"--epoch-bjd": 131.5}, "cannot be folded: epoch at BJD 131.5, expected 2400000 to 2500000"),
        ({"--duration-h": "nan"}, "cannot be folded: expected numbers for period, epoch and duration"),
        ({"--period-d": 4000.0, "--epoch-bjd": 2450000.0}, "no views, no_data_in_transit: no cadence in transit"),
        ({"-o": "views.csv"}, "views.csv: the name of the views must end in .npz"),
    ],
)
def test_what_cannot_be_is_said_on_one_line(star, tmp_path, monkeypatch, change, message):
    files, truth = star
    monkeypatch.chdir(tmp_path)
    given = dict(zip(*[iter([*ephemeris(truth), "-o", "v.npz"])] * 2, strict=True)) | change
    result = run("views", *files, *[part for pair in given.items() for part in pair])
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        (60, {}, "60 usable cadences, expected at least 100"),
        (300, {"SAP_QUALITY": np.full(300, 1)}, "0 usable cadences, expected at least 100"),
        (300, {"PDCSAP_FLUX": np.full(300, -5.0)}, "0 usable cadences, expected at least 100"),
        (300, {"PDCSAP_FLUX": np.full(300, 5e4)}, "the flux of 300 usable cadences varies too little"),
        (120, {}, "usable cadences span 2.43 d, expected more than 10 d: twice the shortest period"),
    ],
)
def test_what_cannot_be_searched_is_said_and_has_no_signals(tmp_path, rows, columns, message):
    kinds = {"PDCSAP_FLUX": "f4", "SAP_QUALITY": "i4"}
    made = {name: column.astype(kinds[name]) for name, column in columns.items()}
    file = write_fits(tmp_path / "one_llc.fits", rows=rows, columns=made)
    shortest_d = 5.0 if rows == 120 else 0.15
    result = run("search", file, "-o", tmp_path / "s.csv", "--shortest-period-d", shortest_d)
    assert result.exit_code == 0, result.output
    assert f"KIC 757076: not searched: {message}" in result.output
    assert pd.read_csv(tmp_path / "s.csv").empty


def test_one_cadence_is_not_searched(tmp_path):
    flux = np.where(np.arange(60) == 0, 5e4, np.nan).astype("f4")
    file = write_fits(tmp_path / "one_lc.fits", "TESS", 9, rows=60, columns={"PDCSAP_FLUX": flux})
    result = run("search", file, "-o", tmp_path / "s.csv")
    assert result.exit_code == 0, result.output
    assert "TIC 9: not searched: 1 usable cadence, expected at least 100; no signals, in " in result.output


def test_a_search_that_finds_nothing_says_so(tmp_path):
    file = write_fits(tmp_path / "one_llc.fits", rows=300)
    result = run("search", file, "-o", tmp_path / "s.csv")
    assert "KIC 757076: 0 signals, in " in result.output


def test_what_noise_makes_too_often_is_left_out(star, tmp_path):
    files, _ = star
    every = run("search", *files, "-o", tmp_path / "s.csv", "--most-false-alarm", 1, "--least-snr", 4)
    assert every.exit_code == 0, every.output
    chances = pd.read_csv(tmp_path / "s.csv")["false_alarm"]
    assert (chances > 0.01).any()
    run("search", *files, "-o", tmp_path / "s.csv", "--least-snr", 4)
    assert not (pd.read_csv(tmp_path / "s.csv")["false_alarm"] > 0.01).any()
    assert "most_false_alarm" in run("search", *files, "-o", tmp_path / "s.csv", "--most-false-alarm", 2).output


def test_files_that_are_not_one_stars_light_curves_are_refused(star, tmp_path):
    files, _ = star
    (tmp_path / "notes.fits").write_text("no light curve")
    for wrong, message in ((tmp_path / "notes.fits", "not a FITS file"), (tmp_path / "gone.fits", "cannot be read")):
        result = run("search", *files, wrong, "-o", tmp_path / "s.csv")
        assert result.exit_code == 1
        assert f"{wrong.name}: {message}" in result.output
    assert "in .csv" in run("search", *files, "-o", tmp_path / "s.txt").output
    assert (
        "expected longest_period_d above shortest_period_d (0.1 d is not above 0.15 d)"
        in run("search", *files, "-o", tmp_path / "s.csv", "--longest-period-d", 0.1).output
    )


def toy_model(folder, kind):
    """An ensemble that has learned from noise, folded with settings of its own."""
    settings = ViewSettings(**{"global": {"length": 64}, "local": {"length": 32}, "scale": "min"})
    meta = toy_meta(60)
    noise = np.random.default_rng(0).normal(size=(60, 64)).astype(np.float32)
    made = {"kind": kind, "scale": "min", "settings": settings.model_dump(by_alias=True), "labels": {}}
    write_dataset(folder / "toy", {"global": noise, "local": noise[:, :32]}, meta, made)
    toy_ensemble(folder / "toy", folder, TrainingSettings(epochs=1))
    return folder / "ensemble"


def test_a_model_scores_a_star_as_its_own_views_were_made(star, tmp_path):
    files, truth = star
    model = toy_model(tmp_path, "assembled")
    result = run("score", model, *files, *ephemeris(truth), "-o", tmp_path / "star.csv")
    assert result.exit_code == 0, result.output
    config = tmp_path / "config.yaml"
    config.write_text(
        "run: a\nviews: {global: {length: 64}, local: {length: 32}, scale: min, detrend: {method: savgol}}\n"
    )
    assert run("views", *files, *ephemeris(truth), "-o", tmp_path / "b.npz", "--config", config).exit_code == 0
    assert run("score", model, "--views", tmp_path / "b.npz", "-o", tmp_path / "views.csv").exit_code == 0
    assert (tmp_path / "star.csv").read_bytes() == (tmp_path / "views.csv").read_bytes()
    table = pd.read_csv(tmp_path / "star.csv")
    assert list(table.columns) == ["row", "star_id", "probability", "spread"]
    assert table["star_id"].iloc[0] in result.output.splitlines()[-1]


def test_what_cannot_be_scored_says_why(star, tmp_path):
    files, truth = star
    model = toy_model(tmp_path, "imported")
    for arguments in ([*files], [], [*files, "--views", tmp_path / "b.npz", *ephemeris(truth)]):
        result = run("score", model, *arguments, "-o", tmp_path / "s.csv")
        assert result.exit_code == 1
        assert "name either --views, or a star's FITS files with --period-d" in result.output.replace("\n", " ")
    result = run("score", model, *files, *ephemeris(truth), "-o", tmp_path / "s.csv")
    assert result.exit_code == 1
    assert "trained on views that others made" in result.output
    assert not (tmp_path / "s.csv").exists()
