"""Training: datasets, networks, fitting, model files, ensembles."""

from lightmill.lazy import lazy_names

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Dataset": "dataset",
        "read_dataset": "dataset",
        "task_labels": "dataset",
        "write_dataset": "dataset",
        "ensemble_models": "ensemble",
        "ensemble_probability": "ensemble",
        "load_ensemble": "ensemble",
        "predict_members": "ensemble",
        "read_judged": "judged",
        "load_model": "model_files",
        "predict": "model_files",
        "ARCHITECTURES": "networks",
        "build_network": "networks",
        "score_file": "scoring",
        "score_rows": "scoring",
        "judged_labels": "suspect_labels",
        "train_model": "train",
        "tune": "tuning",
    },
)
