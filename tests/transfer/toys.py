"""A toy transfer: two small datasets of different stars, an ensemble trained on one, and jobs to the other."""

from training.toys import toy_dataset, toy_ensemble, toy_meta

from lightmill.config.training import TrainingSettings
from lightmill.transfer.job import Job
from lightmill.transfer.tune import choose_rates, transfer_model

SETTINGS = TrainingSettings(epochs=3, batch_size=32)
FRACTIONS = (0.05, 0.5, 1.0)
SEEDS = (1, 2)
SOURCE = "kepler"


def toy_sides(place):
    """Datasets `here` and `there`, and below `source` models and an ensemble trained on `here`."""
    toy_dataset(place / "here", n=150)
    toy_dataset(place / "there", meta=toy_meta(300, mission="TESS", prefix="FAR"), noise=0.8)
    toy_ensemble(place / "here", place / "source", SETTINGS, SEEDS)


def toy_job(place, strategy, **changes):
    """The job of a strategy from `here` to `there`."""
    job = Job(
        strategy=strategy,
        source=SOURCE,
        ensemble=place / "source" / "ensemble",
        source_dataset=place / "here",
        target_dataset=place / "there",
        task="planet",
        labels=None,
        settings=SETTINGS,
        fractions=FRACTIONS,
        fine_tune_rate=0.1,
        mismatched=False,
    )
    return job._replace(**changes)


def run_job(job, folder, seeds=SEEDS, draws=2, rates=(0.3, 1.0)):
    """What a run does of a strategy: choose rates, then all seeds; returns their folders."""
    table = None
    if job.strategy != "zero_shot":
        table = folder / "rates.csv"
        choose_rates(job, [job.target_dataset, job.source_dataset], rates, seeds[0], folder / "cells", table)
    for seed in seeds:
        transfer_model(job, draws, seed, table, folder / "cells", folder / str(seed))
    return [folder / str(seed) for seed in seeds]
