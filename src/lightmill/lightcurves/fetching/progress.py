"""How a download gets on: a line of figures on a terminal, and one line a minute in the log."""

import threading
import time
from collections import Counter
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lightmill.logs import logger

LOG_EVERY_S = 60.0


class FetchProgress:
    """Counts targets and bytes as they come in and says how it goes; use it in a `with` statement."""

    def __init__(self, what: str, total: int, log_every_s: float = LOG_EVERY_S) -> None:
        self._what = what
        self._total = total
        self._log_every_s = log_every_s
        self._counts: Counter[str] = Counter()
        self._bytes = 0
        self._settled = 0
        self._started = time.monotonic()
        self._over = threading.Event()
        self._minutes = threading.Thread(target=self._log_each_minute, name="progress", daemon=True)
        console = Console(stderr=True)
        self._bar = (
            Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[state]}"),
                console=console,
                transient=True,
            )
            if console.is_terminal and total
            else None
        )
        self._task = self._bar.add_task(what, total=total, state="") if self._bar else None

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        self._minutes.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._minutes.join()
        if self._bar is not None:
            self._bar.stop()
        logger.info("%s: %s", self._what, self.line())

    def add(self, outcome: str, received_bytes: int, was_settled: bool = False) -> None:
        """Count a target with its outcome, and the bytes that came over the network for it.

        One that `was_settled` took no time, and says nothing of how long the others will take.
        """
        self._counts[outcome] += 1
        self._settled += was_settled
        self._bytes += received_bytes
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, advance=1, state=self.line())

    def _log_each_minute(self) -> None:
        while not self._over.wait(self._log_every_s):
            logger.info("%s: %s", self._what, self.line())

    def line(self) -> str:
        """Targets done, their outcomes, speeds and the time that is left, in one line."""
        elapsed = max(time.monotonic() - self._started, 1e-9)
        done = self._counts.total()
        parts = [f"{done} of {self._total} targets"]
        if self._counts:
            parts.append(", ".join(f"{self._counts[name]} {name}" for name in sorted(self._counts)))
        parts.append(f"{done / elapsed:.3g} targets/s")
        if self._bytes:
            parts.append(f"{self._bytes / 1e6:.1f} MB at {self._bytes / 1e6 / elapsed:.2f} MB/s")
        if done - self._settled > 0 and done < self._total:
            parts.append(f"{_clock((self._total - done) * elapsed / (done - self._settled))} left")
        return "; ".join(parts)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
