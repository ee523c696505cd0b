"""What servers say is in a folder: the index page of a web server, the answer of an S3 bucket."""

from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import unquote, urljoin, urlsplit
from xml.etree import ElementTree

from lightmill.network.errors import TransientError

_INDEX_MARKS = ("index of", "parent directory", "directory listing")
# Without its end a page may be cut short, and its list with it.
_END = "</html>"


def names_in_index(page: str, url: str) -> list[str] | None:
    """Names of the files and folders that a web server's index page links to, sorted; None if it is no index page.

    `url` is the folder's own, with its final slash: only links to what lies in it count, however they are written.
    Folders come without their final slash.
    """
    links = _Links()
    links.feed(page)
    names = set()
    here = urlsplit(url)
    folder = unquote(here.path)
    for link in links.found:
        try:
            parts = urlsplit(urljoin(url, link))
        except ValueError:
            continue
        path = unquote(parts.path)
        name = path.removeprefix(folder).removesuffix("/")
        inside = (parts.scheme, parts.netloc) == (here.scheme, here.netloc) and path.startswith(folder)
        if inside and not parts.query and name and "/" not in name and name not in (".", ".."):
            names.add(name)
    text = page.lower()
    is_index = _END in text and any(mark in text for mark in _INDEX_MARKS)
    return sorted(names) if is_index else None


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


class BucketPage(NamedTuple):
    """One page of a bucket's answer to ListObjectsV2."""

    keys: list[str]
    """Keys of objects."""
    prefixes: list[str]
    """Common prefixes: what would be folders, with their final slash."""
    token: str
    """What asks for the next page; empty after the last."""


def read_bucket_page(text: str, url: str) -> BucketPage:
    """Read an answer to ListObjectsV2 (docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).

    Raises TransientError, naming the URL, if it is something else.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise TransientError(f"{url}: not a list of a bucket (a document with a DOCTYPE)")
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        raise TransientError(f"{url}: not a list of a bucket ({error})") from None
    if root.tag.rpartition("}")[2] != "ListBucketResult":
        raise TransientError(f"{url}: not a list of a bucket (a document {root.tag[:60]!r})")

    def texts(outer: str, inner: str) -> list[str]:
        return [node.text or "" for node in root.iterfind(f"{{*}}{outer}/{{*}}{inner}")]

    more = (root.findtext("{*}IsTruncated") or "").strip().lower() == "true"
    token = root.findtext("{*}NextContinuationToken") or ""
    if more and not token:
        raise TransientError(f"{url}: the list goes on, but does not say how")
    return BucketPage(texts("Contents", "Key"), texts("CommonPrefixes", "Prefix"), token if more else "")
