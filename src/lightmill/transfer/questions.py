"""The questions that a configuration's transfers ask, checked before anything is run."""

from lightmill.config.model import Config
from lightmill.config.training import Experiment
from lightmill.errors import ConfigError, LabelError
from lightmill.transfer.tasks import require_same_question


def require_same_questions(config: Config) -> None:
    """Raise ConfigError if the label maps written in a configuration contradict each other, before anything is run.

    Maps that follow from a mission's own labels are known only with the data; the transfer itself checks them.
    """
    for name, experiment in config.experiments.items():
        if experiment.source is None:
            continue
        source = config.experiments[experiment.source]
        try:
            require_same_question(_written(config, source), _written(config, experiment), experiment.mismatched)
        except LabelError as error:
            raise ConfigError(f"experiments.{name}: {error}") from None


def _written(config: Config, experiment: Experiment) -> dict[str, set[int]]:
    """The label map of one side as far as the configuration tells it."""
    if experiment.labels is not None:
        positive, negative = experiment.labels.positive, experiment.labels.negative
    elif experiment.dataset in config.imported_views:
        policy = config.imported_views[experiment.dataset].labels
        positive, negative = policy.planet, policy.not_planet
    else:
        return {}
    return {disposition: {1} for disposition in positive} | {disposition: {0} for disposition in negative}
