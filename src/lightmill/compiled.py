"""Functions compiled to machine code, once for all jobs of a machine.

The compiled code lies in a folder of the package's own `__pycache__`, or, where that cannot be written, of the user's
cache, or in `NUMBA_CACHE_DIR`: in files written whole to a temporary name and renamed. Every function has one
signature, stated where it is defined: so there is one file of code for it, all writers write the same, and it does not
matter who is last. The folder's name follows from the processor and from the source of all compiled functions: numba
looks at a function's own file alone, and would keep what an older state of another file gave it.
"""

import os
import sys
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent
_WITHOUT_BLAS = "scipy.linalg.cython_blas"


def cache_folder(package: Path = _PACKAGE, processor: str = "") -> Path:
    """Where compiled code is kept: a folder for each state of the source of all modules that have any.

    `processor` tells apart the machines that share a file system.
    """
    summary = blake2b(processor.encode(), digest_size=8)
    for path in sorted(package.rglob("*.py")):
        source = path.read_bytes()
        if b"@compiled(" in source:
            summary.update(f"{path.relative_to(package)}\0".encode() + source)
    name = f"compiled-{summary.hexdigest()}"
    if chosen := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(chosen) / name
    beside = package / "__pycache__"
    if os.access(beside if beside.is_dir() else package, os.W_OK):
        return beside / name
    caches = os.environ.get("XDG_CACHE_HOME")
    return (Path(caches) if caches else Path.home() / ".cache") / "lightmill" / name


def _load_numba() -> Any:
    """Numba, without the linear algebra of scipy: loading that takes 0.3 s of every job, and no function here needs it.

    While it is loaded numba asks for scipy's BLAS, and does without it where there is none.
    """
    if _WITHOUT_BLAS in sys.modules:
        import numba
    else:
        sys.modules[_WITHOUT_BLAS] = None  # type: ignore[assignment]
        try:
            import numba
            import numba.np.arraymath
        finally:
            del sys.modules[_WITHOUT_BLAS]
    from llvmlite import binding

    settings: Any = numba.config
    processor = settings.CPU_NAME or binding.get_host_cpu_name()
    features = settings.CPU_FEATURES or binding.get_host_cpu_features().flatten()
    settings.CACHE_DIR = str(cache_folder(processor=f"{processor} {features}"))
    return numba


_numba = _load_numba()


def compiled(signature: str, *, reorder: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for arguments of exactly the types that `signature` says, without Python inside.

    Parameters
    ----------
    signature : numba's way of writing types, such as `"float64(float64[::1], int64)"`: contiguous, writable arrays; for
        arrays that may not be written to, `READ_ONLY`
    reorder : whether sums may be taken in another order, so that the processor works on several terms at once; the
        same on one machine, not between machines
    """
    fast = {"reassoc", "contract", "nsz", "arcp"} if reorder else {"contract"}
    return _numba.njit(signature, cache=True, nogil=True, error_model="numpy", fastmath=fast)


READ_ONLY = "Array(float64, 1, 'C', readonly=True)"
"""Contiguous arrays of float64 that are only read, whether they can be written to or not."""
