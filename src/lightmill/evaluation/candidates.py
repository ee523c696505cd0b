"""Found signals ranked by what an ensemble thinks of their views."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from lightmill.errors import ViewError
from lightmill.files import write_csv
from lightmill.logs import logger
from lightmill.training.ensemble import Ensemble, ensemble_probability, load_ensemble, predict_members
from lightmill.training.shift import one_of_each, shift_between, star_features
from lightmill.training.uncertainty import uncertainty
from lightmill.views.checksums import read_manifest, require_undamaged

SCORES = ("probability", "probability_spread", "aleatoric", "epistemic")


def rank_candidates(
    ensemble: str | Path, found: str | Path, views: Sequence[str | Path], path: str | Path, source: str
) -> None:
    """Write the found signals with a probability each, the most probable first.

    Parameters
    ----------
    ensemble
        Folder of the ensemble that scores them.
    found
        CSV file of what a search has found, one row a signal (`signal_id`).
    views
        Folders of their views, one a shard.
    path
        CSV file to write: the rows of `found` with `probability` (of the positive class of the ensemble's task: the
        mean over its members), `probability_spread` (their standard deviation), `aleatoric` and `epistemic` (their
        doubt, as in `lightmill.training.uncertainty`), NaN for signals without views, which come last; and, the same in
        all rows, `scored_by`, `calibration` and `shift_auc`: whether the ensemble's calibration holds for these signals
        (`lightmill.training.shift`).
    source
        What `scored_by` says.

    Raises ViewError if a shard's views are damaged or do not fit the ensemble, or if views are of a signal that is not
    among the found ones; ModelError if the ensemble cannot be read.
    """
    models = load_ensemble(ensemble)
    table = pd.read_csv(found, float_precision="round_trip")
    scored = [_scores(models, Path(folder)) for folder in sorted(views)]
    scores = pd.concat([scores for scores, _ in scored], ignore_index=True)
    features = np.concatenate([features for _, features in scored])
    shift = shift_between(models.reference, features[one_of_each(np.arange(len(features)))])
    logger.info("calibration: %s", shift)
    stray = sorted(set(scores["signal_id"]) - set(table["signal_id"]))
    if stray:
        raise ViewError(f"{found}: has no signal {stray[0]!r}, of which there are views; search again")
    ranked = table.merge(scores, on="signal_id", how="left", validate="one_to_one")
    ranked = ranked.sort_values(["probability", "signal_id"], ascending=[False, True], na_position="last")
    write_csv(path, ranked.assign(scored_by=source, calibration=shift.calibration, shift_auc=shift.auc))
    without = int(ranked["probability"].isna().sum())
    logger.info("%d signals ranked by %s, %d of them without views", len(ranked), source, without)


def _scores(models: Ensemble, folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """SCORES of every signal of one shard, and what the shift check is shown of one signal of each star."""
    manifest = read_manifest(folder, "views")
    require_undamaged(folder, manifest, "views")
    signals = pd.read_parquet(folder / "meta.parquet", columns=["signal_id", "target_id"])
    if signals.empty:
        return pd.DataFrame({"signal_id": signals["signal_id"], **{name: [] for name in SCORES}}), models.reference[:0]
    missing = [name for name in models.description["views"] if name not in manifest["arrays"]]
    if missing:
        raise ViewError(f"{folder}: no {missing[0]} view, which the model needs; make the views with it")
    arrays = {name: np.load(folder / f"{name}.npy", allow_pickle=False) for name in models.description["views"]}
    members = predict_members(models, arrays, manifest["settings"]["scale"])
    doubt = uncertainty(members)
    scores = (ensemble_probability(models, members), doubt.spread, doubt.aleatoric, doubt.epistemic)
    features = star_features(models.networks[0], arrays, signals["target_id"].to_numpy(str))
    return pd.DataFrame({"signal_id": signals["signal_id"], **dict(zip(SCORES, scores, strict=True))}), features
