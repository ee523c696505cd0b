"""Whether signals look like those that an ensemble was calibrated on; where they do not, its shares are none.

A classifier is asked to tell the two apart (Lopez-Paz and Oquab 2017, ICLR); the area under its ROC curve, on signals
that it was not fitted to, is 0.5 where it cannot. It is shown what the last layer of one network is given: a shift of
which nothing is left there moves no probability. It cannot know whether the labels of like signals are like, and
another share of positives is a shift too.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch import nn

from lightmill.training.determinism import deterministic
from lightmill.training.fitting import batches, both_sides
from lightmill.training.networks.base import Network

# Above it calibration does not carry over. Of 50 signals and 50 that are alike, five in a thousand such
# pairs are told apart so well.
LARGEST_AUC = 0.7
FEWEST = 50
MOST = 1000
FOLDS = 5
VALID, NOT_VALID, TOO_FEW = "valid", "not valid here", "too few to tell"


class Shift(NamedTuple):
    """How well scored signals can be told from those of the calibration.

    Attributes
    ----------
    auc
        Area under the ROC curve; NaN with too few signals.
    calibration
        `valid`, `not valid here`, or `too few to tell`.
    """

    auc: float
    calibration: str

    def __str__(self) -> str:
        if np.isnan(self.auc):
            return f"{self.calibration} (a check takes {FEWEST} stars)"
        return f"{self.calibration} (AUC {self.auc:.2f} of telling these signals from those that it was calibrated on)"


def head_features(network: Network, views: Mapping[str, np.ndarray]) -> np.ndarray:
    """What the last layer of a network is given of views (n, bins) by name: (n, width) float32.

    Of a `mirrored` network the mean over views and their mirror images. Runs on one thread, in evaluation mode.
    """
    device = next(network.parameters()).device
    network.eval()
    *layers, last = list(network.head)
    if not isinstance(last, nn.Linear):
        raise TypeError(f"the last layer of a head makes the logit and is dense, but this one is {last}")
    before_last = nn.Sequential(*layers)
    parts = []
    with deterministic(), torch.inference_mode():
        for batch in batches(views, network.view_names, device):
            sides = [before_last(network.features(side)) for side in both_sides(network, batch)]
            parts.append(torch.stack(sides).mean(dim=0).cpu().numpy())
    return np.concatenate(parts) if parts else np.zeros((0, last.in_features), np.float32)


def one_of_each(stars: np.ndarray) -> np.ndarray:
    """Indices, in rising order, of one row at random of each of the names `stars` (n,), of at most MOST of these.

    Signals of one star are alike, and would tell by each other on which side they stand.
    """
    order = np.random.default_rng(0).permutation(len(stars))
    _, first = np.unique(np.asarray(stars)[order], return_index=True)
    return np.sort(order[np.sort(first)[:MOST]])


def star_features(network: Network, views: Mapping[str, np.ndarray], stars: np.ndarray) -> np.ndarray:
    """The features of one signal of each star, (m, width) float32, from views (n, bins) by name and stars (n,)."""
    chosen = one_of_each(stars)
    return head_features(network, {name: views[name][chosen] for name in network.view_names})


def shift_from(reference: np.ndarray, network: Network, views: Mapping[str, np.ndarray], stars: np.ndarray) -> Shift:
    """Whether what was calibrated on signals with the features `reference` (m, width) holds for other signals.

    `reference` is what `star_features` gives of the same network for the rows that the calibration was fitted on;
    `views` (n, bins) by name and `stars` (n,) are those of the other signals.
    """
    return shift_between(reference, star_features(network, views, stars))


def shift_between(reference: np.ndarray, features: np.ndarray) -> Shift:
    """Whether two sets of features, (m, width) and (n, width), can be told apart, each of one signal a star."""
    if min(len(reference), len(features)) < FEWEST:
        return Shift(np.nan, TOO_FEW)
    rows = np.concatenate([reference, features])
    other = np.repeat([0, 1], [len(reference), len(features)])
    model = HistGradientBoostingClassifier(
        learning_rate=0.1, max_iter=50, max_leaf_nodes=7, early_stopping=False, random_state=0
    )
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    with threadpool_limits(limits=1):
        chance = cross_val_predict(model, rows, other, cv=folds, method="predict_proba")[:, 1]
    auc = float(roc_auc_score(other, chance))
    return Shift(auc, VALID if auc <= LARGEST_AUC else NOT_VALID)
