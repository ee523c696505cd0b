"""Whether probabilities are what they say: checks of an ensemble on the test split, before and after calibration.

Each has a verdict, and what would have passed: a calibration error that chance alone would give, a gain over the base
rate, a line of slope one.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import expit, logit
from scipy.stats import norm

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.bootstrap import bootstrap, group_numbers, percentile_interval
from lightmill.evaluation.metrics import calibration_bins, note_of_samples
from lightmill.evaluation.slices import share_of
from lightmill.training.conformal import NEGATIVE, POSITIVE, allowed_errors, calls

CHECK_COLUMNS = ("model", "check", "value", "low", "high", "at_least", "at_most", "within", "note")
CONFORMAL = "conformal_"
# A reliability slope within these ends is good enough.
SLOPES = (0.9, 1.1)
# No probability is closer to 0 or 1 while logarithms are taken.
CLOSEST = 1e-12
_BLOCK = 4_000_000


def calibration_checks(
    model: str, labels: np.ndarray, probabilities: np.ndarray, groups: np.ndarray, settings: EvaluationSettings
) -> pd.DataFrame:
    """CHECK_COLUMNS for `probabilities` (n,) of `labels` (n,), signals of one of the `groups` (n,) taken together.

    `ece`: expected calibration error; within, if not above what a perfectly calibrated model of these probabilities
    would stay below in `settings.confidence` of all cases.
    `brier_skill`: 1 less the Brier score over that of who always says the share of positives, which is that of the
    test split itself; interval from a bootstrap by group; within, if the interval lies above 0.
    `slope` and `intercept` of labels on log odds (`recalibration`); within, if the slope is in SLOPES, and if the
    interval of the intercept holds 0.
    """
    labels, probabilities = np.asarray(labels, np.float64), np.asarray(probabilities, np.float64)
    group_of_row = group_numbers(groups)
    error = calibration_error(labels, probabilities)
    limit = float(np.quantile(perfect_errors(probabilities, settings.bootstrap), settings.confidence))
    skill, skills = brier_skill(labels, probabilities, group_of_row, settings.bootstrap)
    low, high = percentile_interval(skills, settings.confidence)
    rows: list[dict[str, Any]] = [
        {"check": "ece", "value": error, "at_most": limit, "within": error <= limit},
        {"check": "brier_skill", "value": skill, "low": low, "high": high, "at_least": 0.0, "within": low > 0},
    ]
    rows[-1]["note"] = note_of_samples(skills)
    return _table(model, rows + _line_checks(recalibration(labels, probabilities, group_of_row), settings))


def _line_checks(found: tuple[np.ndarray, np.ndarray] | None, settings: EvaluationSettings) -> list[dict[str, Any]]:
    """The checks of intercept and slope, from what `recalibration` gives."""
    if found is None:
        note = "not measurable: a threshold tells the classes apart, or all probabilities are the same"
        return [{"check": check, "within": False, "note": note} for check in ("slope", "intercept")]
    (intercept, slope), errors = found
    to_intercept, to_slope = (float(error) for error in norm.ppf((1 + settings.confidence) / 2) * errors)
    return [
        {
            "check": "slope",
            "value": slope,
            "low": slope - to_slope,
            "high": slope + to_slope,
            "at_least": SLOPES[0],
            "at_most": SLOPES[1],
            "within": SLOPES[0] <= slope <= SLOPES[1],
        },
        {
            "check": "intercept",
            "value": intercept,
            "low": intercept - to_intercept,
            "high": intercept + to_intercept,
            "within": abs(intercept) <= to_intercept,
        },
    ]


def conformal_checks(
    model: str,
    labels: np.ndarray,
    probabilities: np.ndarray,
    groups: np.ndarray,
    description: Mapping[str, Any],
    settings: EvaluationSettings,
) -> pd.DataFrame:
    """CHECK_COLUMNS: the share of each class that conformal calls get wrong, with the interval of `slices.share_of`.

    `description` is the ensemble's. Within, if no more are wrong than limits from so many validation rows allow
    (`allowed_errors`): what was promised is the mean over validation sets.
    """
    limits, fitted = description["conformal"], description["calibration"]
    called = calls(probabilities, limits)
    rows = []
    for name, label, wrong in (("positives", 1, NEGATIVE), ("negatives", 0, POSITIVE)):
        mine = labels == label
        seen = fitted["positives"] if label else fitted["rows"] - fitted["positives"]
        _, most = allowed_errors(seen, int(mine.sum()), limits["error_rate"], settings.confidence)
        value, low, high = share_of(called[mine] == wrong, groups[mine], settings.confidence)
        ends = {"value": value, "low": low, "high": high, "at_most": most / mine.sum()}
        rows.append({"check": CONFORMAL + name, **ends, "within": np.sum(called[mine] == wrong) <= most})
    return _table(model, rows)


def _table(model: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    table = pd.DataFrame(rows).assign(model=model).reindex(columns=list(CHECK_COLUMNS))
    return table.assign(note=table["note"].fillna("").astype(str), within=table["within"].astype(bool))


def calibration_error(labels: np.ndarray, probabilities: np.ndarray) -> float:
    """The expected calibration error of `probabilities` (n,), in the bins of `metrics.calibration_bins`."""
    return float(_errors(labels[None, :], probabilities)[0])


def perfect_errors(probabilities: np.ndarray, samples: int, seed: int = 0) -> np.ndarray:
    """Expected calibration errors (samples,) of `probabilities` (n,) that are right: labels drawn from them.

    Signals are drawn one by one. Where those of one star err together the errors of a perfect model are larger, so what
    is compared with these is judged severely.
    """
    generator = np.random.default_rng(seed)
    block = max(1, _BLOCK // len(probabilities))
    errors = []
    for start in range(0, samples, block):
        drawn = generator.random((min(block, samples - start), len(probabilities)))
        errors.append(_errors((drawn < probabilities).astype(np.float64), probabilities))
    return np.concatenate(errors)


def _errors(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Expected calibration error (k,) of each row of `labels` (k, n)."""
    order = np.argsort(probabilities, kind="stable")
    bins = np.flatnonzero(np.diff(calibration_bins(probabilities[order]), prepend=-1))
    excess = np.add.reduceat((probabilities - labels)[:, order], bins, axis=1)
    return np.asarray(np.abs(excess).sum(axis=1) / len(probabilities))


