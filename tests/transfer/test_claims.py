import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from transfer.study import difference, study

from lightmill.figures import GREEN, ORANGE
from lightmill.files import sha256_file, write_csv
from lightmill.transfer.claims import (
    CLAIM_COLUMNS,
    CLAIMS,
    FAILS,
    FROZEN_SUFFICES,
    GAIN,
    HOLDS,
    JOINT_WINS,
    MOST_AT_SIZE,
    SUMMARY,
    UNTOLD,
    WITH_BEST,
    WITH_SCRATCH,
    WITH_TUNED,
    check_claims,
)
from lightmill.transfer.claims_figure import claims_figure, draw_claims
from lightmill.transfer.curves import DIFFERENCE_COLUMNS
from lightmill.transfer.pairs import pairs_of, with_best

HALF = 0.01
N_TRAIN, N_SOURCE = 1000, 1000


def differences(values, half=HALF):
    """Differences of all pairs, from values by fraction and strategy, with intervals of `half` to either side."""
    rows = []
    for fraction, by_strategy in values.items():
        about = {"source": "here", "fraction": fraction, "n_labels": round(N_TRAIN * fraction)}
        names = list(by_strategy)
        for place, strategy in enumerate(names):
            for other in names[place + 1 :]:
                apart = by_strategy[strategy] - by_strategy[other]
                rows.append(difference(about, strategy, other, by_strategy, apart, "average_precision", half))
    return pd.DataFrame(rows, columns=list(DIFFERENCE_COLUMNS))


def checked(values, half=HALF, n_source=N_SOURCE):
    return check_claims(differences=differences(values, half), n_source={"here": n_source})


def verdict(claims, claim):
    return claims.query("claim == @claim and measure == @SUMMARY")["verdict"].item()


def verdicts(claims, claim, measure):
    return list(claims.query("claim == @claim and measure == @measure")["verdict"])


def against(gaps, strategy="joint", fractions=(0.1, 0.2, 0.5, 1.0)):
    """Values at each fraction of `strategy`, better by a gap than the best of two others."""
    return {
        fraction: {"from_scratch": 0.5, "fine_tuned": 0.8, strategy: 0.8 + gap}
        for fraction, gap in zip(fractions, gaps, strict=True)
    }


@pytest.mark.parametrize(
    ("gaps", "by_fraction", "summary"),
    [
        ([0.05, 0.05, 0.05, 0.0], [HOLDS, HOLDS, HOLDS, UNTOLD], HOLDS),
        ([0.05, 0.05, 0.0, 0.0], [HOLDS, HOLDS, UNTOLD, UNTOLD], UNTOLD),
        ([0.05, 0.05, 0.05, -0.05], [HOLDS, HOLDS, HOLDS, FAILS], UNTOLD),
        ([0.05, 0.05, -0.05, -0.05], [HOLDS, HOLDS, FAILS, FAILS], FAILS),
        ([-0.05, 0.0, 0.0, 0.0], [FAILS, UNTOLD, UNTOLD, UNTOLD], UNTOLD),
        ([0.0, 0.0, 0.0, 0.0], [UNTOLD] * 4, UNTOLD),
    ],
)
def test_joint_wins_by_intervals_at_most_fractions(gaps, by_fraction, summary):
    claims = checked(against(gaps))
    assert verdicts(claims, JOINT_WINS, WITH_BEST) == by_fraction
    assert verdict(claims, JOINT_WINS) == summary


def test_one_fraction_alone_decides_where_there_is_no_other():
    assert verdict(checked(against([0.05], fractions=(1.0,))), JOINT_WINS) == HOLDS
    assert verdict(checked(against([-0.05], fractions=(1.0,))), JOINT_WINS) == FAILS


def test_points_never_decide():
    for gaps in ([0.05] * 4, [-0.05] * 4):
        claims = checked(against(gaps), half=0.06)
        assert verdict(claims, JOINT_WINS) == UNTOLD


def test_joint_against_scratch_is_shown_and_does_not_count():
    claims = checked(against([-0.05] * 4))
    assert verdicts(claims, JOINT_WINS, WITH_SCRATCH) == [HOLDS] * 4
    assert verdict(claims, JOINT_WINS) == FAILS
    row = claims.query("measure == @WITH_SCRATCH and fraction == 0.2").iloc[0]
    assert row[["strategy", "other", "n_labels", "ratio"]].tolist() == ["joint", "from_scratch", 200, 0.2]
    assert row[["value", "low", "high"]].tolist() == pytest.approx([0.25, 0.24, 0.26])


