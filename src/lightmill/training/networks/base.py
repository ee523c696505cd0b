"""What every network has in common."""

from abc import ABC, abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn


class Network(nn.Module, ABC):
    """A network that takes views by name and gives one logit per signal.

    Attributes
    ----------
    view_names
        The views of a dataset that it looks at.
    """

    view_names: tuple[str, ...]

    @abstractmethod
    def forward(self, views: Mapping[str, Tensor]) -> Tensor:
        """Logits (n,) float32 of the positive class, from views (n, bins) float32 by name."""

    @abstractmethod
    def early_layers(self) -> list[nn.Module]:
        """The layers that see the views first: what the transfer strategy `frozen` keeps as it is."""
