"""Configuration of the simulated survey."""

from typing import Any

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from lightmill.config.section import Section

# Segments whose clocks and pointings the simulator knows.
QUARTERS = tuple(range(1, 18))
CAMPAIGNS = (3, 12, 13)
SECTORS = (1, 4, 13, 15)

MAX_TARGETS = 9000


class Marginals(Section):
    """The distributions that one mission's targets and signals are drawn from."""

    # A configuration names what differs from the mission's own defaults, which SimulationSettings has.
    model_config = ConfigDict(json_schema_extra=lambda schema: schema.pop("required", None))

    period_median_d: float = Field(gt=0, le=100, description="Median orbital period of planets, days.")
    period_spread_dex: float = Field(gt=0, le=2, description="Scatter of log10 period about it.")
    period_min_d: float = Field(gt=0.2, le=10, description="Shortest period.")
    period_max_d: float = Field(gt=1, le=500, description="Longest period.")
    snr_median: float = Field(
        gt=5, le=500, description="Median signal-to-noise ratio, all simulated transits together."
    )
    snr_spread: float = Field(gt=0, le=2, description="Scatter of its natural logarithm.")
    snr_min: float = Field(gt=1, le=100, description="Detection threshold: weaker signals are not in the catalog.")
    magnitude_median: float = Field(gt=5, le=16, description="Median brightness in the mission's band, magnitudes.")
    magnitude_spread: float = Field(ge=0, le=3, description="Its scatter, magnitudes.")
    rotation_ppm: float = Field(ge=0, le=1e5, description="Median semi-amplitude of starspot variability, ppm.")

    @model_validator(mode="after")
    def _periods_in_order(self) -> "Marginals":
        if not self.period_min_d < self.period_median_d < self.period_max_d:
            raise ValueError("expected period_min_d < period_median_d < period_max_d")
        return self


class Mix(Section):
    """What the stars of the survey are, as relative weights."""

    planet: float = Field(default=0.30, ge=0, description="Hosts of one or more planets of any size.")
    hot_jupiter: float = Field(default=0.10, ge=0, description="Hot Jupiters, with secondary eclipses of their own.")
    eclipsing_binary: float = Field(default=0.12, ge=0, description="Eclipsing binaries on target.")
    blended_binary: float = Field(default=0.22, ge=0, description="Eclipsing binaries diluted by the target's light.")
    variable: float = Field(default=0.09, ge=0, description="Pulsators, contact binaries and spotted stars.")
    systematic: float = Field(default=0.13, ge=0, description="Instrumental events that fold into a dip.")
    contaminated: float = Field(
        default=0.04, ge=0, description="Stars that carry the signal of a bright eclipsing binary nearby."
    )

    @model_validator(mode="after")
    def _both_classes(self) -> "Mix":
        weights = self.model_dump()
        if not weights["planet"] + weights["hot_jupiter"] > 0:
            raise ValueError("planet and hot_jupiter together must have some weight")
        if not sum(weights.values()) - weights["planet"] - weights["hot_jupiter"] > 0:
            raise ValueError("the impostors together must have some weight")
        return self


class Instrument(Section):
    """How much of the instruments' own doing is in the light curves."""

    noise: float = Field(default=1.0, ge=0, le=10, description="Factor on photon and read noise.")
    trend_left: float = Field(
        default=0.02, ge=0, le=1, description="Share of the slow instrumental trends of Kepler and TESS left in PDCSAP."
    )
    roll_left: float = Field(
        default=0.1, ge=0, le=1, description="Share of K2's six-hour roll systematics left in PDCSAP."
    )
    dropouts_per_segment: float = Field(
        default=0.3, ge=0, le=20, description="Sudden drops of pixel sensitivity per target and segment."
    )


