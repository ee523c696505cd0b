"""Configuration of training, evaluation and experiments."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationInfo, field_validator, model_validator

from lightmill.config.bridges import BridgeSettings
from lightmill.config.section import Section
from lightmill.config.transfer import TransferKeys
from lightmill.config.views import MoreView

# The networks in `lightmill.training.networks`; a configuration is checked without loading any.
Architecture = Literal["dual_branch", "astronet", "lightmill"]
LeftOut = Literal[MoreView, "scatter", "scalars"]


class Augmentation(Section):
    """How examples are changed each time that they are learned from; nothing by default."""

    mirror: bool = Field(default=False, description="Mirror half of the examples in time, all their views together.")
    noise: float = Field(
        default=0.0,
        ge=0,
        le=5,
        description="Add normal noise, by an amount that is drawn evenly up to this many robust scatters of each view.",
    )
    shift_bins: int = Field(
        default=0,
        ge=0,
        le=20,
        description="Roll the views around transits by up to so many bins to either side: an epoch is never exact.",
    )

    gap: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="Put a stretch of each view of half of the examples on the level, as if nothing had been observed "
        "there: up to this share of its bins.",
    )
    bootstrap_transits: bool = Field(
        default=False,
        description="Draw single transits anew from a signal's own, with replacement, and move the local view with "
        "their mean (where the dataset has `unfolded`).",
    )

    @property
    def changes(self) -> bool:
        """Whether anything is changed at all."""
        return self.mirror or self.noise > 0 or self.shift_bins > 0 or self.gap > 0 or self.bootstrap_transits


class TrainingSettings(Section):
    """How a network is fitted."""

    architecture: Architecture = Field(default="dual_branch", description="Name of the network.")
    leave_out: list[LeftOut] = Field(
        default=[],
        description="Views that the network is not to see, though it could: to find out what each is worth. `scatter` "
        "stands for that of all views, `scalars` for the numbers that were measured; `global` and `local` always stay.",
    )
    seeds: list[Annotated[int, Field(ge=0, lt=2**32)]] = Field(
        default=[1, 2, 3], min_length=1, description="One model is trained from each seed."
    )
    members: Literal["seeds", "folds"] = Field(
        default="seeds",
        description="What the models of an experiment differ in. `seeds`: each learns from the training split and is "
        "chosen on the validation split. `folds`: both splits together are cut by group into as many parts as there "
        "are seeds; the model of each seed leaves one part out, and is chosen on it.",
    )
    epochs: int = Field(default=60, ge=1, description="Largest number of passes over the training set.")
    batch_size: int = Field(default=64, ge=1, description="Examples per step.")
    learning_rate: float = Field(default=1e-3, gt=0, le=1, description="Adam's learning rate at the start.")
    weight_decay: float = Field(default=0.0, ge=0, description="Weight decay (AdamW).")
    label_smoothing: float = Field(
        default=0.0, ge=0, lt=1, description="Share of certainty that is taken from every label in training."
    )
    dropout: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="Share of what the dense layers of a network's head pass on that is dropped, at random, in each "
        "step of training; by default the architecture's own (`lightmill` 0.3, the others none).",
    )
    augment: Augmentation = Field(default=Augmentation(), description="Changes of the examples in training.")
    averaging: float = Field(
        default=0.0,
        ge=0,
        lt=1,
        description="Decay, per step, of a moving average of the weights, which is what is kept; 0 keeps the weights.",
    )
    precision: Literal["float32", "bfloat16"] = Field(
        default="float32",
        description="Numbers of the layers' products in training; `bfloat16` is faster where the processor has it. "
        "Scores are always float32.",
    )
    schedule: Literal["plateau", "cosine"] = Field(
        default="plateau",
        description="How the learning rate falls: by `plateau_factor` when nothing gets better, or along half a cosine "
        "over all `epochs`, after a short rise.",
    )
    class_weights: bool = Field(default=True, description="Weigh each class by the inverse of its share.")
    batches: Literal["shuffled", "balanced"] = Field(
        default="shuffled",
        description="What a batch is made of: the examples in random order, or as many positives as negatives, the "
        "rarer class drawn again (with `class_weights: false`).",
    )
    monitor: Literal["average_precision", "roc_auc", "loss"] = Field(
        default="average_precision",
        description="Validation metric that chooses the best epoch, ends training and lowers the rate.",
    )
    patience: int = Field(default=12, ge=1, description="Epochs without a better metric before training stops.")
    plateau_patience: int = Field(default=4, ge=1, description="Epochs without a better metric before the rate drops.")
    plateau_factor: float = Field(default=0.5, gt=0, lt=1, description="What the rate is multiplied by when it drops.")
    device: Literal["cpu", "cuda", "auto"] = Field(
        default="cpu", description="Where to train. `auto` takes a GPU if there is one; bytes are promised on cpu."
    )

    @model_validator(mode="after")
    def _leaves_out_what_it_sees(self) -> "TrainingSettings":
        if self.leave_out and self.architecture != "lightmill":
            raise ValueError(
                f"leave_out: {self.architecture} sees the global and the local view alone; set leave_out: []"
            )
        if len(set(self.leave_out)) < len(self.leave_out):
            raise ValueError("leave_out: the same stands twice")
        return self

    @field_validator("seeds")
    @classmethod
    def _each_seed_once(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) < len(seeds):
            raise ValueError("the same seed stands twice")
        return seeds

    @field_validator("members")
    @classmethod
    def _a_part_for_each_of_two(cls, members: str, info: ValidationInfo) -> str:
        if members == "folds" and len(info.data.get("seeds", ())) == 1:
            raise ValueError("folds need two seeds or more, one for each part; name more under training.seeds")
        return members

    @field_validator("batches")
    @classmethod
    def _rare_ones_count_more_once(cls, batches: str, info: ValidationInfo) -> str:
        if batches == "balanced" and info.data.get("class_weights"):
            raise ValueError("with class_weights the rarer class would count more twice over; set class_weights: false")
        return batches


class TaskLabels(Section):
    """The label map of one side of a task: which dispositions are the positive class, which the negative."""

    positive: list[str] = Field(min_length=1, description="Dispositions of the positive class.")
    negative: list[str] = Field(min_length=1, description="Dispositions of the negative class.")

    @model_validator(mode="after")
    def _one_side_each(self) -> "TaskLabels":
        both = sorted(set(self.positive) & set(self.negative))
        if both:
            raise ValueError(f"{', '.join(both)} stands under both positive and negative")
        return self


class LaterLabels(TaskLabels):
    """What the dispositions of later tables mean in an experiment's question."""

    positive: list[str] = Field(min_length=1, description="Later dispositions of the positive class.")
    negative: list[str] = Field(
        min_length=1, description="Later dispositions of the negative class; all others decide nothing."
    )
    absent: Literal["unknown", "negative"] = Field(
        default="unknown",
        description="What a signal is that no later table lists. `negative` adds metrics under that assumption beside "
        "those without it.",
    )


