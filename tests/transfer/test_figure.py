import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image
from transfer.study import FRACTIONS, LAWS, precision, roc, study

from lightmill.figures import BLUE, GREEN, ORANGE
from lightmill.files import sha256_file
from lightmill.transfer.curves_figure import curves_figure, draw_learning_curves
from lightmill.transfer.figure import comparison_figure, draw_comparison
from lightmill.transfer.optimum_figure import draw_optimum, optimum_figure
from lightmill.transfer.styles import STYLES, set_label_axis

TWO = ("dr24", "dr25")


def bars(axes):
    """By colour and place, the heights of an axes' bars."""
    return {
        (to_hex(bar.get_facecolor()).upper(), bar.get_x() + bar.get_width() / 2): bar.get_height()
        for bar in axes.patches
    }


def test_bars_are_the_values_with_all_labels():
    tables = study()
    figure = comparison_figure(tables["curves"], tables["results"], (0.2, 0.5), 0.95)
    for axes, scale in zip(figure.axes, (lambda value: value, roc), strict=True):
        drawn = bars(axes)
        assert [colour for colour, _ in drawn] == [style.colour.upper() for style in STYLES.values()]
        expected = [scale(precision(name, 8878 if name != "zero_shot" else 0)) for name in STYLES]
        assert list(drawn.values()) == pytest.approx(expected)
        assert axes.get_xticklabels()[0].get_text() == "baseline\n(zero-shot)"
        written = [text.get_text() for text in axes.texts]
        assert written == [f"{value:.3f}" for value in expected]


def test_single_seeds_stand_beside_their_bar_and_intervals_on_it():
    tables = study(strategies=("frozen",), fractions=(0.1, 1.0), seeds=(1, 2, 3))
    axes = comparison_figure(tables["curves"], tables["results"], (0.2, 0.5), 0.95).axes[0]
    value = precision("frozen", 8878)
    interval, caps, seeds = axes.collections
    assert list(seeds.get_offsets()[:, 1]) == pytest.approx([value - 0.01, value, value + 0.01])
    row = tables["curves"].query("fraction == 1 and metric == 'average_precision'").iloc[0]
    assert interval.get_segments()[0][:, 1] == pytest.approx([row["low"], row["high"]])
    assert [cap[0, 1] for cap in caps.get_segments()] == pytest.approx([row["low"], row["high"]])


def test_several_sources_are_groups_and_from_scratch_stands_once():
    tables = study(sources=TWO)
    figure = comparison_figure(tables["curves"], tables["results"], (0.2, 0.5), 0.95)
    drawn = bars(figure.axes[0])
    assert len(drawn) == 2 * (len(LAWS) - 1) + 1
    assert [colour for colour, _ in drawn].count(GREEN.upper()) == 1
    assert [height for (colour, _), height in drawn.items() if colour == ORANGE.upper()] == pytest.approx(
        [precision("frozen", 8878, 0), precision("frozen", 8878, 1)]
    )
    assert [label.get_text() for label in figure.axes[0].get_xticklabels()] == ["from dr24", "from dr25", "no source"]
    level = next(line for line in figure.axes[0].lines if line.get_color() == GREEN)
    assert level.get_ydata()[0] == pytest.approx(precision("from_scratch", 8878))


def test_lines_are_the_curves_and_the_baseline_is_level():
    tables = study()
    means = tables["results"][tables["results"]["seed"] == "mean"]
    figure = curves_figure(tables["curves"], means, 0.95)
    lines = {line.get_color(): line for line in figure.axes[0].lines if len(line.get_xdata())}
    labels = [round(8878 * fraction) for fraction in FRACTIONS]
    assert list(lines[BLUE].get_xdata()) == labels
    assert lines[BLUE].get_ydata() == pytest.approx([precision("fine_tuned", n) for n in labels])
    assert list(lines[STYLES["zero_shot"].colour].get_ydata()) == [0.7, 0.7]
    (level,) = figure.axes[0].patches
    ends = tables["curves"].query("strategy == 'zero_shot' and metric == 'average_precision'").iloc[0]
    assert [level.get_y(), level.get_y() + level.get_height()] == pytest.approx([ends["low"], ends["high"]])
    ticks = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert ticks[0] == "89\n1 %"
    assert ticks[-1] == "8,878\n100 %"
    band = next(band for band in figure.axes[0].collections if to_hex(band.get_facecolor()[0]).upper() == BLUE)
    rows = tables["curves"].query("strategy == 'fine_tuned' and metric == 'average_precision'")
    edge = band.get_paths()[0].vertices
    assert edge[edge[:, 0] == 89][:, 1].min() == pytest.approx(rows["low"].iloc[0])
    assert edge[edge[:, 0] == 89][:, 1].max() == pytest.approx(rows["high"].iloc[0])


def test_numbers_of_labels_that_would_run_into_each_other_are_not_written():
    axes = Figure().subplots()
    labels = pd.Series({0.1: 100, 0.5: 500, 0.9: 900, 1.0: 1000})
    assert set_label_axis(axes, labels) == {100, 500, 1000}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["100\n10 %", "500\n50 %", "", "1,000\n100 %"]
    assert list(axes.get_xticks()) == list(labels)


