"""Configuration of the simulated survey."""

from pydantic import Field

from lightmill.config.section import Section


class SimulationSettings(Section):
    """A survey that never was, in the archives' own formats."""

    seed: int = Field(default=20090307, ge=0, description="Everything in the simulated survey follows from it.")
    folder: str = Field(default="data/simulated", description="Where its catalogs and light curves are written.")