def test_the_best_other_is_chosen_at_each_fraction():
    claims = checked(
        {
            0.1: {"zero_shot": 0.9, "frozen": 0.8, "joint": 0.85},
            1.0: {"zero_shot": 0.7, "frozen": 0.8, "joint": 0.85},
        }
    )
    rows = claims.query("claim == @JOINT_WINS and measure == @WITH_BEST")
    assert list(rows["other"]) == ["zero_shot", "frozen"]
    assert list(rows["value"]) == pytest.approx([-0.05, 0.05])


@pytest.mark.parametrize(
    ("gaps", "half", "by_fraction", "summary"),
    [
        ([0.0, 0.0, 0.0], 0.01, [HOLDS] * 3, HOLDS),
        ([-0.005] * 3, 0.002, [HOLDS] * 3, HOLDS),
        ([0.0, 0.0, 0.0], 0.05, [UNTOLD] * 3, UNTOLD),
        ([-0.04] * 3, 0.03, [FAILS] * 3, FAILS),
        ([-0.04, 0.0, 0.0], 0.01, [FAILS, HOLDS, HOLDS], UNTOLD),
    ],
)
def test_frozen_suffices_if_not_worse_by_a_margin(gaps, half, by_fraction, summary):
    claims = checked(against(gaps, "frozen", (0.01, 0.02, 0.05)), half)
    assert verdicts(claims, FROZEN_SUFFICES, WITH_BEST) == by_fraction
    assert verdicts(claims, FROZEN_SUFFICES, WITH_TUNED) == by_fraction
    assert verdict(claims, FROZEN_SUFFICES) == summary


def test_few_labels_end_at_five_percent():
    claims = checked(against([0.0, -0.5], "frozen", (0.05, 0.1)))
    rows = claims.query("claim == @FROZEN_SUFFICES and measure != @SUMMARY")
    assert set(rows["fraction"]) == {0.05}
    claims = checked(against([0.0, -0.5], "frozen", (0.1, 1.0)))
    assert verdict(claims, FROZEN_SUFFICES) == UNTOLD
    reason = claims.query("claim == @FROZEN_SUFFICES")["reason"].item()
    assert reason == "no fraction of up to 5 % of the labels was measured"


def gaining(gains):
    return {
        fraction: {"from_scratch": 0.5, "frozen": 0.5 + gain, "zero_shot": 0.99} for fraction, gain in gains.items()
    }


@pytest.mark.parametrize(
    ("gains", "by_fraction", "summary"),
    [
        ({0.05: 0.05, 0.1: 0.1, 0.2: 0.09, 1.0: 0.0}, [HOLDS] * 4, HOLDS),
        ({0.05: 0.07, 0.1: 0.1, 0.2: 0.05, 1.0: 0.0}, [HOLDS] * 4, HOLDS),
        ({0.05: 0.2, 0.1: 0.1, 0.2: 0.09, 1.0: 0.0}, [FAILS, HOLDS, HOLDS, HOLDS], FAILS),
        ({0.05: 0.09, 0.1: 0.1, 0.2: 0.02, 1.0: 0.0}, [UNTOLD, HOLDS, HOLDS, HOLDS], UNTOLD),
        ({0.05: 0.11, 0.1: 0.02, 0.2: 0.1, 1.0: 0.0}, [UNTOLD, HOLDS, HOLDS, HOLDS], UNTOLD),
        ({0.05: -0.1, 0.1: -0.05, 0.2: -0.04}, [HOLDS, FAILS, FAILS], FAILS),
        ({0.1: 0.1, 0.2: 0.1}, [HOLDS] * 2, UNTOLD),
        ({0.05: 0.1, 1.0: 0.0}, [UNTOLD] * 2, UNTOLD),
    ],
)
def test_where_transfer_helps_most_is_told_by_intervals_that_do_not_overlap(gains, by_fraction, summary):
    claims = checked(gaining(gains))
    assert verdicts(claims, MOST_AT_SIZE, GAIN) == by_fraction
    assert verdict(claims, MOST_AT_SIZE) == summary


def test_a_gain_is_that_of_the_best_that_uses_source_and_labels():
    claims = checked({1.0: {"from_scratch": 0.5, "zero_shot": 0.9, "frozen": 0.6, "gradual": 0.7, "joint": 0.65}})
    row = claims.query("measure == @GAIN").iloc[0]
    assert (row["strategy"], row["value"]) == ("gradual", pytest.approx(0.2))


