import csv
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lightmill.catalogs.identify import identify_table
from lightmill.catalogs.reading import read_catalog
from lightmill.config.simulation import SimulationSettings
from lightmill.simulate import simulated_catalogs, truth_path
from lightmill.simulate.archive_csv import sexagesimal
from lightmill.simulate.catalogs import write_catalogs
from lightmill.simulate.listing import ephemeris_errors, list_signals

REAL = {
    "koi": "kepler/cumulative_2025.10.04_11.29.34.csv",
    "k2pandc": "k2/k2pandc_2025.09.17_06.42.42.csv",
    "toi": "tess/TOI_2025.10.04_07.29.48.csv",
    "exominer": "tess/exominer_vetting_tess-spoc-2-min-s1s67_dashtable_dvm-url_scoregt0.1.csv",
}
# The columns of a full download that ours has beyond those of the default one.
MORE_K2 = r"pl_letter|k2_name|epic_hostname|epic_candname|pl_tsystemref|pl_tran(mid|dep|dur)(err1|err2|lim)?"


@pytest.fixture(scope="module")
def settings(tmp_path_factory) -> SimulationSettings:
    folder = tmp_path_factory.mktemp("survey")
    return SimulationSettings(seed=3, folder=str(folder), n_kepler=150, n_k2=120, n_tess=120)


@pytest.fixture(scope="module")
def paths(settings) -> dict[str, str]:
    paths = simulated_catalogs(settings)
    write_catalogs(settings, paths, truth_path(settings))
    return paths


@pytest.fixture(scope="module")
def truth(settings, paths) -> pd.DataFrame:
    return pd.read_parquet(truth_path(settings)).set_index("signal_id")


def table(path):
    lines = Path(path).read_text(encoding="utf-8").split("\n")
    above = [line for line in lines if line.startswith("#")]
    return above, list(csv.DictReader(lines[len(above) :]))


def shape_of(text):
    """A number as its pattern of digits: `%.3e` and `%.5f` differ, 1.5 and 22.5 do not."""
    match = re.fullmatch(r"-?\d+\.(\d+)(e[+-]\d\d)?", text)
    return (len(match[1]), match[2] is not None) if match else None


@pytest.mark.parametrize("kind", ["koi", "k2pandc", "toi", "exominer"])
def test_columns_header_and_number_formats_are_those_of_the_archive(real_data, paths, kind):
    ours_above, ours = table(paths[kind])
    real_above, real = table(real_data / "catalogs" / REAL[kind])
    extra = MORE_K2 if kind == "k2pandc" else "(?!)"
    assert [name for name in ours[0] if not re.fullmatch(extra, name)] == list(real[0])
    explained = [line for line in ours_above[2:] if not re.match(rf"# COLUMN ({extra}):", line)]
    assert explained == real_above[2:]
    for name in real[0] if kind != "exominer" else ():
        usual = pd.Series([shape_of(row[name]) for row in real if row[name]]).value_counts(normalize=True)
        mine = {shape_of(row[name]) for row in ours if row[name]}
        if len(usual) and usual.iloc[0] > 0.99:
            assert mine <= {usual.index[0]}, name


@pytest.mark.parametrize("kind", ["koi", "k2pandc", "toi", "exominer"])
def test_files_are_known_for_what_they_are(paths, kind):
    info = identify_table(paths[kind])
    assert info.table == kind
    assert info.snapshot_date == (None if kind == "exominer" else "2026-01-01T00:00:00")


@pytest.mark.parametrize(("kind", "mission"), [("koi", "Kepler"), ("k2pandc", "K2"), ("toi", "TESS")])
def test_what_is_read_back_is_the_truth_within_the_errors(paths, truth, kind, mission):
    read = read_catalog(paths[kind])
    assert len(read.rejected) == 0
    signals = read.signals.set_index("signal_id")
    expected = truth[(truth["mission"] == mission) & truth["tables"].str.contains(kind)]
    assert set(signals.index) == set(expected.index)
    both = signals.join(expected, rsuffix="_true")
    assert (both["target_id"] == both["target_id_true"]).all()
    folded = both[both["period_d"].notna() & both["epoch_bjd"].notna() & both["period_err_d"].notna()]
    assert len(folded) > 0.9 * len(both)
    period_off = (folded["period_d"] - folded["period_d_true"]) / folded["period_err_d"]
    assert period_off.std() == pytest.approx(1.0, abs=0.25)
    orbits = np.round((folded["epoch_bjd"] - folded["epoch_bjd_true"]) / folded["period_d_true"])
    epoch_off = folded["epoch_bjd"] - folded["epoch_bjd_true"] - orbits * folded["period_d_true"]
    assert (epoch_off / folded["epoch_err_d"]).std() == pytest.approx(1.0, abs=0.3)
    assert np.exp(np.log(folded["depth_ppm"] / folded["depth_ppm_true"]).abs().max()) < 1.8
    assert np.exp(np.log(folded["duration_h"] / folded["duration_h_true"]).abs().max()) < 1.8


