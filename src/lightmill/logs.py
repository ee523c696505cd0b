"""What a job says while it works: plain lines in its log, a bar on a terminal."""

import logging
import sys
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from rich.console import Console
from rich.progress import track as rich_track

from lightmill.errors import LightmillError

Item = TypeVar("Item")
logger = logging.getLogger("lightmill")


@contextmanager
def job_log(path: str | Path) -> Iterator[logging.Logger]:
    """Log to the file `path` while a rule's script runs.

    Warnings go there too. An error of our own family, or of the file system on a file that is named, ends the script
    with one message, without a traceback; any other exception leaves its traceback in the log and is raised again.
    """
    handler = logging.FileHandler(path, mode="a", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logging.captureWarnings(True)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logger.setLevel(logging.INFO)
    try:
        yield logger
    except LightmillError as error:
        logger.error("%s", error)
        sys.exit(f"error: {error}")
    except OSError as error:
        if error.filename is None:
            logger.exception("the job failed")
            raise
        logger.error("%s: %s", error.filename, error.strerror)
        sys.exit(f"error: {error.filename}: {error.strerror}; make sure it can be read or written, then run again")
    except Exception:
        logger.exception("the job failed")
        raise
    finally:
        root.removeHandler(handler)
        handler.close()


def progress(items: Collection[Item], what: str, every_s: float = 10.0) -> Iterator[Item]:
    """Iterate over `items`, showing a bar on a terminal and a plain line in the log every `every_s` seconds."""
    total = len(items)
    started = last = time.monotonic()
    on_terminal = Console(stderr=True).is_terminal
    shown = rich_track(items, what, console=Console(stderr=True), transient=True) if on_terminal else items
    for done, item in enumerate(shown, start=1):
        yield item
        now = time.monotonic()
        if now - last >= every_s or done == total:
            logger.info("%s: %d of %d in %.1f s", what, done, total, now - started)
            last = now
