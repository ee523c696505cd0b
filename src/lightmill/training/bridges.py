"""Views of one survey degraded to look like those of another, while a network learns from them.

Surveys differ in noise, in how many transits they see and in how long they expose. A network that is to be brought to
another survey may learn from views as that survey would have them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lightmill.config.bridges import BridgeSettings
from lightmill.errors import ViewError
from lightmill.training.dataset import Dataset, read_dataset
from lightmill.training.degrading import FIRST, coarser, fewer_transits, is_near, noisier, on_scale, relative_scatter
from lightmill.training.networks.base import Bins, bins_of, bins_text


@dataclass(frozen=True)
class Bridge:
    """What the views of an experiment are to look like.

    Attributes
    ----------
    settings
        What is done to them.
    target, version
        Name and content hash of the dataset that they are to look like.
    scale, bins
        Of its views: how they are scaled, and the lengths of those in FIRST.
    rows
        How many training rows it has, labelled or not.
    scatter
        Their scatter (rows,) as of `relative_scatter`, by view in FIRST, where it is finite.
    """

    settings: BridgeSettings
    target: str
    version: str
    scale: str
    bins: Mapping[str, Bins]
    rows: int
    scatter: Mapping[str, np.ndarray]

    @property
    def description(self) -> dict[str, Any]:
        """What a model's description says of it."""
        target = {"name": self.target, "version": self.version, "rows": self.rows}
        return {**self.settings.model_dump(exclude={"to"}), "to": target}


def read_bridge(target: str | Path, settings: BridgeSettings) -> Bridge:
    """A bridge to the dataset in the folder `target`, of which only views of the training split are looked at.

    Raises ViewError if the dataset is damaged, or has no view in its training split that dips.
    """
    data = read_dataset(target)
    rows = np.flatnonzero(data.meta["split"].to_numpy(str) == "train")
    scatter = {}
    for name in FIRST:
        of_all = relative_scatter(torch.from_numpy(np.asarray(data.views[name][rows]))).numpy()
        scatter[name] = of_all[np.isfinite(of_all)]
        if not len(scatter[name]):
            raise ViewError(
                f"{target}: no {name} view in its training split falls below its median, so nothing says what views of "
                f"{data.name} look like; name another dataset under bridge.to"
            )
    return Bridge(
        settings=settings,
        target=data.name,
        version=data.version,
        scale=str(data.manifest["description"]["scale"]),
        bins={name: bins_of(data.views[name]) for name in FIRST},
        rows=len(rows),
        scatter=scatter,
    )


def require_bridge(bridge: Bridge, dataset: Dataset) -> None:
    """Raise ViewError unless the views of a dataset have the lengths and the scale of those of the bridge's target."""
    for name, bins in bridge.bins.items():
        here = bins_of(dataset.views[name])
        if here != bins:
            raise ViewError(
                f"bridge: {name} views of {bins_text(here)} bins in dataset {dataset.name}, of {bins_text(bins)} in "
                f"{bridge.target}; noise of one says nothing of the other. Bring both to one length (imported_views."
                "<name>.rebin, or the lengths under views)"
            )
    scale = dataset.manifest["description"]["scale"]
    if scale != bridge.scale:
        raise ViewError(
            f"bridge: the views of dataset {dataset.name} are scaled by {scale!r}, those of {bridge.target} by "
            f"{bridge.scale!r}; make both with one scale"
        )


def wanted_scatter(views: Mapping[str, Tensor], bridge: Bridge) -> dict[str, Tensor]:
    """The relative scatter (n,) that each of the views (n, bins) in FIRST is to have, by name.

    That of the target's view at the same rank: the quantiles of the one distribution become those of the other, and
    signals stay in their order. (Drawn at random instead, a quiet signal would get the noise of a faint one, and where
    both surveys are equally noisy the examples would become noisier than either.) Empty where no noise is added.
    """
    wanted: dict[str, Tensor] = {}
    if bridge.settings.noise:
        for name in FIRST:
            rank = relative_scatter(views[name]).argsort(stable=True).argsort().cpu().numpy()
            quantiles = np.quantile(bridge.scatter[name], (rank + 0.5) / len(rank))
            wanted[name] = torch.from_numpy(quantiles.astype(np.float32)).to(views[name].device)
    return wanted


def degraded(views: Mapping[str, Tensor], wanted: Mapping[str, Tensor], bridge: Bridge) -> dict[str, Tensor]:
    """The views of a batch as the target's survey would have them, by torch's generator, on their scale again.

    Parameters
    ----------
    views
        By name, (n, bins) or (n, rows, bins); numbers that were measured stay as they are.
    wanted
        The rows of `wanted_scatter` that belong to them.
    bridge
        What is done.
    """
    settings, changed, run = bridge.settings, dict(views), 1
    if settings.transits < 1:
        changed = fewer_transits(changed, settings.transits)
    if settings.coarse_bins > 1:
        run = int(torch.randint(1, settings.coarse_bins + 1, ()))
        changed = {name: coarser(view, run) if is_near(name) else view for name, view in changed.items()}
    if wanted:
        changed = noisier(changed, wanted, run)
    return on_scale(changed, bridge.scale)
