"""Which URLs may be asked at all: https everywhere, plain http on this machine alone."""

from collections.abc import Collection
from urllib.parse import urlsplit

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def check_url(url: str) -> None:
    """Raise ValueError unless `url` is an https URL with a host, or an http URL on this machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"{url!r}: not a URL ({error})") from None
    if not host or parts.scheme not in ("https", "http"):
        raise ValueError(f"{url!r}: expected a URL that starts with https://")
    if parts.query or parts.fragment or not url.isascii() or any(letter.isspace() for letter in url):
        raise ValueError(f"{url!r}: expected a URL without blanks, letters beyond ASCII, ? and #")
    if parts.scheme == "http" and host not in LOOPBACK:
        raise ValueError(f"{url!r}: expected https:// (plain http is for servers on this machine only)")
    if parts.username is not None or parts.password is not None:
        raise ValueError(f"{parts.scheme}://{host}: a user name or password in a URL ends up in logs; none is needed")


def host_of(url: str) -> str:
    """The host of a URL, in lower case."""
    return (urlsplit(url).hostname or "").lower()


def may_follow(source: str, target: str, hosts: Collection[str]) -> bool:
    """Whether a redirect from `source` to `target` may be followed: to the same host or one of `hosts`, over https.

    On this machine http will do, and only from this machine.
    """
    try:
        check_url(target)
    except ValueError:
        return False
    if host_of(target) in LOOPBACK:
        return host_of(source) in LOOPBACK
    return host_of(target) in {host_of(source), *(host.lower() for host in hosts)}
