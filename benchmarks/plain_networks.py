"""`dual_branch` and `astronet` as one would write them first: one-dimensional convolutions, trained by a plain loop."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from lightmill.training.networks import astronet, dual_branch


class PlainDualBranch(nn.Module):
    """Two branches of convolution and pooling, and a dense head."""

    def __init__(self, view_lengths: Mapping[str, int]) -> None:
        super().__init__()
        filters, kernel, pool = dual_branch.FILTERS, dual_branch.KERNEL, dual_branch.POOL
        self.convolutions = nn.ModuleDict()
        self.dense = nn.ModuleDict()
        for name in dual_branch.DualBranch.view_names:
            self.convolutions[name] = nn.Sequential(
                nn.Conv1d(1, filters, kernel, padding=kernel // 2),
                nn.ReLU(),
                nn.MaxPool1d(pool),
                nn.Conv1d(filters, filters, kernel, padding=kernel // 2),
                nn.ReLU(),
                nn.MaxPool1d(pool),
            )
            features = filters * (view_lengths[name] // pool // pool)
            self.dense[name] = nn.Linear(features, dual_branch.BRANCH_FEATURES)
        self.head = nn.Sequential(
            nn.Linear(len(self.dense) * dual_branch.BRANCH_FEATURES, dual_branch.HEAD_FEATURES),
            nn.ReLU(),
            nn.Linear(dual_branch.HEAD_FEATURES, 1),
        )

    def forward(self, views: Mapping[str, Tensor]) -> Tensor:
        seen = {name: layers(views[name][:, None, :]).flatten(1) for name, layers in self.convolutions.items()}
        features = [torch.relu(self.dense[name](one)) for name, one in seen.items()]
        return self.head(torch.cat(features, dim=1)).squeeze(1)


class PlainAstroNet(nn.Module):
    """Two columns of convolutions, and four dense layers."""

    def __init__(self, view_lengths: Mapping[str, int]) -> None:
        super().__init__()
        self.columns = nn.ModuleDict()
        features = 0
        for name, (filters, pool) in astronet.COLUMNS.items():
            layers: list[nn.Module] = []
            before, bins = 1, view_lengths[name]
            for width in filters:
                for _ in range(astronet.CONVOLUTIONS):
                    layers += [nn.Conv1d(before, width, astronet.KERNEL, padding=astronet.KERNEL // 2), nn.ReLU()]
                    before = width
                layers.append(nn.MaxPool1d(pool, stride=astronet.POOL_STRIDE))
                bins = astronet.pooled(bins, pool)
            self.columns[name] = nn.Sequential(*layers)
            features += before * bins
        dense: list[nn.Module] = []
        for width in astronet.DENSE:
            dense += [nn.Linear(features, width), nn.ReLU()]
            features = width
        self.head = nn.Sequential(*dense, nn.Linear(features, 1))

    def forward(self, views: Mapping[str, Tensor]) -> Tensor:
        features = [column(views[name][:, None, :]).flatten(1) for name, column in self.columns.items()]
        return self.head(torch.cat(features, dim=1)).squeeze(1)


PLAIN: dict[str, type[nn.Module]] = {"dual_branch": PlainDualBranch, "astronet": PlainAstroNet}


def train_plainly(
    network: nn.Module, views: Mapping[str, np.ndarray], labels: np.ndarray, epochs: int, batch_size: int, rate: float
) -> Iterator[int]:
    """Fit a network with Adam to views (n, bins) and labels (n,), in float32; yields after each epoch."""
    inputs = {name: torch.from_numpy(view) for name, view in views.items()}
    wanted = torch.from_numpy(labels)
    optimiser = torch.optim.Adam(network.parameters(), lr=rate)
    for epoch in range(1, epochs + 1):
        network.train()
        for batch in torch.randperm(len(wanted)).split(batch_size):
            logits = network({name: view[batch] for name, view in inputs.items()})
            loss = nn.functional.binary_cross_entropy_with_logits(logits, wanted[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        yield epoch


def score_plainly(network: nn.Module, views: Mapping[str, np.ndarray], batch_size: int = 1024) -> np.ndarray:
    """Logits (n,) of views (n, bins)."""
    inputs: Sequence[Mapping[str, Tensor]] = [
        {name: torch.from_numpy(view[start : start + batch_size]) for name, view in views.items()}
        for start in range(0, len(next(iter(views.values()))), batch_size)
    ]
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(batch) for batch in inputs]).numpy()
