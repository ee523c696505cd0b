"""The training settings that a search tries, and in which bounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution

from lightmill.config.training import TrainingSettings


@dataclass(frozen=True)
class Between:
    """Any number from `low` to `high`, or to what the experiment has where that lies outside."""

    low: float
    high: float
    logarithmic: bool = False

    def around(self, given: float) -> BaseDistribution:
        """The same as Optuna has it, the given value included."""
        return FloatDistribution(min(self.low, given), max(self.high, given), log=self.logarithmic)


@dataclass(frozen=True)
class OneOf:
    """One of these values, or what the experiment has."""

    values: tuple[float | bool, ...]

    def around(self, given: float | bool) -> BaseDistribution:
        """The same as Optuna has it, the given value included."""
        return CategoricalDistribution(sorted({*self.values, given}))


# What can be looked for, by key of the training settings; a dot leads into a section.
SPACE: dict[str, Between | OneOf] = {
    "learning_rate": Between(1e-4, 1e-2, logarithmic=True),
    "weight_decay": OneOf((0.0, 1e-3, 1e-2, 1e-1)),
    "batch_size": OneOf((32, 64, 128, 256)),
    "label_smoothing": Between(0.0, 0.2),
    "averaging": OneOf((0.0, 0.99, 0.998)),
    "class_weights": OneOf((False, True)),
    "augment.mirror": OneOf((False, True)),
    "augment.noise": Between(0.0, 1.0),
    "augment.shift_bins": OneOf((0, 1, 2)),
}


def space_of(settings: TrainingSettings) -> dict[str, Between | OneOf]:
    """What of SPACE is looked for: no `class_weights` where the batches are balanced already, which excludes them."""
    return {key: space for key, space in SPACE.items() if key != "class_weights" or settings.batches != "balanced"}


def value_of(settings: TrainingSettings, key: str) -> Any:
    """What training settings have under a key of SPACE."""
    value: Any = settings
    for name in key.split("."):
        value = getattr(value, name)
    return value


def with_values(settings: TrainingSettings, values: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of training settings that `space_of` touches, with values by its keys put in: plain for a YAML file."""
    whole = settings.model_dump()
    searched = space_of(settings)
    for key in searched:
        *sections, last = key.split(".")
        section = whole
        for name in sections:
            section = section[name]
        section[last] = values[key]
    return {name: whole[name] for name in dict.fromkeys(key.split(".")[0] for key in searched)}
