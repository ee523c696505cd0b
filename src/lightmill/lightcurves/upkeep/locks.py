"""The locks of targets, for those who would rather leave a target alone than wait for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from filelock import FileLock

from lightmill.errors import StoreError
from lightmill.lightcurves.fetching.staging import on_disk

_LOCKS = 256


@contextmanager
def lock_unless_held(store: str | Path, target_id: str) -> Iterator[bool]:
    """Hold the lock of a target, the one of `staging.target_lock`, if nobody else does; whether it is held now."""
    path = _lock_path(store, target_id)
    with on_disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    if not _taken(lock, path):
        yield False
        return
    try:
        yield True
    finally:
        lock.release()


def is_held(store: str | Path, target_id: str) -> bool:
    """Whether anybody works on a target, or on one with the same lock; makes no file."""
    path = _lock_path(store, target_id)
    if not path.exists():
        return False
    lock = FileLock(path)
    free = _taken(lock, path)
    if free:
        lock.release()
    return not free


def _lock_path(store: str | Path, target_id: str) -> Path:
    number = int.from_bytes(blake2b(target_id.encode(), digest_size=8).digest(), "big") % _LOCKS
    return Path(store) / "locks" / f"{number:02x}.lock"


def _taken(lock: FileLock, path: Path) -> bool:
    try:
        lock.acquire(timeout=0)
    except TimeoutError:
        return False
    except (OSError, NotImplementedError) as error:
        raise StoreError(
            f"{path}: cannot be locked ({getattr(error, 'strerror', None) or error}), so nobody can tell whether a run "
            "works on the target; make sure that the lock can be written, on a file system with locks"
        ) from None
    return True
