"""Evaluation: how good a network is on signals it has never seen, with intervals and figures."""

from lightmill.evaluation.metrics import metric_names, score_metrics

__all__ = ["metric_names", "score_metrics"]
