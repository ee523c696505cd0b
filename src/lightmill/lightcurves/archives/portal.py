"""Asking MAST's portal for the light curves of TESS pipelines that no list of the archive names.

astroquery's search (`Observations.query_criteria`) phrases the questions, many targets in one. Time-outs, retries,
polling and pages are ours: astroquery waits without end, polls without a pause, and does not count what it gets.
Format of questions and answers: mast.stsci.edu/api/v0.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import requests

from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError
from lightmill.lightcurves.archives.portal_rows import PROVENANCE, Observation, Row, read_observation, read_product
from lightmill.lightcurves.archives.products import Product
from lightmill.logs import logger
from lightmill.network.errors import NotThereError, NotYetError, TransientError
from lightmill.network.session import patient_session
from lightmill.network.urls import host_of
from lightmill.targets import mission_of, target_number

# The portal gives up above some 500,000 rows; a target has at most some hundreds.
_MOST_TARGETS = 500
_MOST_OBSERVATIONS = 1000
_PAGE_ROWS = 50_000
_INVOKE = "/api/v0/invoke"
_COLUMNS = "/portal/Mashup/Mashup.asmx/columnsconfig"
# What is asked by: astroquery refuses columns that the portal does not describe.
_ASKED_BY = ("target_name", "project", "dataproduct_type", "provenance_name")
# Five hundred stars have some ten thousand rows: one page.
_MOST_PAGES = 200
_POLL_S = 1.0

Value = TypeVar("Value")


def open_portal(network: NetworkSettings) -> "PortalSearch":
    """The portal at `network.portal_url`; nothing is asked before `products` is."""
    return PortalSearch(network)


class PortalSearch:
    """Finds the light curves of TESS targets: SPOC, SPOC-20s, TESS-SPOC, QLP."""

    def __init__(
        self, network: NetworkSettings, page_rows: int = _PAGE_ROWS, most_targets: int = _MOST_TARGETS
    ) -> None:
        """At most `most_targets` are asked for in one question, and answered `page_rows` rows at a time."""
        self._network = network
        self._page_rows = page_rows
        self._most_targets = most_targets

    def products(self, target_ids: Sequence[str], authors: Sequence[str]) -> dict[str, list[Product]]:
        """The light curves of each target by these authors, one of each author and sector, sorted by name.

        Targets without any are left out. Rows that name another star, file or author than was asked for are dropped,
        with a warning.

        Raises
        ------
        TransientError
            If the portal cannot say now: it is down, reports an error, is still at work at the deadline, or gives
            other than all the rows that it says there are.
        RefusedError, LightCurveError
            If the portal refuses to be asked, or there is none at that address; or if a target is no star of TESS's.
        """
        foreign = [target_id for target_id in target_ids if mission_of(target_id) != "TESS"]
        if foreign:
            raise LightCurveError(f"{foreign[0]}: the portal is asked for light curves of TESS's targets only")
        wanted = {target_number(target_id): target_id for target_id in target_ids}
        provenances = sorted({PROVENANCE[author] for author in authors})
        if not wanted or not provenances:
            return {}
        found: dict[tuple[int, str, int | None], Product] = {}
        dropped: list[str] = []
        try:
            with _Conversation(self._network, self._page_rows) as portal:
                for numbers in _portions(sorted(wanted), self._most_targets):
                    rows = portal.observations(numbers, provenances)
                    read = [read_observation(row, wanted, dropped) for row in rows]
                    observed = [one for one in read if one is not None and one.author in authors]
                    for number, product in [*_named(observed, dropped), *_listed(portal, observed, dropped)]:
                        key = (number, product.author, product.segment)
                        # Deliveries of a sector differ in the version or the time in their names: the last counts.
                        if key not in found or found[key].name < product.name:
                            found[key] = product
        except NotThereError as error:
            raise LightCurveError(f"{error}; network.portal_url is to name MAST's portal") from None
        if dropped:
            logger.warning("%s: %d rows not used: %s", self._network.portal_url, len(dropped), "; ".join(dropped[:5]))
        by_target: dict[str, list[Product]] = {}
        for (number, _, _), product in sorted(found.items(), key=lambda item: item[1].name):
            by_target.setdefault(wanted[number], []).append(product)
        return by_target


class _Conversation:
    """Questions to the portal over one session."""

    def __init__(self, network: NetworkSettings, page_rows: int) -> None:
        self._page_rows = page_rows
        self._page = 0
        session = patient_session(network, [host_of(network.portal_url)], check=self._check)
        self._session = session
        self._astroquery = _own_astroquery(session, network.portal_url)

    def __enter__(self) -> "_Conversation":
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    def observations(self, numbers: Sequence[int], provenances: Sequence[str]) -> list[Row]:
        """The portal's rows of observations of TIC numbers."""
        return self._rows(
            lambda **page: self._astroquery.query_criteria_async(
                target_name=[str(number) for number in numbers],
                project=["TESS"],
                dataproduct_type=["timeseries"],
                provenance_name=list(provenances),
                **page,
            )
        )

    def products(self, observation_ids: Sequence[str]) -> list[Row]:
        """The portal's rows of files of observations; like `get_product_list`, which knows no pages."""
        return self._rows(
            lambda **page: self._astroquery._portal_api_connection.service_request_async(
                "Mast.Caom.Products", {"obsid": ",".join(observation_ids)}, **page
            )
        )

    def _rows(self, ask: Callable[..., list[requests.Response]]) -> list[Row]:
        """All rows, page by page: astroquery's own loop believes whatever number of pages it is told."""
        rows: list[Row] = []
        promised = None
        self._page = 1
        while True:
            [response] = ask(pagesize=self._page_rows, page=self._page)
            answer = response.json()
            total = answer["paging"]["rowsTotal"]
            if promised not in (None, total):
                raise TransientError(
                    f"{response.url}: {promised} rows on page 1, {total} on page {self._page}: they changed meanwhile"
                )
            promised = total
            rows += answer["data"]
            if len(rows) >= total:
                return rows
            if self._page >= _MOST_PAGES:
                raise TransientError(f"{response.url}: {len(rows)} of {total} rows on {self._page} pages: too many")
            if not answer["data"]:
                raise TransientError(f"{response.url}: {len(rows)} of {total} rows on {self._page} pages")
            self._page += 1

    def _check(self, response: requests.Response) -> None:
        """Raise TransientError unless an answer is whole, so that the session asks again."""
        url = response.url
        try:
            answer = response.json()
        except (ValueError, RecursionError):
            raise TransientError(f"{url}: not JSON, but {response.text[:60]!r}") from None
        if not isinstance(answer, dict) or not answer:
            raise TransientError(f"{url}: an empty answer ({str(answer)[:60]!r})")
        body = str(response.request.body)
        if body.startswith("colConfigId="):
            unknown = [name for name in _ASKED_BY if not isinstance(answer.get(name), dict)]
            if unknown and body.endswith("Mast.Caom.Cone"):
                raise TransientError(f"{url}: the portal does not describe its column {unknown[0]}")
            return
        status = answer.get("status")
        if status == "EXECUTING":
            raise NotYetError(f"{url}: the portal is still at work on its answer", _POLL_S)
        if status != "COMPLETE":
            said = "".join(sign if sign.isprintable() else " " for sign in str(answer.get("msg"))[:300])
            raise TransientError(f"{url}: status {str(status)[:40]!r}: {said}")
        self._check_page(url, answer)

    def _check_page(self, url: str, answer: Mapping[str, Any]) -> None:
        rows, paging = answer.get("data"), answer.get("paging")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise TransientError(f"{url}: an answer without a list of rows")
        told = paging if isinstance(paging, dict) else {}
        page, size, total = (told.get(name, -1) for name in ("page", "pageSize", "rowsTotal"))
        if not all(type(number) is int and number >= 0 for number in (page, size, total)):
            raise TransientError(f"{url}: an answer that does not say how many rows there are")
        expected = max(0, min(size, total - (self._page - 1) * size))
        if len(rows) != expected or (rows and page != self._page):
            raise TransientError(
                f"{url}: page {self._page} of {math.ceil(total / max(size, 1))} is missing or short: {len(rows)} rows "
                f"called page {page}, expected {expected} of {total}"
            )


