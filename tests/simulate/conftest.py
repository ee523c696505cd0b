"""What the tests of the simulation share: one small survey."""

import pytest

from lightmill.config.simulation import SimulationSettings
from lightmill.simulate.survey import Target, draw_targets


@pytest.fixture(scope="session")
def settings() -> SimulationSettings:
    """A survey of a few dozen stars, short enough to be written in a second."""
    return SimulationSettings(
        seed=11,
        folder="unused",
        n_kepler=30,
        n_k2=24,
        n_tess=24,
        quarters=[3, 4],
        sectors=[1, 15],
        overlap=0.1,
        missing=0.04,
    )


@pytest.fixture(scope="session")
def targets(settings: SimulationSettings) -> dict[str, list[Target]]:
    """Its targets by mission."""
    return {mission: list(draw_targets(settings, mission)) for mission in ("Kepler", "K2", "TESS")}
