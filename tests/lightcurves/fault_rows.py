"""The fault matrix: what can go wrong between an archive and the store, and what must come of it."""

import contextlib
import errno
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from astropy.io import fits
from lightcurves.made_fits import archive_name, write_fits
from lightcurves.scenes import (
    PATTERN,
    STARS,
    TARGETS,
    VICTIM_FILE,
    Fault,
    Inject,
    Scene,
    based,
    both,
    failing,
    files_at_most,
    patched,
    poisoned,
    replaced,
    served,
    settings,
)

EVERY_FILE = r"_llc\.fits$"
OF_VICTIM = rf"kplr{STARS[1]:09d}-"
PROMISED = "not in the archive, though a list names it"


def again_and_again(status: int) -> list[Fault]:
    """A status that is worth asking again: twice, and always."""
    return [
        Fault(f"{status}, twice", served(status, 2), "ok", "fetched at the third attempt", 3),
        Fault(f"{status}, always", served(status), "transient", "after all attempts; later", 3, f"HTTP {status}"),
    ]


def refused(status: int) -> Fault:
    return Fault(
        f"{status}",
        served(status),
        "RefusedError",
        "the job ends at once and says so; nothing is asked again",
        1,
        f"HTTP {status}.*refuses",
        others="any",
    )


STATUSES = [
    *(row for status in (500, 502, 503, 504, 429, 408) for row in again_and_again(status)),
    Fault("429 once, Retry-After: 1", served(429, 1, retry_after=1), "ok", "asked again after a second", 2, least_s=1),
    Fault(
        "503 once, Retry-After with a date",
        served(503, 1, retry_after=2, retry_after_date=True),
        "ok",
        "asked again at that time",
        2,
        least_s=1,
    ),
    Fault(
        "503 once, Retry-After with a date gone by",
        served(503, 1, retry_after=-3600, retry_after_date=True),
        "ok",
        "asked again after the usual wait",
        2,
    ),
    Fault(
        "429, Retry-After: 3600",
        both(served(429, retry_after=3600, pattern=EVERY_FILE), settings(connections=1)),
        "transient",
        "later; nothing else is asked in this job",
        0,
        "HTTP 429|later: .* it asked to be left alone",
        others="transient",
    ),
    Fault("404 for a quarter", served(404), "ok", "without it, and that is said", 1, PROMISED),
    Fault("410 for a quarter", served(410), "ok", "without it, and that is said", 1, PROMISED),
    Fault("404 for all quarters", served(404, pattern=OF_VICTIM), "absent", "not asked again", 1),
    *(refused(status) for status in (400, 401, 403)),
]


def closed_port(scene: Scene) -> list[str]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return [f"http://127.0.0.1:{taken.getsockname()[1]}"]


def no_such_name(scene: Scene) -> contextlib.AbstractContextManager[Any]:
    return mock.patch("socket.getaddrinfo", side_effect=socket.gaierror(socket.EAI_NONAME, "Name or service not known"))


WORDS = {
    "reset": "connection reset",
    "hang": "no answer",
    "hang_body": "silence in mid body",
    "drip": "a drip below the speed floor",
    "truncate": "cut short, with Content-Length",
    "truncate_nolength": "cut short, without Content-Length",
    "zero": "0 bytes",
    "html": "200 with an HTML page",
    "null": "200 with JSON's null",
    "bad_gzip": "Content-Encoding: gzip, and no gzip",
}


def transport(kind: str, says: str, **options: Any) -> list[Fault]:
    """A connection that fails: once, and always."""
    words = WORDS[kind] + (" in mid body" if "at" in options else "")
    return [
        Fault(f"{words}, once", served(kind, 1, **options), "ok", "fetched at the second attempt", 2),
        Fault(f"{words}, always", served(kind, **options), "transient", "given up in time; later", 3, says),
    ]


