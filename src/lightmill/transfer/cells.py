"""One cell of a transfer's grid: a strategy at one fraction of the labels, kept in a file of its own.

A cell that is there and belongs to the same data, settings and code is read, not made again: a job that was killed, or
to whose grid something was added, does what is missing.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from lightmill.code_digest import code_digest
from lightmill.config.training import TrainingSettings
from lightmill.config.transfer import AS_IT_IS, WITH_SOURCE, Strategy
from lightmill.files import atomic_path, digest
from lightmill.logs import logger
from lightmill.training.checkpoint import Checkpoint, dense
from lightmill.training.examples import Examples, examples_digest
from lightmill.training.fitting import fit, score_views
from lightmill.training.model_files import library_versions, probabilities
from lightmill.training.networks.base import Network
from lightmill.training.progress import METRICS, best_threshold, class_weights, epoch_metrics, standing
from lightmill.transfer.draws import drawn
from lightmill.transfer.sides import Sides
from lightmill.transfer.strategies import FRESH, PLANS, base_rate, first_network, learned_from

# Most cells take seconds; only of longer ones is what is half done worth keeping.
CHECKPOINT_EVERY_S = 30.0
# What a fraction draws from, and the splits that every cell scores whole.
DRAWN = ("train", "validation")
SCORED = ("validation", "test")
_WEIGHTS, _SCORES = "weights.", "scores."


@dataclass(frozen=True)
class Cell:
    """A share of the target's labels, the number of its draw, and the factor on the learning rate (NaN: none).

    `lasting` says whether its network is kept in its file.
    """

    fraction: float
    draw: int
    rate: float
    lasting: bool

    @property
    def name(self) -> str:
        """What its file is called."""
        return f"{self.fraction:g}-{self.draw}-{self.rate:g}"


@dataclass(frozen=True)
class Outcome:
    """What came of a cell.

    Attributes
    ----------
    row
        What is told of it: numbers of labels and positives to learn from and to choose on, `epochs`, `best_epoch`,
        `threshold`, and the METRICS on the drawn validation labels as `validation_<metric>`.
    scores
        By split (SCORED), (n,) float64 probabilities of all its examples in the dataset's order.
    history
        The epochs, as `fit` gives them.
    network
        The network, where it lasts.
    """

    row: dict[str, Any]
    scores: dict[str, np.ndarray]
    history: list[dict[str, float]]
    network: Network | None


def cell_outcome(
    cell: Cell, strategy: Strategy, sides: Sides, seed: int, fine_tune_rate: float, folder: str | Path
) -> Outcome:
    """The outcome of a cell: from its file in `folder`, if there is one that belongs to it; else made, and written.

    Parameters
    ----------
    cell
        AS_IT_IS has the fraction 0.
    strategy, sides, seed, fine_tune_rate
        As for `lightmill.transfer.transfer_model`.
    """
    path = Path(folder) / f"{cell.name}.safetensors"
    examples = sides.examples
    # What is learned from and chosen on; without learning, what it is told how well the network does.
    labelled = {"validation": examples["validation"]}
    if strategy != AS_IT_IS:
        labelled = {split: drawn(examples[split], cell.fraction, cell.draw) for split in DRAWN}
    network = first_network(strategy, sides.source, seed)
    rate = 0.0 if strategy == AS_IT_IS else cell.rate * base_rate(strategy, sides.settings, fine_tune_rate)
    settings = sides.settings.model_copy(update={"learning_rate": rate})
    few = strategy not in (AS_IT_IS, WITH_SOURCE)
    passes = passes_over(len(examples["train"]), len(labelled["train"])) if few else 1
    key = _key(cell, strategy, sides, settings, seed, labelled, network, passes)
    kept = _read(path, key, network)
    if kept is not None and (kept.network is not None or not cell.lasting):
        return kept
    history: list[dict[str, float]] = []
    if strategy != AS_IT_IS:
        checkpoint = Checkpoint(path.with_suffix(".checkpoint"), key, CHECKPOINT_EVERY_S)
        learned = learned_from(strategy, labelled["train"], sides.source_examples)
        plan = PLANS[strategy](network, settings)
        history = fit(network, learned, labelled["validation"], settings, seed, checkpoint, plan, passes)
    logits = {split: score_views(network, examples[split].views) for split in SCORED}
    row = _row(cell, strategy, sides, labelled, logits["validation"], history)
    scores = {split: probabilities(one) for split, one in logits.items()}
    outcome = Outcome(row, scores, history, network if cell.lasting else None)
    _write(path, key, outcome)
    if strategy != AS_IT_IS:
        checkpoint.remove()
    return outcome


def passes_over(rows: int, drawn_rows: int) -> int:
    """How often an epoch goes through so many of the rows: the number of steps falls with the root of their share.

    In proportion to it, a network of its own would have hardly begun to learn when a few labels end; without, most of
    the time would be spent where the least is to be learned.
    """
    return max(1, round(math.sqrt(rows / drawn_rows)))


def _key(
    cell: Cell,
    strategy: Strategy,
    sides: Sides,
    settings: TrainingSettings,
    seed: int,
    labelled: Mapping[str, Examples],
    network: Network,
    passes: int,
) -> str:
    """Digest of all that decides the outcome; a label that the cell does not see does not."""
    unlabelled = [replace(sides.examples[split], labels=np.zeros(0, np.float32)) for split in SCORED]
    first = {} if strategy in FRESH else {name: _hex(tensor) for name, tensor in network.state_dict().items()}
    return digest(
        {
            "cell": [cell.fraction, cell.draw],
            "strategy": strategy,
            "seed": seed,
            "passes": passes,
            "settings": settings.model_dump(exclude={"seeds"}),
            "views": sides.source.description["views"],
            "threshold": sides.source.description["threshold"] if strategy == AS_IT_IS else None,
            "first": first,
            "labelled": examples_digest([labelled[split] for split in DRAWN if split in labelled]),
            "scored": examples_digest(unlabelled),
            "source": examples_digest([sides.source_examples["train"]]) if strategy == WITH_SOURCE else None,
            "versions": library_versions(),
            "code": code_digest(__file__),
        }
    )


def _hex(tensor: torch.Tensor) -> str:
    return digest(dense(tensor).numpy().tobytes().hex())


def _row(
    cell: Cell,
    strategy: Strategy,
    sides: Sides,
    labelled: Mapping[str, Examples],
    logits: np.ndarray,
    history: list[dict[str, float]],
) -> dict[str, Any]:
    chosen_on = labelled["validation"]
    seen = np.isin(sides.examples["validation"].meta["signal_id"], chosen_on.meta["signal_id"])
    train, chosen = (labelled[split].labels if strategy != AS_IT_IS else np.zeros(0) for split in DRAWN)
    weighed = labelled.get("train", sides.examples["train"])
    weights = class_weights(weighed.labels) if sides.settings.class_weights else np.ones(2, np.float32)
    metrics = epoch_metrics(chosen_on.labels, logits[seen], weights)
    return {
        "fraction": cell.fraction,
        "draw": cell.draw,
        "rate": cell.rate,
        "n_labels": len(train),
        "n_positives": int(train.sum()),
        "n_validation": len(chosen),
        "n_validation_positives": int(chosen.sum()),
        "epochs": len(history),
        "best_epoch": standing(history, sides.settings).best_epoch,
        "threshold": (
            sides.source.description["threshold"]
            if strategy == AS_IT_IS
            else best_threshold(chosen_on.labels, probabilities(logits[seen]))
        ),
        **{f"validation_{metric}": metrics[metric] for metric in METRICS},
    }


def _write(path: Path, key: str, outcome: Outcome) -> None:
    tensors = {_SCORES + split: torch.from_numpy(scores) for split, scores in outcome.scores.items()}
    if outcome.network is not None:
        tensors |= {_WEIGHTS + name: dense(tensor) for name, tensor in outcome.network.state_dict().items()}
    state = json.dumps({"key": key, "row": outcome.row, "history": outcome.history})
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"state": state})


def _read(path: Path, key: str, network: Network) -> Outcome | None:
    """The outcome in a file, its weights, if any, put into `network`; None if there is none that belongs to the key."""
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            state = json.loads((file.metadata() or {}).get("state", "{}"))
            if state.get("key") != key:
                logger.info("%s belongs to other data, settings or code; made again", path)
                return None
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError) as error:
        logger.warning("%s cannot be read (%s); made again", path, error)
        return None
    scores = {split: tensors[_SCORES + split].numpy() for split in SCORED}
    weights = {name.removeprefix(_WEIGHTS): one for name, one in tensors.items() if name.startswith(_WEIGHTS)}
    if weights:
        network.load_state_dict(weights)
    return Outcome(state["row"], scores, state["history"], network.eval() if weights else None)
