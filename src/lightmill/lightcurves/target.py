"""One target: from the archive's files to its light curve in the store, or to the reason why not.

A stored light curve says what it was made from: the code that reads and joins FITS files, what was asked for, and the
names and SHA-256 of its files. Where all that is the same it is not made again. Files on disk are looked at every time.
Of servers nothing is asked again that was answered: their files do not change under a name.
"""

import hashlib
from functools import cache
from pathlib import Path

from lightmill.code_digest import logic_digest
from lightmill.config.archives import MissionArchive
from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError, StoreError
from lightmill.files import digest
from lightmill.lightcurves import assemble
from lightmill.lightcurves.archives.bases import Base, FolderBase, NotListableError
from lightmill.lightcurves.archives.finding import PORTAL_AUTHORS, Finder
from lightmill.lightcurves.archives.products import ArchiveUnavailableError, Product, Slot
from lightmill.lightcurves.archives.wanted import Wanted
from lightmill.lightcurves.fetching.download import Downloader
from lightmill.lightcurves.fetching.locks import target_lock
from lightmill.lightcurves.fetching.staging import Staging, on_disk
from lightmill.lightcurves.outcomes import (
    Outcome,
    OutcomeName,
    answer_path,
    forget_answer,
    outcome_of,
    remember_answer,
    remembered_answer,
)
from lightmill.lightcurves.reader import SegmentRows
from lightmill.lightcurves.receiving import NOT_LISTED, Received, TargetFiles, later
from lightmill.lightcurves.store import (
    Origin,
    Stored,
    facts_of,
    read_stored_file,
    store_path,
    write_stored,
)
from lightmill.logs import logger
from lightmill.network.errors import RefusedError, TransientError

# What makes a light curve of files. A change of logic in one of these makes all light curves anew, for which servers
# are asked for their files again: nothing else belongs here.
_READING = tuple(
    f"lightmill.lightcurves.{name}"
    for name in ("assemble", "authors", "columns", "hdus", "lightcurve", "reader", "tables")
)
_NO_FILE = "no light-curve file in the archive"


