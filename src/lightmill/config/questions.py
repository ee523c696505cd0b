"""Which questions the experiments of a configuration ask, as far as the configuration alone tells it."""

from lightmill.config.model import Config
from lightmill.config.training import Experiment


def written_map(config: Config, experiment: Experiment) -> dict[str, set[int]]:
    """The sides of each disposition, {1} or {0}, in an experiment's label map.

    Empty where it follows from a mission's own labels, which are known only with the data.
    """
    if experiment.labels is not None:
        positive, negative = experiment.labels.positive, experiment.labels.negative
    elif experiment.dataset in config.imported_views:
        policy = config.imported_views[experiment.dataset].labels
        positive, negative = policy.planet, policy.not_planet
    else:
        return {}
    return {disposition: {1} for disposition in positive} | {disposition: {0} for disposition in negative}


def same_questions(config: Config) -> list[list[str]]:
    """Names of the trained experiments that ask the same: one dataset, one label map; alone, none is listed.

    In the order of the configuration.
    """
    asked: list[tuple[tuple[str, dict[str, set[int]]], list[str]]] = []
    for name, experiment in config.experiments.items():
        if experiment.source is not None:
            continue
        question = experiment.dataset, written_map(config, experiment)
        for known, names in asked:
            if known == question:
                names.append(name)
                break
        else:
            asked.append((question, [name]))
    return [names for _, names in asked if len(names) > 1]
