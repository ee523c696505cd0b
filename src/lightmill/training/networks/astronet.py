"""`astronet`: the network of Shallue and Vanderburg (2018, AJ 155, 94), by its authors' configuration `local_global`.

Two columns of convolutions, one for each view, joined by four dense layers of 512. For views of 2,001 and 201 bins it
has 9,940,193 weights.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from lightmill.errors import ModelError
from lightmill.training.networks.base import Bins, Network, by_depth, dense_head, one_axis

KERNEL = 5
CONVOLUTIONS = 2  # in each block
POOL_STRIDE = 2
# By view: filters of each block, and the width of the pooling after it.
COLUMNS = {"global": ((16, 32, 64, 128, 256), 5), "local": ((16, 32), 7)}
DENSE = (512, 512, 512, 512)


def pooled(bins: int, pool: int) -> int:
    """How many bins a pooling leaves."""
    return (bins - pool) // POOL_STRIDE + 1


def fewest_bins(blocks: int, pool: int) -> int:
    """The shortest view of which so many poolings leave anything."""
    bins = 1
    for _ in range(blocks):
        bins = (bins - 1) * POOL_STRIDE + pool
    return bins


class Column(nn.Module):
    """One view (n, bins) → (n, features); one-dimensional convolutions written as two-dimensional ones of height 1."""

    def __init__(self, bins: int, filters: Sequence[int], pool: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for width in filters:
            for _ in range(CONVOLUTIONS):
                layers += [nn.Conv2d(before, width, (1, KERNEL), padding=(0, KERNEL // 2)), nn.ReLU()]
                before = width
            # Before the last rectifier, which then has half as much to do; the outcome is the same.
            layers.insert(-1, nn.MaxPool2d((1, pool), stride=(1, POOL_STRIDE)))
            bins = pooled(bins, pool)
        self.convolutions = nn.Sequential(*layers)
        self.convolutions.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.features = before * bins

    def forward(self, view: Tensor) -> Tensor:
        """Features (n, features) of a view (n, bins)."""
        image = view[:, None, None, :].contiguous(memory_format=torch.channels_last)
        return self.convolutions(image).flatten(1)


class AstroNet(Network):
    """Global and local view → one logit."""

    view_names = ("global", "local")

    def __init__(self, view_bins: Mapping[str, Bins], dropout: float = 0.0) -> None:
        super().__init__()
        for name, (filters, pool) in COLUMNS.items():
            fewest = fewest_bins(len(filters), pool)
            if one_axis(view_bins, name) < fewest:
                raise ModelError(
                    f"astronet: {name} views of {view_bins[name]} bins, too few for its {len(filters)} poolings; "
                    f"expected at least {fewest}"
                )
        self.columns = nn.ModuleDict(
            {name: Column(one_axis(view_bins, name), *COLUMNS[name]) for name in self.view_names},
        )
        features = sum(int(column.features) for column in self.columns.values())  # type: ignore[arg-type,misc]
        self.head = dense_head(features, DENSE, dropout)

    def features(self, views: Mapping[str, Tensor]) -> Tensor:
        """Those of all columns (n, features), from views (n, bins)."""
        return torch.cat([column(views[name]) for name, column in self.columns.items()], dim=1)

    def layer_groups(self) -> list[list[nn.Module]]:
        """The convolutions block by block, the last of both columns together, and the head."""
        columns = []
        for column in self.columns.values():
            layers = [layer for layer in column.modules() if isinstance(layer, nn.Conv2d)]
            columns.append([layers[place : place + CONVOLUTIONS] for place in range(0, len(layers), CONVOLUTIONS)])
        return [*by_depth(columns), [self.head]]
