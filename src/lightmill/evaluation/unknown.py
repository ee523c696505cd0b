"""Signals of which nobody knows yet what they are, ranked by an ensemble: which of them to look at first."""

from pathlib import Path

import numpy as np
import pandas as pd

from lightmill.evaluation.exominer import exominer_scores
from lightmill.files import SEPARATOR, write_csv, write_parquet
from lightmill.logs import logger
from lightmill.training.dataset import Dataset
from lightmill.training.ensemble import Ensemble, ensemble_calls, ensemble_probability, ensemble_shift
from lightmill.training.judged import asked_truth, members_of_views, read_judged, views_of_rows
from lightmill.training.uncertainty import uncertainty

ABOUT = ("signal_id", "target_id", "star_id", "mission", "disposition", "ephemeris")
NUMBERS = ("period_d", "epoch_bjd", "duration_h", "depth_ppm", "snr")
SIMILAR = 3
# Rows compared with all labelled ones at a time: 8,000 of them make 32 MB.
BLOCK = 1000


def rank_unknown(
    dataset: str | Path, ensemble: str | Path, folder: str | Path, exominer: str | Path | None = None
) -> None:
    """Rank the signals without a label, the most probable first; writes `candidates.csv` and `candidates.parquet`.

    Columns: who the signal is (ABOUT) and its ephemeris (NUMBERS); `probability`, calibrated, and `spread`, the
    standard deviation of the members' before that; `aleatoric` and `epistemic`, their doubt by
    `lightmill.training.uncertainty`; `calibration`, whether it holds for these signals, and `shift_auc`, how well they
    are told from those that it was fitted on (`lightmill.training.shift`), both the same in all rows; `call`, as in
    `lightmill.training.conformal`, `by_eye` where the calibration is not valid; `rank` from 1, and `rank_low` and
    `rank_high`, the best and the worst rank that a single member gives; `similar`, the labelled signals with the most
    similar views, and `similar_labels`, what those are; `exominer_score` and `exominer_signal`, ExoMiner's score of the
    same signal and its name there, NaN and empty where there is none.

    Parameters
    ----------
    dataset
        Folder of the dataset that the ensemble was trained on.
    ensemble
        Folder of the ensemble.
    exominer
        ExoMiner's table as the run has read it, if it has.

    Raises ModelError if the dataset is not the ensemble's; ViewError if views do not fit.
    """
    data, models = read_judged(dataset, ensemble)
    table = _ranked(data, models)
    table = table.join(exominer_scores(data.meta, exominer), on="signal_id")
    write_csv(Path(folder) / "candidates.csv", table)
    write_parquet(Path(folder) / "candidates.parquet", table)
    logger.info("%d signals without a label ranked", len(table))


def _ranked(data: Dataset, models: Ensemble) -> pd.DataFrame:
    truth = asked_truth(data, models)
    unknown = np.flatnonzero((data.meta["label"] == "unknown").to_numpy() & np.isnan(truth))
    table = data.meta.loc[unknown, [*ABOUT, *NUMBERS]].reset_index(drop=True)
    views = views_of_rows(data, models, unknown)
    members = members_of_views(data, models, views)
    probability = ensemble_probability(models, members)
    doubt = uncertainty(members)
    shift = ensemble_shift(models, views, table["star_id"].to_numpy(str))
    logger.info("calibration: %s", shift)
    ranks = 1 + np.argsort(np.argsort(-members, axis=1, kind="stable"), axis=1)
    known = np.flatnonzero(~np.isnan(truth))
    similar = most_similar(data, unknown, known)
    names, classes = data.meta["signal_id"].to_numpy(str), np.where(truth == 1, "positive", "negative")
    table = table.assign(
        probability=probability,
        spread=doubt.spread,
        aleatoric=doubt.aleatoric,
        epistemic=doubt.epistemic,
        calibration=shift.calibration,
        shift_auc=shift.auc,
        call=ensemble_calls(models, probability, shift),
        rank_low=ranks.min(axis=0),
        rank_high=ranks.max(axis=0),
        similar=[SEPARATOR.join(names[rows]) for rows in similar],
        similar_labels=[SEPARATOR.join(classes[rows]) for rows in similar],
    )
    table = table.sort_values(["probability", "signal_id"], ascending=[False, True], ignore_index=True)
    table.insert(list(table.columns).index("rank_low"), "rank", np.arange(1, len(table) + 1))
    return table


def most_similar(data: Dataset, rows: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Which of the `others` look most like each of the `rows`: (rows, SIMILAR) indices, nearest first.

    By the correlation of their global and of their local views, the mean of both.
    """
    alike = min(SIMILAR, len(others))
    nearest = np.zeros((len(rows), alike), np.intp)
    pictures = {name: _unit(np.asarray(data.views[name][others])) for name in ("global", "local")}
    for start in range(0, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        likeness = sum(_unit(np.asarray(data.views[name][block])) @ known.T for name, known in pictures.items())
        nearest[start : start + BLOCK] = np.argsort(-np.asarray(likeness), axis=1, kind="stable")[:, :alike]
    return others[nearest]


def _unit(views: np.ndarray) -> np.ndarray:
    """Views (n, bins) less their mean, of length one; zeros stay zeros."""
    centred = views.astype(np.float64) - views.mean(axis=1, keepdims=True)
    length = np.linalg.norm(centred, axis=1, keepdims=True)
    return centred / np.where(length > 0, length, 1.0)
