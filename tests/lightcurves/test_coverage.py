"""What is covered, by label, and when too much is missing."""

import logging

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu

from lightmill.errors import LightCurveError
from lightmill.lightcurves.coverage import check_coverage, coverage_table, probability_of_more
from lightmill.lightcurves.store import FETCH_AGAIN

OUTCOMES = pd.DataFrame(
    [
        ("KIC 1", "ok", "", 17, 60_000, "a"),
        ("KIC 2", "ok", "", 9, 30_000, "b"),
        ("KIC 3", "ok", "", 1, 1_000, "c"),
        ("KIC 4", "absent", "no light-curve file in the archive", 0, 0, ""),
        ("KIC 5", "transient", "x_llc.fits: Input/output error", 0, 0, ""),
        ("KIC 6", "corrupt", "y_llc.fits: truncated", 0, 0, ""),
    ],
    columns=["target_id", "outcome", "detail", "segments", "cadences", "sha256"],
)
# KIC 1 has a planet and something else, KIC 3 two non-planets, KIC 9 is no target of ours.
LABELS = pd.DataFrame(
    [("KIC 1", "planet"), ("KIC 1", "unknown"), ("KIC 2", "planet"), ("KIC 3", "not_planet"), ("KIC 3", "not_planet"),
     ("KIC 4", "not_planet"), ("KIC 5", "planet"), ("KIC 9", "planet")],
    columns=["target_id", "label"],
)  # fmt: skip


def test_the_table_counts_targets_by_label():
    table = coverage_table(OUTCOMES, LABELS).set_index("label")
    assert list(table.index) == ["planet", "not_planet", "unknown", "all"]
    counts = table[["targets", "ok", "absent", "transient", "corrupt"]].to_numpy().tolist()
    assert counts == [[3, 2, 0, 1, 0], [2, 1, 1, 0, 0], [1, 1, 0, 0, 0], [6, 3, 1, 1, 1]]
    assert table["missing"].tolist() == pytest.approx([1 / 3, 1 / 2, 0, 1 / 2])
    assert table["segments_median"].tolist() == [13, 1, 17, 9]
    assert table["cadences_p10"].tolist() == pytest.approx([33_000, 1_000, 60_000, 6_800])
    # Both planets' stars have more than the one non-planet's; of all three, one is that star itself.
    assert table["cadences_vs_not_planet"].tolist() == pytest.approx([1, 0.5, 1, 2.5 / 3])


def test_nothing_to_count_is_no_number():
    table = coverage_table(OUTCOMES.iloc[3:], LABELS.iloc[:0]).set_index("label")
    assert table.loc["planet", "targets"] == 0
    assert np.isnan(table.loc["planet", ["missing", "segments_median", "cadences_vs_not_planet"]].astype(float)).all()
    assert table.loc["all", "missing"] == 1


def test_probability_of_more_is_mann_whitneys():
    random = np.random.default_rng(1)
    these, those = random.integers(0, 18, 200), random.integers(3, 18, 150)
    judge = mannwhitneyu(these, those).statistic / (200 * 150)
    assert probability_of_more(these, those) == pytest.approx(judge)
    assert probability_of_more(np.array([1, 2]), np.array([2, 3])) == 0.125
    assert np.isnan(probability_of_more(np.array([]), those))


@pytest.fixture
def files(tmp_path):
    manifests = [str(tmp_path / name) for name in ("000.parquet", "001.parquet")]
    # Not in order of targets, and one shard without any.
    OUTCOMES.iloc[::-1].to_parquet(manifests[0])
    OUTCOMES.iloc[:0].to_parquet(manifests[1])
    LABELS.to_parquet(tmp_path / "labels.parquet")
    return {"manifests": manifests, "labels": [str(tmp_path / "labels.parquet")], "coverage": tmp_path / "coverage.csv"}


def test_enough_is_enough(files, caplog):
    with caplog.at_level(logging.INFO, "lightmill"):
        check_coverage(**files, max_missing=0.5)
    written = pd.read_csv(files["coverage"])
    pd.testing.assert_frame_equal(written, coverage_table(OUTCOMES, LABELS), check_dtype=False)
    assert "1 transient (the archive could not be read; worth trying again" in caplog.text
    assert "KIC 5 (1 signal, 1 planet): x_llc.fits: Input/output error" in caplog.text
    assert "stars of planets have more segments than stars of non-planets with probability 1.00" in caplog.text


