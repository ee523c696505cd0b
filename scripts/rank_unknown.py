"""Rank the signals of a dataset that have no label."""

from pathlib import Path

from lightmill.evaluation.unknown import rank_unknown
from lightmill.logs import job_log

with job_log(snakemake.log[0]):
    rank_unknown(
        dataset=Path(snakemake.input.manifest).parent,
        ensemble=Path(snakemake.input.description).parent,
        folder=Path(snakemake.output.table).parent,
        exominer=next(iter(snakemake.input.exominer), None),
    )
