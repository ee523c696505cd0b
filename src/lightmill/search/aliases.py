"""Whether a period is a half, a third, twice or three times the true one: what the transits say, one by one."""

from typing import NamedTuple

import numpy as np

from lightmill.search.events import Events
from lightmill.search.shifts import Dips, snr_of, transit_dips

FACTORS = (2, 3)
# S/N that transits between the listed ones must have to be believed, and that missing ones would have if they were
# there: five sigmas, and three more, so that to miss them is no chance.
LEAST_SNR = 5.0
LEAST_MISSED = 8.0
# What is left of missing transits: no larger share of the others' depth than this, and no more of their S/N than three
# sigmas or a twentieth; nor may one transit make the case.
MOST_LEFT = 0.25
MISSED_SIGMAS = 3.0
MISSED_SHARE = 0.05
LEAST_WITHOUT_DEEPEST = 0.5


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
SEEN_BEFORE = Likeness(2.0, 0.8, 0.05)


class _Group(NamedTuple):
    """The transits of one remainder."""

    transits: int
    dip: float
    weight: float
    deepest_dip: float
    deepest_weight: float
    """Of the transit that takes most."""

    @property
    def depth(self) -> float:
        return self.dip / self.weight if self.weight > 0 else 0.0

    @property
    def snr(self) -> float:
        return self.dip / np.sqrt(self.weight) if self.weight > 0 else 0.0


def multiple(events: Events, period_d: float, epoch_bjd: float) -> tuple[int, float]:
    """How many periods there are from one transit to the next, and the epoch of one: (1, the epoch) for an ephemeris.

    It is two or three where every second or third transit is there and the others, though observed, are missing: they
    would show at eight sigmas, and less than a quarter of the depth is left.

    Parameters
    ----------
    events : dips as long as the transit
    period_d, epoch_bjd : an ephemeris that fits
    """
    dips = transit_dips(events, period_d, epoch_bjd)
    best, number, epoch = snr_of(events, period_d, epoch_bjd), 1, epoch_bjd
    for factor in FACTORS:
        groups = _groups(dips, factor)
        for place, group in enumerate(groups):
            if group.snr > best and _missing(group, groups[:place] + groups[place + 1 :]):
                best, number, epoch = group.snr, factor, epoch_bjd + place * period_d
    return number, epoch


def parts_to_try(events: Events, period_d: float, epoch_bjd: float, duration_d: float) -> list[int]:
    """Into how many parts a period may have to be divided: those at whose ends there is a dip, however deep.

    Parameters as in `multiple`; a part must have room for four transits of `duration_d`.
    """
    return [
        factor
        for factor in FACTORS
        if 4 * duration_d <= period_d / factor
        and all(
            group.transits > 1 and group.snr >= LEAST_SNR
            for group in _groups(transit_dips(events, period_d / factor, epoch_bjd), factor)
        )
    ]


def is_part(events: Events, period_d: float, epoch_bjd: float, factor: int, trusted_bjd: tuple[float, float]) -> bool:
    """Whether the dips between the listed transits, at whole parts of the period, are theirs.

    They must be as deep (`UNSEEN`). Where some of those places were observed as long as the listed ephemeris can be
    trusted, whoever listed it saw them too: then they must be alike beyond doubt (`SEEN_BEFORE`), for the two eclipses
    of a binary often are nearly so.

    Parameters
    ----------
    events : dips as long as the transit, after trends were taken out with all of these transits masked: a dip that
        the trend followed is shallower
    period_d, epoch_bjd, factor : the listed period, and into how many parts it is divided
    trusted_bjd : from when to when the ephemeris as listed can be trusted
    """
    dips = transit_dips(events, period_d / factor, epoch_bjd)
    when = epoch_bjd + dips.number * (period_d / factor)
    known = (when > trusted_bjd[0]) & (when < trusted_bjd[1]) & (dips.number % factor != 0)
    likeness = SEEN_BEFORE if known.any() else UNSEEN
    first, *others = _groups(dips, factor)
    return all(_alike(first, other, likeness) for other in others)


def _groups(dips: Dips, factor: int) -> list[_Group]:
    """The transits whose numbers leave each remainder."""
    places = np.mod(dips.number, factor)
    return [_group(dips.dip[places == place], dips.weight[places == place]) for place in range(factor)]


def _group(dip: np.ndarray, weight: np.ndarray) -> _Group:
    if dip.size == 0:
        return _Group(0, 0.0, 0.0, 0.0, 0.0)
    deepest = int(np.argmax(dip))
    return _Group(dip.size, float(dip.sum()), float(weight.sum()), float(dip[deepest]), float(weight[deepest]))


def _missing(there: _Group, rest: list[_Group]) -> bool:
    """Whether the `rest` of the transits, though observed, are not there."""
    dip, weight = sum(group.dip for group in rest), sum(group.weight for group in rest)
    if there.transits < 2 or there.snr < LEAST_SNR or weight <= 0:
        return False
    others = there.weight - there.deepest_weight
    if (there.dip - there.deepest_dip) < LEAST_WITHOUT_DEEPEST * there.depth * others:
        return False
    expected = there.depth * np.sqrt(weight)
    left = dip / np.sqrt(weight)
    return bool(
        expected >= LEAST_MISSED
        and abs(left) <= max(MISSED_SIGMAS, MISSED_SHARE * expected)
        and left <= MOST_LEFT * expected
    )


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
