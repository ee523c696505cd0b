"""A toy transfer that is made once: its two sides, and all of its strategies."""

import pytest
from transfer.toys import run_job, toy_job, toy_sides

from lightmill.config.transfer import STRATEGIES


@pytest.fixture(scope="session")
def place(tmp_path_factory):
    """The folder of both sides; tests may write beside them."""
    place = tmp_path_factory.mktemp("transfer")
    toy_sides(place)
    return place


@pytest.fixture(scope="session")
def transferred(place):
    """By strategy, the folders of its seeds; not to be changed."""
    return {strategy: run_job(toy_job(place, strategy), place / "transfer" / strategy) for strategy in STRATEGIES}
