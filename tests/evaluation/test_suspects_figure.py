"""The figure of suspect labels: the least believed of each class, on their own sides."""

import pandas as pd
import pytest
from matplotlib.image import imread
from training.toys import toy_dataset

from lightmill.errors import LabelError
from lightmill.evaluation import suspects_figure
from lightmill.evaluation.suspects_figure import plot_suspects
from lightmill.training.dataset import read_dataset


@pytest.fixture(scope="module")
def doubted(tmp_path_factory):
    """A dataset and a table in which the first six positives and the first two negatives are suspect."""
    folder = tmp_path_factory.mktemp("doubted")
    toy_dataset(folder / "toy", n=60)
    meta = read_dataset(folder / "toy").meta
    rows = pd.DataFrame({"signal_id": meta["signal_id"], "task_label": (meta["label"] == "planet").astype(int)})
    place = rows.groupby("task_label").cumcount()
    suspect = place < rows["task_label"].map({1: 6, 0: 2})
    rows = rows.assign(probability=0.25, suspect=suspect.map({True: "yes", False: "no"}))
    rows.to_csv(folder / "suspect_labels.csv", index=False)
    return folder, rows


def test_the_first_four_of_each_class_are_drawn(doubted, tmp_path, monkeypatch):
    folder, rows = doubted
    drawn = []
    draw_sides = suspects_figure.draw_sides
    monkeypatch.setattr(suspects_figure, "draw_sides", lambda *all: (drawn.append(all), draw_sides(*all)))
    plot_suspects(folder / "toy", folder / "suspect_labels.csv", tmp_path / "suspects.png")
    _, _, sides, captions, _ = drawn[0]
    suspect = rows[rows["suspect"] == "yes"]
    assert [list(side) for side in sides] == [
        list(suspect.index[suspect["task_label"] == 1][:4]),
        list(suspect.index[suspect["task_label"] == 0]),
    ]
    for row in (row for side in sides for row in side):
        assert captions[row].startswith(rows["signal_id"][row])
        assert captions[row].endswith("\nprobability 0.250")
    assert imread(tmp_path / "suspects.png").std() > 0.01


def test_a_table_of_other_signals_is_refused(doubted, tmp_path):
    folder, rows = doubted
    other = rows.assign(signal_id="other " + rows["signal_id"])
    other.to_csv(tmp_path / "suspect_labels.csv", index=False)
    with pytest.raises(LabelError, match=r"suspect_labels\.csv: dataset toy has no signal other "):
        plot_suspects(folder / "toy", tmp_path / "suspect_labels.csv", tmp_path / "suspects.png")
    other.drop(columns="probability").to_csv(tmp_path / "suspect_labels.csv", index=False)
    with pytest.raises(LabelError, match="no column 'probability'"):
        plot_suspects(folder / "toy", tmp_path / "suspect_labels.csv", tmp_path / "suspects.png")
