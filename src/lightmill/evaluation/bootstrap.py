"""Bootstrap by group: samples of groups drawn with replacement, all rows of a group together.

Signals of one star share noise and history, so they rise and fall together. What is measured on the same groups with
the same seed is measured on the same samples: differences between models are paired.
"""

from collections.abc import Callable, Iterator

import numpy as np

# Elements of the largest weight matrix held at a time (rows × samples): 32 MB of float64.
_BLOCK = 4_000_000


def group_numbers(groups: np.ndarray) -> np.ndarray:
    """The number, from 0 on, of the group of each row: (n,) int64 from (n,) names."""
    return np.unique(np.asarray(groups), return_inverse=True)[1].reshape(-1)


def group_weights(group_of_row: np.ndarray, samples: int, seed: int) -> Iterator[np.ndarray]:
    """How often each row counts in each sample: blocks (some of the samples, n) float64 of as often as its group came.

    `group_of_row` (n,) as `group_numbers` gives it. As many groups are drawn as there are.
    """
    generator = np.random.default_rng(seed)
    groups = int(group_of_row.max()) + 1
    block = max(1, _BLOCK // max(groups, len(group_of_row)))
    for start in range(0, samples, block):
        rows = min(block, samples - start)
        drawn = generator.integers(0, groups, size=(rows, groups)) + groups * np.arange(rows)[:, None]
        times = np.bincount(drawn.ravel(), minlength=rows * groups).reshape(rows, groups)
        yield times[:, group_of_row].astype(np.float64)


def bootstrap(
    measure: Callable[[np.ndarray], np.ndarray], group_of_row: np.ndarray, samples: int, seed: int
) -> np.ndarray:
    """What `measure` makes of weights (k, n), which is (k, ...), of all samples: (samples, ...)."""
    return np.concatenate([measure(weights) for weights in group_weights(group_of_row, samples, seed)])


def percentile_interval(samples: np.ndarray, confidence: float) -> tuple[float, float]:
    """Ends of the central interval of (samples,) that holds so large a share of those that are finite; NaN if none."""
    defined = samples[np.isfinite(samples)]
    if not len(defined):
        return np.nan, np.nan
    tail = (1 - confidence) / 2
    low, high = np.quantile(defined, [tail, 1 - tail])
    return float(low), float(high)
