"""Judge the labels of an experiment's test split by later tables."""

from pathlib import Path

from lightmill.config.training import EvaluationSettings, LaterLabels
from lightmill.evaluation.today import judge_today
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    judge_today(
        dataset=Path(snakemake.input.manifest).parent,
        ensemble=Path(snakemake.input.description).parent,
        tables=snakemake.input.tables,
        events=snakemake.input.events,
        folder=Path(snakemake.output.truth).parent,
        settings=LaterLabels(**snakemake.params.settings),
        evaluation=EvaluationSettings(**snakemake.params.evaluation),
    )
