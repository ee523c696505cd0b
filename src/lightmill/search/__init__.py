"""The search for periodic dips: box least squares at all periods, what it finds, and how sure that is."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Found": "settle",
        "Peak": "box",
        "PeriodHistogram": "pileups",
        "Periodogram": "box",
        "best_peak": "box",
        "find_signals": "find",
        "histogram_text": "pileups",
        "period_figure": "figures",
        "period_histogram": "pileups",
        "piled": "pileups",
        "search_box": "box",
    },
)
