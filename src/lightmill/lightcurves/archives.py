"""Archives: a base URL with the mission's own folder tree below it, and what is in it of a target.

Paths follow the missions' archive manuals and MAST (archive.stsci.edu):

- Kepler: `missions/kepler/lightcurves/<first 4 of 9 digits>/<9 digits>/kplr<9 digits>-<stamp>_llc.fits`
- K2: `missions/k2/lightcurves/c<campaign>/<4 digits>00000/<2 digits>000/ktwo<9 digits>-c<campaign>_llc.fits`
- TESS: `missions/tess/tid/s<sector>/<16 digits in groups of 4>/tess<stamp>-s<sector>-<16 digits>-<run>-s_lc.fits`
"""

import re
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import Protocol

from lightmill.errors import LightCurveError
from lightmill.targets import Mission, target_number

# Kepler names long-cadence files by the time of the quarter's last cadence (Kepler Archive Manual, table of
# quarters); in quarter 4 the stars of module 3, which failed on 2010 January 9, have a stamp of their own.
KEPLER_QUARTERS: dict[str, int] = {
    "2009131105131": 0,
    "2009166043257": 1,
    "2009259160929": 2,
    "2009350155506": 3,
    "2010009091648": 4,
    "2010078095331": 4,
    "2010174085026": 5,
    "2010265121752": 6,
    "2010355172524": 7,
    "2011073133259": 8,
    "2011177032512": 9,
    "2011271113734": 10,
    "2012004120508": 11,
    "2012088054726": 12,
    "2012179063303": 13,
    "2012277125453": 14,
    "2013011073258": 15,
    "2013098041711": 16,
    "2013131215648": 17,
}
_SCHEME = "file://"
_TREE: dict[Mission, str] = {
    "Kepler": "missions/kepler/lightcurves",
    "K2": "missions/k2/lightcurves",
    "TESS": "missions/tess/tid",
}


class ArchiveUnavailableError(LightCurveError):
    """An archive cannot answer now; the same question is worth asking again later."""


@dataclass(frozen=True, slots=True)
class Product:
    """One file of an archive."""

    name: str
    """Its path below the base URL."""
    url: str
    """Where it is."""
    segment: int | None
    """The quarter, campaign or sector that its path says it is of; None if the path does not say."""


class Archive(Protocol):
    """What fetching needs of an archive: whoever offers these two can take part."""

    def products(self, target_id: str) -> list[Product]:
        """The light-curve files of a target, sorted by name; an empty list says that it has none.

        Raises ArchiveUnavailableError if the archive cannot say.
        """
        ...

    def open(self, product: Product) -> BufferedReader:
        """The product as a file on disk, open for reading; raises ArchiveUnavailableError if it cannot be had."""
        ...


class FolderArchive:
    """An archive in a folder; campaigns and sectors are listed once, when it is opened."""

    def __init__(self, mission: Mission, base_url: str) -> None:
        if not base_url.startswith(_SCHEME):
            raise LightCurveError(f"base URL {base_url!r}: expected {_SCHEME} and a folder")
        self._mission = mission
        self._root = Path(base_url.removeprefix(_SCHEME))
        tree = self._root / _TREE[mission]
        if not tree.is_dir():
            raise LightCurveError(
                f"base URL {base_url!r}: no folder {tree} (seen from {Path.cwd()}); "
                f"put right archives.{mission.lower()}.base_url, or mount it"
            )
        self._segments = _segment_folders(tree, mission)

    def products(self, target_id: str) -> list[Product]:
        """The light-curve files of a target, sorted by name; ArchiveUnavailableError if a folder cannot be listed."""
        number = target_number(target_id)
        if self._mission == "Kepler":
            return self._kepler(f"{number:09d}")
        if self._mission == "K2":
            return self._k2(f"{number:09d}")
        return self._tess(f"{number:016d}")

    def open(self, product: Product) -> BufferedReader:
        """The file itself; ArchiveUnavailableError if it cannot be opened."""
        try:
            return open(product.url.removeprefix(_SCHEME), "rb")
        except OSError as error:
            raise ArchiveUnavailableError(f"{product.name}: {error.strerror}") from None

    def _kepler(self, digits: str) -> list[Product]:
        found = self._files(f"{_TREE['Kepler']}/{digits[:4]}/{digits}", r".*_llc\.fits")
        return [self._product(name, _kepler_quarter(name)) for name in found]

    def _k2(self, digits: str) -> list[Product]:
        # A folder is shared by a thousand targets, so the number in the name decides.
        tail, pattern = f"{digits[:4]}00000/{digits[4:6]}000", rf"ktwo{digits}-c[0-9]+_llc\.fits"
        return [
            self._product(name, campaign)
            for campaign, folder in self._segments
            for name in self._files(f"{_TREE['K2']}/{folder}/{tail}", pattern)
        ]

    def _tess(self, digits: str) -> list[Product]:
        # Names of the 20-second light curves end in _fast-lc.fits, those of other products otherwise.
        tail = "/".join(digits[start : start + 4] for start in range(0, 16, 4))
        return [
            self._product(name, sector)
            for sector, folder in self._segments
            for name in self._files(f"{_TREE['TESS']}/{folder}/{tail}", r".*_lc\.fits")
        ]

    def _files(self, folder: str, pattern: str) -> list[str]:
        try:
            names = sorted(entry.name for entry in (self._root / folder).iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ArchiveUnavailableError(f"{folder}: {error.strerror}") from None
        return [f"{folder}/{name}" for name in names if re.fullmatch(pattern, name)]

    def _product(self, name: str, segment: int | None) -> Product:
        return Product(name, f"{_SCHEME}{self._root / name}", segment)


def open_archives(mission: Mission, base_urls: list[str]) -> list[Archive]:
    """The archives of a mission at its base URLs, in the order in which they are tried.

    Raises LightCurveError if a URL is of an unknown kind, or if the mission's folder is not below it: no target is
    called absent because a disk is not mounted.
    """
    return [FolderArchive(mission, base_url) for base_url in base_urls]


def find_products(archives: list[Archive], target_id: str) -> list[tuple[Archive, Product]]:
    """The files of a target, sorted by name, each with the first archive that has it.

    Raises ArchiveUnavailableError if one of the archives cannot say: what it has may be what is missing.
    """
    first: dict[str, tuple[Archive, Product]] = {}
    for archive in archives:
        for product in archive.products(target_id):
            first.setdefault(product.name, (archive, product))
    return [first[name] for name in sorted(first)]


def _segment_folders(tree: Path, mission: Mission) -> list[tuple[int, str]]:
    """The campaigns or sectors of an archive with their folders, sorted by number; none for Kepler."""
    if mission == "Kepler":
        return []
    pattern = r"c([0-9]{1,3})" if mission == "K2" else r"s([0-9]{4})"
    matches = [re.fullmatch(pattern, entry.name, re.ASCII) for entry in tree.iterdir()]
    return sorted((int(match[1]), match[0]) for match in matches if match is not None)


def _kepler_quarter(name: str) -> int | None:
    match = re.search(r"-([0-9]{13})_llc\.fits$", name, re.ASCII)
    return KEPLER_QUARTERS.get(match[1]) if match else None
