"""The tables of an experiment's evaluation: metrics of all models, and what the network has above each baseline."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.metrics import metric_names, metrics_with_intervals, sampled_metrics
from lightmill.evaluation.paired import Sampled, differences_of
from lightmill.evaluation.scores import BASELINES, CATALOG, ENSEMBLE, FITTED, HOLES, MAJORITY, OBSERVED, SCALARS

# What stands in `note` of all rows of a baseline.
NOTES = {
    CATALOG: "a warning: what the catalog's own numbers alone would say, made by those who made its labels",
    OBSERVED: "what numbers of transits, cadences and empty bins alone would say; no network sees them",
    HOLES: "what counts of cadences and presence of views alone would say; no network sees them",
    MAJORITY: "the share of positives in training for every signal: knowing nothing",
}
METRICS_COLUMNS = (
    "model",
    "metric",
    "value",
    "low",
    "high",
    "seed_spread",
    "n",
    "n_positives",
    "n_groups",
    "threshold",
    "note",
)


def sampled_models(
    truth: np.ndarray,
    scores: Mapping[str, np.ndarray],
    thresholds: Mapping[str, float],
    groups: np.ndarray,
    settings: EvaluationSettings,
) -> dict[str, Sampled]:
    """Metrics of each model and of its bootstrap samples, which are the same for all models."""
    return {
        model: sampled_metrics(truth, probabilities, groups, settings, threshold=thresholds[model])
        for model, probabilities in scores.items()
    }


def metrics_table(
    truth: np.ndarray,
    sampled: Mapping[str, Sampled],
    thresholds: Mapping[str, float],
    groups: np.ndarray,
    settings: EvaluationSettings,
) -> pd.DataFrame:
    """METRICS_COLUMNS for the ensemble, each seed and the baselines, from what `sampled_models` gives."""
    tables = {}
    for model, (value, samples) in sampled.items():
        table = metrics_with_intervals(value, samples, truth, settings)
        if model in NOTES:
            table["note"] = [f"{NOTES[model]}; {note}" if note else NOTES[model] for note in table["note"]]
        tables[model] = table.assign(seed_spread=np.nan, threshold=thresholds[model])
    seeds = [model for model in sampled if model != ENSEMBLE and model not in BASELINES]
    of_seeds = pd.concat([tables[model]["value"] for model in seeds], axis=1)
    tables[ENSEMBLE]["seed_spread"] = of_seeds.std(axis=1, ddof=1, skipna=False)
    if SCALARS not in tables:
        unknown = pd.DataFrame({"metric": metric_names(settings)}).reindex(columns=tables[ENSEMBLE].columns)
        tables[SCALARS] = unknown.assign(note="not available: nothing was measured on the folded light curves")
    order = [ENSEMBLE, *seeds, *(model for model in BASELINES if model in tables)]
    counts = {"n": len(truth), "n_positives": int(truth.sum()), "n_groups": len(np.unique(groups))}
    together = pd.concat([tables[model].assign(model=model) for model in order], ignore_index=True)
    return together.assign(**counts)[list(METRICS_COLUMNS)]


def baseline_differences(
    truth: np.ndarray, sampled: Mapping[str, Sampled], settings: EvaluationSettings
) -> pd.DataFrame:
    """DIFFERENCE_COLUMNS of `lightmill.evaluation.paired`: the ensemble less each fitted baseline that there is."""
    pairs = [(ENSEMBLE, baseline) for baseline in FITTED if baseline in sampled]
    return differences_of(sampled, int(truth.sum()), pairs, settings)
