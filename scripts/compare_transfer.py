"""Compare the strategies of one transfer on the target's test split."""

from pathlib import Path

from lightmill.config.training import EvaluationSettings
from lightmill.logs import job_log
from lightmill.transfer.compare import compare_transfer

with job_log(snakemake.log[0]):
    compare_transfer(
        models=[Path(description).parent for description in snakemake.input.descriptions],
        dataset=Path(snakemake.input.manifest).parent,
        results=snakemake.output.results,
        figure=snakemake.output.figure,
        settings=EvaluationSettings(**snakemake.params.settings),
    )
