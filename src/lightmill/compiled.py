"""Functions compiled to machine code, once for all jobs of a machine.

The compiled code of a function lies beside its module (in `__pycache__`, or in `NUMBA_CACHE_DIR`), in files of its
own for each processor, written whole to a temporary name and renamed. Every function has one signature, stated where
it is defined: so there is one file of code for it, all writers write the same, and it does not matter who is last.
"""

from collections.abc import Callable
from typing import Any

import numba


def compiled(signature: str, *, reorder: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Compile a function for arguments of exactly the types that `signature` says, without Python inside.

    Parameters
    ----------
    signature : numba's way of writing types, such as `"float64(float64[::1], int64)"`: contiguous, writable arrays
    reorder : whether sums may be taken in another order, so that the processor works on several terms at once; the
        same on one machine, not between machines
    """
    fast = {"reassoc", "contract", "nsz", "arcp"} if reorder else {"contract"}
    return numba.njit(signature, cache=True, nogil=True, error_model="numpy", fastmath=fast)
