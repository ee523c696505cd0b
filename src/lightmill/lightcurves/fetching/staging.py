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
from pathlib import Path

from lightmill.errors import StoreError
from lightmill.lightcurves.archives.products import Product
from lightmill.lightcurves.store import store_path
from lightmill.targets import mission_of

PART = ".part"


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
        if self._folder.is_symlink():
            raise StoreError(f"{self._folder}: a link; expected a folder of the store's own: remove the link")

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
