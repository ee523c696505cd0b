"""Configuration of views, made here or imported."""

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from lightmill.config.catalogs import LabelPolicy
from lightmill.config.section import Section
from lightmill.targets import Mission

Scale = Literal["mad", "min", "depth"]
MoreView = Literal["odd", "even", "secondary", "half_period", "twice_period", "unfolded", "centroid"]


class GlobalView(Section):
    """The view of the whole period."""

    length: int = Field(default=2000, ge=16, le=20001, description="Number of bins over the whole period.")


class LocalView(Section):
    """The view around the transit."""

    length: int = Field(default=201, ge=16, le=20001, description="Number of bins.")
    durations: float = Field(
        default=4.0, gt=0.5, le=50, description="Half-width of the view in transit durations, at most half a period."
    )
    bin_width_durations: float = Field(
        default=0.16,
        gt=0,
        le=2,
        description="Width of one bin in transit durations, at least the distance between two; neighbours overlap.",
    )


class Detrend(Section):
    """What all methods of dividing out a star's own variability have in common."""

    mask_durations: float = Field(
        default=1.5,
        ge=1,
        le=5,
        description="Width of what is kept out of the trend at each known transit of the star, in transit durations; "
        "of the star's other signals as much is removed before folding.",
    )
    break_d: float = Field(
        default=0.5, gt=0, le=30, description="A gap longer than this many days starts a trend of its own."
    )
    clip_sigma: float = Field(
        default=5.0,
        ge=3,
        description="Cadences this many robust sigmas above the trend (flares, cosmic rays) are dropped; those as far "
        "below stay.",
    )


class Savgol(Detrend):
    """A Savitzky-Golay filter: local polynomials."""

    method: Literal["savgol"] = Field(description="Savitzky-Golay filter, fitted to what is not in transit.")
    window_d: float = Field(
        default=2.0,
        gt=0.05,
        le=30,
        description="Length of the window in days, at any cadence; longer for stars with very long transits.",
    )
    order: int = Field(default=4, ge=0, le=5, description="Order of the polynomial.")


class Biweight(Detrend):
    """A sliding robust mean."""

    method: Literal["biweight"] = Field(description="Tukey's biweight in a sliding window.")
    window_d: float = Field(
        default=1.5,
        gt=0.05,
        le=30,
        description="Length of the window in days, at any cadence; longer for stars with very long transits.",
    )


class Spline(Detrend):
    """AstroNet's spline, its stiffness chosen by the light curve itself."""

    method: Literal["spline"] = Field(description="Cubic B-spline whose spacing of knots the BIC chooses.")
    shortest_knots_d: float = Field(default=0.5, gt=0.05, le=30, description="Smallest spacing of knots in days.")
    longest_knots_d: float = Field(default=20.0, gt=0.05, le=100, description="Largest spacing of knots in days.")
    knot_spacings: int = Field(
        default=20, ge=1, le=100, description="How many spacings are tried, evenly in their logarithms."
    )

    @model_validator(mode="after")
    def _spacings_in_order(self) -> "Spline":
        if self.shortest_knots_d > self.longest_knots_d:
            raise ValueError("expected shortest_knots_d of at most longest_knots_d")
        return self


DetrendSettings = Annotated[Savgol | Biweight | Spline, Field(discriminator="method")]
# Chosen by what each method does to depth, shape and noise: docs/views.md has the table.
MISSION_DETREND: dict[Mission, Savgol | Biweight | Spline] = {
    "Kepler": Spline(method="spline"),
    "K2": Spline(method="spline"),
    "TESS": Spline(method="spline", shortest_knots_d=1.0),
}


class MultipleViews(Section):
    """The views folded at half and at twice the period."""

    length: int = Field(default=301, ge=16, le=20001, description="Number of bins over the whole folded time.")


class UnfoldedView(Section):
    """The stack of single transits."""

    transits: int = Field(
        default=20, ge=1, le=200, description="Number of transits, evenly chosen where there are more."
    )
    length: int = Field(default=31, ge=8, le=2001, description="Number of bins of each.")


class ViewForms(Section):
    """Which views there are of a signal, and their lengths and scale."""

    global_: GlobalView = Field(default=GlobalView(), alias="global", description="The view of the whole period.")
    local: LocalView = Field(default=LocalView(), description="The view around the transit.")
    more: tuple[MoreView, ...] = Field(
        default=get_args(MoreView),
        description="The further views to make, in any order; signals that cannot have one are marked.",
    )
    multiples: MultipleViews = Field(
        default=MultipleViews(), description="The views folded at half and at twice the period."
    )
    unfolded: UnfoldedView = Field(default=UnfoldedView(), description="The stack of single transits.")
    scale: Scale = Field(
        default="mad",
        description="What a view is divided by after its median is taken off: its scatter (`mad`), its deepest bin "
        "(`min`), or the transit's depth (`depth`). Recorded with data and model; mixing is refused.",
    )

    @field_validator("more")
    @classmethod
    def _each_once(cls, more: tuple[MoreView, ...]) -> tuple[MoreView, ...]:
        return tuple(name for name in get_args(MoreView) if name in more)


