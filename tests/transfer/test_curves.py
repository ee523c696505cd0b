"""Tables from points whose samples are known."""

import numpy as np
import pandas as pd
import pytest

from lightmill.transfer.curves import curves, worth
from lightmill.transfer.grid import Arm, Grid
from lightmill.transfer.samples import Point, sampled_points


def point(strategy, n_labels, value, spread=0.0, source="kepler"):
    samples = np.column_stack([np.linspace(value - spread, value + spread, 101), np.full(101, 0.9)])
    source = "none" if strategy == "from_scratch" else source
    fraction = 0.0 if strategy == "zero_shot" else n_labels / 1000
    return Point(source, strategy, fraction, float(n_labels), n_labels / 5, np.array([value, 0.9]), samples)


SCRATCH = [point("from_scratch", 10, 0.5), point("from_scratch", 100, 0.7), point("from_scratch", 1000, 0.9)]


@pytest.mark.parametrize(
    ("value", "needed", "beyond"),
    [(0.6, 10**1.5, False), (0.7, 100, False), (0.85, 10**2.75, False), (0.4, 10, False), (0.95, 1000, True)],
)
def test_what_a_source_is_worth_is_read_from_the_curve_from_scratch(value, needed, beyond):
    table = worth([*SCRATCH, point("frozen", 10, value)], 0.95)
    row = table.iloc[0]
    assert len(table) == 1
    assert row["scratch_labels"] == pytest.approx(needed)
    assert row["low"] == row["high"] == pytest.approx(needed)
    assert row["worth"] == pytest.approx(needed - 10)
    assert row["beyond"] == beyond


def test_intervals_of_worth_are_those_of_the_samples():
    row = worth([*SCRATCH, point("frozen", 10, 0.7, spread=0.1)], 0.9).iloc[0]
    assert (row["low"], row["high"]) == pytest.approx((10**1.55, 10**2.45), rel=0.01)


def test_a_curve_that_falls_is_taken_not_to():
    curve = [point("from_scratch", 10, 0.5), point("from_scratch", 100, 0.45), point("from_scratch", 1000, 0.9)]
    row = worth([*curve, point("zero_shot", 0, 0.7)], 0.95).iloc[0]
    assert row["scratch_labels"] == pytest.approx(10**2.5)
    assert row["worth"] == row["scratch_labels"]


def test_no_interval_leaves_what_a_metric_can_be():
    table = curves([point("frozen", 10, 0.97, spread=0.1), point("from_scratch", 10, 0.02, spread=0.1)], 0.95)
    precision = table[table["metric"] == "average_precision"]
    assert precision["high"].tolist()[0] == 1
    assert precision["low"].tolist()[1] == 0


def toy_grid(noise_of_seeds, noise_of_draws, n=400):
    """Two strategies of equal scores but for noise of their own: per seed and per draw."""
    generator = np.random.default_rng(0)
    truth = (np.arange(n) % 4 == 0).astype(float)
    signals = pd.DataFrame(
        {"signal_id": np.arange(n).astype(str), "group_id": np.arange(n).astype(str), "truth": truth}
    )
    base = np.clip(0.3 + 0.4 * truth + generator.normal(0, 0.2, n), 0, 1)
    cells = pd.DataFrame({"fraction": 0.01, "draw": range(3), "n_labels": 90, "n_positives": 12})

    def arm(strategy, shift):
        of_seeds = noise_of_seeds * generator.normal(size=(4, 1, n))
        of_draws = noise_of_draws * generator.normal(size=(1, 3, n))
        scores = np.clip(base + shift * truth + of_seeds + of_draws, 0, 1)
        source = "none" if strategy == "from_scratch" else "kepler"
        return Arm(
            source, strategy, 1000, False, [1, 2, 3, 4], [cells] * 4, {"test": scores, "validation": scores}, None
        )

    return Grid([arm("frozen", 0.05), arm("from_scratch", 0.0)], {}, {"test": signals, "validation": signals})


def width(grid, paired=True):
    frozen, scratch = sampled_points(grid, 300)
    apart = frozen.samples[:, 0] - (scratch.samples[:, 0] if paired else scratch.samples[::-1, 0])
    return np.std(apart)


def test_differences_are_paired_by_star():
    grid = toy_grid(0.0, 0.0)
    assert width(grid) < 0.5 * width(grid, paired=False)


def test_noise_of_seeds_and_of_draws_widens_the_intervals():
    quiet = width(toy_grid(0.0, 0.0))
    assert width(toy_grid(0.3, 0.0)) > 1.5 * quiet
    assert width(toy_grid(0.0, 0.3)) > 1.5 * quiet


def test_points_repeat():
    first, second = (sampled_points(toy_grid(0.1, 0.1), 50) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.samples, other.samples)


@pytest.mark.parametrize(("of_seeds", "of_draws"), [(0.5, 0.0), (0.0, 0.5), (0.4, 0.4)])
def test_samples_lie_around_the_value_however_much_seeds_differ(of_seeds, of_draws):
    # Of fewer different seeds a mean is worse: without a correction all samples would lie below.
    for point in sampled_points(toy_grid(of_seeds, of_draws), 400):
        # What is left is that of the bootstrap of stars.
        assert abs(point.samples[:, 0].mean() - point.value[0]) < 0.3 * point.samples[:, 0].std()


def test_steadier_seeds_are_no_advantage():
    steady, unsteady = toy_grid(0.02, 0.0).arms[0], toy_grid(0.6, 0.0).arms[0]
    # The same mean of the seeds, which differ much or little.
    mean = unsteady.scores["test"].mean(axis=0, keepdims=True)
    steady = steady._replace(scores={"test": mean + 0.05 * (unsteady.scores["test"] - mean)})
    grid = toy_grid(0.0, 0.0)
    first, second = sampled_points(grid._replace(arms=[steady, unsteady]), 400)
    assert first.value == pytest.approx(second.value, abs=1e-3)
    apart = first.samples[:, 0] - second.samples[:, 0]
    assert abs(apart.mean()) < 0.2 * apart.std()
