"""Compare the strategies of one transfer on the target's test split."""

from pathlib import Path

from lightmill.config.training import EvaluationSettings
from lightmill.config.transfer import Comparison
from lightmill.logs import job_log
from lightmill.transfer.compare import compare_transfer

with job_log(snakemake.log[0]):
    compare_transfer(
        models=[Path(description).parent for description in snakemake.input.descriptions],
        datasets=[Path(manifest).parent for manifest in snakemake.input.datasets],
        folder=Path(snakemake.output.results).parent,
        settings=EvaluationSettings(**snakemake.params.settings),
        primary=[Comparison(**one) for one in snakemake.params.primary],
    )