def _own_astroquery(session: requests.Session, portal_url: str) -> Any:
    """Give astroquery's search over our session, which asks this portal and leaves its module's settings alone."""
    # It takes half a second, which those who ask nothing need not wait for.
    from astroquery.mast import ObservationsClass
    from astroquery.mast.discovery_portal import PortalAPI

    api = PortalAPI(session)
    api.MAST_REQUEST_URL = portal_url + _INVOKE
    api.COLUMNS_CONFIG_URL = portal_url + _COLUMNS
    # The session keeps time. What another portal said of its columns, for the whole class, is of no use here.
    api.TIMEOUT = math.inf
    api._column_configs = {}
    observations = ObservationsClass()
    observations._session = session
    observations._portal_api_connection = api
    return observations


def _named(observed: Sequence[Observation], dropped: list[str]) -> Iterator[tuple[int, Product]]:
    """Light curves that rows of observations name themselves, each with the number of its star."""
    for one in observed:
        if one.names_light_curve:
            product = read_product(one, one.uri)
            if product is None:
                dropped.append(f"TIC {one.number}: {one.uri[:150]!r} is no light curve of it by {one.author}")
            else:
                yield one.number, product


def _listed(
    portal: _Conversation, observed: Sequence[Observation], dropped: list[str]
) -> Iterator[tuple[int, Product]]:
    """Light curves among the files of observations whose rows name none, each with the number of its star."""
    unnamed = {one.observation_id: one for one in observed if not one.names_light_curve}
    without = set(unnamed)
    for ids in _portions(sorted(unnamed.keys() - {""}), _MOST_OBSERVATIONS):
        for row in portal.products(ids):
            for key in {str(row.get("parent_obsid")), str(row.get("obsID"))} & unnamed.keys():
                # An observation has files of other kinds and pipelines too, which are nothing to warn of.
                product = read_product(unnamed[key], str(row.get("dataURI")))
                if product is not None:
                    without.discard(key)
                    yield unnamed[key].number, product
    for key in sorted(without):
        one = unnamed[key]
        dropped.append(f"TIC {one.number}: no light curve by {one.author} among the files of observation {key!r}")


def _portions(values: Sequence[Value], size: int) -> list[Sequence[Value]]:
    return [values[start : start + size] for start in range(0, len(values), size)]
