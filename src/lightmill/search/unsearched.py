"""Why there is nothing in a star's light curve to search."""

from lightmill.config.search import FindSettings
from lightmill.lightcurves.lightcurve import LightCurve
from lightmill.search.curve import FEWEST_CADENCES, searchable
from lightmill.views.flatten import flatten_star


def why_not_searched(light_curve: LightCurve, settings: FindSettings) -> str:
    """What is wrong, and what was expected; empty where `find_signals` does search."""
    flat = flatten_star(light_curve, [], settings.detrend_of(light_curve.mission))
    count = flat.time_bjd.size
    if count < FEWEST_CADENCES:
        return f"{count} usable cadence{'' if count == 1 else 's'}, expected at least {FEWEST_CADENCES}"
    curve = searchable(flat.time_bjd, flat.flux)
    if curve is None:
        return f"the flux of {count} usable cadences varies too little, expected some scatter"
    longest_d = settings.longest_period_d or 0.5 * curve.span_d
    if longest_d <= settings.shortest_period_d:
        return (
            f"usable cadences span {curve.span_d:.3g} d, expected more than {2 * settings.shortest_period_d:g} d: "
            "twice the shortest period"
        )
    return ""
