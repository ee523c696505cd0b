"""The state of an unfinished training: one file, written after every epoch, without pickles.

A checkpoint carries the key of what it belongs to. One with another key (other data, other settings, other code) is
never resumed.
"""

import json
from pathlib import Path
from time import monotonic

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lightmill.files import atomic_path
from lightmill.logs import logger
from lightmill.training.networks.base import Network

_WEIGHTS, _KEPT, _BEST, _OPTIMISER = "weights.", "kept.", "best.", "optimiser."


class Checkpoint:
    """A place to keep the state of the training that `key` stands for, at most once in so many seconds."""

    def __init__(self, path: str | Path, key: str, every_s: float = 0.0) -> None:
        self.path = Path(path)
        self.key = key
        self.every_s = every_s
        self.saved_s = monotonic()

    def save(
        self,
        network: Network,
        kept: Network,
        best: dict[str, Tensor],
        optimiser: torch.optim.Optimizer,
        history: list[dict[str, float]],
    ) -> None:
        """Write weights, their average, the best so far, the optimiser's moments and the history of epochs.

        `kept` is the network itself where no average is kept. Nothing is written where the last time is too recent.
        """
        if monotonic() - self.saved_s < self.every_s:
            return
        self.saved_s = monotonic()
        tensors = {_WEIGHTS + name: tensor for name, tensor in network.state_dict().items()}
        if kept is not network:
            tensors |= {_KEPT + name: tensor for name, tensor in kept.state_dict().items()}
        tensors |= {_BEST + name: tensor for name, tensor in best.items()}
        for index, moments in optimiser.state_dict()["state"].items():
            tensors |= {f"{_OPTIMISER}{index}.{name}": tensor for name, tensor in moments.items()}
        with atomic_path(self.path) as temporary:
            save_file(
                {name: dense(tensor) for name, tensor in tensors.items()},
                temporary,
                metadata={"state": json.dumps({"key": self.key, "history": history})},
            )

    def load(
        self, network: Network, kept: Network, optimiser: torch.optim.Optimizer
    ) -> tuple[dict[str, Tensor], list[dict[str, float]]] | None:
        """Put the saved state into `network`, `kept` and `optimiser`; returns the best weights and the history.

        None, with nothing changed, if there is no checkpoint or it belongs to another training.
        """
        if not self.path.is_file():
            return None
        try:
            with safe_open(self.path, framework="pt") as file:
                state = json.loads((file.metadata() or {}).get("state", "{}"))
                if state.get("key") != self.key:
                    logger.info("%s belongs to another training (data, settings or code); starting anew", self.path)
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except SafetensorError as error:
            logger.warning("%s cannot be read (%s); starting anew", self.path, error)
            return None
        network.load_state_dict(_below(_WEIGHTS, tensors))
        if kept is not network:
            kept.load_state_dict(_below(_KEPT, tensors))
        _restore_moments(optimiser, _below(_OPTIMISER, tensors))
        return _below(_BEST, tensors), state["history"]

    def remove(self) -> None:
        """Delete the file, if there is one."""
        self.path.unlink(missing_ok=True)


def dense(tensor: Tensor) -> Tensor:
    """A copy with memory of its own, in the usual order: safetensors takes no other."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _restore_moments(optimiser: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    saved = optimiser.state_dict()
    parameters = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    for name, tensor in moments.items():
        index, moment = name.split(".", 1)
        parameter = parameters[int(index)]
        if tensor.shape == parameter.shape:
            # The parameter's own order in memory: files hold another, and the optimiser must not mix them.
            tensor = torch.empty_like(parameter, device="cpu").copy_(tensor)
        saved["state"].setdefault(int(index), {})[moment] = tensor
    optimiser.load_state_dict(saved)


def _below(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
