"""The real tables, counted: rows in = signals + rejected + merged, and the counts their archives state."""

import time

import numpy as np
import pytest

from lightmill.catalogs.reading import read_catalog

KOI = {"CANDIDATE": 1979, "CONFIRMED": 2746, "FALSE POSITIVE": 4839}

# (folder/name pattern, rows, rows that stand for a signal, by disposition)
TABLES = {
    "koi_09_21": ("kepler/cumulative_2025.09.21*", 9564, KOI),
    "koi_10_04": ("kepler/cumulative_2025.10.04_11*", 9564, KOI),
    "k2pandc": ("k2/k2pandc*", 3906, {"CANDIDATE": 976, "CONFIRMED": 577, "FALSE POSITIVE": 242, "REFUTED": 8}),
    "toi_2020": (
        "tess/TOI_2020*",
        2330,
        {"none": 1410, "APC": 21, "CP": 61, "FA": 24, "FP": 534, "KP": 275, "PC": 5},
    ),
    "toi_2025": ("tess/TOI_2025.10*", 7703, {"APC": 462, "CP": 684, "FA": 98, "FP": 1197, "KP": 583, "PC": 4679}),
    "exofop": (
        "tess/exofop*",
        6137,
        {"none": 1, "APC": 363, "CP": 278, "FA": 74, "FP": 856, "KP": 492, "PC": 4073},
    ),
    "dr24": ("tce/q1_q17_dr24*", 20367, {"AFP": 9596, "NTP": 2541, "PC": 3600, "UNK": 4630}),
    "dr25": ("tce/exominer_kepler*", 30612, {"AFP": 3539, "NTP": 24782, "PC": 2291}),
    "yu2019": ("tce/yu2019*", 16734, {"EB": 2248, "IS": 816, "J": 12185, "O": 3, "PC": 506, "V": 976}),
}


@pytest.fixture(scope="module")
def read(real_data):
    """A function: the one real catalog that fits a pattern, read once."""
    done = {}

    def catalog(pattern):
        if pattern not in done:
            (path,) = (real_data / "catalogs").glob(pattern)
            done[pattern] = read_catalog(path)
        return done[pattern]

    return catalog


@pytest.mark.parametrize("name", TABLES)
def test_every_row_is_accounted_for(read, name):
    pattern, rows, by_disposition = TABLES[name]
    catalog = read(pattern)
    counts = catalog.summary
    rejected, merged = sum(counts["rejected"].values()), sum(counts["merged"].values())
    assert counts["rows"] == rows == counts["signals"] + rejected + merged
    assert {name: count["rows"] for name, count in counts["by_disposition"].items()} == by_disposition
    assert len(catalog.rejected) == rejected
    assert len(catalog.signals) == counts["signals"]
    if name != "k2pandc":
        assert (rejected, merged) == (0, 0)
        assert {count["share"] for count in counts["by_disposition"].values()} == {1.0}


def test_koi(read):
    signals = read("kepler/cumulative_2025.10.04_11*").signals.set_index("signal_id")
    assert signals["target_id"].nunique() == 8214
    assert signals["depth_ppm"].isna().sum() == 363
    assert signals["label"].value_counts().to_dict() == {"not_planet": 4839, "planet": 2746, "unknown": 1979}
    # Kepler-90 g.
    assert signals.loc["KOI K00351.02", "target_id"] == "KIC 11442793"
    assert signals.loc["KOI K00351.02", "period_d"] == pytest.approx(210.60, abs=0.2)
    assert signals["epoch_bjd"].between(2454833 + 100, 2454833 + 1500).all()


def test_a_new_date_line_changes_nothing(read):
    before, after = read("kepler/cumulative_2025.10.04_07*"), read("kepler/cumulative_2025.10.04_11*")
    assert before.signals.equals(after.signals)
    assert before.summary == after.summary


def test_k2_names_are_resolved_alike_for_all_dispositions(read):
    catalog = read("k2/k2pandc*")
    counts = catalog.summary
    assert sum(count["rows"] for count in counts["by_disposition"].values()) == 1803
    assert counts["merged"] == {"other references of the same planet": 2103}
    shares = {name: count["share"] for name, count in counts["by_disposition"].items()}
    assert shares["CONFIRMED"] >= 0.95
    assert shares["CANDIDATE"] >= 0.97
    assert shares["FALSE POSITIVE"] >= 0.98
    # A default download has no epoch and no duration: every signal waits for the search.
    assert catalog.signals["flags"].str.contains("waiting_for_search").all()


