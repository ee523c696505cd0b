"""Places that hold an archive's files: a folder, a web server with the archive's tree, an S3 bucket."""

import threading
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

import requests

from lightmill.config.archives import Base as BaseSettings
from lightmill.config.network import NetworkSettings
from lightmill.errors import LightCurveError
from lightmill.lightcurves.archives.listings import names_in_index, read_bucket_page
from lightmill.lightcurves.archives.names import s3_key, tree_of
from lightmill.lightcurves.archives.products import ArchiveUnavailableError
from lightmill.network.breaker import Breakers
from lightmill.network.errors import NotThereError, OfflineError, RefusedError, TransientError
from lightmill.network.session import Connections, patient_session
from lightmill.network.urls import host_of

_SCHEME = "file://"
# A page of a bucket names a thousand keys; no folder that is listed has more than some ten thousand names.
_MOST_PAGES = 1000
_MOST_LIST_BYTES = 64 * 2**20


class NotListableError(LightCurveError):
    """A place does not show what is in its folders; files can still be asked for by name."""


class Base(Protocol):
    """What finding and fetching need of a place."""

    @property
    def url(self) -> str:
        """How it is called in logs."""
        ...

    @property
    def remote(self) -> bool:
        """Whether it is asked over the network."""
        ...

    def locate(self, name: str) -> str | None:
        """The URL of a product by its path in the archive; None if this place never has such products."""
        ...

    def listed(self, folder: str, starting: str = "") -> list[str] | None:
        """Names in a folder of the archive, sorted; None if there is no such folder.

        With `starting` only names that start with it need be told. Raises ArchiveUnavailableError or a TransientError
        if the place cannot say now, NotListableError if it never says.
        """
        ...


class FolderBase:
    """A folder with the archive's tree below it."""

    remote = False

    def __init__(self, url: str) -> None:
        self.url = url
        self.root = Path(url.removeprefix(_SCHEME))

    def locate(self, name: str) -> str:
        """See `Base.locate`."""
        return f"{_SCHEME}{self.root / name}"

    def path(self, name: str) -> Path:
        """Where a product lies on disk."""
        return self.root / name

    def listed(self, folder: str, starting: str = "") -> list[str] | None:
        """See `Base.listed`."""
        try:
            names = sorted(entry.name for entry in (self.root / folder).iterdir())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ArchiveUnavailableError(f"{folder}: {error.strerror}") from None
        return [name for name in names if name.startswith(starting)]


class WebBase:
    """A web server with the archive's tree below its URL."""

    remote = True

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self._session = session

    def locate(self, name: str) -> str | None:
        """See `Base.locate`."""
        return f"{self.url}/{quote(name)}"

    def listed(self, folder: str, starting: str = "") -> list[str] | None:
        """See `Base.listed`."""
        url = f"{self.url}/{quote(folder)}/"
        try:
            page = self._session.get(url).content.decode("utf-8", "replace")
        except NotThereError:
            return None
        except RefusedError:
            raise NotListableError(f"{url}: this server does not list its folders") from None
        names = names_in_index(page, url)
        if names is None:
            raise NotListableError(f"{url}: a page that is no list of a folder")
        return [name for name in names if name.startswith(starting)]


class BucketBase:
    """A public S3 bucket, asked without credentials over https."""

    remote = True

    def __init__(self, url: str, session: requests.Session) -> None:
        self.url = url
        self._session = session

    def locate(self, name: str) -> str | None:
        """See `Base.locate`."""
        key = s3_key(name)
        return None if key is None else f"{self.url}/{quote(key)}"

    def listed(self, folder: str, starting: str = "") -> list[str] | None:
        """See `Base.listed`."""
        key = s3_key(folder)
        if key is None:
            return None
        prefix, token, names = f"{key}/", "", set[str]()
        for _ in range(_MOST_PAGES):
            asked = {"list-type": "2", "delimiter": "/", "prefix": prefix + starting}
            if token:
                asked["continuation-token"] = token
            try:
                answer = self._session.get(f"{self.url}/", params=asked)
            except NotThereError:
                return None
            except RefusedError:
                raise NotListableError(f"{self.url}: this bucket does not list its keys") from None
            page = read_bucket_page(_text(answer), answer.url)
            names.update(found.removeprefix(prefix).removesuffix("/") for found in page.keys + page.prefixes)
            if page.token and page.token == token:
                raise TransientError(f"{answer.url}: the same page again and again")
            token = page.token
            if not token:
                return sorted(names - {""}) or None
        raise ArchiveUnavailableError(f"{self.url}: more than {_MOST_PAGES} pages under {prefix}")


