"""Train one network on one dataset from one seed."""

from pathlib import Path

from lightmill.config.training import TaskLabels, TrainingSettings
from lightmill.logs import job_log
from lightmill.training.train import train_model

task, labels = snakemake.params.task["task"], snakemake.params.task["labels"]

with job_log(snakemake.log[0]):
    train_model(
        dataset=Path(snakemake.input.manifest).parent,
        folder=Path(snakemake.output.description).parent,
        task=task,
        labels=None if labels is None else TaskLabels(**labels),
        settings=TrainingSettings(**snakemake.params.settings),
        seed=int(snakemake.wildcards.seed),
    )
