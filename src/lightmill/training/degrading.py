"""Views made worse: fewer transits, coarser bins, more noise; and brought to their scale again.

Views are tensors (n, bins) or (n, rows, bins) by name, as a batch has them; torch's generator draws what is drawn.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from lightmill.training.augmentation import LOCAL, MAD_TO_SIGMA, UNFOLDED, WHOLE, as_rows, moved_along, view_noise
from lightmill.views.layout import NUMBERS, SCATTERS

# The views that stand for a signal: every network sees them, and every dataset has them. All others are on the scale of
# the local one, but for the centroid, which is in units of its own scatter.
FIRST = ("global", LOCAL)
CENTROID = "centroid"
# How often the amount of noise is corrected for what noise does to the depth.
ROUNDS = 4


def relative_scatter(view: Tensor) -> Tensor:
    """The robust scatter of views (n, bins) in units of their depth, (n,) float32: 1.4826 MAD / (median − minimum).

    Equal in all scales. NaN for a view that nowhere falls below its median.
    """
    centred = view - _median(view)[:, None]
    return MAD_TO_SIGMA * _median(centred.abs()) / -centred.amin(dim=-1)


def is_near(name: str) -> bool:
    """Whether an array is the flux of a view around transits. Bins of the whole period are wider than an exposure."""
    return name not in WHOLE and name != NUMBERS and not name.endswith(SCATTERS)


def fewer_transits(views: Mapping[str, Tensor], least: float) -> dict[str, Tensor]:
    """Views as of a share of the transits, drawn evenly between `least` and 1 for each example.

    Single transits that are not kept are gone, and the local view moves with the mean of the others. Views whose single
    transits are not there get white noise instead: the mean of a share q has a scatter larger by 1/√q.
    """
    count, device = len(views[LOCAL]), views[LOCAL].device
    share = least + (1 - least) * torch.rand(count, device=device)
    changed, noise = dict(views), view_noise(views)
    moved = {UNFOLDED}
    if UNFOLDED in views:
        moved.add(LOCAL)
        changed |= _kept_transits(views, share)
    for name in noise:
        if name not in moved:
            sigma = noise[name] * as_rows((1 / share - 1).sqrt(), noise[name])
            changed[name] = changed[name] + torch.randn_like(changed[name]) * sigma
    return changed


def _kept_transits(views: Mapping[str, Tensor], share: Tensor) -> dict[str, Tensor]:
    """`unfolded`, its scatter, and the local view, with a share (n,) of each signal's transits, at least one."""
    single = views[UNFOLDED]
    seen = (single != 0).any(dim=2)
    count = seen.sum(dim=1)
    kept_count = (share * count).ceil().clamp(min=1)
    place = torch.rand_like(seen, dtype=torch.float32).masked_fill(~seen, 2).argsort(dim=1).argsort(dim=1)
    kept = seen & (place < kept_count[:, None])
    # Rows that were observed stand first, in their order.
    order = (~kept).to(torch.int8).argsort(dim=1, stable=True)[:, :, None].expand_as(single)
    changed = {
        name: view.masked_fill(~kept[:, :, None], 0).gather(1, order)
        for name, view in views.items()
        if name.removesuffix(SCATTERS) == UNFOLDED
    }
    before = single.sum(dim=1) / count.clamp(min=1)[:, None]
    after = changed[UNFOLDED].sum(dim=1) / kept.sum(dim=1).clamp(min=1)[:, None]
    return {**changed, LOCAL: moved_along(views[LOCAL], after - before)}


def coarser(view: Tensor, run: int) -> Tensor:
    """A view in which runs of so many bins, the middle one in the middle of its run, all hold the mean of the run."""
    first, length = _runs(view.shape[-1], run, view.device)
    sums = torch.zeros_like(view).index_add_(-1, first, view)
    return (sums / length).index_select(-1, first)


