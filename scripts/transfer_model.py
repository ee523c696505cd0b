"""Bring one trained model to another dataset by one strategy."""

from pathlib import Path

from lightmill.config.training import TaskLabels, TrainingSettings
from lightmill.logs import job_log
from lightmill.transfer.tune import transfer_model

task, labels = snakemake.params.task["task"], snakemake.params.task["labels"]

with job_log(snakemake.log[0]):
    transfer_model(
        strategy=snakemake.wildcards.strategy,
        source_model=Path(snakemake.input.source_description).parent,
        source_dataset=Path(snakemake.input.source_dataset[0]).parent,
        target_dataset=Path(snakemake.input.manifest).parent,
        folder=Path(snakemake.output.description).parent,
        task=task,
        labels=None if labels is None else TaskLabels(**labels),
        settings=TrainingSettings(**snakemake.params.settings),
        seed=int(snakemake.wildcards.seed),
        **snakemake.params.options,
    )
