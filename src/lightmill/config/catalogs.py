"""Configuration of labels, groups and splits."""

from typing import Literal

from pydantic import Field, model_validator

from lightmill.config.section import Section


class LabelPolicy(Section):
    """Which dispositions of one kind of table count as planets, and which as not; all others are scored only."""

    planet: list[str] = Field(default=[], description="Dispositions labelled `planet`.")
    not_planet: list[str] = Field(default=[], description="Dispositions labelled `not_planet`.")

    @model_validator(mode="after")
    def _one_label_each(self) -> "LabelPolicy":
        both = sorted(set(self.planet) & set(self.not_planet))
        if both:
            raise ValueError(f"{', '.join(both)} stands under both planet and not_planet")
        return self


class LabelSettings(Section):
    """Label policies, one for each kind of table; the reasons are in docs/labels.md."""

    koi: LabelPolicy = Field(
        default=LabelPolicy(planet=["CONFIRMED"], not_planet=["FALSE POSITIVE"]),
        description="Kepler KOI cumulative, by `koi_disposition`. CANDIDATE is scored only.",
    )
    k2pandc: LabelPolicy = Field(
        default=LabelPolicy(planet=["CONFIRMED"], not_planet=["FALSE POSITIVE", "REFUTED"]),
        description="K2 planets and candidates, by `disposition`. CANDIDATE is scored only.",
    )
    toi: LabelPolicy = Field(
        default=LabelPolicy(planet=["KP", "CP"], not_planet=["FP"]),
        description="TESS TOI of the Exoplanet Archive, by `tfopwg_disp`. PC and APC are scored only; FA may be added.",
    )
    exofop_toi: LabelPolicy = Field(
        default=LabelPolicy(planet=["KP", "CP"], not_planet=["FP"]),
        description="TESS TOI of ExoFOP, by `TFOPWG Disposition`.",
    )
    dr25: LabelPolicy = Field(
        default=LabelPolicy(planet=["PC"], not_planet=["AFP", "NTP"]),
        description="Kepler DR25 TCEs, by `label`.",
    )
    dr24: LabelPolicy = Field(
        default=LabelPolicy(planet=["PC"], not_planet=["AFP", "NTP"]),
        description="Kepler DR24 TCEs, by `av_training_set`. UNK is scored only.",
    )
    yu2019: LabelPolicy = Field(
        default=LabelPolicy(planet=["PC"], not_planet=["EB", "V", "IS", "J", "O"]),
        description="TESS TCEs of Yu et al. (2019), by `Disposition`.",
    )
    own: LabelPolicy = Field(
        default=LabelPolicy(
            planet=["planet", "CONFIRMED", "KP", "CP"],
            not_planet=[
                *("not_planet", "FALSE POSITIVE", "REFUTED", "FP", "FA"),
                *("AFP", "NTP", "EB", "V", "IS", "J", "O"),
            ],
        ),
        description="A list of your own, by `disposition`, upper or lower case. `unknown`, CANDIDATE, PC and APC are "
        "scored only; rows with any other word are rejected.",
    )
    exominer_planet_above: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="ExoMiner rows with a score above this become pseudo-labelled planets, in training only. "
        "Without it they are scored only.",
    )
    max_resolved_difference: float = Field(
        default=0.10,
        ge=0,
        le=1,
        description="Largest difference, between the dispositions of one table, in the share of rows whose star is "
        "known; above it no dataset of that mission is assembled.",
    )


class SplitSettings(Section):
    """How groups are shared out between training, validation and test."""

    method: Literal["hash", "stratified"] = Field(
        default="hash",
        description="`hash`: by the hash of the group, stable for ever. `stratified`: by group within each mission "
        "and label, for small sets; an update may move groups.",
    )
    validation: float = Field(default=0.15, gt=0, lt=1, description="Share of groups held out for validation.")
    test: float = Field(default=0.15, gt=0, lt=1, description="Share of groups held out for the test.")

    @model_validator(mode="after")
    def _leave_some_for_training(self) -> "SplitSettings":
        if self.validation + self.test >= 1:
            raise ValueError("validation and test together must stay below 1")
        return self
