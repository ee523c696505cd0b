"""Packages whose public names are loaded when first asked for.

So a notebook can write `from lightmill.views import make_views`, while a Snakefile that needs one small module of a
package does not pay for the others. The library itself and its scripts import from the module that defines a name:
digests of code follow module names.
"""

from collections.abc import Callable
from importlib import import_module
from typing import Any


def lazy_names(package: str, homes: dict[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """The `__getattr__`, `__dir__` and `__all__` of a package whose public names live in the modules `homes` says."""

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{homes[name]}"), name)

    names = sorted(homes)
    return load, lambda: names, names
