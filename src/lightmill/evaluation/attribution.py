"""What in the views of a signal speaks for it, and what against: integrated gradients, and views made flat."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import torch
from captum.attr import IntegratedGradients  # type: ignore[import-untyped]
from torch import Tensor

from lightmill.training.determinism import deterministic
from lightmill.training.fitting import score_batch
from lightmill.training.networks.base import Network
from lightmill.views.layout import SCATTERS

# Points on the way from flat views to those of a signal, and signals that go it at a time.
STEPS = 64
SIGNALS = 16
# Views that go through a network at once: what it takes in memory follows from it.
ROWS = 64


class Attribution(NamedTuple):
    """Where the logits of n signals come from.

    Attributes
    ----------
    arrays
        By name, of the shape of the views, float32: what each bin adds to the logit. Positive speaks for the positive
        class.
    logit
        (n,) float64, the mean of the networks'.
    flat_logit
        (n,) float64, the same of flat views.
    """

    arrays: dict[str, np.ndarray]
    logit: np.ndarray
    flat_logit: np.ndarray

    def completeness(self) -> np.ndarray:
        """What the sum of a signal's attributions is off the difference of its two logits, (n,) float64."""
        summed = np.sum([_of_signals(array).sum(axis=1) for array in self.arrays.values()], axis=0)
        return np.asarray(summed - (self.logit - self.flat_logit))

    def shares(self) -> dict[str, np.ndarray]:
        """By view, its flux and its scatter together: its share of the attributions, all taken as positive, (n,)."""
        sizes = {
            view: np.sum([_of_signals(np.abs(self.arrays[name])).sum(axis=1) for name in names], axis=0)
            for view, names in arrays_by_view(self.arrays).items()
        }
        total = np.sum(list(sizes.values()), axis=0)
        return {view: size / np.where(total > 0, total, 1.0) for view, size in sizes.items()}


def _of_signals(array: np.ndarray) -> np.ndarray:
    return array.reshape(len(array), -1).astype(np.float64)


def arrays_by_view(names: Sequence[str] | Mapping[str, object]) -> dict[str, list[str]]:
    """The arrays of each view: its flux, and its scatter where there is one."""
    views: dict[str, list[str]] = {}
    for name in names:
        views.setdefault(name.removesuffix(SCATTERS), []).append(name)
    return views


def flat_views(views: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Views (n, ...) of nothing: flux and numbers are 0, a scatter is its own median wherever it is known."""
    flat = {}
    for name, view in views.items():
        flat[name] = np.zeros_like(view)
        if name.endswith(SCATTERS):
            known = np.where(view == 0, np.nan, view).reshape(len(view), -1)
            known[np.isnan(known).all(axis=1)] = 0
            median = np.nanmedian(known, axis=1).reshape(-1, *[1] * (view.ndim - 1))
            flat[name] = np.where(view == 0, 0, median).astype(view.dtype)
    return flat


def integrated_gradients(networks: Sequence[Network], views: Mapping[str, np.ndarray]) -> Attribution:
    """Which bins of the views make the networks' mean logit what it is.

    Integrated gradients (Sundararajan et al. 2017, ICML, 3319) along the straight way from flat views, by
    Gauss-Legendre quadrature: what is attributed to all bins adds up to the logit less that of flat views. Of a network
    that is scored on mirror images too, both directions are explained. Runs on one thread.

    Parameters
    ----------
    networks
        In evaluation mode, of one kind.
    views
        By name, (n, ...) float32; only those that the networks look at are explained.
    """
    names = networks[0].view_names
    views = {name: np.ascontiguousarray(views[name], np.float32) for name in names}
    flat = flat_views(views)
    count = len(views[names[0]])
    arrays = {name: np.zeros(views[name].shape, np.float64) for name in names}
    logits = np.zeros((2, count))
    with deterministic():
        for network in networks:
            method = IntegratedGradients(_Scored(network, names))
            for start in range(0, count, SIGNALS):
                rows = slice(start, start + SIGNALS)
                shown, nothing = (tuple(torch.from_numpy(one[name][rows]) for name in names) for one in (views, flat))
                parts = method.attribute(
                    shown, baselines=nothing, n_steps=STEPS, method="gausslegendre", internal_batch_size=ROWS
                )
                for name, part in zip(names, parts, strict=True):
                    arrays[name][rows] += part.detach().numpy() / len(networks)
                for place, of in enumerate((shown, nothing)):
                    with torch.inference_mode():
                        logits[place, rows] += method.forward_func(*of).numpy() / len(networks)
    return Attribution({name: array.astype(np.float32) for name, array in arrays.items()}, logits[0], logits[1])


class _Scored:
    """A network's score as a function of one tensor for each array, as captum calls it."""

    def __init__(self, network: Network, names: Sequence[str]) -> None:
        self.network, self.names = network.eval(), names

    def __call__(self, *arrays: Tensor) -> Tensor:
        return score_batch(self.network, dict(zip(self.names, arrays, strict=True)))