def test_sizes_are_those_of_the_source():
    claims = checked(gaining({0.5: 0.1, 1.0: 0.05}), n_source=4000)
    assert list(claims.query("measure == @GAIN")["ratio"]) == [0.125, 0.25]
    assert verdict(claims, MOST_AT_SIZE) == HOLDS
    reason = claims.query("claim == @MOST_AT_SIZE and measure == @SUMMARY")["reason"].item()
    assert reason == "the largest gain, 0.100 (0.090 to 0.110), is at 500 labels, 12.5 % of the source's"


def test_claims_about_strategies_that_a_study_lacks_are_left_out():
    claims = checked({1.0: {"zero_shot": 0.7, "fine_tuned": 0.8}})
    assert list(claims.columns) == list(CLAIM_COLUMNS)
    assert claims.empty
    empty = check_claims(differences=pd.DataFrame(columns=list(DIFFERENCE_COLUMNS)), n_source={})
    assert list(empty.columns) == list(CLAIM_COLUMNS)
    assert empty.empty


def test_each_source_has_its_claims():
    tables = study(sources=("dr24", "dr25"))
    claims = check_claims(differences=tables["differences"], n_source={"dr24": 11000, "dr25": 90000})
    summaries = claims[claims["measure"] == SUMMARY]
    assert list(zip(summaries["source"], summaries["claim"], strict=True)) == [
        (source, claim) for source in ("dr24", "dr25") for claim in CLAIMS
    ]
    with pytest.raises(KeyError, match="dr25"):
        check_claims(differences=tables["differences"], n_source={"dr24": 11000})


def test_a_pair_is_seen_from_both_sides_with_its_usual_interval():
    table = differences({1.0: {"from_scratch": 0.5, "joint": 0.8}})
    wide = table.assign(low=-1.0, high=1.0, primary=True)
    other_metric = table.assign(metric="roc_auc", difference=9.0)
    pairs = pairs_of(pd.concat([other_metric, wide, table]), "here", 1.0)
    pair = with_best(pairs, "joint")
    assert pair == pairs["from_scratch", "joint"].reversed()
    assert pair.difference == pytest.approx(0.3)
    assert [pair.low, pair.high] == pytest.approx([0.29, 0.31])
    assert [pair.value, pair.other_value] == [0.8, 0.5]


def test_the_figure_shows_what_decides_and_the_verdict():
    claims = check_claims(differences=study()["differences"], n_source={"dr24": 11000})
    figure = claims_figure(claims, 0.95)
    assert [axes.get_title().splitlines()[-1] for axes in figure.axes] == [verdict(claims, claim) for claim in CLAIMS]
    joint, frozen, size = figure.axes
    rows = claims.query("claim == @JOINT_WINS and measure == @WITH_BEST")
    filled = [
        line for line in joint.lines if line.get_markerfacecolor() == line.get_color() and line.get_marker() == "o"
    ]
    drawn = {line.get_xdata()[0]: line.get_ydata()[0] for line in filled if len(line.get_xdata())}
    assert drawn == pytest.approx(dict(zip(rows["n_labels"], rows["value"], strict=True)))
    assert "+0.39" in [text.get_text() for text in joint.texts]
    assert any(np.allclose(line.get_ydata(), -0.02) for line in frozen.lines)
    shaded = size.patches[0]
    assert [shaded.get_x(), shaded.get_x() + shaded.get_width()] == pytest.approx([1100, 2200])
    assert {to_hex(line.get_color()).upper() for line in joint.lines} >= {ORANGE, GREEN}


def test_the_figure_of_claims_that_were_not_asked(tmp_path):
    claims = checked(gaining({1.0: 0.1}))
    figure = claims_figure(claims, 0.95)
    assert [axes.get_title().splitlines()[-1] for axes in figure.axes] == ["not asked", UNTOLD, UNTOLD]
    assert figure.axes[1].texts[0].get_text() == "no fraction to judge it by"
    for name in ("a", "b"):
        draw_claims(tmp_path / f"{name}.png", claims=claims.iloc[:0], confidence=0.95)
    assert sha256_file(tmp_path / "a.png") == sha256_file(tmp_path / "b.png")


def test_the_table_can_be_read_again(tmp_path):
    claims = check_claims(differences=study()["differences"], n_source={"dr24": 11000})
    write_csv(tmp_path / "claims.csv", claims)
    again = pd.read_csv(tmp_path / "claims.csv", float_precision="round_trip")
    assert list(again["reason"].fillna("")) == list(claims["reason"])
    assert np.array_equal(again["value"], claims["value"].astype(float), equal_nan=True)
