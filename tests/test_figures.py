"""Files of figures: their size, and bytes that depend on what is shown alone."""

import matplotlib
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from lightmill.figures import save_figure


def drawn():
    figure = Figure(figsize=(2, 1))
    figure.subplots().plot([0, 1])
    return figure


def test_a_figure_is_as_large_as_said_and_has_no_date_or_version(tmp_path):
    save_figure(tmp_path / "a.png", drawn())
    save_figure(tmp_path / "b.png", drawn(), dpi=100)
    assert imread(tmp_path / "a.png").shape == (150, 300, 4)
    assert imread(tmp_path / "b.png").shape == (100, 200, 4)
    content = (tmp_path / "a.png").read_bytes()
    assert b"Software" not in content
    assert matplotlib.__version__.encode() not in content
    save_figure(tmp_path / "c.png", drawn())
    assert (tmp_path / "c.png").read_bytes() == content


def test_a_style_holds_while_a_figure_is_written_and_no_longer(tmp_path):
    before = matplotlib.rcParams["font.size"]
    save_figure(tmp_path / "plain.png", drawn())
    save_figure(tmp_path / "styled.png", drawn(), style={"font.size": 20})
    assert matplotlib.rcParams["font.size"] == before
    assert (tmp_path / "plain.png").read_bytes() != (tmp_path / "styled.png").read_bytes()


def test_a_figure_that_cannot_be_drawn_leaves_no_file(tmp_path):
    figure = drawn()
    figure.axes[0].set_title("$\\frac$")
    with pytest.raises(ValueError, match="frac"):
        save_figure(tmp_path / "a.png", figure)
    assert list(tmp_path.iterdir()) == []