def test_too_much_missing_stops_and_says_which_and_what_to_do(files):
    with pytest.raises(LightCurveError) as failure:
        check_coverage(**files, max_missing=0.49)
    message = str(failure.value)
    first, *lines = message.split("\n")
    assert first == (
        "3 of 6 targets have no light curve (50.0%; max_missing allows 49.0%); lost with them: 2 signals, 1 planet"
    )
    beginnings = (
        "1 corrupt: a file is damaged",
        "  KIC 6 (0 signals, 0 planets): y_llc.fits: truncated",
        "1 transient: the archive could not be read; worth trying again",
        "  KIC 5 (1 signal, 1 planet): x_llc.fits: Input/output error",
        "1 absent: the archive has no file",
        "  KIC 4 (1 signal, 0 planets): no light-curve file in the archive",
        "or raise max_missing",
    )
    for line, beginning in zip(lines, beginnings, strict=True):
        assert line.startswith(beginning)


def test_each_outcome_has_its_remedy(files):
    with pytest.raises(LightCurveError) as failure:
        check_coverage(**files, max_missing=0)
    advice = {line.split()[1]: line for line in str(failure.value).split("\n") if line.startswith("1 ")}
    # Forcing the rule would ask for none of a server's files again that it gave an answer about.
    assert (
        f"lightmill store forget --outcome corrupt [--config FILE of this run], then {FETCH_AGAIN}"
        in advice["corrupt:"]
    )
    assert "make retry [CONFIG=FILE of this run]" in advice["transient:"]
    assert FETCH_AGAIN not in advice["transient:"] + advice["absent:"]


def test_the_dearest_targets_are_named_first(files):
    rows = [(f"KIC {number}", "absent", "gone", 0, 0, "") for number in (1, 2, 3, 4, 10)]
    pd.DataFrame(rows, columns=OUTCOMES.columns).to_parquet(files["manifests"][0])
    labels = [(3, "planet"), (3, "planet"), (4, "planet"), (4, "unknown"), (2, "planet"), (10, "not_planet")]
    labelled = pd.DataFrame([(f"KIC {number}", label) for number, label in labels], columns=["target_id", "label"])
    labelled.to_parquet(files["labels"][0])
    with pytest.raises(LightCurveError) as failure:
        check_coverage(**files, max_missing=0)
    named = [line.split(" (")[0].strip() for line in str(failure.value).split("\n") if line.startswith("  ")]
    assert named == ["KIC 3", "KIC 4", "KIC 2", "KIC 10", "KIC 1"]


def test_a_long_list_is_cut(files, tmp_path):
    many = pd.DataFrame({"target_id": [f"KIC {number}" for number in range(1, 101)], "outcome": "absent"})
    many = many.assign(detail="gone", segments=0, cadences=0, sha256="")
    many.to_parquet(files["manifests"][0])
    with pytest.raises(LightCurveError, match=r"100 of 100 targets .*[\s\S]*  and 80 more\n"):
        check_coverage(**files, max_missing=0.99)


def test_a_mission_without_targets_passes(files):
    for manifest in files["manifests"]:
        OUTCOMES.iloc[:0].to_parquet(manifest)
    check_coverage(**files, max_missing=0.0)
    assert pd.read_csv(files["coverage"])["targets"].tolist() == [0, 0, 0, 0]


def test_stars_that_are_only_searched_do_not_count_as_missing(files, tmp_path):
    searched = tmp_path / "searched.parquet"
    # KIC 6 has no label; KIC 5 has one, and is training data whether it is searched or not.
    pd.DataFrame({"target_id": ["KIC 5", "KIC 6"]}).to_parquet(searched)
    check_coverage(**files, max_missing=0.4, searched=[str(searched)])
    table = pd.read_csv(files["coverage"]).set_index("label")
    assert table.loc["all", ["targets", "ok", "absent", "transient", "corrupt"]].tolist() == [5, 3, 1, 1, 0]
    with pytest.raises(LightCurveError, match="3 of 6 targets have no light curve"):
        check_coverage(**files, max_missing=0.4)