class TargetFetcher:
    """Brings targets into the store. Safe between threads."""

    def __init__(
        self,
        store: str | Path,
        archive: MissionArchive,
        bases: list[Base],
        finder: Finder,
        downloader: Downloader,
        network: NetworkSettings,
    ) -> None:
        self._store = store
        self._archive = archive
        self._bases = bases
        self._finder = finder
        self._downloader = downloader
        self._keep_fits = network.keep_fits
        self._portal_url = network.portal_url if set(archive.authors) & PORTAL_AUTHORS else ""

    def settled(self, wanted: Wanted) -> Outcome | None:
        """The outcome of a target of which nothing needs to be asked; None for one that must be fetched.

        Never for an archive on disk alone, whose files are looked at every time.
        """
        if not self._archive.remote:
            return None
        if wanted.files == () and self._archive.authors == ("SPOC",):
            return Outcome(wanted.target_id, "absent", _NO_FILE)
        stored = self._stored(wanted.target_id)
        answer = remembered_answer(self._store, wanted.target_id, self._question(wanted))
        if stored is not None and (stored.origin.code, stored.origin.request) == (_code(), self._request(wanted)):
            # Where promised files were not to be had, it counts who was asked.
            return outcome_of(stored) if answer is not None or not stored.origin.absent else None
        return answer if answer is None or answer.outcome != "ok" else None

    def clear_up(self, settled: Outcome) -> None:
        """Finish what a run that was killed in the last moment left of a settled target: files that it fetched."""
        staging = Staging(self._store, settled.target_id)
        if not self._archive.remote or not staging.exists():
            return
        with target_lock(self._store, settled.target_id):
            facts = [product.facts for product in settled.products if product.outcome == "ok"]
            staging.finish([Product(one.name, one.author, one.segment) for one in facts], self._keep_fits)

    def fetch(self, wanted: Wanted) -> Received:
        """Bring one target's light curve into the store, unless it is there already, and say how that went.

        One bad file makes the target `corrupt`, one that cannot be had now `transient`: a light curve that lacks a
        quarter by accident is not made. What the store had of the target before stays as it was; the manifest says
        whether it may be used.

        Raises RefusedError if a server refuses to be asked, StoreError if the store cannot be written.
        """
        if not self._archive.remote:
            return self._fetch(wanted)
        with target_lock(self._store, wanted.target_id):
            # Another run may have been here meanwhile.
            settled = self.settled(wanted)
            return Received(settled, 0, was_settled=True) if settled is not None else self._fetch(wanted)

    def _fetch(self, wanted: Wanted) -> Received:
        staging = Staging(self._store, wanted.target_id)
        stored = self._stored(wanted.target_id)
        same_request = stored is not None and stored.origin.request == self._request(wanted)
        files = TargetFiles(
            self._downloader, staging, wanted.target_id, {} if stored is None else self._at_hand(stored)
        )
        try:
            if stored is not None and same_request and self._archive.remote and not stored.origin.absent:
                # Other code reads the same files; which these are is known.
                slots = _slots_of(stored)
            else:
                slots = self._finder.slots(wanted)
                if stored is not None and same_request and self._unchanged(slots, stored):
                    return Received(outcome_of(stored), 0)
            for slot in slots:
                files.get(slot)
        except (ArchiveUnavailableError, TransientError, NotListableError) as error:
            # A server that does not show its folders cannot say that a target has no files.
            staging.drop_parts()
            found = Outcome(wanted.target_id, "transient", later(error, NOT_LISTED), products=tuple(files.outcomes))
            return files.received(found, str(error))
        except LightCurveError as error:
            staging.clear()
            return files.received(self._remembered(wanted, "corrupt", str(error), files))
        except (RefusedError, StoreError):
            staging.drop_parts()
            raise
        if files.failed:
            staging.drop_parts()
            more = f" (and {len(files.failed) - 1} more)" if len(files.failed) > 1 else ""
            found = Outcome(wanted.target_id, "transient", files.failed[0] + more, products=tuple(files.outcomes))
            return files.received(found, "; ".join(files.reasons))
        if not files.parts:
            staging.clear()
            return files.received(self._remembered(wanted, "absent", _NO_FILE, files))
        try:
            made = self._store_light_curve(wanted, files)
        except LightCurveError as error:
            staging.clear()
            return files.received(self._remembered(wanted, "corrupt", str(error), files))
        outcome = outcome_of(made)
        with on_disk(answer_path(self._store, wanted.target_id)):
            if made.origin.absent and self._archive.remote:
                remember_answer(self._store, outcome, self._question(wanted))
            else:
                forget_answer(self._store, wanted.target_id)
        staging.finish(files.products, self._keep_fits and self._archive.remote)
        return files.received(outcome)

    def _store_light_curve(self, wanted: Wanted, files: TargetFiles) -> Stored:
        kept, left_out = assemble.one_per_segment(files.parts, self._archive.authors)
        light_curve = assemble.join_segments(wanted.target_id, kept)
        origin = Origin(
            code=_code(),
            request=self._request(wanted),
            left_out=tuple(sorted((facts_of(part.segment) for part in left_out), key=lambda facts: facts.name)),
            absent=tuple(sorted(files.absent, key=lambda facts: facts.name)),
        )
        with on_disk(store_path(self._store, wanted.target_id)):
            return write_stored(self._store, light_curve, origin)

    def _remembered(self, wanted: Wanted, outcome: OutcomeName, detail: str, files: TargetFiles) -> Outcome:
        """An outcome that is an answer: of servers it is remembered, so that they are not asked again."""
        found = Outcome(wanted.target_id, outcome, detail, products=tuple(files.outcomes))
        if self._archive.remote:
            with on_disk(answer_path(self._store, wanted.target_id)):
                remember_answer(self._store, found, self._question(wanted))
        return found

    def _request(self, wanted: Wanted) -> str:
        """Digest of what is asked for, wherever it comes from: only what concerns this target."""
        chosen = self._archive.chosen_segments
        told = wanted.segments
        if chosen is not None and told is not None:
            told = tuple(segment for segment in told if segment in chosen)
        # Lists of sectors are made of the chosen ones; whose files they name in full, no choice concerns any more.
        listed = wanted.files is not None and self._archive.authors == ("SPOC",)
        known = None if chosen is None or listed else sorted(chosen)
        return digest({"authors": self._archive.authors, "chosen": known, "segments": told, "files": wanted.files})

    def _question(self, wanted: Wanted) -> str:
        """Digest of what is asked, of whom, and of how answers are judged."""
        bases = [base.model_dump(mode="json") for base in self._archive.base_url]
        return digest({"request": self._request(wanted), "bases": bases, "portal": self._portal_url, "code": _code()})

    def _stored(self, target_id: str) -> Stored | None:
        """What the store holds of a target, if it is whole."""
        if not store_path(self._store, target_id).exists():
            return None
        try:
            return read_stored_file(self._store, target_id)
        except LightCurveError as error:
            logger.warning("%s; it is made again now", error)
            return None

    def _at_hand(self, stored: Stored) -> dict[str, SegmentRows]:
        """The segments that need not be fetched, by file; none of files on disk, which are looked at every time."""
        if not self._archive.remote or stored.origin.code != _code():
            return {}
        return {part.segment.file: part for part in assemble.split_segments(stored.light_curve)}

    def _unchanged(self, slots: list[Slot], stored: Stored) -> bool:
        """Whether an archive on disk has the files that a light curve was made from, and no others."""
        if self._archive.remote or stored.origin.code != _code():
            return False
        facts = [facts_of(segment) for segment in stored.light_curve.segments] + list(stored.origin.left_out)
        return self._sha256_on_disk(slots) == {file.name: file.sha256 for file in facts}

    def _sha256_on_disk(self, slots: list[Slot]) -> dict[str, str]:
        """SHA-256 by name of the files that would be used."""
        found: dict[str, str] = {}
        for slot in slots:
            for choice in slot.choices:
                there = {product.name: sha256 for product in choice if (sha256 := self._first_sha256(product))}
                if there:
                    found |= there
                    break
        return found

    def _first_sha256(self, product: Product) -> str:
        for base in self._bases:
            if not isinstance(base, FolderBase):
                continue
            try:
                with open(base.path(product.name), "rb") as file:
                    return hashlib.file_digest(file, "sha256").hexdigest()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise ArchiveUnavailableError(f"{product.name}: {error.strerror or error}") from None
        return ""


@cache
def _code() -> str:
    return logic_digest(*_READING)


def _slots_of(stored: Stored) -> list[Slot]:
    """The files that a stored light curve was made from, as what is to be fetched."""
    origin = stored.origin
    facts = [*(facts_of(segment) for segment in stored.light_curve.segments), *origin.left_out, *origin.absent]
    return [
        Slot(file.segment, ((Product(file.name, file.author, file.segment if file.segment >= 0 else None),),), True)
        for file in facts
    ]