CONNECTIONS = [
    Fault(
        "connection refused", based(closed_port), "transient", "later, never absent", 0, "refused", others="transient"
    ),
    Fault(
        "name not resolved",
        both(based(lambda scene: ["https://archive.invalid"]), patched(no_such_name)),
        "transient",
        "later, never absent",
        0,
        "archive.invalid",
        others="transient",
    ),
    Fault(
        "TLS error",
        based(lambda scene: [scene.server.url.replace("http:", "https:")]),
        "transient",
        "later, never absent",
        0,
        "SSL",
        others="transient",
    ),
    *transport("reset", "reset"),
    *transport("reset", "broken off after", at=0.5),
    *transport("hang", "[Tt]imed? ?out"),
    *transport("hang_body", "broken off after .* bytes"),
    *transport("drip", "bytes/s over .*, expected at least 4000", rate=1500),
    Fault(
        "above the speed floor, but beyond the deadline",
        both(served("drip", rate=6000), settings(deadline_s=1, slow_window_s=0.3)),
        "transient",
        "broken off at the deadline; later",
        None,
        "not finished after 1 s",
    ),
]

BODIES = [
    *transport("truncate", r"\d+ of 14400 bytes|broken off after"),
    *transport("truncate_nolength", "truncated"),
    Fault(
        "longer than Content-Length, always",
        served("longer"),
        "ok",
        "what goes beyond is no part of the answer; the file is verified as always",
        1,
    ),
    *transport("zero", "not a FITS file"),
    *transport("html", "not a FITS file"),
    *transport("null", "not a FITS file"),
    *transport("bad_gzip", "compressed with 'gzip'"),
    Fault("bit flip, once", served("flip", 1), "ok", "found by its CHECKSUM; fetched again", 2),
    Fault(
        "bit flip, the same always",
        served("flip"),
        "corrupt",
        "after the same bytes came twice; not asked again",
        2,
        "damaged: CHECKSUM",
    ),
]


def other_server(scene: Scene) -> str:
    """A second name of the same server, which counts as another place."""
    return scene.server.url.replace("127.0.0.1", "localhost") + "{target}"


def redirected(url: str) -> Inject:
    return lambda scene: scene.server.fault(PATTERN, "redirect", None, url=url)


def followed(scene: Scene) -> None:
    # To the archive's other address for the same file (its old `pub` tree), with the host named differently.
    place = (
        scene.server.url.replace("127.0.0.1", "localhost")
        + "/s3/"
        + VICTIM_FILE.replace("missions/kepler/", "kepler/public/")
    )
    scene.server.fault(rf"^GET /missions/.*{PATTERN}", "redirect", None, url=place)


NOT_ALLOWED = "which is not allowed"
REDIRECTS = [
    Fault("redirect loop", served("redirect_loop"), "transient", "later", 6, "redirected again and again"),
    *(
        Fault(f"redirect to {url}", redirected(url), "transient", "not followed; later", 1, NOT_ALLOWED)
        for url in ("https://example.org/x.fits", "http://archive.stsci.edu/x.fits", "file:///etc/passwd", "ftp://a/x")
    ),
    Fault("redirect to an allowed place", followed, "ok", "followed", 2),
]


def rewritten(**changes: Any) -> Inject:
    return replaced(lambda path: write_fits(path, "Kepler", STARS[1], 2, **changes))


def without_sums(change: Callable[[bytes], bytes]) -> Inject:
    """The file's bytes changed, its sums taken away so that they do not tell."""

    def rewrite(path: Path) -> None:
        raw = path.read_bytes().replace(b"CHECKSUM=", b"XHECKSUM=").replace(b"DATASUM =", b"XATASUM =")
        changed = change(raw)
        assert changed != raw
        path.write_bytes(changed)

    return replaced(rewrite)


def rows_promised(count: int) -> Callable[[bytes], bytes]:
    return lambda raw: raw.replace(b"NAXIS2  =                   60", f"NAXIS2  = {count:20d}".encode())


def copied(name: str) -> Inject:
    return replaced(lambda path: shutil.copy(path.parents[5] / name, path))


