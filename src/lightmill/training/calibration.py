"""Calibration: an ensemble's mean probability made the share of signals like this that are positive.

Fitted on the validation split, which no weight was learned from. It also undoes what class weights did: they pull
probabilities towards one half.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedKFold

from lightmill.errors import ModelError

# With fewer positives the steps of an isotonic fit, and the third number of beta calibration, are noise.
FEWEST_FOR_ISOTONIC = 300
# No probability is closer to 0 or 1 while logarithms are taken.
CLOSEST = 1e-12
# This share of what was there before is kept, so that signals on one step of an isotonic fit keep their order.
KEPT = 1e-6
# Parts of the validation rows, each judged by a fit to the others, of which the better form is chosen.
PARTS = 5
# The least that a logarithm of a probability may count in beta calibration: the order of signals is kept.
_LEAST_SLOPE = 1e-6


def fit_calibration(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """How to calibrate, learned from rows that the network did not learn from: plain JSON for `calibrated`.

    With 300 positives and more whichever of two forms has the smaller log loss on rows that it was not fitted to, in
    five parts: an isotonic regression (Zadrozny and Elkan 2002, KDD, 694), `method` `isotonic`, its `probability` and
    `share` at the corners; or beta calibration (Kull et al. 2017, AISTATS, 623), `method` `beta`: log odds of
    `of_p` ln p - `of_rest` ln(1 - p) + `shift`. With fewer `method` `temperature`: log odds divided by a `temperature`
    (Guo et al. 2017, ICML, 1321) and moved by a `shift`, for class weights move them; as in Platt (1999, Advances in
    Large Margin Classifiers, 61).

    Parameters
    ----------
    labels : (n,) 1 or 0, both; rows that go together, those of one star, one after the other
    probabilities : (n,) between 0 and 1

    Returns
    -------
    with `prior`, the share of positives, and `positives` and `rows`, how many there were
    """
    labels, probabilities = np.asarray(labels, np.float64), np.asarray(probabilities, np.float64)
    form = _temperature
    if labels.sum() >= FEWEST_FOR_ISOTONIC:
        form = min((_isotonic, _beta), key=lambda one: _loss_on_others(one, labels, probabilities))
    counts = {"prior": float(labels.mean()), "positives": int(labels.sum()), "rows": len(labels)}
    return {**form(labels, probabilities), **counts}


def _temperature(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    odds, wanted = _log_odds(probabilities), _not_too_sure(labels)

    def loss(parameters: np.ndarray) -> float:
        return _log_loss(wanted, odds * np.exp(parameters[0]) + parameters[1])

    found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10})
    scale, shift = found.x
    return {"method": "temperature", "temperature": float(np.exp(-scale)), "shift": float(shift)}


def _isotonic(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    # Nothing is surer than so many signals can tell.
    least = 1.0 / (len(labels) + 2)
    model = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(probabilities, labels)
    corners = {"probability": model.X_thresholds_.tolist(), "share": model.y_thresholds_.tolist()}
    return {"method": "isotonic", **corners}


def _beta(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    logarithms, wanted = _logarithms(probabilities), _not_too_sure(labels)

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        z = logarithms @ parameters
        return _log_loss(wanted, z), logarithms.T @ (expit(z) - wanted) / len(z)

    bounds = [(_LEAST_SLOPE, None), (_LEAST_SLOPE, None), (None, None)]
    found = minimize(loss, np.array([1.0, 1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds)
    return {"method": "beta", **dict(zip(("of_p", "of_rest", "shift"), map(float, found.x), strict=True))}


def _loss_on_others(
    form: Callable[[np.ndarray, np.ndarray], dict[str, Any]], labels: np.ndarray, probabilities: np.ndarray
) -> float:
    """Log loss of a form of calibration on rows that it was not fitted to. Neighbours stay together."""
    said = np.empty(len(labels))
    for others, rows in StratifiedKFold(PARTS).split(probabilities[:, None], labels):
        said[rows] = calibrated(probabilities[rows], form(labels[others], probabilities[others]))
    return _log_loss(labels, _log_odds(said))


def _not_too_sure(labels: np.ndarray) -> np.ndarray:
    """What to fit to: where the classes are apart, nothing is surer than so few signals can tell (Platt 1999)."""
    positives = labels.sum()
    return np.where(labels == 1, (positives + 1) / (positives + 2), 1 / (len(labels) - positives + 2))


def _log_loss(wanted: np.ndarray, odds: np.ndarray) -> float:
    return float(np.mean(np.logaddexp(0, odds) - wanted * odds))


def calibrated(probabilities: np.ndarray, calibration: Mapping[str, Any], prior: float | None = None) -> np.ndarray:
    """Probabilities (n,) calibrated, their order kept; for another share of positives than on validation, if given.

    With another `prior` the odds are multiplied by the ratio of its odds to those of the validation rows (Saerens et
    al. 2002, Neural Computation 14, 21): right where positives and negatives each look as they did there.

    Raises ModelError if the prior is not between 0 and 1.
    """
    p = np.asarray(probabilities, np.float64)
    if calibration["method"] == "isotonic":
        share = np.interp(p, calibration["probability"], calibration["share"])
        result = (1 - KEPT) * share + KEPT * p
    elif calibration["method"] == "beta":
        result = expit(_logarithms(p) @ [calibration[name] for name in ("of_p", "of_rest", "shift")])
    else:
        result = expit(_log_odds(p) / calibration["temperature"] + calibration["shift"])
    if prior is None:
        return result
    if not 0 < prior < 1:
        raise ModelError(f"prior {prior:g}: expected a share of positives between 0 and 1, neither of them")
    return np.asarray(expit(_log_odds(result) + logit(prior) - logit(calibration["prior"])))


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(logit(np.clip(probabilities, CLOSEST, 1 - CLOSEST)))


def _logarithms(probabilities: np.ndarray) -> np.ndarray:
    """The logarithm of p, that of 1 - p with its sign turned, and 1: (n, 3)."""
    inside = np.clip(probabilities, CLOSEST, 1 - CLOSEST)
    return np.column_stack([np.log(inside), -np.log1p(-inside), np.ones(len(inside))])
