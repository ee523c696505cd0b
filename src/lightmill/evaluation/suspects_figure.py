"""Figure of suspect labels: the views of signals whose labels networks which have not seen them do not believe."""

from pathlib import Path

import numpy as np
import pandas as pd

from lightmill.errors import LabelError
from lightmill.evaluation.samples import SAMPLES, caption, draw_sides
from lightmill.training.dataset import read_dataset
from lightmill.training.suspects import suspect_rows


def plot_suspects(dataset: str | Path, table: str | Path, figure: str | Path) -> None:
    """Draw the views of the SAMPLES least believed positives (left) and of as many negatives (right) as PNG.

    `dataset` is the folder of the dataset that the labels in `table`, as `lightmill.training.suspect_labels` wrote it,
    are of. Raises LabelError if the table is of other labels.
    """
    data = read_dataset(dataset)
    suspect = suspect_rows(table, ("signal_id", "task_label", "probability"))
    rows = pd.Series(np.arange(len(data.meta)), data.meta["signal_id"].to_numpy(str))
    unknown = suspect.loc[~suspect["signal_id"].isin(rows.index), "signal_id"]
    if len(unknown):
        raise LabelError(f"{table}: dataset {data.name} has no signal {unknown.iloc[0]}; make the table again")
    sides, captions = [], {}
    for label in (1, 0):
        first = suspect[suspect["task_label"] == label].head(SAMPLES)
        here = rows[first["signal_id"]].to_numpy()
        sides.append(here)
        for row, probability in zip(here, first["probability"], strict=True):
            captions[int(row)] = f"{caption(data.meta.iloc[row])}\nprobability {probability:.3f}"
    heading = f"{data.name}: suspect labels, positives (left) and negatives (right)"
    draw_sides(figure, data, (sides[0], sides[1]), captions, heading)