def _text(response: requests.Response) -> str:
    """An answer as text, whatever it says of its letters: names of the archives are ASCII."""
    return response.content.decode("utf-8", "replace")


def _check_page(response: requests.Response) -> None:
    """Raise TransientError if a bucket's list is none: it is asked for again."""
    if "list-type=2" in response.url:
        read_bucket_page(_text(response), response.url)


def open_bases(
    bases: Sequence[BaseSettings], network: NetworkSettings, connections: Connections | None = None
) -> list[Base]:
    """The places of a configuration, in the order in which they are tried.

    They list folders once: what is asked again in the same job is remembered. Offline, places on the network are
    left out.
    """
    hosts = {host_of(base.url) for base in bases if base.remote}
    opened: list[Base] = []
    session = None
    for base in bases:
        if not base.remote:
            opened.append(FolderBase(base.url))
        elif not network.offline:
            session = session or patient_session(network, hosts, connections, _check_page, _MOST_LIST_BYTES)
            opened.append(BucketBase(base.url, session) if base.layout == "s3" else WebBase(base.url, session))
    return opened


class Listings:
    """The folders of several places, each listed once; safe to use from several threads."""

    def __init__(self, bases: Sequence[Base], breakers: Breakers, offline: bool = False) -> None:
        """`offline` says that there are servers, but that they are not asked: then what folders hold is not all."""
        self._bases = bases
        self._offline = offline
        self._breakers = breakers
        self._known: dict[tuple[str, str, str], list[str] | None] = {}
        self._locks: dict[tuple[str, str, str], threading.Lock] = {}
        self._lock = threading.Lock()

    def names(self, folder: str, starting: str = "") -> set[str] | None:
        """Names in a folder, remembered; None if there is no such folder.

        All folders on disk are looked at, and of the servers the first that has the folder: it answers for all of it.
        Raises NotListableError if a server that may have it does not say; and like `Base.listed`.
        """
        if self._offline:
            raise OfflineError(folder)
        on_disk = self.names_on_disk(folder)
        failure: Exception | None = None
        for base in self._bases:
            if not base.remote or base.locate(folder) is None:
                continue
            try:
                names = self._once(base, folder, starting)
                if names is None:
                    self._require_shown(base, folder)
            except (NotListableError, TransientError) as error:
                failure = failure or error
                continue
            if names is not None:
                return set(names).union(on_disk or ())
        if failure is not None:
            raise failure
        return on_disk

    @property
    def of_servers(self) -> bool:
        """Whether a server is asked."""
        return any(base.remote for base in self._bases)

    def _require_shown(self, base: Base, folder: str) -> None:
        """Raise NotListableError if a web server says of every folder that it is not there, as some do that list none.

        A bucket has no folders to hide. Of the tree itself nobody can tell.
        """
        tree = tree_of(folder)
        if isinstance(base, WebBase) and folder != tree and self._once(base, tree, "") is None:
            raise NotListableError(f"{base.url}: shows no folder {tree}/, so it cannot tell that there is no {folder}/")

    def names_on_disk(self, folder: str) -> set[str] | None:
        """Like `names`, of the folders on disk alone."""
        listed = [self._once(base, folder, "") for base in self._bases if not base.remote]
        there = [found for found in listed if found is not None]
        return set().union(*there) if there else None

    def _once(self, base: Base, folder: str, starting: str) -> list[str] | None:
        # A web server tells the whole folder, whatever is asked of it.
        starting = starting if isinstance(base, BucketBase) else ""
        place = (base.url, folder, starting)
        with self._lock:
            lock = self._locks.setdefault(place, threading.Lock())
        with lock:
            if place not in self._known:
                with self._breakers.asking(base.url, folder) if base.remote else nullcontext():
                    self._known[place] = base.listed(folder, starting)
            return self._known[place]
