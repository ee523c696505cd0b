"""Where files lie between an archive and the store, and who may touch them.

    <store>/staging/<mission>/<number>/   files of a target that is not finished; whole ones, and `.part`s
    <store>/fits/<path in the archive>    files that are kept, in the archive's own tree
    <store>/locks/<two hex digits>.lock   one for each 256th of the targets; never removed

Whoever works on a target holds its lock, so two runs never fetch the same file, and what a killed one left behind is
the next one's to finish.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock, SoftFileLock

from lightmill.errors import StoreError
from lightmill.lightcurves.archives.products import Product
from lightmill.lightcurves.store import store_path
from lightmill.logs import logger
from lightmill.targets import mission_of

PART = ".part"
_LOCKS = 256
_SAY_AFTER_S = 60.0
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


@contextmanager
def target_lock(store: str | Path, target_id: str) -> Iterator[None]:
    """Hold the lock of a target; waits as long as another thread or process holds it.

    Raises StoreError if the store's file system knows no locks, or if the lock cannot be made.
    """
    number = int.from_bytes(blake2b(target_id.encode(), digest_size=8).digest(), "big") % _LOCKS
    path = Path(store) / "locks" / f"{number:02x}.lock"
    with on_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        try:
            lock.acquire(timeout=_SAY_AFTER_S)
        except TimeoutError:
            logger.info("%s: another run is fetching it, or one with the same lock (%s); waiting", target_id, path)
            lock.acquire()
    except NotImplementedError:
        raise StoreError(_no_locks(path)) from None
    except OSError as error:
        raise StoreError(
            _no_locks(path) if error.errno in _NO_LOCKS else f"{path}: cannot be locked: {error.strerror}"
        ) from None
    if isinstance(lock, SoftFileLock):
        # What filelock falls back to: a file that a killed process leaves behind, and every other then waits for.
        lock.release()
        raise StoreError(_no_locks(path))
    try:
        yield
    finally:
        lock.release()


def _no_locks(path: Path) -> str:
    return (
        f"{path}: this file system has no locks (flock), without which two runs could write over each other; put the "
        "`store` on one that has, or mount it with locks"
    )


@contextmanager
def on_disk(path: Path) -> Iterator[None]:
    """Errors of the disk while `path` is written as StoreError, which names it and says what to do."""
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        advice = "free some space" if full else "make sure that it can be written"
        raise StoreError(f"{path}: cannot be written: {error.strerror or error}; {advice}, then run again") from None


class Staging:
    """The files of one target on their way into the store. Only for who holds the target's lock."""

    def __init__(self, store: str | Path, target_id: str) -> None:
        number = store_path(store, target_id).stem
        self._folder = Path(store) / "staging" / mission_of(target_id) / number
        self._kept = Path(store) / "fits"

    def path(self, product: Product) -> Path:
        """Where a product is to lie until its target is finished."""
        return self._folder / product.file

    def kept(self, product: Product) -> Path:
        """Where a product lies if an earlier run kept it."""
        return self._kept / product.name

    def exists(self) -> bool:
        """Whether anything was left behind."""
        return self._folder.exists()

    def finish(self, products: list[Product], keep: bool) -> None:
        """Clear up after a target is in the store: keep its files, or remove them."""
        for product in products:
            staged, kept = self.path(product), self.kept(product)
            with on_disk(kept):
                if keep and staged.exists():
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    os.replace(staged, kept)
        self.clear()

    def clear(self) -> None:
        """Remove whatever is left in the target's folder."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def drop_parts(self) -> None:
        """Remove parts of files: nobody goes on with them."""
        if self._folder.is_dir():
            for part in self._folder.glob(f"*{PART}*"):
                part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                # Only if nothing whole is in it.
                self._folder.rmdir()
