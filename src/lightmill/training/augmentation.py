"""Examples changed at random while a network learns, so that it learns what stays the same."""

from collections.abc import Mapping
from statistics import NormalDist

import torch
from torch import Tensor

from lightmill.config.training import Augmentation

# The median absolute deviation of a normal distribution times this is its sigma. (Not taken from the views' kernels:
# training is not to run again when those change.)
MAD_TO_SIGMA = 1.0 / NormalDist().inv_cdf(0.75)
# Views of the whole period are left where they are: their middle is the transit, and so are their ends.
WHOLE = ("global", "half_period", "twice_period")
_SCATTER = "_scatter"


def view_noise(views: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The robust scatter of each view's bins, (n, 1) float32, by name; not of arrays that are a scatter themselves."""
    noise = {}
    for name, view in views.items():
        if not name.endswith(_SCATTER):
            flat = view.flatten(1)
            apart = (flat - flat.median(dim=1, keepdim=True).values).abs()
            noise[name] = MAD_TO_SIGMA * apart.median(dim=1, keepdim=True).values
    return noise


def augmented(views: Mapping[str, Tensor], noise: Mapping[str, Tensor], settings: Augmentation) -> dict[str, Tensor]:
    """The views (n, bins) of a batch, changed by torch's generator; the noise is theirs, as `view_noise` gives it."""
    changed = dict(views)
    count = len(next(iter(views.values())))
    if settings.mirror:
        mirrored = torch.rand(count) < 0.5
        changed = {name: torch.where(mirrored[:, None], view.flip(-1), view) for name, view in changed.items()}
    if settings.shift_bins:
        shift = int(torch.randint(-settings.shift_bins, settings.shift_bins + 1, ()))
        changed = {
            name: view if name.removesuffix(_SCATTER) in WHOLE else view.roll(shift, -1)
            for name, view in changed.items()
        }
    if settings.noise:
        amount = settings.noise * torch.rand(count, 1)
        for name in noise:
            changed[name] = changed[name] + torch.randn_like(changed[name]) * (noise[name] * amount)
    return changed
