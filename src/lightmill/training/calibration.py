"""Calibration: an ensemble's mean probability made the share of signals like this that are positive.

Fitted on the validation split, which no weight was learned from. It also undoes what class weights did: they pull
probabilities towards one half.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression

from lightmill.errors import ModelError

# With fewer positives the steps of an isotonic fit are noise.
FEWEST_FOR_ISOTONIC = 300
# No probability is closer to 0 or 1 while logarithms are taken.
CLOSEST = 1e-12
# This share of what was there before is kept, so that signals on one step of an isotonic fit keep their order.
KEPT = 1e-6


def fit_calibration(labels: np.ndarray, probabilities: np.ndarray) -> dict[str, Any]:
    """How to calibrate, learned from rows that the network did not learn from: plain JSON for `calibrated`.

    With 300 positives and more an isotonic regression (Zadrozny and Elkan 2002, KDD, 694): `method` `isotonic`, its
    `probability` and `share` at the corners. With fewer `method` `temperature`: log odds divided by a `temperature`
    (Guo et al. 2017, ICML, 1321) and moved by a `shift`, for class weights move them; as in Platt (1999, Advances in
    Large Margin Classifiers, 61).

    Parameters
    ----------
    labels : (n,) 1 or 0, both
    probabilities : (n,) between 0 and 1

    Returns
    -------
    with `prior`, the share of positives, and `positives` and `rows`, how many there were
    """
    labels, probabilities = np.asarray(labels, np.float64), np.asarray(probabilities, np.float64)
    counts = {"prior": float(labels.mean()), "positives": int(labels.sum()), "rows": len(labels)}
    if labels.sum() < FEWEST_FOR_ISOTONIC:
        odds = _log_odds(probabilities)
        # Where the classes are apart, nothing is surer than so few signals can tell (Platt 1999).
        negatives = len(labels) - labels.sum()
        wanted = np.where(labels == 1, (labels.sum() + 1) / (labels.sum() + 2), 1 / (negatives + 2))

        def loss(parameters: np.ndarray) -> float:
            z = odds * np.exp(parameters[0]) + parameters[1]
            return float(np.mean(np.logaddexp(0, z) - wanted * z))

        found = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-10})
        scale, shift = found.x
        return {"method": "temperature", "temperature": float(np.exp(-scale)), "shift": float(shift), **counts}
    # Nothing is surer than so many signals can tell.
    least = 1.0 / (len(labels) + 2)
    model = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip").fit(probabilities, labels)
    return {
        "method": "isotonic",
        "probability": model.X_thresholds_.tolist(),
        "share": model.y_thresholds_.tolist(),
        **counts,
    }


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
    else:
        result = expit(_log_odds(p) / calibration["temperature"] + calibration["shift"])
    if prior is None:
        return result
    if not 0 < prior < 1:
        raise ModelError(f"prior {prior:g}: expected a share of positives between 0 and 1, neither of them")
    return np.asarray(expit(_log_odds(result) + logit(prior) - logit(calibration["prior"])))


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    return np.asarray(logit(np.clip(probabilities, CLOSEST, 1 - CLOSEST)))
