"""What fetching is told: files that exist or may exist, in the order in which they are wanted."""

from dataclasses import dataclass

from lightmill.errors import LightCurveError


class ArchiveUnavailableError(LightCurveError):
    """An archive cannot answer now; the same question is worth asking again later."""


@dataclass(frozen=True, slots=True)
class Product:
    """One file of an archive."""

    name: str
    """Its path below a base URL, in the archive's own layout."""
    author: str
    """The pipeline whose file it is."""
    segment: int | None
    """The quarter, campaign or sector that its path says it is of; None if the path does not say."""

    @property
    def file(self) -> str:
        """Its file name."""
        return self.name.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Slot:
    """A segment of a target, and the files that it may come from."""

    segment: int | None
    choices: tuple[tuple[Product, ...], ...]
    """Sets of files, the most wanted first: the first set of which a file exists is used, all of it."""
    promised: bool
    """Whether the archive or a catalog says that it exists: then it is worth a word if there is nothing."""
