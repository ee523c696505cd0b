"""Configuration of transfers: experiments that bring trained models to another dataset."""

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from lightmill.config.section import Section

Strategy = Literal["zero_shot", "frozen", "gradual", "fine_tuned", "from_scratch", "joint"]
STRATEGIES: tuple[Strategy, ...] = ("zero_shot", "frozen", "gradual", "fine_tuned", "from_scratch", "joint")
# The strategy that learns nothing, the one that knows nothing of a source, and the one that learns from it, too.
AS_IT_IS: Strategy = "zero_shot"
ALONE: Strategy = "from_scratch"
WITH_SOURCE: Strategy = "joint"
# Of fewer labels than this share, which they are is luck: they are drawn several times.
DRAWN_BELOW = 0.1
# Fewer positives teach nothing that could be told from luck.
FEWEST_POSITIVES = 10

Fraction = Annotated[float, Field(gt=0, le=1)]
Rate = Annotated[float, Field(gt=0, le=100)]


class TrainedModels(Section):
    """Models that another run has trained, as the source of transfers."""

    ensemble: str = Field(
        min_length=1, description="Folder of their ensemble (`results/<run>/models/<name>/ensemble`)."
    )
    dataset: str = Field(
        min_length=1,
        description="Folder of the dataset that they were trained on: no star that trained them may test here.",
    )


class Comparison(Section):
    """One comparison that is named before anything is run."""

    strategy: Strategy = Field(description="The strategy that is compared.")
    other: Strategy = Field(default="from_scratch", description="The one that it is compared with.")
    fraction: Fraction = Field(description="At this share of the target's labels.")


class TransferKeys(Section):
    """The keys of an experiment that make it a transfer, or belong to one."""

    source: str | Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None,
        description="Another experiment, or a name under `trained_models`, whose models are the start, or a list of "
        "them: makes this one a transfer.",
    )
    strategies: list[Strategy] = Field(
        default=list(STRATEGIES), min_length=1, description="Transfer strategies to compare (with `source` only)."
    )
    fractions: list[Fraction] = Field(
        default=[0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0],
        min_length=1,
        description="Shares of the target's labels to learn from, the smaller within the larger (with `source` only).",
    )
    draws: int = Field(
        default=5,
        ge=1,
        le=100,
        description=f"How often labels are drawn of fractions below {DRAWN_BELOW:g} (with `source` only).",
    )
    rates: list[Rate] = Field(
        default=[0.3, 1.0, 3.0],
        min_length=1,
        description="Factors on the learning rate that every strategy tries at every fraction; the best on the "
        "target's validation labels is taken (with `source` only).",
    )
    primary: list[Comparison] = Field(
        default=[],
        description="Comparisons named in advance, whose intervals allow for their number (with `source` only).",
    )
    mismatched: bool = Field(
        default=False,
        description="Allow label maps of source and target that disagree on a class (with `source` only).",
    )
    fine_tune_rate: float = Field(
        default=0.1,
        gt=0,
        le=1,
        description="Learning rate of fine_tuned, as a fraction of training's own (with `source` only).",
    )

    @property
    def sources(self) -> list[str]:
        """The names under `source`, one or several; none where the experiment is no transfer."""
        return [] if self.source is None else [self.source] if isinstance(self.source, str) else self.source

    @field_validator("fractions", "rates")
    @classmethod
    def _few_digits(cls, values: list[float]) -> list[float]:
        for value in values:
            if float(f"{value:g}") != value:
                raise ValueError(f"{value!r} has too many digits; write {value:g}, which is how its files are called")
        return values

    @field_validator("strategies", "fractions", "rates")
    @classmethod
    def _each_once(cls, values: list, info: ValidationInfo) -> list:
        if len(set(values)) < len(values):
            raise ValueError("the same stands twice")
        return values if info.field_name == "strategies" else sorted(values)

    @model_validator(mode="after")
    def _of_one_transfer(self) -> "TransferKeys":
        if self.source is None:
            named = sorted((set(TransferKeys.model_fields) - {"source"}) & self.model_fields_set)
            if named:
                raise ValueError(f"{', '.join(named)} make sense only with source")
        if len(set(self.sources)) < len(self.sources):
            raise ValueError("source: the same stands twice")
        pairs = [(frozenset((one.strategy, one.other)), one.fraction) for one in self.primary]
        if len(set(pairs)) < len(pairs):
            raise ValueError("primary: the same comparison stands twice")
        for comparison in self.primary:
            missing = [name for name in (comparison.strategy, comparison.other) if name not in self.strategies]
            if missing:
                raise ValueError(
                    f"primary: {missing[0]} is none of the strategies; there are {', '.join(self.strategies)}"
                )
            if comparison.fraction not in self.fractions:
                raise ValueError(f"primary: {comparison.fraction:g} is none of the fractions")
            if comparison.strategy == comparison.other:
                raise ValueError(f"primary: {comparison.strategy} is compared with itself")
        return self
