"""Sessions: requests with manners. Time-outs always, redirects only where allowed, no cookies, no credentials."""

import re
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from http.cookiejar import DefaultCookiePolicy
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import requests
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPResponse
from urllib3.util import Retry

from lightmill import __version__
from lightmill.config.network import NetworkSettings
from lightmill.network.bodies import check_status, read_body
from lightmill.network.errors import OfflineError, RefusedError, TransientError
from lightmill.network.urls import LOOPBACK, host_of, may_follow
from lightmill.network.waiting import Deadline, with_retries
from lightmill.network.watched import WatchedPool, WatchedTlsPool

_MOST_REDIRECTS = 5
_HOSTS = 16
_POOLS = {"http": WatchedPool, "https": WatchedTlsPool}
# Whole tables of the Exoplanet Archive have some 100 MB as a VOTable.
_MOST_ANSWER_BYTES = 2 * 2**30
_MOST_REASON_BYTES = 2**20
_TAGS = re.compile(r"<[^<>]*>")

Check = Callable[[requests.Response], None]
"""Looks at a whole answer; raises TransientError if the server must be asked again."""


def user_agent(settings: NetworkSettings) -> str:
    """What servers are told about who asks."""
    return (
        f"lightmill/{__version__} ({settings.contact or 'planets in starlight'}) {requests.utils.default_user_agent()}"
    )


class Connections:
    """The connections of a job: at most so many requests at once, whoever makes them. Safe between threads."""

    def __init__(self, settings: NetworkSettings, at_once: int = 1) -> None:
        self.adapter = _Adapter(settings, at_once)
        self._free = threading.BoundedSemaphore(at_once)

    @contextmanager
    def one(self, deadline: Deadline) -> Iterator[None]:
        """Hold one of the connections; waits while all are held, which `deadline` does not count."""
        began = time.monotonic()
        with self._free:
            deadline.postpone(time.monotonic() - began)
            yield


def plain_session(
    settings: NetworkSettings, hosts: Collection[str] = (), connections: Connections | None = None
) -> requests.Session:
    """A session for single attempts: whoever uses it reads bodies and tries again by its own rules.

    Redirects are followed to the same host, `redirect_hosts` and `hosts`. Whoever shares `connections` holds one of
    them from the request to the end of the body. Raises OfflineError if the configuration says that nothing is to be
    asked of anybody.
    """
    return _session(settings, hosts, (connections or Connections(settings)).adapter)


def patient_session(
    settings: NetworkSettings,
    hosts: Collection[str] = (),
    connections: Connections | None = None,
    check: Check | None = None,
    most_bytes: int = _MOST_ANSWER_BYTES,
) -> requests.Session:
    """A session that tries again by itself, for answers that fit into memory and for libraries that ask questions.

    Each request has `attempts` and a deadline; the answer is read whole, within the limits of the settings, before it
    is handed on, and `check` may find fault with it; it may have `most_bytes`. Raises OfflineError like
    `plain_session`; requests raise the errors of `lightmill.network.errors`, whatever the status that caused them.
    """
    return _session(settings, hosts, _PatientAdapter(settings, connections or Connections(settings), check, most_bytes))


def connection_error(url: str, error: Exception) -> TransientError:
    """What requests raised on the way to a server, as an error that is worth trying again."""
    # Around it stands urllib3's account of its retries, which are none, and the URL once more.
    cause = getattr(error.args[0], "reason", None) if error.args else None
    reason = " ".join(str(cause or error).split())[:200] or type(error).__name__
    return TransientError(f"{url}: {type(error).__name__}: {reason}")