class ViewSettings(ViewForms):
    """How the views of a mission's signals are made."""

    detrend: DetrendSettings = Savgol(method="savgol")


class Views(ViewForms):
    """What the network sees of a signal."""

    detrend: DetrendSettings | None = Field(
        default=None,
        description="How a star's own variability is divided out, by `method` (`savgol`, `biweight` or `spline`); "
        "without, as is best for each mission (docs/views.md).",
    )

    def of_mission(self, mission: Mission) -> ViewSettings:
        """How a mission's views are made: its own method of detrending where none is named."""
        chosen = self.model_dump(exclude={"detrend"}, by_alias=True)
        detrend = self.detrend if self.detrend is not None else MISSION_DETREND[mission]
        return ViewSettings(**chosen, detrend=detrend)


ImportedNumber = Literal["period_d", "epoch_bjd", "duration_h", "depth_ppm", "snr"]
Unit = Literal["d", "h", "min", "ppm", "percent", "fraction", "flux", "BJD", "BKJD", "BTJD", ""]
# The units that each number may be declared in.
UNITS: dict[ImportedNumber, tuple[Unit, ...]] = {
    "period_d": ("d", "h"),
    "epoch_bjd": ("BJD", "BKJD", "BTJD"),
    "duration_h": ("h", "d", "min"),
    "depth_ppm": ("ppm", "percent", "fraction", "flux"),
    "snr": ("",),
}


class ScalarColumn(Section):
    """A number that comes with each imported view."""

    column: str = Field(description="Its name in the file.")
    unit: Unit = Field(
        default="",
        description="Its unit there, converted at the door and checked against what is physically possible. `flux` is "
        "what is left in transit, 1 less the depth; S/N has none.",
    )


class Rebin(Section):
    """The lengths that imported views are brought to, so that sets of several lengths fit one network; others stay."""

    global_: int | None = Field(
        default=None,
        alias="global",
        ge=16,
        le=20001,
        description="Number of bins of the global view.",
    )
    local: int | None = Field(default=None, ge=16, le=20001, description="Number of bins of the local view.")
    local_share: float = Field(
        default=1.0,
        ge=0.25,
        le=1,
        description="Which part of the local view is kept, around its middle: a set's view of 2.5 transit durations to "
        "either side shows what another's of 2 does with 0.8.",
    )


class ImportedViews(Section):
    """A set of views made by others: `.npz` or AstroNet-style TFRecord files."""

    files: list[str] = Field(min_length=1, description="Paths or globs of `.npz` or `.tfrecord` files.")
    mission: Literal["Kepler", "K2", "TESS"] = Field(description="The mission whose targets the star numbers are.")
    star: str = Field(description="Column of the star's catalog number.")
    row: str | None = Field(
        default=None,
        description="Column that tells the signals of a star apart, for their ids; without it they are numbered.",
    )
    disposition: str = Field(description="Column of the disposition.")
    empty_disposition: str = Field(default="UNK", description="What an empty disposition means.")
    labels: LabelPolicy = Field(description="Which dispositions are planets, and which are not.")
    global_view: str = Field(default="global_view", description="Column of the global view.")
    local_view: str = Field(default="local_view", description="Column of the local view.")
    scale: Scale = Field(default="min", description="How the views were scaled; checked against the numbers.")
    rescale: bool = Field(
        default=False,
        description="Bring each view to the scale named, by an offset and a factor of its own (`min` and `mad` only); "
        "for sets that were normalised in another way.",
    )
    rebin: Rebin = Field(
        default=Rebin(),
        description="Bring the views to other lengths, and to their scale again (`min` and `mad` only).",
    )
    scalars: dict[ImportedNumber, ScalarColumn] = Field(
        default={}, description="Numbers taken along, by their name here."
    )

    @model_validator(mode="after")
    def _units_fit(self) -> "ImportedViews":
        for name, scalar in self.scalars.items():
            if scalar.unit not in UNITS[name]:
                raise ValueError(f"scalars.{name}.unit: {scalar.unit!r}; expected {' or '.join(UNITS[name])}")
        asked = ["rescale"] * self.rescale + ["rebin"] * (self.rebin != Rebin())
        if asked and self.scale == "depth":
            raise ValueError(f"{asked[0]}: a view does not know the depth; only scale min or mad can be brought about")
        return self
