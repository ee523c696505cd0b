"""The two sides of a transfer: a trained model with its dataset, and the dataset that it is brought to."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lightmill.config.training import TrainingSettings
from lightmill.config.transfer import ALONE, WITH_SOURCE
from lightmill.errors import ModelError
from lightmill.files import read_json
from lightmill.logs import logger
from lightmill.training.dataset import Dataset, read_dataset, task_labels
from lightmill.training.ensemble import load_member
from lightmill.training.examples import Examples, select_examples
from lightmill.training.model_files import DESCRIPTION, Model, asked_labels, require_fitting_lengths
from lightmill.training.train import task_examples, view_bins
from lightmill.transfer.fairness import label_map, require_common_splits
from lightmill.transfer.job import Job
from lightmill.transfer.tasks import require_same_question


class Sides(NamedTuple):
    """What one job of a transfer works on.

    Attributes
    ----------
    source
        The trained model of the job's seed.
    target
        The dataset that it is brought to.
    examples
        The target's examples by split.
    source_examples
        Those of the source by split, for strategies that learn from them; else none.
    settings
        How to fit: the target's settings, with the source's network.
    origin
        What a model's description says of where it came from.
    """

    source: Model
    target: Dataset
    examples: Mapping[str, Examples]
    source_examples: Mapping[str, Examples]
    settings: TrainingSettings
    origin: dict[str, Any]


def open_sides(job: Job, seed: int) -> Sides:
    """Read both sides of a transfer, with the source's model of a seed, and make sure that they belong together.

    Raises LabelError if the two label maps disagree, or if a star is in one split here and in another there; ViewError
    if the target's views do not fit the model; ModelError if model and dataset of the source do not belong together,
    there is no model of the seed, it is one of several folds, or it answers a question of another name.
    """
    source = load_member(job.ensemble, seed)
    if "fold" in source.description:
        raise ModelError(
            f"{job.ensemble}: folds, which have learned from validation rows, and a transfer is chosen on those; train "
            "the source with training.members: seeds"
        )
    if source.description["task"] != job.task and not job.mismatched:
        raise ModelError(
            f"{job.ensemble} answers the task {source.description['task']!r}, not {job.task!r}; both sides of a "
            "transfer ask the same question: name the task so, or set mismatched: true"
        )
    source_data, target = read_dataset(job.source_dataset), read_dataset(job.target_dataset)
    if source_data.version != source.description["dataset"]["version"]:
        raise ModelError(f"{job.source_dataset}: not the dataset that {job.ensemble} was trained on; train it again")
    found, scale = view_bins(target), target.manifest["description"]["scale"]
    require_fitting_lengths(source.description, found, scale, f"dataset {target.name}")
    require_same_question(
        label_map(source_data.meta, task_labels(source_data.meta, asked_labels(source.description))),
        label_map(target.meta, task_labels(target.meta, job.labels)),
        job.mismatched,
    )
    shared = require_common_splits(source_data, target)
    logger.info("%s and %s share %d stars, each in one split", source_data.name, target.name, shared)
    views = tuple(source.description["views"])
    origin: dict[str, Any] = {"strategy": job.strategy}
    if job.strategy != ALONE:
        origin |= {
            "source": {
                "name": job.source,
                **{key: source.description[key] for key in ("dataset", "labels", "rows", "task")},
            },
            "source_weights": read_json(Path(job.ensemble) / DESCRIPTION)["weights_sha256"],
            "shared_stars": shared,
            "mismatched": job.mismatched,
        }
    # The network is the source's, dropout and what it looks at included, whatever else the target's settings say.
    of_source = source.description["settings"]
    return Sides(
        source=source,
        target=target,
        examples=task_examples(target, job.labels, views),
        source_examples=(
            select_examples(source_data, asked_labels(source.description), views) if job.strategy == WITH_SOURCE else {}
        ),
        settings=job.settings.model_copy(
            update={key: of_source[key] for key in ("architecture", "dropout", "leave_out")}
        ),
        origin=origin,
    )