class _Session(requests.Session):
    """Follows a redirect only where it may lead."""

    def __init__(self, hosts: Collection[str]) -> None:
        super().__init__()
        self._hosts = hosts
        self.max_redirects = _MOST_REDIRECTS

    def merge_environment_settings(self, url: Any, *arguments: Any, **named: Any) -> Any:
        # What is on this machine is asked by no proxy: http would leave it.
        found = super().merge_environment_settings(url, *arguments, **named)
        return {**found, "proxies": {}} if host_of(str(url)) in LOOPBACK else found

    def rebuild_auth(self, prepared_request: requests.PreparedRequest, response: requests.Response) -> None:
        # Requests would look for a password of the new host in .netrc.
        prepared_request.headers.pop("Authorization", None)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        try:
            location = super().get_redirect_target(resp)
            target = urljoin(resp.url, location or "")
        except ValueError:
            resp.close()
            raise TransientError(f"{resp.url}: redirected to what is no URL", again=False) from None
        if location is not None:
            if not may_follow(resp.url, target, self._hosts):
                resp.close()
                raise TransientError(
                    f"{resp.url}: redirected to {target[:200]!r}, which is not allowed (https, on a host of the "
                    "configured bases or of network.redirect_hosts)",
                    again=False,
                )
            # Requests would read what stands beside the address, however long and slow it is.
            resp.close()
            resp._content, resp._content_consumed = b"", True
        return location


def _session(settings: NetworkSettings, hosts: Collection[str], adapter: BaseAdapter) -> requests.Session:
    if settings.offline:
        raise OfflineError("a connection")
    session = _Session([*settings.redirect_hosts, *hosts])
    session.headers.update({"User-Agent": user_agent(settings), "Accept-Encoding": "identity"})
    # Public data need no credentials: none are looked up (.netrc) and no cookies are kept.
    session.auth = _no_credentials
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    for scheme in ("https://", "http://"):
        session.mount(scheme, adapter)
    return session


def _reason(body: bytes) -> str:
    """The words of an error document, in brackets, without its markup; empty if it has none."""
    words = " ".join(_TAGS.sub(" ", body.decode("utf-8", "replace")).split())
    return f" ({words[:200]})" if words else ""


def _no_credentials(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


class _Adapter(HTTPAdapter):
    """Time-outs where a caller names none, and a hard limit on connections."""

    def __init__(self, settings: NetworkSettings, connections: int) -> None:
        self._settings = settings
        super().__init__(
            # Hosts beyond the first number are forgotten with their connections: more than any list of bases has.
            pool_connections=max(connections, _HOSTS),
            pool_maxsize=connections,
            max_retries=Retry(0, read=False),
            pool_block=True,
        )

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **named: Any) -> Any:
        manager = super().proxy_manager_for(proxy, **named)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        if options.get("timeout") is None:
            options["timeout"] = (self._settings.connect_timeout_s, self._settings.read_timeout_s)
        return super().send(request, **options)


class _PatientAdapter(BaseAdapter):
    """Asks again where that is worth it, and hands on only answers that are whole."""

    def __init__(
        self, settings: NetworkSettings, connections: Connections, check: Check | None, most_bytes: int
    ) -> None:
        super().__init__()
        self._most_bytes = most_bytes
        self._settings = settings
        self._connections = connections
        self._check = check

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        deadline = Deadline(self._settings.deadline_s)
        options["stream"] = True

        def once() -> requests.Response:
            with self._connections.one(deadline):
                return self._once(request, options, deadline)

        return with_retries(once, self._settings, deadline)

    def close(self) -> None:
        self._connections.adapter.close()

    def _once(
        self, request: requests.PreparedRequest, options: dict[str, Any], deadline: Deadline
    ) -> requests.Response:
        url = request.url or ""
        left_s = max(deadline.left_s(), 0.1)
        settings = self._settings
        timeout = (min(settings.connect_timeout_s, left_s), min(settings.read_timeout_s, left_s))
        try:
            response = self._connections.adapter.send(request, **{**options, "timeout": timeout})
        except requests.RequestException as error:
            raise connection_error(url, error) from None
        with response:
            body = bytearray()
            try:
                if not response.is_redirect:
                    check_status(response)
            except RefusedError as error:
                # A service says in the body what it did not understand.
                read_body(response, body.extend, settings, deadline, _MOST_REASON_BYTES)
                raise RefusedError(f"{error}{_reason(bytes(body))}") from None
            read_body(response, body.extend, settings, deadline, self._most_bytes)
        # The same answer once more, read from memory: for those who read `content` and for those who read `raw`.
        response.raw = HTTPResponse(
            BytesIO(body), headers=response.raw.headers, status=response.status_code, preload_content=False
        )
        response._content_consumed = False
        response._content = False
        if not response.is_redirect and self._check is not None:
            self._check(response)
        return response
