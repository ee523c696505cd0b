"""Catalogs: archive tables read into one signal table, matched, grouped, labelled, split.

The few functions that users call are importable from here and loaded when first asked for, so that telling tables
apart (`lightmill.catalogs.identify`, used while a Snakefile is parsed) stays quick. Scripts and library modules import
from the module that defines a function: code digests follow module names.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "TableInfo": "identify",
    "identify_table": "identify",
    "newest": "identify",
    "CatalogTable": "reading",
    "read_catalog": "reading",
    "apply_policy": "policy",
    "assert_both_classes": "splits",
    "assert_no_leak": "splits",
    "explore_catalogs": "figures",
    "label_signal_files": "labels",
    "label_signals": "labels",
    "match_ephemerides": "matching",
    "read_signals": "signals",
    "require_resolved": "shards",
    "shard_catalog": "shards",
    "split_of_star": "splits",
    "split_table": "splits",
    "star_ids": "crosswalk",
    "validate_signals": "signals",
    "write_signals": "signals",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_PUBLIC])
