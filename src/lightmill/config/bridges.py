"""Configuration of bridges: views of one survey degraded in training to look like those of another."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import Field, model_validator

from lightmill.config.section import Section

if TYPE_CHECKING:
    from lightmill.config.training import Experiment


class BridgeSettings(Section):
    """What is done to the examples, each time that they are learned from, to make them look like another survey's."""

    to: str = Field(
        description="The dataset to look like: a mission or a set under imported_views. Only views of its training "
        "split are looked at, and no labels."
    )
    noise: bool = Field(
        default=False,
        description="Add white noise until a view's scatter, in units of its depth, is what the target's view of the "
        "same rank has: the quietest becomes as noisy as the target's quietest. Noisier ones stay as they are.",
    )
    transits: float = Field(
        default=1.0,
        gt=0,
        le=1,
        description="Keep a share of the transits, drawn evenly between this and 1. Where single transits are seen the "
        "local view moves to the mean of those kept; all else gets the noise that fewer transits have.",
    )
    coarse_bins: int = Field(
        default=1,
        ge=1,
        le=10,
        description="Average runs of up to so many neighbouring bins of views around transits, as longer exposures do.",
    )

    @model_validator(mode="after")
    def _does_something(self) -> "BridgeSettings":
        if not self.noise and self.transits == 1 and self.coarse_bins == 1:
            raise ValueError("a bridge that changes nothing; set noise: true, transits below 1 or coarse_bins above 1")
        return self


def check_bridges(experiments: "Mapping[str, Experiment]", datasets: Sequence[str]) -> None:
    """Raise ValueError for a bridge of a transfer, to no dataset, or to the experiment's own."""
    for name, experiment in experiments.items():
        if experiment.bridge is None:
            continue
        place = f"experiments.{name}.bridge"
        if experiment.source is not None:
            raise ValueError(
                f"{place}: a transfer starts from a source as it is; name the bridge at {experiment.source!r}"
            )
        if experiment.bridge.to not in datasets:
            raise ValueError(f"{place}.to: no dataset {experiment.bridge.to!r}; there are {', '.join(datasets)}")
        if experiment.bridge.to == experiment.dataset:
            raise ValueError(f"{place}.to: {experiment.dataset!r} is what the experiment trains on; name another")
