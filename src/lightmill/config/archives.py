"""Configuration of the archives that light curves come from."""

import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, field_validator, model_validator

from lightmill.config.section import Section
from lightmill.network.urls import check_url

Layout = Literal["archive", "s3"]
KeplerAuthor = Literal["Kepler"]
K2Author = Literal["K2SFF", "EVEREST", "K2"]
TessAuthor = Literal["SPOC", "SPOC-20s", "TESS-SPOC", "QLP"]

_FILE = "file://"
_SEGMENTS = re.compile(r"\d{1,3}( ?- ?\d{1,3})?( ?, ?\d{1,3}( ?- ?\d{1,3})?)*", re.ASCII)


class Base(Section):
    """One place that holds an archive's files."""

    url: str = Field(
        description="`file://` with a folder (a relative one counts from the working directory), or `https://` "
        "(`http://` on this machine alone)."
    )
    layout: Layout = Field(
        default="archive",
        description="How paths go on below it: `archive` as at archive.stsci.edu (`missions/...`, `hlsps/...`), `s3` "
        "as the keys of the public bucket stpubdata (`kepler/public/...`), which is asked as S3 is.",
    )

    @field_validator("url")
    @classmethod
    def _known_scheme(cls, value: str) -> str:
        if not value.startswith(_FILE):
            check_url(value)
            return value.rstrip("/")
        if not value.removeprefix(_FILE):
            raise ValueError(f"{value!r}: expected a folder after {_FILE}")
        return value

    @model_validator(mode="after")
    def _folders_are_archives(self) -> "Base":
        if self.layout == "s3" and not self.remote:
            raise ValueError(f"{self.url!r}: layout s3 is a server's; a folder has layout archive")
        return self

    @property
    def remote(self) -> bool:
        """Whether it is asked over the network."""
        return not self.url.startswith(_FILE)


def _as_bases(value: object) -> object:
    """One base or several, each a URL or a mapping, as a list of mappings."""
    bases = value if isinstance(value, list | tuple) else [value]
    if not bases:
        raise ValueError("expected at least one URL")
    return [{"url": base} if isinstance(base, str) else base for base in bases]


# What editors are told: the forms in which bases may be written.
_BASE_SCHEMA = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "properties": {"url": {"type": "string"}, "layout": {"enum": ["archive", "s3"]}},
            "required": ["url"],
            "additionalProperties": False,
        },
    ]
}
Bases = Annotated[
    tuple[Base, ...],
    BeforeValidator(_as_bases),
    WithJsonSchema({"anyOf": [*_BASE_SCHEMA["anyOf"], {"type": "array", "items": _BASE_SCHEMA, "minItems": 1}]}),
]

# Where the missions' own archive keeps them: its public bucket first, which is faster, then the archive itself.
MAST = (
    Base(url="https://stpubdata.s3.amazonaws.com", layout="s3"),
    Base(url="https://archive.stsci.edu", layout="archive"),
)


# The bucket has the missions' own files; what others made of them is at the archive alone.
_IN_BUCKET = ("Kepler", "K2", "SPOC", "SPOC-20s")


class Archive(Section):
    """One mission's light curves: where they are, whose they are, and into how many shards its targets are dealt."""

    base_url: Bases = Field(
        default=MAST,
        description="Where files are: a URL, `{url, layout}`, or a list of these tried in order, each file from the "
        "first that has it. Without it MAST's public bucket, then its archive.",
    )
    shards: int = Field(default=64, ge=1, le=256, description="Number of shards; changing it deals all targets anew.")
    segments: str = Field(
        default="",
        description="Quarters, campaigns or sectors to use, as in `1-26, 40`; campaigns 9 to 11 are 91, 92, 101, 102, "
        "111, 112. Without it all that there are when a target is first fetched.",
    )

    authors: tuple[str, ...] = Field(default=(), description="Pipelines whose light curves are used.")

    @field_validator("segments")
    @classmethod
    def _numbers(cls, value: str) -> str:
        if value.strip() and not _SEGMENTS.fullmatch(value.strip()):
            raise ValueError(f"{value!r}: expected numbers and ranges, as in 1-26, 40")
        for part in value.split(","):
            first, _, last = part.partition("-")
            if last and int(last) < int(first):
                raise ValueError(f"{value!r}: {part.strip()} holds nothing; expected the smaller number first")
        return value.strip()

    @model_validator(mode="after")
    def _bases_have_authors(self) -> Self:
        nowhere = [author for author in self.authors if author not in _IN_BUCKET]
        if nowhere and all(base.layout == "s3" for base in self.base_url):
            raise ValueError(
                f"authors {', '.join(nowhere)}: no base has them, for the bucket has the missions' own files alone; "
                "name a base with layout archive too, or leave them out (another light curve, another result)"
            )
        if len(set(self.authors)) < len(self.authors):
            raise ValueError(f"authors {', '.join(self.authors)}: one stands there twice")
        return self

    @property
    def chosen_segments(self) -> frozenset[int] | None:
        """The segments to use, None for all."""
        if not self.segments:
            return None
        chosen: set[int] = set()
        for part in self.segments.split(","):
            first, _, last = (number.strip() for number in part.partition("-"))
            chosen.update(range(int(first), int(last or first) + 1))
        return frozenset(chosen)

    @property
    def remote(self) -> bool:
        """Whether anything is asked over the network."""
        return any(base.remote for base in self.base_url)


_AUTHORS = "Pipelines whose light curves are used, the first that has one of a segment. "


class KeplerArchive(Archive):
    """Kepler's light curves."""

    authors: tuple[KeplerAuthor, ...] = Field(default=("Kepler",), min_length=1, description=_AUTHORS)


class K2Archive(Archive):
    """K2's light curves."""

    authors: tuple[K2Author, ...] = Field(
        default=("K2SFF", "EVEREST", "K2"),
        min_length=1,
        description=_AUTHORS + "K2's own PDCSAP flux keeps the six-hour roll of the spacecraft, which lasts as long "
        "as a transit, so it comes last.",
    )


class TessArchive(Archive):
    """TESS's light curves."""

    authors: tuple[TessAuthor, ...] = Field(
        default=("SPOC",),
        min_length=1,
        description=_AUTHORS
        + "SPOC: two minutes; SPOC-20s: twenty seconds; TESS-SPOC and QLP: from full-frame images.",
    )


MissionArchive = KeplerArchive | K2Archive | TessArchive
MISSION_ARCHIVES: dict[str, type[KeplerArchive] | type[K2Archive] | type[TessArchive]] = {
    "Kepler": KeplerArchive,
    "K2": K2Archive,
    "TESS": TessArchive,
}


class Archives(Section):
    """The archives of a run; a mission that is not named makes no jobs."""

    kepler: KeplerArchive | None = Field(default=None, description="Kepler's light curves, in long cadence.")
    k2: K2Archive | None = Field(default=None, description="K2's light curves, in long cadence.")
    tess: TessArchive | None = Field(default=None, description="TESS's light curves.")

    def by_mission(self) -> dict[str, MissionArchive]:
        """The archives named in this run, by mission: `{"Kepler": ..., "K2": ..., "TESS": ...}`."""
        named = {"Kepler": self.kepler, "K2": self.k2, "TESS": self.tess}
        return {mission: archive for mission, archive in named.items() if archive is not None}
