"""What the jobs of one strategy, source and target of a transfer have in common."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from lightmill.config.training import TaskLabels, TrainingSettings
from lightmill.config.transfer import Strategy


class Job(NamedTuple):
    """What the jobs of one strategy, source and target have in common.

    Attributes
    ----------
    strategy
        What is compared, see docs/transfer.md.
    source
        What the source is called.
    ensemble, source_dataset
        Folders of the source's ensemble, and of the dataset that it was trained on.
    target_dataset
        Folder of the dataset to bring it to.
    task, labels
        The question, and the target's label map; the source's stands in its models.
    settings
        How to fit; the network is the source's.
    fractions
        Shares of the target's labels, rising.
    fine_tune_rate
        Of `fine_tuned`, as a fraction of the rate.
    mismatched
        Allow label maps that disagree on a kind of thing.
    """

    strategy: Strategy
    source: str
    ensemble: str | Path
    source_dataset: str | Path
    target_dataset: str | Path
    task: str
    labels: TaskLabels | None
    settings: TrainingSettings
    fractions: Sequence[float]
    fine_tune_rate: float
    mismatched: bool


def configured_job(
    strategy: Strategy,
    source: str,
    source_model: str | Path,
    source_manifest: str | Path,
    target_manifest: str | Path,
    options: Mapping[str, Any],
) -> Job:
    """The job that a configuration asks for.

    Parameters
    ----------
    strategy, source
        As for `Job`.
    source_model
        `model.json` of the source's ensemble.
    source_manifest, target_manifest
        `manifest.json` of both datasets.
    options
        The other fields of `Job`, as plain values.
    """
    labels = options["labels"]
    return Job(
        strategy,
        source,
        Path(source_model).parent,
        Path(source_manifest).parent,
        Path(target_manifest).parent,
        **{
            **options,
            "labels": None if labels is None else TaskLabels(**labels),
            "settings": TrainingSettings(**options["settings"]),
        },
    )
