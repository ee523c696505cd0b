"""The search for periodic dips: box least squares at all periods, what it finds, and how sure that is."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Peak": "box",
        "Periodogram": "box",
        "best_peak": "box",
        "search_box": "box",
    },
)
