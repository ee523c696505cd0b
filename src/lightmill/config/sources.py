"""What the sources of a transfer must have in common, checked when the configuration is read."""

from collections.abc import Mapping

from lightmill.config.training import Experiment, TrainingSettings
from lightmill.config.transfer import TrainedModels

# Where the models of no source stand, beside those of the sources.
NO_SOURCE = "none"


def check_transfer(
    name: str,
    experiments: Mapping[str, Experiment],
    trained: Mapping[str, TrainedModels],
    training: TrainingSettings,
) -> None:
    """Raise ValueError if the experiment called `name` cannot start from its sources.

    Parameters
    ----------
    experiments
        All of them, by name.
    trained
        Models that other runs have trained, by name.
    training
        The top-level settings of training.
    """
    experiment = experiments[name]
    place = f"experiments.{name}"
    for source in experiment.sources:
        if source == NO_SOURCE:
            raise ValueError(
                f"{place}.source: {NO_SOURCE!r} is where models without a source stand; choose another name"
            )
        if source in experiments and source in trained:
            raise ValueError(f"{place}.source: {source!r} is an experiment and stands under trained_models; rename one")
        if source in experiments and experiments[source].source is not None:
            raise ValueError(f"{place}.source: {source!r} is a transfer itself; name an experiment that trains")
        if source not in trained and source not in experiments:
            there = sorted({*trained, *(key for key, one in experiments.items() if one.source is None)})
            raise ValueError(
                f"{place}.source: no trained experiment {source!r}, and no such name under trained_models; "
                f"there are {', '.join(there) or 'none'}"
            )
        if source in experiments and experiments[source].task != experiment.task:
            raise ValueError(
                f"{place}.task: {experiment.task!r}, but its source asks {experiments[source].task!r}; "
                "both sides of a transfer ask the same question"
            )
        if source in experiments and experiments[source].dataset == experiment.dataset:
            raise ValueError(f"{place}.dataset: {experiment.dataset!r} is what {source!r} was trained on; name another")
    settings = TrainingSettings(**{**training.model_dump(), **experiment.training})
    if experiment.rates[-1] * settings.learning_rate > 1:
        raise ValueError(
            f"{place}.rates: {experiment.rates[-1]:g} times the learning rate, {settings.learning_rate:g}, is above 1; "
            "leave the largest factors out"
        )
    of_run = [source for source in experiment.sources if source in experiments]
    if of_run and "seeds" in experiment.training:
        raise ValueError(f"{place}.training.seeds: a transfer has the seeds of its source; leave it out")
    for key in ("architecture", "dropout", "leave_out", "seeds"):
        values = {source: experiments[source].training.get(key, getattr(training, key)) for source in of_run}
        (first, value), *others = values.items() or [("", None)]
        for other, another in others:
            if another != value:
                raise ValueError(
                    f"{place}.source: {first} and {other} have another {key} ({value} and {another}); the sources of "
                    "one transfer are compared with one network from scratch"
                )