class TodaySettings(LaterLabels):
    """Later tables by which the labels of an experiment's test split are judged."""

    tables: list[str] = Field(
        min_length=1, description="Catalog files, as paths or globs; of several snapshots of a table the newest counts."
    )
    events: str | None = Field(
        default=None,
        description="For views without ephemerides: the catalog file of the events that they are of, a path or a glob. "
        "Rows are joined to it by star and old disposition, for evaluation alone.",
    )


class SuspectSettings(Section):
    """What becomes of training labels that an experiment with folds found to be suspect."""

    of: str = Field(
        description="An experiment with `training.members: folds` on the same dataset, task and labels, whose suspect "
        "labels are meant."
    )
    treatment: Literal["drop", "down_weight"] = Field(
        description="`drop` leaves them out of training; with `down_weight` they count `weight` in the loss."
    )
    weight: float | None = Field(
        default=None, gt=0, lt=1, description="What a suspect example counts in the loss (with `down_weight` only)."
    )

    @model_validator(mode="after")
    def _weight_belongs_to_down_weight(self) -> "SuspectSettings":
        if (self.weight is None) == (self.treatment == "down_weight"):
            raise ValueError("weight is what down_weight needs, and drop has no use for it")
        return self


class Experiment(TransferKeys):
    """One network trained and evaluated on one dataset or, with `source`, transferred to it."""

    dataset: str = Field(
        description="A mission (Kepler, K2, TESS: the dataset assembled from its views) or the name "
        "of a set under imported_views."
    )
    task: str = Field(
        default="planet", description="Name of the question asked; both sides of a transfer ask the same."
    )
    labels: TaskLabels | None = Field(
        default=None, description="The task's label map by disposition; without it, `planet` against `not_planet`."
    )
    training: dict[str, Any] = Field(
        default={}, description="Keys of the top-level `training` that differ in this experiment."
    )
    today: TodaySettings | None = Field(
        default=None, description="Judge the labels of the test split by later tables, too."
    )
    suspects: SuspectSettings | None = Field(
        default=None, description="Leave suspect labels out of training, or let them count less."
    )
    bridge: BridgeSettings | None = Field(
        default=None, description="Degrade the examples in training to look like those of another dataset."
    )

    @model_validator(mode="after")
    def _no_more_than_a_transfer(self) -> "Experiment":
        if self.source is not None and self.today is not None:
            raise ValueError("today: a transfer is not judged by later tables; name them where its source trains")
        if self.source is not None and self.suspects is not None:
            raise ValueError("suspects: a transfer trains on all labels; leave it out")
        fixed = sorted({"architecture", "dropout", "leave_out"} & set(self.training))
        if self.source is not None and fixed:
            raise ValueError(f"training.{fixed[0]}: a transfer has the {fixed[0]} of its source; leave it out")
        return self


class EvaluationSettings(Section):
    """How models are judged on the test split."""

    bootstrap: int = Field(default=1000, ge=100, description="Bootstrap samples, drawn by group.")
    confidence: float = Field(default=0.95, gt=0.5, lt=1, description="Coverage of the intervals.")
    precisions: list[float] = Field(default=[0.9, 0.95, 0.99], description="Precisions at which the recall is given.")
    minimum_positives: int = Field(
        default=300, ge=1, description="Below this many test positives, recall at fixed precision is not measurable."
    )
    explain: int = Field(
        default=100,
        ge=0,
        description="How many signals of each experiment are explained, bin by bin; 0 for none.",
    )
