"""Who works on a target: one lock for every 256th part of them, `<store>/locks/<two hex digits>.lock`, never removed.

Several targets share a lock, so that there are few files of them; nobody holds two at a time.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock, SoftFileLock

from lightmill.errors import StoreError
from lightmill.lightcurves.fetching.staging import on_disk
from lightmill.logs import logger

_LOCKS = 256
_SAY_AFTER_S = 60.0
_NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


@contextmanager
def target_lock(store: str | Path, target_id: str) -> Iterator[None]:
    """Hold the lock of a target; waits as long as another thread or process holds it.

    Raises StoreError if the store's file system knows no locks, or if the lock cannot be made.
    """
    path = _lock_path(store, target_id)
    with on_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    if not _taken(lock, path, _SAY_AFTER_S):
        logger.info("%s: another run is fetching it, or one with the same lock (%s); waiting", target_id, path)
        _taken(lock, path, -1)
    try:
        yield
    finally:
        lock.release()


@contextmanager
def lock_unless_held(store: str | Path, target_id: str) -> Iterator[bool]:
    """Hold the lock of a target if nobody else does; whether it is held now. Raises like `target_lock`."""
    path = _lock_path(store, target_id)
    with on_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    if not _taken(lock, path, 0):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def is_held(store: str | Path, target_id: str) -> bool:
    """Whether anybody works on a target, or on one with the same lock; makes no file. Raises like `target_lock`."""
    path = _lock_path(store, target_id)
    if not path.exists():
        return False
    lock = FileLock(path)
    free = _taken(lock, path, 0)
    if free:
        lock.release()
    return not free


def _lock_path(store: str | Path, target_id: str) -> Path:
    number = int.from_bytes(blake2b(target_id.encode(), digest_size=8).digest(), "big") % _LOCKS
    return Path(store) / "locks" / f"{number:02x}.lock"


def _taken(lock: FileLock, path: Path, timeout_s: float) -> bool:
    """Take a lock within some seconds, -1 for as long as it takes; whether it is taken."""
    try:
        lock.acquire(timeout=timeout_s)
    except TimeoutError:
        return False
    except NotImplementedError:
        raise StoreError(_no_locks(path)) from None
    except OSError as error:
        raise StoreError(
            _no_locks(path)
            if error.errno in _NO_LOCKS
            else f"{path}: cannot be locked: {error.strerror}; make sure that it can be written, then run again"
        ) from None
    if isinstance(lock, SoftFileLock):
        # What filelock falls back to: a file that a killed process leaves behind, and every other then waits for.
        lock.release()
        raise StoreError(_no_locks(path))
    return True


def _no_locks(path: Path) -> str:
    return (
        f"{path}: this file system has no locks (flock), without which two runs could write over each other; put the "
        "`store` on one that has, or mount it with locks"
    )
