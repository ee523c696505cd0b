"""What every network has in common."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """A network that takes views by name and gives one logit per signal.

    Attributes
    ----------
    view_names
        The arrays of a dataset that it looks at.
    mirrored
        Whether it is scored on views and on their mirror images, and the mean taken.
    head
        The dense layers that make one logit (n, 1) of features (n, features); if anything is dropped out, then here.
    """

    view_names: tuple[str, ...]
    mirrored: bool = False
    head: nn.Module

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
    def early_layers(self) -> list[nn.Module]:
        """The layers that see the views first: what the transfer strategy `frozen` keeps as it is."""
