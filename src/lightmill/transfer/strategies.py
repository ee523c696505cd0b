"""The strategies: what each starts from, which layers learn and how fast, and whose examples it learns from."""

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy

from lightmill.config.training import TrainingSettings
from lightmill.config.transfer import ALONE, WITH_SOURCE, Strategy
from lightmill.training.examples import Examples, with_others
from lightmill.training.model_files import Model
from lightmill.training.networks.base import Network
from lightmill.training.plan import Stage, all_layers, early_layers_frozen, gradually_unfrozen
from lightmill.training.train import fresh_network

# Strategies that begin with fresh weights.
FRESH: tuple[Strategy, ...] = (ALONE, WITH_SOURCE)

PLANS: Mapping[Strategy, Callable[[Network, TrainingSettings], Sequence[Stage]]] = {
    "frozen": lambda network, settings: early_layers_frozen(network),
    "gradual": lambda network, settings: gradually_unfrozen(network, settings.epochs),
    "fine_tuned": lambda network, settings: all_layers(network),
    "from_scratch": lambda network, settings: all_layers(network),
    "joint": lambda network, settings: all_layers(network),
}


def base_rate(strategy: Strategy, settings: TrainingSettings, fine_tune_rate: float) -> float:
    """The learning rate that the factors on it are meant for."""
    return settings.learning_rate * (fine_tune_rate if strategy == "fine_tuned" else 1.0)


def first_network(strategy: Strategy, source: Model, seed: int) -> Network:
    """A copy of the source's network, or for FRESH strategies one like it with weights of this seed."""
    if strategy not in FRESH:
        return deepcopy(source.network)
    description = source.description
    return fresh_network(description["architecture"], description["views"], seed, description["settings"]["dropout"])


def learned_from(strategy: Strategy, target: Examples, source: Mapping[str, Examples]) -> Examples:
    """The target's examples, and for WITH_SOURCE those of the source's training split as well, in turn with them."""
    if strategy != WITH_SOURCE:
        return target
    return with_others(target, source["train"])
