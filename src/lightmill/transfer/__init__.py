"""Transfer: networks trained on one set, brought to another in several ways, and compared.

As in `lightmill.training`, the names below are loaded when first asked for.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "transfer_model": "tune",
    "compare_transfer": "compare",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