NOTHING = np.full(60, np.nan)
NEGATIVE = np.linspace(-12, -8, 60).astype("f4")


def corrupt(name: str, inject: Inject, says: str, requests: int = 2) -> Fault:
    return Fault(name, inject, "corrupt", "nothing of the star in the store; not asked again", requests, says)


FILES = [
    corrupt("another star's file", copied(archive_name("Kepler", STARS[0], 2)), "of KIC 757076, expected KIC 757099"),
    corrupt("another quarter's file", copied(archive_name("Kepler", STARS[1], 1)), "of quarter 1, expected 2"),
    corrupt("no table", replaced(lambda path: fits.PrimaryHDU().writeto(path, overwrite=True)), "no table"),
    corrupt("no PDCSAP_FLUX", rewritten(columns={"PDCSAP_FLUX": None}), "without column PDCSAP_FLUX"),
    corrupt("TIME all NaN", rewritten(columns={"TIME": NOTHING}), "no finite TIME in 60 rows"),
    Fault(
        "flux all NaN in one quarter",
        rewritten(columns={"PDCSAP_FLUX": NOTHING.astype("f4")}),
        "ok",
        "kept: gaps are what the archive has",
        1,
    ),
    corrupt("0 rows", rewritten(rows=0), "no rows"),
    corrupt("NAXIS2 too small", without_sums(rows_promised(20)), "truncated: 1 of 2 extensions"),
    corrupt("NAXIS2 too large", without_sums(rows_promised(500)), "truncated: its headers promise"),
    corrupt("NAXIS2 = 10^15", without_sums(rows_promised(10**15)), "truncated: its headers promise"),
    corrupt(
        "header that is not ASCII",
        without_sums(lambda raw: raw.replace(b"QUARTER =", b"QUART\xffR =", 1)),
        "without header card QUARTER",
    ),
    Fault(
        "negative median flux",
        rewritten(columns={"PDCSAP_FLUX": NEGATIVE}),
        "ok",
        "kept as the archive has it; views leave out segments whose median is not above zero",
        1,
    ),
]


def store_error(name: str, inject: Inject, says: str, expected: str, others: str = "any") -> Fault:
    return Fault(name, inject, "StoreError", expected, None, says, others)


SPACE = "free some space, then run again"
DISK = "the job ends and names the path; nothing partial; the next run goes on"
KILOBYTES = patched(lambda scene: files_at_most(8000))
DISKS = [
    store_error("disk full while a .part is written", KILOBYTES, rf"\.part: cannot be written: .*; {SPACE}", DISK),
    store_error(
        "disk full while a .part is written in small pieces",
        both(served("drip", rate=30_000, pattern=EVERY_FILE), KILOBYTES),
        rf"\.part: cannot be written: .*; {SPACE}",
        DISK,
    ),
    store_error(
        "disk full as a .part is flushed",
        failing("os.fsync", errno.ENOSPC, ".fits.part"),
        rf"\.fits: cannot be written: No space left on device; {SPACE}",
        DISK,
    ),
    store_error(
        "disk full as a file is renamed",
        failing("os.replace", errno.ENOSPC, ".fits.part"),
        rf"\.fits: cannot be written: No space left on device; {SPACE}",
        DISK,
    ),
    store_error(
        "disk full while the light curve is written",
        failing("Path.write_bytes", errno.ENOSPC, ".parquet"),
        rf"\.parquet: cannot be written: No space left on device; {SPACE}",
        DISK,
    ),
    store_error(
        "disk full while an answer is remembered",
        both(served(404, pattern=OF_VICTIM), failing("os.fsync", errno.ENOSPC, ".json.")),
        rf"\.json: cannot be written: No space left on device; {SPACE}",
        DISK,
    ),
    store_error(
        "disk full while the manifest is written",
        failing("os.fsync", errno.ENOSPC, "/.000.parquet"),
        rf"000\.parquet: cannot be written: No space left on device; {SPACE}",
        DISK,
    ),
    store_error(
        "disk full while the list of files is written",
        failing("os.fsync", errno.ENOSPC, "/.000.products.parquet"),
        rf"000\.products\.parquet: cannot be written: No space left on device; {SPACE}",
        DISK,
    ),
    store_error(
        "disk full while the log is written",
        failing("os.open", errno.ENOSPC, "000.jsonl"),
        rf"000\.jsonl: cannot be written: No space left on device; {SPACE}",
        DISK,
    ),
    store_error(
        "read-only store",
        failing("os.mkdir", errno.EROFS, "/store"),
        "cannot be written: Read-only file system; make sure that it can be written",
        "the job ends and names the path",
    ),
    store_error(
        "no locks on the file system (ENOSYS)",
        patched(lambda scene: mock.patch("fcntl.flock", side_effect=OSError(errno.ENOSYS, "not implemented"))),
        "this file system has no locks",
        "the job ends and says what to do",
    ),
    store_error(
        "no locks on the file system (ENOLCK)",
        patched(lambda scene: mock.patch("fcntl.flock", side_effect=OSError(errno.ENOLCK, "No locks available"))),
        "this file system has no locks",
        "the job ends and says what to do",
    ),
    Fault("stored light curve cut short", poisoned(lambda raw: raw[:100]), "ok", "noticed; fetched again", 1),
    Fault(
        "stored light curve with a flipped bit",
        poisoned(lambda raw: raw[:200] + bytes([raw[200] ^ 1]) + raw[201:]),
        "ok",
        "noticed; fetched again",
        1,
    ),
]


