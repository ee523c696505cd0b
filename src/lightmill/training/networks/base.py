"""What every network has in common."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from torch import Tensor, nn

from lightmill.views.layout import NUMBERS

# The shape of one signal's row of an array, as a model's description has it: bins, or rows and bins.
Bins = int | Sequence[int]


class Network(nn.Module, ABC):
    """A network that takes views by name and gives one logit per signal.

    Attributes
    ----------
    view_names
        The arrays of a dataset that it looks at.
    mirrored
        Whether it is scored on views and on their mirror images, and the mean taken.
    early_groups
        Where the early layers end among the `layer_groups`: counted from behind, as in a slice.
    head
        The dense layers that make one logit (n, 1) of features (n, features), one after the other; if anything is
        dropped out, then here: `lightmill.training.dropout` draws the head many times for one trunk.
    """

    view_names: tuple[str, ...]
    mirrored: bool = False
    early_groups: int = -1
    head: nn.Sequential

    @classmethod
    def looks_at(cls, arrays: Collection[str]) -> tuple[str, ...]:
        """What a network of this kind looks at where a dataset has these arrays; by default always the same."""
        return cls.view_names

    def forward(self, views: Mapping[str, Tensor]) -> Tensor:
        """Logits (n,) float32 of the positive class, from views (n, bins) float32 by name."""
        logits: Tensor = self.head(self.features(views))
        return logits.squeeze(1)

    @abstractmethod
    def features(self, views: Mapping[str, Tensor]) -> Tensor:
        """What the head is given: (n, features) float32, from views (n, bins) float32 by name."""

    @abstractmethod
    def layer_groups(self) -> list[list[nn.Module]]:
        """All layers that have weights, in groups: those that see the views first, and so on; the last is the head."""

    def early_layers(self) -> list[nn.Module]:
        """The layers that see the views first: what the transfer strategy `frozen` keeps as it is."""
        return [layer for group in self.layer_groups()[: self.early_groups] for layer in group]


def by_depth(columns: Sequence[Sequence[Sequence[nn.Module]]]) -> list[list[nn.Module]]:
    """The blocks of columns side by side, each a list of layers, as groups of layers: the last ones belong together."""
    depth = max(len(blocks) for blocks in columns)
    groups: list[list[nn.Module]] = [[] for _ in range(depth)]
    for blocks in columns:
        for group, block in zip(groups[depth - len(blocks) :], blocks, strict=True):
            group.extend(block)
    return groups


def bins_of(array: np.ndarray) -> Bins:
    """The shape of one signal's row of an array (n, bins) or (n, rows, bins)."""
    return int(array.shape[1]) if array.ndim == 2 else [int(axis) for axis in array.shape[1:]]


def bins_text(bins: Bins) -> str:
    """The shape in words for people: `201`, or `20 × 31`."""
    return str(bins) if isinstance(bins, int) else " × ".join(map(str, bins))


def one_axis(view_bins: Mapping[str, Bins], name: str) -> int:
    """The number of bins of a view that is one row of them."""
    bins = view_bins[name]
    assert isinstance(bins, int), f"{name} has rows and bins: {bins}"
    return bins


def mirror_images(views: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The views as they were if time ran backwards; numbers have no direction."""
    return {name: view if name == NUMBERS else view.flip(-1) for name, view in views.items()}


def dense_head(features: int, widths: Sequence[int], dropout: float) -> nn.Sequential:
    """Dense layers with a ReLU after each, and a last one to the logit: (n, features) → (n, 1).

    `dropout` is the share that is dropped, in training, of what each layer but the last gives. The first layer, by far
    the largest, so belongs to what passes of dropout have in common. Weights have the same names whatever the share.
    """
    head = nn.Sequential()
    for place, width in enumerate(widths):
        head.add_module(f"{2 * place}", nn.Linear(features, width))
        head.add_module(f"{2 * place + 1}", nn.ReLU())
        if dropout:
            head.add_module(f"dropout_{place}", nn.Dropout(dropout))
        features = width
    head.add_module(f"{2 * len(widths)}", nn.Linear(features, 1))
    return head
