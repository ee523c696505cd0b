"""Examples changed at random while a network learns, so that it learns what stays the same."""

from collections.abc import Mapping
from statistics import NormalDist

import torch
from torch import Tensor

from lightmill.config.training import Augmentation
from lightmill.training.networks.base import mirror_images
from lightmill.views.layout import NUMBERS, SCATTERS

# The median absolute deviation of a normal distribution times this is its sigma. (Not taken from the views' kernels:
# training is not to run again when those change.)
MAD_TO_SIGMA = 1.0 / NormalDist().inv_cdf(0.75)
# Views of the whole period are left where they are: their middle is the transit, and so are their ends.
WHOLE = ("global", "half_period", "twice_period")
LOCAL, UNFOLDED = "local", "unfolded"


def view_noise(views: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The robust scatter of each view's bins, (n, 1) or (n, rows, 1) float32, by name; not of scatters and numbers.

    Rows of zeros are transits that were not observed, and have none.
    """
    noise = {}
    for name, view in views.items():
        if name != NUMBERS and not name.endswith(SCATTERS):
            observed = (view != 0).any(dim=-1, keepdim=True)
            flat = view.masked_fill(~observed, torch.nan).flatten(1)
            apart = (flat - flat.nanmedian(dim=1, keepdim=True).values).abs()
            sigma = MAD_TO_SIGMA * apart.nanmedian(dim=1).values.nan_to_num()
            noise[name] = as_rows(sigma, view) * observed
    return noise


def augmented(views: Mapping[str, Tensor], noise: Mapping[str, Tensor], settings: Augmentation) -> dict[str, Tensor]:
    """The views (n, bins) or (n, rows, bins) of a batch, changed by torch's generator; `noise` as of `view_noise`.

    Numbers that were measured stay as they are.
    """
    changed = dict(views)
    count, device = len(views[LOCAL]), views[LOCAL].device
    if settings.bootstrap_transits and UNFOLDED in changed:
        changed |= _resampled(changed)
    if settings.mirror:
        chosen = torch.rand(count, device=device) < 0.5
        mirrored = mirror_images(changed)
        changed = {name: torch.where(as_rows(chosen, view), mirrored[name], view) for name, view in changed.items()}
    if settings.shift_bins:
        shift = int(torch.randint(-settings.shift_bins, settings.shift_bins + 1, ()))
        for name, view in changed.items():
            if name != NUMBERS and name.removesuffix(SCATTERS) not in WHOLE:
                # Single transits have fewer bins over the same time.
                changed[name] = view.roll(round(shift * view.shape[-1] / views[LOCAL].shape[-1]), -1)
    if settings.noise:
        amount = settings.noise * torch.rand(count, device=device)
        for name in noise:
            sigma = noise[name] * as_rows(amount, noise[name])
            changed[name] = changed[name] + torch.randn_like(changed[name]) * sigma
    if settings.gap:
        changed = _with_gaps(changed, settings.gap)
    return changed


def _resampled(views: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Single transits drawn anew from those of each signal, with replacement, and the local view moved with their mean.

    The bootstrap (Efron 1979, Ann. Stat. 7, 1): what the views would be had other transits been observed. Both views
    cover the same time: the bins of the local view move by what the mean of the transits does, on straight lines
    between, as if no more transits had been observed than are shown. Odd and even ones stay.
    """
    single = views[UNFOLDED]
    n, transits, bins = single.shape
    seen = (single != 0).any(dim=2)
    count = seen.sum(dim=1, keepdim=True)
    # Rows that were observed stand first.
    drawn = (torch.rand(n, transits, device=single.device) * count).long().clamp(max=transits - 1)
    drawn = torch.where(seen, drawn, torch.arange(transits, device=single.device).expand(n, -1))
    places = drawn[:, :, None].expand(-1, -1, bins)
    resampled = {
        name: view.gather(1, places) for name, view in views.items() if name.removesuffix(SCATTERS) == UNFOLDED
    }
    moved = (resampled[UNFOLDED] - single).sum(dim=1) / count.clamp(min=1)
    return {**resampled, LOCAL: moved_along(views[LOCAL], moved)}


def moved_along(local: Tensor, moved: Tensor) -> Tensor:
    """Local views (n, bins), moved as the mean of their single transits (n, fewer bins), on straight lines between."""
    stretched = torch.nn.functional.interpolate(
        moved[:, None], size=local.shape[-1], mode="linear", align_corners=False
    )
    return local + stretched[:, 0]


def _with_gaps(views: Mapping[str, Tensor], longest: float) -> dict[str, Tensor]:
    """Views of which a stretch, anywhere and up to this share of their length, is on the level: nothing was observed.

    Half of the examples have one, at the same place in a view's flux and scatter.
    """
    count, device = len(views[LOCAL]), views[LOCAL].device
    there = torch.rand(count, device=device) < 0.5
    changed = dict(views)
    for name in sorted(name for name in views if name != NUMBERS and not name.endswith(SCATTERS)):
        bins = views[name].shape[-1]
        length = longest * bins * torch.rand(count, device=device)
        start = (bins - length) * torch.rand(count, device=device)
        place = torch.arange(bins, device=device) + 0.5
        gap = there[:, None] & (place >= start[:, None]) & (place < (start + length)[:, None])
        for part in (name, name + SCATTERS):
            if part in views:
                missing = gap[:, None, :] if views[part].ndim == 3 else gap
                changed[part] = changed[part].masked_fill(missing, 0.0)
    return changed


def as_rows(values: Tensor, view: Tensor) -> Tensor:
    """One value for each signal (n,), as it goes along with a view's array: (n, 1) or (n, 1, 1)."""
    return values.reshape(-1, *[1] * (view.ndim - 1))
