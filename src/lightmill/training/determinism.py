"""One seed, one set of weights: whatever the number of cores, and whether or not a run was interrupted."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from lightmill.errors import ModelError

# Without it, sums on a GPU depend on which block of it is free first.
os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")


@contextmanager
def deterministic() -> Iterator[None]:
    """Run torch on one thread with deterministic algorithms only, and leave its settings and generators as they were.

    On one thread sums are taken in one order, so that bytes do not depend on the number of cores; more cores are
    put to use by more jobs.
    """
    threads = torch.get_num_threads()
    strict = torch.get_deterministic_debug_mode()
    torch.set_num_threads(1)
    # Not `use_deterministic_algorithms`, which does the same but imports torch's compiler first: two seconds a job.
    torch.set_deterministic_debug_mode("error")
    try:
        with torch.random.fork_rng():
            yield
    finally:
        torch.set_deterministic_debug_mode(strict)
        torch.set_num_threads(threads)


def seed_torch(seed: int, epoch: int) -> None:
    """Seed torch's generators for one epoch; epoch 0 is the drawing of the first weights.

    Every epoch has a stream of its own, so a resumed run needs no record of what was drawn before it.
    """
    torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1))


def torch_device(name: str) -> torch.device:
    """The device called `cpu`, `cuda` or `auto`; raises ModelError for `cuda` where there is none."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if name == "cuda" and not torch.cuda.is_available():
        raise ModelError("training.device: cuda, but torch finds no GPU here; write cpu or auto")
    return torch.device(name)
