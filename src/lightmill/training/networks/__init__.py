"""The registry of networks: every architecture by the name that the configuration calls it."""

from collections.abc import Mapping

from lightmill.errors import ModelError
from lightmill.training.networks.astronet import AstroNet
from lightmill.training.networks.base import Bins, Network
from lightmill.training.networks.dual_branch import DualBranch
from lightmill.training.networks.lightmill import Lightmill

# A new architecture is one file here, one line below, and one name in `config.training.Architecture`.
ARCHITECTURES: dict[str, type[Network]] = {
    "dual_branch": DualBranch,
    "astronet": AstroNet,
    "lightmill": Lightmill,
}


def build_network(architecture: str, view_bins: Mapping[str, Bins], dropout: float | None = None) -> Network:
    """A network with fresh weights from torch's generator, for views of the given numbers of bins.

    `dropout` is the share that its head drops in training, None the architecture's own. Raises ModelError for an
    unknown architecture and for a view that it needs and is not there.
    """
    if architecture not in ARCHITECTURES:
        raise ModelError(f"no architecture {architecture!r}; there are {', '.join(sorted(ARCHITECTURES))}")
    builder = ARCHITECTURES[architecture]
    wanted = builder.looks_at(view_bins)
    missing = [name for name in wanted if name not in view_bins]
    if missing:
        raise ModelError(
            f"{architecture} needs the views {', '.join(wanted)}; "
            f"the dataset has {', '.join(sorted(view_bins)) or 'none'}"
        )
    bins = {name: view_bins[name] for name in wanted}
    return builder(bins) if dropout is None else builder(bins, dropout)