def test_draws_are_dots_one_for_each():
    tables = study(strategies=("fine_tuned",))
    means = tables["results"][tables["results"]["seed"] == "mean"]
    axes = curves_figure(tables["curves"], means, 0.95).axes[0]
    dots = axes.collections[-1].get_offsets()
    assert len(dots) == 5 * 3 + 4
    assert sorted(dots[dots[:, 0] == 89][:, 1]) == pytest.approx(precision("fine_tuned", 89) + 0.01 * np.arange(-2, 3))


def test_with_one_fraction_a_curve_is_a_point_with_its_interval():
    tables = study(strategies=("frozen", "from_scratch"), fractions=(1.0,))
    means = tables["results"][tables["results"]["seed"] == "mean"]
    axes = curves_figure(tables["curves"], means, 0.95).axes[0]
    points = [line for line in axes.lines if len(line.get_xdata()) == 1]
    assert [line.get_ydata()[0] for line in points] == pytest.approx(
        [precision("from_scratch", 8878), precision("frozen", 8878)]
    )
    assert points[0].get_xdata()[0] < 8878 < points[1].get_xdata()[0]


def test_each_source_has_its_column_and_from_scratch_in_both():
    tables = study(sources=TWO)
    means = tables["results"][tables["results"]["seed"] == "mean"]
    figure = curves_figure(tables["curves"], means, 0.95)
    left, right = figure.axes[:2]
    assert [left.get_title(), right.get_title()] == ["from dr24", "from dr25"]
    for axes, number in ((left, 0), (right, 1)):
        lines = {line.get_color(): line for line in axes.lines if len(line.get_xdata())}
        assert lines[ORANGE].get_ydata()[-1] == pytest.approx(precision("frozen", 8878, number))
        assert lines[GREEN].get_ydata()[-1] == pytest.approx(precision("from_scratch", 8878))


def test_shares_of_being_best_are_stacked_to_one():
    tables = study()
    figure = optimum_figure(tables["best"], tables["rates"][tables["rates"]["chosen"]])
    frozen = tables["best"].query("strategy == 'frozen'")["share_best"].to_numpy()
    drawn = [bar for bar in figure.axes[0].patches if to_hex(bar.get_facecolor()).upper() == ORANGE]
    assert [bar.get_height() for bar in drawn[:7]] == pytest.approx(frozen)
    tops = [bar.get_y() + bar.get_height() for bar in figure.axes[0].patches]
    assert max(tops) == pytest.approx(1)
    written = [text.get_text() for text in figure.axes[0].texts]
    assert sorted(written) == sorted(f"{100 * share:.0f} %" for share in tables["best"]["share_best"] if share >= 0.12)


def test_chosen_rates_are_drawn_by_fraction():
    tables = study()
    figure = optimum_figure(tables["best"], tables["rates"][tables["rates"]["chosen"]])
    lines = {line.get_color(): list(line.get_ydata()) for line in figure.axes[1].lines}
    assert lines[ORANGE] == [3.0] * 3 + [1.0] * 4
    assert lines[GREEN] == [1.0] * 7
    assert STYLES["zero_shot"].colour not in lines


def test_where_nothing_is_compared_the_optimum_says_so():
    tables = study(strategies=("frozen",), fractions=(1.0,))
    figure = optimum_figure(tables["best"].iloc[:0], tables["rates"][tables["rates"]["chosen"]])
    assert "only one strategy" in figure.axes[0].texts[0].get_text()
    assert list(figure.axes[1].lines[0].get_ydata()) == [1.0]


@pytest.mark.parametrize("strategies", [("zero_shot",), ("from_scratch", "gradual")])
def test_any_strategies_can_be_drawn(strategies, tmp_path):
    tables = study(strategies=strategies, fractions=(0.5, 1.0), seeds=(1, 2))
    if strategies == ("zero_shot",):
        tables["rates"] = pd.DataFrame(columns=["source", "strategy", "fraction", "rate", "chosen"]).astype(
            {"chosen": bool}
        )
    draw_comparison(tmp_path / "bars.png", results=tables["results"], curves=tables["curves"], confidence=0.95)
    draw_learning_curves(tmp_path / "curves.png", results=tables["results"], curves=tables["curves"], confidence=0.95)
    draw_optimum(tmp_path / "optimum.png", best=tables["best"], rates=tables["rates"])
    for name in ("bars", "curves", "optimum"):
        with Image.open(tmp_path / f"{name}.png") as image:
            assert min(image.size) > 600


def test_figures_repeat_to_the_byte(tmp_path):
    tables = study(strategies=("frozen", "from_scratch"), fractions=(1.0,))
    for place in (tmp_path / "a", tmp_path / "b"):
        draw_comparison(place / "bars.png", results=tables["results"], curves=tables["curves"], confidence=0.9)
        draw_learning_curves(place / "curves.png", results=tables["results"], curves=tables["curves"], confidence=0.9)
        draw_optimum(place / "optimum.png", best=tables["best"], rates=tables["rates"])
    for name in ("bars", "curves", "optimum"):
        assert sha256_file(tmp_path / "a" / f"{name}.png") == sha256_file(tmp_path / "b" / f"{name}.png")