class SimulationSettings(Section):
    """A survey that never was, in the archives' own formats; docs/simulation.md has the sources of the defaults."""

    seed: int = Field(default=20090307, ge=0, description="Everything in the simulated survey follows from it.")
    folder: str = Field(default="data/simulated", description="Where its catalogs and light curves are written.")
    direct: bool = Field(
        default=False,
        description="Make views straight from simulated light curves, without FITS files, archive and store.",
    )
    parts: int = Field(default=2, ge=1, le=64, description="Jobs that share the light curves of one mission.")
    n_kepler: int = Field(default=285, ge=0, le=MAX_TARGETS, description="Kepler targets; 0 leaves the mission out.")
    n_k2: int = Field(default=150, ge=0, le=MAX_TARGETS, description="K2 targets; 0 leaves the mission out.")
    n_tess: int = Field(default=200, ge=0, le=MAX_TARGETS, description="TESS targets; 0 leaves the mission out.")
    quarters: list[int] = Field(
        default=[3, 4, 5, 6, 7], min_length=1, description="Kepler quarters observed, of 1 to 17."
    )
    campaigns: list[int] = Field(default=[3, 12, 13], min_length=1, description="K2 campaigns, of 3, 12 and 13.")
    sectors: list[int] = Field(default=[1, 4, 13, 15], min_length=1, description="TESS sectors, of 1, 4, 13 and 15.")
    two_sectors: float = Field(
        default=0.2, ge=0, le=1, description="Share of the southern TESS targets observed in a second sector."
    )
    kepler: Marginals = Field(
        default=Marginals(
            period_median_d=9.0,
            period_spread_dex=0.45,
            period_min_d=0.6,
            period_max_d=120.0,
            snr_median=24.0,
            snr_spread=0.6,
            snr_min=9.0,
            magnitude_median=14.2,
            magnitude_spread=0.9,
            rotation_ppm=900.0,
        ),
        description="Distributions of the Kepler targets.",
    )
    k2: Marginals = Field(
        default=Marginals(
            period_median_d=7.5,
            period_spread_dex=0.4,
            period_min_d=0.6,
            period_max_d=30.0,
            snr_median=26.0,
            snr_spread=0.6,
            snr_min=9.0,
            magnitude_median=12.8,
            magnitude_spread=1.1,
            rotation_ppm=1500.0,
        ),
        description="Distributions of the K2 targets.",
    )
    tess: Marginals = Field(
        default=Marginals(
            period_median_d=3.8,
            period_spread_dex=0.32,
            period_min_d=0.6,
            period_max_d=12.5,
            snr_median=20.0,
            snr_spread=0.6,
            snr_min=8.0,
            magnitude_median=10.6,
            magnitude_spread=1.3,
            rotation_ppm=1000.0,
        ),
        description="Distributions of the TESS targets.",
    )
    mix: Mix = Field(default=Mix(), description="What the stars are.")
    multiplicity: list[float] = Field(
        default=[0.72, 0.2, 0.08], min_length=1, description="Weights of one, two, three ... planets at a planet host."
    )
    candidates: float = Field(
        default=0.12, ge=0, le=1, description="Share of targets whose signals are still candidates: scored only."
    )
    mislabelled: float = Field(default=0.03, ge=0, le=0.5, description="Share of the dispositions that are wrong.")
    single_transits: float = Field(
        default=0.02, ge=0, le=1, description="Share of TESS signals listed without a period, as single transits are."
    )
    incomplete: float = Field(
        default=0.02, ge=0, le=1, description="Share of the KOI and K2 rows that lack what a fit would give."
    )
    exominer_only: float = Field(
        default=0.03, ge=0, le=1, description="Share of the TESS targets that only the ExoMiner table lists."
    )
    overlap: float = Field(
        default=0.05, ge=0, le=1, description="Share of the TESS targets that are stars of the Kepler survey."
    )
    missing: float = Field(default=0.01, ge=0, le=1, description="Share of targets that the archive has no files of.")
    ephemeris_error: float = Field(
        default=1.0, ge=0, le=100, description="Factor on the errors of the catalogs' periods and epochs."
    )
    instrument: Instrument = Field(default=Instrument(), description="What the instruments add.")

    @field_validator("kepler", "k2", "tess", mode="before")
    @classmethod
    def _rest_from_default(cls, value: Any, info: ValidationInfo) -> Any:
        default = cls.model_fields[str(info.field_name)].default
        return {**default.model_dump(), **value} if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _known_segments(self) -> "SimulationSettings":
        for key, known in (("quarters", QUARTERS), ("campaigns", CAMPAIGNS), ("sectors", SECTORS)):
            chosen = getattr(self, key)
            unknown = sorted(set(chosen) - set(known))
            if unknown:
                raise ValueError(f"{key}: no {unknown[0]}; there are {', '.join(map(str, known))}")
            if len(set(chosen)) < len(chosen):
                raise ValueError(f"{key}: the same number twice")
        if min(self.multiplicity) < 0 or sum(self.multiplicity) <= 0:
            raise ValueError("multiplicity: expected weights of zero or more, not all zero")
        return self

    def targets(self) -> dict[str, int]:
        """The number of targets by mission."""
        return {"Kepler": self.n_kepler, "K2": self.n_k2, "TESS": self.n_tess}

    def marginals(self, mission: str) -> Marginals:
        """The distributions of one mission."""
        return {"Kepler": self.kepler, "K2": self.k2, "TESS": self.tess}[mission]
