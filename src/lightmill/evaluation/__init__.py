"""Evaluation: how good models are on signals that they have never seen, with intervals and figures."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "integrated_gradients": "attribution",
        "rank_candidates": "candidates",
        "compare_experiments": "compare",
        "evaluate_model": "evaluate",
        "explain_signals": "explanation",
        "plot_sample_light_curves": "light_curves",
        "metric_names": "metrics",
        "score_metrics": "metrics",
        "paired_differences": "paired",
        "plot_sample_views": "samples",
        "recall_by": "slices",
        "plot_suspects": "suspects_figure",
        "judge_today": "today",
        "todays_labels": "today",
        "rank_unknown": "unknown",
    },
)
