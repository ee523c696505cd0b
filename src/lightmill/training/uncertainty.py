"""How unsure an ensemble is of a signal, and of what kind its doubt is.

The doubt of the mean prediction, its entropy, is the sum of two (Depeweg et al. 2018, ICML, 1184; Smith and Gal 2018,
UAI, 560). Aleatoric: the members' own doubt, on average; each sees a signal that could be either. Epistemic: the mutual
information of the label and the choice of member; each may be sure, but not all of the same. Entropies are in nats: a
coin toss has ln 2 = 0.693.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import entr, kl_div

_LEAST = np.finfo(np.float64).tiny


class Uncertainty(NamedTuple):
    """What k members say of n signals, each (n,) float64.

    Attributes
    ----------
    mean
        Of the probabilities.
    spread
        Their standard deviation.
    total
        Entropy of the mean, in nats; the sum of the other two.
    aleatoric
        Mean of the entropies, in nats.
    epistemic
        Mutual information, in nats: mean divergence of the members from their mean. Never below 0, and 0 only where
        all say the same.
    """

    mean: np.ndarray
    spread: np.ndarray
    total: np.ndarray
    aleatoric: np.ndarray
    epistemic: np.ndarray


def uncertainty(probabilities: np.ndarray) -> Uncertainty:
    """Mean, spread and doubt of probabilities (k, n) of the positive class, 0 and 1 among them.

    The k are members of an ensemble, or passes of dropout.
    """
    p = np.asarray(probabilities, np.float64)
    mean = p.mean(axis=0)
    # The difference of the entropies, as a sum of what is never negative: it keeps its digits where members agree.
    epistemic = (_divergence(p) + _divergence(1 - p)).mean(axis=0)
    return Uncertainty(
        mean=mean,
        spread=p.std(axis=0),
        total=binary_entropy(mean),
        aleatoric=binary_entropy(p).mean(axis=0),
        epistemic=epistemic,
    )


def _divergence(probabilities: np.ndarray) -> np.ndarray:
    """One side's part (k, n) of the divergence of each member from the mean."""
    # A mean may round to 0 where a member is just above it.
    return np.asarray(kl_div(probabilities, np.maximum(probabilities.mean(axis=0), _LEAST)))


def binary_entropy(probabilities: np.ndarray) -> np.ndarray:
    """Entropy in nats of probabilities of any shape, 0 where they are 0 or 1."""
    return np.asarray(entr(probabilities) + entr(1 - probabilities))
