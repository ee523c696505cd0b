"""`lightmill`: residual convolutions over every view that there is, views that look alike through the same weights.

A column of residual blocks (He et al. 2016, CVPR, 770) for views of the whole period, and one for views of a transit's
surroundings, which the odd and the even transits and the secondary share with the local view: what a dip looks like is
learned once. Beside the flux of a view stands its scatter, where the dataset has it. Batch normalisation (Ioffe and
Szegedy 2015, ICML, 448), dropout before the dense layers, and scores that are the mean over a view and its mirror
image, for time has no direction here.
"""

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn

from lightmill.training.networks.base import Network

KERNEL = 5
POOL, POOL_STRIDE = 3, 2
# Views whose bins mean the same share a column; filters of its blocks.
KINDS = {
    "whole": (("global", "half_period", "twice_period"), (16, 32, 64, 64)),
    "near": (("local", "odd", "even", "secondary"), (16, 32, 64)),
}
NEEDED = ("global", "local")
SCATTER = "_scatter"
DENSE = 128
DROPOUT = 0.3


class Block(nn.Module):
    """Two convolutions beside a way past them: (n, before, 1, bins) → (n, after, 1, bins)."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.through = nn.Sequential(
            nn.Conv2d(before, after, (1, KERNEL), padding=(0, KERNEL // 2), bias=False),
            nn.BatchNorm2d(after),
            nn.ReLU(),
            nn.Conv2d(after, after, (1, KERNEL), padding=(0, KERNEL // 2), bias=False),
            nn.BatchNorm2d(after),
        )
        self.past = nn.Identity() if before == after else nn.Conv2d(before, after, 1, bias=False)

    def forward(self, image: Tensor) -> Tensor:
        """Both ways added."""
        return torch.relu(self.through(image) + self.past(image))


class Lightmill(Network):
    """All views of one dataset → one logit."""

    mirrored = True

    def __init__(self, view_lengths: Mapping[str, int], dropout: float = DROPOUT) -> None:
        super().__init__()
        self.view_names = tuple(view_lengths)
        self.views = {kind: [name for name in names if name in view_lengths] for kind, (names, _) in KINDS.items()}
        # Of all views or of none: the views of one kind have as many channels.
        self.with_scatter = all(name + SCATTER in view_lengths for names in self.views.values() for name in names)
        self.columns = nn.ModuleDict()
        features = 0
        for kind, (_, filters) in KINDS.items():
            layers: list[nn.Module] = []
            before = 1 + self.with_scatter
            for width in filters:
                layers += [Block(before, width), nn.MaxPool2d((1, POOL), (1, POOL_STRIDE), (0, POOL // 2))]
                before = width
            self.columns[kind] = nn.Sequential(*layers)
            for name in self.views[kind]:
                bins = view_lengths[name]
                for _ in filters:
                    bins = (bins + 1) // POOL_STRIDE
                features += before * bins
        self.columns.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(features, DENSE), nn.ReLU(), nn.Dropout(dropout), nn.Linear(DENSE, 1)
        )

    @classmethod
    def looks_at(cls, arrays: Collection[str]) -> tuple[str, ...]:
        """Every view that it knows, and its scatter, as far as they are there."""
        known = [name for names, _ in KINDS.values() for name in names]
        there = [name for name in known if name in arrays or name in NEEDED]
        return (*there, *(name + SCATTER for name in there if name + SCATTER in arrays))

    def features(self, views: Mapping[str, Tensor]) -> Tensor:
        """Those of all columns (n, features), from arrays (n, bins)."""
        features = []
        for kind, names in self.views.items():
            column = self.columns[kind]
            for name in names:
                channels = [views[name]]
                if self.with_scatter:
                    channels.append(views[name + SCATTER])
                # Depths of a thousand scatters are not a thousand times as deep as noise.
                image = torch.asinh(torch.stack(channels, dim=1))[:, :, None, :]
                features.append(column(image.contiguous(memory_format=torch.channels_last)).flatten(1))
        return torch.cat(features, dim=1)

    def early_layers(self) -> list[nn.Module]:
        """All columns."""
        return list(self.columns.children())
