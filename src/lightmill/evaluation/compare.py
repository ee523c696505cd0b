"""Experiments that ask the same question, compared signal by signal: one table, one figure."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lightmill.config.training import EvaluationSettings
from lightmill.errors import ModelError
from lightmill.evaluation.comparison_figure import comparison_figure
from lightmill.evaluation.paired import DIFFERENCE_COLUMNS, paired_differences
from lightmill.evaluation.scores import ENSEMBLE
from lightmill.figures import STYLE, save_figure
from lightmill.files import write_csv
from lightmill.logs import logger

COMPARISON_COLUMNS = (*DIFFERENCE_COLUMNS[:-1], "n", "n_positives", "n_groups", "note")
# What must be the same of two experiments' test signals.
_SIGNAL = ["signal_id", "group_id", "task_label"]


def compare_experiments(
    scores: Sequence[str | Path],
    questions: Sequence[Sequence[str]],
    table: str | Path,
    figure: str | Path,
    settings: EvaluationSettings,
) -> None:
    """Write COMPARISON_COLUMNS of experiments that ask the same question to `table`; draw `figure`.

    `model` and `other` are names of experiments, whose ensembles are compared: of each question the one that the
    configuration names first with all others.

    Parameters
    ----------
    scores
        Each experiment's `test_scores.csv`, in the order in which `questions` names them.
    questions
        For each question that several experiments ask, their names.
    settings
        Of bootstrap and precisions.

    Raises ModelError if two experiments of one question were not tested on the same signals with the same labels.
    """
    paths = iter(map(Path, scores))
    tables = [_of_question({name: _read(next(paths)) for name in names}, settings) for names in questions]
    together = pd.concat(tables, ignore_index=True)
    write_csv(table, together)
    logger.info("%s", together[together["metric"] == "average_precision"].to_string(index=False))
    title = "Paired differences of experiments that ask the same question"
    save_figure(figure, comparison_figure(together, settings.confidence, title), style=STYLE)


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, float_precision="round_trip", dtype={"signal_id": str, "group_id": str})


def _of_question(experiments: dict[str, pd.DataFrame], settings: EvaluationSettings) -> pd.DataFrame:
    """COMPARISON_COLUMNS of the first experiment with each of the others, from their test scores by name."""
    (first, signals), *others = experiments.items()
    for name, table in others:
        if not table[_SIGNAL].equals(signals[_SIGNAL]):
            raise ModelError(
                f"experiments {first} and {name} were not tested on the same signals with the same labels; "
                "evaluate both again"
            )
    compared = paired_differences(
        signals["task_label"].to_numpy(),
        {name: table[ENSEMBLE].to_numpy() for name, table in experiments.items()},
        signals["group_id"].to_numpy(str),
        [(first, other) for other, _ in others],
        settings,
    )
    counts = {
        "n": len(signals),
        "n_positives": int(signals["task_label"].sum()),
        "n_groups": signals["group_id"].nunique(),
    }
    return compared.assign(**counts)[list(COMPARISON_COLUMNS)]