def test_toi(read):
    signals = read("tess/TOI_2025.10*").signals.set_index("signal_id")
    assert signals["flags"].str.contains("single_transit").sum() == 107
    assert signals["period_d"].isna().sum() == 107
    pi_men = signals.loc["TOI 144.01"]
    assert pi_men["target_id"] == "TIC 261136679"
    assert pi_men["period_d"] == pytest.approx(6.268, abs=0.001)
    assert pi_men["label"] == "planet"


def test_the_two_toi_tables_agree(read):
    archive = read("tess/TOI_2025.10*").signals.set_index("signal_id")
    exofop = read("tess/exofop*").signals.set_index("signal_id")
    both = archive.join(exofop, how="inner", rsuffix="_exofop")
    assert len(both) > 6000
    assert (both["target_id"] == both["target_id_exofop"]).mean() > 0.999
    degrees = np.hypot(
        (both["ra_deg"] - both["ra_deg_exofop"]) * np.cos(np.radians(both["dec_deg"])),
        both["dec_deg"] - both["dec_deg_exofop"],
    )
    assert (degrees < 30 / 3600).mean() > 0.99
    for column in ("period_d", "duration_h", "depth_ppm"):
        assert (both[column] / both[f"{column}_exofop"]).median() == pytest.approx(1, abs=1e-3)
    same_period = np.isclose(both["period_d"], both["period_d_exofop"], rtol=1e-6)
    cycles = ((both["epoch_bjd"] - both["epoch_bjd_exofop"]) / both["period_d"])[same_period]
    assert np.abs(cycles - cycles.round()).median() < 1e-3


def test_yu2019_depths_are_ppm(read):
    events = read("tce/yu2019*").signals
    tois = read("tess/TOI_2025.10*").signals
    both = events.merge(tois, on="target_id", suffixes=("", "_toi"))
    both = both[np.isclose(both["period_d"], both["period_d_toi"], rtol=1e-3)]
    assert len(both) > 300
    assert (both["depth_ppm"] / both["depth_ppm_toi"]).median() == pytest.approx(1, abs=0.02)
    assert (both["duration_h"] / both["duration_h_toi"]).median() == pytest.approx(1, abs=0.1)
    cycles = (both["epoch_bjd"] - both["epoch_bjd_toi"]) / both["period_d_toi"]
    assert both["epoch_bjd"].between(2458324, 2458500).all()
    assert np.abs(cycles - cycles.round()).median() < 0.05


def test_tces_of_kepler_agree_with_kois(read):
    koi = read("kepler/cumulative_2025.10.04_11*").signals
    for pattern in ("tce/q1_q17_dr24*", "tce/exominer_kepler*"):
        both = read(pattern).signals.merge(koi, on="target_id", suffixes=("", "_koi"))
        both = both[np.isclose(both["period_d"], both["period_d_koi"], rtol=1e-5) & (both["period_d"] > 10)]
        assert len(both) > 2000
        offset = (both["epoch_bjd"] - both["epoch_bjd_koi"]) / both["period_d_koi"]
        offset_h = np.abs(offset - offset.round()) * both["period_d"] * 24
        assert offset_h.median() < 0.5
        assert (both["duration_h"] / both["duration_h_koi"]).median() == pytest.approx(1, abs=0.2)


def test_exominer_has_one_row_per_planet(read):
    catalog = read("tess/exominer_vetting*")
    counts = catalog.summary
    assert counts["rows"] == 11289 == counts["signals"] + counts["merged"]["other sector runs of the same planet"]
    assert counts["rejected"] == {}
    signals = catalog.signals
    assert signals["target_id"].nunique() == 4156
    aliases = [name for names in signals["aliases"] for name in names.split("; ") if name]
    assert len({*aliases, *signals["signal_id"]}) == 11289
    # A planet of 2.744 d found in 31 runs stands once, in the longest of them.
    (often,) = signals[signals["target_id"] == "TIC 416195870"].to_dict("records")
    assert often["signal_id"] == "SPOC 416195870-1-S14-60"
    assert often["period_d"] == 2.744
    assert len(often["aliases"].split("; ")) == 30


def test_the_largest_table_takes_seconds(real_data):
    (path,) = (real_data / "catalogs").glob("tce/exominer_kepler*")
    start = time.process_time()
    read_catalog(path)
    assert time.process_time() - start < 10
