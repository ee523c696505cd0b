"""Views: what a network sees of a signal, detrended, folded and binned."""

from lightmill.views.making import (
    FlatCurve,
    Outcome,
    Signal,
    SignalViews,
    flatten_star,
    fold_views,
    make_views,
)
from lightmill.views.shards import make_shard_views

__all__ = [
    "FlatCurve",
    "Outcome",
    "Signal",
    "SignalViews",
    "flatten_star",
    "fold_views",
    "make_shard_views",
    "make_views",
]