def test_labels_are_the_truth_but_for_a_few(settings, paths, truth):
    labelled = pd.concat([read_catalog(paths[kind]).signals for kind in ("koi", "k2pandc", "toi")])
    labelled = labelled[labelled["label"] != "unknown"].set_index("signal_id").join(truth[["is_planet", "mislabelled"]])
    wrong = (labelled["label"] == "planet") != labelled["is_planet"]
    assert (wrong == labelled["mislabelled"]).all()
    assert wrong.mean() == pytest.approx(settings.mislabelled, abs=0.015)
    assert (labelled["label"] == "planet").mean() == pytest.approx(0.45, abs=0.1)


def test_some_confirmed_k2_hosts_are_not_called_epic_yet_all_are_resolved(paths):
    summary = read_catalog(paths["k2pandc"]).summary
    _, rows = table(paths["k2pandc"])
    confirmed = [row for row in rows if row["disposition"] == "CONFIRMED"]
    assert np.mean([row["hostname"].startswith("EPIC") for row in confirmed]) < 0.2
    assert set(summary["by_disposition"]) >= {"CONFIRMED", "FALSE POSITIVE", "CANDIDATE"}
    for disposition, counts in summary["by_disposition"].items():
        assert counts["resolved"] == counts["rows"], disposition


def test_one_default_reference_per_k2_planet(paths):
    _, rows = table(paths["k2pandc"])
    defaults = pd.Series([int(row["default_flag"]) for row in rows]).groupby([row["pl_name"] for row in rows]).sum()
    assert (defaults == 1).all()
    assert len(rows) > 1.3 * len(defaults)


def test_exominer_gives_three_decimals_and_a_row_per_run(paths):
    _, rows = table(paths["exominer"])
    assert max(pd.Series([(row["TIC ID"], row["Planet Number"]) for row in rows]).value_counts()) > 1
    for row in rows:
        assert 0.1 < float(row["ExoMiner Score"]) < 1
        assert round(float(row["Orbital Period [day]"]), 3) == float(row["Orbital Period [day]"])
        assert float(row["Transit Epoch [BTJD]"]) < 10_000
    assert [float(row["ExoMiner Score"]) for row in rows] == sorted(
        (float(row["ExoMiner Score"]) for row in rows), reverse=True
    )


def test_tess_lists_single_transits_without_a_period(settings, paths):
    _, rows = table(paths["toi"])
    assert 1 <= sum(row["pl_orbper"] == "" for row in rows) <= 0.05 * len(rows)
    assert all(row["pl_tranmid"] for row in rows)


def test_catalogs_are_the_same_bytes_every_time(tmp_path, settings, paths):
    again = settings.model_copy(update={"folder": str(tmp_path)})
    write_catalogs(again, simulated_catalogs(again), truth_path(again))
    for kind, path in simulated_catalogs(again).items():
        assert Path(path).read_bytes() == Path(paths[kind]).read_bytes()
    assert Path(truth_path(again)).read_bytes() == Path(truth_path(settings)).read_bytes()


def test_a_survey_of_kepler_alone_has_one_catalog(tmp_path):
    settings = SimulationSettings(folder=str(tmp_path), n_kepler=5, n_k2=0, n_tess=0)
    write_catalogs(settings, simulated_catalogs(settings), truth_path(settings))
    assert [path.name for path in (tmp_path / "catalogs").iterdir()] == ["cumulative_2026.01.01_00.00.00.csv"]
    assert set(pd.read_parquet(truth_path(settings))["mission"]) == {"Kepler"}


def test_wrong_ephemerides_are_config(settings):
    exact = settings.model_copy(update={"ephemeris_error": 0.0, "n_kepler": 10})
    for listed in list_signals(exact, "Kepler"):
        assert listed.period_d == listed.signal.found.period_d
        orbits = (listed.epoch_bjd - listed.signal.found.epoch_bjd) / listed.period_d
        assert orbits == pytest.approx(round(orbits), abs=1e-6)


def test_errors_of_an_ephemeris_by_hand():
    # Three transits of 2.4 h at S/N 10 each: one is timed to 0.35 * 0.1 d / 10 = 0.0035 d.
    period_err, epoch_err = ephemeris_errors(5.0, 2.4, 10 * np.sqrt(3), np.array([0, 1, 2]))
    assert period_err == pytest.approx(0.0035 / np.sqrt(2))
    assert epoch_err == pytest.approx(0.0035 / np.sqrt(3))
    assert ephemeris_errors(5.0, 2.4, 10.0, np.array([0]))[0] == pytest.approx(0.25)


def test_sexagesimal_coordinates_by_hand():
    assert sexagesimal(112.357708, -12.69596) == ("07h29m25.85s", "-12d41m45.46s")
    assert sexagesimal(0.0, 0.0) == ("00h00m00.00s", "+00d00m00.00s")
    assert sexagesimal(359.99999999, 45.99999999) == ("00h00m00.00s", "+46d00m00.00s")
