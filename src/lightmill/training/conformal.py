"""Conformal calls: yes, no, or look at this one by eye, wrong no more often than stated.

Split conformal prediction by class (Vovk 2013, Machine Learning 92, 349): among new positives that are drawn as those
of the validation split were, no more than the stated share is called negative, and among new negatives no more is
called positive; whatever the network, and however rare positives are.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import betabinom

ERROR_RATE = 0.05
POSITIVE, NEGATIVE, BY_EYE = "positive", "negative", "by_eye"


def conformal_limits(labels: np.ndarray, probabilities: np.ndarray, error_rate: float = ERROR_RATE) -> dict[str, Any]:
    """Between which probabilities nothing is called: plain JSON for `calls`.

    Parameters
    ----------
    labels : (n,) 1 or 0, of rows that the network did not learn from
    probabilities : (n,)
    error_rate : the largest share of each class that is called the other

    Returns
    -------
    `error_rate`; `negative_below`: what is less probable cannot be a positive; `positive_above`: what is more probable
    cannot be a negative. With so few rows of a class that the rate cannot be promised, 0 and 1: then nothing is called.
    """
    positive, negative = np.sort(probabilities[labels == 1]), np.sort(probabilities[labels == 0])
    # So many of a class, and the new one, may be wrong.
    of_positive = int(np.floor(error_rate * (positive.size + 1)))
    of_negative = int(np.floor(error_rate * (negative.size + 1)))
    return {
        "error_rate": error_rate,
        "negative_below": float(positive[of_positive - 1]) if of_positive else 0.0,
        "positive_above": float(negative[negative.size - of_negative]) if of_negative else 1.0,
    }


def calls(probabilities: np.ndarray, limits: Mapping[str, Any]) -> np.ndarray:
    """`positive`, `negative` or `by_eye` (n,) for probabilities (n,): what cannot be the one and can be the other.

    `by_eye` is what can be both, or neither.
    """
    may_be_positive = probabilities >= limits["negative_below"]
    may_be_negative = probabilities <= limits["positive_above"]
    called = np.where(may_be_positive & ~may_be_negative, POSITIVE, BY_EYE)
    return np.where(may_be_negative & ~may_be_positive, NEGATIVE, called)


def allowed_errors(
    validation_rows: int, rows: int, error_rate: float = ERROR_RATE, confidence: float = 0.95
) -> tuple[int, int]:
    """Between how many of the new rows of a class are called the other, in a share `confidence` of all cases.

    The limits are an order statistic of the class's validation rows, so of `rows` new ones as many are beyond as a
    beta-binomial distribution says (Vovk 2013): the mean over validation sets is what was promised, one set more or
    less. That is for rows drawn one by one: those of one star err together, and vary more.

    Parameters
    ----------
    validation_rows
        Of the class, when the limits were taken.
    rows
        Of the class, new.
    """
    wrong = int(np.floor(error_rate * (validation_rows + 1)))
    if not wrong:
        return 0, 0
    beyond = betabinom(rows, wrong, validation_rows + 1 - wrong)
    return int(beyond.ppf((1 - confidence) / 2)), int(beyond.ppf((1 + confidence) / 2))
