"""Random numbers that depend on a name alone, so that the order of work changes nothing."""

from hashlib import blake2b

import numpy as np


def generator(seed: int, *name: str | int) -> np.random.Generator:
    """A numpy Generator for the thing called `name` in the survey of `seed`."""
    text = "/".join([str(seed), *map(str, name)])
    return np.random.Generator(np.random.PCG64(int.from_bytes(blake2b(text.encode(), digest_size=16).digest(), "big")))


def deal(weights: dict[str, float], n: int, rng: np.random.Generator) -> list[str]:
    """A shuffled list of `n` names in which each stands as often as its weight asks, to within one.

    Quotas and not draws: a survey of a few dozen targets has some of every kind.
    """
    total = sum(weights.values())
    shares = {name: n * weight / total for name, weight in weights.items()}
    counts = {name: int(share) for name, share in shares.items()}
    by_remainder = sorted(shares, key=lambda name: (counts[name] - shares[name], name))
    for name in by_remainder[: n - sum(counts.values())]:
        counts[name] += 1
    names = [name for name in weights for _ in range(counts[name])]
    rng.shuffle(names)
    return names
