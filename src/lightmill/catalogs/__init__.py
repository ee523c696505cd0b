"""Catalogs: archive tables read into one signal table, matched, grouped, labelled, split."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "star_ids": "crosswalk",
        "compare_catalogs": "differences",
        "compare_files": "differences",
        "fetch_catalog": "fetching",
        "explore_catalogs": "figures",
        "TableInfo": "identify",
        "identify_table": "identify",
        "newest": "identify",
        "label_signal_files": "labels",
        "label_signals": "labels",
        "match_ephemerides": "matching",
        "apply_policy": "policy",
        "CatalogTable": "reading",
        "read_catalog": "reading",
        "require_resolved": "shards",
        "shard_catalog": "shards",
        "read_signals": "signals",
        "validate_signals": "signals",
        "write_signals": "signals",
        "assert_both_classes": "splits",
        "assert_no_leak": "splits",
        "hashed_splits": "splits",
        "split_table": "splits",
    },
)
