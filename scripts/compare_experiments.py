"""Compare the ensembles of experiments that ask the same question, signal by signal."""

from lightmill.config.training import EvaluationSettings
from lightmill.evaluation.compare import compare_experiments
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    compare_experiments(
        scores=snakemake.input.scores,
        questions=snakemake.params.questions,
        table=snakemake.output.table,
        figure=snakemake.output.figure,
        settings=EvaluationSettings(**snakemake.params.settings),
    )
