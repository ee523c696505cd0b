"""The files of one target as they come in, and what is said of those that do not."""

from functools import partial
from typing import NamedTuple

from lightmill.lightcurves.archives.products import ArchiveUnavailableError, Product, Slot
from lightmill.lightcurves.fetching.attempts import CorruptProductError
from lightmill.lightcurves.fetching.download import Downloader
from lightmill.lightcurves.fetching.staging import Staging
from lightmill.lightcurves.outcomes import NOT_THERE, Outcome, OutcomeName, ProductOutcome
from lightmill.lightcurves.reader import SegmentRows, read_segment
from lightmill.lightcurves.store import FileFacts, facts_of
from lightmill.network.errors import NotThereError, OfflineError, TransientError

_NOT_NOW = "not to be had just now; the log says why"
NOT_LISTED = f"its list of files: {_NOT_NOW}"


class Received(NamedTuple):
    """What is known of a target after it was fetched."""

    outcome: Outcome
    received_bytes: int
    """What came over the network for it."""
    was_settled: bool = False
    """Whether nothing had to be done for it."""
    reason: str = ""
    """Why it is `transient`, with all that a manifest does not say: of whom it was asked, and how often."""


class TargetFiles:
    """The files of one target as they come in."""

    def __init__(
        self, downloader: Downloader, staging: Staging, target_id: str, at_hand: dict[str, SegmentRows]
    ) -> None:
        self._downloader = downloader
        self._staging = staging
        self._target_id = target_id
        self._at_hand = at_hand
        self.parts: list[SegmentRows] = []
        self.products: list[Product] = []
        self.outcomes: list[ProductOutcome] = []
        self.absent: list[FileFacts] = []
        self.failed: list[str] = []
        self.reasons: list[str] = []
        self.received_bytes = 0

    def received(self, outcome: Outcome, reason: str = "") -> Received:
        """An outcome with what it took, and why it is `transient`."""
        return Received(outcome, self.received_bytes, reason=reason)

    def get(self, slot: Slot) -> None:
        """Get the files of a segment: of the first choice of which there are any.

        What cannot be had now is noted in `failed`, so that the rest is got all the same; a choice that failed is not
        replaced by the next one. Raises CorruptProductError and RefusedError.
        """
        for choice in slot.choices:
            found = [self._get(product) for product in choice]
            if None in found:
                return
            if any(found):
                return
        if slot.promised:
            product = slot.choices[0][0]
            self._note(product, "absent", NOT_THERE)
            self.absent.append(self.outcomes[-1].facts)

    def _get(self, product: Product) -> bool | None:
        """Whether there is such a file; None if that cannot be said now."""
        rows = self._at_hand.get(product.name)
        if rows is None:
            verify = partial(
                read_segment,
                name=product.name,
                target_id=self._target_id,
                expected=product.segment,
                author=product.author,
            )
            try:
                fetched = self._downloader.fetch(
                    product, self._staging.path(product), verify, self._staging.kept(product)
                )
            except NotThereError:
                return False
            except (TransientError, ArchiveUnavailableError) as error:
                detail = later(error, f"{product.name}: {_NOT_NOW}")
                self._note(product, "transient", detail)
                self.failed.append(detail)
                self.reasons.append(str(error))
                return None
            except CorruptProductError as error:
                self._note(product, "corrupt", str(error))
                raise
            rows = fetched.rows
            self.received_bytes += fetched.received_bytes
        self.parts.append(rows)
        self.products.append(product)
        self.outcomes.append(ProductOutcome(facts_of(rows.segment), "ok"))
        return True

    def _note(self, product: Product, outcome: OutcomeName, detail: str) -> None:
        facts = FileFacts(product.name, product.author, -1 if product.segment is None else product.segment)
        self.outcomes.append(ProductOutcome(facts, outcome, detail))


def later(error: Exception, detail: str) -> str:
    """What a manifest says of a failure: nothing of bases, attempts or bytes, which are the log's to tell."""
    return str(error) if isinstance(error, OfflineError | ArchiveUnavailableError) else detail
