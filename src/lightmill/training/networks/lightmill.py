"""`lightmill`: residual convolutions over every view that there is, views that look alike through the same weights.

A column of residual blocks (He et al. 2016, CVPR, 770) for views of the whole period, and one for views of a transit's
surroundings, which the odd and the even transits and the secondary share with the local view: what a dip looks like is
learned once. Single transits go through a column of their own, and their mean and scatter from transit to transit are
what is kept of them; so does the centroid, both of its axes at once. Beside the flux of a view stands its scatter,
where the dataset has it, and beside all of them what was measured in numbers. Batch normalisation (Ioffe and Szegedy
2015, ICML, 448), dropout before the dense layers, and scores that are the mean over a view and its mirror image, for
time has no direction here.
"""

from collections.abc import Collection, Mapping, Sequence

import torch
from torch import Tensor, nn

from lightmill.training.networks.base import Bins, Network, by_depth
from lightmill.views.layout import NUMBERS, SCATTERS

KERNEL = 5
POOL, POOL_STRIDE = 3, 2
# Views whose bins mean the same share a column; filters of its blocks, and into how many bins at most it is pooled.
KINDS = {
    "whole": (("global", "half_period", "twice_period"), (16, 32, 64, 64), 16),
    "near": (("local", "odd", "even", "secondary"), (16, 32, 64), 8),
    "single": (("unfolded",), (16, 32), 8),
    "place": (("centroid",), (16, 32), 8),
}
# Both axes of the centroid are seen at once; every other view is one row of bins, or many rows of the same kind.
AXES = {"place": 2}
NEEDED = ("global", "local")
NUMBER_FEATURES = 32
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


class Column(nn.Module):
    """Blocks and poolings: (n, channels, 1, bins) → (n, features); neighbours are averaged to at most `most` bins."""

    def __init__(self, channels: int, filters: Sequence[int], most: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for width in filters:
            layers += [Block(before, width), nn.MaxPool2d((1, POOL), (1, POOL_STRIDE), (0, POOL // 2))]
            before = width
        self.blocks = nn.Sequential(*layers)
        self.width, self.poolings, self.most = before, len(filters), most

    def forward(self, image: Tensor) -> Tensor:
        """Features of an image with the channels last in memory."""
        seen: Tensor = self.blocks(image)
        together = -(-seen.shape[-1] // self.most)
        if together > 1:
            seen = nn.functional.avg_pool2d(seen, (1, together), ceil_mode=True)
        return seen.flatten(1)

    def features(self, bins: int) -> int:
        """How many of them there are for a view of so many bins."""
        for _ in range(self.poolings):
            bins = (bins + 1) // POOL_STRIDE
        return self.width * -(-bins // -(-bins // self.most))


class Lightmill(Network):
    """All views of one dataset → one logit."""

    mirrored = True

    def __init__(self, view_bins: Mapping[str, Bins], dropout: float = DROPOUT) -> None:
        super().__init__()
        self.view_names = tuple(view_bins)
        self.views = {kind: [name for name in names if name in view_bins] for kind, (names, *_) in KINDS.items()}
        # Of all views or of none: the views of one kind have as many channels.
        self.with_scatter = all(name + SCATTERS in view_bins for names in self.views.values() for name in names)
        self.columns = nn.ModuleDict()
        features = 0
        for kind, names in self.views.items():
            if not names:
                continue
            column = Column(AXES.get(kind, 1) * (1 + self.with_scatter), *KINDS[kind][1:])
            self.columns[kind] = column
            for name in names:
                bins = view_bins[name]
                each = column.features(bins if isinstance(bins, int) else bins[-1])
                features += 2 * each if kind == "single" else each
        self.columns.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.numbers: nn.Module | None = None
        if NUMBERS in view_bins:
            count = view_bins[NUMBERS]
            assert isinstance(count, int)
            self.numbers = nn.Sequential(nn.BatchNorm1d(count), nn.Linear(count, NUMBER_FEATURES), nn.ReLU())
            features += NUMBER_FEATURES
        self.head = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(features, DENSE), nn.ReLU(), nn.Dropout(dropout), nn.Linear(DENSE, 1)
        )

    @classmethod
    def looks_at(cls, arrays: Collection[str]) -> tuple[str, ...]:
        """Every view that it knows, and its scatter, as far as they are there; and the numbers that were measured."""
        known = [name for names, *_ in KINDS.values() for name in names]
        there = [name for name in known if name in arrays or name in NEEDED]
        scatters = [name + SCATTERS for name in there if name + SCATTERS in arrays]
        return (*there, *scatters, *([NUMBERS] if NUMBERS in arrays else []))

    def features(self, views: Mapping[str, Tensor]) -> Tensor:
        """Those of all columns and numbers (n, features), from arrays (n, bins) or (n, rows, bins)."""
        features = []
        for kind, names in self.views.items():
            for name in names:
                channels = [views[name]] + ([views[name + SCATTERS]] if self.with_scatter else [])
                # Depths of a thousand scatters are not a thousand times as deep as noise.
                channels = [torch.asinh(channel) for channel in channels]
                if kind == "single":
                    features.append(self._of_single(channels))
                else:
                    stacked = torch.cat(channels, dim=1) if kind in AXES else torch.stack(channels, dim=1)
                    features.append(self._column(kind, stacked))
        if self.numbers is not None:
            features.append(self.numbers(views[NUMBERS]))
        return torch.cat(features, dim=1)

    def _column(self, kind: str, channels: Tensor) -> Tensor:
        """Features (n, features) of (n, channels, bins)."""
        image = channels[:, :, None, :].contiguous(memory_format=torch.channels_last)
        features: Tensor = self.columns[kind](image)
        return features

    def _of_single(self, channels: list[Tensor]) -> Tensor:
        """Mean and standard deviation over transits (n, 2 × features) of arrays (n, transits, bins).

        Rows of zeros are transits that were not observed, and count for nothing. Of a signal without any the first
        such row is taken: a flat view.
        """
        n, transits, bins = channels[0].shape
        seen = (channels[0] != 0).any(dim=2)
        seen[:, 0] = True
        rows = torch.stack(channels, dim=2).reshape(n * transits, len(channels), bins)[seen.flatten()]
        of_row = self._column("single", rows).float()
        of_each = of_row.new_zeros(n * transits, of_row.shape[1])
        of_each[seen.flatten()] = of_row
        of_each = of_each.reshape(n, transits, -1)
        count = seen.sum(dim=1, keepdim=True)
        mean = of_each.sum(dim=1) / count
        variance = (seen[:, :, None] * (of_each - mean[:, None]) ** 2).sum(dim=1) / count
        # The root of 0 has no slope.
        return torch.cat([mean, torch.sqrt(variance + 1e-6)], dim=1)

    def layer_groups(self) -> list[list[nn.Module]]:
        """The blocks of all columns, the last ones together and with what the numbers go through; and the head."""
        columns = [
            [[block] for block in column.modules() if isinstance(block, Block)] for column in self.columns.values()
        ]
        groups = by_depth(columns)
        if self.numbers is not None:
            groups[-1].append(self.numbers)
        return [*groups, [self.head]]
