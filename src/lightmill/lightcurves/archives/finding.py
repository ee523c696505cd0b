"""Which files a target has, asked in as few requests as an archive allows.

Paths of Kepler and K2 are functions of a star's number and a quarter or campaign, so where a catalog tells these,
nothing is asked: a file that is not there answers with 404. TESS's two-minute files are named by the archive's own
sector lists. Only where neither helps are folders listed, or the portal is asked, once for a whole shard.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

from lightmill.lightcurves.archives import names
from lightmill.lightcurves.archives.bases import Listings, NotListableError
from lightmill.lightcurves.archives.names import KEPLER_QUARTERS, TREES, parse_tess_file
from lightmill.lightcurves.archives.products import ArchiveUnavailableError, Product, Slot
from lightmill.lightcurves.archives.wanted import Wanted
from lightmill.targets import Mission, target_number

_K2_NAME = {"K2": names.k2_name, "K2SFF": names.k2sff_name, "EVEREST": names.everest_name}
# TESS has observed some stars in more than fifty sectors; whoever lists thousands of files of one star is mistaken.
_MOST_FILES = 5000
PORTAL_AUTHORS = frozenset({"SPOC-20s", "TESS-SPOC", "QLP"})


class Portal(Protocol):
    """Who knows the files of other pipelines."""

    def products(self, target_ids: Sequence[str], authors: Sequence[str]) -> dict[str, list[Product]]:
        """The products of each target by these authors; targets without any may be left out."""
        ...


class Finder:
    """Finds the files of a mission's targets; safe to use from several threads once `prepare` is done."""

    def __init__(
        self,
        mission: Mission,
        authors: Sequence[str],
        chosen: Collection[int] | None,
        listings: Listings,
        portal: Portal | None = None,
    ) -> None:
        """`chosen` are the segments to use (None: all); `portal` is asked for TESS products that no list names."""
        self._mission = mission
        self._authors = tuple(authors)
        self._chosen = chosen
        self._listings = listings
        self._portal = portal
        self._from_portal: dict[str, list[Product]] = {}

    def prepare(self, wanted: Sequence[Wanted]) -> None:
        """Ask at once what must be asked of somebody else for all these targets.

        Raises what the portal raises: a TransientError if it cannot say now.
        """
        authors = [author for author in self._authors if author in PORTAL_AUTHORS]
        if self._portal is not None and authors and wanted:
            self._from_portal = self._portal.products([one.target_id for one in wanted], authors)

    def slots(self, wanted: Wanted) -> list[Slot]:
        """The segments of a target with the files that each may come from, sorted by segment.

        Raises ArchiveUnavailableError or TransientError if an archive cannot say.
        """
        number = target_number(wanted.target_id)
        if self._mission == "Kepler":
            found = self._kepler(number, wanted.segments)
        elif self._mission == "K2":
            found = self._k2(number, wanted.segments)
        else:
            found = self._tess(wanted, number)
        used = [slot for slot in found if self._is_chosen(slot.segment)]
        files = sum(len(choice) for slot in used for choice in slot.choices)
        if files > _MOST_FILES:
            raise ArchiveUnavailableError(f"{files} files of one star listed, expected at most {_MOST_FILES}")
        return sorted(used, key=lambda slot: (slot.segment is None, slot.segment or 0, slot.choices[0][0].name))

    def _is_chosen(self, segment: int | None) -> bool:
        return self._chosen is None or segment is None or segment in self._chosen

    def _kepler(self, number: int, told: Sequence[int] | None) -> list[Slot]:
        if told is None:
            try:
                return self._listed_kepler(number)
            except NotListableError:
                told = ()
                quarters: Iterable[int] = sorted(set(KEPLER_QUARTERS.values()))
        else:
            # Quarter 0 was no part of the searches that the catalogs' lists of quarters are of.
            quarters = sorted({0, *told})
        return [
            _slot(quarter, [[Product(name, "Kepler", quarter) for name in names.kepler_names(number, quarter)]], told)
            for quarter in quarters
        ]

    def _listed_kepler(self, number: int) -> list[Slot]:
        folder = names.kepler_folder(number)
        file = re.compile(rf"kplr{number:09d}-[0-9]{{13}}_llc\.fits", re.ASCII)
        by_quarter: dict[int | None, list[Product]] = defaultdict(list)
        for name in sorted(self._listings.names(folder) or ()):
            if file.fullmatch(name):
                quarter = names.kepler_quarter(name)
                by_quarter[quarter].append(Product(f"{folder}/{name}", "Kepler", quarter))
        return [Slot(quarter, (tuple(products),), True) for quarter, products in by_quarter.items()]

    def _k2(self, number: int, told: Sequence[int] | None) -> list[Slot]:
        campaigns = told if told is not None else self._k2_campaigns(number)
        return [
            _slot(campaign, [[Product(_K2_NAME[of](number, campaign), of, campaign)] for of in self._authors], told)
            for campaign in sorted(campaigns)
        ]

    def _k2_campaigns(self, number: int) -> set[int]:
        """Campaigns in which the star may have been observed, from the folders of the mission's own files.

        Where those are not shown, the campaigns that there are of the wanted authors, or all that there were: a server
        that shows nothing may have everything.
        """
        try:
            campaigns = self._segment_folders(names.K2_TREE)
            observed = {campaign for campaign in campaigns if self._in_campaign(number, campaign)}
            for author in set(self._authors) - {"K2"}:
                observed |= self._segment_folders(TREES["K2"][author], on_disk=bool(campaigns))
            nothing_shown = not campaigns and not observed and self._listings.of_servers
            return set(names.K2_CAMPAIGNS) if nothing_shown else observed
        except NotListableError:
            return set(names.K2_CAMPAIGNS)

    def _in_campaign(self, number: int, campaign: int) -> bool:
        """Whether the mission's own file of a star is there, asking from the outer folder to the inner."""
        name = names.k2_name(number, campaign)
        tree, campaign_folder, hundred_thousand, thousand, file = (
            names.K2_TREE,
            *name.removeprefix(names.K2_TREE + "/").split("/"),
        )
        outer = f"{tree}/{campaign_folder}"
        if hundred_thousand not in (self._listings.names(outer) or ()):
            return False
        return file in (self._listings.names(f"{outer}/{hundred_thousand}/{thousand}", file) or ())

    def _tess(self, wanted: Wanted, number: int) -> list[Slot]:
        by_author = {author: self._tess_products(author, wanted, number) for author in self._authors}
        by_sector: dict[int | None, dict[str, list[Product]]] = defaultdict(lambda: defaultdict(list))
        for author, products in by_author.items():
            for product in products:
                by_sector[product.segment][author].append(product)
        return [
            Slot(sector, tuple(tuple(sorted(found, key=lambda one: one.name)) for found in of_sector.values()), True)
            for sector, of_sector in by_sector.items()
        ]

    def _tess_products(self, author: str, wanted: Wanted, number: int) -> list[Product]:
        if author == "SPOC" and wanted.files is not None:
            return [product for file in wanted.files if (product := _two_minute_product(file, number)) is not None]
        if author in PORTAL_AUTHORS and self._portal is not None:
            return [one for one in self._from_portal.get(wanted.target_id, []) if one.author == author]
        found = []
        sectors = self._segment_folders(TREES["TESS"][author])
        if not sectors and self._listings.of_servers:
            raise NotListableError(
                f"{TREES['TESS'][author]}: no base shows its folders, and no list names the files of {author}; name a "
                "base that has its sector scripts or lists its folders"
            )
        for sector in sorted(sectors):
            if self._is_chosen(sector):
                folder = names.tess_folder(author, number, sector)
                for name in sorted(self._listings.names(folder) or ()):
                    if parse_tess_file(name) == (author, number, sector):
                        found.append(Product(f"{folder}/{name}", author, sector))
        return found

    def _segment_folders(self, tree: str, on_disk: bool = False) -> set[int]:
        """Numbers of the campaigns or sectors that have a folder in a tree; with `on_disk` servers are not asked."""
        found = self._listings.names_on_disk(tree) if on_disk else self._listings.names(tree)
        matches = [re.fullmatch(r"[cs]([0-9]{1,4})", name, re.ASCII) for name in found or ()]
        return {int(match[1]) for match in matches if match is not None}


def _slot(segment: int, choices: Sequence[Sequence[Product]], told: Sequence[int] | None) -> Slot:
    return Slot(segment, tuple(tuple(choice) for choice in choices), told is not None and segment in told)


def _two_minute_product(file: str, number: int) -> Product | None:
    parsed = parse_tess_file(file)
    if parsed is None or parsed[0] != "SPOC" or parsed[1] != number:
        return None
    return Product(f"{names.tess_folder('SPOC', number, parsed[2])}/{file}", "SPOC", parsed[2])