def no_sockets(scene: Scene) -> contextlib.AbstractContextManager[Any]:
    return mock.patch("socket.socket.connect", side_effect=AssertionError("a connection, though offline"))


def offline(scene: Scene) -> None:
    scene.network["offline"] = True
    scene.patches.enter_context(no_sockets(scene))


def listed(page: str) -> Inject:
    """No catalog tells quarters: the folder is listed, and its list is this page."""

    def inject(scene: Scene) -> None:
        scene.targets = scene.targets[["target_id"]]
        (scene.archive / "missions/page.html").write_text(page, encoding="utf-8")
        scene.server.fault(rf"GET .*/{STARS[1]:09d}/$", "other_file", None, path="/missions/page.html")

    return inject


_GOOD = "".join(f'<a href="{archive_name("Kepler", STARS[1], quarter).rpartition("/")[2]}">x</a>' for quarter in (1, 2))
_FOREIGN = f"kplr{STARS[0]:09d}-2009166043257_llc.fits"
HOSTILE = f"""<title>Index of /missions</title>{_GOOD}
<a href="../{STARS[0]:09d}/{_FOREIGN}">x</a> <a href="..%2f{STARS[0]:09d}%2f{_FOREIGN}">x</a>
<a href="/etc/passwd">x</a> <a href="//example.org/{_FOREIGN}">x</a> <a href="https://example.org/{_FOREIGN}">x</a>
<a href="file:///etc/passwd">x</a> <a href="../../../../../../etc/passwd">x</a> <a href="%00kplr">x</a>
<a href="{_FOREIGN}">x</a> <a href="javascript:alert(1)">x</a>
<a href="kplr{STARS[1]:09d}-２００９１６６０４３２５７_llc.fits">x</a>
"""

OTHERS = [
    Fault("offline", offline, "transient", "no connection is opened; later", 0, "offline", others="transient"),
    Fault("hostile names in a folder's list", listed(HOSTILE), "ok", "only the star's own files are asked for", 1),
    Fault(
        "a page that is no list of a folder",
        listed("<h1>Down for maintenance</h1>"),
        "ok",
        "no list, so all quarters are tried by name",
        1,
    ),
]

FAULTS = [*STATUSES, *CONNECTIONS, *BODIES, *REDIRECTS, *FILES, *DISKS, *OTHERS]
__all__ = ["FAULTS", "TARGETS"]
