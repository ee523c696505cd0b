"""20 passes of Monte Carlo dropout, which share what comes before it, against a plain loop of whole forward passes.

The same networks on the same made-up views, of the lengths that AstroNet takes. The loop is what one would write first:
dropout on, everything else in evaluation mode, and every pass from the views on.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from benchmarks.records import Peer, Record, release, side_by_side
from lightmill.training.determinism import deterministic, seed_torch
from lightmill.training.dropout import PASSES, dropout_logits
from lightmill.training.fitting import batches, both_sides
from lightmill.training.networks import build_network
from lightmill.training.networks.base import Network

LENGTHS = {"global": 2001, "local": 201}
# `lightmill` by its own share; that of the others is set here, for theirs is none.
SHARES = {"astronet": 0.3, "dual_branch": 0.3, "lightmill": None}


def loop(network: Network, views: Mapping[str, np.ndarray], passes: int, seed: int) -> np.ndarray:
    """Logits (passes, n), each pass from the views on, dropping anew for every signal."""
    network.eval()
    for layer in network.modules():
        if isinstance(layer, nn.Dropout):
            layer.train()
    logits = []
    with deterministic(), torch.inference_mode():
        for drawn in range(passes):
            parts = []
            for batch in batches(views, network.view_names, torch.device("cpu")):
                sides = []
                for side in both_sides(network, batch):
                    # A signal and its mirror image are seen by the same drawn network.
                    seed_torch(seed, drawn)
                    sides.append(network(side))
                parts.append(torch.stack(sides).mean(dim=0).numpy())
            logits.append(np.concatenate(parts))
    return np.stack(logits)


def compare(folder: Path, samples: int = 256, repeats: int = 3) -> Iterator[Record]:
    generator = np.random.default_rng(0)
    views = {name: generator.normal(size=(samples, bins)).astype(np.float32) for name, bins in LENGTHS.items()}
    for architecture, share in SHARES.items():
        seed_torch(1, 0)
        network = build_network(architecture, LENGTHS, share)
        yield side_by_side(
            f"dropout_{architecture}",
            partial(dropout_logits, network, views, PASSES, 1),
            Peer(f"{release('torch')}, {PASSES} whole passes", partial(loop, network, views, PASSES, 1)),
            unit="signal",
            n=samples,
            repeats=repeats,
            difference=standard_errors,
            difference_in="standard errors of a signal's mean at most",
        )


def standard_errors(ours: np.ndarray, theirs: np.ndarray) -> float:
    """How far apart the means over passes (passes, n) of a signal are at most, in standard errors of the difference."""
    error = np.sqrt((ours.var(axis=0, ddof=1) + theirs.var(axis=0, ddof=1)) / len(ours))
    return float(np.max(np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) / error))
