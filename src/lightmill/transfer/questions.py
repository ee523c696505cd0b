"""The questions that a configuration's transfers ask, checked before anything is run."""

from lightmill.config.model import Config
from lightmill.config.questions import written_map
from lightmill.errors import ConfigError, LabelError
from lightmill.transfer.tasks import require_same_question


def require_same_questions(config: Config) -> None:
    """Raise ConfigError if the label maps written in a configuration contradict each other, before anything is run.

    Maps that follow from a mission's own labels, and those of other runs' models, are known only with the data; the
    transfer itself checks them.
    """
    for name, experiment in config.experiments.items():
        for source in experiment.sources:
            if source not in config.experiments:
                continue
            asked = written_map(config, config.experiments[source])
            try:
                require_same_question(asked, written_map(config, experiment), experiment.mismatched)
            except LabelError as error:
                raise ConfigError(f"experiments.{name}: {error}") from None
