"""One epoch of `dual_branch`, whose convolutions are two-dimensional with channels last, against plain Conv1d.

The same network with the same first weights, fitted by the same loop to the same made-up views: only the form of the
convolutions differs. An epoch is the steps over the training set, scores of a validation set, metrics and checkpoint.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from benchmarks.records import Peer, Record, release, side_by_side
from lightmill.config.training import TrainingSettings
from lightmill.config.views import ViewSettings
from lightmill.training.checkpoint import Checkpoint
from lightmill.training.determinism import seed_torch
from lightmill.training.examples import Examples
from lightmill.training.fitting import fit, score_views
from lightmill.training.networks.base import Network
from lightmill.training.networks.dual_branch import (
    BRANCH_FEATURES,
    FILTERS,
    HEAD_FEATURES,
    KERNEL,
    POOL,
    DualBranch,
)


class PlainBranch(nn.Module):
    """A branch of `dual_branch` as one would write it first."""

    def __init__(self, bins: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            nn.Conv1d(1, FILTERS, KERNEL, padding=KERNEL // 2),
            nn.ReLU(),
            nn.MaxPool1d(POOL),
            nn.Conv1d(FILTERS, FILTERS, KERNEL, padding=KERNEL // 2),
            nn.ReLU(),
            nn.MaxPool1d(POOL),
        )
        self.dense = nn.Linear(FILTERS * (bins // POOL // POOL), BRANCH_FEATURES)

    def forward(self, view: Tensor) -> Tensor:
        return torch.relu(self.dense(self.convolutions(view[:, None, :]).flatten(1)))


class PlainDualBranch(Network):
    """`dual_branch` with one-dimensional convolutions."""

    view_names = DualBranch.view_names

    def __init__(self, view_bins: Mapping[str, int]) -> None:
        super().__init__()
        self.branches = nn.ModuleDict({name: PlainBranch(view_bins[name]) for name in self.view_names})
        self.head = nn.Sequential(
            nn.Linear(len(self.view_names) * BRANCH_FEATURES, HEAD_FEATURES), nn.ReLU(), nn.Linear(HEAD_FEATURES, 1)
        )

    def forward(self, views: Mapping[str, Tensor]) -> Tensor:
        features = [branch(views[name]) for name, branch in self.branches.items()]
        return self.head(torch.cat(features, dim=1)).squeeze(1)

    def early_layers(self) -> list[nn.Module]:
        return [branch.get_submodule("convolutions") for branch in self.branches.values()]


def compare(folder: Path, samples: int = 2048, repeats: int = 5) -> Iterator[Record]:
    views = ViewSettings()
    lengths = {"global": views.global_.length, "local": views.local.length}
    train, validation = _examples(lengths, samples, seed=1), _examples(lengths, 128, seed=2)
    settings = TrainingSettings(epochs=1)
    seed_torch(1, 0)
    first = DualBranch(lengths).state_dict()
    # The kernels lose the height of the image, (16, 1, 1, 5) -> (16, 1, 5); all else is the same.
    plain = {name: weight.squeeze(2) if weight.dim() == 4 else weight for name, weight in first.items()}

    def epoch(network: Network, weights: Mapping[str, Tensor]) -> np.ndarray:
        """Logits of the validation set after one epoch."""
        network.load_state_dict(weights)
        path = folder / "checkpoint"
        path.unlink(missing_ok=True)
        fit(network, train, validation, settings, 1, Checkpoint(path, ""))
        return score_views(network, validation.views)

    yield side_by_side(
        "training_dual_branch",
        partial(epoch, DualBranch(lengths), first),
        Peer(f"{release('torch')} Conv1d", partial(epoch, PlainDualBranch(lengths), plain)),
        unit="sample",
        n=samples,
        repeats=repeats,
        difference=lambda ours, theirs: np.abs(ours - theirs).max(),
        difference_in="of the logits after it",
    )


def _examples(lengths: Mapping[str, int], n: int, seed: int) -> Examples:
    """Noise with a dip in the middle of the positives: times do not depend on what is in the views."""
    generator = np.random.default_rng(seed)
    labels = (np.arange(n) % 2).astype(np.float32)
    views = {name: generator.normal(size=(n, bins)).astype(np.float32) for name, bins in lengths.items()}
    views["local"][labels == 1, lengths["local"] // 2 - 5 : lengths["local"] // 2 + 6] -= 3
    return Examples(views, labels, pd.DataFrame(index=range(n)))
