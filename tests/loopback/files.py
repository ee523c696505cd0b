"""The archive's web server: files, folder indices and the TESS download scripts."""

import os
import re
import time
from html import escape
from pathlib import Path

from .answers import Answer, Request, file_answer, text

SCRIPTS = "missions/tess/download_scripts/sector/"
# What each script of a sector lists: the ends of the light curves' names, and what the script has in their place.
SCRIPT_KINDS = {
    "lc": ("s_lc.fits", "s_lc.fits"),
    "tp": ("s_lc.fits", "s_tp.fits"),
    "fast-lc": ("a_fast-lc.fits", "a_fast-lc.fits"),
    "fast-tp": ("a_fast-lc.fits", "a_fast-tp.fits"),
}
SCRIPT_LINE = "curl -C - -L -o {name} https://mast.stsci.edu/api/v0.1/Download/file/?uri=mast:TESS/product/{name}\n"


def inside(folder: Path, name: str) -> Path | None:
    """The path of a name below a folder; None where it would lead out."""
    parts = name.strip("/").split("/")
    if any(part in ("..", ".") or "\0" in part for part in parts):
        return None
    return folder.joinpath(*parts)


def answer(request: Request, folder: Path, index: int, scripts: bool) -> Answer:
    """Answer for a path under /missions or /hlsps; `index` is the status of folders (200: listed)."""
    name = re.sub(r"^/pub/", "missions/", request.path).lstrip("/")
    if name.startswith(SCRIPTS) or name == SCRIPTS.rstrip("/"):
        return _scripts(name, folder, index) if scripts else not_found(request)
    path = inside(folder, name)
    if path is None:
        return text("<h1>400 Bad Request</h1>", 400)
    if path.is_dir():
        if not request.path.endswith("/"):
            return text("", 301, Location=request.path + "/")
        return folder_index(request.path, _entries(path), index)
    if name.endswith("/") or not path.is_file():
        return not_found(request)
    return file_answer(path, request)


def not_found(request: Request) -> Answer:
    page = f"<title>404 Not Found</title>\n<h1>Not Found</h1>\n<p>{escape(request.path)} was not found.</p>"
    return text(f'<!DOCTYPE HTML PUBLIC "-//IETF//DTD HTML 2.0//EN">\n{page}\n', 404)


def _entries(path: Path) -> list[tuple[str, int, float]]:
    with os.scandir(path) as entries:
        found = [
            (entry.name + "/" * entry.is_dir(), entry.stat().st_size, entry.stat().st_mtime)
            for entry in entries
            if not entry.name.startswith(".")
        ]
    return sorted(found)


def folder_index(path: str, entries: list[tuple[str, int, float]], status: int = 200) -> Answer:
    """A listing as Apache's mod_autoindex writes it, with its sort links, parent link and shortened names."""
    if status != 200:
        return text(f"<h1>{status}</h1>", status)
    rows = []
    for name, size, modified in entries:
        shown = name if len(name) <= 23 else name[:20] + "..&gt;"
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(modified))
        length = "  - " if name.endswith("/") else f"{size / 1024:.0f}K" if size >= 1024 else str(size)
        rows.append(
            f'<tr><td valign="top"><img src="/icons/unknown.gif" alt="[   ]"></td><td><a href="{escape(name)}">{shown}'
            f'</a></td><td align="right">{when}  </td><td align="right">{length}</td><td>&nbsp;</td></tr>\n'
        )
    parent = escape(path.rstrip("/").rpartition("/")[0] + "/")
    return text(
        '<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">\n'
        f"<html>\n <head>\n  <title>Index of {escape(path.rstrip('/'))}</title>\n </head>\n <body>\n"
        f'<h1>Index of {escape(path.rstrip("/"))}</h1>\n  <table>\n   <tr><th valign="top"><img src="/icons/blank.gif" '
        'alt="[ICO]"></th><th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th>'
        '<th><a href="?C=S;O=A">Size</a></th><th><a href="?C=D;O=A">Description</a></th></tr>\n'
        '   <tr><th colspan="5"><hr></th></tr>\n'
        f'<tr><td valign="top"><img src="/icons/back.gif" alt="[PARENTDIR]"></td><td><a href="{parent}">Parent '
        'Directory</a></td><td>&nbsp;</td><td align="right">  - </td><td>&nbsp;</td></tr>\n'
        + "".join(rows)
        + '   <tr><th colspan="5"><hr></th></tr>\n</table>\n</body></html>\n'
    )


def script_names(folder: Path) -> dict[str, list[str]]:
    """The scripts that the TESS files of the tree call for, each with the files that it fetches."""
    scripts: dict[str, list[str]] = {}
    for sector in (folder / "missions/tess/tid").glob("s[0-9][0-9][0-9][0-9]"):
        names = sorted(name for _, _, files in os.walk(sector, followlinks=True) for name in files)
        for kind, (end, listed) in SCRIPT_KINDS.items():
            found = [name.removesuffix(end) + listed for name in names if name.endswith(end)]
            if found:
                scripts[f"tesscurl_sector_{int(sector.name[1:])}_{kind}.sh"] = found
    return scripts


def _scripts(name: str, folder: Path, index: int) -> Answer:
    scripts = script_names(folder)
    below = name.removeprefix(SCRIPTS.rstrip("/")).lstrip("/")
    if not name.startswith(SCRIPTS):
        return text("", 301, Location=f"/{SCRIPTS}")
    if not below:
        return folder_index(
            f"/{SCRIPTS}", [(script, 100 * len(found), 1.6e9) for script, found in scripts.items()], index
        )
    if below not in scripts:
        return text("<h1>Not Found</h1>", 404)
    lines = (SCRIPT_LINE.format(name=found) for found in scripts[below])
    return text("#!/bin/sh\n" + "".join(lines), kind="text/x-sh", ETag=f'"{len(scripts[below]):x}"')