def _runs(bins: int, run: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """For each bin the first bin of its run, and the length of the run that begins there (elsewhere 1)."""
    number = (torch.arange(bins, device=device) + (run - 1) // 2 - bins // 2) // run
    start = torch.ones(bins, dtype=torch.bool, device=device)
    start[1:] = number[1:] != number[:-1]
    first = torch.arange(bins, device=device).masked_fill(~start, 0).cummax(dim=0).values
    return first, torch.bincount(first, minlength=bins).clamp(min=1)


def noisier(views: Mapping[str, Tensor], wanted: Mapping[str, Tensor], run: int) -> dict[str, Tensor]:
    """Views with so much noise that those in FIRST have the scatter wanted, (n,), where they have less.

    The others, and the scatter of cadences, grow in noise by the factor by which the local view does. In views around
    transits noise is the same within runs of so many bins, as their flux is.
    """
    noise, changed, grown = view_noise(views), dict(views), {}
    for name in FIRST:
        drawn = _drawn(views[name], run if is_near(name) else 1)
        amount = _amount(views[name], drawn, wanted[name])
        changed[name] = views[name] + amount[:, None] * drawn
        sigma = noise[name][:, 0]
        grown[name] = torch.where(sigma > 0, amount / sigma, 0.0)
    for name in sorted(noise.keys() - set(FIRST)):
        sigma = noise[name] * as_rows(grown[LOCAL], noise[name])
        changed[name] = changed[name] + sigma * _drawn(views[name], run if is_near(name) else 1)
    for name, view in changed.items():
        if name == CENTROID or name.endswith(SCATTERS):
            first = "global" if name == "global" + SCATTERS else LOCAL
            factor = as_rows((1 + grown[first].square()).sqrt(), view)
            if name == CENTROID:
                # It stays in units of its own scatter, so what is not noise becomes less.
                changed[name] = view / factor
            elif name != CENTROID + SCATTERS:
                changed[name] = view * factor
    return changed


def _drawn(view: Tensor, run: int) -> Tensor:
    """Normal noise of the shape of a view, the same within runs of bins."""
    return torch.randn_like(view).index_select(-1, _runs(view.shape[-1], run, view.device)[0])


def _amount(view: Tensor, drawn: Tensor, wanted: Tensor) -> Tensor:
    """How much (n,) of the noise drawn brings the relative scatter of views (n, bins) nearest to the one wanted, (n,).

    √((w m)² − s²) of a scatter s for a depth m, which noise makes deeper in turn: a few rounds, of which the nearest
    counts. None of it where the scatter is large enough, or where noise would deepen the deepest bin by as much: white
    noise alone has about 0.4.
    """
    level = _median(view)
    sigma = MAD_TO_SIGMA * _median((view - level[:, None]).abs())
    before = relative_scatter(view)
    best, nearest = torch.zeros_like(sigma), (before - wanted).abs()
    depth = level - view.amin(dim=-1)
    for _ in range(ROUNDS):
        amount = ((wanted * depth).square() - sigma.square()).clamp(min=0).sqrt()
        noisy = view + amount[:, None] * drawn
        distance = (relative_scatter(noisy) - wanted).abs()
        nearer = (before < wanted) & (distance < nearest)
        best, nearest = torch.where(nearer, amount, best), torch.where(nearer, distance, nearest)
        depth = _median(noisy) - noisy.amin(dim=-1)
    return best


def on_scale(views: Mapping[str, Tensor], scale: str) -> dict[str, Tensor]:
    """Views of median 0 and, for `min`, a deepest bin of −1, for `mad` a robust scatter of 1.

    Of `depth` they are as deep as before: a transit that was −1 deep still is, whatever the noise.
    The others follow the local view, as they do when they are made; what was not observed, a row of zeros, stays.
    """
    level, divided = {}, {}
    for name in FIRST:
        level[name] = _median(views[name])
        centred = views[name] - level[name][:, None]
        spread = {
            "min": -centred.amin(dim=-1),
            "mad": MAD_TO_SIGMA * _median(centred.abs()),
            "depth": torch.ones_like(level[name]),
        }[scale]
        divided[name] = torch.where(spread > 0, spread, 1.0)
    changed = {}
    for name, view in views.items():
        first = "global" if name.removesuffix(SCATTERS) == "global" else LOCAL
        if name in (NUMBERS, CENTROID, CENTROID + SCATTERS):
            changed[name] = view
        elif name.endswith(SCATTERS):
            changed[name] = view / as_rows(divided[first], view)
        else:
            observed = (view != 0).any(dim=-1, keepdim=True)
            changed[name] = (view - as_rows(level[first], view)) / as_rows(divided[first], view) * observed
    return changed


def _median(values: Tensor) -> Tensor:
    """The median along the last axis, of an even number of values the mean of the middle two: as numpy has it."""
    lower = values.median(dim=-1).values
    if values.shape[-1] % 2:
        return lower
    return 0.5 * (lower + values.kthvalue(values.shape[-1] // 2 + 1, dim=-1).values)
