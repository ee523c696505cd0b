"""Configuration of the search: completing and refining ephemerides, and finding signals that nobody has listed."""

from typing import Any

from pydantic import Field, model_validator

from lightmill.config.section import Section
from lightmill.config.views import Biweight, DetrendSettings, Savgol, Spline
from lightmill.targets import Mission

# Chosen by what is found with each: docs/search.md has the tables.
REFINING_DETREND: dict[Mission, Savgol | Biweight | Spline] = {
    "Kepler": Savgol(method="savgol"),
    "K2": Savgol(method="savgol"),
    "TESS": Savgol(method="savgol"),
}
FINDING_DETREND: dict[Mission, Savgol | Biweight | Spline] = {
    "Kepler": Spline(method="spline"),
    "K2": Spline(method="spline"),
    "TESS": Savgol(method="savgol"),
}
_DETREND = (
    "How a star's own variability is divided out before, by `method`; without, as is best for each mission "
    "(docs/search.md)."
)


class FindSettings(Section):
    """A blind search of stars for signals, up to views and scores."""

    targets: list[str] = Field(
        default=[], description="Lists of stars: CSV files, as paths or globs, with a column `target_id`."
    )
    catalog_targets: bool = Field(
        default=False, description="Search the stars of the catalogs' signals too, known signals and all."
    )
    shortest_period_d: float = Field(default=0.15, ge=0.05, le=100, description="Shortest period in days.")
    longest_period_d: float | None = Field(
        default=None, gt=0.05, le=2000, description="Longest period in days; without, half of what a light curve spans."
    )
    signals_per_star: int = Field(default=8, ge=1, le=50, description="The search of a star ends with so many.")
    least_snr: float = Field(default=7.0, ge=4, le=100, description="Weaker signals are not listed.")
    most_false_alarm: float = Field(
        default=0.01, gt=0, le=1, description="Signals that the star's noise makes more often than this are not listed."
    )
    least_transits: int = Field(default=3, ge=2, le=100, description="So many transits must have most of their data.")
    detrend: DetrendSettings | None = Field(default=None, description=_DETREND)
    score_with: dict[Mission, str] = Field(
        default={},
        description="By mission, what scores what is found: an experiment of this run, or the folder of an ensemble.",
    )

    @model_validator(mode="after")
    def _periods_in_order(self) -> "FindSettings":
        if self.longest_period_d is not None and self.longest_period_d <= self.shortest_period_d:
            raise ValueError(
                "expected longest_period_d above shortest_period_d "
                f"({self.longest_period_d:g} d is not above {self.shortest_period_d:g} d)"
            )
        return self

    def detrend_of(self, mission: Mission) -> Savgol | Biweight | Spline:
        """How variability is divided out of a mission's light curves."""
        return self.detrend if self.detrend is not None else FINDING_DETREND[mission]

    def limits(self) -> dict[str, Any]:
        """What is looked for, as `search.find.find_signals` takes it."""
        return self.model_dump(exclude={"targets", "catalog_targets", "detrend", "score_with"})


class EphemerisSettings(Section):
    """What is looked for in the ephemerides of the catalogs' signals."""

    complete: bool = Field(
        default=True, description="Find epoch and duration of signals that a catalog lists with a period alone."
    )
    refine: bool = Field(
        default=True,
        description="Look whether ephemerides have drifted, or are multiples of the period, and mend them.",
    )
    detrend: DetrendSettings | None = Field(default=None, description=_DETREND)

    def detrend_of(self, mission: Mission) -> Savgol | Biweight | Spline:
        """How variability is divided out of a mission's light curves."""
        return self.detrend if self.detrend is not None else REFINING_DETREND[mission]


class SearchSettings(EphemerisSettings):
    """What is searched for in the light curves before views are made."""

    cache: str = Field(
        default="data/search", min_length=1, description="Folder in which results are kept by star, shared by runs."
    )
    find: FindSettings | None = Field(
        default=None, description="Search stars blindly. Without this key nothing is searched."
    )

    @model_validator(mode="after")
    def _some_stars(self) -> "SearchSettings":
        if self.find is not None and not self.find.targets and not self.find.catalog_targets:
            raise ValueError("find: no stars to search; name lists of them in targets, or set catalog_targets")
        return self
