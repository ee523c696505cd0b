"""Views: what a network sees of a signal, detrended, folded and binned; or imported from others."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "import_views": "importing",
        "FlatCurve": "flatten",
        "Outcome": "making",
        "Signal": "signal",
        "SignalViews": "making",
        "flatten_star": "flatten",
        "fold_views": "making",
        "make_views": "making",
        "make_shard_views": "shards",
        "stored_light_curves": "shards",
    },
)
