"""The log of what was asked of archives: when, of whom, how often. For people and `make retry`; no rule reads it."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lightmill.lightcurves.fetching.staging import on_disk


class EventLog:
    """A file that only grows: one JSON object per line, each written at once. Safe between threads."""

    def __init__(self, path: str | Path | None) -> None:
        """Without a path nothing is written."""
        self._path = None if path is None else Path(path)
        self._lock = threading.Lock()
        if self._path is not None:
            with on_disk(self._path):
                self._path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, event: str, **values: Any) -> None:
        """Add a line: the time (UTC), what happened, and its particulars; StoreError if it cannot be written."""
        if self._path is None:
            return
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        line = json.dumps({"time": time, "event": event, **values}, allow_nan=False) + "\n"
        with self._lock, on_disk(self._path):
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(handle, line.encode())
            finally:
                os.close(handle)


def read_events(path: str | Path) -> Iterator[dict[str, Any]]:
    """The events of a log, oldest first; a line that a kill cut short is passed over. Without a file there are none."""
    try:
        text = Path(path).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event
