"""Judge an experiment's models on the test split of their dataset."""

from pathlib import Path

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.evaluate import evaluate_model
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    evaluate_model(
        dataset=Path(snakemake.input.manifest).parent,
        ensemble=Path(snakemake.input.description).parent,
        histories=dict(zip(snakemake.params.seeds, snakemake.input.histories, strict=True)),
        folder=Path(snakemake.output.metrics).parent,
        settings=EvaluationSettings(**snakemake.params.settings),
        listed=snakemake.input.listed,
    )
