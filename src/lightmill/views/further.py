"""The further views of a signal by their names, and the numbers that come with them."""

import math
from collections.abc import Callable

from lightmill.config.views import ViewForms
from lightmill.views.binning import BinnedView
from lightmill.views.centroid_offset import centroid_offset, centroid_view
from lightmill.views.folded import Folded
from lightmill.views.measure import BASELINE, Transit, measure_transit
from lightmill.views.multiples import half_period_view, twice_period_view
from lightmill.views.odd_even import FIRST_OF, half_depth, half_of
from lightmill.views.secondary import find_secondary
from lightmill.views.shape import Trapezoid
from lightmill.views.single_transits import compare, single_transits, template
from lightmill.views.unfolded import unfolded_view

# The number of each; NaN where the view that it comes with is not asked for, or it cannot be taken.
FURTHER_NUMBERS = (
    "odd_depth_ppm",
    "even_depth_ppm",
    "odd_even_sigma",
    "secondary_depth_ppm",
    "secondary_snr",
    "secondary_phase",
    "transit_depth_scatter_sigma",
    "centroid_offset_arcsec",
    "centroid_offset_sigma",
)


def further_views(
    folded: Folded, transit: Transit, dip: Trapezoid, forms: ViewForms
) -> tuple[dict[str, BinnedView | None], dict[str, float]]:
    """The views named in `forms.more`, None where a signal cannot have one, and their numbers.

    Whether it can follows from when it was observed, not from what it looks like.

    Parameters
    ----------
    folded : the star on the signal's ephemeris
    transit : what was measured of it
    dip : its shape
    forms : which views, and their lengths

    Returns
    -------
    views : by name; relative flux minus one, but for `centroid`, which is in units of its own scatter
    numbers : by the names in `FURTHER_NUMBERS`
    """
    more = frozenset(forms.more)
    numbers = dict.fromkeys(FURTHER_NUMBERS, float("nan"))
    halves = {half: half_of(folded, half) for half in FIRST_OF} if more & FIRST_OF.keys() else {}
    if more & {"odd", "even", "unfolded", "centroid"}:
        measure = template(folded, dip)
        singles = compare(single_transits(measure, folded.around.flux, transit.scatter))
        if halves:
            depths = {name: half_depth(half, folded.duration_d) for name, half in halves.items()}
            numbers |= {f"{name}_depth_ppm": depth * 1e6 for name, depth in depths.items()}
            numbers["odd_even_sigma"] = singles.alternation_sigma
        if "unfolded" in more:
            numbers["transit_depth_scatter_sigma"] = singles.scatter_sigma
        if "centroid" in more:
            offset = centroid_offset(folded, measure, singles.depth)
            numbers |= {"centroid_offset_arcsec": offset.arcsec, "centroid_offset_sigma": offset.sigma}
    secondary = None
    if "secondary" in more:
        secondary, measured = _secondary(folded, transit)
        numbers |= measured
    makers: dict[str, Callable[[], BinnedView | None]] = {
        "odd": lambda: folded.extent.view(*halves["odd"]) if halves["odd"] else None,
        "even": lambda: folded.extent.view(*halves["even"]) if halves["even"] else None,
        "secondary": lambda: secondary,
        "half_period": lambda: half_period_view(folded, forms.multiples.length),
        "twice_period": lambda: twice_period_view(folded, forms.multiples.length),
        "unfolded": lambda: unfolded_view(folded, forms.unfolded.transits, forms.unfolded.length),
        "centroid": lambda: centroid_view(folded),
    }
    return {name: makers[name]() for name in forms.more}, numbers


def _secondary(folded: Folded, transit: Transit) -> tuple[BinnedView | None, dict[str, float]]:
    """The view around the weak secondary, None where nothing outside of the transit was observed; and its numbers."""
    found = find_secondary(
        folded.time_bjd, folded.phase_d, folded.flux, folded.period_d, folded.duration_d, transit.scatter
    )
    if math.isnan(found.snr):
        return None, {}
    reach_d = min(max(folded.extent.half_width_d, BASELINE[1] * folded.duration_d), 0.5 * folded.period_d)
    rows, away_d = folded.about(found.phase, reach_d)
    flux = folded.flux[rows]
    depth = measure_transit(away_d, flux, folded.duration_d).depth
    numbers = {"secondary_depth_ppm": depth * 1e6, "secondary_snr": found.snr, "secondary_phase": found.phase}
    return folded.extent.view(away_d, flux), numbers
