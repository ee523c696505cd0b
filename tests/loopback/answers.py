"""What is asked and what is answered, before the transport (and its faults) come into play."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    """One request as the services see it; `query` is the decoded query, or a POST's decoded body."""

    method: str
    path: str
    query: str
    raw_query: str
    headers: Mapping[str, str]
    fault: str | None = None

    def parameters(self) -> dict[str, list[str]]:
        """Every parameter of the query or the form."""
        return parse_qs(self.raw_query, keep_blank_values=True)

    def parameter(self, name: str, default: str = "") -> str:
        """One parameter, whatever the case of its name."""
        found = {key.lower(): values for key, values in self.parameters().items()}
        return found.get(name.lower(), [default])[0]


@dataclass(frozen=True)
class FilePart:
    """Bytes of a file that are sent without being read."""

    path: Path
    start: int
    length: int


@dataclass
class Answer:
    """Status, headers and body of an answer."""

    body: bytes | FilePart = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def length(self) -> int:
        return self.body.length if isinstance(self.body, FilePart) else len(self.body)

    def read(self) -> bytes:
        """The whole body as bytes."""
        if not isinstance(self.body, FilePart):
            return self.body
        with self.body.path.open("rb") as file:
            file.seek(self.body.start)
            return file.read(self.body.length)


def text(body: str, status: int = 200, kind: str = "text/html;charset=UTF-8", **headers: str) -> Answer:
    """An answer of text; underscores of header names become dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(body.encode(), status, {"Content-Type": kind, **named})


def file_answer(path: Path, request: Request, etag: str | None = None, **headers: str) -> Answer:
    """A file or one range of it, as Apache and S3 answer; a list of ranges gets the whole file."""
    known = path.stat()
    modified = formatdate(known.st_mtime, usegmt=True)
    etag = etag or f'"{known.st_size:x}-{int(known.st_mtime * 1e6):x}"'
    kind = "application/fits" if path.suffix == ".fits" else "application/octet-stream"
    sent = {"ETag": etag, "Last-Modified": modified, "Accept-Ranges": "bytes", "Content-Type": kind}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    if request.headers.get("If-None-Match") == etag:
        return Answer(b"", 304, sent)
    whole = Answer(FilePart(path, 0, known.st_size), 200, sent)
    asked = request.headers.get("Range", "")
    if not asked.startswith("bytes=") or "," in asked:
        return whole
    if request.headers.get("If-Range", etag) not in (etag, modified):
        return whole
    first, dash, last = asked.removeprefix("bytes=").strip().partition("-")
    if not dash or not (first or last) or not (first + last).isdecimal():
        return whole
    if first:
        start, stop = int(first), min(int(last) + 1 if last else known.st_size, known.st_size)
    else:
        start, stop = max(known.st_size - int(last), 0), known.st_size
    if start >= known.st_size or start >= stop:
        return Answer(b"", 416, {**sent, "Content-Range": f"bytes */{known.st_size}"})
    sent["Content-Range"] = f"bytes {start}-{stop - 1}/{known.st_size}"
    return Answer(FilePart(path, start, stop - start), 206, sent)
