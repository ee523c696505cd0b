"""Evaluation: how good models are on signals that they have never seen, with intervals and figures."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "compare_experiments": "compare",
        "evaluate_model": "evaluate",
        "explain_signals": "explanation",
        "plot_sample_light_curves": "light_curves",
        "metric_names": "metrics",
        "paired_differences": "paired",
        "score_metrics": "metrics",
        "plot_sample_views": "samples",
    },
)
