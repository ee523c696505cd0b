"""The survey: which stars there are, what is seen on them, and when they were observed.

A target is drawn from its own random numbers, so that parts of the survey can be made in any order and by themselves.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from lightmill.config.simulation import SimulationSettings
from lightmill.errors import LightCurveError
from lightmill.simulate.eclipses import Orbit
from lightmill.simulate.impostors import (
    draw_blended_binary,
    draw_contamination,
    draw_eclipsing_binary,
    draw_systematic,
    draw_variable,
)
from lightmill.simulate.paths import simulated_index, simulated_target
from lightmill.simulate.planets import draw_hot_jupiter, draw_planets
from lightmill.simulate.seeds import deal, generator
from lightmill.simulate.segments import (
    DEAD_MODULE,
    MODULES,
    NORTHERN_SECTORS,
    Segment,
    campaign,
    fourth_quarter_of_dead_module,
    module_in_season,
    quarter,
    sector,
)
from lightmill.simulate.signals import Field, Found, Signal, enough
from lightmill.simulate.spacecraft import on_board
from lightmill.simulate.stars import Star, draw_place, draw_star, place_nearby
from lightmill.targets import Mission, mission_of

# How near the star that is contaminated stands to the binary, arcseconds.
_CONTAMINATION_ARCSEC = {"Kepler": (20.0, 1100.0), "K2": (20.0, 1100.0), "TESS": (6.0, 20.0)}


@dataclass(frozen=True)
class Target:
    """A star of one mission's target list with its signals and the segments that it was observed in.

    `module` and `output` are where a Kepler or K2 star falls in season 0; `camera` and `ccd` those of a TESS star.
    `twin` is the target id of the same star in another mission, or ''.
    """

    target_id: str
    mission: Mission
    kind: str
    star: Star
    segments: tuple[Segment, ...]
    signals: tuple[Signal, ...]
    module: int
    output: int
    camera: int
    ccd: int
    candidate: bool
    missing: bool
    twin: str = ""


def draw_targets(settings: SimulationSettings, mission: Mission) -> Iterator[Target]:
    """All targets of a mission, in the order of their numbers."""
    for index in range(settings.targets()[mission]):
        yield draw_target(settings, mission, index)


def target_of(settings: SimulationSettings, target_id: str) -> Target:
    """The target with an id; raises LightCurveError for a star that is not in the survey."""
    mission = mission_of(target_id)
    index, n = simulated_index(target_id), settings.targets()[mission]
    if not 0 <= index < n:
        raise LightCurveError(
            f"{target_id}: not one of the {n} {mission} stars of the simulated survey, and light curves come from "
            "nowhere else with simulation.direct; leave that key out, or the catalog that lists the star"
        )
    return draw_target(settings, mission, index)


def draw_target(settings: SimulationSettings, mission: Mission, index: int) -> Target:
    """The target at place `index` of a mission's list."""
    if mission == "TESS" and index >= settings.n_tess - len(_twins(settings)):
        return _observe_again(settings, index, _twins(settings)[settings.n_tess - 1 - index])
    kind = _kinds(settings, mission)[index]
    rng = generator(settings.seed, "target", mission, index)
    module, output = int(rng.choice(MODULES)), int(rng.integers(1, 5))
    camera, ccd = int(rng.integers(1, 5)), int(rng.integers(1, 5))
    segments = _segments(settings, mission, module, rng)
    marginals = settings.marginals(mission)
    parent = draw_target(settings, mission, index - 1) if kind == "contaminated" else None
    if parent is not None:
        place = place_nearby(parent.star, _CONTAMINATION_ARCSEC[mission], rng)
        segments, module, output = parent.segments, parent.module, parent.output
        camera, ccd = parent.camera, parent.ccd
    else:
        place = draw_place(segments[0], rng)
    star = draw_star(mission, marginals, place, rng)
    field = Field(mission, marginals, star, segments, settings.instrument.noise)
    return Target(
        target_id=simulated_target(mission, index),
        mission=mission,
        kind=kind,
        star=star,
        segments=segments,
        signals=_draw_signals(settings, kind, field, parent, rng),
        module=module,
        output=output,
        camera=camera,
        ccd=ccd,
        candidate=_flags(settings, mission, "candidates")[index],
        missing=_flags(settings, mission, "missing")[index],
    )


def _draw_signals(
    settings: SimulationSettings, kind: str, field: Field, parent: Target | None, rng: np.random.Generator
) -> tuple[Signal, ...]:
    if kind == "planet":
        weights = np.array(settings.multiplicity)
        count = 1 + int(rng.choice(len(weights), p=weights / weights.sum()))
        return draw_planets(count, field, rng)
    if kind == "hot_jupiter":
        return draw_hot_jupiter(field, rng)
    if kind == "eclipsing_binary":
        return draw_eclipsing_binary(field, rng)
    if kind == "blended_binary":
        return draw_blended_binary(field, rng)
    if kind == "variable":
        return draw_variable(field, rng)
    if kind == "systematic":
        first = field.segments[0]
        upsets = first.start_bjd + on_board(settings.seed, first).upsets * first.cadence_d
        return draw_systematic(field, upsets, rng)
    if parent is None or not parent.signals or not isinstance(parent.signals[0].source, Orbit):
        return draw_blended_binary(field, rng)
    return draw_contamination(field, parent.signals[0].source, rng) or draw_blended_binary(field, rng)


