"""The public bucket: objects by key, and ListObjectsV2."""

import base64
import hashlib
import os
import time
from functools import lru_cache
from pathlib import Path
from xml.sax.saxutils import escape

from .answers import Answer, Request, file_answer, text
from .files import inside

PREFIX = "/s3"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# Where the bucket's keys differ from the archive's paths; the other products are not in the bucket.
FOLDERS = {
    "k2/public/lightcurves/": "missions/k2/lightcurves/",
    "kepler/public/lightcurves/": "missions/kepler/lightcurves/",
    "tess/public/tid/": "missions/tess/tid/",
}
HEADERS = {"Server": "AmazonS3", "x_amz_request_id": "0123456789ABCDEF"}


def answer(request: Request, folder: Path) -> Answer:
    """Answer for a path under /s3."""
    key = request.path.removeprefix(PREFIX).lstrip("/")
    if not key:
        if request.parameter("list-type") != "2":
            return _error("NotImplemented", "Only ListObjectsV2 is imitated.", "", 501)
        return _listing(request, folder)
    start = next((start for start in FOLDERS if key.startswith(start)), None)
    path = start and inside(folder, FOLDERS[start] + key.removeprefix(start))
    if not path or key.endswith("/") or not path.is_file():
        return _error("NoSuchKey", "The specified key does not exist.", f"<Key>{escape(key)}</Key>", 404)
    return file_answer(path, request, etag=etag(path), **HEADERS)


def etag(path: Path) -> str:
    """The MD5 of a file, as S3 has it for objects that were put in one part."""
    known = path.stat()
    return f'"{_md5(path, known.st_mtime_ns, known.st_size)}"'


@lru_cache(maxsize=100_000)
def _md5(path: Path, changed_ns: int, size: int) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def _error(code: str, message: str, more: str, status: int) -> Answer:
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    body = (
        f"<Error><Code>{code}</Code><Message>{message}</Message>{more}<RequestId>0123456789ABCDEF</RequestId></Error>"
    )
    return text(head + body, status, "application/xml", **HEADERS)


def _keys(folder: Path, prefix: str, delimiter: str) -> list[tuple[str, Path | None]]:
    """Keys under a prefix with their files; with the delimiter /, folders one level down (None for the file)."""
    found: list[tuple[str, Path | None]] = []
    for start, name in FOLDERS.items():
        if not (prefix.startswith(start) or start.startswith(prefix)):
            continue
        below = prefix[len(start) :].rpartition("/")[0] if prefix.startswith(start) else ""
        top = inside(folder, name + below) if below else folder / name
        if top is None or not top.is_dir():
            continue
        key = start + (below + "/" if below else "")
        if delimiter == "/" and prefix.startswith(start):
            with os.scandir(top) as entries:
                found += [
                    (key + entry.name + "/", None) if entry.is_dir() else (key + entry.name, Path(entry.path))
                    for entry in entries
                ]
            continue
        for here, _, files in os.walk(top, followlinks=True):
            inner = os.path.relpath(here, top).replace(os.sep, "/")
            middle = "" if inner == "." else inner + "/"
            found += [(key + middle + file, Path(here, file)) for file in files]
    return sorted((key, path) for key, path in found if key.startswith(prefix))


def _listing(request: Request, folder: Path) -> Answer:
    prefix, delimiter = request.parameter("prefix"), request.parameter("delimiter")
    try:
        most = min(int(request.parameter("max-keys", "1000")), 1000)
        token = request.parameter("continuation-token")
        after = base64.b64decode(token, validate=True).decode() if token else request.parameter("start-after")
    except ValueError:
        return _error("InvalidArgument", "The continuation token or max-keys provided is incorrect", "", 400)
    entries: dict[str, Path | None] = {}
    for key, path in _keys(folder, prefix, delimiter):
        cut = key.find(delimiter, len(prefix)) if delimiter else -1
        name = key[: cut + len(delimiter)] if cut >= 0 else key
        entries.setdefault(name, None if cut >= 0 else path)
    names = [name for name in entries if name > after]
    page = names[:most]
    truncated = len(names) > len(page) and most > 0
    contents, folders = [], []
    for name in page:
        path = entries[name]
        if path is None:
            folders.append(f"<CommonPrefixes><Prefix>{escape(name)}</Prefix></CommonPrefixes>")
            continue
        known = path.stat()
        when = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(known.st_mtime))
        contents.append(
            f"<Contents><Key>{escape(name)}</Key><LastModified>{when}</LastModified><ETag>{escape(etag(path))}</ETag>"
            f"<Size>{known.st_size}</Size><StorageClass>INTELLIGENT_TIERING</StorageClass></Contents>"
        )
    following = base64.b64encode("".join(page[-1:]).encode()).decode()
    more = f"<NextContinuationToken>{following}</NextContinuationToken>"
    return text(
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="{NAMESPACE}"><Name>stpubdata</Name>'
        f"<Prefix>{escape(prefix)}</Prefix>"
        + (f"<ContinuationToken>{escape(token)}</ContinuationToken>" if token else "")
        + (more if truncated else "")
        + f"<KeyCount>{len(page)}</KeyCount><MaxKeys>{most}</MaxKeys>"
        + (f"<Delimiter>{escape(delimiter)}</Delimiter>" if delimiter else "")
        + f"<IsTruncated>{str(truncated).lower()}</IsTruncated>"
        + "".join(contents + folders)
        + "</ListBucketResult>",
        kind="application/xml",
        **HEADERS,
    )
