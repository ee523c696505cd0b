"""Whether a period is a half, a third, twice or three times the true one: what the transits say, one by one."""

from typing import NamedTuple

import numpy as np

from lightmill.search.events import Events
from lightmill.search.shifts import Dips, Fit, coverage, transit_dips

MULTIPLES = (2, 3)
# S/N that transits between the listed ones must have to be believed, and that missing ones would have if they were
# there: five sigmas, and three more, so that to miss them is no chance.
LEAST_SNR = 5.0
LEAST_MISSED = 8.0
# What is left of missing transits: no more sigmas than this, and no larger share of the others.
MISSED_SIGMAS = 3.0
MOST_LEFT = 0.25


class Likeness(NamedTuple):
    """How alike dips must be to count as one planet's, and not as the two eclipses of a binary."""

    sigmas: float
    """They differ by no more than this."""
    share: float
    """The shallower is no less than this share of the deeper."""
    precision: float
    """The difference is known to this share of the depth."""


# Where nobody can have seen the dips between, and where whoever listed the period can have seen them, and had a reason
# not to count them unless they were too faint for him.
UNSEEN = Likeness(3.0, 0.6, np.inf)
SEEN_BEFORE = Likeness(2.0, 0.8, 0.15)


class Alias(NamedTuple):
    """A better period than the one listed, by a whole factor."""

    ratio: float
    """True period over the listed one: 1/3, 1/2, 1, 2 or 3."""
    fit: Fit


class _Group(NamedTuple):
    """The transits of one remainder."""

    transits: int
    dip: float
    weight: float

    @property
    def depth(self) -> float:
        return self.dip / self.weight if self.weight > 0 else 0.0

    @property
    def snr(self) -> float:
        return self.dip / np.sqrt(self.weight) if self.weight > 0 else 0.0


def best_alias(
    events: Events, period_d: float, epoch_bjd: float, duration_d: float, trusted_bjd: tuple[float, float]
) -> Alias:
    """The period itself, or the alias that the transits prove.

    Twice or three times the period is right where every second or third transit is there and the others, though
    observed, are missing: they would show at eight sigmas, and less than a quarter of the depth is left. Half or a
    third of it is right where as deep a dip lies at every place between, at five sigmas each (`UNSEEN`). Where such
    places were observed as long as the listed ephemeris can be trusted, whoever listed it saw them too: then the dips
    must be alike beyond doubt (`SEEN_BEFORE`), for the eclipses of a binary often are nearly so. What is neither
    stays as it is listed.

    Parameters
    ----------
    events : boxes as wide as the transit
    period_d, epoch_bjd : an ephemeris that fits
    duration_d : of a transit: there must be room for it beside its like
    trusted_bjd : from when to when the ephemeris as listed can be trusted
    """
    best = Alias(1.0, Fit(period_d, epoch_bjd, coverage(events, period_d, epoch_bjd).snr))
    dips = transit_dips(events, period_d, epoch_bjd)
    for factor in MULTIPLES:
        groups = _groups(dips, factor)
        for place, group in enumerate(groups):
            rest = _together([other for number, other in enumerate(groups) if number != place])
            if group.snr > best.fit.snr and _missing(group, rest):
                best = Alias(float(factor), Fit(factor * period_d, epoch_bjd + place * period_d, group.snr))
    if best.ratio != 1.0:
        return best
    for factor in MULTIPLES:
        shorter_d = period_d / factor
        if 4 * duration_d > shorter_d:
            continue
        between = transit_dips(events, shorter_d, epoch_bjd)
        when = epoch_bjd + between.number * shorter_d
        known = (when > trusted_bjd[0]) & (when < trusted_bjd[1]) & (between.number % factor != 0)
        likeness = SEEN_BEFORE if known.any() else UNSEEN
        groups = _groups(between, factor)
        if all(_alike(groups[0], other, likeness) for other in groups[1:]):
            snr = coverage(events, shorter_d, epoch_bjd).snr
            if snr > best.fit.snr:
                best = Alias(1.0 / factor, Fit(shorter_d, epoch_bjd, snr))
    return best


def _groups(dips: Dips, factor: int) -> list[_Group]:
    """The transits whose numbers leave each remainder."""
    places = np.mod(dips.number, factor)
    return [
        _Group(int(chosen.sum()), float(dips.dip[chosen].sum()), float(dips.weight[chosen].sum()))
        for chosen in (places == place for place in range(factor))
    ]


def _together(groups: list[_Group]) -> _Group:
    return _Group(
        sum(group.transits for group in groups),
        sum(group.dip for group in groups),
        sum(group.weight for group in groups),
    )


def _missing(there: _Group, rest: _Group) -> bool:
    """Whether the `rest` of the transits, though observed, are not there."""
    if there.transits < 2 or there.snr < LEAST_SNR or rest.weight <= 0:
        return False
    expected = there.depth * np.sqrt(rest.weight)
    return bool(expected >= LEAST_MISSED and abs(rest.snr) <= MISSED_SIGMAS and rest.depth <= MOST_LEFT * there.depth)


def _alike(listed: _Group, between: _Group, likeness: Likeness) -> bool:
    """Whether transits `between` the listed ones are there, and are theirs."""
    if between.transits < 2 or between.snr < LEAST_SNR or listed.snr < LEAST_SNR:
        return False
    sigma = np.sqrt(1.0 / listed.weight + 1.0 / between.weight)
    shallow, deep = sorted((listed.depth, between.depth))
    return bool(
        deep - shallow <= likeness.sigmas * sigma
        and shallow >= likeness.share * deep
        and sigma <= likeness.precision * deep
    )