def _segments(
    settings: SimulationSettings, mission: Mission, module: int, rng: np.random.Generator
) -> tuple[Segment, ...]:
    """The segments that a star was observed in: the same lottery for every kind of star."""
    if mission == "K2":
        return (campaign(settings.campaigns[rng.integers(len(settings.campaigns))]),)
    if mission == "TESS":
        first = settings.sectors[rng.integers(len(settings.sectors))]
        southern = [number for number in settings.sectors if number not in (first, *NORTHERN_SECTORS)]
        again = rng.random() < settings.two_sectors and first not in NORTHERN_SECTORS and southern
        chosen = [first, southern[rng.integers(len(southern))]] if again else [first]
        return tuple(sector(number) for number in sorted(chosen))
    lost = rng.random(len(settings.quarters)) < 0.06
    chosen_quarters = []
    for number, skipped in zip(sorted(settings.quarters), lost, strict=True):
        segment = quarter(number)
        on_dead_module = module_in_season(module, segment.season) == DEAD_MODULE
        if on_dead_module and number == 4:
            chosen_quarters.append(fourth_quarter_of_dead_module())
        elif not (skipped or (on_dead_module and number > 4)):
            chosen_quarters.append(segment)
    return tuple(chosen_quarters) or (quarter(min(settings.quarters)),)


@lru_cache(maxsize=16)
def _kinds_dealt(seed: int, mission: Mission, n: int, mix: tuple[tuple[str, float], ...]) -> tuple[str, ...]:
    kinds = deal(dict(mix), n, generator(seed, "kinds", mission))
    # The binary that contaminates a star is the target before it.
    for index in range(n):
        if kinds[index] == "contaminated":
            if index == 0 or kinds[index - 1] == "contaminated":
                kinds[index] = "blended_binary"
            else:
                kinds[index - 1] = "eclipsing_binary"
    return tuple(kinds)


def _kinds(settings: SimulationSettings, mission: Mission) -> tuple[str, ...]:
    return _kinds_dealt(settings.seed, mission, settings.targets()[mission], tuple(settings.mix.model_dump().items()))


@lru_cache(maxsize=32)
def _flags_dealt(seed: int, mission: Mission, n: int, name: str, share: float) -> tuple[bool, ...]:
    dealt = deal({"yes": share, "no": 1 - share}, n, generator(seed, name, mission))
    return tuple(flag == "yes" for flag in dealt)


def _flags(settings: SimulationSettings, mission: Mission, name: str) -> tuple[bool, ...]:
    """For each target whether it belongs to the share that `settings` gives under `name`."""
    return _flags_dealt(settings.seed, mission, settings.targets()[mission], name, getattr(settings, name))


@lru_cache(maxsize=4)
def _twins_found(settings_json: str) -> tuple[Target, ...]:
    settings = SimulationSettings.model_validate_json(settings_json)
    wanted = round(settings.overlap * settings.n_tess)
    twins: list[Target] = []
    for target in draw_targets(settings, "Kepler") if wanted else ():
        if len(twins) == wanted:
            break
        field = _field_again(settings, target.star)
        if target.kind == "systematic" or target.missing:
            continue
        if any(enough(_found_again(field, signal), field) for signal in target.signals):
            twins.append(target)
    return tuple(twins)


def _twins(settings: SimulationSettings) -> tuple[Target, ...]:
    """Kepler targets that TESS observes again: those with a signal that it can see, the first on the list."""
    return _twins_found(settings.model_dump_json())


def _field_again(settings: SimulationSettings, star: Star) -> Field:
    northern = [number for number in settings.sectors if number in NORTHERN_SECTORS] or settings.sectors
    return Field("TESS", settings.tess, star, (sector(min(northern)),), settings.instrument.noise)


def _found_again(field: Field, signal: Signal) -> Found:
    found = signal.found
    return field.found(found.period_d, found.epoch_bjd, found.duration_h, found.depth)


def _observe_again(settings: SimulationSettings, index: int, target: Target) -> Target:
    """A Kepler star as TESS sees it: same star, same signals, those of them that TESS can find."""
    field = _field_again(settings, target.star)
    rng = generator(settings.seed, "target", "TESS", index)
    signals = []
    for signal in target.signals:
        found = _found_again(field, signal)
        if enough(found, field):
            signals.append(Signal(signal.kind, signal.source, found))
    return Target(
        target_id=simulated_target("TESS", index),
        mission="TESS",
        kind=target.kind,
        star=target.star,
        segments=field.segments,
        signals=tuple(signals),
        module=target.module,
        output=target.output,
        camera=int(rng.integers(1, 5)),
        ccd=int(rng.integers(1, 5)),
        candidate=target.candidate,
        missing=_flags(settings, "TESS", "missing")[index],
        twin=target.target_id,
    )