def brier_skill(
    labels: np.ndarray, probabilities: np.ndarray, group_of_row: np.ndarray, samples: int, seed: int = 0
) -> tuple[float, np.ndarray]:
    """1 - Brier score / that of the share of positives itself; its value, and those of bootstrap samples (samples,).

    In each sample the share of positives is the sample's own; NaN where it has one class alone.
    """
    wrong = (probabilities - labels) ** 2

    def measure(weights: np.ndarray) -> np.ndarray:
        total = weights.sum(axis=1)
        share = weights @ labels / total
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(share * (1 - share) > 0, 1 - weights @ wrong / total / (share * (1 - share)), np.nan)

    return float(measure(np.ones((1, len(labels))))[0]), bootstrap(measure, group_of_row, samples, seed)


def recalibration(
    labels: np.ndarray, probabilities: np.ndarray, group_of_row: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Intercept and slope of a logistic regression of labels on log odds, and their standard errors, each (2,).

    Right probabilities have intercept 0 and slope 1; too sure ones a slope below 1 (Cox 1958, Biometrika 45, 562). The
    fit is one of maximum likelihood; the errors are robust against signals of a group erring together (the sandwich of
    Liang and Zeger 1986, Biometrika 73, 13). None where there is no fit: a threshold tells the classes apart, or all
    probabilities are the same.
    """
    odds = logit(np.clip(probabilities, CLOSEST, 1 - CLOSEST))
    ones, zeros = odds[labels == 1], odds[labels == 0]
    if np.ptp(odds) == 0 or ones.min() >= zeros.max() or ones.max() <= zeros.min():
        return None
    design = np.column_stack([np.ones_like(odds), odds])

    def loss(beta: np.ndarray) -> float:
        z = design @ beta
        return float(np.sum(np.logaddexp(0, z) - labels * z))

    def slope_of_loss(beta: np.ndarray) -> np.ndarray:
        return np.asarray(design.T @ (expit(design @ beta) - labels))

    def curvature(beta: np.ndarray) -> np.ndarray:
        p = expit(design @ beta)
        return np.asarray(design.T @ (design * (p * (1 - p))[:, None]))

    start = np.array([0.0, 1.0])
    beta = minimize(loss, start, method="trust-exact", jac=slope_of_loss, hess=curvature).x
    residuals = design * (labels - expit(design @ beta))[:, None]
    of_group = np.zeros((group_of_row.max() + 1, 2))
    np.add.at(of_group, group_of_row, residuals)
    inverse = np.linalg.inv(curvature(beta))
    groups = len(of_group)
    covariance = inverse @ (of_group.T @ of_group) @ inverse * groups / max(groups - 1, 1)
    # So few groups that rounding leaves less than nothing.
    return beta, np.sqrt(np.maximum(np.diag(covariance), 0.0))


def verdict(checks: pd.DataFrame, model: str) -> str:
    """The `calibration_checks` of one model in a line of text, with what would pass; those that failed are marked."""
    rows = checks[(checks["model"] == model) & ~checks["check"].str.startswith(CONFORMAL)]
    return "; ".join(_in_words(row) for row in rows.to_dict("records"))


def _in_words(row: Mapping[Any, Any]) -> str:
    if not np.isfinite(row["value"]):
        return f"{row['check']} not measurable"
    ends = f" ({row['low']:.3f} to {row['high']:.3f})" if np.isfinite(row["low"]) else ""
    limits = [
        f"{word} {row[limit]:.3f}"
        for word, limit in (("at least", "at_least"), ("at most", "at_most"))
        if np.isfinite(row[limit])
    ]
    wanted = f", {' and '.join(limits)} wanted" if limits else ""
    return f"{row['check']} {row['value']:.3f}{ends}{wanted}{'' if row['within'] else ': FAILED'}"
